/* SPDX-License-Identifier: Apache-2.0 */
/* Where an undo file goes, and when it gets its name. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "err.h"
#include "role.h"
#include "undo_file.h"

#define NAMES_MAX 100 /* names tried within a second */

static int cannot_make(const char *path, int rc, struct famfs_err *err)
{
	if (rc == -EEXIST)
		return err_hint(err,
				err_set(err, rc, path,
					"is there already, and an undo file replaces nothing"),
				"give another name with --undo");
	rc = err_set(err, rc, path, "the undo file cannot be made: %s", strerror(-rc));
	return err_hint(err, rc, "give another place with --undo");
}

static int open_dir(struct undo_file *file)
{
	const char *slash = strrchr(file->path, '/');
	char dir[PATH_MAX] = ".";

	if (slash) {
		memcpy(dir, file->path, (size_t)(slash - file->path) + 1);
		dir[slash - file->path + 1] = '\0';
	}
	file->name = slash ? slash + 1 : file->path;
	if (!*file->name)
		return -EISDIR;
	file->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return file->dir < 0 ? -errno : 0;
}

/* -EEXIST also where the name is a symbolic link, whatever that leads to. */
static int require_free(const struct undo_file *file)
{
	struct stat st;

	if (!fstatat(file->dir, file->name, &st, AT_SYMLINK_NOFOLLOW))
		return -EEXIST;
	return errno == ENOENT ? 0 : -errno;
}

/* The next name of those made of device, time and number. */
static int number_name(struct undo_file *file, unsigned int i)
{
	char number[16] = "";
	int n;

	if (i > 1)
		(void)snprintf(number, sizeof(number), "-%u", i);
	n = snprintf(file->path + file->stem, sizeof(file->path) - file->stem, "%s.undo", number);
	return n < 0 || (size_t)n >= sizeof(file->path) - file->stem ? -ENAMETOOLONG : 0;
}

/* Calls @step until it finds a name that nobody has; a name that the user chose is the only one. */
static int with_name(struct undo_file *file, int (*step)(struct undo_file *file))
{
	int rc;

	if (!file->stem)
		return step(file);
	for (unsigned int i = 1; i < NAMES_MAX; i++) {
		rc = number_name(file, i);
		if (!rc)
			rc = step(file);
		if (rc != -EEXIST)
			return rc;
	}
	return -EEXIST;
}

static int make(struct undo_file *file)
{
	int rc = require_free(file);

	if (rc)
		return rc;
	if (!access("/proc/self/fd", X_OK))
		file->fd = openat(file->dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (file->fd >= 0)
		return 0;
	file->fd = openat(file->dir, file->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	file->named = file->fd >= 0;
	return file->named ? 0 : -errno;
}

static int make_in_dir(struct undo_file *file)
{
	int rc = open_dir(file);

	return rc ? rc : with_name(file, make);
}

static int make_at(struct undo_file *file, const char *path)
{
	size_t len = strlen(path);

	if (len >= sizeof(file->path))
		return -ENAMETOOLONG;
	memcpy(file->path, path, len + 1);
	return make_in_dir(file);
}

/* PREFIX.TIME.undo; the second of a second has a number. */
static int make_named(struct undo_file *file, const char *prefix)
{
	time_t now = time(NULL);
	char when[32];
	struct tm tm;
	int n;

	if (!gmtime_r(&now, &tm) || !strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm))
		return -EOVERFLOW;
	n = snprintf(file->path, sizeof(file->path), "%s.%s", prefix, when);
	if (n < 0 || (size_t)n >= sizeof(file->path))
		return -ENAMETOOLONG;
	file->stem = (size_t)n;
	return make_in_dir(file);
}

static int make_in_state_dir(struct undo_file *file, const struct dev *dev)
{
	const char *slash = strrchr(dev->path, '/');
	const char *base = slash ? slash + 1 : dev->path;
	char prefix[PATH_MAX];
	size_t len;
	int rc = role_state_dir(dev->ctx, prefix, sizeof(prefix));

	if (!rc)
		rc = role_make_state_dir(prefix);
	if (rc)
		return rc;
	len = strlen(prefix);
	if (len + 1 + strlen(base) >= sizeof(prefix))
		return -ENAMETOOLONG;
	(void)snprintf(prefix + len, sizeof(prefix) - len, "/%s", base);
	return make_named(file, prefix);
}

static int make_somewhere(struct undo_file *file, const struct dev *dev)
{
	int rc;

	if (dev->kind == FAMFS_DEV_DAX)
		return make_in_state_dir(file, dev);
	rc = make_named(file, dev->path);
	if (rc != -EACCES && rc != -EPERM && rc != -EROFS && rc != -ENAMETOOLONG)
		return rc;
	undo_file_close(file);
	return make_in_state_dir(file, dev);
}

int undo_file_open(struct undo_file *file, const struct dev *dev, const char *path,
		   struct famfs_err *err)
{
	int rc;

	*file = (struct undo_file){ .fd = -1, .dir = -1 };
	rc = path ? make_at(file, path) : make_somewhere(file, dev);
	if (rc)
		rc = cannot_make(path ? path : *file->path ? file->path : dev->name, rc, err);
	return rc;
}

static int give_name(struct undo_file *file)
{
	char from[64];

	(void)snprintf(from, sizeof(from), "/proc/self/fd/%d", file->fd);
	return linkat(AT_FDCWD, from, file->dir, file->name, AT_SYMLINK_FOLLOW) ? -errno : 0;
}

static int sync_dir(const struct undo_file *file)
{
	/* A file system that cannot sync directories says EINVAL. */
	return fsync(file->dir) && errno != EINVAL ? -errno : 0;
}

int undo_file_publish(struct undo_file *file, struct famfs_err *err)
{
	int rc = fsync(file->fd) ? -errno : 0;

	if (!rc && !file->named) {
		rc = with_name(file, give_name);
		if (rc)
			return cannot_make(file->path, rc, err);
		file->named = true;
		/* Some file systems keep the name with the file's own record. */
		rc = fsync(file->fd) ? -errno : 0;
	}
	if (!rc)
		rc = sync_dir(file);
	if (rc)
		return err_set(err, rc, file->path, "cannot be written to disk: %s", strerror(-rc));
	file->published = true;
	return 0;
}

void undo_file_close(struct undo_file *file)
{
	if (file->named && !file->published)
		(void)unlinkat(file->dir, file->name, 0);
	if (file->fd >= 0)
		(void)close(file->fd);
	if (file->dir >= 0)
		(void)close(file->dir);
	*file = (struct undo_file){ .fd = -1, .dir = -1 };
}

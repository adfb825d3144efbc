/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "below.h"
#include "cmd.h"

enum { TRIES = 100 };

/* Return: a descriptor, or -1 with errno. */
static int open_part(int dir, const char *part, bool make)
{
	if (!strcmp(part, "..")) {
		errno = EINVAL;
		return -1;
	}
	if (make && mkdirat(dir, part, 0777) && errno != EEXIST)
		return -1;
	return openat(dir, part, BELOW_DIR_OPEN);
}

int below_open_parent(int root, const char *path, bool make, const char **ret_name)
{
	int dir = openat(root, ".", BELOW_DIR_OPEN), next, rc;
	const char *slash;
	char *part;

	for (; dir >= 0 && (slash = strchr(path, '/')); path = slash + 1) {
		part = mem_strndup(path, (size_t)(slash - path));
		next = open_part(dir, part, make);
		rc = errno;
		free(part);
		close(dir);
		dir = next;
		errno = rc;
	}
	*ret_name = path;
	if (dir >= 0 && !strcmp(path, "..")) {
		close(dir);
		return -EINVAL;
	}
	return dir < 0 ? -errno : dir;
}

static void new_name(struct below_file *file)
{
	uint64_t r = clock_ns();

	while (getrandom(&r, sizeof(r), GRND_NONBLOCK) < 0 && errno == EINTR)
		;
	snprintf(file->name, sizeof(file->name), ".famfs-%016llx", (unsigned long long)r);
}

static int open_named(struct below_file *file)
{
	int i;

	for (i = 0; i < TRIES; i++) {
		new_name(file);
		file->fd = openat(file->dir, file->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
				  0600);
		if (file->fd >= 0 || errno != EEXIST)
			break;
	}
	if (file->fd >= 0)
		return 0;
	file->name[0] = '\0';
	return -errno;
}

/* Without a name, where the file system can and /proc is there to give it one later. */
int below_file_open(struct below_file *file, int dir)
{
	*file = (struct below_file){ .dir = dir };
	file->fd = -1;
	if (!access("/proc/self/fd", X_OK))
		file->fd = openat(file->dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return file->fd >= 0 ? 0 : open_named(file);
}

static int link_as(struct below_file *file, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file->fd);
	return linkat(AT_FDCWD, path, file->dir, name, AT_SYMLINK_FOLLOW) ? -errno : 0;
}

/* Gives the file its name, in place of what has it. */
int below_file_publish(struct below_file *file, const char *name)
{
	int i, rc = 0;

	if (!file->name[0]) {
		rc = link_as(file, name);
		if (rc != -EEXIST)
			return rc;
		for (i = 0; i < TRIES && rc == -EEXIST; i++) {
			new_name(file);
			rc = link_as(file, file->name);
		}
	}
	if (rc) {
		file->name[0] = '\0';
		return rc;
	}
	if (renameat(file->dir, file->name, file->dir, name))
		return -errno;
	file->name[0] = '\0';
	return 0;
}

/* Where another was faster, that one stays. */
int below_file_publish_new(struct below_file *file, const char *name)
{
	if (!file->name[0])
		return link_as(file, name);
	if (renameat2(file->dir, file->name, file->dir, name, RENAME_NOREPLACE)) {
		/* Some file systems cannot rename so. */
		if (errno != EINVAL && errno != ENOSYS)
			return -errno;
		if (linkat(file->dir, file->name, file->dir, name, 0))
			return -errno;
		unlinkat(file->dir, file->name, 0);
	}
	file->name[0] = '\0';
	return 0;
}

void below_file_close(struct below_file *file)
{
	if (file->name[0])
		unlinkat(file->dir, file->name, 0);
	close(file->fd);
}

int below_file_open_for(struct below_file *file, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char *parent = slash ? mem_strndup(path, (size_t)(slash - path) + 1) : NULL;
	int dir = open(parent ? parent : ".", O_PATH | O_DIRECTORY | O_CLOEXEC), rc;

	free(parent);
	if (dir < 0)
		return -errno;
	rc = below_file_open(file, dir);
	if (rc)
		close(dir);
	else
		*ret_name = slash ? slash + 1 : path;
	return rc;
}

void below_file_close_for(struct below_file *file)
{
	below_file_close(file);
	close(file->dir);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctx.h"
#include "err.h"
#include "role.h"
#include "text.h"

#define UUID_TEXT (FAMFS_UUID_STR - 1)
#define HOST_DIR  "/opt/famfs"

#define STATE_MODE 0700

/* What may follow the UUID: the NUL that the existing tools write, or what an editor leaves. */
static bool is_blank(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] != '\0' && !strchr(" \t\r\n", s[i]))
			return false;
	return true;
}

static int no_uuid(const char *path, const char *why, struct famfs_err *err)
{
	return err_hint(err, err_set(err, -EINVAL, path, "holds no system UUID: %s", why),
			"put this host's UUID back, as in the superblocks that it made; or, if it "
			"made none: rm %s",
			text_shell(path).s);
}

/* Return: the length read, or -errno. */
static ssize_t read_file(const char *path, char *buf, size_t len)
{
	struct stat st;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
		n = -EINVAL;
	else if ((n = read(fd, buf, len)) < 0)
		n = -errno;
	(void)close(fd);
	return n;
}

/* Return: 0, -ENOENT without an error (there is none), -EINVAL, -errno. */
static int read_uuid(const char *path, uint8_t ret_uuid[16], struct famfs_err *err)
{
	char text[256];
	ssize_t n = read_file(path, text, sizeof(text));

	if (n == -ENOENT || n == -ENOTDIR)
		return -ENOENT;
	if (n == -EINVAL)
		return no_uuid(path, "it is no regular file", err);
	if (n < 0)
		return err_hint(err,
				err_set(err, (int)n, path, "cannot be read: %s", strerror((int)-n)),
				"it tells whose host this is; make it readable: chmod a+r %s",
				text_shell(path).s);
	if (n < UUID_TEXT || n == sizeof(text))
		return no_uuid(path, n < UUID_TEXT ? "it is too short" : "it is too long", err);
	if (!is_blank(text + UUID_TEXT, (size_t)n - UUID_TEXT))
		return no_uuid(path, "more follows behind 36 characters", err);
	text[UUID_TEXT] = '\0';
	if (famfs_uuid_parse(text, ret_uuid, NULL) < 0)
		return no_uuid(path, "it does not begin with one", err);
	return 0;
}

/* The directories that may hold the file, below the context's root; false: there is none. */
static bool host_dir(const struct famfs_ctx *ctx, char *buf, size_t len)
{
	return ctx_path(ctx, HOST_DIR, buf, len) == 0;
}

/* An empty or relative XDG_STATE_HOME counts as not set: so its specification says. */
int role_state_dir(const struct famfs_ctx *ctx, char *buf, size_t len)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	char dir[PATH_MAX];
	int n;

	if (state && *state == '/')
		n = snprintf(dir, sizeof(dir), "%s/famfs", state);
	else if (home && *home == '/')
		n = snprintf(dir, sizeof(dir), "%s/.local/state/famfs", home);
	else
		return -ENOENT;
	return n > 0 && (size_t)n < sizeof(dir) ? ctx_path(ctx, dir, buf, len) : -ENAMETOOLONG;
}

static int file_in(const char *dir, char *buf, size_t len)
{
	int n = snprintf(buf, len, "%s/system_uuid", dir);

	return n < 0 || (size_t)n >= len ? -ENAMETOOLONG : 0;
}

/* The directory and its parents; one that we make has @mode, whatever the umask. */
static int make_dirs(const char *dir, mode_t mode)
{
	char path[PATH_MAX];
	size_t len = strlen(dir);
	int rc = 0;

	if (len >= sizeof(path))
		return -ENAMETOOLONG;
	memcpy(path, dir, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		path[i] = '\0';
		if (mkdir(path, mode) == 0) {
			(void)chmod(path, mode);
			rc = 0;
		} else if (errno == EEXIST) {
			rc = 0;
		} else if (!rc || errno != ENOENT) {
			rc = -errno; /* what is below such a one is only not there */
		}
		path[i] = i < len ? '/' : '\0';
	}
	return rc;
}

int role_make_state_dir(const char *dir)
{
	return make_dirs(dir, STATE_MODE);
}

/* A random UUID (version 4), as the existing tools write it: text and NUL. */
static int random_text(char text[FAMFS_UUID_STR])
{
	uint8_t uuid[16];

	if (getrandom(uuid, sizeof(uuid), 0) != (ssize_t)sizeof(uuid))
		return -EIO;
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40);
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
	(void)famfs_uuid_format(uuid, text);
	return 0;
}

static int fill_file(int fd)
{
	char text[FAMFS_UUID_STR];
	int rc = random_text(text);

	if (rc < 0)
		return rc;
	if (write(fd, text, sizeof(text)) != (ssize_t)sizeof(text))
		return errno ? -errno : -ENOSPC;
	return fchmod(fd, 0444) < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* Gives the finished file its name, unless another maker was first: then that one's counts. */
static int publish(const char *temp, const char *path)
{
	if (link(temp, path) == 0 || errno == EEXIST)
		return 0;
	/* A file system without hard links. */
	if (renameat2(AT_FDCWD, temp, AT_FDCWD, path, RENAME_NOREPLACE) == 0 || errno == EEXIST)
		return 0;
	return -errno;
}

/* The directory's entry must outlive the host's crash, as the superblocks do that name the UUID. */
static void sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)fsync(fd);
	(void)close(fd);
}

static int make_file(const char *dir, const char *path)
{
	char temp[PATH_MAX];
	int n = snprintf(temp, sizeof(temp), "%s/.system_uuid.XXXXXX", dir);
	int rc, fd;

	if (n < 0 || (size_t)n >= sizeof(temp))
		return -ENAMETOOLONG;
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	errno = 0;
	rc = fill_file(fd);
	(void)close(fd);
	if (rc == 0)
		rc = publish(temp, path);
	(void)unlink(temp);
	sync_dir(dir);
	return rc;
}

static int make_in(const char *dir, mode_t mode, struct famfs_err *err)
{
	char path[PATH_MAX];
	int rc = file_in(dir, path, sizeof(path));

	if (rc == 0)
		rc = make_dirs(dir, mode);
	if (rc == 0)
		rc = make_file(dir, path);
	if (rc < 0)
		return err_set(err, rc, path, "cannot be made: %s", strerror(-rc));
	return 0;
}

/* For all users of the host where that can be, else for this user. */
static int make_uuid(const struct famfs_ctx *ctx, struct famfs_err *err)
{
	char host[PATH_MAX];
	char state[PATH_MAX];
	int rc;

	if (host_dir(ctx, host, sizeof(host)) && make_in(host, 0755, NULL) == 0)
		return 0;
	if (role_state_dir(ctx, state, sizeof(state)) == 0)
		rc = make_in(state, STATE_MODE, err);
	else
		rc = err_set(err, -EACCES, HOST_DIR "/system_uuid", "cannot be made");
	if (rc == 0)
		return 0;
	return err_hint(err, rc, "run the command once as root, or set FAMFS_SYSTEM_UUID");
}

static int find_in(const char *dir, uint8_t ret_uuid[16], struct famfs_err *err)
{
	char path[PATH_MAX];
	int rc = file_in(dir, path, sizeof(path));

	return rc < 0 ? -ENOENT : read_uuid(path, ret_uuid, err);
}

/* Return: 0, -ENOENT without an error, -errno. */
static int find_uuid(const struct famfs_ctx *ctx, uint8_t ret_uuid[16], struct famfs_err *err)
{
	char dir[PATH_MAX];
	int rc = -ENOENT;

	if (host_dir(ctx, dir, sizeof(dir)))
		rc = find_in(dir, ret_uuid, err);
	if (rc == -ENOENT && role_state_dir(ctx, dir, sizeof(dir)) == 0)
		rc = find_in(dir, ret_uuid, err);
	return rc;
}

int role_system_uuid(const struct famfs_ctx *ctx, bool make, uint8_t ret_uuid[16],
		     struct famfs_err *err)
{
	const char *given = getenv("FAMFS_SYSTEM_UUID");
	uint8_t uuid[16];
	int rc;

	if (given && *given) {
		rc = famfs_uuid_parse(given, uuid, NULL);
		if (rc < 0)
			return err_hint(err,
					err_set(err, -EINVAL, "$FAMFS_SYSTEM_UUID",
						"is no UUID: %s", given),
					"unset it, or give one as uuidgen prints it");
	} else {
		rc = find_uuid(ctx, uuid, err);
		if (rc == -ENOENT && make) {
			rc = make_uuid(ctx, err);
			/* Whoever made it: what is there is what every tool will read. */
			if (rc == 0)
				rc = find_uuid(ctx, uuid, err);
		}
	}
	if (rc == -ENOENT)
		return err_set(err, rc, HOST_DIR "/system_uuid",
			       "this host has no system UUID yet");
	if (rc == 0)
		memcpy(ret_uuid, uuid, sizeof(uuid));
	return rc;
}

enum famfs_role role_of(const struct famfs_ctx *ctx, const struct famfs_super *super)
{
	uint8_t uuid[16];

	if (role_system_uuid(ctx, false, uuid, NULL) < 0)
		return FAMFS_ROLE_CLIENT;
	if (memcmp(uuid, super->system_uuid, sizeof(uuid)) != 0)
		return FAMFS_ROLE_CLIENT;
	return FAMFS_ROLE_MASTER;
}

int role_require_master(const struct famfs_ctx *ctx, const struct famfs_super *super,
			const char *device, struct famfs_err *err)
{
	char uuid[FAMFS_UUID_STR];
	uint8_t own[16];
	int rc = role_system_uuid(ctx, false, own, err);

	/* A host without an identity is a client; one whose identity cannot be read is told why. */
	if (rc && rc != -ENOENT)
		return rc;
	if (!rc && !memcmp(own, super->system_uuid, sizeof(own)))
		return 0;
	rc = err_set(err, -EPERM, device,
		     "this host is a client: only the master, with system UUID %s, writes here",
		     famfs_uuid_format(super->system_uuid, uuid));
	return err_hint(err, rc, "run the command on that host");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Records of changed modes. Only root may read them, so that nobody else can hold their locks. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "err.h"
#include "mode_impl.h"

#define DIRECTORY "/run/famfs"
#define FORMAT    "famfs-mode 1 %s %u:%u %s %s %d\n"
#define NOTHING   "-"

int mode_flock(int fd, int how)
{
	int rc;

	do {
		rc = flock(fd, how);
	} while (rc < 0 && errno == EINTR);
	return rc < 0 ? -errno : 0;
}

static int record_path(const struct famfs_ctx *ctx, const char *name, char *buf, size_t len)
{
	char path[128];

	(void)snprintf(path, sizeof(path), DIRECTORY "/%s.mode", name);
	return ctx_path(ctx, path, buf, len);
}

/* What others could write to would let them choose what root does to a device. */
static bool is_trusted(const struct stat *st, mode_t type)
{
	return (st->st_mode & S_IFMT) == type && !(st->st_mode & (S_IWGRP | S_IWOTH)) &&
	       (st->st_uid == 0 || st->st_uid == geteuid());
}

static int require_directory(const struct famfs_ctx *ctx)
{
	char path[PATH_MAX];
	struct stat st;
	int rc = ctx_path(ctx, DIRECTORY, path, sizeof(path));

	if (rc < 0)
		return rc;
	if (lstat(path, &st) < 0)
		return -errno;
	return is_trusted(&st, S_IFDIR) ? 0 : -EUCLEAN;
}

int mode_dir_lock(const struct famfs_ctx *ctx, int how)
{
	char path[PATH_MAX];
	int fd, rc = ctx_path(ctx, DIRECTORY, path, sizeof(path));

	if (rc < 0)
		return rc;
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return -errno;
	rc = require_directory(ctx);
	if (!rc)
		rc = ctx_path(ctx, DIRECTORY "/lock", path, sizeof(path));
	if (rc < 0)
		return rc;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	rc = mode_flock(fd, how);
	if (rc < 0)
		(void)close(fd);
	return rc < 0 ? rc : fd;
}

int mode_record_open(const struct famfs_ctx *ctx, const char *name)
{
	char path[PATH_MAX];
	struct stat st;
	int fd, rc = record_path(ctx, name, path, sizeof(path));

	if (!rc)
		rc = require_directory(ctx);
	if (rc < 0)
		return rc;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return errno == ELOOP || errno == ENXIO ? -EUCLEAN : -errno;
	if (fstat(fd, &st) == 0 && is_trusted(&st, S_IFREG))
		return fd;
	(void)close(fd);
	return -EUCLEAN;
}

static bool is_driver(const char *name)
{
	return *name && !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "0123456789_-")];
}

static bool is_memory(const char *word)
{
	return !strcmp(word, NOTHING) || !strcmp(word, "online") ||
	       !strcmp(word, "online_movable") || !strcmp(word, "offline");
}

static void forget_nothing(char *word)
{
	if (!strcmp(word, NOTHING))
		*word = '\0';
}

int mode_record_read(int fd, const char *name, struct mode_record *ret_record)
{
	struct mode_record record = { .pid = 0 };
	char text[256];
	unsigned int maj, min;
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	if (sscanf(text, "famfs-mode 1 %63s %9u:%9u %63s %23s %9d", record.name, &maj, &min,
		   record.driver, record.memory, &record.pid) != 6 ||
	    strcmp(record.name, name) != 0 || !is_driver(record.driver) ||
	    !is_memory(record.memory))
		return -EUCLEAN;
	forget_nothing(record.driver);
	forget_nothing(record.memory);
	record.rdev = makedev(maj, min);
	*ret_record = record;
	return 0;
}

static int fill_in(int fd, const struct mode_record *record)
{
	char text[256];
	int n = snprintf(text, sizeof(text), FORMAT, record->name, major(record->rdev),
			 minor(record->rdev), record->driver[0] ? record->driver : NOTHING,
			 record->memory[0] ? record->memory : NOTHING, record->pid);
	ssize_t done;

	if (n < 0 || (size_t)n >= sizeof(text))
		return -ENAMETOOLONG;
	done = write(fd, text, (size_t)n);
	if (done == n)
		return 0;
	return done < 0 ? -errno : -ENOSPC;
}

/* It appears whole and locked. The directory is locked, so that one temporary name is enough. */
int mode_record_write(const struct famfs_ctx *ctx, const struct mode_record *record)
{
	char path[PATH_MAX], new[PATH_MAX];
	int fd, rc = record_path(ctx, record->name, path, sizeof(path));

	if (!rc)
		rc = ctx_path(ctx, DIRECTORY "/new", new, sizeof(new));
	if (rc < 0)
		return rc;
	(void)unlink(new);
	fd = open(new, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	rc = fill_in(fd, record);
	if (!rc)
		rc = mode_flock(fd, LOCK_SH);
	if (!rc && rename(new, path) < 0)
		rc = -errno;
	if (!rc)
		return fd;
	(void)unlink(new);
	(void)close(fd);
	return rc;
}

bool mode_record_is_there(const struct famfs_ctx *ctx, const char *name, int fd)
{
	char path[PATH_MAX];
	struct stat ours, there;

	return record_path(ctx, name, path, sizeof(path)) == 0 && fstat(fd, &ours) == 0 &&
	       lstat(path, &there) == 0 && ours.st_ino == there.st_ino &&
	       ours.st_dev == there.st_dev;
}

void mode_record_remove(const struct famfs_ctx *ctx, const char *name)
{
	char path[PATH_MAX];

	if (record_path(ctx, name, path, sizeof(path)) == 0)
		(void)unlink(path);
}

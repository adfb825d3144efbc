/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory for one test program, and files in it: images, and trees that stand for /sys. Include
 * behind unit.h. Paths are relative to the directory, which is the working directory meanwhile.
 */
#ifndef FAMFS_TESTS_SCRATCH_H
#define FAMFS_TESTS_SCRATCH_H

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch_dir[PATH_MAX];

static inline int scratch_rm(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

__attribute__((destructor)) static void scratch_end(void)
{
	if (*scratch_dir && chdir("/") == 0)
		(void)nftw(scratch_dir, scratch_rm, 16, FTW_DEPTH | FTW_PHYS);
}

/* Makes the directory with the first call; children that were forked leave it to their parent. */
__attribute__((constructor)) static void scratch_begin(void)
{
	const char *base = getenv("TMPDIR");

	(void)snprintf(scratch_dir, sizeof(scratch_dir), "%s/famfs-unit.XXXXXX",
		       base ? base : "/tmp");
	if (!mkdtemp(scratch_dir) || chdir(scratch_dir) < 0) {
		perror(scratch_dir);
		_exit(1);
	}
}

/* The directories that lead to @path. */
static inline void scratch_dirs(const char *path)
{
	char part[PATH_MAX];

	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		(void)mkdir(part, 0755);
	}
}

static inline void scratch_file(const char *path, const char *text)
{
	int fd;

	scratch_dirs(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	CHECK_MSG(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "make %s",
		  path);
	if (fd >= 0)
		close(fd);
}

static inline void scratch_link(const char *path, const char *target)
{
	scratch_dirs(path);
	(void)unlink(path);
	CHECK_MSG(symlink(target, path) == 0, "link %s", path);
}

/* A sparse file of @size bytes. */
static inline void scratch_image(const char *path, off_t size)
{
	int fd;

	scratch_dirs(path);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	CHECK_MSG(fd >= 0 && ftruncate(fd, size) == 0, "make %s", path);
	if (fd >= 0)
		close(fd);
}

/* Sysfs of the dax device @number ("252:0") named @name below "root"; NULL: no such part. */
static inline void scratch_dax(const char *number, const char *name, const char *driver,
			       const char *size)
{
	char path[PATH_MAX];
	char target[PATH_MAX];

	(void)snprintf(path, sizeof(path), "root/sys/dev/char/%s", number);
	(void)snprintf(target, sizeof(target), "../../devices/%s", name);
	scratch_link(path, target);
	(void)snprintf(path, sizeof(path), "root/sys/devices/%s/subsystem", name);
	scratch_link(path, "../../bus/dax");
	if (driver) {
		(void)snprintf(path, sizeof(path), "root/sys/devices/%s/driver", name);
		(void)snprintf(target, sizeof(target), "../../bus/dax/drivers/%s", driver);
		scratch_link(path, target);
	}
	if (size) {
		(void)snprintf(path, sizeof(path), "root/sys/devices/%s/size", name);
		scratch_file(path, size);
		(void)snprintf(path, sizeof(path), "root/sys/devices/%s/align", name);
		scratch_file(path, "2097152\n");
	}
}

#endif

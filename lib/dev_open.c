/* SPDX-License-Identifier: Apache-2.0 */
/* Opening: what may be a device, and what helps with what may not. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dev_impl.h"
#include "guard.h"
#include "pack.h"
#include "text.h"

#define BASE_ALIGN 4096U

/* A file here would be a mistyped device, kept in memory by devtmpfs. */
static bool names_a_device(const char *path)
{
	return strncmp(path, "/dev/", 5) == 0 && strncmp(path, "/dev/shm/", 9) != 0;
}

static int set_path(struct dev *dev, const char *path, size_t len, struct famfs_err *err)
{
	dev->path = strndup(path, len);
	return dev->path ? 0 : err_nomem(err);
}

/* Takes "PATH@OFFSET" apart, unless a file has just that name. */
static int split_name(struct dev *dev, struct famfs_err *err)
{
	const char *at = strrchr(dev->name, '@');
	struct famfs_err why;
	struct stat st;
	int rc;

	if (!at || at == dev->name || at[1] < '0' || at[1] > '9' || stat(dev->name, &st) == 0)
		return set_path(dev, dev->name, strlen(dev->name), err);
	rc = set_path(dev, dev->name, (size_t)(at - dev->name), err);
	if (rc < 0)
		return rc;
	rc = famfs_size_parse(at + 1, &dev->base, &why);
	if (rc < 0 && stat(dev->path, &st) < 0) {
		free(dev->path);
		return set_path(dev, dev->name, strlen(dev->name), err);
	}
	if (rc < 0)
		return err_hint(err,
				err_set(err, rc, dev->name, "offset \"%s\": %s", at + 1,
					why.message),
				"write PATH@OFFSET with OFFSET such as 2M");
	if (dev->base % BASE_ALIGN != 0)
		return err_hint(err,
				err_set(err, -EINVAL, dev->name, "offset %s is no multiple of %u",
					at + 1, BASE_ALIGN),
				"the nearest below is %llu",
				(unsigned long long)(dev->base - dev->base % BASE_ALIGN));
	if (dev->base > INT64_MAX)
		return err_set(err, -EINVAL, dev->name, "offset %s lies behind the end", at + 1);
	return 0;
}

static int missing(const struct dev *dev, struct famfs_err *err)
{
	int rc = err_set(err, -ENOENT, dev->name, "no such file or device");

	if (names_a_device(dev->path))
		return err_hint(err, rc, "famfs list shows the DAX devices of this host");
	return err_hint(err, rc, "famfs mkfs --size 1G %s makes an image", text_shell(dev->name).s);
}

static int cannot_open(const struct dev *dev, int rc, struct famfs_err *err)
{
	const char *way = dev->flags & DEV_WRITE ? "for writing" : "for reading";

	rc = err_set(err, rc, dev->name, "cannot be opened %s: %s", way, strerror(-rc));
	switch (rc) {
	case -EACCES:
		return err_hint(err, rc, "run the command as the owner or as root: ls -l %s",
				text_shell(dev->path).s);
	case -EPERM:
		return err_hint(err, rc, "it may be immutable: lsattr %s", text_shell(dev->path).s);
	case -EROFS:
		return err_hint(err, rc,
				"copy it to a writable file system, or remount this one writable: "
				"mount -o remount,rw $(findmnt -no TARGET -T %s)",
				text_shell(dev->path).s);
	case -ENXIO:
		return err_hint(err, rc, "no driver serves it: famfs list --all shows its mode");
	default:
		return rc;
	}
}

static int refuse_block(const struct dev *dev, const struct stat *st, struct famfs_err *err)
{
	char space[64];
	int rc = err_set(err, -ENOTSUP, dev->name,
			 "is a block device; famfs needs a devdax character device");

	if (dax_block_namespace(dev->ctx, st->st_rdev, space, sizeof(space)) < 0)
		memcpy(space, "NAMESPACE", sizeof("NAMESPACE"));
	return err_hint(err, rc,
			"if its contents can go: ndctl create-namespace -f -m devdax -e %s", space);
}

static int refuse_char(const struct dev *dev, struct famfs_err *err)
{
	if (!dax_sysfs_is_here(dev->ctx))
		return err_hint(err,
				err_set(err, -ENODEV, dev->name,
					"is a character device, and without /sys nothing tells "
					"whether it is a dax device"),
				"mount -t sysfs sysfs /sys");
	return err_hint(err,
			err_set(err, -ENODEV, dev->name,
				"is a character device, but no dax device"),
			"famfs list shows the DAX devices of this host");
}

static int refuse(const struct dev *dev, const struct stat *st, struct famfs_err *err)
{
	static const char wanted[] = "a devdax device or an image file is wanted";

	switch (st->st_mode & S_IFMT) {
	case S_IFDIR:
		return err_hint(err, err_set(err, -EISDIR, dev->name, "is a directory; %s", wanted),
				"famfs mkfs --size 1G %s/NAME makes an image in it",
				text_shell(dev->path).s);
	case S_IFBLK:
		return refuse_block(dev, st, err);
	case S_IFIFO:
		return err_hint(err, err_set(err, -ENODEV, dev->name, "is a FIFO; %s", wanted),
				"famfs list shows the DAX devices of this host");
	case S_IFSOCK:
		return err_hint(err, err_set(err, -ENODEV, dev->name, "is a socket; %s", wanted),
				"famfs list shows the DAX devices of this host");
	case S_IFCHR:
		return refuse_char(dev, err);
	default:
		return err_set(err, -ENODEV, dev->name, "is of an unknown kind; %s", wanted);
	}
}

/* Opens what @st describes, and nothing that was put in its place since. */
static int open_same(struct dev *dev, const struct stat *st, struct famfs_err *err)
{
	int way = dev->flags & DEV_WRITE ? O_RDWR : O_RDONLY;
	struct stat now;

	dev->fd = open(dev->path, way | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (dev->fd < 0)
		return cannot_open(dev, -errno, err);
	if (fstat(dev->fd, &now) < 0)
		return cannot_open(dev, -errno, err);
	if (now.st_dev != st->st_dev || now.st_ino != st->st_ino || now.st_rdev != st->st_rdev ||
	    (now.st_mode & S_IFMT) != (st->st_mode & S_IFMT))
		return err_hint(err,
				err_set(err, -ESTALE, dev->name,
					"was replaced while it was being opened"),
				"try again");
	return 0;
}

static int take_image(struct dev *dev, struct famfs_err *err)
{
	struct stat st;
	uint64_t end;

	if (fstat(dev->fd, &st) < 0)
		return cannot_open(dev, -errno, err);
	end = (uint64_t)st.st_size;
	if (dev->base > end && !dev->made)
		return err_set(err, -EINVAL, dev->name,
			       "offset %llu lies behind the end of the file (%s)",
			       (unsigned long long)dev->base, text_count(end, "byte").s);
	dev->kind = FAMFS_DEV_IMAGE;
	dev->size = end > dev->base ? end - dev->base : 0;
	dev->align = (uint64_t)sysconf(_SC_PAGESIZE);
	/* In small pages, setting up the mapping takes longer than copying by the kernel. */
	if ((uint64_t)st.st_blksize >= FAMFS_AU)
		dev->direct = persist_cpu();
	dev->ops = persist_page_cache();
	return dev->size && pack_is_one(dev->fd, dev->base) ? dev_pack_take(dev, err) : 0;
}

static int name_it(const struct dev *dev, int rc, struct famfs_err *err)
{
	if (rc < 0 && err)
		(void)snprintf(err->object, sizeof(err->object), "%s", dev->name);
	return rc;
}

static int open_dax(struct dev *dev, const struct stat *st, struct famfs_err *err)
{
	const struct mode_target target = { st, dev->path, dev->name, dev->flags & DEV_WRITE };
	int rc;

	if (!dax_is_device(dev->ctx, st->st_rdev))
		return refuse(dev, st, err);
	if (strcmp(dev->name, dev->path) != 0)
		return err_hint(err,
				err_set(err, -EINVAL, dev->name, "an @OFFSET is for image files"),
				"leave it out: %s", text_shell(dev->path).s);
	rc = mode_enter(dev->ctx, &target, &dev->mode_fd, err);
	if (rc == 0)
		rc = dax_mode(dev->ctx, st->st_rdev, &dev->dax, err);
	if (rc == 0)
		rc = dax_require_devdax(&dev->dax, dev->name, err);
	if (rc == 0)
		rc = dax_probe(dev->ctx, st->st_rdev, &dev->dax, err);
	if (rc == 0)
		rc = open_same(dev, st, err);
	if (rc < 0)
		return name_it(dev, rc, err);
	dev->kind = FAMFS_DEV_DAX;
	dev->size = dev->dax.size;
	dev->align = dev->dax.align;
	dev->ops = persist_cpu();
	return 0;
}

static int cannot_make(const struct dev *dev, int rc, struct famfs_err *err)
{
	rc = err_set(err, rc, dev->name, "cannot be made: %s", strerror(-rc));
	return rc == -ENOENT ? err_hint(err, rc, "make its directory first") : rc;
}

/* Return: 1 when somebody else made it first. */
static int make_image(struct dev *dev, struct famfs_err *err)
{
	int rc;

	dev->fd = open(dev->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (dev->fd >= 0) {
		dev->made = true;
		return take_image(dev, err);
	}
	rc = -errno;
	if (rc == -EEXIST)
		return 1;
	return cannot_make(dev, rc, err);
}

static int open_there(struct dev *dev, const struct stat *st, struct famfs_err *err)
{
	int rc;

	if (S_ISCHR(st->st_mode))
		return open_dax(dev, st, err);
	if (!S_ISREG(st->st_mode))
		return refuse(dev, st, err);
	rc = open_same(dev, st, err);
	return rc ? rc : take_image(dev, err);
}

static int open_path(struct dev *dev, struct famfs_err *err)
{
	struct stat st;
	int rc;

	if (stat(dev->path, &st) == 0)
		return open_there(dev, &st, err);
	if (errno != ENOENT)
		return cannot_open(dev, -errno, err);
	if (!(dev->flags & DEV_MAKE) || names_a_device(dev->path))
		return missing(dev, err);
	rc = make_image(dev, err);
	if (rc <= 0)
		return rc;
	if (stat(dev->path, &st) == 0)
		return open_there(dev, &st, err);
	return err_hint(err, err_set(err, -ENOENT, dev->name, "is a symbolic link to nothing"),
			"remove it: rm %s", text_shell(dev->path).s);
}

/* Could a file be made here? By the directory that it would be in. */
static int judge_directory(const struct dev *dev, struct famfs_err *err)
{
	const char *slash = strrchr(dev->path, '/');
	char *dir = slash ? strndup(dev->path, (size_t)(slash - dev->path) + 1) : strdup(".");
	int rc = dir ? 0 : err_nomem(err);

	if (!rc && access(dir, W_OK | X_OK) < 0)
		rc = cannot_make(dev, -errno, err);
	free(dir);
	return rc;
}

static int would_make(const struct dev *dev, struct famfs_err *err)
{
	struct stat st;
	int rc;

	if (lstat(dev->path, &st) == 0)
		return 0;
	if (errno != ENOENT)
		return cannot_open(dev, -errno, err);
	if (names_a_device(dev->path))
		return missing(dev, err);
	rc = judge_directory(dev, err);
	return rc ? rc : 1;
}

int dev_would_make(struct famfs_ctx *ctx, const char *device, struct famfs_err *err)
{
	struct dev dev = { .ctx = ctx, .flags = DEV_WRITE | DEV_MAKE, .fd = -1 };
	int rc;

	dev.name = strdup(device);
	rc = dev.name ? split_name(&dev, err) : err_nomem(err);
	if (!rc)
		rc = would_make(&dev, err);
	free(dev.name);
	free(dev.path);
	return rc;
}

int dev_open(struct famfs_ctx *ctx, const char *device, unsigned int flags, struct dev **ret_dev,
	     struct famfs_err *err)
{
	struct dev *dev = calloc(1, sizeof(*dev));
	int rc;

	if (!dev)
		return err_nomem(err);
	rc = guard_get();
	if (rc < 0) {
		free(dev);
		return err_set(err, rc, device,
			       "media errors cannot be caught: no SIGBUS handler: %s",
			       strerror(-rc));
	}
	dev->ctx = ctx;
	dev->flags = flags & DEV_MAKE ? flags | DEV_WRITE : flags;
	dev->fd = dev->mode_fd = -1;
	dev->name = strdup(device);
	rc = dev->name ? split_name(dev, err) : err_nomem(err);
	if (rc == 0)
		rc = open_path(dev, err);
	if (rc < 0) {
		dev_close(dev);
		return rc;
	}
	ctx_debug(ctx, "%s: %s of %llu bytes, cache: %s", device,
		  dev->kind == FAMFS_DEV_DAX ? "devdax" : "image", (unsigned long long)dev->size,
		  dev->ops->name);
	*ret_dev = dev;
	return 0;
}

void dev_full_name(const struct dev *dev, char *buf, size_t len)
{
	char *path = realpath(dev->path, NULL);
	const char *tail = dev->name + strlen(dev->path);

	(void)snprintf(buf, len, "%s%s", path ? path : dev->path, tail);
	free(path);
}

void dev_close(struct dev *dev)
{
	if (!dev)
		return;
	if (dev->map && dev->kind == FAMFS_DEV_DAX)
		(void)munmap(dev->map, dev->map_len);
	else if (dev->map)
		dev_image_unmap(dev);
	/* A child that was forked meanwhile could hold the lock through its copy of the file. */
	dev_unlock(dev);
	if (dev->fd >= 0)
		(void)close(dev->fd);
	/* Last: the device is free to go back to its mode. */
	if (dev->mode_fd >= 0)
		(void)close(dev->mode_fd);
	guard_put();
	free(dev->path);
	free(dev->name);
	free(dev);
}

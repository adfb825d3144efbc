/* SPDX-License-Identifier: Apache-2.0 */
/* The devices of this host, and what is on them. Nothing is changed, nothing opened for writing. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctx.h"
#include "dev.h"
#include "err.h"
#include "mode.h"
#include "occupant.h"
#include "users.h"

static void keep_why(struct famfs_device *device, enum famfs_content content,
		     const struct famfs_err *err)
{
	device->content = content;
	(void)snprintf(device->what, sizeof(device->what), "%s", err->message);
}

static void look_at_famfs(struct famfs_ctx *ctx, const char *path, struct famfs_device *device)
{
	struct famfs_err err;
	struct famfs *fs;

	if (famfs_open(ctx, path, 0, &fs, &err)) {
		keep_why(device,
			 err.rc == -EUCLEAN || err.rc == -EOPNOTSUPP ? FAMFS_CONTENT_DAMAGED
								     : FAMFS_CONTENT_UNKNOWN,
			 &err);
		return;
	}
	if (famfs_info(fs, &device->info, &err))
		keep_why(device, FAMFS_CONTENT_UNKNOWN, &err);
	else if (famfs_damage(fs, &err))
		keep_why(device, FAMFS_CONTENT_FAMFS, &err);
	else
		device->content = FAMFS_CONTENT_FAMFS;
	device->info.device = NULL;
	famfs_close(fs);
}

/* @path: where it is opened, which a context with another root has elsewhere. */
static void look_inside(struct famfs_ctx *ctx, const char *path, struct famfs_device *device)
{
	struct famfs_err err;
	struct dev *dev;
	char what[256] = "";
	int rc;

	if (dev_open(ctx, path, 0, &dev, &err)) {
		keep_why(device, FAMFS_CONTENT_UNKNOWN, &err);
		return;
	}
	device->size = dev->size;
	device->align = dev->align;
	rc = dev_map(dev, dev->size < FAMFS_LOG_OFF ? dev->size : FAMFS_LOG_OFF, &err);
	if (!rc && dev->size >= FAMFS_LOG_OFF)
		rc = occupant_famfs(dev, what, sizeof(what), &err);
	if (!rc && !what[0])
		rc = occupant_any(dev, device->what, sizeof(device->what), &err);
	dev_close(dev);
	if (rc)
		keep_why(device, FAMFS_CONTENT_UNKNOWN, &err);
	else if (what[0])
		look_at_famfs(ctx, path, device);
	else
		device->content = device->what[0] ? FAMFS_CONTENT_OTHER : FAMFS_CONTENT_NONE;
}

static void add_error(void *data, uint64_t off, uint64_t len)
{
	struct famfs_device *device = data;

	(void)off;
	device->errors++;
	device->error_bytes += len;
}

static void look_at_users(struct famfs_ctx *ctx, const struct stat *st, struct famfs_device *device)
{
	int mounted = users_mounted(ctx, st, device->path, device->mounted);
	struct users users;

	device->mounted_known = mounted >= 0;
	if (mounted > 0 && !device->mounted[0])
		(void)snprintf(device->mounted, sizeof(device->mounted), "/");
	users_scan(ctx, st, &users);
	device->users_nr = users.nr;
	device->users_unseen = users.unseen;
	memcpy(device->users, users.first, sizeof(device->users));
}

static const char *mode_words(enum famfs_mode mode)
{
	static const char *const words[] = {
		[FAMFS_MODE_FAMFS] = "in famfs mode: it is not opened for a look",
		[FAMFS_MODE_SYSTEM_RAM] = "in system-ram mode: it is ordinary memory",
		[FAMFS_MODE_UNBOUND] = "bound to no driver",
		[FAMFS_MODE_OTHER] = "bound to another driver",
	};

	return words[mode];
}

/* Return: 0, -errno: there is no such device any more. */
static int look_at_dax(struct famfs_ctx *ctx, const struct stat *st, const char *path,
		       struct famfs_device *device, struct famfs_err *err)
{
	struct dax_place place;
	struct dax_info info;
	int rc = dax_describe(ctx, st->st_rdev, &info, err);

	if (rc < 0)
		return rc;
	dax_place(ctx, info.name, &place);
	device->kind = FAMFS_DEV_DAX;
	device->mode = info.mode;
	device->size = info.size;
	device->align = info.align;
	device->node = info.numa_node;
	memcpy(device->name, info.name, sizeof(device->name));
	memcpy(device->driver, info.driver, sizeof(device->driver));
	memcpy(device->region, place.region, sizeof(device->region));
	memcpy(device->persistence, place.persistence, sizeof(device->persistence));
	device->errors_known = info.resource != FAMFS_NONE &&
			       dax_media_errors(ctx, &info, add_error, device, NULL) == 0;
	mode_look(ctx, st->st_rdev, &info, device);
	look_at_users(ctx, st, device);
	if (info.mode != FAMFS_MODE_DEVDAX)
		(void)snprintf(device->what, sizeof(device->what), "%s", mode_words(info.mode));
	else if (info.size == 0)
		(void)snprintf(device->what, sizeof(device->what), "the device has no memory");
	else
		look_inside(ctx, path, device);
	return 0;
}

static void look_at_image(struct famfs_ctx *ctx, const struct stat *st, struct famfs_device *device)
{
	device->size = (uint64_t)st->st_size;
	device->align = (uint64_t)sysconf(_SC_PAGESIZE);
	look_at_users(ctx, st, device);
	look_inside(ctx, device->path, device);
}

/* The file of "PATH@OFFSET", as dev_open() understands it. Return: 0, -errno. */
static int stat_device(struct famfs_ctx *ctx, const char *device, struct stat *st,
		       struct famfs_err *err)
{
	struct dev *dev;
	int rc;

	if (stat(device, st) == 0 && S_ISREG(st->st_mode))
		return 0;
	if (stat(device, st) == 0 && S_ISCHR(st->st_mode) && dax_is_device(ctx, st->st_rdev))
		return 0;
	/* It is no device, or it begins inside of a file: opening it tells which. */
	rc = dev_open(ctx, device, 0, &dev, err);
	if (rc < 0)
		return rc;
	rc = fstat(dev->fd, st) < 0 ? err_set(err, -errno, device, "is gone") : 0;
	dev_close(dev);
	return rc;
}

int famfs_device_get(struct famfs_ctx *ctx, const char *device, struct famfs_device *ret_device,
		     struct famfs_err *err)
{
	struct famfs_device found = { .node = -1 };
	struct stat st;
	int rc;

	if (strlen(device) >= sizeof(found.path))
		return err_set(err, -ENAMETOOLONG, device, "the path is too long");
	memcpy(found.path, device, strlen(device) + 1);
	rc = stat_device(ctx, device, &st, err);
	if (rc < 0)
		return rc;
	if (S_ISCHR(st.st_mode))
		rc = look_at_dax(ctx, &st, device, &found, err);
	else
		look_at_image(ctx, &st, &found);
	if (rc == 0)
		*ret_device = found;
	return rc;
}

struct listing {
	struct famfs_ctx *ctx;
	int (*fn)(void *data, const struct famfs_device *device);
	void *data;
};

static int list_one(void *data, const char *name, dev_t rdev)
{
	struct listing *listing = data;
	struct famfs_device device = { .node = -1 };
	char path[PATH_MAX];
	struct stat st;

	if (ctx_cancelled(listing->ctx))
		return -ECANCELED;
	(void)snprintf(device.path, sizeof(device.path), "/dev/%s", name);
	if (ctx_path(listing->ctx, device.path, path, sizeof(path)) < 0)
		return 0;
	/* Without a node it is still there, and nobody can have it open. */
	if (stat(path, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != rdev)
		st = (struct stat){ .st_mode = S_IFCHR, .st_rdev = rdev };
	if (look_at_dax(listing->ctx, &st, path, &device, NULL) < 0)
		return 0;
	return listing->fn(listing->data, &device);
}

int famfs_device_list(struct famfs_ctx *ctx,
		      int (*fn)(void *data, const struct famfs_device *device), void *data,
		      struct famfs_err *err)
{
	struct listing listing = { ctx, fn, data };
	int rc = dax_each(ctx, list_one, &listing);

	if (rc == -ECANCELED)
		return err_set(err, rc, "/sys/bus/dax", "cancelled");
	if (rc == -ENOENT)
		return err_hint(err, err_set(err, rc, "/sys", "is not mounted: no device is known"),
				"mount -t sysfs sysfs /sys");
	if (rc < 0)
		return err_set(err, rc, "/sys/bus/dax", "cannot be listed: %s", strerror(-rc));
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Binding a DAX device to another driver: through libdaxctl where it can, else through the DAX bus.
 * What counts is the driver link afterwards.
 */
#include <stdio.h>
#include <string.h>

#include "dax_impl.h"
#include "err.h"
#include "mode_impl.h"

#define DRIVERS "/sys/bus/dax/drivers"

static int store(const struct famfs_ctx *ctx, const char *driver, const char *attr,
		 const char *name)
{
	char path[192];

	(void)snprintf(path, sizeof(path), DRIVERS "/%s/%s", driver, attr);
	return dax_sysfs_store(ctx, path, name);
}

/* @driver "": to none. */
static bool is_bound_to(const struct famfs_ctx *ctx, dev_t rdev, const char *driver)
{
	struct dax_info now;

	return dax_mode(ctx, rdev, &now, NULL) == 0 && strcmp(now.driver, driver) == 0;
}

static int disable(const struct dax_daxctl *lib, struct daxctl_dev *dev, void *data)
{
	(void)data;
	return lib->dev_disable ? lib->dev_disable(dev) : -ENOENT;
}

static int enable(const struct dax_daxctl *lib, struct daxctl_dev *dev, void *data)
{
	const char *driver = data;
	int (*fn)(struct daxctl_dev *) = NULL;

	if (strcmp(driver, "device_dax") == 0)
		fn = lib->dev_enable_devdax;
	else if (strcmp(driver, "fsdev_dax") == 0)
		fn = lib->dev_enable_famfs;
	else if (strcmp(driver, "kmem") == 0)
		fn = lib->dev_enable_ram;
	return fn ? fn(dev) : -ENOENT;
}

/* The library knows only the real /sys. */
static void call_library(const struct famfs_ctx *ctx, const char *name,
			 int (*fn)(const struct dax_daxctl *lib, struct daxctl_dev *dev,
				   void *data),
			 char *driver)
{
	int rc = *ctx->root ? -ENOENT : dax_daxctl_call(ctx, name, fn, driver);

	ctx_debug(ctx, "%s: libdaxctl %s %s: %d", name, driver ? "binds it to" : "unbinds it",
		  driver ? driver : "", rc);
}

int mode_unbind(const struct famfs_ctx *ctx, const struct dax_info *now, dev_t rdev, bool lib)
{
	int rc;

	/* A driver that was told the device's name would take it again. */
	(void)store(ctx, now->driver, "remove_id", now->name);
	if (lib)
		call_library(ctx, now->name, disable, NULL);
	if (is_bound_to(ctx, rdev, ""))
		return 0;
	rc = store(ctx, now->driver, "unbind", now->name);
	if (is_bound_to(ctx, rdev, ""))
		return 0;
	return rc ? rc : -EBUSY;
}

/* Whatever else may have bound it. */
static void release(const struct famfs_ctx *ctx, dev_t rdev)
{
	struct dax_info now;

	if (dax_mode(ctx, rdev, &now, NULL) == 0 && now.driver[0])
		(void)mode_unbind(ctx, &now, rdev, false);
}

int mode_bind(const struct famfs_ctx *ctx, const char *name, dev_t rdev, const char *driver,
	      bool lib)
{
	/* bind is enough for what the driver takes by itself, or was told already. */
	static const char *const attrs[] = { "bind", "new_id", "bind" };
	char which[64];
	int rc = 0;

	(void)snprintf(which, sizeof(which), "%s", driver);
	if (lib)
		call_library(ctx, name, enable, which);
	if (is_bound_to(ctx, rdev, driver))
		return 0;
	release(ctx, rdev);
	for (size_t i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++) {
		int failed = store(ctx, driver, attrs[i], name);

		if (is_bound_to(ctx, rdev, driver))
			return 0;
		rc = failed && !rc ? failed : rc;
	}
	return rc ? rc : -ENODEV;
}

void mode_remedy(const struct mode_record *record, const char *now, char *buf, size_t len)
{
	char unbind[192] = "";

	if (*now)
		(void)snprintf(unbind, sizeof(unbind), "echo %s > " DRIVERS "/%s/unbind",
			       record->name, now);
	if (!strcmp(record->driver, "kmem"))
		(void)snprintf(buf, len, "daxctl reconfigure-device --mode=system-ram%s %s",
			       !strcmp(record->memory, "offline")  ? " --no-online"
			       : !strcmp(record->memory, "online") ? " --no-movable"
								   : "",
			       record->name);
	else if (!record->driver[0])
		(void)snprintf(buf, len, "%s", unbind);
	else
		(void)snprintf(buf, len, "%s%secho %s > " DRIVERS "/%s/new_id", unbind,
			       *unbind ? "; " : "", record->name, record->driver);
}

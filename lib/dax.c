/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "dax_impl.h"
#include "err.h"

#define ALIGN_MIN 4096U

/* The node of a device below /sys/dev, and @attr in it. */
static void node_path(const char *type, dev_t rdev, const char *attr, char *buf, size_t len)
{
	(void)snprintf(buf, len, "/sys/dev/%s/%u:%u%s%s", type, major(rdev), minor(rdev),
		       *attr ? "/" : "", attr);
}

static int node_link(const struct famfs_ctx *ctx, dev_t rdev, const char *attr, char *ret_name,
		     size_t len)
{
	char path[128];

	node_path("char", rdev, attr, path, sizeof(path));
	return dax_sysfs_link(ctx, path, ret_name, len);
}

int dax_node_u64(const struct famfs_ctx *ctx, dev_t rdev, const char *attr, uint64_t *ret_value)
{
	char path[128];

	node_path("char", rdev, attr, path, sizeof(path));
	return dax_sysfs_u64(ctx, path, ret_value);
}

bool dax_is_device(const struct famfs_ctx *ctx, dev_t rdev)
{
	char subsystem[64];

	return node_link(ctx, rdev, "subsystem", subsystem, sizeof(subsystem)) == 0 &&
	       strcmp(subsystem, "dax") == 0;
}

enum famfs_mode dax_mode_of_driver(const char *driver)
{
	if (*driver == '\0')
		return FAMFS_MODE_UNBOUND;
	if (strcmp(driver, "device_dax") == 0)
		return FAMFS_MODE_DEVDAX;
	if (strcmp(driver, "fsdev_dax") == 0)
		return FAMFS_MODE_FAMFS;
	if (strcmp(driver, "kmem") == 0)
		return FAMFS_MODE_SYSTEM_RAM;
	return FAMFS_MODE_OTHER;
}

static int no_sysfs(dev_t rdev, int rc, const char *what, struct famfs_err *err)
{
	char object[64];

	(void)snprintf(object, sizeof(object), "device %u:%u", major(rdev), minor(rdev));
	return err_hint(err,
			err_set(err, rc, object, "sysfs does not tell its %s: %s", what,
				strerror(-rc)),
			"is /sys mounted, and the device still there?");
}

int dax_mode(const struct famfs_ctx *ctx, dev_t rdev, struct dax_info *ret_info,
	     struct famfs_err *err)
{
	struct dax_info info = { .resource = FAMFS_NONE, .numa_node = -1 };
	int rc = node_link(ctx, rdev, "", info.name, sizeof(info.name));

	if (rc < 0)
		return no_sysfs(rdev, -ENODEV, "name", err);
	rc = node_link(ctx, rdev, "driver", info.driver, sizeof(info.driver));
	if (rc < 0 && rc != -ENOENT)
		return no_sysfs(rdev, rc, "driver", err);
	info.mode = dax_mode_of_driver(info.driver);
	*ret_info = info;
	return 0;
}

static void quiet(struct daxctl_ctx *ctx, int priority, const char *file, int line, const char *fn,
		  const char *format, va_list args)
{
	(void)ctx, (void)priority, (void)file, (void)line, (void)fn, (void)format, (void)args;
}

static struct daxctl_dev *find_dev(const struct dax_daxctl *lib, struct daxctl_ctx *daxctl,
				   const char *name)
{
	struct daxctl_region *region;
	struct daxctl_dev *dev;

	for (region = lib->region_get_first(daxctl); region; region = lib->region_get_next(region))
		for (dev = lib->dev_get_first(region); dev; dev = lib->dev_get_next(dev))
			if (strcmp(lib->dev_get_devname(dev), name) == 0)
				return dev;
	return NULL;
}

int dax_daxctl_call(const struct famfs_ctx *ctx, const char *name,
		    int (*fn)(const struct dax_daxctl *lib, struct daxctl_dev *dev, void *data),
		    void *data)
{
	struct dax_daxctl lib;
	struct daxctl_ctx *daxctl;
	struct daxctl_dev *dev;
	int rc = dax_daxctl_load(ctx, &lib);

	if (rc < 0)
		return rc;
	rc = lib.new(&daxctl);
	if (rc < 0)
		goto unload;
	lib.set_log_fn(daxctl, quiet);
	dev = find_dev(&lib, daxctl, name);
	rc = dev ? fn(&lib, dev, data) : -ENOENT;
	lib.unref(daxctl);
unload:
	dax_daxctl_unload(&lib);
	return rc;
}

/* libdaxctl says 0 or all ones for an address that only root may know. */
static uint64_t known_resource(uint64_t resource)
{
	return resource == 0 ? FAMFS_NONE : resource;
}

static int describe(const struct dax_daxctl *lib, struct daxctl_dev *dev, void *data)
{
	struct dax_info *info = data;

	info->size = lib->dev_get_size(dev);
	info->align = lib->dev_get_align(dev);
	info->resource = known_resource(lib->dev_get_resource(dev));
	info->numa_node = lib->dev_get_target_node(dev);
	return info->size > 0 && info->align > 0 ? 0 : -ENOENT;
}

static int probe_sysfs(const struct famfs_ctx *ctx, dev_t rdev, struct dax_info *info,
		       struct famfs_err *err)
{
	uint64_t resource;
	uint64_t node;
	int rc = dax_node_u64(ctx, rdev, "size", &info->size);

	if (rc < 0)
		return no_sysfs(rdev, rc, "size", err);
	rc = dax_node_u64(ctx, rdev, "align", &info->align);
	if (rc < 0)
		return no_sysfs(rdev, rc, "alignment", err);
	if (dax_node_u64(ctx, rdev, "resource", &resource) == 0)
		info->resource = known_resource(resource);
	if (dax_node_u64(ctx, rdev, "target_node", &node) == 0 && node <= INT32_MAX)
		info->numa_node = (int)node;
	return 0;
}

int dax_describe(const struct famfs_ctx *ctx, dev_t rdev, struct dax_info *ret_info,
		 struct famfs_err *err)
{
	struct dax_info info;
	int rc = dax_mode(ctx, rdev, &info, err);

	if (rc < 0)
		return rc;
	/* The library knows only the real /sys. */
	if (*ctx->root || dax_daxctl_call(ctx, info.name, describe, &info) < 0)
		rc = probe_sysfs(ctx, rdev, &info, err);
	if (rc == 0)
		*ret_info = info;
	return rc;
}

int dax_probe(const struct famfs_ctx *ctx, dev_t rdev, struct dax_info *ret_info,
	      struct famfs_err *err)
{
	struct dax_info info;
	int rc = dax_describe(ctx, rdev, &info, err);

	if (rc < 0)
		return rc;
	if (info.size == 0)
		return err_hint(err, err_set(err, -ENODEV, info.name, "the device has no memory"),
				"daxctl create-device makes one that has");
	if (info.align < ALIGN_MIN || (info.align & (info.align - 1)) != 0)
		return err_set(err, -ENODEV, info.name, "alignment %llu is no power of two from %u",
			       (unsigned long long)info.align, ALIGN_MIN);
	*ret_info = info;
	return 0;
}

int dax_require_devdax(const struct dax_info *info, const char *device, struct famfs_err *err)
{
	static const char bind[] = "/sys/bus/dax/drivers/device_dax/bind";
	static const char drivers[] = "/sys/bus/dax/drivers";
	/* In parentheses, as no part of the commands. */
	static const char briefly[] = " (--set-mode does it for one command)";
	const char *name = info->name;

	switch (info->mode) {
	case FAMFS_MODE_DEVDAX:
		return 0;
	case FAMFS_MODE_FAMFS:
		return err_hint(err,
				err_set(err, -ENOTSUP, device,
					"in famfs mode (driver %s), not in devdax mode",
					info->driver),
				"unmount it, then: echo %s > %s/%s/unbind; echo %s > %s%s", name,
				drivers, info->driver, name, bind, briefly);
	case FAMFS_MODE_SYSTEM_RAM:
		return err_hint(err,
				err_set(err, -ENOTSUP, device,
					"in system-ram mode (driver %s): it is ordinary memory now",
					info->driver),
				"daxctl reconfigure-device --mode=devdax --force %s%s", name,
				briefly);
	case FAMFS_MODE_UNBOUND:
		return err_hint(err, err_set(err, -ENODEV, device, "bound to no driver"),
				"echo %s > %s%s", name, bind, briefly);
	case FAMFS_MODE_OTHER:
		break;
	}
	return err_hint(err,
			err_set(err, -ENOTSUP, device, "bound to driver %s, not to device_dax",
				info->driver),
			"echo %s > %s/%s/unbind; echo %s > %s%s", name, drivers, info->driver, name,
			bind, briefly);
}

/* The disk is the namespace's own, or that of a pfn or btt device which names its namespace. */
int dax_block_namespace(const struct famfs_ctx *ctx, dev_t rdev, char *ret_name, size_t len)
{
	char path[128];
	int rc;

	node_path("block", rdev, "device", path, sizeof(path));
	rc = dax_sysfs_link(ctx, path, ret_name, len);
	if (rc < 0 || strncmp(ret_name, "namespace", 9) == 0)
		return rc;
	node_path("block", rdev, "device/namespace", path, sizeof(path));
	rc = dax_sysfs_text(ctx, path, ret_name, len);
	if (rc < 0)
		return rc;
	return strncmp(ret_name, "namespace", 9) == 0 ? 0 : -ENOENT;
}

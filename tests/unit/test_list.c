/* SPDX-License-Identifier: Apache-2.0 */
/* The devices of a host that is a tree of files; /dev/zero stands for the memory. */
#include <errno.h>
#include <sys/sysmacros.h>

#include "ctx.h"
#include "dax.h"
#include "unit.h"
#include "scratch.h"

#define ZERO "1:5" /* the number of /dev/zero */

static struct famfs_ctx *rooted(void)
{
	struct famfs_ctx *ctx = NULL;
	char root[PATH_MAX + 8];

	(void)snprintf(root, sizeof(root), "%s/root", scratch_dir);
	CHECK_EQ(famfs_ctx_new(&ctx), 0);
	CHECK_EQ(famfs_ctx_set_root(ctx, root), 0);
	return ctx;
}

/* A device on the bus, in @region, which is a path below sys/devices. */
static void on_bus(const char *number, const char *name, const char *region, const char *driver)
{
	char path[PATH_MAX], target[PATH_MAX];

	scratch_dax(number, name, driver, "67108864\n");
	(void)snprintf(path, sizeof(path), "root/sys/devices/%s/dev", name);
	(void)snprintf(target, sizeof(target), "%s\n", number);
	scratch_file(path, target);
	(void)snprintf(path, sizeof(path), "root/sys/devices/%s/%s/size", region, name);
	scratch_file(path, "67108864\n");
	(void)snprintf(path, sizeof(path), "root/sys/devices/%s/%s/dev", region, name);
	scratch_file(path, target);
	(void)snprintf(path, sizeof(path), "root/sys/bus/dax/devices/%s", name);
	(void)snprintf(target, sizeof(target), "../../../devices/%s/%s", region, name);
	scratch_link(path, target);
}

static void make_host(void)
{
	on_bus("252:10", "dax10.0", "hmem.1", "kmem");
	on_bus("252:2", "dax2.0", "cxl/region2/dax_region2", NULL);
	on_bus(ZERO, "dax0.0", "ndbus0/region0/dax0.1", "device_dax");
	on_bus("252:3", "dax3.0", "ndbus0/region3/dax3.1", "fsdev_dax");
	on_bus("252:4", "dax4.0", "cxl/region4/dax_region4", "device_dax");
	scratch_file("root/sys/devices/cxl/region2/mode", "ram\n");
	scratch_file("root/sys/devices/cxl/region4/mode", "pmem\n");
	scratch_file("root/sys/devices/ndbus0/region0/persistence_domain", "memory_controller\n");
	scratch_file("root/sys/devices/ndbus0/region3/devtype", "nd_volatile\n");
	scratch_file("root/sys/devices/ndbus0/region3/persistence_domain", "cpu_cache\n");
	scratch_file("root/sys/devices/dax0.0/resource", "0x100000000\n");
	scratch_file("root/sys/devices/dax0.0/target_node", "2\n");
	scratch_file("root/sys/bus/nd/devices/region0/resource", "0x100000000\n");
	scratch_file("root/sys/bus/nd/devices/region0/size", "67108864\n");
	scratch_file("root/sys/bus/nd/devices/region0/badblocks", "8 2\n100 1\n");
	scratch_link("root/dev/dax0.0", "/dev/zero");
}

static const struct {
	const char *name, *path, *driver, *region, *persistence;
	enum famfs_mode mode;
	enum famfs_content content;
	const char *what;
} rows[] = {
	{ "dax0.0", "/dev/dax0.0", "device_dax", "region0", "memory_controller", FAMFS_MODE_DEVDAX,
	  FAMFS_CONTENT_NONE, "" },
	{ "dax2.0", "/dev/dax2.0", "", "region2", "volatile", FAMFS_MODE_UNBOUND,
	  FAMFS_CONTENT_UNKNOWN, "bound to no driver" },
	{ "dax3.0", "/dev/dax3.0", "fsdev_dax", "region3", "volatile", FAMFS_MODE_FAMFS,
	  FAMFS_CONTENT_UNKNOWN, "famfs mode" },
	{ "dax4.0", "/dev/dax4.0", "device_dax", "region4", "pmem", FAMFS_MODE_DEVDAX,
	  FAMFS_CONTENT_UNKNOWN, "no such file or device" },
	{ "dax10.0", "/dev/dax10.0", "kmem", "hmem.1", "volatile", FAMFS_MODE_SYSTEM_RAM,
	  FAMFS_CONTENT_UNKNOWN, "system-ram mode" },
};

struct seen {
	unsigned int nr, stop;
	struct famfs_ctx *cancel;
};

static int see(void *data, const struct famfs_device *device)
{
	struct seen *seen = data;
	unsigned int i = seen->nr++;

	if (!CHECK(i < UNIT_NR(rows)))
		return -1;
	UNIT_ROW("%s", rows[i].name);
	CHECK_EQ(device->kind, FAMFS_DEV_DAX);
	CHECK_STR(device->name, rows[i].name);
	CHECK_STR(device->path, rows[i].path);
	CHECK_STR(device->driver, rows[i].driver);
	CHECK_STR(device->region, rows[i].region);
	CHECK_STR(device->persistence, rows[i].persistence);
	CHECK_EQ(device->mode, rows[i].mode);
	CHECK_EQ(device->content, rows[i].content);
	CHECK_HAS(device->what, rows[i].what);
	CHECK_EQ(device->size, 64 << 20);
	CHECK_EQ(device->align, 2 << 20);
	CHECK_EQ(device->errors_known, i == 0);
	CHECK_EQ(device->errors, i ? 0 : 2);
	CHECK_EQ(device->error_bytes, i ? 0 : 3 * 512);
	CHECK_EQ(device->node, i ? -1 : 2);
	if (seen->cancel)
		famfs_cancel(seen->cancel);
	return seen->stop == seen->nr ? 7 : 0;
}

UNIT_TEST(every_device_by_name)
{
	struct famfs_ctx *ctx = rooted();
	struct seen seen = { 0 };
	struct famfs_err err;

	make_host();
	CHECK_EQ(famfs_device_list(ctx, see, &seen, &err), 0);
	CHECK_EQ(seen.nr, UNIT_NR(rows));
	/* The caller ends it, or cancels. */
	seen = (struct seen){ .stop = 2 };
	CHECK_EQ(famfs_device_list(ctx, see, &seen, &err), 7);
	CHECK_EQ(seen.nr, 2);
	seen = (struct seen){ .cancel = ctx };
	CHECK_EQ(famfs_device_list(ctx, see, &seen, &err), -ECANCELED);
	CHECK_EQ(seen.nr, 1);
	famfs_ctx_free(ctx);
}

static int count(void *data, const struct famfs_device *device)
{
	(void)device;
	++*(unsigned int *)data;
	return 0;
}

/* Devices that are going away: attributes are missing, or are not what they should be. */
UNIT_TEST(devices_that_vanish)
{
	struct famfs_ctx *ctx = rooted();
	unsigned int nr = 0;

	make_host();
	CHECK_EQ(unlink("root/sys/devices/dax4.0/size"), 0);
	CHECK_EQ(unlink("root/sys/dev/char/252:3"), 0);
	scratch_file("root/sys/devices/cxl/region2/dax_region2/dax2.0/dev", "none\n");
	scratch_link("root/sys/bus/dax/devices/dax9.0", "../../../devices/gone");
	CHECK_EQ(famfs_device_list(ctx, count, &nr, NULL), 0);
	CHECK_EQ(nr, 2);
	famfs_ctx_free(ctx);
}

/* Where the firmware tells of no domain, the kernel has no such attribute. */
UNIT_TEST(persistent_in_a_way_not_told)
{
	struct famfs_ctx *ctx = rooted();
	struct famfs_device device;

	make_host();
	CHECK_EQ(unlink("root/sys/devices/ndbus0/region0/persistence_domain"), 0);
	scratch_file("root/sys/devices/ndbus0/region0/devtype", "nd_pmem\n");
	CHECK_EQ(famfs_device_get(ctx, "/dev/zero", &device, NULL), 0);
	CHECK_STR(device.persistence, "pmem");
	famfs_ctx_free(ctx);
}

UNIT_TEST(host_without_the_bus)
{
	struct famfs_ctx *ctx = NULL;
	char root[PATH_MAX + 8];
	unsigned int nr = 0;
	struct famfs_err err;

	(void)snprintf(root, sizeof(root), "%s/bare", scratch_dir);
	CHECK_EQ(famfs_ctx_new(&ctx), 0);
	CHECK_EQ(famfs_ctx_set_root(ctx, root), 0);
	CHECK_EQ(famfs_device_list(ctx, count, &nr, &err), -ENOENT);
	CHECK(strstr(err.message, "not mounted"));
	scratch_dirs("bare/sys/bus/");
	CHECK_EQ(famfs_device_list(ctx, count, &nr, NULL), 0);
	CHECK_EQ(nr, 0);
	famfs_ctx_free(ctx);
}

UNIT_TEST(users_of_a_device)
{
	struct famfs_ctx *ctx = rooted();
	struct famfs_device device;

	make_host();
	scratch_link("root/proc/7/fd/3", "/dev/zero");
	scratch_file("root/proc/7/comm", "holder\n");
	scratch_file("root/proc/self/mounts", "/dev/zero /mnt famfs rw 0 0\n");
	CHECK_EQ(famfs_device_get(ctx, "/dev/zero", &device, NULL), 0);
	CHECK_STR(device.name, "dax0.0");
	CHECK_STR(device.mounted, "/mnt");
	CHECK_EQ(device.users_nr, 1);
	CHECK_EQ(device.users[0].pid, 7);
	CHECK_STR(device.users[0].command, "holder");
	famfs_ctx_free(ctx);
}

UNIT_TEST(images_and_others)
{
	const struct famfs_mkfs_opts opts = { .log_len = FAMFS_LOG_LEN_MIN, .size = 16 << 20 };
	struct famfs_device device = { .size = 77 };
	struct famfs_ctx *ctx = rooted();
	struct famfs_err err;
	int fd;

	CHECK_EQ(famfs_mkfs(ctx, "dev.img", &opts, NULL, &err), 0);
	CHECK_EQ(famfs_device_get(ctx, "none.img", &device, &err), -ENOENT);
	CHECK_EQ(famfs_device_get(ctx, "/dev/null", &device, &err), -ENODEV);
	CHECK_EQ(famfs_device_get(ctx, ".", &device, &err), -EISDIR);
	CHECK_EQ(device.size, 77);
	CHECK_EQ(famfs_device_get(ctx, "dev.img", &device, &err), 0);
	CHECK_EQ(device.kind, FAMFS_DEV_IMAGE);
	CHECK_EQ(device.content, FAMFS_CONTENT_FAMFS);
	CHECK_EQ(device.info.files, 0);
	CHECK(device.info.device == NULL);
	CHECK_EQ(device.size, 16 << 20);
	/* A superblock that is none any more: it is named, not opened. */
	fd = open("dev.img", O_WRONLY | O_CLOEXEC);
	CHECK_EQ(pwrite(fd, "xyz", 3, 40), 3);
	close(fd);
	CHECK_EQ(famfs_device_get(ctx, "dev.img", &device, &err), 0);
	CHECK_EQ(device.content, FAMFS_CONTENT_DAMAGED);
	CHECK(device.what[0] != '\0');
	scratch_image("short.img", 100);
	CHECK_EQ(famfs_device_get(ctx, "short.img", &device, &err), 0);
	CHECK_EQ(device.content, FAMFS_CONTENT_NONE);
	scratch_image("empty.img", 0);
	CHECK_EQ(famfs_device_get(ctx, "empty.img", &device, &err), 0);
	CHECK_EQ(device.content, FAMFS_CONTENT_NONE);
	CHECK_EQ(famfs_device_get(ctx, "dev.img@4M", &device, &err), 0);
	CHECK_EQ(device.size, 12 << 20);
	famfs_ctx_free(ctx);
}

UNIT_MAIN

/* SPDX-License-Identifier: Apache-2.0 */
/* Physical addresses by a tree that stands for /sys. */
#include <errno.h>
#include <sys/sysmacros.h>

#include "fs.h"
#include "unit.h"
#include "scratch.h"

#define GIB (1ULL << 30)

static struct famfs_ctx *rooted(void)
{
	struct famfs_ctx *ctx = NULL;
	char root[PATH_MAX + 8];

	(void)snprintf(root, sizeof(root), "%s/root", scratch_dir);
	CHECK_EQ(famfs_ctx_new(&ctx), 0);
	CHECK_EQ(famfs_ctx_set_root(ctx, root), 0);
	return ctx;
}

/* A device with a node of its own on the bus. */
static void make_dax(const char *number, const char *name, const char *size, const char *resource)
{
	char path[128], text[32];

	scratch_dax(number, name, "device_dax", size);
	(void)snprintf(path, sizeof(path), "root/sys/devices/%s/align", name);
	scratch_file(path, "2097152\n");
	(void)snprintf(path, sizeof(path), "root/sys/devices/%s/resource", name);
	scratch_file(path, resource);
	(void)snprintf(path, sizeof(path), "root/sys/bus/dax/devices/%s/dev", name);
	(void)snprintf(text, sizeof(text), "%s\n", number);
	scratch_file(path, text);
}

static void add_mapping(const char *name, int nr, const char *start, const char *end)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "root/sys/devices/%s/mapping%d/start", name, nr);
	scratch_file(path, start);
	(void)snprintf(path, sizeof(path), "root/sys/devices/%s/mapping%d/end", name, nr);
	scratch_file(path, end);
}

/* The tests' device is /dev/null with another meaning: 1:3. */
static struct famfs null_fs(struct famfs_ctx *ctx, struct dev *dev)
{
	static char name[] = "/dev/null";
	struct famfs fs = { .ctx = ctx, .dev = dev };

	*dev = (struct dev){ .ctx = ctx, .kind = FAMFS_DEV_DAX, .name = name };
	dev->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CHECK(dev->fd >= 0);
	CHECK_EQ(dax_probe(ctx, makedev(1, 3), &dev->dax, NULL), 0);
	return fs;
}

UNIT_TEST(one_part)
{
	struct famfs_ctx *ctx = rooted();
	struct famfs_err err = { 0 };
	uint64_t at = 0, len = 0;
	struct famfs fs;
	struct dev dev;

	make_dax("1:3", "dax0.0", "2147483648\n", "0x240000000\n");
	fs = null_fs(ctx, &dev);
	CHECK_EQ(famfs_physical(&fs, 0x1300000, &at, &len, &err), 0);
	CHECK_EQ(at, 0x241300000);
	CHECK_EQ(len, 2 * GIB - 0x1300000);
	CHECK_EQ(famfs_physical(&fs, 2 * GIB - 1, &at, NULL, &err), 0);
	CHECK_EQ(famfs_physical(&fs, 2 * GIB, &at, NULL, &err), -ERANGE);
	CHECK_EQ(famfs_physical_off(&fs, 0x241300000, &at, &err), 0);
	CHECK_EQ(at, 0x1300000);
	CHECK_EQ(famfs_physical_off(&fs, 0x240000000 + 2 * GIB - 1, &at, &err), 0);
	CHECK_EQ(famfs_physical_off(&fs, 0x240000000 + 2 * GIB, &at, &err), -ERANGE);
	CHECK_EQ(famfs_physical_off(&fs, 0x23fffffff, &at, &err), -ERANGE);
	CHECK_HAS(err.message, "0x23fffffff is not in it");
	close(dev.fd);
	famfs_ctx_free(ctx);
}

/* The parts follow each other in the device, wherever they lie. */
UNIT_TEST(several_parts)
{
	struct famfs_ctx *ctx = rooted();
	uint64_t at = 0, len = 0;
	struct famfs fs;
	struct dev dev;

	make_dax("1:3", "dax0.0", "2147483648\n", "0x240000000\n");
	add_mapping("dax0.0", 0, "0x240000000\n", "0x27fffffff\n");
	add_mapping("dax0.0", 1, "0x100000000\n", "0x13fffffff\n");
	fs = null_fs(ctx, &dev);
	CHECK_EQ(famfs_physical(&fs, GIB - 1, &at, &len, NULL), 0);
	CHECK_EQ(at, 0x27fffffff);
	CHECK_EQ(len, 1);
	CHECK_EQ(famfs_physical(&fs, GIB + 5, &at, &len, NULL), 0);
	CHECK_EQ(at, 0x100000005);
	CHECK_EQ(len, GIB - 5);
	CHECK_EQ(famfs_physical_off(&fs, 0x100000005, &at, NULL), 0);
	CHECK_EQ(at, GIB + 5);
	CHECK_EQ(famfs_physical_off(&fs, 0x280000000, &at, NULL), -ERANGE);
	close(dev.fd);
	/* A list that does not make up the device is not believed. */
	add_mapping("dax0.0", 1, "0x100000000\n", "0x13ffffffe\n");
	fs = null_fs(ctx, &dev);
	CHECK_EQ(famfs_physical(&fs, GIB + 5, &at, &len, NULL), 0);
	CHECK_EQ(at, 0x240000005 + GIB);
	close(dev.fd);
	famfs_ctx_free(ctx);
}

UNIT_TEST(nothing_known)
{
	struct famfs_ctx *ctx = rooted();
	struct famfs_err err = { 0 };
	uint64_t at = 7;
	struct famfs fs;
	struct dev dev;

	make_dax("1:3", "dax0.0", "2147483648\n", "0x0\n");
	add_mapping("dax0.0", 0, "\n", "\n");
	fs = null_fs(ctx, &dev);
	CHECK_EQ(famfs_physical(&fs, 0, &at, NULL, &err), -ENODATA);
	CHECK_HAS(err.hint, "root");
	CHECK_EQ(famfs_physical_off(&fs, 0x240000000, &at, &err), -ENODATA);
	CHECK_EQ(at, 7);
	close(dev.fd);
	famfs_ctx_free(ctx);
}

UNIT_TEST(the_device_of_an_address)
{
	struct famfs_ctx *ctx = rooted();
	struct famfs_err err = { 0 };
	char device[32] = "untouched";

	make_dax("252:0", "dax1.0", "1073741824\n", "0x400000000\n");
	make_dax("252:1", "dax2.0", "1073741824\n", "0x500000000\n");
	scratch_file("root/sys/bus/dax/devices/dax3.0/dev", "nonsense\n");
	CHECK_EQ(famfs_physical_device(ctx, 0x500000000, device, sizeof(device), &err), 0);
	CHECK_STR(device, "/dev/dax2.0");
	CHECK_EQ(famfs_physical_device(ctx, 0x43fffffff, device, sizeof(device), &err), 0);
	CHECK_STR(device, "/dev/dax1.0");
	CHECK_EQ(famfs_physical_device(ctx, 0x440000000, device, sizeof(device), &err), -ENODATA);
	CHECK_STR(err.object, "0x440000000");
	CHECK_EQ(famfs_physical_device(ctx, 0x400000000, device, 5, &err), -ENAMETOOLONG);
	famfs_ctx_free(ctx);
}

UNIT_MAIN

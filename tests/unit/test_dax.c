/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/sysmacros.h>

#include "dax.h"
#include "unit.h"
#include "scratch.h"

static struct famfs_ctx *rooted(void)
{
	struct famfs_ctx *ctx = NULL;
	char root[PATH_MAX + 8];

	(void)snprintf(root, sizeof(root), "%s/root", scratch_dir);
	CHECK_EQ(famfs_ctx_new(&ctx), 0);
	CHECK_EQ(famfs_ctx_set_root(ctx, root), 0);
	return ctx;
}

static const struct {
	const char *number, *name, *driver;
	enum famfs_mode mode;
	int rc;
	const char *message, *hint;
} modes[] = {
	{ "252:0", "dax0.0", "device_dax", FAMFS_MODE_DEVDAX, 0, "", "" },
	{ "252:1", "dax1.0", "fsdev_dax", FAMFS_MODE_FAMFS, -ENOTSUP, "famfs mode",
	  "unmount it, then: echo dax1.0 > /sys/bus/dax/drivers/fsdev_dax/unbind; "
	  "echo dax1.0 > /sys/bus/dax/drivers/device_dax/bind" },
	{ "252:2", "dax2.1", "kmem", FAMFS_MODE_SYSTEM_RAM, -ENOTSUP, "system-ram mode",
	  "daxctl reconfigure-device --mode=devdax --force dax2.1" },
	{ "252:3", "dax3.0", NULL, FAMFS_MODE_UNBOUND, -ENODEV, "no driver",
	  "echo dax3.0 > /sys/bus/dax/drivers/device_dax/bind" },
	{ "252:4", "dax4.0", "novel", FAMFS_MODE_OTHER, -ENOTSUP, "driver novel",
	  "echo dax4.0 > /sys/bus/dax/drivers/novel/unbind; "
	  "echo dax4.0 > /sys/bus/dax/drivers/device_dax/bind" },
};

UNIT_TEST(modes_by_driver)
{
	struct famfs_ctx *ctx = rooted();

	for (unsigned int i = 0; i < UNIT_NR(modes); i++) {
		struct famfs_err err = { 0 };
		struct dax_info info;

		UNIT_ROW("%s", modes[i].name);
		scratch_dax(modes[i].number, modes[i].name, modes[i].driver, NULL);
		CHECK(dax_is_device(ctx, makedev(252, i)));
		CHECK_EQ(dax_mode(ctx, makedev(252, i), &info, &err), 0);
		CHECK_EQ(info.mode, modes[i].mode);
		CHECK_STR(info.name, modes[i].name);
		CHECK_STR(info.driver, modes[i].driver ? modes[i].driver : "");
		CHECK_EQ(dax_require_devdax(&info, "/dev/x", &err), modes[i].rc);
		if (modes[i].rc == 0)
			continue;
		CHECK_STR(err.object, "/dev/x");
		CHECK_HAS(err.message, modes[i].message);
		CHECK_HAS(err.hint, modes[i].hint);
	}
	famfs_ctx_free(ctx);
}

UNIT_TEST(other_devices_are_no_dax)
{
	struct famfs_ctx *ctx = rooted();
	struct dax_info info;
	struct famfs_err err;

	scratch_link("root/sys/dev/char/1:3", "../../devices/null");
	scratch_link("root/sys/devices/null/subsystem", "../../class/mem");
	CHECK(!dax_is_device(ctx, makedev(1, 3)));
	CHECK(!dax_is_device(ctx, makedev(77, 7)));
	CHECK_EQ(dax_mode(ctx, makedev(77, 7), &info, &err), -ENODEV);
	CHECK_HAS(err.object, "77:7");
	famfs_ctx_free(ctx);
}

UNIT_TEST(probe_reads_sysfs)
{
	struct famfs_ctx *ctx = rooted();
	struct famfs_err err;
	struct dax_info info;

	scratch_dax("252:10", "dax10.0", "device_dax", "8589934592\n");
	scratch_file("root/sys/devices/dax10.0/align", "1073741824\n");
	scratch_file("root/sys/devices/dax10.0/resource", "0x240000000\n");
	scratch_file("root/sys/devices/dax10.0/target_node", "3\n");
	CHECK_EQ(dax_probe(ctx, makedev(252, 10), &info, &err), 0);
	CHECK_EQ(info.size, 8ULL << 30);
	CHECK_EQ(info.align, 1ULL << 30);
	CHECK_EQ(info.resource, 0x240000000);
	CHECK_EQ(info.numa_node, 3);
	/* Who is not root reads zero; a node may be unknown. */
	scratch_file("root/sys/devices/dax10.0/resource", "0x0\n");
	scratch_file("root/sys/devices/dax10.0/target_node", "-1\n");
	CHECK_EQ(dax_probe(ctx, makedev(252, 10), &info, &err), 0);
	CHECK_EQ(info.resource, FAMFS_NONE);
	CHECK_EQ(info.numa_node, -1);
	famfs_ctx_free(ctx);
}

UNIT_TEST(probe_refuses_nonsense)
{
	static const struct {
		const char *size, *align;
		int rc;
	} rows[] = {
		{ "0\n", "2097152\n", -ENODEV },
		{ "4096\n", "0\n", -ENODEV },
		{ "4096\n", "3000000\n", -ENODEV },
		{ "4096\n", "2048\n", -ENODEV },
		{ "-5\n", "4096\n", -EINVAL },
		{ "many\n", "4096\n", -EINVAL },
		{ "99999999999999999999\n", "4096\n", -EINVAL },
		{ "", "4096\n", -EINVAL },
		{ "4096 4096\n", "4096\n", -EINVAL },
	};
	struct famfs_ctx *ctx = rooted();

	for (unsigned int i = 0; i < UNIT_NR(rows); i++) {
		struct dax_info info = { .size = 77 };
		struct famfs_err err;

		UNIT_ROW("size %s align %s", rows[i].size, rows[i].align);
		scratch_dax("252:11", "dax11.0", "device_dax", rows[i].size);
		scratch_file("root/sys/devices/dax11.0/align", rows[i].align);
		CHECK_EQ(dax_probe(ctx, makedev(252, 11), &info, &err), rows[i].rc);
		CHECK_EQ(info.size, 77);
		CHECK(err.message[0] != '\0');
	}
	famfs_ctx_free(ctx);
}

UNIT_TEST(probe_without_attributes)
{
	struct famfs_ctx *ctx = rooted();
	struct dax_info info;
	struct famfs_err err;

	scratch_dax("252:12", "dax12.0", "device_dax", NULL);
	CHECK_EQ(dax_probe(ctx, makedev(252, 12), &info, &err), -ENOENT);
	CHECK_HAS(err.message, "size");
	scratch_file("root/sys/devices/dax12.0/size", "4194304\n");
	CHECK_EQ(dax_probe(ctx, makedev(252, 12), &info, &err), -ENOENT);
	CHECK_HAS(err.message, "alignment");
	famfs_ctx_free(ctx);
}

/* libdaxctl itself, on the host as it is: a device that is not there must not become one. */
UNIT_TEST(probe_asks_the_library)
{
	struct famfs_ctx *ctx = NULL;
	struct dax_info info;
	struct famfs_err err;

	CHECK_EQ(famfs_ctx_new(&ctx), 0);
	CHECK(!dax_is_device(ctx, makedev(1, 3)));
	CHECK(dax_probe(ctx, makedev(1, 3), &info, &err) < 0);
	CHECK(err.message[0] != '\0');
	famfs_ctx_free(ctx);
}

UNIT_TEST(disk_names_its_namespace)
{
	struct famfs_ctx *ctx = rooted();
	char name[64];

	scratch_link("root/sys/dev/block/259:0", "../../devices/r0/namespace0.0/block/pmem0");
	scratch_link("root/sys/devices/r0/namespace0.0/block/pmem0/device",
		     "../../../namespace0.0");
	CHECK_EQ(dax_block_namespace(ctx, makedev(259, 0), name, sizeof(name)), 0);
	CHECK_STR(name, "namespace0.0");
	/* fsdax: the disk belongs to a pfn device. */
	scratch_link("root/sys/dev/block/259:1", "../../devices/r1/pfn1.0/block/pmem1");
	scratch_link("root/sys/devices/r1/pfn1.0/block/pmem1/device", "../../../pfn1.0");
	scratch_file("root/sys/devices/r1/pfn1.0/namespace", "namespace1.0\n");
	CHECK_EQ(dax_block_namespace(ctx, makedev(259, 1), name, sizeof(name)), 0);
	CHECK_STR(name, "namespace1.0");
	scratch_link("root/sys/dev/block/8:0", "../../devices/s/block/sda");
	scratch_link("root/sys/devices/s/block/sda/device", "../../../0:0:0:0");
	CHECK(dax_block_namespace(ctx, makedev(8, 0), name, sizeof(name)) < 0);
	CHECK(dax_block_namespace(ctx, makedev(8, 1), name, sizeof(name)) < 0);
	famfs_ctx_free(ctx);
}

struct ranges {
	unsigned int nr;
	uint64_t off[8], len[8];
};

static void collect(void *data, uint64_t off, uint64_t len)
{
	struct ranges *r = data;

	if (r->nr < UNIT_NR(r->off)) {
		r->off[r->nr] = off;
		r->len[r->nr] = len;
	}
	r->nr++;
}

/*
 * The region begins at 4 GiB, the device 2 MiB behind that and is 1 MiB long. In turn: before it,
 * reaching into it, inside, reaching out of it, behind it, and numbers that overflow.
 */
UNIT_TEST(media_errors_are_clipped)
{
	struct famfs_ctx *ctx = rooted();
	struct dax_info info = { .name = "dax0.0", .size = 1 << 20, .resource = 0x100200000 };
	struct ranges r = { 0 };

	scratch_file("root/sys/bus/nd/devices/region0/resource", "0x100000000\n");
	scratch_file("root/sys/bus/nd/devices/region0/size", "4294967296\n");
	scratch_file("root/sys/bus/nd/devices/region0/badblocks",
		     "0 8\n4090 10\n4104 1\n6142 100\n6144 1\n18446744073709551615 1\n"
		     "1 18446744073709551615\n");
	scratch_file("root/sys/bus/nd/devices/region1/resource", "0x200000000\n");
	scratch_file("root/sys/bus/nd/devices/region1/size", "4294967296\n");
	scratch_file("root/sys/bus/nd/devices/region1/badblocks", "4096 8\n");
	scratch_file("root/sys/bus/nd/devices/ndbus0/provider", "x\n");
	CHECK_EQ(dax_media_errors(ctx, &info, collect, &r, NULL), 0);
	CHECK_EQ(r.nr, 3);
	CHECK_EQ(r.off[0], 0);
	CHECK_EQ(r.len[0], 4 * 512);
	CHECK_EQ(r.off[1], 8 * 512);
	CHECK_EQ(r.len[1], 512);
	CHECK_EQ(r.off[2], (1 << 20) - 1024);
	CHECK_EQ(r.len[2], 1024);
	/* Garbage ends the list; nothing is made up. */
	r.nr = 0;
	scratch_file("root/sys/bus/nd/devices/region0/badblocks", "garbage\n4104 1\n");
	CHECK_EQ(dax_media_errors(ctx, &info, collect, &r, NULL), 0);
	CHECK_EQ(r.nr, 0);
	famfs_ctx_free(ctx);
}

UNIT_TEST(media_errors_of_an_unknown_place)
{
	struct famfs_ctx *ctx = rooted();
	struct dax_info info = { .name = "dax0.0", .size = 1 << 20, .resource = FAMFS_NONE };
	struct ranges r = { 0 };

	CHECK_EQ(dax_media_errors(ctx, &info, collect, &r, NULL), 0);
	CHECK_EQ(r.nr, 0);
	famfs_ctx_free(ctx);
	/* On the host as it is, by libndctl where there is such a bus: no memory at address 1. */
	CHECK_EQ(famfs_ctx_new(&ctx), 0);
	info.resource = 1;
	CHECK_EQ(dax_media_errors(ctx, &info, collect, &r, NULL), 0);
	CHECK_EQ(r.nr, 0);
	famfs_ctx_free(ctx);
}

UNIT_MAIN

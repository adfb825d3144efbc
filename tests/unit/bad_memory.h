/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No image has media errors: it plays a device whose region, in a tree of files, has bad sectors.
 * Include behind unit.h, scratch.h and image.h.
 */
#ifndef FAMFS_TESTS_BAD_MEMORY_H
#define FAMFS_TESTS_BAD_MEMORY_H

#include "fs.h"

#define BAD_REGION "root/sys/bus/nd/devices/region0/"
#define BAD_RES    0x100000000ULL

/* 512-byte sectors of the region, which begins 2 MiB below the device and goes on behind it. */
static inline void bad_set(const char *text)
{
	scratch_file(BAD_REGION "resource", "0xffe00000\n");
	scratch_file(BAD_REGION "size", "134217728\n");
	scratch_file(BAD_REGION "badblocks", text);
}

/* The line for @len bytes of the device. */
static inline const char *bad_sectors(uint64_t off, uint64_t len)
{
	static char line[64];

	(void)snprintf(line, sizeof(line), "%llu %llu\n", (unsigned long long)(off + 2 * MIB) / 512,
		       (unsigned long long)len / 512);
	return line;
}

static inline struct famfs *bad_open(struct famfs_ctx *ctx, const char *name)
{
	struct famfs *fs = image_open(ctx, name, FAMFS_OPEN_WRITE);
	char root[PATH_MAX + 8];

	if (!CHECK(fs != NULL) || !CHECK_EQ(dev_map(fs->dev, fs->dev->size, NULL), 0))
		exit(1);
	(void)snprintf(root, sizeof(root), "%s/root", scratch_dir);
	CHECK_EQ(famfs_ctx_set_root(ctx, root), 0);
	fs->dev->kind = FAMFS_DEV_DAX;
	fs->dev->dax = (struct dax_info){
		.name = "dax0.0",
		.size = fs->dev->size,
		.resource = BAD_RES,
	};
	return fs;
}

static inline void bad_close(struct famfs *fs)
{
	fs->dev->kind = FAMFS_DEV_IMAGE;
	CHECK_EQ(famfs_ctx_set_root(fs->ctx, NULL), 0);
	famfs_close(fs);
}

#endif

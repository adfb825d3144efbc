/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of a device in system-ram mode, block by block. By sysfs alone: the guardian, who was
 * forked from a process with threads, cannot load a library.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dax_impl.h"
#include "err.h"
#include "mode_impl.h"

#define MEMORY "/sys/devices/system/memory"

struct blocks {
	uint64_t first, end;
};

/* Hexadecimal, without 0x. */
static uint64_t block_size(const struct famfs_ctx *ctx)
{
	char text[32];
	char *end;
	uint64_t size;

	if (dax_sysfs_text(ctx, MEMORY "/block_size_bytes", text, sizeof(text)) < 0)
		return 0;
	size = strtoull(text, &end, 16);
	return *end || end == text ? 0 : size;
}

/* The whole blocks of the device's ranges: the kernel takes no others. Return: how many ranges. */
static int find_blocks(const struct famfs_ctx *ctx, dev_t rdev,
		       struct blocks blocks[DAX_RANGES_MAX])
{
	struct dax_range ranges[DAX_RANGES_MAX];
	uint64_t size = block_size(ctx), end;
	struct dax_info info;
	uint32_t nr;
	int rc = dax_describe(ctx, rdev, &info, NULL);

	if (rc < 0)
		return rc;
	nr = size ? dax_ranges(ctx, rdev, &info, ranges) : 0;
	for (uint32_t i = 0; i < nr; i++) {
		if (__builtin_add_overflow(ranges[i].address, ranges[i].len, &end))
			return -ENODATA;
		blocks[i].first = ranges[i].address / size + (ranges[i].address % size != 0);
		blocks[i].end = end / size;
	}
	return nr ? (int)nr : -ENODATA;
}

static int read_block(const struct famfs_ctx *ctx, uint64_t block, const char *attr, char *buf,
		      size_t len)
{
	char path[96];

	(void)snprintf(path, sizeof(path), MEMORY "/memory%" PRIu64 "/%s", block, attr);
	return dax_sysfs_text(ctx, path, buf, len);
}

static bool is_online(const struct famfs_ctx *ctx, uint64_t block)
{
	char text[32];

	return read_block(ctx, block, "state", text, sizeof(text)) == 0 && !strcmp(text, "online");
}

/* Stores @state to each block that is online, or not, as @online says. */
static int each_block(const struct famfs_ctx *ctx, dev_t rdev, bool online, const char *state)
{
	struct blocks blocks[DAX_RANGES_MAX];
	int rc = 0, nr = find_blocks(ctx, rdev, blocks);
	char path[96];

	for (int i = 0; i < nr && !rc; i++) {
		for (uint64_t block = blocks[i].first; block < blocks[i].end && !rc; block++) {
			if (is_online(ctx, block) != online)
				continue;
			(void)snprintf(path, sizeof(path), MEMORY "/memory%" PRIu64 "/state",
				       block);
			rc = dax_sysfs_store(ctx, path, state);
			/* Blocks that the driver did not add are not there. */
			if (rc == -ENOENT && !online)
				rc = 0;
		}
	}
	return nr < 0 ? nr : rc;
}

int mode_memory_state(const struct famfs_ctx *ctx, dev_t rdev, char ret_state[24])
{
	struct blocks blocks[DAX_RANGES_MAX];
	int nr = find_blocks(ctx, rdev, blocks);
	const char *state = "offline";
	char zones[64];

	for (int i = 0; i < nr && !strcmp(state, "offline"); i++) {
		for (uint64_t block = blocks[i].first; block < blocks[i].end; block++) {
			if (!is_online(ctx, block))
				continue;
			state = read_block(ctx, block, "valid_zones", zones, sizeof(zones)) == 0 &&
						!strncmp(zones, "Movable", 7)
				      ? "online_movable"
				      : "online";
			break;
		}
	}
	(void)snprintf(ret_state, 24, "%s", state);
	return nr < 0 ? nr : 0;
}

int mode_memory_offline(const struct famfs_ctx *ctx, dev_t rdev, const char *state)
{
	int rc = each_block(ctx, rdev, true, "offline");

	if (rc < 0)
		(void)mode_memory_online(ctx, rdev, state);
	return rc;
}

int mode_memory_online(const struct famfs_ctx *ctx, dev_t rdev, const char *state)
{
	if (!strcmp(state, "offline"))
		return each_block(ctx, rdev, true, state);
	return each_block(ctx, rdev, false, state);
}

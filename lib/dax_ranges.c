/* SPDX-License-Identifier: Apache-2.0 */
/* Where the memory of a DAX device lies in the host's physical address space. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "dax_impl.h"
#include "err.h"

#define DEVICES "/sys/bus/dax/devices"

/* The kernel's list of the device's pieces, which only root may read. Return: how many. */
static uint32_t read_mappings(const struct famfs_ctx *ctx, dev_t rdev, uint64_t size,
			      struct dax_range ranges[DAX_RANGES_MAX])
{
	uint64_t start, end, sum = 0;
	char attr[32];
	uint32_t nr;

	for (nr = 0; nr < DAX_RANGES_MAX; nr++) {
		(void)snprintf(attr, sizeof(attr), "mapping%u/start", nr);
		if (dax_node_u64(ctx, rdev, attr, &start))
			break;
		(void)snprintf(attr, sizeof(attr), "mapping%u/end", nr);
		if (dax_node_u64(ctx, rdev, attr, &end) || end < start || end - start >= size - sum)
			break;
		ranges[nr] = (struct dax_range){ start, end - start + 1 };
		sum += ranges[nr].len;
	}
	return nr;
}

uint32_t dax_ranges(const struct famfs_ctx *ctx, dev_t rdev, const struct dax_info *info,
		    struct dax_range ranges[DAX_RANGES_MAX])
{
	struct dax_range mappings[DAX_RANGES_MAX];
	uint32_t nr = read_mappings(ctx, rdev, info->size, mappings);
	uint64_t sum = 0;

	for (uint32_t i = 0; i < nr; i++)
		sum += mappings[i].len;
	if (sum == info->size) {
		memcpy(ranges, mappings, nr * sizeof(*ranges));
		return nr;
	}
	if (info->resource == FAMFS_NONE || info->size > UINT64_MAX - info->resource)
		return 0;
	ranges[0] = (struct dax_range){ info->resource, info->size };
	return 1;
}

/* Does the device of this name have the address? */
static bool has_address(const struct famfs_ctx *ctx, const char *name, uint64_t address)
{
	struct dax_range ranges[DAX_RANGES_MAX];
	unsigned int number[2];
	struct dax_info info;
	char path[512], text[64];
	uint32_t nr;

	if (snprintf(path, sizeof(path), DEVICES "/%s/dev", name) >= (int)sizeof(path) ||
	    dax_sysfs_text(ctx, path, text, sizeof(text)) ||
	    sscanf(text, "%9u:%9u", &number[0], &number[1]) != 2 ||
	    dax_probe(ctx, makedev(number[0], number[1]), &info, NULL))
		return false;
	nr = dax_ranges(ctx, makedev(number[0], number[1]), &info, ranges);
	for (uint32_t i = 0; i < nr; i++)
		if (address >= ranges[i].address && address - ranges[i].address < ranges[i].len)
			return true;
	return false;
}

int dax_find_address(const struct famfs_ctx *ctx, uint64_t address, char *ret_name, size_t len)
{
	char path[PATH_MAX];
	struct dirent *entry;
	int rc = ctx_path(ctx, DEVICES, path, sizeof(path));
	DIR *dir = rc ? NULL : opendir(path);

	if (!dir)
		return -ENODATA;
	rc = -ENODATA;
	while (rc == -ENODATA && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || !has_address(ctx, entry->d_name, address))
			continue;
		rc = strlen(entry->d_name) < len ? 0 : -ENAMETOOLONG;
		if (!rc)
			memcpy(ret_name, entry->d_name, strlen(entry->d_name) + 1);
	}
	(void)closedir(dir);
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Where the memory of a DAX device lies in the host's physical address space. */
#include <stdio.h>
#include <string.h>

#include "dax_impl.h"
#include "err.h"

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

struct search {
	const struct famfs_ctx *ctx;
	uint64_t address;
	char *name;
	size_t len;
};

/* Does this device have the address? */
static int try_device(void *data, const char *name, dev_t rdev)
{
	struct dax_range ranges[DAX_RANGES_MAX];
	const struct search *search = data;
	struct dax_info info;
	uint32_t nr;

	if (dax_probe(search->ctx, rdev, &info, NULL))
		return 0;
	nr = dax_ranges(search->ctx, rdev, &info, ranges);
	for (uint32_t i = 0; i < nr; i++) {
		if (search->address < ranges[i].address ||
		    search->address - ranges[i].address >= ranges[i].len)
			continue;
		if (strlen(name) >= search->len)
			return -ENAMETOOLONG;
		memcpy(search->name, name, strlen(name) + 1);
		return 1;
	}
	return 0;
}

int dax_find_address(const struct famfs_ctx *ctx, uint64_t address, char *ret_name, size_t len)
{
	struct search search = { ctx, address, ret_name, len };
	int rc = dax_each(ctx, try_device, &search);

	if (rc == -ENAMETOOLONG)
		return rc;
	return rc > 0 ? 0 : -ENODATA;
}

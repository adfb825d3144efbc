/* SPDX-License-Identifier: Apache-2.0 */
/* The generations of the kernel's interface (FMAP.md 1). */
#include <string.h>

#include "fmap_wire.h"

enum { WIRES = 2 };

const struct famfs_wire fmap_wires[WIRES] = {
	[FAMFS_WIRE_V1] = {
		.name = "v1",
		.get_fmap = 54,
		.get_daxdev = 55,
		.init_flag = 1ULL << 43,
		.interleaved = true,
		.extents_max = FMAP_V1_EXTENTS_MAX,
		.strips_max = FMAP_V1_STRIPS_MAX,
		.message_max = FAMFS_FMAP_V1_MAX,
		.devindex_max = 0,
	},
	[FAMFS_WIRE_V2] = {
		.name = "v2",
		.get_fmap = 54,
		.has_fmap_size = true,
		.extents_max = 524288,
		.message_max = 16 << 20,
		.devindex_max = 63,
	},
};

const struct famfs_wire *famfs_wire(enum famfs_wire_id id)
{
	return (unsigned int)id < WIRES ? &fmap_wires[id] : NULL;
}

const struct famfs_wire *famfs_wire_find(const char *name)
{
	for (int i = 0; i < WIRES; i++)
		if (!strcmp(fmap_wires[i].name, name))
			return &fmap_wires[i];
	return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What the firmware says about the memory of a NUMA node. */
#include <stdio.h>
#include <string.h>

#include "dax_impl.h"

/* The attributes come together or not at all. */
static bool read_class(const struct famfs_ctx *ctx, int node, int access, struct dax_speed *speed)
{
	const struct {
		const char *name;
		uint64_t *value;
	} attrs[] = {
		{ "read_bandwidth", &speed->read_bandwidth },
		{ "write_bandwidth", &speed->write_bandwidth },
		{ "read_latency", &speed->read_latency },
		{ "write_latency", &speed->write_latency },
	};
	char path[128];
	bool any = false;

	for (size_t i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++) {
		(void)snprintf(path, sizeof(path),
			       "/sys/devices/system/node/node%d/access%d/initiators/%s", node,
			       access, attrs[i].name);
		any |= dax_sysfs_u64(ctx, path, attrs[i].value) == 0;
	}
	return any;
}

/* Class 1 is seen from the CPUs, class 0 from whatever is nearest. */
void dax_node_speed(const struct famfs_ctx *ctx, int node, struct dax_speed *ret_speed)
{
	memset(ret_speed, 0, sizeof(*ret_speed));
	if (node >= 0 && !read_class(ctx, node, 1, ret_speed))
		(void)read_class(ctx, node, 0, ret_speed);
}

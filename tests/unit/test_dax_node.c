/* SPDX-License-Identifier: Apache-2.0 */
#include "ctx.h"
#include "dax.h"
#include "unit.h"
#include "scratch.h"

#define NODE "root/sys/devices/system/node/"

static struct dax_speed speed_of(int node)
{
	struct dax_speed speed = { 1, 2, 3, 4 };
	struct famfs_ctx *ctx = NULL;
	char root[PATH_MAX + 8];

	(void)snprintf(root, sizeof(root), "%s/root", scratch_dir);
	CHECK_EQ(famfs_ctx_new(&ctx), 0);
	CHECK_EQ(famfs_ctx_set_root(ctx, root), 0);
	dax_node_speed(ctx, node, &speed);
	famfs_ctx_free(ctx);
	return speed;
}

static void speed_is(int node, struct dax_speed want)
{
	struct dax_speed got = speed_of(node);

	UNIT_ROW("node %d", node);
	CHECK_EQ(got.read_bandwidth, want.read_bandwidth);
	CHECK_EQ(got.write_bandwidth, want.write_bandwidth);
	CHECK_EQ(got.read_latency, want.read_latency);
	CHECK_EQ(got.write_latency, want.write_latency);
}

UNIT_TEST(what_sysfs_tells)
{
	scratch_file(NODE "node2/access0/initiators/read_bandwidth", "9000\n");
	scratch_file(NODE "node2/access1/initiators/read_bandwidth", "12000\n");
	scratch_file(NODE "node2/access1/initiators/write_bandwidth", "8000\n");
	scratch_file(NODE "node2/access1/initiators/read_latency", "250\n");
	scratch_file(NODE "node2/access1/initiators/write_latency", "300\n");
	scratch_file(NODE "node3/access0/initiators/read_bandwidth", "500\n");
	scratch_file(NODE "node4/access1/initiators/read_bandwidth", "fast\n");
	scratch_file(NODE "node4/access1/initiators/write_bandwidth", "-1\n");
	speed_is(2, (struct dax_speed){ 12000, 8000, 250, 300 });
	speed_is(3, (struct dax_speed){ .read_bandwidth = 500 });
	speed_is(4, (struct dax_speed){ 0 });
	speed_is(5, (struct dax_speed){ 0 });
	speed_is(-1, (struct dax_speed){ 0 });
}

UNIT_MAIN

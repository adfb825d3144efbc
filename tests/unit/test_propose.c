/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "scratch.h"
#include "image.h"
#include "create.h"

#define MAX 5

/* The rows are possible, differ, and come in order; figures and words are those of the plan. */
static void judge_rows(struct famfs *fs, uint64_t size, const struct famfs_proposal *rows,
		       size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		const struct famfs_geometry *g = &rows[i].plan.geometry;
		struct famfs_create_req req = {
			.size = size,
			.nstrips = g->nstrips,
			.nbuckets = g->nbuckets,
			.chunk_size = g->chunk_size,
		};
		struct famfs_plan plan;

		CHECK_EQ(famfs_plan(fs, &req, &plan, NULL), 0);
		CHECK_MEM(&plan, &rows[i].plan, sizeof(plan));
		CHECK_EQ(rows[i].parallel, size * 100 / plan.fullest);
		CHECK(rows[i].score <= rows[i].parallel);
		CHECK(rows[i].why[0]);
		/* No strip is taken for nothing. */
		CHECK(!g->nstrips || (size + g->chunk_size - 1) / g->chunk_size >= g->nstrips);
		if (i + 1 < nr && rows[i + 1].plan.geometry.nstrips)
			CHECK(rows[i].score >= rows[i + 1].score);
		for (size_t j = 0; j < i; j++)
			CHECK(rows[j].plan.geometry.nstrips != g->nstrips);
	}
}

UNIT_TEST(many_sizes)
{
	struct famfs_proposal *rows = calloc(MAX, sizeof(*rows));
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs;
	size_t nr;

	image_make(ctx, "a.img", 512 * AU, IMAGE_LOG_LEN);
	fs = image_open(ctx, "a.img", 0);
	REQUIRE(fs && rows);
	for (uint64_t size = 1; size < 510 * AU; size = size * 5 / 3 + 1) {
		UNIT_ROW("%" PRIu64 " bytes", size);
		CHECK_EQ(famfs_propose(fs, size, rows, MAX, &nr, NULL), 0);
		REQUIRE(nr >= 1 && nr <= MAX);
		judge_rows(fs, size, rows, nr);
		/* In one place where there is one chunk, else interleaved. */
		CHECK_EQ(rows[0].plan.geometry.nstrips > 1, size > AU);
		CHECK_EQ(rows[nr - 1].plan.geometry.nstrips, 0);
	}
	CHECK_EQ(famfs_propose(fs, 24 * AU, rows, 1, &nr, NULL), 0);
	CHECK_EQ(nr, 1);
	famfs_close(fs);
	free(rows);
	famfs_ctx_free(ctx);
}

UNIT_TEST(the_right_one_for_known_sizes)
{
	static const struct {
		uint64_t size, nstrips, parallel;
		const char *why;
	} sizes[] = {
		{ AU, 0, 100, "lies in one place anyway" },
		{ 2 * AU, 2, 200, "like 2.0 strips at work at once, each with 1 chunk of 2.0M" },
		{ 5 * AU / 2, 3, 250, "like 2.5 strips at work at once" },
		{ 12 * AU, 12, 1200, "nothing wasted" },
		{ 32 * AU, 16, 1600, "each with 2 chunks of 2.0M; nothing wasted" },
		{ 33 * AU, 12, 1100, "each with 2 or 3 chunks of 2.0M; 6.0M wasted" },
	};
	struct famfs_proposal *rows = calloc(MAX, sizeof(*rows));
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs;
	size_t nr;

	image_make(ctx, "a.img", 512 * AU, IMAGE_LOG_LEN);
	fs = image_open(ctx, "a.img", 0);
	REQUIRE(fs && rows);
	for (size_t i = 0; i < UNIT_NR(sizes); i++) {
		UNIT_ROW("%" PRIu64 " bytes", sizes[i].size);
		CHECK_EQ(famfs_propose(fs, sizes[i].size, rows, MAX, &nr, NULL), 0);
		CHECK_EQ(rows[0].plan.geometry.nstrips, sizes[i].nstrips);
		CHECK_EQ(rows[0].parallel, sizes[i].parallel);
		CHECK_HAS(rows[0].why, sizes[i].why);
	}
	famfs_close(fs);
	free(rows);
	famfs_ctx_free(ctx);
}

/* One bucket of many is full: strips are found in others, and that is said. */
UNIT_TEST(fragmented)
{
	struct famfs_create_req req = create_req("f", 100 * AU);
	struct famfs_proposal *rows = calloc(MAX, sizeof(*rows));
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_err err = { 0 };
	struct famfs *fs;
	size_t nr = 99;

	image_make(ctx, "a.img", 128 * AU, IMAGE_LOG_LEN);
	req.flags = FAMFS_CREATE_NO_ZERO;
	fs = image_open(ctx, "a.img", FAMFS_OPEN_WRITE);
	REQUIRE(fs && rows);
	CHECK_EQ(famfs_create(fs, &req, 1, NULL, NULL), 0);
	CHECK_EQ(famfs_propose(fs, 8 * AU, rows, MAX, &nr, NULL), 0);
	judge_rows(fs, 8 * AU, rows, nr);
	CHECK(rows[0].plan.geometry.nbuckets > rows[0].plan.geometry.nstrips);
	CHECK_HAS(rows[0].why, "in the emptiest of");
	nr = 99;
	CHECK_EQ(famfs_propose(fs, 100 * AU, rows, MAX, &nr, &err), -ENOSPC);
	CHECK_HAS(err.message, "no space");
	CHECK_EQ(nr, 99);
	famfs_close(fs);
	free(rows);
	famfs_ctx_free(ctx);
}

UNIT_TEST(nothing_is_known_of_the_memory_of_an_image)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_memory memory = { .read_latency = 9 };
	struct famfs *fs;

	image_make(ctx, "a.img", 16 * AU, IMAGE_LOG_LEN);
	fs = image_open(ctx, "a.img", 0);
	REQUIRE(fs);
	famfs_memory(fs, &memory);
	CHECK_EQ(memory.numa_node, -1);
	CHECK_EQ(memory.read_bandwidth, 0);
	CHECK_EQ(memory.read_latency, 0);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_MAIN

/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "scratch.h"
#include "image.h"
#include "create.h"

static uint64_t state = 88172645463325252ULL;

static uint64_t rnd(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

/* Mostly geometries that a device of some 100 AUs can take, some that nothing can. */
static struct famfs_create_req random_req(const char *path)
{
	struct famfs_create_req req = create_req(path, 1 + rnd((1 + rnd(24)) * AU));

	req.flags = FAMFS_CREATE_NO_ZERO;
	if (rnd(12) == 0)
		req.size = rnd(2) ? rnd(200 * AU) + 1 : UINT64_MAX - rnd(3);
	if (rnd(4) == 0) {
		req.flags |= rnd(2) ? FAMFS_CREATE_CONTIGUOUS : 0;
		return req;
	}
	if (rnd(4))
		req.nstrips = rnd(rnd(8) ? 7 : 20);
	if (rnd(4))
		req.nbuckets = rnd(rnd(8) ? 12 : 70);
	if (rnd(2))
		req.chunk_size = (rnd(8) ? AU : AU / 2) << rnd(4);
	return req;
}

static void same_map(const struct famfs_entry *a, const struct famfs_entry *b)
{
	CHECK_EQ(a->size, b->size);
	CHECK_EQ(a->ext_type, b->ext_type);
	CHECK_EQ(a->nextents, b->nextents);
	CHECK_EQ(a->nstrips, b->nstrips);
	CHECK_EQ(a->chunk_size, b->chunk_size);
	CHECK_EQ(a->extents_nr, b->extents_nr);
	CHECK_MEM(a->extents, b->extents, sizeof(a->extents));
}

/* What follows from the map, counted again. */
static void judge_plan(const struct famfs_plan *plan, const struct famfs_create_req *req,
		       const struct famfs_info *info)
{
	uint64_t taken = 0;

	for (uint32_t i = 0; i < plan->entry.extents_nr; i++)
		taken += plan->entry.extents[i].len;
	CHECK_EQ(plan->taken, taken);
	CHECK_EQ(plan->wasted, taken - req->size);
	CHECK_EQ(plan->free, info->free);
	CHECK_EQ(plan->largest_free, info->largest_free);
	if (plan->entry.ext_type != FAMFS_EXT_INTERLEAVE) {
		CHECK_EQ(plan->bucket_len, 0);
		return;
	}
	CHECK_EQ(plan->geometry.nstrips, plan->entry.nstrips);
	CHECK_EQ(plan->geometry.chunk_size, plan->entry.chunk_size);
	CHECK_EQ(plan->bucket_len, info->dev_size / AU / plan->geometry.nbuckets * AU);
	for (uint32_t i = 0; i < plan->entry.extents_nr; i++) {
		uint64_t from = plan->buckets[i] * plan->bucket_len;

		CHECK(plan->entry.extents[i].off >= from);
		CHECK(plan->entry.extents[i].off + plan->entry.extents[i].len <=
		      from + plan->bucket_len);
	}
}

/* A geometry that was refused: the nearest one must do, and the wish for strips counts most. */
static void judge_nearest(struct famfs_ctx *ctx, const struct famfs_create_req *req)
{
	struct famfs *fs = image_open(ctx, "a.img", 0);
	struct famfs_create_req near = *req;
	struct famfs_geometry got = { 77, 77, 77 };
	struct famfs_err err = { 0 };
	struct famfs_plan plan;
	int rc;

	REQUIRE(fs);
	rc = famfs_plan_nearest(fs, req, &got, &err);
	near.nstrips = got.nstrips;
	near.nbuckets = got.nbuckets;
	near.chunk_size = got.chunk_size;
	near.flags = 0;
	if (!rc) {
		CHECK_EQ(famfs_plan(fs, &near, &plan, NULL), 0);
		/* A geometry that is good already is nearest to itself. */
		CHECK_EQ(famfs_plan_nearest(fs, &near, &got, NULL), 0);
		CHECK_EQ(got.nstrips, near.nstrips);
		CHECK_EQ(got.nbuckets, near.nbuckets);
		CHECK_EQ(got.chunk_size, near.chunk_size);
	} else {
		CHECK_EQ(rc, -ENOSPC);
		CHECK_EQ(got.nstrips, 77);
		/* Then no other one does, either. */
		for (near.nstrips = 1; near.nstrips <= 16; near.nstrips++)
			for (near.nbuckets = near.nstrips; near.nbuckets <= 64; near.nbuckets++)
				for (near.chunk_size = AU; near.chunk_size <= 8 * AU;
				     near.chunk_size *= 2)
					if (near.chunk_size <= near.size)
						CHECK(famfs_plan(fs, &near, &plan, NULL));
	}
	famfs_close(fs);
}

/* Returns whether the file was made. */
static bool plan_then_create(struct famfs_ctx *ctx, const struct famfs_create_req *req, bool near)
{
	struct famfs_err why = { 0 }, said = { 0 };
	struct famfs_entry entry = { 0 };
	struct famfs_plan plan;
	struct famfs_info info;
	struct famfs *fs = image_open(ctx, "a.img", 0);
	int rc, planned;

	if (!fs)
		return false;
	planned = famfs_plan(fs, req, &plan, &why);
	famfs_close(fs);
	if (planned && near && (req->nstrips || req->nbuckets || req->chunk_size))
		judge_nearest(ctx, req);
	fs = image_open(ctx, "a.img", FAMFS_OPEN_WRITE);
	rc = famfs_create(fs, req, 1, NULL, &said);
	CHECK_EQ(planned, rc);
	CHECK_STR(why.message, said.message);
	CHECK_STR(why.hint, said.hint);
	if (!rc && !planned) {
		CHECK_EQ(famfs_lookup(fs, req->path, &entry, NULL), 0);
		CHECK_EQ(famfs_info(fs, &info, NULL), 0);
		same_map(&plan.entry, &entry);
		judge_plan(&plan, req, &info);
	}
	famfs_close(fs);
	return !rc;
}

UNIT_TEST(create_does_what_was_planned)
{
	static const uint64_t sizes[] = { 8 * AU, 40 * AU, 129 * AU + 12345, 320 * AU };
	struct famfs_ctx *ctx = image_ctx();
	int made = 0, refused = 0;
	char path[32];

	for (size_t i = 0; i < 12; i++) {
		image_make(ctx, "a.img", sizes[i % UNIT_NR(sizes)], IMAGE_LOG_LEN);
		for (int n = 0; n < 60; n++) {
			struct famfs_create_req req;

			(void)snprintf(path, sizeof(path), "f%d", n);
			req = random_req(path);
			UNIT_ROW("image %zu, file %d: %" PRIu64 " bytes, %" PRIu64 " %" PRIu64
				 " %" PRIu64 " flags %u",
				 i, n, req.size, req.nstrips, req.nbuckets, req.chunk_size,
				 req.flags);
			if (plan_then_create(ctx, &req, n % 10 == 0))
				made++;
			else
				refused++;
		}
		CHECK_EQ(image_check(ctx, "a.img", true), 0);
	}
	CHECK_MSG(made > 100 && refused > 100, "%d made, %d refused", made, refused);
	famfs_ctx_free(ctx);
}

UNIT_TEST(space_that_others_fill_is_not_free)
{
	struct famfs_create_req req = create_req("f", 4 * AU);
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_plan plan;
	struct famfs *fs;
	struct flock lock = { .l_type = F_WRLCK, .l_start = IMAGE_DATA, .l_len = 3 * AU };
	int fd;

	image_make(ctx, "a.img", 16 * AU, IMAGE_LOG_LEN);
	fs = image_open(ctx, "a.img", 0);
	fd = open("a.img", O_RDWR | O_CLOEXEC);
	REQUIRE(fs && fd >= 0);
	CHECK_EQ(fcntl(fd, F_OFD_SETLK, &lock), 0);
	CHECK_EQ(famfs_plan(fs, &req, &plan, NULL), 0);
	CHECK_EQ(plan.entry.extents[0].off, IMAGE_DATA + 3 * AU);
	CHECK_EQ(plan.free, 16 * AU - IMAGE_DATA - 7 * AU);
	close(fd);
	CHECK_EQ(famfs_plan(fs, &req, &plan, NULL), 0);
	CHECK_EQ(plan.entry.extents[0].off, IMAGE_DATA);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_TEST(what_create_refuses_is_refused)
{
	struct famfs_create_req req = create_req("f", AU);
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_entry odd = image_file("f", IMAGE_DATA, AU);
	struct famfs_err err = { 0 };
	struct famfs_geometry near;
	struct famfs_plan plan;
	struct famfs *fs;

	image_make(ctx, "a.img", 16 * AU, IMAGE_LOG_LEN);
	image_put("a.img", 0, &odd);
	image_u32("a.img", image_slot(0) + 8, 9);
	image_fix_entry("a.img", 0);
	image_counters("a.img", 1, 1);
	fs = image_open(ctx, "a.img", 0);
	REQUIRE(fs);
	CHECK_EQ(famfs_plan(fs, &req, &plan, &err), -EUCLEAN);
	CHECK_HAS(err.message, "type that is not known");
	famfs_close(fs);

	image_u32("a.img", image_slot(0) + 536, 1);
	fs = image_open(ctx, "a.img", 0);
	REQUIRE(fs);
	CHECK_EQ(famfs_plan(fs, &req, &plan, &err), -EUCLEAN);
	CHECK_HAS(err.message, "damaged log");
	CHECK_EQ(famfs_plan_nearest(fs, &req, &near, &err), -EUCLEAN);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_TEST(full_log)
{
	enum { SLOTS = 3854 };
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_create_req req = create_req("f", AU);
	struct famfs_err err = { 0 };
	struct famfs_plan plan;
	struct famfs *fs;
	char path[16];

	image_make(ctx, "a.img", 16 * AU, IMAGE_LOG_LEN);
	for (uint64_t i = 0; i < SLOTS; i++) {
		struct famfs_entry dir;

		(void)snprintf(path, sizeof(path), "d%u", (unsigned int)i);
		dir = image_dir(path);
		image_put("a.img", i, &dir);
	}
	image_counters("a.img", SLOTS, SLOTS);
	fs = image_open(ctx, "a.img", 0);
	REQUIRE(fs);
	CHECK_EQ(famfs_plan(fs, &req, &plan, &err), -ENOSPC);
	CHECK_HAS(err.message, "log is full");
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_MAIN

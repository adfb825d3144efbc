/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "place.h"
#include "unit.h"

#define AU  FAMFS_AU
#define AUS 128
#define DEV (AUS * AU)

static int place(struct space *space, struct famfs_create_req req, struct famfs_entry *entry,
		 struct famfs_err *err)
{
	memset(entry, 0, sizeof(*entry));
	return place_file(space, DEV, &req, "dev:/f", entry, err);
}

static uint64_t free_bytes(const struct space *space)
{
	uint64_t bytes, largest;

	space_free(space, &bytes, &largest);
	return bytes;
}

UNIT_TEST(one_extent)
{
	static const struct {
		uint64_t size, len;
	} rows[] = {
		{ 1, AU },
		{ AU - 1, AU },
		{ AU, AU },
		{ AU + 1, 2 * AU },
		{ DEV - 16 * AU, DEV - 16 * AU },
	};

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct famfs_create_req req = { .size = rows[i].size };
		struct famfs_entry entry;
		struct space space;

		UNIT_ROW("%" PRIu64, rows[i].size);
		REQUIRE(!space_init(&space, DEV));
		space_take(&space, 0, 5 * AU);
		CHECK_EQ(place(&space, req, &entry, NULL), 0);
		CHECK_EQ(entry.size, rows[i].size);
		CHECK_EQ(entry.ext_type, FAMFS_EXT_SIMPLE);
		CHECK_EQ(entry.nextents, 1);
		CHECK_EQ(entry.extents_nr, 1);
		CHECK_EQ(entry.extents[0].off, 5 * AU);
		CHECK_EQ(entry.extents[0].len, rows[i].len);
		CHECK_EQ(free_bytes(&space), DEV - 5 * AU - rows[i].len);
		place_undo(&space, &entry);
		CHECK_EQ(free_bytes(&space), DEV - 5 * AU);
		space_fini(&space);
	}
}

/* Every second AU is taken: the longest run is one. */
static void comb(struct space *space)
{
	for (uint64_t i = 0; i < AUS; i += 2)
		space_take(space, i * AU, AU);
}

UNIT_TEST(up_to_sixteen_pieces)
{
	struct famfs_create_req req = { .size = 16 * AU };
	struct famfs_err err = { 0 };
	struct famfs_entry entry;
	struct space space;

	REQUIRE(!space_init(&space, DEV));
	comb(&space);
	CHECK_EQ(place(&space, req, &entry, NULL), 0);
	CHECK_EQ(entry.ext_type, FAMFS_EXT_SIMPLE);
	CHECK_EQ(entry.extents_nr, 16);
	CHECK_EQ(entry.nextents, 16);
	CHECK_EQ(free_bytes(&space), (AUS / 2 - 16) * AU);
	place_undo(&space, &entry);
	req.size++;
	CHECK_EQ(place(&space, req, &entry, &err), -ENOSPC);
	CHECK_HAS(err.message, "34.0M wanted");
	CHECK_HAS(err.message, "largest free run is 2.0M");
	CHECK_STR(err.object, "dev:/f");
	CHECK(err.hint[0]);
	req.size = AU + 1;
	req.flags = FAMFS_CREATE_CONTIGUOUS;
	CHECK_EQ(place(&space, req, &entry, &err), -ENOSPC);
	CHECK_HAS(err.message, "one piece");
	CHECK_HAS(err.hint, "--contiguous");
	CHECK_EQ(free_bytes(&space), AUS / 2 * AU);
	space_fini(&space);
}

static const struct {
	struct famfs_create_req req;
	int rc;
	const char *message;
} refusals[] = {
	{ { .size = 0 }, -EINVAL, "size 0" },
	{ { .size = UINT64_MAX }, -ENOSPC, "no space" },
	{ { .size = DEV + 1 }, -ENOSPC, "no space" },
	{ { .size = UINT64_MAX, .nstrips = 2 }, -ENOSPC, "no space" },
	{ { .size = AU, .nstrips = 2, .flags = FAMFS_CREATE_CONTIGUOUS }, -EINVAL, "contradict" },
	{ { .size = AU, .chunk_size = AU, .flags = FAMFS_CREATE_CONTIGUOUS },
	  -EINVAL,
	  "contradict" },
	{ { .size = AU, .nstrips = 17 }, -EINVAL, "too many strips" },
	{ { .size = AU, .nstrips = 2, .nbuckets = 65 }, -EINVAL, "too many buckets" },
	{ { .size = AU, .nstrips = 3, .nbuckets = 2 }, -EINVAL, "bucket of its own" },
	{ { .size = AU, .nstrips = 2, .chunk_size = 3 * AU }, -EINVAL, "power of two" },
	{ { .size = AU, .nstrips = UINT64_MAX, .nbuckets = UINT64_MAX }, -EINVAL, "too many" },
};

UNIT_TEST(refused)
{
	for (size_t i = 0; i < UNIT_NR(refusals); i++) {
		struct famfs_err err = { 0 };
		struct famfs_entry entry;
		struct space space;

		UNIT_ROW("%zu", i);
		REQUIRE(!space_init(&space, DEV));
		CHECK_EQ(place(&space, refusals[i].req, &entry, &err), refusals[i].rc);
		CHECK_EQ(err.rc, refusals[i].rc);
		CHECK_STR(err.object, "dev:/f");
		CHECK_HAS(err.message, refusals[i].message);
		CHECK_EQ(free_bytes(&space), DEV);
		CHECK_EQ(place(&space, refusals[i].req, &entry, NULL), refusals[i].rc);
		space_fini(&space);
	}
}

/* Strips are whole chunks of one length, each within another bucket. */
static void judge_strips(const struct famfs_entry *entry, const struct famfs_create_req *req)
{
	uint64_t bucket = AUS / req->nbuckets * AU, seen = 0;
	uint64_t chunks = (req->size + req->chunk_size - 1) / req->chunk_size;
	uint64_t len = (chunks + req->nstrips - 1) / req->nstrips * req->chunk_size;

	CHECK_EQ(entry->ext_type, FAMFS_EXT_INTERLEAVE);
	CHECK_EQ(entry->nextents, 1);
	CHECK_EQ(entry->nstrips, req->nstrips);
	CHECK_EQ(entry->chunk_size, req->chunk_size);
	CHECK_EQ(entry->extents_nr, req->nstrips);
	for (uint32_t i = 0; i < entry->extents_nr; i++) {
		uint64_t off = entry->extents[i].off, which = off / bucket;

		CHECK_EQ(entry->extents[i].len, len);
		CHECK(which < req->nbuckets);
		CHECK_EQ((off + len - 1) / bucket, which);
		CHECK(!(seen >> which & 1));
		seen |= 1ULL << which;
	}
}

UNIT_TEST(strips)
{
	static const struct famfs_create_req rows[] = {
		{ .size = AU, .nstrips = 1, .nbuckets = 1, .chunk_size = AU },
		{ .size = 8 * AU, .nstrips = 4, .nbuckets = 4, .chunk_size = AU },
		{ .size = 8 * AU + 1, .nstrips = 4, .nbuckets = 6, .chunk_size = AU },
		{ .size = 4 * AU, .nstrips = 2, .nbuckets = 64, .chunk_size = 2 * AU },
		{ .size = AU, .nstrips = 16, .nbuckets = 16, .chunk_size = AU },
		{ .size = 32 * AU - 1, .nstrips = 16, .nbuckets = 64, .chunk_size = AU },
		{ .size = DEV, .nstrips = 2, .nbuckets = 2, .chunk_size = 64 * AU },
	};

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct famfs_entry entry;
		struct space space;

		UNIT_ROW("%zu", i);
		REQUIRE(!space_init(&space, DEV));
		CHECK_EQ(place(&space, rows[i], &entry, NULL), 0);
		judge_strips(&entry, &rows[i]);
		CHECK_EQ(entry.size, rows[i].size);
		place_undo(&space, &entry);
		CHECK_EQ(free_bytes(&space), DEV);
		space_fini(&space);
	}
}

UNIT_TEST(defaults_of_the_geometry)
{
	struct famfs_create_req req = { .size = 8 * AU, .nstrips = 3 };
	struct famfs_entry entry;
	struct space space;

	REQUIRE(!space_init(&space, DEV));
	CHECK_EQ(place(&space, req, &entry, NULL), 0);
	CHECK_EQ(entry.nstrips, 3);
	CHECK_EQ(entry.chunk_size, AU);
	req = (struct famfs_create_req){ .size = 8 * AU, .nbuckets = 4 };
	CHECK_EQ(place(&space, req, &entry, NULL), 0);
	CHECK_EQ(entry.nstrips, 4);
	space_fini(&space);
}

UNIT_TEST(less_than_a_chunk_is_one_extent)
{
	struct famfs_create_req req = { .size = 2 * AU - 1, .nstrips = 4, .chunk_size = 2 * AU };
	struct famfs_entry entry;
	struct space space;

	REQUIRE(!space_init(&space, DEV));
	CHECK_EQ(place(&space, req, &entry, NULL), 0);
	CHECK_EQ(entry.ext_type, FAMFS_EXT_SIMPLE);
	CHECK_EQ(entry.extents_nr, 1);
	CHECK_EQ(entry.nstrips, 0);
	CHECK_EQ(entry.chunk_size, 0);
	req.size++;
	CHECK_EQ(place(&space, req, &entry, NULL), 0);
	CHECK_EQ(entry.ext_type, FAMFS_EXT_INTERLEAVE);
	space_fini(&space);
}

/* Each bucket gets as many strips as the others, whatever else lies in it. */
UNIT_TEST(buckets_fill_evenly)
{
	struct famfs_create_req req = { .size = 2 * AU, .nstrips = 2, .nbuckets = 8 };
	struct famfs_entry entry;
	struct space space;
	uint64_t bucket = AUS / 8, strips[8] = { 0 };

	REQUIRE(!space_init(&space, DEV));
	space_take(&space, 0, 5 * AU);
	space_take(&space, 3 * bucket * AU, 3 * AU);
	for (int i = 1; i <= 40; i++) {
		CHECK_EQ(place(&space, req, &entry, NULL), 0);
		strips[entry.extents[0].off / AU / bucket]++;
		strips[entry.extents[1].off / AU / bucket]++;
		UNIT_ROW("%d files", i);
		for (uint64_t b = 0; i % 4 == 0 && b < 8; b++)
			CHECK_EQ(strips[b], (uint64_t)i / 4);
	}
	space_fini(&space);
}

/* Of buckets with equally many strips those with more free space come first. */
UNIT_TEST(emptier_buckets_come_first)
{
	struct famfs_create_req req = { .size = 2 * AU, .nstrips = 2, .nbuckets = 4 };
	uint64_t bucket = AUS / 4 * AU;
	struct famfs_entry entry;
	struct space space;

	REQUIRE(!space_init(&space, DEV));
	space_take(&space, 0, 3 * AU);
	space_take(&space, bucket, 2 * AU);
	space_take(&space, 2 * bucket, AU);
	CHECK_EQ(place(&space, req, &entry, NULL), 0);
	CHECK_EQ(entry.extents[0].off / bucket, 3);
	CHECK_EQ(entry.extents[1].off / bucket, 2);
	CHECK_EQ(place(&space, req, &entry, NULL), 0);
	CHECK_EQ(entry.extents[0].off / bucket, 1);
	CHECK_EQ(entry.extents[1].off / bucket, 0);
	/* What was given back is forgotten: the first two are the emptiest again. */
	place_undo(&space, &entry);
	CHECK_EQ(place(&space, req, &entry, NULL), 0);
	CHECK_EQ(entry.extents[0].off / bucket, 1);
	space_fini(&space);
}

UNIT_TEST(too_few_buckets_with_room)
{
	struct famfs_create_req req = { .size = 8 * AU, .nstrips = 4 };
	struct famfs_err err = { 0 };
	struct famfs_entry entry;
	struct space space;

	REQUIRE(!space_init(&space, DEV));
	/* The last bucket has one AU, and two in a row are wanted. */
	space_take(&space, DEV / 4 * 3 + AU, DEV / 4);
	CHECK_EQ(place(&space, req, &entry, &err), -ENOSPC);
	CHECK_HAS(err.message, "4 strips");
	CHECK_HAS(err.message, "only 3");
	CHECK_HAS(err.hint, "--nstrips 3");
	CHECK_EQ(free_bytes(&space), DEV / 4 * 3 + AU);
	space_fini(&space);
}

UNIT_MAIN

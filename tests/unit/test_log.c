/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"
#include "super.h"
#include "unit.h"
#include "scratch.h"
#include "image.h"
#include "trace.h"

#define SIZE  (16 * MIB)
#define SLOTS 3854
#define NR    5

/* An image with some directories in its log. */
static void make(struct famfs_ctx *ctx, uint64_t nr)
{
	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	for (uint64_t i = 0; i < nr; i++) {
		char name[32];
		struct famfs_entry dir;

		(void)snprintf(name, sizeof(name), "d%" PRIu64, i);
		dir = image_dir(name);
		image_put("a.img", i, &dir);
	}
	image_counters("a.img", nr, nr);
}

static struct dev *open_log(struct famfs_ctx *ctx, struct log *ret_log)
{
	struct famfs_err err = { 0 };
	struct famfs_super super;
	unsigned int problems;
	struct dev *dev = NULL;

	CHECK_EQ(dev_open(ctx, "a.img", DEV_WRITE, &dev, &err), 0);
	CHECK_EQ(super_read(dev, &super, &problems, &err), 0);
	CHECK_MSG(log_open(dev, &super, !problems, ret_log, &err) == 0, "%s", err.message);
	return dev;
}

#define HEADER (FAMFS_LOG_OFF)

static const struct {
	const char *name;
	uint64_t off, value;
	bool fix;
	unsigned int problems;
	uint64_t count, slots;
} rows[] = {
	{ "good", HEADER + 40, NR, false, 0, NR, SLOTS },
	{ "magic", HEADER, 1, true, LOG_BAD_MAGIC, NR, SLOTS },
	{ "checksum", HEADER + 24, 1, false, LOG_BAD_CRC, NR, SLOTS },
	{ "checksum's upper half", HEADER + 28, 1 | (uint64_t)NR << 32, false, LOG_BAD_CRC, NR,
	  SLOTS },
	{ "shorter", HEADER + 8, MIB, true, LOG_BAD_LEN | LOG_BAD_LAST_INDEX, NR, 1927 },
	{ "longer", HEADER + 8, 4 * MIB, true, LOG_BAD_LEN | LOG_BAD_LAST_INDEX, NR, SLOTS },
	{ "beyond the device", HEADER + 8, 1ULL << 62, true, LOG_BAD_LEN | LOG_BAD_LAST_INDEX, NR,
	  SLOTS },
	{ "no slot fits", HEADER + 8, 100, true,
	  LOG_BAD_LEN | LOG_BAD_LAST_INDEX | LOG_BAD_NEXT_INDEX, 0, 0 },
	{ "length 0", HEADER + 8, 0, true, LOG_BAD_LEN | LOG_BAD_LAST_INDEX | LOG_BAD_NEXT_INDEX, 0,
	  0 },
	{ "last_index small", HEADER + 16, SLOTS - 2, true, LOG_BAD_LAST_INDEX, NR, SLOTS },
	{ "last_index large", HEADER + 16, SLOTS, true, LOG_BAD_LAST_INDEX, NR, SLOTS },
	{ "last_index wild", HEADER + 16, UINT64_MAX, true, LOG_BAD_LAST_INDEX, NR, SLOTS },
	{ "seqnum behind by 2", HEADER + 32, NR - 2, false, LOG_BAD_NEXT_SEQNUM, NR, SLOTS },
	{ "seqnum ahead by 2", HEADER + 32, NR + 2, false, LOG_BAD_NEXT_SEQNUM, NR, SLOTS },
	{ "seqnum ahead, no entry", HEADER + 32, NR + 1, false, LOG_BAD_NEXT_SEQNUM, NR, SLOTS },
	{ "seqnum wild", HEADER + 32, UINT64_MAX, false, LOG_BAD_NEXT_SEQNUM, NR, SLOTS },
	{ "index wild", HEADER + 40, UINT64_MAX, false, LOG_BAD_NEXT_INDEX | LOG_BAD_NEXT_SEQNUM,
	  SLOTS, SLOTS },
	{ "superblock's length", 24, 4 * MIB, true, LOG_BAD_LEN, NR, SLOTS },
	{ "superblock's length beyond", 24, 1ULL << 63, true, LOG_BAD_LEN, NR, SLOTS },
	{ "superblock not to be believed", 24, 4 * MIB, false, 0, NR, SLOTS },
};

UNIT_TEST(header_problems_alone)
{
	struct famfs_ctx *ctx = image_ctx();

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct dev *dev;
		struct log log;

		UNIT_ROW("%s", rows[i].name);
		make(ctx, NR);
		image_u64("a.img", rows[i].off, rows[i].value);
		if (rows[i].fix && rows[i].off >= HEADER)
			image_fix_log("a.img");
		else if (rows[i].fix)
			image_fix_super("a.img");
		dev = open_log(ctx, &log);
		CHECK_EQ(log.problems, rows[i].problems);
		CHECK_EQ(log.count, rows[i].count);
		CHECK_EQ(log.slots, rows[i].slots);
		CHECK(FAMFS_LOG_OFF + log.len <= dev->size);
		CHECK(media_slot_off(log.slots) <= FAMFS_LOG_OFF + log.len || !log.slots);
		dev_close(dev);
	}
	famfs_ctx_free(ctx);
}

UNIT_TEST(counters_beyond_the_last_slot)
{
	struct famfs_ctx *ctx = image_ctx();
	struct dev *dev;
	struct log log;

	make(ctx, NR);
	image_counters("a.img", SLOTS, SLOTS);
	dev = open_log(ctx, &log);
	CHECK_EQ(log.problems, 0);
	CHECK_EQ(log.count, SLOTS);
	dev_close(dev);
	image_counters("a.img", SLOTS + 1, SLOTS + 1);
	dev = open_log(ctx, &log);
	CHECK_EQ(log.problems, LOG_BAD_NEXT_INDEX);
	CHECK_EQ(log.count, SLOTS);
	dev_close(dev);
	image_counters("a.img", SLOTS + 1, SLOTS);
	dev = open_log(ctx, &log);
	CHECK_EQ(log.problems, LOG_BAD_NEXT_SEQNUM);
	dev_close(dev);
	famfs_ctx_free(ctx);
}

UNIT_TEST(device_too_short_for_a_log)
{
	static const off_t sizes[] = { 200, 2 * MIB, 2 * MIB + 47 };
	struct famfs_ctx *ctx = image_ctx();

	for (size_t i = 0; i < UNIT_NR(sizes); i++) {
		struct famfs_super super = { .log_len = IMAGE_LOG_LEN };
		struct log log = { .slots = 3 };
		struct dev *dev = NULL;

		scratch_image("s.img", sizes[i]);
		REQUIRE(!dev_open(ctx, "s.img", 0, &dev, NULL));
		CHECK_EQ(log_open(dev, &super, true, &log, NULL), -EUCLEAN);
		CHECK_EQ(log.slots, 3);
		dev_close(dev);
	}
	famfs_ctx_free(ctx);
}

/* Apart by one: torn if the slot in question validates, else damage. */
UNIT_TEST(torn_tails)
{
	static const struct {
		uint64_t seqnum, index, slots;
		unsigned int problems;
	} tails[] = {
		{ NR + 1, NR, NR + 1, LOG_TORN_TAIL },
		{ NR + 1, NR, NR, LOG_BAD_NEXT_SEQNUM },
		{ NR, NR + 1, NR + 1, LOG_TORN_TAIL },
		{ NR, NR + 1, NR, LOG_BAD_NEXT_SEQNUM },
		{ NR + 2, NR, NR + 2, LOG_BAD_NEXT_SEQNUM },
		{ 1, 0, 1, LOG_TORN_TAIL },
		{ 0, 1, 1, LOG_TORN_TAIL },
		{ 0, UINT64_MAX, 1, LOG_BAD_NEXT_SEQNUM | LOG_BAD_NEXT_INDEX },
		{ UINT64_MAX, 0, 1, LOG_BAD_NEXT_SEQNUM },
	};
	struct famfs_ctx *ctx = image_ctx();

	for (size_t i = 0; i < UNIT_NR(tails); i++) {
		struct dev *dev;
		struct log log;

		UNIT_ROW("%zu", i);
		make(ctx, tails[i].slots);
		image_counters("a.img", tails[i].seqnum, tails[i].index);
		dev = open_log(ctx, &log);
		CHECK_EQ(log.problems, tails[i].problems);
		CHECK_EQ(log.count, tails[i].index < SLOTS ? tails[i].index : SLOTS);
		dev_close(dev);
	}
	famfs_ctx_free(ctx);
}

UNIT_TEST(iterating)
{
	struct fm_entry *batch = malloc(LOG_BATCH * sizeof(*batch));
	struct famfs_ctx *ctx = image_ctx();
	const struct fm_entry *raw;
	const uint64_t nr = 2 * LOG_BATCH + 7, bad = LOG_BATCH + 1;
	uint64_t index, next = 3;
	struct log_iter it;
	struct dev *dev;
	struct log log;
	bool ok;

	REQUIRE(batch);
	make(ctx, nr);
	image_u32("a.img", image_slot(bad) + 24, 0777);
	image_u64("a.img", image_slot(bad + 1), 5);
	image_fix_entry("a.img", bad + 1);
	dev = open_log(ctx, &log);
	log_iter_init(&it, &log, 3, nr, batch);
	for (; log_iter_next(&it, &raw, &index, &ok, NULL) == 1; next++) {
		UNIT_ROW("%" PRIu64, next);
		CHECK_EQ(index, next);
		CHECK_EQ(ok, index != bad && index != bad + 1);
		CHECK_EQ(media_entry_crc_ok(raw), index != bad);
	}
	CHECK_EQ(next, nr);
	CHECK_EQ(log_iter_next(&it, &raw, &index, &ok, NULL), 0);
	log_iter_init(&it, &log, 9, 9, batch);
	CHECK_EQ(log_iter_next(&it, &raw, &index, &ok, NULL), 0);
	free(batch);
	dev_close(dev);
	famfs_ctx_free(ctx);
}

/* What an append is: DESIGN.md 5. */
UNIT_TEST(order_of_an_append)
{
	struct famfs_entry dirs[2] = { image_dir("x"), image_dir("y") };
	static const enum trace_kind kinds[] = { TRACE_WRITEBACK, TRACE_WRITEBACK, TRACE_FENCE,
						 TRACE_PUBLISH,   TRACE_WRITEBACK, TRACE_FENCE };
	struct famfs_ctx *ctx = image_ctx();
	struct fm_entry raw[2];
	struct dev *dev;
	struct log log;

	make(ctx, NR);
	dev = open_log(ctx, &log);
	trace_begin(dev);
	for (uint64_t i = 0; i < 2; i++) {
		CHECK_EQ(log_stage(&log, i, &dirs[i], NULL), 0);
		CHECK_EQ(dirs[i].index, NR + i);
		CHECK_EQ(dirs[i].seqnum, NR + i);
		/* In memory when its write-back began, and nobody is told yet. */
		REQUIRE(trace_nr == i + 1);
		CHECK_EQ(trace_events[i].off, image_slot(NR + i));
		CHECK_EQ(trace_events[i].len, 544);
		CHECK_EQ(log.count, NR);
	}
	CHECK_EQ(dev_read(dev, image_slot(NR), raw, sizeof(raw), NULL), 0);
	CHECK(media_entry_ok(&raw[0], NR) && media_entry_ok(&raw[1], NR + 1));
	CHECK_EQ(log_publish(&log, 2, NULL), 0);
	REQUIRE(trace_nr == UNIT_NR(kinds));
	for (unsigned int i = 0; i < trace_nr; i++) {
		uint64_t want = i <= 3 ? NR : NR + 2;

		UNIT_ROW("event %u", i);
		CHECK_EQ(trace_events[i].kind, kinds[i]);
		CHECK_EQ(le64toh(trace_events[i].counters[0]), want);
		CHECK_EQ(le64toh(trace_events[i].counters[1]), want);
	}
	CHECK_EQ(trace_events[3].off, FAMFS_LOG_OFF + 32);
	CHECK_EQ(le64toh(trace_events[3].v[0]), NR + 2);
	CHECK_EQ(le64toh(trace_events[3].v[1]), NR + 2);
	CHECK_EQ(trace_events[4].off, FAMFS_LOG_OFF + 32);
	CHECK_EQ(trace_events[4].len, 16);
	CHECK_EQ(log.count, NR + 2);
	CHECK_EQ(log.header.next_index, NR + 2);
	CHECK_EQ(log.header.next_seqnum, NR + 2);
	trace_end(dev);
	dev_close(dev);
	CHECK_EQ(image_get64("a.img", FAMFS_LOG_OFF + 32), NR + 2);
	CHECK_EQ(image_get64("a.img", FAMFS_LOG_OFF + 40), NR + 2);
	famfs_ctx_free(ctx);
}

UNIT_TEST(appending_heals_a_torn_tail)
{
	struct famfs_entry dir = image_dir("new");
	struct famfs_ctx *ctx = image_ctx();

	for (uint64_t ahead = 0; ahead < 2; ahead++) {
		struct dev *dev;
		struct log log;

		UNIT_ROW("index %s", ahead ? "ahead" : "behind");
		make(ctx, NR + 1);
		image_counters("a.img", NR + !ahead, NR + ahead);
		dev = open_log(ctx, &log);
		CHECK_EQ(log.problems, LOG_TORN_TAIL);
		CHECK_EQ(log_stage(&log, 0, &dir, NULL), 0);
		CHECK_EQ(dir.index, NR + ahead);
		CHECK_EQ(log_publish(&log, 1, NULL), 0);
		CHECK_EQ(log.problems, 0);
		dev_close(dev);
		dev = open_log(ctx, &log);
		CHECK_EQ(log.problems, 0);
		CHECK_EQ(log.count, NR + 1 + ahead);
		dev_close(dev);
	}
	famfs_ctx_free(ctx);
}

/* Zeros, then the header, which is written back and fenced: no log until all of it is there. */
UNIT_TEST(making_an_empty_log)
{
	static uint8_t rubbish[IMAGE_LOG_LEN], got[IMAGE_LOG_LEN];
	struct famfs_ctx *ctx = image_ctx();
	struct dev *dev = NULL;

	memset(rubbish, 0xaa, sizeof(rubbish));
	scratch_image("a.img", SIZE);
	image_write("a.img", FAMFS_LOG_OFF, rubbish, sizeof(rubbish));
	REQUIRE(!dev_open(ctx, "a.img", DEV_WRITE, &dev, NULL));
	trace_begin(dev);
	CHECK_EQ(log_make(dev, IMAGE_LOG_LEN, NULL), 0);
	REQUIRE(trace_nr >= 4);
	CHECK_EQ(trace_events[trace_nr - 1].kind, TRACE_FENCE);
	CHECK_EQ(trace_events[trace_nr - 2].kind, TRACE_WRITEBACK);
	CHECK_EQ(trace_events[trace_nr - 2].off, FAMFS_LOG_OFF);
	CHECK_EQ(trace_events[trace_nr - 2].len, 48);
	CHECK_EQ(trace_events[trace_nr - 3].kind, TRACE_FENCE);
	trace_end(dev);
	dev_close(dev);
	image_read("a.img", FAMFS_LOG_OFF, got, sizeof(got));
	CHECK(media_log_crc_ok((const struct fm_log *)got));
	CHECK_EQ(got[16] | got[17] << 8, SLOTS - 1);
	CHECK(got[32] == 0 && !memcmp(got + 32, got + 33, sizeof(got) - 33));
	famfs_ctx_free(ctx);
}

UNIT_MAIN

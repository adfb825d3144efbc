/* SPDX-License-Identifier: Apache-2.0 */
#include "super.h"
#include "unit.h"
#include "scratch.h"
#include "image.h"
#include "trace.h"

#define SIZE (16 * MIB)

static struct dev *open_dev(struct famfs_ctx *ctx, const char *name)
{
	struct famfs_err err = { 0 };
	struct dev *dev = NULL;

	CHECK_MSG(dev_open(ctx, name, DEV_WRITE, &dev, &err) == 0, "%s", err.message);
	return dev;
}

static unsigned int problems_of(struct famfs_ctx *ctx, const char *name)
{
	struct dev *dev = open_dev(ctx, name);
	unsigned int problems = 999;
	struct famfs_super super;

	CHECK_EQ(super_read(dev, &super, &problems, NULL), 0);
	dev_close(dev);
	return problems;
}

static const struct {
	const char *name;
	uint64_t off, value;
	bool fix;
	unsigned int problems;
	int rc;
	const char *message;
} rows[] = {
	{ "good", 104, 0, false, 0, 0, "" },
	{ "flags and sizes are not checksummed", 112, 7, false, 0, 0, "" },
	{ "no magic", 0, 0, false, SUPER_BAD_MAGIC, -EUCLEAN, "no famfs superblock" },
	{ "other magic", 0, 0x09211963, true, SUPER_BAD_MAGIC, -EUCLEAN, "no famfs" },
	{ "version 47", 8, 47, false, SUPER_BAD_VERSION, -EOPNOTSUPP, "version 47" },
	{ "version 49", 8, 49, true, SUPER_BAD_VERSION, -EOPNOTSUPP, "version 49" },
	{ "huge version", 8, UINT64_MAX, true, SUPER_BAD_VERSION, -EOPNOTSUPP, "1844674407" },
	{ "bad checksum", 48, 1, false, SUPER_BAD_CRC, -EUCLEAN, "checksum" },
	{ "upper half of the checksum", 96, 0, false, SUPER_BAD_CRC, -EUCLEAN, "checksum" },
	{ "allocation unit 4096", 32, 4096, true, 0, 0, "" },
	{ "allocation unit 0", 32, 0, true, SUPER_BAD_ALLOC_UNIT, -EUCLEAN, "unit 0" },
	{ "allocation unit 8192", 32, 8192, true, SUPER_BAD_ALLOC_UNIT, -EUCLEAN, "unit 8192" },
	{ "log offset", 16, 0x400000, true, SUPER_BAD_LOG_OFF, -EUCLEAN, "log offset 4194304" },
	{ "any major", 40, 9, true, 0, 0, "" },
};

UNIT_TEST(each_problem_alone)
{
	struct famfs_ctx *ctx = image_ctx();

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct famfs_err err = { .message = "" };
		struct famfs_super super;
		unsigned int problems;
		struct dev *dev;

		UNIT_ROW("%s", rows[i].name);
		image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
		image_u64("a.img", rows[i].off, rows[i].value);
		if (rows[i].fix)
			image_fix_super("a.img");
		dev = open_dev(ctx, "a.img");
		CHECK_EQ(super_read(dev, &super, &problems, &err), 0);
		CHECK_EQ(problems, rows[i].problems);
		CHECK_EQ(super_require(dev, &super, problems, &err), rows[i].rc);
		CHECK_HAS(err.message, rows[i].message);
		if (rows[i].rc) {
			CHECK_STR(err.object, "a.img");
			CHECK(err.hint[0]);
			CHECK_EQ(super_require(dev, &super, problems, NULL), rows[i].rc);
		}
		dev_close(dev);
	}
	famfs_ctx_free(ctx);
}

UNIT_TEST(several_at_once)
{
	struct famfs_ctx *ctx = image_ctx();

	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	image_u64("a.img", 16, 1);
	image_u64("a.img", 32, 1);
	CHECK_EQ(problems_of(ctx, "a.img"),
		 SUPER_BAD_CRC | SUPER_BAD_ALLOC_UNIT | SUPER_BAD_LOG_OFF);
	famfs_ctx_free(ctx);
}

UNIT_TEST(too_short_for_one)
{
	static const off_t sizes[] = { 0, 1, 199 };
	struct famfs_ctx *ctx = image_ctx();

	for (size_t i = 0; i < UNIT_NR(sizes); i++) {
		struct famfs_super super = { .version = 5 };
		unsigned int problems = 77;
		struct dev *dev;

		scratch_image("s.img", sizes[i]);
		dev = open_dev(ctx, "s.img");
		CHECK_EQ(super_read(dev, &super, &problems, NULL), -EUCLEAN);
		CHECK_EQ(super.version, 5);
		CHECK_EQ(problems, 77);
		dev_close(dev);
	}
	scratch_image("s.img", 200);
	CHECK_EQ(problems_of(ctx, "s.img"), SUPER_BAD_MAGIC);
	famfs_ctx_free(ctx);
}

UNIT_TEST(usable_size_is_the_smaller)
{
	struct dev dev = { .size = 100 };
	struct famfs_super super = { .dev_size = 99 };

	CHECK_EQ(super_usable_size(&dev, &super), 99);
	super.dev_size = UINT64_MAX;
	CHECK_EQ(super_usable_size(&dev, &super), 100);
	super.dev_size = 0;
	CHECK_EQ(super_usable_size(&dev, &super), 0);
}

/* Whatever was there is gone, and a superblock that is torn by a crash is none. */
UNIT_TEST(write_puts_the_magic_last)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_super super = { .version = 48,
				     .log_off = FAMFS_LOG_OFF,
				     .log_len = 2 * MIB,
				     .alloc_unit = AU,
				     .dev_size = 4 * MIB };
	static uint8_t raw[2 * MIB], rubbish[2 * MIB + 4096];
	struct fm_super want;
	struct dev *dev;
	unsigned int last = 0;

	memset(rubbish, 0xaa, sizeof(rubbish));
	scratch_image("w.img", 4 * MIB);
	image_write("w.img", 0, rubbish, sizeof(rubbish));
	dev = open_dev(ctx, "w.img");
	trace_begin(dev);
	CHECK_EQ(super_write(dev, &super, NULL), 0);
	for (unsigned int i = 0; i < trace_nr; i++) {
		if (trace_events[i].kind == TRACE_WRITEBACK && trace_events[i].magic == 0)
			CHECK(last == 0);
		if (le64toh(trace_events[i].magic) == MEDIA_SUPER_MAGIC && !last)
			last = i;
	}
	/* The rest is fenced before the magic is stored; then that is written back and fenced. */
	REQUIRE(last >= 2 && trace_nr == last + 2);
	CHECK_EQ(trace_events[last - 1].kind, TRACE_FENCE);
	CHECK_EQ(trace_events[last - 1].magic, 0);
	CHECK_EQ(trace_events[last - 2].kind, TRACE_WRITEBACK);
	CHECK_EQ(trace_events[last - 2].off, 0);
	CHECK(trace_events[last - 2].len >= sizeof(want));
	CHECK_EQ(trace_events[last].kind, TRACE_WRITEBACK);
	CHECK_EQ(trace_events[last].off, 0);
	CHECK_EQ(trace_events[last].len, 8);
	CHECK_EQ(trace_events[last + 1].kind, TRACE_FENCE);
	trace_end(dev);
	dev_close(dev);
	image_read("w.img", 0, raw, sizeof(raw));
	media_super_encode(&super, &want);
	CHECK_MEM(raw, &want, sizeof(want));
	CHECK(raw[200] == 0 && !memcmp(raw + 200, raw + 201, sizeof(raw) - 201));
	/* Nothing behind the superblock's region is touched. */
	image_read("w.img", 2 * MIB, raw, 4096);
	CHECK_MEM(raw, rubbish, 4096);
	famfs_ctx_free(ctx);
}

UNIT_TEST(kill_changes_the_magic_only)
{
	struct famfs_ctx *ctx = image_ctx();
	uint8_t before[200], after[200];
	struct dev *dev;

	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	image_read("a.img", 0, before, sizeof(before));
	dev = open_dev(ctx, "a.img");
	trace_begin(dev);
	CHECK_EQ(super_kill(dev, NULL), 0);
	REQUIRE(trace_nr == 2);
	CHECK_EQ(trace_events[0].kind, TRACE_WRITEBACK);
	CHECK_EQ(trace_events[0].magic, 0);
	CHECK_EQ(trace_events[0].off, 0);
	CHECK_EQ(trace_events[1].kind, TRACE_FENCE);
	trace_end(dev);
	dev_close(dev);
	image_read("a.img", 0, after, sizeof(after));
	CHECK_EQ(problems_of(ctx, "a.img"), SUPER_BAD_MAGIC);
	memset(before, 0, 8);
	CHECK_MEM(after, before, sizeof(before));
	famfs_ctx_free(ctx);
}

UNIT_TEST(read_only_devices_are_not_written)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_super super = { .version = 48 };
	struct dev *dev = NULL;
	uint64_t sum;

	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	sum = image_sum("a.img");
	REQUIRE(!dev_open(ctx, "a.img", 0, &dev, NULL));
	CHECK_EQ(dev_map(dev, 4 * MIB, NULL), 0);
	CHECK_EQ(super_write(dev, &super, NULL), -EROFS);
	CHECK_EQ(super_kill(dev, NULL), -EROFS);
	dev_close(dev);
	CHECK_EQ(image_sum("a.img"), sum);
	famfs_ctx_free(ctx);
}

UNIT_MAIN

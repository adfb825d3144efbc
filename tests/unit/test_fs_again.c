/* SPDX-License-Identifier: Apache-2.0 */
/* A log that was read is known again, or seen to be another, whichever entry was changed. */
#include "fs.h"
#include "unit.h"
#include "scratch.h"
#include "image.h"

#define SIZE (32 * MIB)
#define NR   5

static void make(struct famfs_ctx *ctx)
{
	char name[8];

	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	for (uint64_t i = 0; i < NR; i++) {
		struct famfs_entry file;

		(void)snprintf(name, sizeof(name), "f%u", (unsigned int)i);
		file = image_file(name, IMAGE_DATA + i * AU, AU);
		image_put("a.img", i, &file);
	}
	image_counters("a.img", NR, NR);
}

/* As a repair of one entry that leaves number and place to all others. */
static void rename_in_place(uint64_t index, const char *path)
{
	struct famfs_entry file = image_file(path, IMAGE_DATA + index * AU, AU);

	image_put("a.img", index, &file);
}

static void append(uint64_t index)
{
	struct famfs_entry file = image_file("news", IMAGE_DATA + index * AU, AU);

	image_put("a.img", index, &file);
	image_counters("a.img", index + 1, index + 1);
}

UNIT_TEST(waiting_tells_a_change_of_any_entry)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_err err = { 0 };
	struct famfs_entry entry;
	struct famfs *fs;

	for (uint64_t i = 0; i < NR; i++) {
		UNIT_ROW("entry %u", (unsigned int)i);
		make(ctx);
		fs = image_open(ctx, "a.img", 0);
		REQUIRE(fs);
		CHECK_EQ(famfs_wait(fs, 0, NULL), 0);
		rename_in_place(i, "other");
		CHECK_EQ(famfs_wait(fs, 0, &err), -ESTALE);
		CHECK_HAS(err.message, "rewritten");
		/* It has been read anew. */
		CHECK_EQ(famfs_lookup(fs, "other", &entry, NULL), 0);
		CHECK_EQ(famfs_wait(fs, 0, NULL), 0);
		famfs_close(fs);
	}
	famfs_ctx_free(ctx);
}

/* A look that began before a repair and ends behind it: that repair leaves only this to be seen. */
UNIT_TEST(a_repair_that_has_ended_is_seen)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs;
	bool torn;

	make(ctx);
	fs = image_open(ctx, "a.img", 0);
	REQUIRE(fs);
	CHECK_EQ(fs_is_torn(fs, false, &torn, NULL), 0);
	CHECK(!torn);
	image_counters("a.img", NR + 1, NR + 1);
	CHECK_EQ(fs_is_torn(fs, false, &torn, NULL), 0);
	CHECK(!torn);
	image_counters("a.img", NR - 1, NR - 1);
	CHECK_EQ(fs_is_torn(fs, false, &torn, NULL), 0);
	CHECK(torn);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_TEST(an_entry_seen_while_it_was_stored_is_no_damage)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs;
	bool torn;

	make(ctx);
	image_u64("a.img", media_slot_off(2), 0);
	fs = image_open(ctx, "a.img", 0);
	REQUIRE(fs);
	CHECK(famfs_damage(fs, NULL) != 0);
	CHECK_EQ(fs_is_torn(fs, false, &torn, NULL), 0);
	CHECK(!torn);
	rename_in_place(2, "other");
	CHECK_EQ(fs_is_torn(fs, false, &torn, NULL), 0);
	CHECK(torn);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_TEST(news_behind_a_changed_entry_are_no_news)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs;

	make(ctx);
	fs = image_open(ctx, "a.img", 0);
	REQUIRE(fs);
	append(NR);
	CHECK_EQ(famfs_wait(fs, 0, NULL), 1);
	rename_in_place(2, "other");
	append(NR + 1);
	CHECK_EQ(famfs_wait(fs, UINT32_MAX, NULL), -ESTALE);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

/* Nothing is appended that could make it look. */
UNIT_TEST(who_waits_for_ever_is_told_too)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs;

	make(ctx);
	fs = image_open(ctx, "a.img", 0);
	REQUIRE(fs);
	rename_in_place(2, "other");
	CHECK_EQ(famfs_wait(fs, UINT32_MAX, NULL), -ESTALE);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

/* The time is up: before that is said, all is looked at. */
UNIT_TEST(nothing_new_is_said_of_what_was_read)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs;

	make(ctx);
	fs = image_open(ctx, "a.img", 0);
	REQUIRE(fs);
	CHECK_EQ(famfs_wait(fs, 30, NULL), 0);
	rename_in_place(0, "other");
	CHECK_EQ(famfs_wait(fs, 30, NULL), -ESTALE);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_MAIN

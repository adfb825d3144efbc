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
	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	image_put_files("a.img", NR);
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

/* It has the checksum by which it is known: who came across it reads the log from its start. */
UNIT_TEST(an_entry_that_breaks_ends_the_log)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_err err = { 0 };
	struct famfs_entry entry;
	struct famfs *fs;

	for (int unmoved = 0; unmoved < 2; unmoved++) {
		UNIT_ROW("%s", unmoved ? "unmoved" : "lookup");
		make(ctx);
		fs = image_open(ctx, "a.img", 0);
		REQUIRE(fs);
		CHECK_EQ(famfs_next(fs, &(uint64_t){ 2 }, &entry, NULL), 1);
		image_write("a.img", image_slot(2) + 100, "X", 1);
		if (unmoved)
			CHECK_EQ(famfs_unmoved(fs, &entry, NULL), -ESTALE);
		else
			CHECK_EQ(famfs_lookup(fs, entry.path, &entry, NULL), -ESTALE);
		CHECK_EQ(famfs_refresh(fs, NULL), 0);
		CHECK_EQ(famfs_lookup(fs, entry.path, &entry, NULL), -ENOENT);
		CHECK_EQ(famfs_damage(fs, &err), -EUCLEAN);
		CHECK_EQ(err.entry, 2);
		CHECK_EQ(famfs_refresh(fs, NULL), 0);
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

/* ------------------------------------------------------- a file that was read */

static struct famfs *open_and_find(struct famfs_ctx *ctx, struct famfs_entry *entry)
{
	struct famfs *fs;

	make(ctx);
	fs = image_open(ctx, "a.img", 0);
	if (fs)
		CHECK_EQ(famfs_lookup(fs, "f2", entry, NULL), 0);
	return fs;
}

static void gone_by_repair(struct famfs_ctx *ctx)
{
	(void)ctx;
	rename_in_place(2, "other");
}

static void moved_by_repair(struct famfs_ctx *ctx)
{
	struct famfs_entry file = image_file("f2", IMAGE_DATA + 9 * AU, AU);

	(void)ctx;
	image_put("a.img", 2, &file);
}

/* Its entry is still there, behind the end. */
static void cut_off_by_repair(struct famfs_ctx *ctx)
{
	(void)ctx;
	image_counters("a.img", 2, 2);
}

static void being_made_anew(struct famfs_ctx *ctx)
{
	(void)ctx;
	image_u64("a.img", 0, 0);
}

/* The same file in the same place, of another file system. */
static void made_anew(struct famfs_ctx *ctx)
{
	struct famfs_mkfs_opts opts = { .log_len = IMAGE_LOG_LEN, .flags = FAMFS_MKFS_FORCE };

	CHECK_EQ(famfs_mkfs(ctx, "a.img", &opts, NULL, NULL), 0);
	for (uint64_t i = 0; i < 3; i++)
		rename_in_place(i, i == 2 ? "f2" : i ? "x" : "y");
	image_counters("a.img", 3, 3);
}

UNIT_TEST(a_file_whose_place_is_anothers_has_moved)
{
	static const struct {
		const char *what;
		void (*change)(struct famfs_ctx *ctx);
	} rows[] = {
		{ "the log was rewritten", gone_by_repair },
		{ "the log was rewritten", moved_by_repair },
		{ "the log was rewritten", cut_off_by_repair },
		{ "made anew or destroyed", being_made_anew },
		{ "made anew or destroyed", made_anew },
	};
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_err err = { 0 };
	struct famfs_entry entry;
	struct famfs *fs;

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		UNIT_ROW("%zu", i);
		fs = open_and_find(ctx, &entry);
		REQUIRE(fs);
		append(NR);
		rename_in_place(1, "other");
		CHECK_EQ(famfs_unmoved(fs, &entry, &err), 0);
		rows[i].change(ctx);
		CHECK_EQ(famfs_unmoved(fs, &entry, &err), -ESTALE);
		CHECK_HAS(err.message, rows[i].what);
		CHECK_STR(err.object, "a.img:/f2");
		famfs_close(fs);
	}
	famfs_ctx_free(ctx);
}

/* A host's cache, with all lines of the memory: only what is dropped is fetched from there. */
static uint8_t cache[FAMFS_LOG_OFF + IMAGE_LOG_LEN];
static uint64_t dropped;

static void refetch(const void *at, size_t len)
{
	uint64_t off = (uint64_t)((const uint8_t *)at - cache) / CACHE_LINE * CACHE_LINE;
	uint64_t end = (uint64_t)((const uint8_t *)at - cache) + len;

	for (; off < end; off += CACHE_LINE) {
		image_read("a.img", off, cache + off, CACHE_LINE);
		dropped += CACHE_LINE;
	}
}

UNIT_TEST(what_others_changed_is_seen_by_a_host_with_old_lines)
{
	void (*const changes[])(struct famfs_ctx * ctx) = { gone_by_repair, cut_off_by_repair,
							    being_made_anew, made_anew };
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_entry entry;
	struct persist_ops ops;
	struct famfs *fs;
	uint8_t *map;

	for (size_t i = 0; i < UNIT_NR(changes); i++) {
		UNIT_ROW("%zu", i);
		fs = open_and_find(ctx, &entry);
		REQUIRE(fs);
		map = fs->dev->map;
		REQUIRE(fs->dev->map_len >= sizeof(cache));
		memcpy(cache, map, sizeof(cache));
		ops = *fs->dev->ops;
		ops.invalidate = refetch;
		fs->dev->ops = &ops;
		fs->dev->map = cache;
		changes[i](ctx);
		dropped = 0;
		CHECK_EQ(famfs_lookup(fs, "f2", &entry, NULL), 0);
		CHECK_EQ(dropped, 0);
		CHECK_EQ(famfs_unmoved(fs, &entry, NULL), -ESTALE);
		/* A few lines, however long the log. */
		CHECK(dropped < 2048);
		fs->dev->map = map;
		famfs_close(fs);
	}
	famfs_ctx_free(ctx);
}

UNIT_MAIN

/* SPDX-License-Identifier: Apache-2.0 */
#include "famfs.h"
#include "unit.h"
#include "scratch.h"
#include "image.h"

#define SIZE (64 * MIB)

static int lookup(struct famfs *fs, const char *path, struct famfs_entry *entry)
{
	struct famfs_err err = { 0 };
	int rc = famfs_lookup(fs, path, entry, &err);

	CHECK_EQ(err.rc, rc);
	return rc;
}

/* d, d/f, d/f2, top, .meta/.alloc.cfg */
static void make_tree(struct famfs_ctx *ctx)
{
	struct famfs_entry entries[] = {
		image_dir("d"),
		image_file("d/f", IMAGE_DATA, 2 * AU),
		image_file("d/f2", IMAGE_DATA + 2 * AU, AU),
		image_file("top", IMAGE_DATA + 4 * AU, AU),
		image_file(".meta/.alloc.cfg", IMAGE_DATA + 5 * AU, AU),
	};

	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	for (uint64_t i = 0; i < UNIT_NR(entries); i++)
		image_put("a.img", i, &entries[i]);
	image_counters("a.img", 5, 5);
}

UNIT_TEST(an_empty_file_system)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_entry entry;
	struct famfs_info info;
	uint64_t cursor = 0;
	struct famfs *fs;

	image_make(ctx, "a.img", SIZE, 0);
	fs = image_open(ctx, "a.img", 0);
	REQUIRE(fs);
	CHECK_EQ(famfs_info(fs, &info, NULL), 0);
	CHECK_STR(info.device, "a.img");
	CHECK_EQ(info.kind, FAMFS_DEV_IMAGE);
	CHECK_EQ(info.role, FAMFS_ROLE_MASTER);
	CHECK_EQ(info.real_size, SIZE);
	CHECK_EQ(info.dev_size, SIZE);
	CHECK_EQ(info.log_len, 8 * MIB);
	CHECK_EQ(info.log_slots, 15420);
	CHECK_EQ(info.alloc_bytes, 10 * MIB);
	CHECK_EQ(info.free, 54 * MIB);
	CHECK_EQ(info.largest_free, 54 * MIB);
	CHECK_EQ(info.log_used + info.log_good + info.files + info.dirs + info.unusable, 0);
	CHECK(!info.torn_tail && !info.damaged);
	CHECK_EQ(famfs_damage(fs, NULL), 0);
	CHECK_EQ(famfs_next(fs, &cursor, &entry, NULL), 0);
	CHECK_EQ(lookup(fs, "x", &entry), -ENOENT);
	famfs_close(fs);
	famfs_close(NULL);
	famfs_ctx_free(ctx);
}

UNIT_TEST(lookups)
{
	static const struct {
		const char *path;
		int rc;
		uint64_t index;
	} rows[] = {
		{ "", 0, FAMFS_NONE },
		{ "/", 0, FAMFS_NONE },
		{ "./.", 0, FAMFS_NONE },
		{ ".meta", 0, FAMFS_NONE },
		{ "/.meta/", 0, FAMFS_NONE },
		{ ".meta/.alloc.cfg", 0, 4 },
		{ "d", 0, 0 },
		{ "/d/", 0, 0 },
		{ "d/f", 0, 1 },
		{ "//d/./f2", 0, 2 },
		{ "top", 0, 3 },
		{ "to", -ENOENT, 0 },
		{ "topp", -ENOENT, 0 },
		{ "d/x", -ENOENT, 0 },
		{ "x/f", -ENOENT, 0 },
		{ "top/x", -ENOTDIR, 0 },
		{ "d/f/x/y", -ENOTDIR, 0 },
		{ "..", -EINVAL, 0 },
		{ "d/../top", -EINVAL, 0 },
		{ "1234567890123456789012345678901234567890123456789012345678901234567890123456789"
		  "0",
		  -ENAMETOOLONG, 0 },
	};
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs;

	make_tree(ctx);
	fs = image_open(ctx, "a.img", 0);
	REQUIRE(fs);
	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct famfs_entry entry = { .uid = 4711 };

		UNIT_ROW("%s", rows[i].path);
		CHECK_EQ(lookup(fs, rows[i].path, &entry), rows[i].rc);
		if (rows[i].rc) {
			CHECK_EQ(entry.uid, 4711);
			continue;
		}
		CHECK_EQ(entry.index, rows[i].index);
		if (rows[i].index == FAMFS_NONE) {
			CHECK_EQ(entry.type, FAMFS_ENTRY_MKDIR);
			CHECK_EQ(entry.mode, 0755);
		}
	}
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

/* A message is one line, whatever name was asked for. */
UNIT_TEST(messages_are_one_line)
{
	static const char *const paths[] = { "no\nsuch", "top/no\nsuch", "a\n/..", "\x1b[31m" };
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs;

	make_tree(ctx);
	fs = image_open(ctx, "a.img", 0);
	REQUIRE(fs);
	for (size_t i = 0; i < UNIT_NR(paths); i++) {
		struct famfs_err err = { 0 };
		struct famfs_entry entry;

		UNIT_ROW("%zu", i);
		CHECK(famfs_lookup(fs, paths[i], &entry, &err) < 0);
		CHECK(!strpbrk(err.message, "\n\x1b"));
		CHECK(!strpbrk(err.hint, "\n\x1b"));
	}
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_TEST(listing_leaves_the_unusable_out)
{
	struct famfs_entry odd[] = {
		image_file("top", IMAGE_DATA + 6 * AU, AU),
		image_dir("../x"),
		image_dir("a//b"),
		image_dir("/abs"),
		image_dir("d/./x"),
		image_dir(".meta"),
		image_dir("ok"),
	};
	static const char *const want[] = { "d", "d/f", "d/f2", "top", ".meta/.alloc.cfg", "ok" };
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_entry entry;
	struct famfs_info info;
	uint64_t cursor = 0;
	size_t nr = 0;
	struct famfs *fs;

	make_tree(ctx);
	for (uint64_t i = 0; i < UNIT_NR(odd); i++)
		image_put("a.img", 5 + i, &odd[i]);
	/* Types that nothing writes, and one that is none of them. */
	for (uint32_t i = 0; i < 4; i++) {
		image_put("a.img", 12 + i, &odd[6]);
		image_u32("a.img", image_slot(12 + i) + 8, 2 + i);
		image_fix_entry("a.img", 12 + i);
	}
	image_counters("a.img", 16, 16);
	fs = image_open(ctx, "a.img", 0);
	REQUIRE(fs);
	while (famfs_next(fs, &cursor, &entry, NULL) == 1) {
		if (entry.type == FAMFS_ENTRY_ADD_DAXDEV)
			CHECK_EQ(entry.index, 13);
		else if (CHECK(nr < UNIT_NR(want)))
			CHECK_STR(entry.path, want[nr++]);
	}
	CHECK_EQ(nr, UNIT_NR(want));
	CHECK_EQ(famfs_next(fs, &cursor, &entry, NULL), 0);
	CHECK_EQ(famfs_info(fs, &info, NULL), 0);
	CHECK_EQ(info.files, 4);
	CHECK_EQ(info.dirs, 2);
	CHECK_EQ(info.unusable, 9);
	CHECK_EQ(info.file_bytes, 5 * AU);
	CHECK_EQ(info.log_good, 16);
	/* The space of a repeated name is in use all the same. */
	CHECK_EQ(info.alloc_bytes, IMAGE_DATA + 6 * AU);
	CHECK_EQ(info.largest_free, SIZE - IMAGE_DATA - 7 * AU);
	CHECK_EQ(lookup(fs, "top", &entry), 0);
	CHECK_EQ(entry.index, 3);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_TEST(a_damaged_log_is_read_as_far_as_it_is_good)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_err err = { 0 };
	struct famfs_entry entry;
	struct famfs_info info;
	struct famfs *fs;

	make_tree(ctx);
	image_u32("a.img", image_slot(2) + 36, 0777);
	fs = image_open(ctx, "a.img", 0);
	REQUIRE(fs);
	CHECK_EQ(famfs_damage(fs, &err), -EUCLEAN);
	CHECK_EQ(err.entry, 2);
	CHECK_EQ(err.off, image_slot(2));
	CHECK_HAS(err.message, "entry 2 of 5");
	CHECK_HAS(err.hint, "famfs check a.img");
	CHECK_EQ(famfs_info(fs, &info, NULL), 0);
	CHECK_EQ(info.log_good, 2);
	CHECK_EQ(info.log_used, 5);
	CHECK(info.damaged);
	CHECK_EQ(lookup(fs, "d/f", &entry), 0);
	CHECK_EQ(lookup(fs, "top", &entry), -ENOENT);
	/* Mended meanwhile: read again from the start. */
	image_u32("a.img", image_slot(2) + 36, 0644);
	CHECK_EQ(famfs_refresh(fs, NULL), 0);
	CHECK_EQ(famfs_damage(fs, NULL), 0);
	CHECK_EQ(lookup(fs, "top", &entry), 0);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_TEST(header_damage_has_words)
{
	static const struct {
		uint64_t off, value;
		bool fix;
		const char *message;
	} rows[] = {
		{ 0, 1, true, "magic" },
		{ 24, 1, false, "checksum" },
		{ 8, 4 * MIB, true, "length" },
		{ 16, 7, true, "last_index" },
		{ 40, 1 << 20, false, "next_index" },
		{ 32, 99, false, "next_seqnum" },
	};
	struct famfs_ctx *ctx = image_ctx();

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct famfs_err err = { 0 };
		struct famfs *fs;

		UNIT_ROW("%s", rows[i].message);
		image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
		image_u64("a.img", FAMFS_LOG_OFF + rows[i].off, rows[i].value);
		if (rows[i].fix)
			image_fix_log("a.img");
		fs = image_open(ctx, "a.img", 0);
		REQUIRE(fs);
		CHECK_EQ(famfs_damage(fs, &err), -EUCLEAN);
		/* Slots that were never written follow a next_index that is too large. */
		CHECK_HAS(err.message, rows[i].off == 40 ? "entry 0" : rows[i].message);
		famfs_close(fs);
	}
	famfs_ctx_free(ctx);
}

UNIT_TEST(torn_tails_are_told_and_are_no_damage)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_entry entry;
	struct famfs_info info;
	struct famfs *fs;

	make_tree(ctx);
	image_counters("a.img", 5, 4);
	fs = image_open(ctx, "a.img", 0);
	REQUIRE(fs);
	CHECK_EQ(famfs_info(fs, &info, NULL), 0);
	CHECK(info.torn_tail && !info.damaged);
	CHECK_EQ(info.log_good, 4);
	CHECK_EQ(lookup(fs, ".meta/.alloc.cfg", &entry), -ENOENT);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_TEST(refresh_reads_what_is_new)
{
	struct famfs_entry later = image_file("later", IMAGE_DATA + 8 * AU, AU), entry;
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_info info;
	uint64_t cursor = 5;
	struct famfs *fs;

	make_tree(ctx);
	fs = image_open(ctx, "a.img", 0);
	REQUIRE(fs);
	image_put("a.img", 5, &later);
	CHECK_EQ(famfs_next(fs, &cursor, &entry, NULL), 0);
	CHECK_EQ(famfs_refresh(fs, NULL), 0);
	CHECK_EQ(lookup(fs, "later", &entry), -ENOENT);
	image_counters("a.img", 6, 6);
	CHECK_EQ(lookup(fs, "later", &entry), -ENOENT);
	CHECK_EQ(famfs_refresh(fs, NULL), 0);
	CHECK_EQ(lookup(fs, "later", &entry), 0);
	CHECK_EQ(famfs_next(fs, &cursor, &entry, NULL), 1);
	CHECK_STR(entry.path, "later");
	CHECK_EQ(famfs_info(fs, &info, NULL), 0);
	CHECK_EQ(info.files, 5);
	/* Made anew: nothing of the old one is left. */
	image_make(ctx, "b.img", SIZE, IMAGE_LOG_LEN);
	for (uint64_t at = 0; at < IMAGE_DATA; at += MIB) {
		static uint8_t buf[MIB];

		image_read("b.img", at, buf, sizeof(buf));
		image_write("a.img", at, buf, sizeof(buf));
	}
	CHECK_EQ(famfs_refresh(fs, NULL), 0);
	CHECK_EQ(lookup(fs, "top", &entry), -ENOENT);
	CHECK_EQ(famfs_info(fs, &info, NULL), 0);
	CHECK_EQ(info.files + info.dirs + info.log_used, 0);
	image_u64("a.img", 0, 0);
	CHECK_EQ(famfs_refresh(fs, NULL), -EUCLEAN);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_TEST(clients_and_sizes)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_info info;
	struct famfs *fs;

	make_tree(ctx);
	image_u64("a.img", 112, SIZE / 2 + 5);
	CHECK_EQ(setenv("FAMFS_SYSTEM_UUID", IMAGE_CLIENT, 1), 0);
	fs = image_open(ctx, "a.img", FAMFS_OPEN_WRITE);
	REQUIRE(fs);
	CHECK_EQ(famfs_info(fs, &info, NULL), 0);
	CHECK_EQ(info.role, FAMFS_ROLE_CLIENT);
	CHECK_EQ(info.real_size, SIZE);
	CHECK_EQ(info.dev_size, SIZE / 2 + 5);
	CHECK_EQ(info.free + info.alloc_bytes, SIZE / 2);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

/* Sizes on hostile media may not make the sum smaller than one of them. */
UNIT_TEST(sums_do_not_wrap)
{
	struct famfs_entry huge = image_file("huge", IMAGE_DATA, AU);
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_info info;
	struct famfs *fs;

	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	huge.size = 1ULL << 63;
	image_put("a.img", 0, &huge);
	(void)snprintf(huge.path, sizeof(huge.path), "huge2");
	image_put("a.img", 1, &huge);
	image_counters("a.img", 2, 2);
	fs = image_open(ctx, "a.img", 0);
	REQUIRE(fs);
	CHECK_EQ(famfs_info(fs, &info, NULL), 0);
	CHECK(info.file_bytes >= huge.size);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_TEST(not_opened)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_err err = { 0 };
	struct famfs *fs = NULL;

	CHECK_EQ(famfs_open(ctx, "none.img", 0, &fs, &err), -ENOENT);
	CHECK_HAS(err.hint, "mkfs");
	scratch_image("a.img", SIZE);
	CHECK_EQ(famfs_open(ctx, "a.img", 0, &fs, &err), -EUCLEAN);
	scratch_image("a.img", 0);
	CHECK_EQ(famfs_open(ctx, "a.img", 0, &fs, &err), -EUCLEAN);
	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	image_u64("a.img", 8, 47);
	CHECK_EQ(famfs_open(ctx, "a.img", 0, &fs, &err), -EOPNOTSUPP);
	CHECK(!fs);
	famfs_ctx_free(ctx);
}

UNIT_MAIN

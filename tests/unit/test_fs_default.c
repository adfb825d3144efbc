/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/wait.h>

#include "alloc_cfg.h"
#include "unit.h"
#include "scratch.h"
#include "image.h"
#include "create.h"

#define IMG "a.img"

static const struct famfs_geometry wide = { .nstrips = 4, .nbuckets = 8, .chunk_size = 2 * MIB };
static const struct famfs_default_opts plain = { .uid = 12, .gid = 34 };

static struct famfs *open_new(struct famfs_ctx *ctx)
{
	image_make(ctx, IMG, 128 * AU, IMAGE_LOG_LEN);
	return image_open(ctx, IMG, FAMFS_OPEN_WRITE);
}

static int set(struct famfs *fs, struct famfs_geometry g, const struct famfs_default_opts *opts,
	       struct famfs_default_result *result, struct famfs_err *err)
{
	return famfs_default_set(fs, &g, opts, result, err);
}

/* What another handle reads. */
static void is_default(struct famfs_ctx *ctx, struct famfs_geometry want)
{
	struct famfs_geometry got = { 7, 7, 7 };
	struct famfs *fs = image_open(ctx, IMG, 0);

	REQUIRE(fs);
	CHECK_EQ(famfs_default_get(fs, &got, NULL), 0);
	CHECK_EQ(got.nstrips, want.nstrips);
	CHECK_EQ(got.nbuckets, want.nbuckets);
	CHECK_EQ(got.chunk_size, want.chunk_size);
	famfs_close(fs);
}

/* Without libyaml nothing can be read back. */
static bool can_read(void)
{
	struct famfs_geometry g;

	return alloc_cfg_parse("x", 1, &g, "", NULL) != -EOPNOTSUPP;
}

UNIT_TEST(made_and_rewritten)
{
	struct famfs_default_result result = { 0 };
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_geometry got = { 7, 7, 7 };
	struct famfs *fs = open_new(ctx);
	struct famfs_entry entry;
	struct famfs_err err = { 0 };
	uint64_t sum;

	if (!can_read())
		SKIP("no libyaml");
	REQUIRE(fs);
	CHECK_EQ(famfs_default_get(fs, &got, &err), -ENOENT);
	CHECK_EQ(got.nstrips, 7);
	CHECK_EQ(set(fs, wide, &plain, &result, NULL), 0);
	CHECK(result.made && result.changed);
	CHECK_STR(result.undo, "");
	is_default(ctx, wide);
	CHECK_EQ(famfs_lookup(fs, "/.meta/.alloc.cfg", &entry, NULL), 0);
	CHECK_EQ(entry.size, 4096);
	CHECK_EQ(entry.mode, 0644);
	CHECK_EQ(entry.uid, 12);
	CHECK_EQ(entry.gid, 34);

	/* The same again changes nothing. */
	sum = image_sum(IMG);
	CHECK_EQ(set(fs, wide, &plain, &result, NULL), 0);
	CHECK(!result.made && !result.changed);
	CHECK_STR(result.undo, "");
	CHECK_EQ(image_sum(IMG), sum);

	/* Defaults of the geometry are filled in. */
	got = (struct famfs_geometry){ .nbuckets = 3 };
	CHECK_EQ(famfs_default_set(fs, &got, &plain, &result, NULL), 0);
	CHECK(!result.made && result.changed);
	CHECK_EQ(got.nstrips, 3);
	is_default(ctx, (struct famfs_geometry){ 3, 3, 2 * MIB });
	CHECK_EQ(access(result.undo, R_OK), 0);
	CHECK_EQ(set(fs, (struct famfs_geometry){ 0 }, &plain, &result, NULL), 0);
	is_default(ctx, (struct famfs_geometry){ 0 });
	famfs_close(fs);
	CHECK_EQ(image_check(ctx, IMG, true), 0);
	famfs_ctx_free(ctx);
}

UNIT_TEST(a_dry_run_writes_nothing)
{
	const struct famfs_default_opts dry = { .dry_run = true, .undo = "none.undo" };
	struct famfs_default_result result = { 0 };
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx);
	uint64_t sum = image_sum(IMG);

	REQUIRE(fs);
	CHECK_EQ(set(fs, wide, &dry, &result, NULL), 0);
	CHECK(result.made && result.changed);
	CHECK_EQ(image_sum(IMG), sum);
	CHECK_EQ(set(fs, wide, &plain, &result, NULL), 0);
	sum = image_sum(IMG);
	CHECK_EQ(set(fs, (struct famfs_geometry){ 0 }, &dry, &result, NULL), 0);
	CHECK(!result.made && result.changed);
	CHECK_EQ(image_sum(IMG), sum);
	CHECK(access("none.undo", F_OK) < 0);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_TEST(refused_geometries)
{
	static const struct {
		struct famfs_geometry g;
		int rc;
		const char *message;
	} rows[] = {
		{ { 0, 0, 2 * MIB }, -EINVAL, "how many strips" },
		{ { 17, 0, 0 }, -EINVAL, "too many strips" },
		{ { UINT64_MAX, 0, 0 }, -EINVAL, "too many strips" },
		{ { 4, 65, 0 }, -EINVAL, "too many buckets" },
		{ { 4, 2, 0 }, -EINVAL, "4 strips, 2 buckets" },
		{ { 4, 8, 3 * MIB }, -EINVAL, "power of two" },
		/* 128 AUs: a bucket of 8 has 32 MiB. */
		{ { 2, 8, 64 * MIB }, -EINVAL, "one of 8 buckets has 32M" },
		{ { 2, 2, 1024 * MIB }, -ENOSPC, "no space" },
	};
	struct famfs_default_result result = { 0 };
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx);

	REQUIRE(fs);
	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct famfs_err err = { 0 };

		UNIT_ROW("%zu", i);
		CHECK_EQ(set(fs, rows[i].g, &plain, &result, &err), rows[i].rc);
		CHECK_HAS(err.message, rows[i].message);
		CHECK_STR(err.object, IMG ":/.meta/.alloc.cfg");
	}
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

/* A file with these bytes, as it can be found there, of @size bytes by its entry. */
static void put(const char *text, uint64_t size)
{
	struct famfs_entry entry = image_file(ALLOC_CFG_PATH, IMAGE_DATA, AU);
	char bytes[4096];

	memset(bytes, '\n', sizeof(bytes));
	memcpy(bytes, text, strlen(text));
	entry.size = size;
	if (size > AU)
		entry.extents[0].len = (size + AU - 1) / AU * AU;
	image_put(IMG, 0, &entry);
	image_counters(IMG, 1, 1);
	image_write(IMG, IMAGE_DATA, bytes, sizeof(bytes));
}

#define CFG(b, s, c) "interleaved_alloc: {nbuckets: " b ", nstrips: " s ", chunk_size: " c "}"

UNIT_TEST(hostile_contents)
{
	static const struct {
		const char *text;
		uint64_t size;
		const char *message;
	} rows[] = {
		{ CFG("8", "0", "2m"), 4096, "a zero beside other numbers" },
		{ CFG("8", "4", "0"), 4096, "a zero beside other numbers" },
		{ CFG("0", "4", "2m"), 4096, "a zero beside other numbers" },
		{ CFG("64", "17", "2m"), 4096, "too many strips" },
		{ CFG("18446744073709551615", "18446744073709551615", "2m"), 4096, "too many" },
		{ CFG("8", "4", "3m"), 4096, "power of two" },
		{ CFG("8", "4", "64m"), 4096, "one of 8 buckets has 32M" },
		{ CFG("2", "2", "2g"), 4096, "no space" },
		{ CFG("8", "4", "2m"), 10, "" },
		{ CFG("8", "4", "2m"), 0, "" },
		{ CFG("8", "4", "2m"), 1ULL << 40, "more than 65536 are not read" },
		{ CFG("8", "4", "2m"), UINT64_MAX, "more than 65536 are not read" },
		{ "\xff\xfe\x01", 4096, "" },
	};
	struct famfs_default_result result = { 0 };
	struct famfs_ctx *ctx = image_ctx();

	if (!can_read())
		SKIP("no libyaml");
	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct famfs_geometry got = { 7, 7, 7 };
		struct famfs_err err = { 0 };
		struct famfs *fs;

		UNIT_ROW("%zu", i);
		image_make(ctx, IMG, 128 * AU, IMAGE_LOG_LEN);
		put(rows[i].text, rows[i].size);
		fs = image_open(ctx, IMG, FAMFS_OPEN_WRITE);
		REQUIRE(fs);
		CHECK_EQ(famfs_default_get(fs, &got, &err), -EUCLEAN);
		CHECK_EQ(err.rc, -EUCLEAN);
		CHECK_STR(err.object, IMG ":/.meta/.alloc.cfg");
		CHECK_HAS(err.message, rows[i].message);
		CHECK_EQ(got.nstrips, 7);
		/* Setting it anew is the remedy, wherever the text has room. */
		if (rows[i].size == 4096) {
			CHECK_EQ(set(fs, wide, &plain, &result, NULL), 0);
			is_default(ctx, wide);
		} else {
			CHECK(set(fs, wide, &plain, &result, &err) < 0);
			CHECK(err.message[0]);
		}
		famfs_close(fs);
	}
	famfs_ctx_free(ctx);
}

UNIT_TEST(a_directory_in_its_place)
{
	struct famfs_entry dir = image_dir(ALLOC_CFG_PATH);
	struct famfs_default_result result = { 0 };
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_err err = { 0 };
	struct famfs_geometry got;
	struct famfs *fs;

	image_make(ctx, IMG, 128 * AU, IMAGE_LOG_LEN);
	image_put(IMG, 0, &dir);
	image_counters(IMG, 1, 1);
	fs = image_open(ctx, IMG, FAMFS_OPEN_WRITE);
	REQUIRE(fs);
	CHECK_EQ(famfs_default_get(fs, &got, &err), -EISDIR);
	CHECK_EQ(set(fs, wide, &plain, &result, &err), -EISDIR);
	CHECK_HAS(err.message, "is a directory");
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

/* Its map leads into the log: nothing is written through it. */
UNIT_TEST(an_unsafe_map)
{
	struct famfs_entry entry = image_file(ALLOC_CFG_PATH, FAMFS_LOG_OFF, AU);
	struct famfs_default_result result = { 0 };
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_err err = { 0 };
	struct famfs *fs;
	uint64_t sum;

	image_make(ctx, IMG, 128 * AU, IMAGE_LOG_LEN);
	entry.size = 4096;
	image_put(IMG, 0, &entry);
	image_counters(IMG, 1, 1);
	sum = image_sum(IMG);
	fs = image_open(ctx, IMG, FAMFS_OPEN_WRITE);
	REQUIRE(fs);
	CHECK_EQ(set(fs, wide, &plain, &result, &err), -EUCLEAN);
	CHECK_HAS(err.message, "its map is not safe");
	CHECK_EQ(image_sum(IMG), sum);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_TEST(an_undo_file_that_cannot_be_made)
{
	const struct famfs_default_opts opts = { .undo = "no/such/dir.undo" };
	const struct famfs_default_opts taken = { .undo = IMG };
	struct famfs_default_result result = { 0 };
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx);
	uint64_t sum;

	REQUIRE(fs);
	CHECK_EQ(set(fs, wide, &plain, &result, NULL), 0);
	sum = image_sum(IMG);
	CHECK_EQ(set(fs, (struct famfs_geometry){ 0 }, &opts, &result, NULL), -ENOENT);
	CHECK_EQ(set(fs, (struct famfs_geometry){ 0 }, &taken, &result, NULL), -EEXIST);
	CHECK_EQ(image_sum(IMG), sum);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_TEST(only_the_master_sets_it)
{
	struct famfs_default_result result = { 0 };
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx);
	uint64_t sum;

	REQUIRE(fs);
	CHECK_EQ(setenv("FAMFS_SYSTEM_UUID", IMAGE_CLIENT, 1), 0);
	sum = image_sum(IMG);
	CHECK_EQ(set(fs, wide, &plain, &result, NULL), -EPERM);
	CHECK_EQ(image_sum(IMG), sum);
	CHECK_EQ(setenv("FAMFS_SYSTEM_UUID", IMAGE_MASTER, 1), 0);
	CHECK_EQ(set(fs, wide, &plain, &result, NULL), 0);
	CHECK_EQ(setenv("FAMFS_SYSTEM_UUID", IMAGE_CLIENT, 1), 0);
	CHECK_EQ(set(fs, (struct famfs_geometry){ 0 }, &plain, &result, NULL), -EPERM);
	famfs_close(fs);
	fs = image_open(ctx, IMG, 0);
	REQUIRE(fs);
	CHECK_EQ(set(fs, wide, &plain, &result, NULL), -EROFS);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

/* Several set it at once, also while there is none: each is whole, and one of them stays. */
UNIT_TEST(set_by_several_at_once)
{
	enum { NR = 4, TURNS = 20 };
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_geometry got = { 0 };
	struct famfs *fs = open_new(ctx);
	pid_t children[NR];

	if (!can_read())
		SKIP("no libyaml");
	REQUIRE(fs);
	famfs_close(fs);
	for (uint64_t c = 0; c < NR; c++) {
		children[c] = fork();
		if (children[c])
			continue;
		for (uint64_t i = 0; i < TURNS; i++) {
			struct famfs_geometry g = { 1 + (c + i) % 16, 16, 2 * MIB };
			struct famfs_default_result result;

			fs = image_open(ctx, IMG, FAMFS_OPEN_WRITE);
			if (!fs || set(fs, g, &plain, &result, NULL))
				_exit(1);
			famfs_close(fs);
		}
		_exit(0);
	}
	for (int c = 0; c < NR; c++) {
		int status = -1;

		CHECK_EQ(waitpid(children[c], &status, 0), children[c]);
		CHECK_EQ(status, 0);
	}
	fs = image_open(ctx, IMG, 0);
	REQUIRE(fs);
	CHECK_EQ(famfs_default_get(fs, &got, NULL), 0);
	CHECK_EQ(got.nbuckets, 16);
	famfs_close(fs);
	CHECK_EQ(image_check(ctx, IMG, true), 0);
	famfs_ctx_free(ctx);
}

UNIT_TEST(what_the_existing_tools_take)
{
	const struct famfs_geometry four = { 2, 4, 2 * MIB }, five = { 2, 5, 2 * MIB };
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_err err = { 0 };
	struct famfs *fs;

	image_make(ctx, IMG, 4096 * MIB, IMAGE_LOG_LEN);
	fs = image_open(ctx, IMG, 0);
	REQUIRE(fs);
	CHECK_EQ(famfs_default_existing(fs, &four, &err), 0);
	CHECK_EQ(famfs_default_existing(fs, &(struct famfs_geometry){ 0 }, &err), 0);
	CHECK_EQ(famfs_default_existing(fs, &five, &err), -EOPNOTSUPP);
	CHECK_HAS(err.message, "each of 5 buckets has 819.1M");
	CHECK_HAS(err.hint, "4 buckets at most");
	famfs_close(fs);
	image_make(ctx, IMG, 64 * MIB, IMAGE_LOG_LEN);
	fs = image_open(ctx, IMG, 0);
	REQUIRE(fs);
	CHECK_EQ(famfs_default_existing(fs, &four, &err), -EOPNOTSUPP);
	CHECK_HAS(err.hint, "too small");
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_MAIN

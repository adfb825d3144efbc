/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a new file from another file, and from the generator; finding what differs. */
#include "famfs.h"
#include "data_random.h"
#include "fs.h"
#include "unit.h"
#include "scratch.h"
#include "image.h"
#include "create.h"
#include "filling.h"
#include "trace.h"

#define SIZE (128 * MIB)

static struct famfs *open_new(struct famfs_ctx *ctx, const char *name)
{
	image_make(ctx, name, SIZE, IMAGE_LOG_LEN);
	return image_open(ctx, name, FAMFS_OPEN_WRITE);
}

static void end(struct famfs_ctx *ctx, struct famfs *fs, const char *name)
{
	famfs_close(fs);
	CHECK_EQ(image_check(ctx, name, true), 0);
	famfs_ctx_free(ctx);
}

/* ------------------------------------------------------------ from another file */

struct source {
	struct famfs *fs;
	struct famfs_entry entry;
};

static int fill_from(void *data, size_t req_index, struct famfs_fill *fill, struct famfs_err *err)
{
	struct source *source = data;

	(void)req_index;
	return famfs_fill_from_file(fill, source->fs, &source->entry, err);
}

static const struct {
	uint64_t size, from_strips, to_strips;
	bool same;
} copies[] = {
	{ 1, 0, 0, true },           { 4095, 0, 0, false },        { 9 * MIB + 5, 0, 3, false },
	{ 9 * MIB + 5, 3, 0, true }, { 9 * MIB + 5, 3, 2, false }, { 33 * MIB + 1, 2, 3, true },
};

UNIT_TEST(files_of_files)
{
	for (size_t i = 0; i < UNIT_NR(copies); i++) {
		struct famfs_create_req from = create_req("from", copies[i].size);
		struct famfs_create_req to = create_req("to", copies[i].size);
		struct famfs_ctx *ctx = image_ctx();
		struct famfs *fs = open_new(ctx, "a.img"), *other = open_new(ctx, "b.img");
		struct source source = { .fs = copies[i].same ? fs : other };
		struct famfs_err err = { 0 };

		UNIT_ROW("%zu", i);
		REQUIRE(fs && other);
		from.nstrips = copies[i].from_strips;
		to.nstrips = copies[i].to_strips;
		source.entry = filling_make(source.fs, &from, 11);
		CHECK_MSG(filling_one(fs, &to, fill_from, &source, &err) == 0, "%s", err.message);
		filling_named(fs, "to", 11);
		filling_holds(source.fs, &source.entry, 11);
		famfs_close(other);
		end(ctx, fs, "a.img");
	}
}

UNIT_TEST(a_source_of_another_size)
{
	for (uint64_t size = 4095; size <= 4097; size += 2) {
		struct famfs_create_req from = create_req("from", 4096),
					to = create_req("to", size);
		struct famfs_ctx *ctx = image_ctx();
		struct famfs *fs = open_new(ctx, "a.img");
		struct source source = { .fs = fs };
		struct famfs_err err = { 0 };
		struct famfs_entry entry;

		UNIT_ROW("%" PRIu64, size);
		REQUIRE(fs);
		source.entry = filling_make(fs, &from, 11);
		CHECK_EQ(filling_one(fs, &to, fill_from, &source, &err), -ESTALE);
		CHECK_STR(err.object, "a.img:/to");
		CHECK_HAS(err.message, "4096 bytes");
		CHECK_EQ(famfs_lookup(fs, "to", &entry, NULL), -ENOENT);
		end(ctx, fs, "a.img");
	}
}

UNIT_TEST(a_source_that_is_cut)
{
	struct famfs_create_req from = create_req("from", 9 * MIB), to = create_req("to", 9 * MIB);
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx, "a.img"), *other = open_new(ctx, "b.img");
	struct source source = { .fs = other };
	struct famfs_err err = { 0 };
	struct famfs_entry entry;

	REQUIRE(fs && other);
	source.entry = filling_make(other, &from, 11);
	CHECK_EQ(truncate("b.img", (off_t)(source.entry.extents[0].off + 5 * MIB)), 0);
	CHECK_EQ(filling_one(fs, &to, fill_from, &source, &err), -EIO);
	CHECK_EQ(err.rc, -EIO);
	CHECK_STR(err.object, "b.img:/from");
	CHECK_HAS(err.message, "shrank");
	CHECK_EQ(famfs_lookup(fs, "to", &entry, NULL), -ENOENT);
	famfs_close(other);
	end(ctx, fs, "a.img");
}

/* ------------------------------------------------------------- from the generator */

static int fill_seed(void *data, size_t req_index, struct famfs_fill *fill, struct famfs_err *err)
{
	(void)req_index;
	return famfs_fill_random(fill, *(const uint64_t *)data, err);
}

static struct famfs_entry make_random(struct famfs *fs, uint64_t size, uint64_t nstrips,
				      uint64_t seed)
{
	struct famfs_create_req req = create_req("f", size);
	struct famfs_entry entry = { 0 };
	struct famfs_err err = { 0 };

	req.nstrips = nstrips;
	CHECK_MSG(filling_one(fs, &req, fill_seed, &seed, &err) == 0, "%s", err.message);
	CHECK_EQ(famfs_lookup(fs, "f", &entry, NULL), 0);
	return entry;
}

static uint64_t verify(struct famfs *fs, const struct famfs_entry *entry, uint64_t seed,
		       unsigned int threads)
{
	struct famfs_data_opts opts = { .threads = threads };
	uint64_t off = 12345;

	CHECK_EQ(famfs_verify_random(fs, entry, seed, &opts, &off, NULL), 0);
	return off;
}

/* The checksums of golden/randbuf_vectors.json, on media. */
UNIT_TEST(golden_bytes_on_media)
{
	struct famfs_ctx *ctx = image_ctx();
	uint8_t *buf = malloc(65537);

	REQUIRE(buf);
	for (size_t i = 0; i < UNIT_NR(golden_randoms); i += 9) {
		const struct golden_random *row = &golden_randoms[i];
		struct famfs *fs = open_new(ctx, "a.img");
		struct famfs_entry entry;

		UNIT_ROW("seed 0x%" PRIx64 ", %zu bytes", row->seed, row->len);
		REQUIRE(fs);
		entry = make_random(fs, row->len, 0, row->seed);
		image_read("a.img", entry.extents[0].off, buf, row->len);
		CHECK_EQ(csum_crc32(buf, row->len), row->crc);
		CHECK_EQ(verify(fs, &entry, row->seed, 1), FAMFS_NONE);
		famfs_close(fs);
	}
	free(buf);
	/* 4096 bytes of each seed, from their beginning. */
	for (size_t i = 0; i < UNIT_NR(golden_firsts); i++) {
		struct famfs *fs = open_new(ctx, "a.img");
		struct famfs_entry entry;
		uint8_t first[32];

		UNIT_ROW("seed 0x%" PRIx64, golden_firsts[i].seed);
		REQUIRE(fs);
		entry = make_random(fs, 4096, 0, golden_firsts[i].seed);
		CHECK_EQ(famfs_read(fs, &entry, 0, first, sizeof(first), NULL), 0);
		CHECK_MEM(first, golden_firsts[i].first, sizeof(first));
		famfs_close(fs);
	}
	famfs_ctx_free(ctx);
}

/* The same bytes whatever the layout and however many work on them. */
UNIT_TEST(the_layout_does_not_matter)
{
	static const struct {
		uint64_t nstrips;
		unsigned int threads;
	} rows[] = { { 0, 4 }, { 3, 1 }, { 2, 3 } };
	const uint64_t size = 35 * MIB + 3;
	uint8_t *want = malloc(size), *got = malloc(size);

	REQUIRE(want && got);
	for (size_t i = 0; i < UNIT_NR(rows) + 1; i++) {
		struct famfs_ctx *ctx = image_ctx();
		struct famfs *fs = open_new(ctx, "a.img");
		struct famfs_entry entry;

		UNIT_ROW("%zu", i);
		REQUIRE(fs);
		famfs_ctx_set_threads(ctx, i ? rows[i - 1].threads : 1);
		entry = make_random(fs, size, i ? rows[i - 1].nstrips : 0, 7);
		CHECK_EQ(famfs_read(fs, &entry, 0, i ? got : want, size, NULL), 0);
		if (i)
			CHECK_MEM(got, want, size);
		CHECK_EQ(verify(fs, &entry, 7, i % 2 ? 4 : 1), FAMFS_NONE);
		end(ctx, fs, "a.img");
	}
	free(want);
	free(got);
}

static void flip(const struct famfs_entry *entry, uint64_t off)
{
	struct famfs_extent at = { 0 };
	uint8_t byte;

	CHECK_EQ(famfs_resolve(entry, off, &at, NULL), 0);
	image_read("a.img", at.off, &byte, 1);
	byte ^= 0x10;
	image_write("a.img", at.off, &byte, 1);
}

UNIT_TEST(a_flipped_byte_is_found)
{
	static const uint64_t offs[] = { 0,        3,           4,       4095,
					 AU,       8 * MIB - 1, 8 * MIB, 20 * MIB + 1,
					 25 * MIB, 25 * MIB + 2 };

	for (uint64_t nstrips = 0; nstrips <= 3; nstrips += 3) {
		struct famfs_ctx *ctx = image_ctx();
		struct famfs *fs = open_new(ctx, "a.img");
		struct famfs_entry entry;

		REQUIRE(fs);
		entry = make_random(fs, 25 * MIB + 3, nstrips, 7);
		for (size_t i = 0; i < UNIT_NR(offs); i++) {
			UNIT_ROW("%" PRIu64 " strips, byte %" PRIu64, nstrips, offs[i]);
			flip(&entry, offs[i]);
			CHECK_EQ(verify(fs, &entry, 7, 1), offs[i]);
			CHECK_EQ(verify(fs, &entry, 7, 4), offs[i]);
			/* The first of two. */
			if (offs[i] < 25 * MIB + 2) {
				flip(&entry, 25 * MIB + 2);
				CHECK_EQ(verify(fs, &entry, 7, 4), offs[i]);
				flip(&entry, 25 * MIB + 2);
			}
			flip(&entry, offs[i]);
		}
		CHECK_EQ(verify(fs, &entry, 7, 4), FAMFS_NONE);
		end(ctx, fs, "a.img");
	}
}

/* On damaged media a run may begin inside one of the generator's words. */
UNIT_TEST(odd_runs)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx, "a.img");
	struct famfs_entry entry;

	REQUIRE(fs);
	entry = make_random(fs, MIB, 0, 7);
	entry.nextents = entry.extents_nr = 3;
	entry.extents[1] = (struct famfs_extent){ 0, entry.extents[0].off + 5, 300002 };
	entry.extents[2] = (struct famfs_extent){ 0, entry.extents[0].off + 300007, MIB };
	entry.extents[0].len = 5;
	CHECK_EQ(verify(fs, &entry, 7, 1), FAMFS_NONE);
	for (uint64_t off = 5; off < MIB; off += 100000) {
		flip(&entry, off);
		CHECK_EQ(verify(fs, &entry, 7, 1), off);
		flip(&entry, off);
	}
	end(ctx, fs, "a.img");
}

UNIT_TEST(other_bytes)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx, "a.img");
	struct famfs_entry entry;

	REQUIRE(fs);
	entry = make_random(fs, 5, 0, 1);
	CHECK_EQ(verify(fs, &entry, 2, 1), 0);
	/* Only the low 32 bits count. */
	CHECK_EQ(verify(fs, &entry, 0x500000001, 1), FAMFS_NONE);
	end(ctx, fs, "a.img");
}

/* What lies behind the end is not compared. */
UNIT_TEST(the_slack_is_not_looked_at)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx, "a.img");
	struct famfs_entry entry;

	REQUIRE(fs);
	entry = make_random(fs, 4097, 0, 1);
	filling_dirty("a.img", entry.extents[0].off + 4097, 100);
	CHECK_EQ(verify(fs, &entry, 1, 1), FAMFS_NONE);
	end(ctx, fs, "a.img");
}

UNIT_TEST(refusals)
{
	struct famfs_create_req reqs[] = { create_req("d", 0), create_req("f", 9 * MIB) };
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx, "a.img");
	uint64_t seed = 0x100000000, off = 77;
	struct famfs_err err = { 0 };
	struct famfs_entry entry;

	REQUIRE(fs);
	CHECK_EQ(filling_one(fs, &reqs[1], fill_seed, &seed, &err), -EINVAL);
	CHECK_STR(err.object, "a.img:/f");
	CHECK_HAS(err.message, "seed");
	CHECK_HAS(err.hint, "another seed");
	CHECK_EQ(famfs_lookup(fs, "f", &entry, NULL), -ENOENT);
	CHECK_EQ(famfs_create(fs, reqs, 2, NULL, NULL), 0);
	CHECK_EQ(famfs_lookup(fs, "f", &entry, NULL), 0);
	CHECK_EQ(famfs_verify_random(fs, &entry, 0, NULL, &off, &err), -EINVAL);
	CHECK_HAS(err.message, "seed");
	CHECK_EQ(truncate("a.img", (off_t)(entry.extents[0].off + MIB)), 0);
	CHECK_EQ(famfs_verify_random(fs, &entry, 1, NULL, &off, &err), -EIO);
	CHECK_STR(err.object, "a.img:/f");
	CHECK_EQ(off, 77);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_TEST(a_directory_has_no_bytes)
{
	struct famfs_create_req req = create_req("d", 0);
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx, "a.img");
	struct famfs_err err = { 0 };
	struct famfs_entry entry;
	uint64_t off = 77;

	REQUIRE(fs);
	CHECK_EQ(famfs_create(fs, &req, 1, NULL, NULL), 0);
	CHECK_EQ(famfs_lookup(fs, "d", &entry, NULL), 0);
	CHECK_EQ(famfs_verify_random(fs, &entry, 1, NULL, &off, &err), -EINVAL);
	CHECK_STR(err.object, "a.img:/d");
	CHECK_EQ(off, 77);
	end(ctx, fs, "a.img");
}

UNIT_TEST(cancelled)
{
	struct famfs_create_req req = create_req("g", MIB);
	struct famfs_ctx *ctx = image_ctx(), *own = image_ctx();
	struct famfs *fs = open_new(ctx, "a.img");
	uint64_t seed = 1, off = 77;
	struct famfs_entry entry;

	REQUIRE(fs);
	entry = make_random(fs, 4096, 0, 1);
	famfs_cancel(ctx);
	CHECK_EQ(famfs_verify_random(fs, &entry, 1, NULL, &off, NULL), -ECANCELED);
	CHECK_EQ(off, 77);
	CHECK_EQ(filling_one(fs, &req, fill_seed, &seed, NULL), -ECANCELED);
	CHECK_EQ(famfs_lookup(fs, "g", &entry, NULL), -ENOENT);
	famfs_close(fs);
	famfs_ctx_free(ctx);
	CHECK_EQ(image_check(own, "a.img", true), 0);
	famfs_ctx_free(own);
}

/* On memory that plays devdax, by one thread: stored, read and compared through the mapping. */
UNIT_TEST(through_a_mapping)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx, "a.img");
	struct famfs_entry entry;

	REQUIRE(fs);
	trace_begin(fs->dev);
	entry = make_random(fs, 9 * MIB + 1, 3, 5);
	CHECK_EQ(verify(fs, &entry, 5, 1), FAMFS_NONE);
	flip(&entry, 9 * MIB);
	CHECK_EQ(verify(fs, &entry, 5, 1), 9 * MIB);
	trace_end(fs->dev);
	flip(&entry, 9 * MIB);
	CHECK_EQ(verify(fs, &entry, 5, 1), FAMFS_NONE);
	end(ctx, fs, "a.img");
}

UNIT_MAIN

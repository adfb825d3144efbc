/* SPDX-License-Identifier: Apache-2.0 */
#include "famfs.h"
#include "fs.h"
#include "unit.h"
#include "scratch.h"
#include "image.h"
#include "create.h"
#include "filling.h"
#include "trace.h"

#define SIZE     (64 * MIB)
#define OLD      1
#define NEW      2
#define THEIRS   3
#define FILE_LEN (5 * MIB + 3)

/* What is written over the file. */
struct over {
	int calls, rc;
	struct famfs *other; /* appends meanwhile */
	uint64_t told;
};

static int store_new(void *data, struct famfs_fill *fill, struct famfs_err *err)
{
	struct over *over = data;
	struct famfs_create_req req = create_req("theirs", AU);
	uint32_t salt = THEIRS;

	over->calls++;
	if (over->other)
		CHECK_EQ(filling_one(over->other, &req, filling_salt, &salt, NULL), 0);
	return over->rc ? over->rc : filling_store(fill, NEW, err);
}

static struct famfs *open_new(struct famfs_ctx *ctx)
{
	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	return image_open(ctx, "a.img", FAMFS_OPEN_WRITE);
}

static struct famfs_entry make_old(struct famfs *fs, uint64_t nstrips)
{
	struct famfs_create_req req = create_req("f", FILE_LEN);

	req.nstrips = nstrips;
	return filling_make(fs, &req, OLD);
}

static void add(void *data, uint64_t bytes)
{
	((struct over *)data)->told += bytes;
}

UNIT_TEST(new_bytes_in_place)
{
	for (uint64_t nstrips = 0; nstrips <= 3; nstrips += 3) {
		struct famfs_ctx *ctx = image_ctx();
		struct famfs *fs = open_new(ctx);
		struct over over = { 0 };
		struct famfs_data_opts opts = { .data = &over, .progress = add };
		struct famfs_entry entry, after;

		UNIT_ROW("%" PRIu64 " strips", nstrips);
		REQUIRE(fs);
		entry = make_old(fs, nstrips);
		CHECK_EQ(famfs_overwrite(fs, &entry, store_new, &opts, NULL), 0);
		CHECK_EQ(over.calls, 1);
		CHECK_EQ(over.told, FILE_LEN);
		filling_holds(fs, &entry, NEW);
		CHECK_EQ(famfs_refresh(fs, NULL), 0);
		CHECK_EQ(famfs_lookup(fs, "f", &after, NULL), 0);
		CHECK_MEM(&after, &entry, sizeof(entry));
		famfs_close(fs);
		CHECK_EQ(image_check(ctx, "a.img", true), 0);
		famfs_ctx_free(ctx);
	}
}

static int store_some(void *data, struct famfs_fill *fill, struct famfs_err *err)
{
	uint8_t buf[1000];
	int rc;

	(void)data;
	filling_bytes(NEW, AU - 500, buf, sizeof(buf));
	rc = famfs_fill_write(fill, AU - 500, buf, sizeof(buf), err);
	CHECK_EQ(famfs_fill_write(fill, FILE_LEN - 1, buf, 2, NULL), -ERANGE);
	return rc;
}

UNIT_TEST(what_is_left_out_stays)
{
	for (uint64_t nstrips = 0; nstrips <= 3; nstrips += 3) {
		struct famfs_ctx *ctx = image_ctx();
		struct famfs *fs = open_new(ctx);
		uint8_t *got = malloc(FILE_LEN), *want = malloc(FILE_LEN);
		struct famfs_entry entry;

		UNIT_ROW("%" PRIu64 " strips", nstrips);
		REQUIRE(fs && got && want);
		entry = make_old(fs, nstrips);
		CHECK_EQ(famfs_overwrite(fs, &entry, store_some, NULL, NULL), 0);
		filling_bytes(OLD, 0, want, FILE_LEN);
		filling_bytes(NEW, AU - 500, want + AU - 500, 1000);
		CHECK_EQ(famfs_read(fs, &entry, 0, got, FILE_LEN, NULL), 0);
		CHECK_MEM(got, want, FILE_LEN);
		free(got);
		free(want);
		famfs_close(fs);
		famfs_ctx_free(ctx);
	}
}

UNIT_TEST(others_append_meanwhile)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx);
	struct over over = { .other = image_open(ctx, "a.img", FAMFS_OPEN_WRITE) };
	struct famfs_data_opts opts = { .data = &over };
	struct famfs_entry entry;

	REQUIRE(fs && over.other);
	entry = make_old(fs, 0);
	CHECK_EQ(famfs_overwrite(fs, &entry, store_new, &opts, NULL), 0);
	CHECK_EQ(famfs_refresh(fs, NULL), 0);
	filling_named(fs, "f", NEW);
	filling_named(fs, "theirs", THEIRS);
	famfs_close(fs);
	famfs_close(over.other);
	CHECK_EQ(image_check(ctx, "a.img", true), 0);
	famfs_ctx_free(ctx);
}

/* What the function returns is returned, and the lock is free then. */
UNIT_TEST(a_function_that_fails)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx), *other = image_open(ctx, "a.img", FAMFS_OPEN_WRITE);
	struct famfs_create_req req = create_req("g", AU);
	struct over over = { .rc = -ESTALE };
	struct famfs_data_opts opts = { .data = &over };
	struct famfs_entry entry;

	REQUIRE(fs && other);
	entry = make_old(fs, 0);
	CHECK_EQ(famfs_overwrite(fs, &entry, store_new, &opts, NULL), -ESTALE);
	filling_holds(fs, &entry, OLD);
	CHECK_EQ(famfs_create(other, &req, 1, NULL, NULL), 0);
	famfs_close(fs);
	famfs_close(other);
	famfs_ctx_free(ctx);
}

/* All of it is written back and fenced when the call returns. */
UNIT_TEST(written_back)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx);
	struct over over = { 0 };
	struct famfs_data_opts opts = { .data = &over };
	struct famfs_entry entry;
	uint64_t copied = 0;
	bool open = false;

	REQUIRE(fs);
	entry = make_old(fs, 0);
	trace_begin(fs->dev);
	CHECK_EQ(famfs_overwrite(fs, &entry, store_new, &opts, NULL), 0);
	trace_end(fs->dev);
	for (unsigned int i = 0; i < trace_nr; i++) {
		const struct trace_event *event = &trace_events[i];

		CHECK(event->kind == TRACE_COPY || event->kind == TRACE_FENCE);
		open = event->kind == TRACE_COPY;
		copied += open ? event->len : 0;
	}
	CHECK_EQ(copied, FILE_LEN);
	CHECK(!open);
	filling_holds(fs, &entry, NEW);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

enum { READER, CLIENT, DIR_ENTRY, OTHER_DEVICE, SHORT, LOG, BEYOND, MISALIGNED, CHUNK_0, OVERLAP };

static const struct {
	int what, rc;
	const char *object, *message;
} rows[] = {
	{ READER, -EROFS, "a.img", "reading only" },
	{ CLIENT, -EPERM, "a.img", "client" },
	{ DIR_ENTRY, -EINVAL, "a.img:/f", "not a file" },
	{ OTHER_DEVICE, -EUCLEAN, "a.img:/f", "map is " },
	{ SHORT, -EUCLEAN, "a.img:/f", "map is " },
	{ LOG, -EUCLEAN, "a.img:/f", "map is " },
	{ BEYOND, -EUCLEAN, "a.img:/f", "map is " },
	{ MISALIGNED, -EUCLEAN, "a.img:/f", "map is " },
	{ CHUNK_0, -EUCLEAN, "a.img:/f", "map is " },
	{ OVERLAP, -EUCLEAN, "a.img:/f", "map is " },
};

static void damage(struct famfs_entry *entry, int what)
{
	if (what == DIR_ENTRY)
		entry->type = FAMFS_ENTRY_MKDIR;
	else if (what == OTHER_DEVICE)
		entry->extents[0].dev_index = 1;
	else if (what == SHORT)
		entry->extents[0].len -= AU;
	else if (what == LOG)
		entry->extents[0].off = IMAGE_DATA - AU;
	else if (what == BEYOND)
		entry->extents[0].off = SIZE - AU;
	else if (what == MISALIGNED)
		entry->extents[0].off += 4096;
	else if (what == CHUNK_0)
		entry->chunk_size = 0;
	else if (what == OVERLAP)
		entry->extents[1].off = entry->extents[0].off;
}

UNIT_TEST(refusals)
{
	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		unsigned int flags = rows[i].what == READER ? 0 : FAMFS_OPEN_WRITE;
		struct famfs_ctx *ctx = image_ctx();
		struct famfs *fs = open_new(ctx);
		struct famfs_err err = { 0 };
		struct over over = { 0 };
		struct famfs_data_opts opts = { .data = &over };
		struct famfs_entry entry;
		uint64_t before;

		UNIT_ROW("%zu", i);
		REQUIRE(fs);
		entry = make_old(fs, rows[i].what >= CHUNK_0 ? 2 : 0);
		famfs_close(fs);
		before = image_sum("a.img");
		if (rows[i].what == CLIENT)
			CHECK_EQ(setenv("FAMFS_SYSTEM_UUID", IMAGE_CLIENT, 1), 0);
		fs = image_open(ctx, "a.img", flags);
		REQUIRE(fs);
		damage(&entry, rows[i].what);
		CHECK_EQ(famfs_overwrite(fs, &entry, store_new, &opts, &err), rows[i].rc);
		CHECK_EQ(err.rc, rows[i].rc);
		CHECK_STR(err.object, rows[i].object);
		CHECK_HAS(err.message, rows[i].message);
		CHECK_EQ(over.calls, 0);
		CHECK_EQ(famfs_overwrite(fs, &entry, store_new, &opts, NULL), rows[i].rc);
		famfs_close(fs);
		famfs_ctx_free(ctx);
		CHECK_EQ(image_sum("a.img"), before);
	}
}

UNIT_TEST(a_damaged_log)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx);
	struct over over = { 0 };
	struct famfs_data_opts opts = { .data = &over };
	struct famfs_entry entry;

	REQUIRE(fs);
	entry = make_old(fs, 0);
	famfs_close(fs);
	image_counters("a.img", 2, 2);
	fs = image_open(ctx, "a.img", FAMFS_OPEN_WRITE);
	REQUIRE(fs);
	CHECK_EQ(famfs_overwrite(fs, &entry, store_new, &opts, NULL), -EUCLEAN);
	CHECK_EQ(over.calls, 0);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_TEST(cancelled)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx);
	struct over over = { 0 };
	struct famfs_data_opts opts = { .data = &over };
	struct famfs_err err = { 0 };
	struct famfs_entry entry;

	REQUIRE(fs);
	entry = make_old(fs, 0);
	famfs_cancel(ctx);
	CHECK_EQ(famfs_overwrite(fs, &entry, store_new, &opts, &err), -ECANCELED);
	CHECK_EQ(err.rc, -ECANCELED);
	filling_holds(fs, &entry, OLD);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

/* A cut image is no place to store to, and does not grow. */
UNIT_TEST(truncated)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx);
	struct over over = { 0 };
	struct famfs_data_opts opts = { .data = &over };
	struct famfs_err err = { 0 };
	struct famfs_entry entry;
	struct stat st = { 0 };

	REQUIRE(fs);
	entry = make_old(fs, 0);
	CHECK_EQ(truncate("a.img", IMAGE_DATA + AU), 0);
	CHECK_EQ(famfs_overwrite(fs, &entry, store_new, &opts, &err), -EUCLEAN);
	CHECK_EQ(err.rc, -EUCLEAN);
	CHECK_STR(err.object, "a.img:/f");
	CHECK_EQ(stat("a.img", &st), 0);
	CHECK_EQ(st.st_size, IMAGE_DATA + AU);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_MAIN

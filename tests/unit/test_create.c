/* SPDX-License-Identifier: Apache-2.0 */
#include "famfs.h"
#include "unit.h"
#include "scratch.h"
#include "image.h"
#include "create.h"

#define SIZE  (64 * MIB)
#define SLOTS 3854

static struct famfs *open_new(struct famfs_ctx *ctx, uint64_t size)
{
	image_make(ctx, "a.img", size, IMAGE_LOG_LEN);
	return image_open(ctx, "a.img", FAMFS_OPEN_WRITE);
}

/* One request by itself. */
static int create(struct famfs *fs, struct famfs_create_req req, struct famfs_err *err)
{
	return famfs_create(fs, &req, 1, NULL, err);
}

static int make_file(struct famfs *fs, const char *path, uint64_t size)
{
	return create(fs, create_req(path, size), NULL);
}

UNIT_TEST(what_is_logged)
{
	struct famfs_create_req reqs[] = { create_req("/d//", 0), create_req("d/./f", 3 * AU + 1) };
	struct create_seen *seen = create_new_seen();
	struct famfs_create_ops ops = create_ops(seen);
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_entry want[2] = { image_dir("d"), image_file("d/f", IMAGE_DATA, 4 * AU) };
	struct famfs *fs = open_new(ctx, SIZE);
	struct fm_entry raw, expected;

	REQUIRE(fs);
	CHECK_EQ(famfs_create(fs, reqs, 2, &ops, NULL), 0);
	REQUIRE(seen->nr == 2);
	want[0].mode = 0750;
	want[1].mode = 0640;
	want[1].size = 3 * AU + 1;
	for (uint64_t i = 0; i < 2; i++) {
		want[i].uid = 1001;
		want[i].gid = 50;
		want[i].seqnum = i;
		media_entry_encode(&want[i], &expected);
		image_read("a.img", image_slot(i), &raw, sizeof(raw));
		CHECK_MEM(&raw, &expected, sizeof(raw));
		CHECK_EQ(seen->status[i], FAMFS_CREATED);
		media_entry_decode(&raw, i, &want[i]);
		CHECK_MEM(&seen->entry[i], &want[i], sizeof(want[i]));
	}
	CHECK_EQ(image_get64("a.img", FAMFS_LOG_OFF + 32), 2);
	CHECK_EQ(image_get64("a.img", FAMFS_LOG_OFF + 40), 2);
	famfs_close(fs);
	CHECK_EQ(image_check(ctx, "a.img", true), 0);
	free(seen);
	famfs_ctx_free(ctx);
}

/* On a file system with the directory d, the file f (2 MiB) and the file d/f (4 MiB). */
static const struct {
	const char *path;
	uint64_t size;
	unsigned int flags;
	int rc; /* 1: exists and is what was wanted */
	const char *message, *hint;
} rows[] = {
	{ "new", 1, 0, 0, NULL, NULL },
	{ "d/new", AU, FAMFS_CREATE_CONTIGUOUS, 0, NULL, NULL },
	{ ".meta/.alloc.cfg", 4096, 0, 0, NULL, NULL },
	{ "f", 2 * MIB, 0, 1, NULL, NULL },
	{ "//f", 2 * MIB, 0, 1, NULL, NULL },
	{ "f", 2 * MIB - 1, 0, -EEXIST, "exists with 2097152 bytes, not 2097151", "another name" },
	{ "d", MIB, 0, -EISDIR, "directory", "" },
	{ "", MIB, 0, -EISDIR, "directory", "" },
	{ "d", 0, 0, -EEXIST, "exists", "" },
	{ "d", 0, FAMFS_CREATE_PARENTS, 1, NULL, NULL },
	{ "/", 0, FAMFS_CREATE_PARENTS, 1, NULL, NULL },
	{ "/", 0, 0, -EEXIST, "exists", "" },
	{ "f", 0, 0, -EEXIST, "is a file", "" },
	{ "f", 0, FAMFS_CREATE_PARENTS, -EEXIST, "is a file", "" },
	{ "e/x", MIB, 0, -ENOENT, "/e does not exist", "mkdir -p" },
	{ "d/e/x", 0, 0, -ENOENT, "/d/e does not exist", "mkdir -p" },
	{ "d/e/x", MIB, FAMFS_CREATE_PARENTS, 0, NULL, NULL },
	{ "d/f/x", MIB, 0, -ENOTDIR, "/d/f is a file", "" },
	{ "d/f/x/y", 0, FAMFS_CREATE_PARENTS, -ENOTDIR, "/d/f is a file", "" },
	{ "a/../b", MIB, 0, -EINVAL, "\"..\"", "" },
	{ "a\nb", MIB, 0, -EINVAL, "control", "a_b" },
	{ ".meta", 0, 0, -EINVAL, ".meta", "" },
	{ ".meta/x", MIB, 0, -EINVAL, ".meta", "" },
	{ "\xff", MIB, 0, -EINVAL, "UTF-8", "" },
	{ "1234567890123456789012345678901234567890123456789012345678901234567890123456789", MIB, 0,
	  -ENAMETOOLONG, "79 bytes, at most 78", "" },
	{ "123456789012345678901234567890123456789012345678901234567890123456789012345678", MIB, 0,
	  0, NULL, NULL },
	{ "big", SIZE, 0, -ENOSPC, "no space", "" },
	{ "wild", UINT64_MAX, 0, -ENOSPC, "no space", "" },
};

UNIT_TEST(each_outcome)
{
	struct create_seen *seen = create_new_seen();
	struct famfs_ctx *ctx = image_ctx();

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct famfs_create_req req = create_req(rows[i].path, rows[i].size);
		struct famfs_create_ops ops = create_ops(seen);
		struct famfs_err err = { .message = "kept" };
		struct famfs *fs = open_new(ctx, SIZE);

		UNIT_ROW("%zu: %s", i, rows[i].path);
		REQUIRE(fs);
		CHECK_EQ(make_file(fs, "d", 0), 0);
		CHECK_EQ(make_file(fs, "f", 2 * MIB), 0);
		CHECK_EQ(make_file(fs, "d/f", 4 * MIB), 0);
		memset(seen, 0, sizeof(*seen));
		req.flags |= rows[i].flags;
		ops.progress = NULL;
		CHECK_EQ(famfs_create(fs, &req, 1, &ops, &err), rows[i].rc < 0 ? rows[i].rc : 0);
		REQUIRE(seen->nr == 1);
		if (rows[i].rc < 0) {
			CHECK_EQ(seen->status[0], FAMFS_FAILED);
			CHECK_EQ(seen->rc[0], rows[i].rc);
			CHECK_EQ(err.rc, rows[i].rc);
			CHECK_HAS(err.object, "a.img:/");
			CHECK_HAS(err.message, rows[i].message);
			CHECK_HAS(err.hint, rows[i].hint);
			CHECK_HAS(err.message, seen->message[0]);
			CHECK_EQ(image_get64("a.img", FAMFS_LOG_OFF + 40), 3);
		} else {
			CHECK_EQ(seen->status[0], rows[i].rc ? FAMFS_EXISTS : FAMFS_CREATED);
			CHECK_STR(err.message, "kept");
		}
		famfs_close(fs);
		CHECK_EQ(image_check(ctx, "a.img", true), 0);
	}
	free(seen);
	famfs_ctx_free(ctx);
}

UNIT_TEST(parents_are_made_in_order)
{
	struct famfs_create_req req = create_req("a/b/c/d", AU);
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx, SIZE);
	static const char *const want[] = { "a", "a/b", "a/b/c", "a/b/c/d" };
	struct famfs_entry entry;
	uint64_t cursor = 0;

	REQUIRE(fs);
	req.flags |= FAMFS_CREATE_PARENTS;
	CHECK_EQ(create(fs, req, NULL), 0);
	for (size_t i = 0; i < 4; i++) {
		CHECK_EQ(famfs_next(fs, &cursor, &entry, NULL), 1);
		CHECK_STR(entry.path, want[i]);
		CHECK_EQ(entry.mode, i < 3 ? 0711 : 0640);
		CHECK_EQ(entry.uid, 1001);
	}
	CHECK_EQ(famfs_next(fs, &cursor, &entry, NULL), 0);
	famfs_close(fs);
	CHECK_EQ(image_check(ctx, "a.img", true), 0);
	famfs_ctx_free(ctx);
}

/* One that fails takes nothing with it, neither names, nor space, nor the parents made for it. */
UNIT_TEST(others_are_made_when_one_fails)
{
	struct famfs_create_req reqs[] = {
		create_req("a", AU),         create_req("x/y", SIZE), create_req("x/z", AU),
		create_req("no/parent", AU), create_req("a", AU),     create_req("a", 2 * AU),
		create_req("b", AU),
	};
	static const int want[] = { 0, -ENOSPC, -ENOENT, -ENOENT, 1, -EEXIST, 0 };
	struct create_seen *seen = create_new_seen();
	struct famfs_create_ops ops = create_ops(seen);
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx, SIZE);
	struct famfs_err err = { 0 };

	REQUIRE(fs);
	reqs[1].flags |= FAMFS_CREATE_PARENTS;
	ops.progress = NULL;
	CHECK_EQ(famfs_create(fs, reqs, 7, &ops, &err), -ENOSPC);
	CHECK_HAS(err.object, "x/y");
	REQUIRE(seen->nr == 7);
	for (size_t i = 0; i < 7; i++) {
		UNIT_ROW("%zu", i);
		CHECK_EQ(seen->status[i], want[i] < 0 ? FAMFS_FAILED : (int)want[i]);
		CHECK_EQ(seen->rc[i], want[i] < 0 ? want[i] : 0);
	}
	CHECK_STR(seen->entry[4].path, "a");
	CHECK_EQ(seen->entry[4].index, 0);
	CHECK_EQ(seen->entry[6].extents[0].off, IMAGE_DATA + AU);
	CHECK_EQ(image_get64("a.img", FAMFS_LOG_OFF + 40), 2);
	famfs_close(fs);
	CHECK_EQ(image_check(ctx, "a.img", true), 0);
	free(seen);
	famfs_ctx_free(ctx);
}

UNIT_TEST(all_or_nothing)
{
	struct famfs_create_req reqs[] = { create_req("old", AU), create_req("n/a", AU),
					   create_req("n/a", AU), create_req("bad/x", AU),
					   create_req("c", AU) };
	static const int want[] = { 1, -ECANCELED, -ECANCELED, -ENOENT, -ECANCELED };
	struct create_seen *seen = create_new_seen();
	struct famfs_create_ops ops = create_ops(seen);
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx, SIZE);
	struct famfs_entry entry;
	struct famfs_err err = { 0 };
	uint64_t sum;

	REQUIRE(fs);
	CHECK_EQ(make_file(fs, "old", AU), 0);
	sum = image_sum("a.img");
	reqs[1].flags |= FAMFS_CREATE_PARENTS;
	ops.atomic = true;
	CHECK_EQ(famfs_create(fs, reqs, 5, &ops, &err), -ENOENT);
	CHECK_HAS(err.object, "bad/x");
	REQUIRE(seen->nr == 5);
	for (size_t i = 0; i < 5; i++) {
		/* What only another of the requests would have made does not exist. */
		UNIT_ROW("%zu", i);
		CHECK_EQ(seen->status[i], want[i] < 0 ? FAMFS_FAILED : FAMFS_EXISTS);
		CHECK_EQ(seen->rc[i], want[i] < 0 ? want[i] : 0);
	}
	CHECK_EQ(image_sum("a.img"), sum);
	CHECK_EQ(famfs_lookup(fs, "n", &entry, NULL), -ENOENT);
	/* Without the bad one it works, at the place that was given back. */
	CHECK_EQ(famfs_create(fs, &reqs[1], 1, NULL, NULL), 0);
	CHECK_EQ(famfs_lookup(fs, "n/a", &entry, NULL), 0);
	CHECK_EQ(entry.extents[0].off, IMAGE_DATA + AU);
	famfs_close(fs);
	CHECK_EQ(image_check(ctx, "a.img", true), 0);
	free(seen);
	famfs_ctx_free(ctx);
}

static struct famfs_create_req *many_reqs(size_t nr, char (*names)[24], uint64_t size)
{
	struct famfs_create_req *reqs = calloc(nr, sizeof(*reqs));

	for (size_t i = 0; reqs && i < nr; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "%s%zu", i ? "d/" : "d", i);
		if (i == 0)
			names[i][1] = '\0';
		reqs[i] = create_req(names[i], i ? size : 0);
	}
	return reqs;
}

#define MANY 600

/* More than are published together; later ones lie in a directory of the first group. */
UNIT_TEST(many_groups)
{
	static char names[MANY][24];
	struct famfs_create_req *reqs = many_reqs(MANY, names, 1);
	struct create_seen *seen = create_new_seen();
	struct famfs_create_ops ops = create_ops(seen);
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx, (MANY + 2) * AU);
	struct famfs_err err = { 0 };
	struct famfs_entry entry;

	REQUIRE(fs && reqs);
	ops.progress = NULL;
	reqs[400].path = "d/1";
	reqs[450].size = 2;
	reqs[450].path = "d/1";
	CHECK_EQ(famfs_create(fs, reqs, MANY, &ops, &err), -EEXIST);
	REQUIRE(seen->nr == MANY);
	for (size_t i = 0; i < MANY; i++) {
		enum famfs_create_status want = i == 400 ? FAMFS_EXISTS
					      : i == 450 ? FAMFS_FAILED
							 : FAMFS_CREATED;

		UNIT_ROW("%zu", i);
		CHECK_EQ(seen->status[i], want);
		if (want != FAMFS_CREATED || i == 0)
			continue;
		CHECK_EQ(seen->entry[i].index, i - (i > 400) - (i > 450));
		CHECK_EQ(seen->entry[i].extents[0].off,
			 IMAGE_DATA + (seen->entry[i].index - 1) * AU);
	}
	CHECK_EQ(seen->entry[400].index, 1);
	CHECK_EQ(famfs_lookup(fs, "d/599", &entry, NULL), 0);
	/* All of the space is in use now. */
	CHECK_EQ(make_file(fs, "more", 4 * AU), -ENOSPC);
	famfs_close(fs);
	CHECK_EQ(image_check(ctx, "a.img", true), 0);
	free(reqs);
	free(seen);
	famfs_ctx_free(ctx);
}

UNIT_TEST(dry_runs_write_nothing)
{
	static char names[MANY][24];
	struct famfs_create_req *reqs = many_reqs(MANY, names, 1);
	struct create_seen *dry = create_new_seen(), *real = create_new_seen();
	struct famfs_create_ops ops = create_ops(dry);
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx, (MANY + 2) * AU);
	uint64_t sum = image_sum("a.img");

	REQUIRE(fs && reqs);
	ops.dry_run = true;
	reqs[7].path = "none/x";
	reqs[8].path = "d/1";
	CHECK_EQ(famfs_create(fs, reqs, MANY, &ops, NULL), -ENOENT);
	CHECK_EQ(image_sum("a.img"), sum);
	CHECK_EQ(dry->nr, MANY);
	CHECK_EQ(dry->progress, 0);
	ops = create_ops(real);
	ops.progress = NULL;
	CHECK_EQ(famfs_create(fs, reqs, MANY, &ops, NULL), -ENOENT);
	/* The entries that would be logged are those that then are. */
	for (size_t i = 0; i < MANY; i++) {
		UNIT_ROW("%zu", i);
		CHECK_EQ(dry->status[i], real->status[i]);
		if (!unit_check(!memcmp(&dry->entry[i], &real->entry[i], sizeof(*real->entry)),
				__FILE__, __LINE__, "entry %" PRIu64 ", really %" PRIu64,
				dry->entry[i].index, real->entry[i].index))
			break;
	}
	famfs_close(fs);
	free(reqs);
	free(dry);
	free(real);
	famfs_ctx_free(ctx);
}

UNIT_TEST(full_log)
{
	struct famfs_create_req deep = create_req("p/q/r", AU);
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_err err = { 0 };
	struct famfs_entry entry;
	struct famfs *fs;

	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	for (uint64_t i = 0; i < SLOTS - 2; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "d%" PRIu64, i);
		entry = image_dir(name);
		image_put("a.img", i, &entry);
	}
	image_counters("a.img", SLOTS - 2, SLOTS - 2);
	fs = image_open(ctx, "a.img", FAMFS_OPEN_WRITE);
	REQUIRE(fs);
	deep.flags |= FAMFS_CREATE_PARENTS;
	CHECK_EQ(create(fs, deep, &err), -ENOSPC);
	CHECK_HAS(err.message, "log is full");
	CHECK_EQ(image_get64("a.img", FAMFS_LOG_OFF + 40), SLOTS - 2);
	CHECK_EQ(make_file(fs, "last", AU), 0);
	CHECK_EQ(make_file(fs, "very-last", AU), 0);
	CHECK_EQ(create(fs, create_req("no", AU), &err), -ENOSPC);
	CHECK_HAS(err.message, "all 3854 entries");
	CHECK_HAS(err.hint, "--loglen");
	CHECK_EQ(create(fs, create_req("nodir", 0), &err), -ENOSPC);
	CHECK_EQ(make_file(fs, "last", AU), 0);
	famfs_close(fs);
	CHECK_EQ(image_check(ctx, "a.img", true), 0);
	famfs_ctx_free(ctx);
}

UNIT_TEST(new_space_is_zeroed)
{
	static uint8_t rubbish[4 * AU], got[4 * AU], zero[2 * AU];
	struct famfs_create_req raw = create_req("raw", AU);
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx, SIZE);

	REQUIRE(fs);
	memset(rubbish, 0xaa, sizeof(rubbish));
	image_write("a.img", IMAGE_DATA, rubbish, sizeof(rubbish));
	CHECK_EQ(make_file(fs, "zeroed", AU + 1), 0);
	raw.flags = FAMFS_CREATE_NO_ZERO;
	CHECK_EQ(create(fs, raw, NULL), 0);
	image_read("a.img", IMAGE_DATA, got, sizeof(got));
	CHECK_MEM(got, zero, 2 * AU);
	CHECK_MEM(got + 2 * AU, rubbish, 2 * AU);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_TEST(who_may_not_write)
{
	struct famfs_create_req req = create_req("x", AU);
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx, SIZE), *reader = image_open(ctx, "a.img", 0);
	struct famfs_err err = { 0 };
	uint64_t sum = image_sum("a.img");

	REQUIRE(fs && reader);
	CHECK_EQ(create(reader, req, &err), -EROFS);
	CHECK_EQ(setenv("FAMFS_SYSTEM_UUID", IMAGE_CLIENT, 1), 0);
	CHECK_EQ(create(fs, req, &err), -EPERM);
	CHECK_HAS(err.message, IMAGE_MASTER);
	CHECK_EQ(setenv("FAMFS_SYSTEM_UUID", IMAGE_MASTER, 1), 0);
	/* An entry that was good when the handle was opened, or a header. */
	image_u64("a.img", FAMFS_LOG_OFF + 16, 5);
	CHECK_EQ(create(fs, req, &err), -EUCLEAN);
	CHECK_HAS(err.hint, "famfs check");
	image_u64("a.img", FAMFS_LOG_OFF + 16, SLOTS - 1);
	image_counters("a.img", 1, 1);
	CHECK_EQ(create(fs, req, &err), -EUCLEAN);
	CHECK_EQ(err.entry, 0);
	image_counters("a.img", 0, 0);
	CHECK_EQ(image_sum("a.img"), sum);
	/* Another file system in its place. */
	image_u64("a.img", 48, 4711);
	image_fix_super("a.img");
	CHECK_EQ(create(fs, req, &err), -ESTALE);
	image_u64("a.img", 0, 0);
	CHECK_EQ(create(fs, req, &err), -ESTALE);
	famfs_close(fs);
	famfs_close(reader);
	famfs_ctx_free(ctx);
}

UNIT_TEST(cancelled)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx, SIZE);
	uint64_t sum = image_sum("a.img");
	struct famfs_err err = { 0 };

	REQUIRE(fs);
	famfs_cancel(ctx);
	CHECK_EQ(create(fs, create_req("x", AU), &err), -ECANCELED);
	CHECK_EQ(err.rc, -ECANCELED);
	CHECK_EQ(image_sum("a.img"), sum);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_TEST(nothing_to_do)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx, SIZE);

	REQUIRE(fs);
	CHECK_EQ(famfs_create(fs, NULL, 0, NULL, NULL), 0);
	CHECK_EQ(image_get64("a.img", FAMFS_LOG_OFF + 40), 0);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_MAIN

/* SPDX-License-Identifier: Apache-2.0 */
/* Batches of files whose bytes the caller stores: what fails, and what becomes of the others. */
#include <signal.h>
#include <sys/resource.h>

#include "famfs.h"
#include "unit.h"
#include "scratch.h"
#include "image.h"
#include "create.h"
#include "filling.h"

#define SIZE  (256 * MIB)
#define LARGE (32 * MIB) /* from here on files are filled one after the other */
#define NR    12

/* A batch of files; what happens while each of them is filled. */
struct batch {
	struct famfs_ctx *ctx;
	struct famfs *fs, *other;
	struct create_seen *seen;
	struct famfs_create_req reqs[NR];
	char names[NR][8];
	size_t bad; /* this one fails with @bad_rc, some of it stored */
	int bad_rc;
	void (*during)(struct batch *b, struct famfs_fill *fill); /* of the first */
	_Atomic unsigned int calls;
	_Atomic unsigned int once;
	int rc;
};

static int fill(void *data, size_t req_index, struct famfs_fill *fill, struct famfs_err *err)
{
	struct create_seen *seen = data;
	struct batch *b = seen->arg;
	char byte = 'x';
	int rc;

	atomic_fetch_add(&b->calls, 1);
	if (b->during && !atomic_fetch_add(&b->once, 1))
		b->during(b, fill);
	CHECK_STR(famfs_fill_entry(fill)->path, b->reqs[req_index].path);
	if (req_index != b->bad)
		return filling_store(fill, (uint32_t)req_index, err);
	rc = famfs_fill_write(fill, 0, &byte, 1, err);
	CHECK_EQ(rc, 0);
	if (err) {
		err->rc = b->bad_rc;
		(void)snprintf(err->object, sizeof(err->object), "source %zu", req_index);
		(void)snprintf(err->message, sizeof(err->message), "refused by the test");
		err->hint[0] = '\0';
	}
	return b->bad_rc;
}

/* @nr requests of sizes around 2 MiB; the one with number @large is large. */
static bool begin(struct batch *b, size_t large)
{
	*b = (struct batch){ .ctx = image_ctx(), .bad = SIZE_MAX };
	image_make(b->ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	b->fs = image_open(b->ctx, "a.img", FAMFS_OPEN_WRITE);
	b->seen = create_new_seen();
	b->seen->arg = b;
	for (size_t i = 0; i < NR; i++) {
		(void)snprintf(b->names[i], sizeof(b->names[i]), "f%zu", i);
		b->reqs[i] = create_req(b->names[i], i == large ? LARGE + 1 : i * 400000 + 1);
	}
	return b->fs;
}

static void end(struct batch *b)
{
	struct famfs_ctx *own = image_ctx();

	famfs_close(b->fs);
	famfs_close(b->other);
	CHECK_EQ(image_check(own, "a.img", true), 0);
	free(b->seen);
	famfs_ctx_free(b->ctx);
	famfs_ctx_free(own);
}

static int create(struct batch *b, size_t nr, bool atomic, struct famfs_err *err)
{
	struct famfs_create_ops ops = create_ops(b->seen);

	ops.fill = fill;
	ops.atomic = atomic;
	return famfs_create(b->fs, b->reqs, nr, &ops, err);
}

static uint64_t space_of(const struct famfs_entry *entry)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < entry->extents_nr; i++)
		sum += entry->extents[i].len;
	return sum;
}

/* What is reported is what is there; the log has no gaps, and what failed holds no space. */
static void check_result(struct batch *b, size_t nr)
{
	struct famfs_info info;
	struct famfs_entry entry;
	uint64_t made = 0, taken = 0;

	CHECK_EQ(b->seen->nr, nr);
	for (size_t i = 0; i < b->seen->nr; i++) {
		if (b->seen->status[i] == FAMFS_CREATED) {
			CHECK_EQ(b->seen->entry[i].index, made);
			made++;
			taken += space_of(&b->seen->entry[i]);
			filling_named(b->fs, b->reqs[i].path, (uint32_t)i);
		} else {
			CHECK_EQ(famfs_lookup(b->fs, b->reqs[i].path, &entry, NULL), -ENOENT);
		}
	}
	CHECK_EQ(famfs_info(b->fs, &info, NULL), 0);
	CHECK_EQ(info.log_used, made);
	CHECK_EQ(info.files, made);
	CHECK_EQ(info.free, SIZE - IMAGE_DATA - taken);
}

UNIT_TEST(all_are_made)
{
	for (unsigned int threads = 1; threads <= 4; threads += 3) {
		struct batch b;

		UNIT_ROW("%u threads", threads);
		REQUIRE(begin(&b, 5));
		famfs_ctx_set_threads(b.ctx, threads);
		b.reqs[3].nstrips = 3;
		b.reqs[5].nstrips = 2;
		CHECK_EQ(create(&b, NR, false, NULL), 0);
		CHECK_EQ(b.calls, NR);
		check_result(&b, NR);
		CHECK_EQ(b.seen->progress, b.seen->progress_total);
		/* Once more: they are there, and nothing is stored. */
		b.seen->nr = 0;
		CHECK_EQ(create(&b, NR, false, NULL), 0);
		CHECK_EQ(b.calls, NR);
		for (size_t i = 0; i < NR; i++)
			CHECK_EQ(b.seen->status[i], FAMFS_EXISTS);
		end(&b);
	}
}

/* Old bytes in some of the space, holes in the rest: nobody sees any behind the ends. */
UNIT_TEST(old_bytes_here_and_there)
{
	struct batch b;

	REQUIRE(begin(&b, NR));
	for (uint64_t off = IMAGE_DATA; off < SIZE; off += 3 * FAMFS_AU)
		image_write("a.img", off + FAMFS_AU - 1, "old", 1);
	CHECK_EQ(create(&b, NR, false, NULL), 0);
	check_result(&b, NR);
	for (size_t i = 0; i < NR; i++) {
		const struct famfs_extent *extent = b.seen->entry[i].extents;

		filling_zero("a.img", extent->off + b.reqs[i].size, extent->len - b.reqs[i].size);
	}
	end(&b);
}

UNIT_TEST(one_fails)
{
	static const struct {
		size_t bad, large;
		int rc;
	} rows[] = { { 0, NR, -EIO }, { 4, 5, -ESTALE }, { 5, 5, -EIO }, { NR - 1, NR, -ENOSPC } };

	for (size_t i = 0; i < UNIT_NR(rows) * 2; i++) {
		struct famfs_err err = { 0 };
		struct batch b;
		char object[32];

		UNIT_ROW("%zu, %s", i / 2, i % 2 ? "threads" : "one thread");
		REQUIRE(begin(&b, rows[i / 2].large));
		famfs_ctx_set_threads(b.ctx, i % 2 ? 4 : 1);
		b.bad = rows[i / 2].bad;
		b.bad_rc = rows[i / 2].rc;
		CHECK_EQ(create(&b, NR, false, &err), rows[i / 2].rc);
		CHECK_EQ(b.calls, NR);
		(void)snprintf(object, sizeof(object), "source %zu", b.bad);
		CHECK_EQ(err.rc, rows[i / 2].rc);
		CHECK_STR(err.object, object);
		CHECK_STR(err.message, "refused by the test");
		CHECK_EQ(b.seen->status[b.bad], FAMFS_FAILED);
		CHECK_EQ(b.seen->rc[b.bad], rows[i / 2].rc);
		check_result(&b, NR);
		/* And then it can be made. */
		b.seen->nr = 0;
		b.seen->progress = 0;
		b.bad = SIZE_MAX;
		CHECK_EQ(create(&b, NR, false, NULL), 0);
		CHECK_EQ(b.seen->status[rows[i / 2].bad], FAMFS_CREATED);
		filling_named(b.fs, b.names[rows[i / 2].bad], (uint32_t)rows[i / 2].bad);
		end(&b);
	}
}

UNIT_TEST(all_or_nothing)
{
	for (size_t bad = 0; bad < NR; bad += 5) {
		struct famfs_err err = { 0 };
		struct famfs_info info;
		struct batch b;

		UNIT_ROW("%zu", bad);
		REQUIRE(begin(&b, bad == 5 ? 5 : NR));
		b.bad = bad;
		b.bad_rc = -EIO;
		CHECK_EQ(create(&b, NR, true, &err), -EIO);
		CHECK_STR(err.message, "refused by the test");
		CHECK_EQ(b.seen->nr, NR);
		for (size_t i = 0; i < NR; i++)
			CHECK_EQ(b.seen->rc[i], i == bad ? -EIO : -ECANCELED);
		CHECK_EQ(famfs_info(b.fs, &info, NULL), 0);
		CHECK_EQ(info.log_used, 0);
		CHECK_EQ(info.free, SIZE - IMAGE_DATA);
		end(&b);
	}
}

/* What the function wants to stop stops all that is not published yet. */
UNIT_TEST(stopped)
{
	for (size_t bad = 0; bad < NR; bad += 5) {
		struct famfs_info info;
		struct famfs_err err = { 0 };
		struct batch b;

		UNIT_ROW("%zu", bad);
		REQUIRE(begin(&b, bad == 5 ? 5 : NR));
		b.bad = bad;
		b.bad_rc = -ECANCELED;
		CHECK_EQ(create(&b, NR, false, &err), -ECANCELED);
		CHECK_EQ(err.rc, -ECANCELED);
		CHECK_EQ(famfs_info(b.fs, &info, NULL), 0);
		CHECK_EQ(info.log_used, 0);
		CHECK_EQ(info.free, SIZE - IMAGE_DATA);
		/* The lock is free, and the handle good. */
		b.bad = SIZE_MAX;
		b.seen->nr = 0;
		b.seen->progress = 0;
		CHECK_EQ(create(&b, NR, false, NULL), 0);
		check_result(&b, NR);
		end(&b);
	}
}

static void cancel(struct batch *b, struct famfs_fill *fill)
{
	(void)fill;
	famfs_cancel(b->ctx);
}

UNIT_TEST(cancelled_from_outside)
{
	struct batch b;

	REQUIRE(begin(&b, 0));
	b.during = cancel;
	CHECK_EQ(create(&b, NR, false, NULL), -ECANCELED);
	CHECK_EQ(image_get64("a.img", FAMFS_LOG_OFF + 40), 0);
	end(&b);
}

/* A function may fail and say nothing: nobody else's words are told for it. */
static int fail_silently(void *data, size_t req_index, struct famfs_fill *fill,
			 struct famfs_err *err)
{
	(void)data;
	if (req_index % 2 == 0)
		return famfs_fill_random(fill, 0, err);
	return -EIO;
}

UNIT_TEST(failed_without_a_word)
{
	struct famfs_create_ops ops;
	struct batch b;

	REQUIRE(begin(&b, 3));
	famfs_ctx_set_threads(b.ctx, 1);
	ops = create_ops(b.seen);
	ops.fill = fail_silently;
	CHECK_EQ(famfs_create(b.fs, b.reqs, 4, &ops, NULL), -EINVAL);
	for (size_t i = 0; i < 4; i++) {
		UNIT_ROW("%zu", i);
		CHECK_EQ(b.seen->rc[i], i % 2 ? -EIO : -EINVAL);
		CHECK_EQ(strstr(b.seen->message[i], "seed") != NULL, i % 2 == 0);
	}
	end(&b);
}

/* ------------------------------------------------------------- what is not filled */

UNIT_TEST(only_new_files_are_filled)
{
	struct famfs_create_ops ops;
	struct batch b;

	REQUIRE(begin(&b, NR));
	b.reqs[1] = create_req("f1", 0);
	b.reqs[2].flags |= FAMFS_CREATE_NO_ZERO;
	b.reqs[3].path = "f0";
	b.reqs[3].size = b.reqs[0].size;
	ops = create_ops(b.seen);
	ops.fill = fill;
	ops.dry_run = true;
	CHECK_EQ(famfs_create(b.fs, b.reqs, 5, &ops, NULL), 0);
	CHECK_EQ(b.calls, 0);
	CHECK_EQ(image_get64("a.img", FAMFS_LOG_OFF + 40), 0);
	b.seen->nr = 0;
	CHECK_EQ(create(&b, 5, false, NULL), 0);
	CHECK_EQ(b.calls, 2);
	CHECK_EQ(b.seen->status[3], FAMFS_EXISTS);
	filling_named(b.fs, "f0", 0);
	filling_named(b.fs, "f4", 4);
	end(&b);
}

/* The second request for a name stands and falls with the first. */
UNIT_TEST(the_same_name_twice)
{
	struct batch b;

	REQUIRE(begin(&b, NR));
	b.reqs[2] = b.reqs[1];
	b.bad = 1;
	b.bad_rc = -EIO;
	CHECK_EQ(create(&b, 4, false, NULL), -EIO);
	CHECK_EQ(b.seen->status[1], FAMFS_FAILED);
	CHECK_EQ(b.seen->status[2], FAMFS_FAILED);
	check_result(&b, 4);
	end(&b);
}

/* Directories that were made for a file only are not left behind by it. */
UNIT_TEST(parents_of_what_failed)
{
	for (size_t bad = 0; bad <= 2; bad += 2) {
		struct famfs_entry entry;
		struct batch b;

		UNIT_ROW("%zu", bad);
		REQUIRE(begin(&b, NR));
		b.reqs[0].path = "d/e/f0";
		b.reqs[1].path = "d/f1";
		b.reqs[0].flags |= FAMFS_CREATE_PARENTS;
		b.reqs[1].flags |= FAMFS_CREATE_PARENTS;
		b.bad = bad;
		b.bad_rc = -EIO;
		CHECK_EQ(create(&b, 3, false, NULL), -EIO);
		filling_named(b.fs, "d/f1", 1);
		filling_named(b.fs, bad ? "d/e/f0" : "f2", bad ? 0 : 2);
		CHECK_EQ(famfs_lookup(b.fs, "d/e", &entry, NULL), bad ? 0 : -ENOENT);
		CHECK_EQ(image_get64("a.img", FAMFS_LOG_OFF + 40), bad ? 4 : 3);
		end(&b);
	}
}

/* ------------------------------------------------------------------- others */

static const struct famfs_create_req *theirs;

static void other_writes(struct batch *b, struct famfs_fill *fill)
{
	uint32_t salt = 100;

	(void)fill;
	b->rc = filling_one(b->other, theirs, filling_salt, &salt, NULL);
}

static bool begin_two(struct batch *b, size_t large, const struct famfs_create_req *req)
{
	if (!begin(b, large))
		return false;
	b->other = image_open(b->ctx, "a.img", FAMFS_OPEN_WRITE);
	b->during = other_writes;
	theirs = req;
	return b->other;
}

UNIT_TEST(others_append_meanwhile)
{
	struct famfs_create_req req = create_req("other", 5 * MIB);

	for (size_t large = 0; large <= NR; large += NR) {
		struct batch b;

		UNIT_ROW("%s", large ? "small" : "large");
		REQUIRE(begin_two(&b, large, &req));
		CHECK_EQ(create(&b, 3, false, NULL), 0);
		CHECK_EQ(b.rc, 0);
		for (size_t i = 0; i < 3; i++) {
			CHECK_EQ(b.seen->entry[i].index, i + 1);
			filling_named(b.fs, b.names[i], (uint32_t)i);
		}
		filling_named(b.fs, "other", 100);
		CHECK_EQ(famfs_refresh(b.other, NULL), 0);
		filling_named(b.other, "f2", 2);
		end(&b);
	}
}

UNIT_TEST(the_name_is_taken_meanwhile)
{
	struct famfs_create_req req = create_req("f1", 5 * MIB);

	for (unsigned int same = 0; same < 2; same++) {
		struct batch b;
		struct famfs_info info;

		UNIT_ROW("%s", same ? "the same size" : "another size");
		REQUIRE(begin_two(&b, NR, &req));
		if (same)
			req.size = b.reqs[1].size;
		CHECK_EQ(create(&b, 3, false, NULL), same ? 0 : -EEXIST);
		CHECK_EQ(b.rc, 0);
		CHECK_EQ(b.seen->status[1], same ? FAMFS_EXISTS : FAMFS_FAILED);
		filling_named(b.fs, "f1", 100);
		filling_named(b.fs, "f0", 0);
		filling_named(b.fs, "f2", 2);
		CHECK_EQ(famfs_info(b.fs, &info, NULL), 0);
		CHECK_EQ(info.log_used, 3);
		CHECK_EQ(info.alloc_bytes + info.free, SIZE);
		CHECK_EQ(info.alloc_bytes, IMAGE_DATA + 2 * AU + (req.size > AU ? 3 * AU : AU));
		end(&b);
	}
}

/* ---------------------------------------------------------------- bad images */

/* The image takes the first file and no more. */
static void limit(struct batch *b, struct famfs_fill *fill)
{
	const struct rlimit small = { .rlim_cur = IMAGE_DATA + AU, .rlim_max = RLIM_INFINITY };

	(void)b, (void)fill;
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
}

UNIT_TEST(the_disk_takes_no_more)
{
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
	struct famfs_err err = { 0 };
	struct batch b;

	CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	REQUIRE(begin(&b, 2));
	b.during = limit;
	CHECK_EQ(create(&b, 3, false, &err), -EFBIG);
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
	CHECK_STR(err.object, "a.img:/f1");
	CHECK_HAS(err.message, "cannot be stored to at offset");
	CHECK_EQ(b.seen->status[0], FAMFS_CREATED);
	CHECK_EQ(b.seen->rc[1], -EFBIG);
	CHECK_EQ(b.seen->rc[2], -EFBIG);
	check_result(&b, 3);
	end(&b);
}

/* Down to the log and the other file. */
static void cut(struct batch *b, struct famfs_fill *fill)
{
	(void)b, (void)fill;
	CHECK_EQ(truncate("a.img", IMAGE_DATA + AU), 0);
}

/* A cut image is no place to store to: it must not grow again, as if nothing had been lost. */
UNIT_TEST(truncated_meanwhile)
{
	struct famfs_err err = { 0 };
	struct famfs_entry entry;
	struct stat st = { 0 };
	struct batch b;

	REQUIRE(begin(&b, NR));
	famfs_ctx_set_threads(b.ctx, 1);
	CHECK_EQ(create(&b, 1, false, NULL), 0);
	b.seen->nr = 0;
	b.seen->progress = 0;
	b.during = cut;
	CHECK_EQ(create(&b, 2, false, &err), -EIO);
	CHECK_EQ(err.rc, -EIO);
	CHECK_STR(err.object, "a.img:/f1");
	CHECK_HAS(err.message, "shrank");
	CHECK_EQ(stat("a.img", &st), 0);
	CHECK_EQ(st.st_size, IMAGE_DATA + AU);
	CHECK_EQ(truncate("a.img", SIZE), 0);
	CHECK_EQ(famfs_refresh(b.fs, NULL), 0);
	CHECK_EQ(famfs_lookup(b.fs, "f1", &entry, NULL), -ENOENT);
	end(&b);
}

UNIT_MAIN

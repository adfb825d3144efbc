/* SPDX-License-Identifier: Apache-2.0 */
/*
 * More than 256 MiB are zeroed with the writers' lock open for others. The progress callback is
 * called then: here it is where the other writer works, through a handle of its own.
 */
#include "famfs.h"
#include "unit.h"
#include "scratch.h"
#include "image.h"
#include "create.h"

#define SIZE  (2048 * MIB)
#define LONG  (300 * MIB)
#define SLOTS 3854

/* @fs: who zeroes; @other: who comes in between, with @nr requests and these results. */
struct pair {
	struct famfs_ctx *ctx;
	struct famfs *fs, *other;
	struct create_seen *seen;
	const struct famfs_create_req *reqs;
	size_t nr;
	int rc, calls;
	struct create_seen *others;
};

static void other_writes(void *arg)
{
	struct pair *p = arg;
	struct famfs_create_ops ops = create_ops(p->others);

	p->calls++;
	ops.progress = NULL;
	if (p->nr > CREATE_MAX)
		ops.done = NULL;
	p->rc = famfs_create(p->other, p->reqs, p->nr, &ops, NULL);
}

static bool begin(struct pair *p)
{
	*p = (struct pair){ .ctx = image_ctx() };
	image_make(p->ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	p->fs = image_open(p->ctx, "a.img", FAMFS_OPEN_WRITE);
	p->other = image_open(p->ctx, "a.img", FAMFS_OPEN_WRITE);
	p->seen = create_new_seen();
	p->others = create_new_seen();
	p->seen->during = other_writes;
	p->seen->arg = p;
	return p->fs && p->other;
}

static void end(struct pair *p)
{
	famfs_close(p->fs);
	famfs_close(p->other);
	CHECK_EQ(image_check(p->ctx, "a.img", true), 0);
	free(p->seen);
	free(p->others);
	famfs_ctx_free(p->ctx);
}

static int create(struct pair *p, const struct famfs_create_req *reqs, size_t nr,
		  struct famfs_err *err)
{
	struct famfs_create_ops ops = create_ops(p->seen);

	return famfs_create(p->fs, reqs, nr, &ops, err);
}

static bool meet(const struct famfs_entry *a, const struct famfs_entry *b)
{
	for (uint32_t i = 0; i < a->extents_nr; i++)
		for (uint32_t j = 0; j < b->extents_nr; j++)
			if (a->extents[i].off < b->extents[j].off + b->extents[j].len &&
			    b->extents[j].off < a->extents[i].off + a->extents[i].len)
				return true;
	return false;
}

UNIT_TEST(other_writers_go_on)
{
	struct famfs_create_req long_one = create_req("long", LONG);
	struct famfs_create_req others[] = { create_req("d", 0), create_req("d/f", 4 * AU),
					     create_req("x", 64 * MIB) };
	struct pair p;

	REQUIRE(begin(&p));
	p.reqs = others;
	p.nr = 3;
	CHECK_EQ(create(&p, &long_one, 1, NULL), 0);
	CHECK_EQ(p.calls, 1);
	CHECK_EQ(p.rc, 0);
	CHECK_EQ(p.others->entry[2].index, 2);
	CHECK_EQ(p.seen->entry[0].index, 3);
	CHECK_EQ(p.seen->entry[0].extents[0].off, IMAGE_DATA);
	CHECK(!meet(&p.others->entry[1], &p.seen->entry[0]));
	CHECK(!meet(&p.others->entry[2], &p.seen->entry[0]));
	CHECK_EQ(image_get64("a.img", FAMFS_LOG_OFF + 40), 4);
	/* Both see all of it, and go on where it ends. */
	p.seen->nr = 0;
	p.seen->progress = 0;
	CHECK_EQ(create(&p, &others[1], 1, NULL), 0);
	CHECK_EQ(p.seen->status[0], FAMFS_EXISTS);
	p.others->nr = 0;
	p.reqs = &long_one;
	p.nr = 1;
	other_writes(&p);
	CHECK_EQ(p.rc, 0);
	CHECK_EQ(p.others->status[0], FAMFS_EXISTS);
	end(&p);
}

UNIT_TEST(both_zero_long)
{
	struct famfs_create_req a = create_req("a", LONG), b = create_req("b", LONG);
	struct pair p;

	REQUIRE(begin(&p));
	p.reqs = &b;
	p.nr = 1;
	CHECK_EQ(create(&p, &a, 1, NULL), 0);
	CHECK_EQ(p.rc, 0);
	CHECK(!meet(&p.seen->entry[0], &p.others->entry[0]));
	CHECK_EQ(p.seen->entry[0].index + p.others->entry[0].index, 1);
	end(&p);
}

/* The name is taken when the zeroing is done. */
UNIT_TEST(the_name_is_taken)
{
	static const struct {
		uint64_t others;
		int rc;
		enum famfs_create_status status;
	} rows[] = {
		{ 3 * MIB, -EEXIST, FAMFS_FAILED },
		{ LONG, 0, FAMFS_EXISTS },
		{ 0, -EISDIR, FAMFS_FAILED },
	};

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct famfs_create_req mine[] = { create_req("same", LONG),
						   create_req("mine", AU) };
		struct famfs_create_req theirs = create_req("same", rows[i].others);
		struct pair p;

		UNIT_ROW("%zu", i);
		theirs.flags |= FAMFS_CREATE_NO_ZERO;
		REQUIRE(begin(&p));
		p.reqs = &theirs;
		p.nr = 1;
		CHECK_EQ(create(&p, mine, 2, NULL), rows[i].rc);
		CHECK_EQ(p.rc, 0);
		CHECK_EQ(p.seen->status[0], rows[i].status);
		if (rows[i].status == FAMFS_EXISTS)
			CHECK_EQ(p.seen->entry[0].index, 0);
		CHECK_EQ(p.seen->status[1], FAMFS_CREATED);
		CHECK_EQ(p.seen->entry[1].index, 1);
		CHECK_EQ(image_get64("a.img", FAMFS_LOG_OFF + 40), 2);
		end(&p);
	}
}

UNIT_TEST(all_or_nothing_when_a_name_is_taken)
{
	struct famfs_create_req mine[] = { create_req("same", LONG), create_req("mine", AU) };
	struct famfs_create_req theirs = create_req("same", AU);
	struct famfs_create_ops ops;
	struct pair p;

	REQUIRE(begin(&p));
	p.reqs = &theirs;
	p.nr = 1;
	ops = create_ops(p.seen);
	ops.atomic = true;
	CHECK_EQ(famfs_create(p.fs, mine, 2, &ops, NULL), -EEXIST);
	CHECK_EQ(p.seen->rc[0], -EEXIST);
	CHECK_EQ(p.seen->rc[1], -ECANCELED);
	CHECK_EQ(image_get64("a.img", FAMFS_LOG_OFF + 40), 1);
	end(&p);
}

/* What was found in the plan is still told right when other entries came before it. */
UNIT_TEST(repeated_requests)
{
	struct famfs_create_req mine[] = { create_req("d", 0), create_req("d", 0),
					   create_req("a", AU), create_req("a", AU),
					   create_req("long", LONG) };
	struct famfs_create_req theirs = create_req("z", AU);
	struct pair p;

	mine[1].flags |= FAMFS_CREATE_PARENTS;
	REQUIRE(begin(&p));
	p.reqs = &theirs;
	p.nr = 1;
	CHECK_EQ(create(&p, mine, 5, NULL), 0);
	CHECK_EQ(p.calls, 1);
	for (size_t i = 0; i < 4; i++) {
		UNIT_ROW("%zu", i);
		CHECK_EQ(p.seen->status[i], i % 2 ? FAMFS_EXISTS : FAMFS_CREATED);
		CHECK_STR(p.seen->entry[i].path, i < 2 ? "d" : "a");
		CHECK_EQ(p.seen->entry[i].index, i < 2 ? 1 : 2);
	}
	end(&p);
}

UNIT_TEST(repeated_requests_of_a_name_that_is_taken)
{
	struct famfs_create_req mine[] = { create_req("a", AU), create_req("a", AU),
					   create_req("long", LONG) };
	struct famfs_create_req theirs = create_req("a", 2 * AU);
	struct pair p;

	REQUIRE(begin(&p));
	p.reqs = &theirs;
	p.nr = 1;
	CHECK_EQ(create(&p, mine, 3, NULL), -EEXIST);
	CHECK_EQ(p.seen->rc[0], -EEXIST);
	CHECK_EQ(p.seen->rc[1], -EEXIST);
	CHECK_EQ(p.seen->status[2], FAMFS_CREATED);
	end(&p);
}

/* The directory that an earlier request would have made became a file: nothing goes below it. */
UNIT_TEST(the_directory_became_a_file)
{
	struct famfs_create_req mine[] = { create_req("d", 0), create_req("d/f", LONG) };
	struct famfs_create_req theirs = create_req("d", AU);
	struct pair p;

	REQUIRE(begin(&p));
	p.reqs = &theirs;
	p.nr = 1;
	CHECK_EQ(create(&p, mine, 2, NULL), -EEXIST);
	CHECK_EQ(p.seen->rc[0], -EEXIST);
	CHECK_EQ(p.seen->rc[1], -ENOTDIR);
	CHECK_EQ(image_get64("a.img", FAMFS_LOG_OFF + 40), 1);
	end(&p);
}

UNIT_TEST(the_directory_was_made)
{
	struct famfs_create_req mine[] = { create_req("d/g", AU), create_req("d/e/f", LONG) };
	struct famfs_create_req theirs[] = { create_req("d", 0), create_req("d/x", AU) };
	struct pair p;

	REQUIRE(begin(&p));
	p.reqs = theirs;
	p.nr = 2;
	mine[0].flags |= FAMFS_CREATE_PARENTS;
	mine[1].flags |= FAMFS_CREATE_PARENTS;
	CHECK_EQ(create(&p, mine, 2, NULL), 0);
	/* d and d/x are the other's; d/e, d/e/f and d/g are added. */
	CHECK_EQ(image_get64("a.img", FAMFS_LOG_OFF + 40), 5);
	end(&p);
}

/* The other one leaves so few slots that a directory is not made: nothing goes into it. */
UNIT_TEST(the_log_fills_up)
{
	static struct famfs_create_req theirs[SLOTS];
	static char names[SLOTS][24];
	struct famfs_create_req mine[] = { create_req("d/f", AU), create_req("d/g", AU),
					   create_req("long", LONG) };
	struct pair p;

	REQUIRE(begin(&p));
	mine[0].flags |= FAMFS_CREATE_PARENTS;
	p.reqs = theirs;
	/* One is left. */
	p.nr = SLOTS - 1;
	for (size_t i = 0; i < p.nr; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "t%zu", i);
		theirs[i] = create_req(names[i], 0);
	}
	CHECK_EQ(create(&p, mine, 3, NULL), -ENOSPC);
	CHECK_EQ(p.seen->rc[0], -ENOSPC);
	CHECK_EQ(p.seen->rc[1], -ENOENT);
	CHECK_EQ(p.seen->status[2], FAMFS_CREATED);
	CHECK_EQ(image_get64("a.img", FAMFS_LOG_OFF + 40), SLOTS);
	end(&p);
}

/* As another host would, which sees no lock of this one. */
static void destroy(void *arg)
{
	(void)arg;
	image_u64("a.img", 48, 1);
	image_fix_super("a.img");
	image_counters("a.img", 0, 0);
}

static void destroy_here(void *arg)
{
	struct pair *p = arg;
	struct famfs_mkfs_opts opts = { .log_len = IMAGE_LOG_LEN, .flags = FAMFS_MKFS_FORCE };

	p->rc = famfs_mkfs(p->ctx, "a.img", &opts, NULL, NULL);
}

UNIT_TEST(made_anew_meanwhile)
{
	struct famfs_create_req mine = create_req("a", LONG);
	struct pair p;

	REQUIRE(begin(&p));
	p.seen->during = destroy;
	CHECK_EQ(create(&p, &mine, 1, NULL), -ESTALE);
	CHECK_EQ(image_get64("a.img", FAMFS_LOG_OFF + 40), 0);
	end(&p);
}

/* On this host, nobody makes a file system anew in which space is being filled. */
UNIT_TEST(not_made_anew_here)
{
	struct famfs_create_req mine = create_req("a", LONG);
	struct pair p;

	REQUIRE(begin(&p));
	p.seen->during = destroy_here;
	CHECK_EQ(create(&p, &mine, 1, NULL), 0);
	CHECK_EQ(p.rc, -EBUSY);
	CHECK_EQ(image_get64("a.img", FAMFS_LOG_OFF + 40), 1);
	end(&p);
}

static void damage(void *arg)
{
	(void)arg;
	image_counters("a.img", 1, 1);
}

UNIT_TEST(damaged_meanwhile)
{
	struct famfs_create_req mine = create_req("a", LONG);
	struct pair p;

	REQUIRE(begin(&p));
	p.seen->during = damage;
	CHECK_EQ(create(&p, &mine, 1, NULL), -EUCLEAN);
	image_counters("a.img", 0, 0);
	end(&p);
}

static void cancel(void *arg)
{
	struct pair *p = arg;

	other_writes(p);
	famfs_cancel(p->ctx);
}

/* Space that was reserved and then not used is free again, for those who saw it as taken too. */
UNIT_TEST(cancelled_meanwhile)
{
	/* Two steps of zeroing: the first one is done when it is cancelled. */
	struct famfs_create_req mine = create_req("a", 1200 * MIB);
	struct famfs_create_req theirs = create_req("z", AU), after = create_req("after", LONG);
	struct famfs_ctx *own = image_ctx();
	struct famfs_entry entry;
	struct pair p;

	REQUIRE(begin(&p));
	famfs_close(p.other);
	p.other = image_open(own, "a.img", FAMFS_OPEN_WRITE);
	REQUIRE(p.other);
	p.reqs = &theirs;
	p.nr = 1;
	p.seen->during = cancel;
	CHECK_EQ(create(&p, &mine, 1, NULL), -ECANCELED);
	CHECK_EQ(p.rc, 0);
	CHECK_EQ(image_get64("a.img", FAMFS_LOG_OFF + 40), 1);
	CHECK_EQ(famfs_create(p.other, &after, 1, NULL, NULL), 0);
	CHECK_EQ(famfs_lookup(p.other, "after", &entry, NULL), 0);
	CHECK_EQ(entry.extents[0].off, IMAGE_DATA);
	famfs_close(p.fs);
	p.fs = NULL;
	famfs_ctx_free(p.ctx);
	p.ctx = own;
	end(&p);
}

UNIT_TEST(progress_is_told_to_the_end)
{
	struct famfs_create_req mine[] = { create_req("a", LONG), create_req("b", AU),
					   create_req("c", 2 * AU) };
	struct pair p;

	REQUIRE(begin(&p));
	p.seen->during = NULL;
	CHECK_EQ(create(&p, mine, 3, NULL), 0);
	CHECK_EQ(p.seen->progress_total, LONG + 3 * AU);
	CHECK_EQ(p.seen->progress, LONG + 3 * AU);
	end(&p);
}

UNIT_MAIN

/* SPDX-License-Identifier: Apache-2.0 */
/* Crashes while entries are appended. */
#include "crash.h"

#define OLD_SALT 7

static void reported(void *data, size_t req_index, enum famfs_create_status status,
		     const struct famfs_entry *entry, const struct famfs_err *err)
{
	(void)entry, (void)err;
	CHECK_EQ(status, FAMFS_CREATED);
	*(uint64_t *)data = req_index + 1;
	record_reported(req_index + 1);
}

static int create(const struct famfs_create_req *reqs, size_t nr)
{
	uint64_t seen = 0;
	struct famfs_create_ops ops = { .done = reported, .data = &seen };
	struct famfs_err err = { 0 };
	struct famfs *fs = NULL;
	int rc = famfs_open(judge.ctx, STAGE_NAME, FAMFS_OPEN_WRITE, &fs, &err);

	if (!rc)
		rc = famfs_create(fs, reqs, nr, &ops, &err);
	famfs_close(fs);
	CHECK_MSG(rc == 0, "%s: %s", err.object, err.message);
	CHECK_EQ(seen, nr);
	return rc;
}

static void make_empty(void)
{
	struct famfs_mkfs_opts opts = { .log_len = IMAGE_LOG_LEN };

	CHECK_EQ(famfs_mkfs(judge.ctx, STAGE_NAME, &opts, NULL, NULL), 0);
}

/* A directory and a file in it are there. */
static void make_some(void)
{
	struct famfs_create_req dir = create_req("dir", 0), file = create_req("dir/old", 5000);
	struct famfs *fs;

	make_empty();
	fs = image_open(judge.ctx, STAGE_NAME, FAMFS_OPEN_WRITE);
	CHECK_EQ(famfs_create(fs, &dir, 1, NULL, NULL), 0);
	(void)filling_make(fs, &file, OLD_SALT);
	famfs_close(fs);
}

/* The slot that is next holds an entry whose append a crash cut off. */
static void make_stale_slot(void)
{
	struct famfs_entry entry = image_file("dir/lost", IMAGE_DATA + 4 * AU, AU);

	make_some();
	image_put(STAGE_NAME, 2, &entry);
}

/* A torn tail: the counters are apart, and the entry is in memory. */
static void make_tail_unpublished(void)
{
	make_stale_slot();
	image_counters(STAGE_NAME, 3, 2);
}

static void make_tail_published(void)
{
	make_stale_slot();
	image_counters(STAGE_NAME, 2, 3);
}

static int creat_one(void)
{
	struct famfs_create_req req = create_req("dir/new", AU + 1);

	return create(&req, 1);
}

static int creat_unzeroed(void)
{
	struct famfs_create_req req = create_req("dir/new", AU);

	req.flags = FAMFS_CREATE_NO_ZERO;
	return create(&req, 1);
}

static int creat_interleaved(void)
{
	struct famfs_create_req req = create_req("dir/new", 3 * AU);

	req.nstrips = 3;
	req.flags = FAMFS_CREATE_NO_ZERO;
	return create(&req, 1);
}

/* The longest name and the most strips: nearly every word of the entry changes. */
static int creat_longest(void)
{
	struct famfs_create_req req = create_req("dir/345678901234567890123456789012345678901234567"
						 "89012345678901234567890123456",
						 4 * AU);

	req.nstrips = 4;
	req.flags = FAMFS_CREATE_NO_ZERO;
	return create(&req, 1);
}

static int creat_batch(void)
{
	struct famfs_create_req reqs[] = { create_req("a", AU), create_req("b", 0),
					   create_req("b/c", 2 * AU) };

	return create(reqs, UNIT_NR(reqs));
}

static int mkdir_one(void)
{
	struct famfs_create_req req = create_req("d", 0);

	return create(&req, 1);
}

/* More than are published together. */
static int mkdir_many(void)
{
	static struct famfs_create_req reqs[258];
	static char names[UNIT_NR(reqs)][8];

	for (size_t i = 0; i < UNIT_NR(reqs); i++) {
		(void)snprintf(names[i], sizeof(names[i]), "d%zu", i);
		reqs[i] = create_req(names[i], 0);
	}
	return create(reqs, UNIT_NR(reqs));
}

/* Two threads zero, and neither ends before the other has begun. */
static int creat_by_threads(void)
{
	struct famfs_create_req req = create_req("dir/new", 16 * MIB);

	famfs_ctx_set_threads(judge.ctx, 2);
	record_meet = 2;
	return create(&req, 1);
}

UNIT_TEST(one_entry)
{
	static const struct crash_case cases[] = {
		{ "creat", make_some, creat_one, PUBLISH_WHOLE, { .step = 1 } },
		{ "creat --no-zero", make_some, creat_unzeroed, PUBLISH_WHOLE, { .step = 1 } },
		{ "creat, interleaved",
		  make_some,
		  creat_interleaved,
		  PUBLISH_WHOLE,
		  { .step = 1 } },
		{ "creat, longest entry", make_some, creat_longest, PUBLISH_WHOLE, { .step = 1 } },
		{ "creat by two threads",
		  make_some,
		  creat_by_threads,
		  PUBLISH_WHOLE,
		  { .step = 1 } },
		{ "mkdir, the first entry", make_empty, mkdir_one, PUBLISH_WHOLE, { .step = 1 } },
	};

	for (size_t i = 0; i < UNIT_NR(cases); i++)
		crash_test(&cases[i]);
}

/* The two counters by two stores, and by one that memory takes in halves. */
UNIT_TEST(one_entry_and_a_torn_tail)
{
	static const struct crash_case cases[] = {
		{ "creat, in order",
		  make_some,
		  creat_one,
		  PUBLISH_IN_ORDER,
		  { .step = 1, .torn = true } },
		{ "mkdir, in order",
		  make_empty,
		  mkdir_one,
		  PUBLISH_IN_ORDER,
		  { .step = 1, .torn = true } },
		{ "creat, torn", make_some, creat_one, PUBLISH_TORN, { .step = 1, .torn = true } },
		{ "mkdir, torn", make_empty, mkdir_one, PUBLISH_TORN, { .step = 1, .torn = true } },
	};

	for (size_t i = 0; i < UNIT_NR(cases); i++)
		crash_test(&cases[i]);
}

/* What a crash left in the slot, or between the counters, does not come back. */
UNIT_TEST(after_a_crash)
{
	static const struct crash_case cases[] = {
		{ "creat, stale slot", make_stale_slot, creat_one, PUBLISH_WHOLE, { .step = 1 } },
		{ "creat, stale slot, in order",
		  make_stale_slot,
		  creat_one,
		  PUBLISH_IN_ORDER,
		  { .step = 1, .torn = true } },
		{ "creat, unpublished tail",
		  make_tail_unpublished,
		  creat_one,
		  PUBLISH_WHOLE,
		  { .step = 1, .torn = true } },
		{ "creat, unpublished tail, in order",
		  make_tail_unpublished,
		  creat_one,
		  PUBLISH_IN_ORDER,
		  { .step = 1, .torn = true } },
		{ "creat, published tail",
		  make_tail_published,
		  creat_one,
		  PUBLISH_WHOLE,
		  { .step = 1, .torn = true } },
		{ "creat, published tail, in order",
		  make_tail_published,
		  creat_one,
		  PUBLISH_IN_ORDER,
		  { .step = 1, .torn = true } },
	};

	for (size_t i = 0; i < UNIT_NR(cases); i++)
		crash_test(&cases[i]);
}

/* What is published together comes together, where one store can publish. */
UNIT_TEST(batch)
{
	static const struct crash_case cases[] = {
		{ "creat of 3", make_some, creat_batch, PUBLISH_WHOLE, { .step = 3 } },
		{ "creat of 3, in order",
		  make_some,
		  creat_batch,
		  PUBLISH_IN_ORDER,
		  { .step = 1, .torn = true } },
		{ "mkdir of 258", make_empty, mkdir_many, PUBLISH_WHOLE, { .step = 256 } },
	};

	for (size_t i = 0; i < UNIT_NR(cases); i++)
		crash_test(&cases[i]);
}

/* Every write-back and every fence of an append is there for a reason. */
UNIT_TEST(nothing_can_be_left_out)
{
	static const struct crash_case cases[] = {
		{ "creat", make_some, creat_one, PUBLISH_WHOLE, { .step = 1 } },
		{ "creat, in order",
		  make_some,
		  creat_one,
		  PUBLISH_IN_ORDER,
		  { .step = 1, .torn = true } },
		{ "creat --no-zero", make_some, creat_unzeroed, PUBLISH_WHOLE, { .step = 1 } },
		{ "creat by two threads",
		  make_some,
		  creat_by_threads,
		  PUBLISH_WHOLE,
		  { .step = 1 } },
		{ "creat of 3", make_some, creat_batch, PUBLISH_WHOLE, { .step = 3 } },
		{ "creat, unpublished tail",
		  make_tail_unpublished,
		  creat_one,
		  PUBLISH_WHOLE,
		  { .step = 1, .torn = true } },
		{ "mkdir", make_empty, mkdir_one, PUBLISH_WHOLE, { .step = 1 } },
		{ "mkdir, in order",
		  make_empty,
		  mkdir_one,
		  PUBLISH_IN_ORDER,
		  { .step = 1, .torn = true } },
	};

	size_t missed = 0;

	for (size_t i = 0; i < UNIT_NR(cases); i++)
		missed += crash_test_needed(&cases[i]);
	printf("# note: %zu write-backs and fences of %zu commands left out, each was missed\n",
	       missed, UNIT_NR(cases));
}

UNIT_MAIN

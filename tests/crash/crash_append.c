/* SPDX-License-Identifier: Apache-2.0 */
/* Crashes while entries are appended. */
#include "crash.h"
#include "commands.h"

/* The slot that is next holds an entry whose append a crash cut off. */
static void make_stale_slot(void)
{
	struct famfs_entry entry = image_file("dir/lost", IMAGE_DATA + 4 * AU, AU);

	crash_make_some();
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

	return crash_create(&req, 1, NULL, NULL);
}

static int creat_unzeroed(void)
{
	struct famfs_create_req req = create_req("dir/new", AU);

	req.flags = FAMFS_CREATE_NO_ZERO;
	return crash_create(&req, 1, NULL, NULL);
}

static int creat_interleaved(void)
{
	struct famfs_create_req req = create_req("dir/new", 3 * AU);

	req.nstrips = 3;
	req.flags = FAMFS_CREATE_NO_ZERO;
	return crash_create(&req, 1, NULL, NULL);
}

/* The longest name and the most strips: nearly every word of the entry changes. */
static int creat_longest(void)
{
	struct famfs_create_req req = create_req("dir/345678901234567890123456789012345678901234567"
						 "89012345678901234567890123456",
						 4 * AU);

	req.nstrips = 4;
	req.flags = FAMFS_CREATE_NO_ZERO;
	return crash_create(&req, 1, NULL, NULL);
}

static int creat_batch(void)
{
	struct famfs_create_req reqs[] = { create_req("a", AU), create_req("b", 0),
					   create_req("b/c", 2 * AU) };

	return crash_create(reqs, UNIT_NR(reqs), NULL, NULL);
}

static int mkdir_one(void)
{
	struct famfs_create_req req = create_req("d", 0);

	return crash_create(&req, 1, NULL, NULL);
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
	return crash_create(reqs, UNIT_NR(reqs), NULL, NULL);
}

/* Two threads zero, and neither ends before the other has begun. */
static int creat_by_threads(void)
{
	struct famfs_create_req req = create_req("dir/new", 16 * MIB);

	famfs_ctx_set_threads(judge.ctx, 2);
	record_meet = 2;
	return crash_create(&req, 1, NULL, NULL);
}

UNIT_TEST(one_entry)
{
	static const struct crash_case cases[] = {
		{ "creat", crash_make_some, creat_one, PUBLISH_WHOLE, { .step = 1 } },
		{ "creat --no-zero",
		  crash_make_some,
		  creat_unzeroed,
		  PUBLISH_WHOLE,
		  { .step = 1 } },
		{ "creat, interleaved",
		  crash_make_some,
		  creat_interleaved,
		  PUBLISH_WHOLE,
		  { .step = 1 } },
		{ "creat, longest entry",
		  crash_make_some,
		  creat_longest,
		  PUBLISH_WHOLE,
		  { .step = 1 } },
		{ "creat by two threads",
		  crash_make_some,
		  creat_by_threads,
		  PUBLISH_WHOLE,
		  { .step = 1 } },
		{ "mkdir, the first entry",
		  crash_make_empty,
		  mkdir_one,
		  PUBLISH_WHOLE,
		  { .step = 1 } },
	};

	for (size_t i = 0; i < UNIT_NR(cases); i++)
		crash_test(&cases[i]);
}

/* The two counters by two stores, and by one that memory takes in halves. */
UNIT_TEST(one_entry_and_a_torn_tail)
{
	static const struct crash_case cases[] = {
		{ "creat, in order",
		  crash_make_some,
		  creat_one,
		  PUBLISH_IN_ORDER,
		  { .step = 1, .torn = true } },
		{ "mkdir, in order",
		  crash_make_empty,
		  mkdir_one,
		  PUBLISH_IN_ORDER,
		  { .step = 1, .torn = true } },
		{ "creat, torn",
		  crash_make_some,
		  creat_one,
		  PUBLISH_TORN,
		  { .step = 1, .torn = true } },
		{ "mkdir, torn",
		  crash_make_empty,
		  mkdir_one,
		  PUBLISH_TORN,
		  { .step = 1, .torn = true } },
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
		{ "creat of 3", crash_make_some, creat_batch, PUBLISH_WHOLE, { .step = 3 } },
		{ "creat of 3, in order",
		  crash_make_some,
		  creat_batch,
		  PUBLISH_IN_ORDER,
		  { .step = 1, .torn = true } },
		{ "mkdir of 258", crash_make_empty, mkdir_many, PUBLISH_WHOLE, { .step = 256 } },
	};

	for (size_t i = 0; i < UNIT_NR(cases); i++)
		crash_test(&cases[i]);
}

/* Every write-back and every fence of an append is there for a reason. */
UNIT_TEST(nothing_can_be_left_out)
{
	static const struct crash_case cases[] = {
		{ "creat", crash_make_some, creat_one, PUBLISH_WHOLE, { .step = 1 } },
		{ "creat, in order",
		  crash_make_some,
		  creat_one,
		  PUBLISH_IN_ORDER,
		  { .step = 1, .torn = true } },
		{ "creat --no-zero",
		  crash_make_some,
		  creat_unzeroed,
		  PUBLISH_WHOLE,
		  { .step = 1 } },
		{ "creat by two threads",
		  crash_make_some,
		  creat_by_threads,
		  PUBLISH_WHOLE,
		  { .step = 1 } },
		{ "creat of 3", crash_make_some, creat_batch, PUBLISH_WHOLE, { .step = 3 } },
		{ "creat, unpublished tail",
		  make_tail_unpublished,
		  creat_one,
		  PUBLISH_WHOLE,
		  { .step = 1, .torn = true } },
		{ "mkdir", crash_make_empty, mkdir_one, PUBLISH_WHOLE, { .step = 1 } },
		{ "mkdir, in order",
		  crash_make_empty,
		  mkdir_one,
		  PUBLISH_IN_ORDER,
		  { .step = 1, .torn = true } },
	};

	crash_test_all_needed(cases, UNIT_NR(cases));
}

UNIT_MAIN

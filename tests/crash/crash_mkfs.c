/* SPDX-License-Identifier: Apache-2.0 */
/* Crashes while a file system is made. */
#include "crash.h"
#include "commands.h"

static int make(unsigned int flags)
{
	struct famfs_mkfs_opts opts = { .log_len = IMAGE_LOG_LEN, .flags = flags };
	struct famfs_err err = { 0 };
	int rc = famfs_mkfs(judge.ctx, STAGE_NAME, &opts, NULL, &err);

	CHECK_MSG(rc == 0, "%s", err.message);
	if (!rc)
		record_reported(1);
	return rc;
}

static int make_first(void)
{
	return make(0);
}

static int make_again(void)
{
	return make(FAMFS_MKFS_FORCE);
}

/* Whatever was in the memory before, at its start too. */
static void nothing(void) {}

static void zeros(void)
{
	memset(stage_mem, 0, STAGE_SIZE);
}

/* A superblock that was killed: all of it is there but the magic number. */
static void make_killed(void)
{
	struct famfs_mkfs_opts opts = { .flags = FAMFS_MKFS_KILL | FAMFS_MKFS_FORCE };

	crash_make_some();
	CHECK_EQ(famfs_mkfs(judge.ctx, STAGE_NAME, &opts, NULL, NULL), 0);
}

static const struct crash_case cases[] = {
	{ "mkfs", nothing, make_first, PUBLISH_WHOLE, { .step = 1, .may_vanish = true } },
	{ "mkfs of zeros", zeros, make_first, PUBLISH_WHOLE, { .step = 1, .may_vanish = true } },
	{ "mkfs after a kill",
	  make_killed,
	  make_first,
	  PUBLISH_WHOLE,
	  { .step = 1, .may_vanish = true } },
	{ "mkfs --force",
	  crash_make_some,
	  make_again,
	  PUBLISH_WHOLE,
	  { .step = 1, .may_vanish = true } },
};

/* The old one, none, or the new one. */
UNIT_TEST(mkfs)
{
	for (size_t i = 0; i < UNIT_NR(cases); i++)
		crash_test(&cases[i]);
}

/* What the order of the stores rests on. */
UNIT_TEST(what_is_needed)
{
	static const char *const needs[UNIT_NR(cases)] = { "wfwfWfwfWFWFf", "wfwfWfwfWFWFf",
							   "wfwfWfwfWFWFf", "WFwfWfwfWFWFf" };

	for (size_t i = 0; i < UNIT_NR(cases); i++)
		crash_test_needs(&cases[i], needs[i]);
}

UNIT_MAIN

/* SPDX-License-Identifier: Apache-2.0 */
/* Crashes while a metadata image, or an undo file, is restored. */
#include "crash.h"
#include "commands.h"
#include "marked.h"

static uint8_t after[FRONT]; /* superblock and log, restored */

/* What is restored, and how. */
static const char *source;
static unsigned int flags;

static void dump(const char *name)
{
	struct famfs_dump_opts opts = { .fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600),
					.name = name };

	CHECK_EQ(famfs_image_dump(judge.ctx, STAGE_NAME, &opts, NULL, NULL), 0);
	if (opts.fd >= 0)
		(void)close(opts.fd);
}

static void restore_from(const char *name, unsigned int how)
{
	source = name;
	flags = how;
}

static void blank(void)
{
	crash_make_three();
	dump("image");
	memset(stage_mem, 0, FRONT);
	restore_from("image", 0);
}

/* An older state of the same file system, over a superblock that is damaged. */
static void broken(void)
{
	crash_make_some();
	dump("image");
	image_u64(STAGE_NAME, 96, 99);
	image_u64(STAGE_NAME, FAMFS_LOG_OFF + 16, 99);
	restore_from("image", 0);
}

static void other(void)
{
	struct famfs_mkfs_opts opts = { .log_len = IMAGE_LOG_LEN, .flags = FAMFS_MKFS_FORCE };
	struct famfs_create_req reqs[] = { create_req("precious", AU), create_req("d", 0) };

	crash_make_three();
	dump("image");
	CHECK_EQ(famfs_mkfs(judge.ctx, STAGE_NAME, &opts, NULL, NULL), 0);
	CHECK_EQ(crash_create(reqs, UNIT_NR(reqs), NULL, NULL), 0);
	restore_from("image", FAMFS_RESTORE_FORCE);
}

static void repaired(void)
{
	crash_break_name();
	CHECK_EQ(crash_repair("repair.undo", NULL), 0);
	restore_from("repair.undo", 0);
}

/* The repair's mark is there, and one of its entries. */
static void repair_cut_off(void)
{
	struct famfs_entry twice = image_dir("dir");

	repaired();
	image_put(STAGE_NAME, 2, &twice);
	image_u64(STAGE_NAME, FAMFS_LOG_OFF, MEDIA_LOG_REWRITE);
}

static int restore(void)
{
	struct famfs_err err = { 0 };
	int rc = marked_restore(source, "undo", flags, &err);

	CHECK_MSG(rc == 0, "%s: %s", err.object, err.message);
	record_reported(1);
	memcpy(after, stage_mem, FRONT);
	return rc;
}

static bool restore_again(void)
{
	struct famfs_err err = { 0 };

	if (marked_restore(source, "again", flags, &err))
		return judge_bad("once more: %s: %s", err.object, err.message);
	return !memcmp(stage_mem, after, FRONT) || judge_bad("once more: other bytes than before");
}

/* A check says what happened, whether there is a superblock or not. */
static bool judge_finding(void)
{
	struct famfs_check *check = NULL;
	struct famfs_finding finding;
	struct famfs_err err = { 0 };
	bool found = false;

	if (famfs_check_new(judge.ctx, STAGE_NAME, &check, &err))
		return judge_bad("check: %s", err.message);
	while (famfs_check_next(check, &finding, &err) > 0)
		found |= !strcmp(finding.code, "log_rewrite");
	famfs_check_free(check);
	return found || judge_bad("check does not find log_rewrite");
}

static bool is_marked(void)
{
	struct le64 magic;

	explore_read(FAMFS_LOG_OFF, sizeof(magic));
	memcpy(&magic, stage_mem + FAMFS_LOG_OFF, sizeof(magic));
	return le64_get(magic) == MEDIA_LOG_REWRITE;
}

/* Byte for byte what it was, or shall be; else it is marked, and not yet reported. */
static bool judge_restore(void)
{
	bool marked = is_marked();

	if (marked && !judge.reported)
		return judge_finding() && marked_judge("undo", restore_again);
	explore_read_all();
	if (!memcmp(stage_mem, after, FRONT))
		return true;
	if (judge.reported)
		return judge_bad("success was reported, and it is not what was restored");
	return !memcmp(stage_mem, crash_base, FRONT) ||
	       judge_bad("neither the old bytes nor the new ones, and no mark");
}

/* @needs: see crash_test_needs(). */
static const struct {
	const char *name;
	void (*prepare)(void);
	const char *needs;
} rows[] = {
	{ "restore to a blank device", blank, "WfwfwfWwfWFWFWFf" },
	{ "restore over a damaged file system", broken, "WFwfwfWwfWfWFWFf" },
	{ "restore over another file system", other, "WFwfwfWwfWfWFWFf" },
	{ "undo of a repair", repaired, "WFwfwfwwfWwfwfWFWFf" },
	{ "undo of a repair that was cut off", repair_cut_off, "wfwfwfwwfWwfwfWFWFf" },
};

static struct crash_case case_of(size_t row)
{
	return (struct crash_case){ .name = rows[row].name,
				    .prepare = rows[row].prepare,
				    .run = restore,
				    .promise = { .other = judge_restore } };
}

UNIT_TEST(image_restore)
{
	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct crash_case c = case_of(i);

		crash_test_both(&c);
	}
}

/* What the order of the stores rests on. */
UNIT_TEST(what_is_needed)
{
	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct crash_case c = case_of(i);

		crash_test_needs(&c, rows[i].needs);
	}
}

/* The mark must be in memory before anything else is: its store, its write-back, its fence. */
UNIT_TEST(without_the_mark)
{
	struct crash_case c = case_of(2);
	size_t at;

	if (crash_begin(&c)) {
		CHECK_EQ(crash_record.events[0].off, FAMFS_LOG_OFF);
		for (size_t i = 0; i < 3; i++)
			CHECK_MSG(!crash_replay(i, 1, &at), "nothing is wrong without step %zu", i);
	}
	crash_end();
}

UNIT_MAIN

/* SPDX-License-Identifier: Apache-2.0 */
/* Crashes while a file system is mended. */
#include "crash.h"
#include "commands.h"
#include "marked.h"

#define CODES_MAX 16

/* The findings before the repair. */
static struct {
	size_t nr;
	char codes[CODES_MAX][32];
} before;

static bool is_before(const char *code)
{
	for (size_t i = 0; i < before.nr; i++)
		if (!strcmp(before.codes[i], code))
			return true;
	return false;
}

static void note_findings(void)
{
	struct famfs_check *check = NULL;
	struct famfs_finding finding;

	before.nr = 0;
	CHECK_EQ(famfs_check_new(judge.ctx, STAGE_NAME, &check, NULL), 0);
	while (check && famfs_check_next(check, &finding, NULL) > 0 && before.nr < CODES_MAX)
		(void)snprintf(before.codes[before.nr++], sizeof(before.codes[0]), "%s",
			       finding.code);
	CHECK(before.nr > 0);
	famfs_check_free(check);
}

static int repair(void)
{
	struct famfs_err err = { 0 };
	int rc = crash_repair("undo", &err);

	CHECK_MSG(rc == 0, "%s", err.message);
	record_reported(1);
	return rc;
}

/* The old findings or fewer, or the mark; nothing new. */
static bool judge_findings(bool *ret_marked)
{
	struct famfs_check *check = NULL;
	struct famfs_finding finding;
	struct famfs_err err = { 0 };
	bool ok = true;

	*ret_marked = false;
	if (famfs_check_new(judge.ctx, STAGE_NAME, &check, &err))
		return judge_bad("check: %s", err.message);
	while (ok && famfs_check_next(check, &finding, &err) > 0) {
		if (!strcmp(finding.code, "log_rewrite"))
			*ret_marked = true;
		else if (!is_before(finding.code) && !*ret_marked)
			ok = judge_bad("check finds %s, which is new", finding.code);
		if (judge.reported)
			ok = judge_bad("check finds %s after the repair", finding.code);
	}
	famfs_check_free(check);
	return ok;
}

/* A second repair, of what the first one left, ends well, too. */
static bool repair_again(void)
{
	struct famfs_check *check = NULL;
	struct famfs_err err = { 0 };
	int rc = crash_repair("again", &err);

	if (!rc)
		rc = famfs_check_new(judge.ctx, STAGE_NAME, &check, &err);
	if (rc)
		return judge_bad("the second repair: %s", err.message);
	rc = famfs_check_summary(check)->errors != 0;
	famfs_check_free(check);
	return !rc || judge_bad("errors are left after a second repair");
}

static bool is_in(const struct view *view, const struct famfs_entry *entry)
{
	for (size_t i = 0; i < view->nr; i++)
		if (!memcmp(&view->entries[i], entry, sizeof(*entry)))
			return true;
	return false;
}

/* What is listed was there before, or shall be there. */
static bool judge_repair(void)
{
	struct famfs_entry entry;
	struct famfs *fs = NULL;
	uint64_t cursor = 0, nr = 0;
	bool marked, ok = judge_findings(&marked);

	if (!ok || marked)
		return ok && marked_judge("undo", repair_again);
	if (famfs_open(judge.ctx, STAGE_NAME, 0, &fs, NULL))
		return (!judge.before.opened && !judge.reported) ||
		       judge_bad("cannot be opened any more");
	for (; ok && famfs_next(fs, &cursor, &entry, NULL) > 0; nr++)
		if (!is_in(&judge.before, &entry) && !is_in(&judge.after, &entry))
			ok = judge_bad("entry \"%s\" is neither old nor mended", entry.path);
	famfs_close(fs);
	if (ok && nr != judge.after.nr && (judge.reported || nr != judge.before.nr))
		ok = judge_bad("%" PRIu64 " entries, not %zu or %zu", nr, judge.before.nr,
			       judge.after.nr);
	return ok;
}

static void break_tail_unpublished(void)
{
	crash_make_three();
	image_counters(STAGE_NAME, 3, 2);
	note_findings();
}

static void break_tail_published(void)
{
	crash_make_three();
	image_counters(STAGE_NAME, 2, 3);
	note_findings();
}

static void break_header(void)
{
	crash_make_three();
	image_u64(STAGE_NAME, FAMFS_LOG_OFF + 16, 99);
	note_findings();
}

static void break_entry(void)
{
	crash_make_three();
	image_u64(STAGE_NAME, image_slot(1) + 16, 1);
	note_findings();
}

static void break_name(void)
{
	crash_break_name();
	note_findings();
}

static void break_super(void)
{
	crash_make_three();
	image_u64(STAGE_NAME, 48, 99);
	note_findings();
}

static void break_magic(void)
{
	crash_make_three();
	image_u64(STAGE_NAME, 0, 0);
	note_findings();
}

static void break_size(void)
{
	crash_make_three();
	image_u64(STAGE_NAME, 112, STAGE_SIZE + AU);
	note_findings();
}

/* @needs: see crash_test_needs(). */
static const struct {
	const char *name;
	void (*prepare)(void);
	const char *needs;
} rows[] = {
	{ "repair of an unpublished tail", break_tail_unpublished, "wfWFf" },
	{ "repair of a published tail", break_tail_published, "wfWFf" },
	{ "repair of the log header", break_header, "WFf" },
	{ "repair of an entry", break_entry, "wfWFwwff" },
	{ "repair of a repeated name", break_name, "WFWwfWFWFf" },
	{ "repair of the superblock", break_super, "Wfwff" },
	{ "repair of its magic number", break_magic, "wfWFf" },
	{ "repair of the recorded size", break_size, "WFf" },
};

static struct crash_case case_of(size_t row)
{
	return (struct crash_case){ .name = rows[row].name,
				    .prepare = rows[row].prepare,
				    .run = repair,
				    .promise = { .other = judge_repair } };
}

/* As it was found, mended, some of it mended, or marked as unreadable. */
UNIT_TEST(check_repair)
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

UNIT_MAIN

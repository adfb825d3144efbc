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

static int yes(void *data, const struct famfs_finding *finding)
{
	(void)data, (void)finding;
	return 1;
}

static int repair(void)
{
	const struct famfs_repair_opts opts = { .ask = yes, .undo = "undo" };
	struct famfs_repair *rep = NULL;
	struct famfs_err err = { 0 };
	int rc;

	(void)unlink("undo");
	rc = famfs_repair_new(judge.ctx, STAGE_NAME, &opts, &rep, &err);
	if (!rc)
		rc = famfs_repair_commit(rep, &err);
	famfs_repair_free(rep);
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
	const struct famfs_repair_opts opts = { .ask = yes, .undo = "again" };
	struct famfs_repair *rep = NULL;
	struct famfs_check *check = NULL;
	struct famfs_err err = { 0 };
	int rc = famfs_repair_new(judge.ctx, STAGE_NAME, &opts, &rep, &err);

	(void)unlink("again");
	if (!rc)
		rc = famfs_repair_commit(rep, &err);
	famfs_repair_free(rep);
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

static void make_three(void)
{
	struct famfs_create_req req = create_req("dir/third", AU);
	struct famfs *fs;

	crash_make_some();
	fs = image_open(judge.ctx, STAGE_NAME, FAMFS_OPEN_WRITE);
	CHECK_EQ(famfs_create(fs, &req, 1, NULL, NULL), 0);
	famfs_close(fs);
}

static void break_tail_unpublished(void)
{
	make_three();
	image_counters(STAGE_NAME, 3, 2);
	note_findings();
}

static void break_tail_published(void)
{
	make_three();
	image_counters(STAGE_NAME, 2, 3);
	note_findings();
}

static void break_header(void)
{
	make_three();
	image_u64(STAGE_NAME, FAMFS_LOG_OFF + 16, 99);
	note_findings();
}

static void break_entry(void)
{
	make_three();
	image_u64(STAGE_NAME, image_slot(1) + 16, 1);
	note_findings();
}

/* A name that was given before: the entries behind it are renumbered. */
static void break_name(void)
{
	struct famfs_entry twice = image_dir("dir");

	make_three();
	image_put(STAGE_NAME, 1, &twice);
	note_findings();
}

static void break_super(void)
{
	make_three();
	image_u64(STAGE_NAME, 48, 99);
	note_findings();
}

static void break_magic(void)
{
	make_three();
	image_u64(STAGE_NAME, 0, 0);
	note_findings();
}

static void break_size(void)
{
	make_three();
	image_u64(STAGE_NAME, 112, STAGE_SIZE + AU);
	note_findings();
}

#define ROW(name, prepare)                                                                         \
	{                                                                                          \
		name, name ", in order", prepare                                                   \
	}

/* As it was found, mended, some of it mended, or marked as unreadable. */
UNIT_TEST(check_repair)
{
	static const struct {
		const char *name, *in_order;
		void (*prepare)(void);
	} rows[] = {
		ROW("repair of an unpublished tail", break_tail_unpublished),
		ROW("repair of a published tail", break_tail_published),
		ROW("repair of the log header", break_header),
		ROW("repair of an entry", break_entry),
		ROW("repair of a repeated name", break_name),
		ROW("repair of the superblock", break_super),
		ROW("repair of its magic number", break_magic),
		ROW("repair of the recorded size", break_size),
	};

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct crash_case c = { .name = rows[i].name,
					.prepare = rows[i].prepare,
					.run = repair,
					.promise = { .other = judge_repair } };

		crash_test(&c);
		c.name = rows[i].in_order;
		c.publish = PUBLISH_IN_ORDER;
		crash_test(&c);
	}
}

UNIT_MAIN

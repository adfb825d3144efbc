/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is what a crash left a state that the command may leave? By the library itself: open, check, look
 * at every file, and go on. Include behind stage.h, record.h and explore.h.
 */
#ifndef FAMFS_TESTS_JUDGE_H
#define FAMFS_TESTS_JUDGE_H

#define VIEW_MAX 600

/* A file system as a reader sees it, with the bytes of its files. */
struct view {
	uint8_t uuid[16];
	bool opened;
	size_t nr;
	struct famfs_entry entries[VIEW_MAX];
	uint8_t *bytes[VIEW_MAX];
};

/*
 * What a command may leave behind. @step: entries come that many at a time. @torn: a torn tail may
 * be found. @may_vanish: there may be no file system at all (mkfs). @loose: the bytes of files that
 * were there may be a mixture until success is reported (overwrite). @other: judges in place of
 * all that.
 */
struct promise {
	uint64_t step;
	bool torn, may_vanish, loose;
	bool (*other)(void);
};

static struct {
	struct famfs_ctx *ctx;
	struct promise promise;
	struct view before, after;
	uint64_t reported; /* results that were success */
	char why[512];
} judge;

static inline bool judge_bad(const char *fmt, ...) UNIT_PRINTF(1, 2);

static inline bool judge_bad(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(judge.why, sizeof(judge.why), fmt, ap);
	va_end(ap);
	return false;
}

static inline uint64_t judge_space(const struct famfs_entry *entry)
{
	uint64_t len = 0;

	for (uint32_t i = 0; i < entry->extents_nr; i++)
		len += entry->extents[i].len;
	return len;
}

/* All that whoever maps the file can see: what lies behind its end, too. */
static inline uint8_t *judge_bytes(struct famfs *fs, const struct famfs_entry *entry)
{
	uint8_t *buf = malloc(judge_space(entry) + 1), *to = buf;
	int rc = 0;

	if (!buf)
		abort();
	for (uint32_t i = 0; i < entry->extents_nr && !rc; i++) {
		const struct famfs_extent *extent = &entry->extents[i];

		rc = dev_data_read(fs->dev, extent->off, to, extent->len, NULL);
		to += extent->len;
	}
	if (!rc)
		return buf;
	free(buf);
	return NULL;
}

/* Reads everything. Only for states that are known to be good. */
static inline bool view_take(struct view *view)
{
	struct famfs_info info;
	struct famfs *fs = NULL;
	uint64_t cursor = 0;

	memset(view, 0, sizeof(*view));
	if (famfs_open(judge.ctx, STAGE_NAME, 0, &fs, NULL))
		return false;
	if (famfs_info(fs, &info, NULL) == 0)
		memcpy(view->uuid, info.super.uuid, sizeof(view->uuid));
	while (view->nr < VIEW_MAX && famfs_next(fs, &cursor, &view->entries[view->nr], NULL) > 0) {
		if (view->entries[view->nr].type == FAMFS_ENTRY_FILE)
			view->bytes[view->nr] = judge_bytes(fs, &view->entries[view->nr]);
		view->nr++;
	}
	famfs_close(fs);
	view->opened = true;
	return view->nr < VIEW_MAX;
}

static inline void view_drop(struct view *view)
{
	for (size_t i = 0; i < view->nr; i++)
		free(view->bytes[i]);
}

/* Are the bytes of entry @i being replaced? */
static inline bool judge_is_mixed(const struct view *want, size_t i)
{
	return !judge.reported &&
	       memcmp(judge.before.bytes[i], want->bytes[i], judge_space(&want->entries[i])) != 0;
}

/* Is entry @i what it shall be? */
static inline bool judge_entry(struct famfs *fs, const struct view *want, size_t i,
			       const struct famfs_entry *got)
{
	uint8_t *bytes;
	bool same;

	if (i >= want->nr)
		return judge_bad("\"%s\" is there, which nobody made", got->path);
	if (memcmp(got, &want->entries[i], sizeof(*got)) != 0)
		return judge_bad("entry %zu is \"%s\", not \"%s\" as it was made", i, got->path,
				 want->entries[i].path);
	if (got->type != FAMFS_ENTRY_FILE || (judge.promise.loose && judge_is_mixed(want, i)))
		return true;
	bytes = judge_bytes(fs, got);
	same = bytes && !memcmp(bytes, want->bytes[i], judge_space(got));
	free(bytes);
	return same || judge_bad("\"%s\" does not have its bytes", got->path);
}

/* May there be this many entries? */
static inline bool judge_count(const struct view *want, uint64_t nr)
{
	uint64_t old = judge.before.nr;

	if (judge.promise.may_vanish || judge.promise.loose)
		return nr == want->nr || judge_bad("%" PRIu64 " entries, not %zu", nr, want->nr);
	if (nr < old)
		return judge_bad("%" PRIu64 " entries are left of %" PRIu64, nr, old);
	if (nr - old < judge.reported)
		return judge_bad("%" PRIu64 " entries are new, %" PRIu64 " were reported", nr - old,
				 judge.reported);
	if (nr != want->nr && (nr - old) % judge.promise.step)
		return judge_bad("%" PRIu64 " of %zu new entries: a part of what comes together",
				 nr - old, want->nr - (size_t)old);
	return true;
}

/* Compares with what was there before, or may come of it. Return: what it is, or NULL. */
static inline const struct view *judge_view(struct famfs *fs, uint64_t *ret_nr)
{
	const struct view *want = &judge.after;
	struct famfs_entry entry;
	struct famfs_info info;
	uint64_t cursor = 0, nr = 0;

	if (famfs_info(fs, &info, NULL) || info.damaged || info.unusable)
		return judge_bad("the log is damaged") ? want : NULL;
	if (judge.promise.may_vanish && !memcmp(info.super.uuid, judge.before.uuid, 16))
		want = &judge.before;
	else if (memcmp(info.super.uuid, judge.after.uuid, 16) != 0)
		return judge_bad("another file system") ? want : NULL;
	if (want != &judge.after && judge.reported)
		return judge_bad("the old file system is there again") ? want : NULL;
	for (; famfs_next(fs, &cursor, &entry, NULL) > 0; nr++)
		if (!judge_entry(fs, want, nr, &entry))
			return NULL;
	*ret_nr = nr;
	return judge_count(want, nr) ? want : NULL;
}

/* The findings of a check: none but @allowed (NULL: none at all). */
static inline bool judge_check(const char *allowed)
{
	struct famfs_check *check = NULL;
	struct famfs_finding finding;
	struct famfs_err err = { 0 };
	bool ok = true;

	if (famfs_check_new(judge.ctx, STAGE_NAME, &check, &err))
		return judge_bad("check: %s", err.message);
	while (ok && famfs_check_next(check, &finding, &err) > 0)
		if (!allowed || strcmp(finding.code, allowed) != 0)
			ok = judge_bad("check finds %s, entry %" PRIu64 ": %s", finding.code,
				       finding.entry, finding.text);
	famfs_check_free(check);
	return ok;
}

/* The next command: a file is made, and is all that is new. */
static inline bool judge_go_on(const struct view *want, uint64_t nr)
{
	struct famfs_create_req req = create_req("next", AU);
	struct famfs_entry entry;
	struct famfs_err err = { 0 };
	struct famfs *fs = NULL;
	uint64_t cursor = 0, seen = 0;
	bool ok = true;
	int rc;

	req.flags = FAMFS_CREATE_NO_ZERO;
	rc = famfs_open(judge.ctx, STAGE_NAME, FAMFS_OPEN_WRITE, &fs, &err);
	if (!rc)
		rc = famfs_create(fs, &req, 1, NULL, &err);
	famfs_close(fs);
	if (rc)
		return judge_bad("the next creat: %s", err.message);
	if (famfs_open(judge.ctx, STAGE_NAME, 0, &fs, &err))
		return judge_bad("after the next creat: %s", err.message);
	for (; ok && famfs_next(fs, &cursor, &entry, NULL) > 0; seen++) {
		if (seen < nr)
			ok = judge_entry(fs, want, seen, &entry);
		else
			ok = seen == nr && !strcmp(entry.path, "next");
	}
	famfs_close(fs);
	if (!ok || seen != nr + 1)
		return judge_bad("after the next creat: %" PRIu64 " entries, not %" PRIu64
				 " and its own",
				 seen, nr);
	return judge_check(NULL);
}

/* No file system: it says so, and a new one can be made without force. */
static inline bool judge_none(int rc, const struct famfs_err *err)
{
	struct famfs_mkfs_opts opts = { .log_len = IMAGE_LOG_LEN };

	if (!judge.promise.may_vanish || judge.reported || rc != -EUCLEAN ||
	    !strstr(err->message, "no famfs superblock"))
		return judge_bad("open: %s", err->message);
	if (!judge_check("sb_magic"))
		return false;
	/* Some are enough: what mkfs reads does not keep it from what it writes. */
	if (explore.depth && explore.nodes[0].index >= 4)
		return true;
	explore_settle(explore.depth && explore.nodes[0].index % 2 ? SETTLE_NEWEST : SETTLE_OLDEST);
	if (famfs_mkfs(judge.ctx, STAGE_NAME, &opts, NULL, NULL))
		return judge_bad("the next mkfs failed");
	return judge_check(NULL);
}

static inline bool judge_state(void)
{
	struct famfs_err err = { 0 };
	const struct view *want;
	struct famfs *fs = NULL;
	uint64_t nr = 0;
	int rc = famfs_open(judge.ctx, STAGE_NAME, 0, &fs, &err);

	if (rc)
		return judge_none(rc, &err);
	want = judge_view(fs, &nr);
	famfs_close(fs);
	return want && judge_check(judge.promise.torn ? "torn_tail" : NULL) &&
	       judge_go_on(want, nr);
}

static inline bool judge_any(void *arg)
{
	(void)arg;
	return judge.promise.other ? judge.promise.other() : judge_state();
}

#endif

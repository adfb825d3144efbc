/* SPDX-License-Identifier: Apache-2.0 */
/* Making files and directories: plan, zero, append, publish, report; group by group. */
#include <inttypes.h>
#include <string.h>

#include "create_impl.h"
#include "ctx.h"
#include "err.h"
#include "text.h"

/* Requests that are published together; what a crash can take back at most, unreported. */
#define GROUP_REQS 256

/* Entries behind them that disk is had for: 4 MiB of log. */
#define RESERVE_AHEAD 8192

/* Zeroing more than this, and all filling, lets other writers in meanwhile. */
#define LONG_ZERO (256ULL << 20)

/* Reserves the space of every planned file. */
static int hold_all(struct create *c, struct famfs_err *err)
{
	int rc = 0;

	c->held = true;
	for (uint64_t i = 0; i < c->plan.entries_nr; i++) {
		const struct famfs_entry *entry = &c->plan.entries[i];

		for (uint32_t j = 0; j < entry->extents_nr && !rc; j++)
			rc = dev_hold(c->fs->dev, entry->extents[j].off, entry->extents[j].len,
				      err);
	}
	return rc;
}

static void drop_all(struct create *c)
{
	if (c->held)
		dev_drop(c->fs->dev, 0, c->fs->dev->size);
	c->held = false;
}

/*
 * Fills a group's space with the writers' lock open for others, who see the space as reserved.
 * When this fails the lock may be lost.
 */
static int zero_unlocked(struct create *c, struct famfs_err *err)
{
	int rc = hold_all(c, err);

	if (rc)
		return rc;
	plan_forget_names(&c->plan);
	dev_unlock(c->fs->dev);
	rc = create_fill_all(c, err);
	if (!rc)
		rc = fs_lock_write(c->fs, err);
	if (!rc)
		rc = plan_rebase(&c->plan, err);
	return rc;
}

/* Bytes of files from request @first on: what is to be zeroed, but for the rounding. */
static uint64_t bytes_to_zero(const struct create *c, size_t first)
{
	uint64_t sum = 0;

	for (size_t i = first; i < c->nr; i++) {
		if (!(c->reqs[i].flags & (FAMFS_CREATE_DIR | FAMFS_CREATE_NO_ZERO)) &&
		    __builtin_add_overflow(sum, c->reqs[i].size, &sum))
			return UINT64_MAX;
	}
	return sum;
}

/* @next: the first request behind the group. */
static int zero_group(struct create *c, size_t next, struct famfs_err *err)
{
	uint64_t rest;

	if (!c->plan.zero_len || c->ops.dry_run)
		return 0;
	rest = bytes_to_zero(c, next);
	if (__builtin_add_overflow(rest, c->zeroed + c->plan.zero_len, &c->zero_total))
		c->zero_total = UINT64_MAX;
	if (c->ops.fill || c->plan.zero_len > LONG_ZERO)
		return zero_unlocked(c, err);
	return create_fill_all(c, err);
}

/* An image that shrank meanwhile has no room for what is to be logged. */
static int require_space(struct create *c, struct famfs_err *err)
{
	struct dev *dev = c->fs->dev;
	uint64_t end = 0;
	int rc = dev_refresh_size(dev, err);

	for (uint64_t i = 0; i < c->plan.entries_nr; i++) {
		const struct famfs_entry *entry = &c->plan.entries[i];

		for (uint32_t j = 0; j < entry->extents_nr; j++) {
			if (end < entry->extents[j].off + entry->extents[j].len)
				end = entry->extents[j].off + entry->extents[j].len;
		}
	}
	if (rc || end <= dev->size)
		return rc;
	rc = err_set(err, -EIO, dev->name,
		     "the image shrank to %s while it was in use; %" PRIu64 " are needed",
		     text_count(dev->size, "byte").s, end);
	return err_at(err, rc, dev->size, FAMFS_NONE);
}

/*
 * Has room for the group's entries on the image's disk: with that of the requests behind it, since
 * one call for many takes hardly longer, or for it alone where there is no more.
 */
static int reserve_log(struct create *c, size_t next, struct famfs_err *err)
{
	const struct log *log = &c->fs->log;
	uint64_t nr = c->plan.entries_nr, ahead = c->nr - next;

	if (log->count + nr <= c->reserved)
		return 0;
	ahead = nr + (ahead < RESERVE_AHEAD ? ahead : RESERVE_AHEAD);
	if (ahead > log->slots - log->count)
		ahead = log->slots - log->count;
	if (ahead > nr &&
	    !dev_reserve(c->fs->dev, media_slot_off(log->count), ahead * MEDIA_ENTRY_LEN, NULL)) {
		c->reserved = log->count + ahead;
		return 0;
	}
	return dev_reserve(c->fs->dev, media_slot_off(log->count), nr * MEDIA_ENTRY_LEN, err);
}

/* @next: the first request behind the group. */
static int publish_group(struct create *c, size_t next, struct famfs_err *err)
{
	struct log *log = &c->fs->log;
	uint64_t nr = c->plan.entries_nr;
	int rc;

	if (!nr || c->ops.dry_run)
		return 0;
	rc = reserve_log(c, next, err);
	for (uint64_t i = 0; i < nr && !rc; i++)
		rc = log_stage(log, i, &c->plan.entries[i], err);
	if (!rc)
		rc = fs_require_same(c->fs, err);
	if (!rc)
		rc = require_space(c, err);
	if (!rc)
		rc = log_publish(log, nr, err);
	if (rc)
		return rc;
	c->published = c->any_published = true;
	c->fs->good = log->count;
	rc = fs_note_appended(c->fs, log->count - nr, err);
	for (uint64_t i = 0; i < nr; i++) {
		c->fs->dirs += c->plan.entries[i].type == FAMFS_ENTRY_MKDIR;
		c->fs->files += c->plan.entries[i].type == FAMFS_ENTRY_FILE;
		c->fs->file_bytes += c->plan.entries[i].size;
	}
	return rc;
}

static void report_one(struct create *c, const struct plan_item *item,
		       const struct famfs_entry *entry)
{
	/* The reason comes before those that only share its fate. */
	if (item->status == FAMFS_FAILED && (!c->first_rc || c->first_rc == -ECANCELED)) {
		c->first_rc = item->err->rc;
		if (c->first)
			*c->first = *item->err;
	}
	c->reported = item->req + 1;
	if (c->ops.done)
		c->ops.done(c->ops.data, item->req, item->status, entry, item->err);
}

/* What stopped everything is the result of every request that has none yet. */
static void report_rest(struct create *c, const struct famfs_err *why)
{
	for (; c->reported < c->nr; c->reported++) {
		if (c->ops.done)
			c->ops.done(c->ops.data, c->reported, FAMFS_FAILED, NULL, why);
	}
}

static int report_group(struct create *c, struct famfs_err *err)
{
	struct famfs_entry entry;
	int rc;

	for (size_t i = 0; i < c->plan.items_nr; i++) {
		const struct plan_item *item = &c->plan.items[i];

		if (item->status == FAMFS_FAILED) {
			report_one(c, item, NULL);
		} else if (item->status == FAMFS_CREATED) {
			report_one(c, item, plan_entry(&c->plan, item));
		} else {
			rc = fs_entry(c->fs, item->found, &entry, err);
			if (rc)
				return rc;
			report_one(c, item, &entry);
		}
	}
	return 0;
}

/* What failed by itself says why; what stopped everything is the result of the others. */
static void report_stopped_group(struct create *c, const struct famfs_err *why)
{
	for (size_t i = 0; i < c->plan.items_nr; i++) {
		const struct plan_item *item = &c->plan.items[i];
		bool own = item->status == FAMFS_FAILED && item->err;

		if (item->req < c->reported)
			continue;
		c->reported = item->req + 1;
		if (c->ops.done)
			c->ops.done(c->ops.data, item->req, FAMFS_FAILED, NULL,
				    own ? item->err : why);
	}
}

static bool any_failed(const struct create *c)
{
	for (size_t i = 0; i < c->plan.items_nr; i++) {
		if (c->plan.items[i].status == FAMFS_FAILED)
			return true;
	}
	return false;
}

/* All or nothing, and it is nothing: what could have been made fails with the rest. */
static int fail_rest(struct create *c, struct famfs_err *err)
{
	struct famfs_err why;

	for (size_t i = 0; i < c->plan.items_nr; i++) {
		struct plan_item *item = &c->plan.items[i];
		int rc;

		/* What exists only in the plan goes with it. */
		if (item->status == FAMFS_FAILED ||
		    (item->status == FAMFS_EXISTS && item->found < c->fs->log.count) ||
		    (item->status == FAMFS_EXISTS && item->found == FAMFS_NONE))
			continue;
		err_set(&why, -ECANCELED, "",
			"not made: another of the files failed, and all or "
			"none were wanted");
		err_inside(&why, why.rc, c->fs->dev->name, c->reqs[item->req].path);
		rc = plan_fail(item, &why, err);
		if (rc)
			return rc;
	}
	return 0;
}

/* Must others be let in before more is filled, or zeroed? What is not filled is often a hole. */
static bool is_long(const struct create *c)
{
	return (c->ops.fill ? c->plan.fill_len : c->plan.zero_len) > LONG_ZERO;
}

/* Plans requests from @*next on until the group is full. */
static int plan_group(struct create *c, size_t *next, struct famfs_err *err)
{
	/* What is not published yet must stay in sight of the requests behind it. */
	bool single = c->ops.atomic || c->ops.dry_run;
	size_t first = *next;
	int rc;

	while (*next < c->nr) {
		if (!single && (*next - first >= GROUP_REQS || is_long(c)))
			break;
		if (ctx_cancelled(c->fs->ctx))
			return err_set(err, -ECANCELED, c->fs->dev->name, "cancelled");
		rc = plan_add(&c->plan, *next, err);
		if (rc)
			return rc;
		(*next)++;
	}
	return 0;
}

/* Writes what was planned. Return: 0 also when nothing is wanted because not all can be had. */
static int write_group(struct create *c, size_t next, struct famfs_err *err)
{
	int rc = 0;

	if (!c->ops.atomic || !any_failed(c))
		rc = zero_group(c, next, err);
	if (rc)
		return rc;
	/* Another writer may have taken a name while the space was zeroed. */
	return c->ops.atomic && any_failed(c) ? 0 : publish_group(c, next, err);
}

/* A group from its plan to its report. */
static int do_group(struct create *c, size_t *next, struct famfs_err *err)
{
	int rc = plan_group(c, next, err);

	c->published = false;
	if (!rc)
		rc = write_group(c, *next, err);
	if (!rc && c->ops.atomic && any_failed(c))
		rc = fail_rest(c, err);
	if (!rc)
		rc = report_group(c, err);
	if (rc)
		report_stopped_group(c, err);
	plan_reset(&c->plan, !c->published);
	drop_all(c);
	return rc;
}

int famfs_create(struct famfs *fs, const struct famfs_create_req *reqs, size_t nr,
		 const struct famfs_create_ops *ops, struct famfs_err *err)
{
	struct create c = { .fs = fs, .reqs = reqs, .nr = nr, .first = err };
	struct famfs_err fatal = { 0 };
	size_t next = 0;
	int rc, finished;

	if (ops)
		c.ops = *ops;
	rc = fs_begin_write(fs, &fatal);
	if (!rc) {
		plan_init(&c.plan, fs, reqs);
		while (!rc && next < nr)
			rc = do_group(&c, &next, &fatal);
		plan_fini(&c.plan);
		fs->staged = NULL;
		/* What was published is on its disk before anybody goes on. */
		finished = c.any_published ? dev_finish(fs->dev, rc ? NULL : &fatal) : 0;
		rc = rc ? rc : finished;
		dev_unlock(fs->dev);
	}
	if (!rc)
		return c.first_rc;
	report_rest(&c, &fatal);
	if (err)
		*err = fatal;
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Into a famfs. First it is seen whether there is room, then what is there already is dealt with,
 * then one famfs_create() makes the rest: each file appears when all of its bytes are in memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cp.h"
#include "geometry.h"

/* What a file is refused with when another has failed: no other error has this code. */
enum { NOT_BEGUN = -ESHUTDOWN };

struct batch {
	struct cp *cp;
	struct famfs_create_req *reqs;
	struct cp_item **items;
	struct famfs_entry *there; /* files that another command made meanwhile */
	size_t *there_of;
	size_t nr, done_nr, there_nr, there_cap, there_of_cap;
	bool failed;
	bool said; /* @last was */
	struct famfs_err last;
	uint64_t base; /* cp.bytes_done before */
	/* The library counts space; files count here with their bytes. */
	_Atomic uint64_t space_done, space_begun; /* now, and when the last file was begun */
	_Atomic uint64_t file_size, files_done;   /* bytes of the last file, of complete ones */
};

static bool is_begun(const struct cp_item *item)
{
	return item->status != CP_PENDING;
}

/* ------------------------------------------------------ what is there already */

static void refuse_size(struct cp *cp, struct cp_item *item, uint64_t size)
{
	struct famfs_err err;

	cp_err(&err, -EEXIST, item->source, "%s:/%s exists with %llu bytes, not %llu",
	       cp->dst.device, item->dest, (unsigned long long)size,
	       (unsigned long long)item->size);
	cp_hint(&err, err.rc, "files keep their size: take another name");
	cp_fail(cp, item, &err);
}

/* Return: whether anything is there. */
static bool find_present(struct cp *cp, struct cp_item *item, struct famfs_entry *entry)
{
	struct famfs_err err;

	if (famfs_lookup(cp->dst.fs, item->dest, entry, &err))
		return false;
	if (item->dir && entry->type == FAMFS_ENTRY_MKDIR)
		item->status = CP_PRESENT;
	else if (item->dir)
		cp_failf(cp, item, -ENOTDIR, "%s:/%s exists and is a file", cp->dst.device,
			 item->dest);
	else if (entry->type != FAMFS_ENTRY_FILE)
		cp_failf(cp, item, -EISDIR, "%s:/%s exists and is a directory", cp->dst.device,
			 item->dest);
	else if (entry->size != item->size)
		refuse_size(cp, item, entry->size);
	else
		item->present = true;
	return true;
}

/* Rounded up to whole allocation units; UINT64_MAX when there is no such number. */
static uint64_t add_space(uint64_t sum, uint64_t size)
{
	uint64_t rounded;

	if (__builtin_add_overflow(size, FAMFS_AU - 1, &rounded) ||
	    __builtin_add_overflow(sum, rounded / FAMFS_AU * FAMFS_AU, &sum))
		return UINT64_MAX;
	return sum;
}

static int refuse_full_log(struct cp *cp, uint64_t want, uint64_t slots)
{
	struct famfs_err err;

	cp_err(&err, -ENOSPC, cp->dst.device, "the log is full: %llu %s wanted, %llu %s free",
	       (unsigned long long)want, plural(want, "entry", "entries"),
	       (unsigned long long)slots, plural(slots, "is", "are"));
	cp_hint(&err, err.rc, "make a larger file system: famfs mkfs --loglen");
	return env_error(cp->env, &err);
}

/* Known before the first byte is copied. */
static void check_room(struct cp *cp, uint64_t want, uint64_t entries)
{
	struct famfs_info info;
	struct famfs_err err;
	uint64_t slots;

	if (!entries || cp->stop)
		return;
	if (famfs_info(cp->dst.fs, &info, &err)) {
		cp->code = env_error(cp->env, &err);
		cp->stop = true;
		return;
	}
	slots = info.log_used < info.log_slots ? info.log_slots - info.log_used : 0;
	if (want > info.free)
		cp->code = env_errorf(
			cp->env, -ENOSPC, cp->dst.device,
			"no space: %llu bytes wanted in whole units of 2 MiB, %llu are free",
			(unsigned long long)want, (unsigned long long)info.free);
	else if (entries > slots)
		cp->code = refuse_full_log(cp, entries, slots);
	else
		return;
	cp->stop = true;
}

/* Looks at all names before anything is written. */
static void look(struct cp *cp)
{
	uint64_t want = 0, entries = 0;
	struct famfs_entry entry;
	size_t i;

	for (i = 0; i < cp->nr && !cp->stop && !cmd_cancelled(); i++) {
		struct cp_item *item = cp->items[i];

		if (is_begun(item))
			continue;
		if (!find_present(cp, item, &entry)) {
			entries++;
			want = add_space(want, item->size);
		}
		if (!is_begun(item))
			cp->bytes_total += item->size;
	}
	check_room(cp, want, entries);
}

static void settle_present(struct cp *cp)
{
	struct famfs_entry entry;
	struct famfs_err err;
	size_t i;

	for (i = 0; i < cp->nr && !cp->stop && !cmd_cancelled(); i++) {
		struct cp_item *item = cp->items[i];

		if (is_begun(item) || !item->present)
			continue;
		if (famfs_lookup(cp->dst.fs, item->dest, &entry, &err))
			cp_fail(cp, item, &err);
		else
			cp_source_settle(cp, item, &entry);
	}
}

/* ------------------------------------------------------------------ the rest */

/* Called in several threads. */
static int fill(void *data, size_t nr, struct famfs_fill *space, struct famfs_err *err)
{
	struct batch *b = data;
	struct cp *cp = b->cp;
	int rc;

	/*
	 * The files beside a failed one are logged if they are complete; what comes after them is
	 * not begun.
	 */
	if (cp->stop)
		return cp_err(err, -ECANCELED, "", "not begun");
	if (cp->halted)
		return cp_err(err, NOT_BEGUN, "", "not begun");
	b->space_begun = b->space_done;
	b->file_size = b->items[nr]->size;
	rc = cp_source_fill(cp, b->items[nr], space, err);
	b->file_size = 0;
	b->files_done += b->items[nr]->size;
	if (rc && !cp->opts->keep_going)
		cp->halted = true;
	return rc;
}

/* Another source or another command has made it since it was looked for. */
static void keep_there(struct batch *b, size_t nr, const struct famfs_entry *entry)
{
	if (b->items[nr]->dir) {
		b->items[nr]->status = CP_PRESENT;
		return;
	}
	b->there = mem_grow(b->there, &b->there_cap, b->there_nr + 1, sizeof(*b->there));
	b->there_of = mem_grow(b->there_of, &b->there_of_cap, b->there_nr + 1, sizeof(size_t));
	b->there[b->there_nr] = *entry;
	b->there_of[b->there_nr++] = nr;
}

/* The same words about the same object again: the whole call failed, and that was said. */
static bool ends_everything(struct batch *b, const struct famfs_err *err)
{
	bool again = b->said && !strcmp(b->last.message, err->message) &&
		     !strcmp(b->last.object, err->object);

	b->said = true;
	b->last = *err;
	return again;
}

static void done(void *data, size_t nr, enum famfs_create_status status,
		 const struct famfs_entry *entry, const struct famfs_err *err)
{
	struct batch *b = data;

	b->done_nr++;
	b->failed |= status == FAMFS_FAILED;
	if (status == FAMFS_CREATED)
		cp_done(b->cp, b->items[nr], CP_COPIED);
	else if (status == FAMFS_EXISTS)
		keep_there(b, nr, entry);
	else if (err->rc != NOT_BEGUN && !ends_everything(b, err))
		cp_fail(b->cp, b->items[nr], err);
}

static void progressed(void *data, uint64_t bytes_done, uint64_t bytes_total)
{
	struct batch *b = data;
	uint64_t part = bytes_done - b->space_begun, most = b->file_size;

	(void)bytes_total;
	b->space_done = bytes_done;
	b->cp->bytes_done = b->base + b->files_done + (part < most ? part : most);
	cp_progress(b->cp);
}

static void add_request(struct batch *b, struct cp_item *item)
{
	struct famfs_create_req *req = &b->reqs[b->nr];

	*req = b->cp->opts->req;
	req->path = item->dest;
	req->size = item->size;
	req->mode = item->mode;
	req->parent_mode = item->mode;
	req->uid = item->uid;
	req->gid = item->gid;
	if (item->dir)
		req->flags = FAMFS_CREATE_DIR | FAMFS_CREATE_PARENTS;
	b->items[b->nr++] = item;
}

static void create(struct batch *b)
{
	struct cp *cp = b->cp;
	const struct famfs_create_ops ops = {
		.done = done,
		.fill = fill,
		.progress = progressed,
		.data = b,
		.dry_run = cp->env->dry_run,
	};
	struct famfs_err err;
	bool own;
	size_t i;
	int rc;

	b->base = cp->bytes_done;
	geometry_default(cp->env, cp->dst.fs, b->reqs, b->nr);
	rc = famfs_create(cp->dst.fs, b->reqs, b->nr, &ops, &err);
	/* What concerns no file by itself is said here: a lost role, a fault under the log. */
	own = rc && (!b->failed || b->done_nr < b->nr);
	if (own && !(cp->stop && rc == -ECANCELED)) {
		progress_clear(&cp->progress);
		cp->code = env_error(cp->env, &err);
		cp->stop = true;
	}
	for (i = 0; i < b->there_nr && !cp->stop && !cmd_cancelled(); i++)
		cp_source_settle(cp, b->items[b->there_of[i]], &b->there[i]);
}

void cp_in(struct cp *cp)
{
	struct batch b = { .cp = cp };
	size_t i;

	look(cp);
	if (!cp->stop)
		settle_present(cp);
	b.reqs = mem_calloc(cp->nr, sizeof(*b.reqs));
	b.items = mem_calloc(cp->nr, sizeof(struct cp_item *));
	for (i = 0; i < cp->nr; i++)
		if (!is_begun(cp->items[i]))
			add_request(&b, cp->items[i]);
	if (b.nr && !cp->stop && !cmd_cancelled())
		create(&b);
	free(b.reqs);
	free(b.items);
	free(b.there);
	free(b.there_of);
}

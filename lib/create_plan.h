/* SPDX-License-Identifier: Apache-2.0 */
/* Deciding what a group of requests will log, before anything is written. */
#ifndef CREATE_PLAN_H
#define CREATE_PLAN_H

#include "fs.h"

/* One request of a group. Its entries are [first, first + nr) of the plan; the last is its own. */
struct plan_item {
	size_t req;
	enum famfs_create_status status;
	uint64_t first, nr;
	uint64_t found;        /* EXISTS: the entry that is there */
	struct famfs_err *err; /* FAILED: owned */
	bool clean;            /* what lies behind the bytes of its extents is zero */
};

struct plan {
	struct famfs *fs;
	const struct famfs_create_req *reqs;
	struct plan_item *items;
	uint64_t items_nr, items_cap;
	struct famfs_entry *entries;
	uint64_t entries_nr, entries_cap;
	uint64_t zero_len;            /* bytes to be zeroed before the entries may be published */
	uint64_t fill_len;            /* those of them that are bytes of files */
	char parent[PATH_CLEAN_SIZE]; /* the last parent that was found to be a directory */
	bool parent_known;
};

void plan_init(struct plan *plan, struct famfs *fs, const struct famfs_create_req *reqs);

/*
 * Plans request @req: finds its name, takes its space, and enters its name for the requests
 * behind it. What is wrong with the request itself ends up in the item. Return: 0, -ENOMEM, -EIO.
 */
int plan_add(struct plan *plan, size_t req, struct famfs_err *err);

/* Another writer was let in: enters the names again, behind what it appended; items whose names it
 * took fail, or exist now. Return: as plan_add(). */
int plan_rebase(struct plan *plan, struct famfs_err *err);

/* Takes the names back, before another writer is let in. */
void plan_forget_names(struct plan *plan);

/* An empty plan again. @undo: nothing was published, so names and space are given back. */
void plan_reset(struct plan *plan, bool undo);
void plan_fini(struct plan *plan);

/* Turns an item without entries into a failed one. Return: 0, -ENOMEM. */
int plan_fail(struct plan_item *item, const struct famfs_err *why, struct famfs_err *err);

static inline const struct famfs_entry *plan_entry(const struct plan *plan,
						   const struct plan_item *item)
{
	return &plan->entries[item->first + item->nr - 1];
}

/* Must this item's space be zeroed? */
bool plan_needs_zero(const struct plan *plan, const struct plan_item *item);

#endif

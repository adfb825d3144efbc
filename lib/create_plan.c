/* SPDX-License-Identifier: Apache-2.0 */
/* Deciding what a group of requests will log. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "create_plan.h"
#include "place.h"
#include "text.h"

/* A failed request, as opposed to a plan that cannot go on. */
#define REFUSED 1

void plan_init(struct plan *plan, struct famfs *fs, const struct famfs_create_req *reqs)
{
	*plan = (struct plan){ .fs = fs, .reqs = reqs };
}

static bool grow(void *array_ptr, uint64_t *cap, uint64_t need, size_t size)
{
	void **array = array_ptr, *bigger;
	uint64_t bigger_cap = *cap ? *cap * 2 : 64;

	if (need <= *cap)
		return true;
	bigger = reallocarray(*array, bigger_cap, size);
	if (!bigger)
		return false;
	*array = bigger;
	*cap = bigger_cap;
	return true;
}

static uint64_t hash_of(const struct plan *plan, const char *path)
{
	return names_hash(&plan->fs->names.key, path, strlen(path));
}

bool plan_needs_zero(const struct plan *plan, const struct plan_item *item)
{
	return item->status == FAMFS_CREATED &&
	       !(plan->reqs[item->req].flags & (FAMFS_CREATE_DIR | FAMFS_CREATE_NO_ZERO));
}

static uint64_t extents_len(const struct famfs_entry *entry)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < entry->extents_nr; i++)
		sum += entry->extents[i].len;
	return sum;
}

static int refuse_full_log(const struct plan *plan, struct famfs_err *err)
{
	(void)fs_refuse_full_log(plan->fs, "", err);
	return REFUSED;
}

/* Enters a new entry's name and makes it part of the plan. */
static int push_entry(struct plan *plan, const struct famfs_entry *entry, struct famfs_err *err)
{
	struct famfs *fs = plan->fs;
	uint64_t index = fs->log.count + plan->entries_nr;

	if (index >= fs->log.slots)
		return refuse_full_log(plan, err);
	if (!grow(&plan->entries, &plan->entries_cap, plan->entries_nr + 1,
		  sizeof(*plan->entries)) ||
	    names_add(&fs->names, hash_of(plan, entry->path), index,
		      entry->type == FAMFS_ENTRY_MKDIR))
		return err_nomem(err);
	plan->entries[plan->entries_nr] = *entry;
	plan->entries[plan->entries_nr].index = index;
	plan->entries[plan->entries_nr++].seqnum = index;
	fs->staged = plan->entries;
	fs->staged_nr = plan->entries_nr;
	return 0;
}

static int push_dir(struct plan *plan, const struct famfs_create_req *req, const char *path,
		    size_t len, struct famfs_err *err)
{
	struct famfs_entry entry = {
		.type = FAMFS_ENTRY_MKDIR,
		.mode = path[len] ? req->parent_mode : req->mode,
		.uid = req->uid,
		.gid = req->gid,
	};

	memcpy(entry.path, path, len);
	return push_entry(plan, &entry, err);
}

static int refuse_parent(const char *part, bool missing, struct famfs_err *err)
{
	char shown[PATH_ESCAPED_SIZE];

	path_escape(part, shown, sizeof(shown));
	if (missing)
		err_hint(err, err_set(err, -ENOENT, "", "its directory /%s does not exist", shown),
			 "make it with famfs mkdir -p");
	else
		err_set(err, -ENOTDIR, "", "/%s is a file, not a directory", shown);
	return REFUSED;
}

/* One part of the way: it must be a directory, or be made one. */
static int need_dir(struct plan *plan, const struct famfs_create_req *req, const char *path,
		    size_t len, struct famfs_err *err)
{
	char part[PATH_CLEAN_SIZE];
	uint64_t index;
	bool dir;
	int rc;

	memcpy(part, path, len);
	part[len] = '\0';
	rc = fs_find(plan->fs, part, &index, &dir, err);
	if (rc < 0)
		return rc;
	if (rc)
		return dir ? 0 : refuse_parent(part, false, err);
	if (!(req->flags & FAMFS_CREATE_PARENTS))
		return refuse_parent(part, true, err);
	return push_dir(plan, req, path, len, err);
}

static int need_parents(struct plan *plan, const struct famfs_create_req *req, const char *path,
			struct famfs_err *err)
{
	const char *last = strrchr(path, '/');
	size_t len = last ? (size_t)(last - path) : 0;
	int rc = 0;

	if (!last)
		return 0;
	if (plan->parent_known && !strncmp(plan->parent, path, len) && !plan->parent[len])
		return 0;
	for (const char *slash = strchr(path, '/'); slash && !rc; slash = strchr(slash + 1, '/'))
		rc = need_dir(plan, req, path, (size_t)(slash - path), err);
	if (rc)
		return rc;
	memcpy(plan->parent, path, len);
	plan->parent[len] = '\0';
	plan->parent_known = true;
	return 0;
}

/* The name is taken: is it what was asked for? */
static int judge_existing(struct plan *plan, const struct famfs_create_req *req, uint64_t index,
			  bool dir, struct famfs_err *err)
{
	struct famfs_entry entry;
	int rc;

	if (req->flags & FAMFS_CREATE_DIR) {
		if (dir && req->flags & FAMFS_CREATE_PARENTS)
			return 0;
		err_set(err, -EEXIST, "", dir ? "exists" : "exists and is a file");
		return REFUSED;
	}
	if (dir) {
		err_set(err, -EISDIR, "", "exists and is a directory");
		return REFUSED;
	}
	rc = fs_entry(plan->fs, index, &entry, err);
	if (rc)
		return rc;
	if (entry.size == req->size)
		return 0;
	err_hint(err,
		 err_set(err, -EEXIST, "", "exists with %s, not %" PRIu64,
			 text_count(entry.size, "byte").s, req->size),
		 "files keep their size: take another name");
	return REFUSED;
}

/* @placed: an entry whose space this file keeps, or NULL. */
static int plan_new(struct plan *plan, const struct famfs_create_req *req, const char *path,
		    const struct famfs_entry *placed, struct famfs_err *err)
{
	struct famfs *fs = plan->fs;
	struct famfs_entry entry = { .mode = req->mode, .uid = req->uid, .gid = req->gid };
	int rc = need_parents(plan, req, path, err);

	if (rc)
		return rc;
	if (req->flags & FAMFS_CREATE_DIR)
		return push_dir(plan, req, path, strlen(path), err);
	if (fs->log.count + plan->entries_nr >= fs->log.slots)
		return refuse_full_log(plan, err);
	if (placed)
		return push_entry(plan, placed, err);
	entry.type = FAMFS_ENTRY_FILE;
	entry.flags = MEDIA_FILE_FLAGS;
	memcpy(entry.path, path, strlen(path) + 1);
	if (place_file(&fs->space, fs->space.aus * FAMFS_AU, req, "", &entry, err))
		return REFUSED;
	rc = push_entry(plan, &entry, err);
	if (rc)
		place_undo(&fs->space, &entry);
	return rc;
}

/* Takes the entries of a plan from @first on out of it again. */
static void drop_entries(struct plan *plan, uint64_t first)
{
	struct famfs *fs = plan->fs;

	while (plan->entries_nr > first) {
		struct famfs_entry *entry = &plan->entries[--plan->entries_nr];

		names_remove(&fs->names, hash_of(plan, entry->path),
			     fs->log.count + plan->entries_nr);
		place_undo(&fs->space, entry);
	}
	fs->staged_nr = plan->entries_nr;
	plan->parent_known = false;
}

/* Return: 0, REFUSED, -errno. */
static int plan_request(struct plan *plan, struct plan_item *item, const struct famfs_entry *placed,
			struct famfs_err *err)
{
	const struct famfs_create_req *req = &plan->reqs[item->req];
	char path[PATH_CLEAN_SIZE];
	bool dir;
	int rc;

	if (path_clean(req->path, path, err))
		return REFUSED;
	/* The root has no entry and no name that could be written; it is there. */
	if (*path && path_may_write(path, "", err))
		return REFUSED;
	rc = fs_find(plan->fs, path, &item->found, &dir, err);
	if (rc < 0)
		return rc;
	if (rc) {
		item->status = FAMFS_EXISTS;
		return judge_existing(plan, req, item->found, dir, err);
	}
	return plan_new(plan, req, path, placed, err);
}

int plan_fail(struct plan_item *item, const struct famfs_err *why, struct famfs_err *err)
{
	item->err = malloc(sizeof(*item->err));
	if (!item->err)
		return err_nomem(err);
	*item->err = *why;
	item->status = FAMFS_FAILED;
	item->nr = 0;
	return 0;
}

/* Ends an item that was refused: what it planned goes, and the reason names its file. */
static int refuse_item(struct plan *plan, struct plan_item *item, struct famfs_err *why,
		       struct famfs_err *err)
{
	char shown[PATH_ESCAPED_SIZE];

	drop_entries(plan, item->first);
	path_escape(plan->reqs[item->req].path, shown, sizeof(shown));
	err_inside(why, why->rc, plan->fs->dev->name, shown);
	return plan_fail(item, why, err);
}

int plan_add(struct plan *plan, size_t req, struct famfs_err *err)
{
	struct plan_item *item;
	struct famfs_err why;
	int rc;

	if (!grow(&plan->items, &plan->items_cap, plan->items_nr + 1, sizeof(*plan->items)))
		return err_nomem(err);
	item = &plan->items[plan->items_nr++];
	*item = (struct plan_item){ .req = req, .first = plan->entries_nr };
	rc = plan_request(plan, item, NULL, &why);
	item->nr = plan->entries_nr - item->first;
	if (rc > 0)
		return refuse_item(plan, item, &why, err);
	if (rc < 0 && err)
		*err = why;
	if (rc || !item->nr || !plan_needs_zero(plan, item))
		return rc;
	plan->zero_len += extents_len(plan_entry(plan, item));
	plan->fill_len += plan_entry(plan, item)->size;
	return 0;
}

void plan_forget_names(struct plan *plan)
{
	struct famfs *fs = plan->fs;

	for (uint64_t i = 0; i < plan->entries_nr; i++)
		names_remove(&fs->names, hash_of(plan, plan->entries[i].path), fs->log.count + i);
	fs->staged_nr = 0;
	plan->parent_known = false;
}

/* A name that another request took, and lost: this one has no space that was zeroed. */
static int refuse_orphan(struct famfs_err *err)
{
	return err_hint(err,
			err_set(err, -ESTALE, "",
				"another command changed what this was planned on"),
			"repeat the command");
}

/* Plans one item again, with the space that it had. Return: as plan_request(). */
static int replan(struct plan *plan, struct plan_item *item, const struct famfs_entry *placed,
		  struct famfs_err *err)
{
	bool dir = plan->reqs[item->req].flags & FAMFS_CREATE_DIR;
	int rc;

	item->status = FAMFS_CREATED;
	item->first = plan->entries_nr;
	rc = plan_request(plan, item, placed, err);
	item->nr = plan->entries_nr - item->first;
	if (!rc && item->nr && !dir && !placed)
		rc = refuse_orphan(err) < 0 ? REFUSED : 0;
	if (placed && (rc || !item->nr))
		place_undo(&plan->fs->space, placed);
	return rc;
}

static int rebase_item(struct plan *plan, struct plan_item *item, const struct famfs_entry *old,
		       struct famfs_err *err)
{
	const struct famfs_entry *placed = NULL;
	struct famfs_err why;
	int rc;

	if (item->status == FAMFS_FAILED)
		return 0;
	if (item->status == FAMFS_CREATED)
		placed = &old[item->first + item->nr - 1];
	rc = replan(plan, item, placed, &why);
	if (rc > 0)
		return refuse_item(plan, item, &why, err);
	if (rc && err)
		*err = why;
	return rc;
}

int plan_rebase(struct plan *plan, struct famfs_err *err)
{
	struct famfs_entry *old = plan->entries;
	uint64_t old_nr = plan->entries_nr;
	int rc = 0;

	plan->entries = NULL;
	plan->entries_nr = plan->entries_cap = 0;
	/* The log may have been read anew meanwhile: what this plan holds is not free. */
	for (uint64_t i = 0; i < old_nr; i++)
		fs_take_entry(&plan->fs->space, &old[i]);
	for (size_t i = 0; i < plan->items_nr && !rc; i++)
		rc = rebase_item(plan, &plan->items[i], old, err);
	free(old);
	return rc;
}

void plan_reset(struct plan *plan, bool undo)
{
	if (undo)
		drop_entries(plan, 0);
	for (size_t i = 0; i < plan->items_nr; i++)
		free(plan->items[i].err);
	plan->items_nr = 0;
	plan->entries_nr = 0;
	plan->zero_len = plan->fill_len = 0;
	plan->fs->staged_nr = 0;
}

void plan_fini(struct plan *plan)
{
	free(plan->items);
	free(plan->entries);
}

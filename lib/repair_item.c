/* SPDX-License-Identifier: Apache-2.0 */
/* The findings of a repair, and what has been decided about each. */
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "repair_impl.h"

/* Where the chain of a slot's findings begins; those about no slot of the copy share one. */
static uint32_t *chain_of(struct famfs_repair *rep, uint32_t entry)
{
	return entry < rep->slots_nr ? &rep->slots[entry].items : &rep->head_items;
}

void repair_items_init(struct famfs_repair *rep)
{
	rep->head_items = REPAIR_NO_SLOT;
	for (unsigned int i = 0; i < PROBLEM_NR; i++)
		rep->head_newest[i] = REPAIR_NO_SLOT;
}

/* The last one noted of this problem. The chain of a slot is short. */
static struct repair_item *find_item(struct famfs_repair *rep, const struct problem_rec *rec)
{
	uint32_t at = *chain_of(rep, rec->entry);

	if (rec->entry >= rep->slots_nr)
		at = rep->head_newest[rec->problem];
	for (; at != REPAIR_NO_SLOT; at = rep->items[at].next) {
		if (rep->items[at].rec.problem == rec->problem)
			return &rep->items[at];
	}
	return NULL;
}

static uint64_t origin_of(const struct famfs_repair *rep, uint64_t slot)
{
	if (slot >= rep->slots_nr)
		return slot;
	return rep->slots[slot].origin == REPAIR_NO_SLOT ? FAMFS_NONE : rep->slots[slot].origin;
}

static struct repair_item *new_item(struct famfs_repair *rep)
{
	uint64_t cap = rep->items_cap ? rep->items_cap * 2 : 16;
	struct repair_item *more;

	if (rep->items_nr == rep->items_cap) {
		more = reallocarray(rep->items, cap, sizeof(*more));
		if (!more)
			return NULL;
		rep->items = more;
		rep->items_cap = cap;
	}
	return &rep->items[rep->items_nr++];
}

/*
 * The name is kept with the finding: the device has another log when the repair is told of. None is
 * kept of a slot that has none.
 */
static int path_keep(struct famfs_repair *rep, uint64_t slot, char **ret_path,
		     struct famfs_err *err)
{
	const char *path = NULL;
	struct fm_entry raw;

	if (slot >= rep->slots_nr)
		return 0;
	if (rep->slots[slot].origin == REPAIR_NO_SLOT)
		path = media_entry_path(repair_entry(rep, slot));
	else if (!repair_original(rep, rep->slots[slot].origin, &raw, NULL))
		path = media_entry_path(&raw);
	if (!path)
		return 0;
	*ret_path = strndup(path, FAMFS_PATH_SIZE);
	return *ret_path ? 0 : err_nomem(err);
}

int repair_note(struct famfs_repair *rep, const struct problem_rec *rec, struct famfs_err *err)
{
	uint32_t *chain = chain_of(rep, rec->entry);
	const struct repair_item *known = find_item(rep, rec);
	struct repair_item *item;
	int rc = 0;

	/* The same again in a later round, or the next extent of the same round. */
	if (known && known->round < rep->round)
		return 0;
	item = new_item(rep);
	if (!item || rep->items_nr > REPAIR_NO_SLOT)
		return err_nomem(err);
	*item = (struct repair_item){ .rec = *rec };
	item->round = (uint8_t)rep->round;
	item->kind = (uint8_t)repair_head_kind(rep, rec->problem);
	if (rec->entry != PROBLEM_NO_ENTRY) {
		uint64_t origin = origin_of(rep, rec->entry);

		rc = path_keep(rep, rec->entry, &item->path, err);
		item->rec.entry = origin == FAMFS_NONE ? PROBLEM_NO_ENTRY : (uint32_t)origin;
	}
	if (!rc && rec->other != FAMFS_NONE) {
		rc = path_keep(rep, rec->other, &item->other_path, err);
		item->rec.other = origin_of(rep, rec->other);
	}
	item->next = *chain;
	*chain = (uint32_t)rep->items_nr - 1;
	if (chain == &rep->head_items)
		rep->head_newest[rec->problem] = *chain;
	return rc;
}

static void path_of(const struct famfs_repair *rep, uint64_t origin, char path[FAMFS_PATH_SIZE + 1])
{
	struct fm_entry raw;
	const char *name = NULL;

	if (origin < rep->nr && !repair_original(rep, origin, &raw, NULL))
		name = media_entry_path(&raw);
	if (name)
		memcpy(path, name, FAMFS_PATH_SIZE);
}

void repair_item_render(struct famfs_repair *rep, const struct repair_item *item,
			struct famfs_finding *ret_finding)
{
	struct famfs_finding *f = ret_finding;

	problem_render(&item->rec, f);
	path_of(rep, f->entry, f->path);
	path_of(rep, f->other_entry, f->other_path);
	if (item->path)
		memcpy(f->path, item->path, strlen(item->path) + 1);
	if (item->other_path)
		memcpy(f->other_path, item->other_path, strlen(item->other_path) + 1);
	f->repair = item->kind;
	if (item->kind == FAMFS_REPAIR_NONE)
		f->remedy = NULL;
	else if (item->rec.problem == PROBLEM_ENTRY_CRC && rep->opts.flags & FAMFS_REPAIR_SALVAGE)
		f->remedy = "remove this entry, and keep those behind it";
}

static int decide(struct famfs_repair *rep, struct repair_item *item, struct famfs_err *err)
{
	struct famfs_finding finding;
	int rc;

	if (item->kind == FAMFS_REPAIR_NONE || rep->refusal.rc || !rep->opts.ask)
		return 0;
	repair_item_render(rep, item, &finding);
	rc = rep->opts.ask(rep->opts.data, &finding);
	if (rc < 0)
		return err_set(err, rc, rep->dev->name, "the repair was given up");
	return rc;
}

int repair_may(struct famfs_repair *rep, const struct problem_rec *rec, struct famfs_err *err)
{
	uint32_t at = *chain_of(rep, rec->entry);
	struct repair_item *item = find_item(rep, rec);
	int rc;

	if (!item)
		return 0;
	if (item->decision != REPAIR_OPEN)
		return item->decision == REPAIR_YES;
	rc = decide(rep, item, err);
	if (rc < 0)
		return rc;
	/* One answer for all extents of an entry. */
	for (; at != REPAIR_NO_SLOT; at = rep->items[at].next) {
		if (rep->items[at].rec.problem == rec->problem)
			rep->items[at].decision = rc ? REPAIR_YES : REPAIR_NO;
	}
	rep->asked |= rc > 0;
	return rc;
}

void repair_mark_left(struct famfs_repair *rep, struct famfs_check *check)
{
	bool head_left[PROBLEM_NR] = { false };
	uint32_t at;

	for (uint64_t i = 0; i < check->list.nr; i++) {
		const struct problem_rec *rec = &check->list.recs[i];

		if (rec->entry >= rep->slots_nr) {
			head_left[rec->problem] = true;
			continue;
		}
		at = rep->slots[rec->entry].items;
		for (; at != REPAIR_NO_SLOT; at = rep->items[at].next)
			rep->items[at].left |= rep->items[at].rec.problem == rec->problem;
	}
	for (at = rep->head_items; at != REPAIR_NO_SLOT; at = rep->items[at].next)
		rep->items[at].left = head_left[rep->items[at].rec.problem];
}

void repair_items_free(struct famfs_repair *rep)
{
	for (uint64_t i = 0; i < rep->items_nr; i++) {
		free(rep->items[i].path);
		free(rep->items[i].other_path);
	}
	free(rep->items);
}

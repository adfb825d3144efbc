/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking up names while entries change under a repair: which entries that stay have a name, in
 * log order. The table knows the first entry of each name, and a chain goes on from it to the next
 * of the same name: all entries may have one, so the chain is never walked twice over entries that
 * have left it.
 */
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "fs.h"
#include "path.h"
#include "repair_impl.h"

static bool needs_names(const struct problem_list *list)
{
	for (uint64_t i = 0; i < list->nr; i++) {
		if (list->recs[i].problem >= PROBLEM_PATH_UNTERMINATED &&
		    list->recs[i].problem <= PROBLEM_PATH_UNDER_FILE)
			return true;
	}
	return false;
}

/* The name that an entry has now, also one that is put in; NULL: it goes, or has none. */
static const char *name_of(struct famfs_repair *rep, uint64_t ref)
{
	if (ref >= REPAIR_INSERT_REF)
		return media_entry_path(&rep->inserts[ref - REPAIR_INSERT_REF].raw);
	return rep->slots[ref].removed ? NULL : media_entry_path(repair_entry(rep, ref));
}

static bool has_name(struct famfs_repair *rep, uint64_t ref, const char *path, size_t len)
{
	const char *name = name_of(rep, ref);

	return name && strnlen(name, FAMFS_PATH_SIZE) == len && !memcmp(name, path, len);
}

/* The next entry with the name that @slot had, and has it still. */
static uint64_t next_same(struct famfs_repair *rep, uint64_t slot)
{
	uint32_t next = rep->same[slot];

	while (next != REPAIR_NO_SLOT && (rep->slots[next].removed || rep->slots[next].renamed))
		next = rep->same[next];
	rep->same[slot] = next;
	return next;
}

/* Return: the first in the chain from @ref that has the name and is another than @but. */
static uint64_t first_same(struct famfs_repair *rep, uint64_t ref, const struct repair_wanted *want)
{
	if (has_name(rep, ref, want->path, want->len)) {
		if (ref != want->but)
			return ref;
		if (ref >= REPAIR_INSERT_REF || rep->slots[ref].renamed)
			return REPAIR_NO_SLOT;
		ref = next_same(rep, ref);
	} else {
		if (ref >= REPAIR_INSERT_REF)
			return REPAIR_NO_SLOT;
		ref = next_same(rep, ref);
		if (ref == want->but && ref != REPAIR_NO_SLOT)
			ref = next_same(rep, ref);
	}
	return ref != REPAIR_NO_SLOT && has_name(rep, ref, want->path, want->len) ? ref
										  : REPAIR_NO_SLOT;
}

/* One search: what is looked for, and what has been found. */
struct search {
	struct famfs_repair *rep;
	const struct repair_wanted *want;
	uint64_t ref;
};

static int is_wanted(void *data, uint64_t ref)
{
	struct search *s = data;
	uint64_t slot;

	s->ref = first_same(s->rep, ref, s->want);
	if (s->ref == REPAIR_NO_SLOT)
		return 0;
	if (s->ref < REPAIR_INSERT_REF)
		return s->ref < s->want->before;
	/* What is put before a slot is there for it. */
	slot = s->rep->inserts[s->ref - REPAIR_INSERT_REF].before;
	return slot <= s->want->before;
}

static bool is_dir(struct famfs_repair *rep, uint64_t ref)
{
	return ref >= REPAIR_INSERT_REF ||
	       le32_get(repair_entry(rep, ref)->fm_type) == FAMFS_ENTRY_MKDIR;
}

bool repair_find(struct famfs_repair *rep, const struct repair_wanted *want,
		 struct repair_found *ret_found)
{
	uint64_t hash = names_hash(&rep->names.key, want->path, want->len), head;
	struct search s = { .rep = rep, .want = want };
	bool dir;

	if (names_find(&rep->names, hash, is_wanted, &s, &head, &dir) <= 0)
		return false;
	*ret_found = (struct repair_found){ .slot = s.ref, .dir = is_dir(rep, s.ref) };
	return true;
}

int repair_add_name(struct famfs_repair *rep, const char *path, uint64_t ref, struct famfs_err *err)
{
	uint64_t hash = names_hash(&rep->names.key, path, strnlen(path, FAMFS_PATH_SIZE));

	return names_add(&rep->names, hash, ref, false) ? err_nomem(err) : 0;
}

/* For building the table: the entry whose name is looked for. */
struct same_name {
	struct famfs_repair *rep;
	const char *path;
	size_t len;
};

static int is_same_name(void *data, uint64_t ref)
{
	const struct same_name *same = data;

	return has_name(same->rep, ref, same->path, same->len);
}

/* @last: of each chain, by its first entry. */
static int enter(struct famfs_repair *rep, uint32_t slot, uint32_t *last, struct famfs_err *err)
{
	const struct fm_entry *raw = repair_entry(rep, slot);
	struct same_name same = { .rep = rep };
	uint64_t head, hash;
	bool dir;

	same.path = media_entry_crc_ok(raw) ? media_entry_path(raw) : NULL;
	if (!same.path || path_problems(same.path, FAMFS_PATH_SIZE) & FS_PATH_UNUSABLE)
		return 0;
	same.len = strnlen(same.path, FAMFS_PATH_SIZE);
	hash = names_hash(&rep->names.key, same.path, same.len);
	if (names_find(&rep->names, hash, is_same_name, &same, &head, &dir) > 0) {
		rep->same[last[head]] = slot;
		last[head] = slot;
		return 0;
	}
	last[slot] = slot;
	return names_add(&rep->names, hash, slot, false) ? err_nomem(err) : 0;
}

int repair_names_begin(struct famfs_repair *rep, struct famfs_err *err)
{
	uint64_t end = rep->check->end < rep->slots_nr ? rep->check->end : rep->slots_nr;
	uint32_t *last;
	int rc = 0;

	rep->unique = rep->slots_nr;
	if (!needs_names(&rep->check->list))
		end = 0;
	if (names_init(&rep->names, end + 1))
		return err_nomem(err);
	rep->same = malloc((end + 1) * sizeof(*rep->same));
	last = malloc((end + 1) * sizeof(*last));
	if (!rep->same || !last)
		rc = err_nomem(err);
	for (uint32_t slot = 0; slot < end && !rc; slot++) {
		rep->same[slot] = REPAIR_NO_SLOT;
		rc = enter(rep, slot, last, err);
	}
	free(last);
	return rc;
}

void repair_names_end(struct famfs_repair *rep)
{
	names_fini(&rep->names);
	free(rep->same);
	rep->same = NULL;
}

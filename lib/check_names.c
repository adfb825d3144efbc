/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checking names against each other, in log order. First the bits of all names tell which of them
 * may be there twice; only those, and the directories, go into a table. That proves that a good
 * file system is good. For another one all names are entered, so that it can be told what is wrong.
 */
#include <stdlib.h>

#include "check_impl.h"
#include "err.h"

static uint64_t hash_of(const struct check_name *name)
{
	return name->name & ~CHECK_IS_DIR;
}

static uint64_t parent_of(const struct check_name *name)
{
	return name->parent & ~CHECK_REPEATED;
}

static uint64_t word_of(const struct check_filter *filter, uint64_t hash)
{
	return (hash >> 2) & (filter->words - 1);
}

/* By other bits of the hash than the word. */
static uint64_t mask_of(uint64_t hash)
{
	return 1ULL << (hash >> 58);
}

void check_names_see(struct check_walk *walk, uint64_t hash)
{
	const struct check_filter *filter = &walk->check->filter;
	uint64_t now = walk->seeing, word = word_of(filter, now);

	if (!filter->words)
		return;
	__builtin_prefetch(&walk->seen[word_of(filter, hash)]);
	walk->seeing = hash;
	if (!now)
		return;
	if (walk->seen[word] & mask_of(now))
		__atomic_fetch_or(&filter->again[word], mask_of(now), __ATOMIC_RELAXED);
	walk->seen[word] |= mask_of(now);
}

/* Each thread for its words: what was seen by two threads was seen again. */
static void merge_seen(struct check_walk *walk)
{
	const struct famfs_check *check = walk->check;
	const struct check_filter *filter = &check->filter;
	uint64_t end = filter->words * (walk->part + 1) / check->walks_nr;

	for (uint64_t i = filter->words * walk->part / check->walks_nr; i < end; i++) {
		uint64_t seen = 0, again = 0;

		for (unsigned int t = 0; t < check->walks_nr; t++) {
			again |= seen & check->walks[t].seen[i];
			seen |= check->walks[t].seen[i];
		}
		filter->again[i] |= again;
	}
}

static bool name_is_suspect(const struct check_filter *filter, const struct check_name *name)
{
	return (filter->again[word_of(filter, hash_of(name))] & mask_of(hash_of(name))) != 0;
}

/* Listed without a branch for the bits, which cannot be foreseen. */
static void list_suspects(struct check_walk *walk)
{
	const struct check_name *name_of = walk->check->name_of;
	const struct check_filter *filter = &walk->check->filter;
	uint64_t nr = 0, most = walk->end - walk->first + 1;
	struct check_suspect *suspects = reallocarray(NULL, most, sizeof(*suspects));

	walk->suspects = suspects;
	if (!suspects) {
		walk->rc = err_nomem(&walk->err);
		return;
	}
	for (uint64_t i = walk->first; i < walk->end; i++) {
		const struct check_name *name = &name_of[i];
		bool parent = name->parent && !(name->parent & CHECK_REPEATED);

		suspects[nr] = (struct check_suspect){ .name = *name, .entry = i };
		nr += name->name &&
		      (parent | (name->name & CHECK_IS_DIR) | name_is_suspect(filter, name));
	}
	walk->suspects_nr = nr;
}

/* The walk in log order, with all names that count so far. */
struct names_walk {
	struct famfs_check *check;
	struct names names;
	uint64_t good_parent; /* one that was just found */
	uint64_t wanted;      /* hash that same_hash() compares with */
};

static int same_hash(void *data, uint64_t entry)
{
	const struct names_walk *n = data;

	return hash_of(&n->check->name_of[entry]) == n->wanted;
}

static int find(struct names_walk *n, uint64_t hash, uint64_t *ret_entry, bool *ret_dir)
{
	n->wanted = hash;
	return names_find(&n->names, hash, same_hash, n, ret_entry, ret_dir);
}

static void add(struct names_walk *n, uint64_t entry, enum problem problem, uint64_t other)
{
	problem_add(&n->check->list, (struct problem_rec){
					     .entry = (uint32_t)entry,
					     .problem = (uint16_t)problem,
					     .off = media_slot_off(entry),
					     .other = other,
				     });
}

/* The directory must have been made by an earlier entry: only those are in the table yet. */
static void judge_parent(struct names_walk *n, uint64_t entry, const struct check_name *name)
{
	uint64_t parent = parent_of(name), found;
	bool dir;

	/* Files come in runs of one directory: a good one need not be found again. */
	if (!parent || parent == n->good_parent)
		return;
	if (!find(n, parent, &found, &dir))
		add(n, entry, PROBLEM_PATH_NO_PARENT, FAMFS_NONE);
	else if (!dir)
		add(n, entry, PROBLEM_PATH_UNDER_FILE, found);
	else
		n->good_parent = parent;
}

static int judge(struct names_walk *n, uint64_t entry, const struct check_name *name)
{
	uint64_t found;
	bool dir;

	if (!name->name)
		return 0;
	judge_parent(n, entry, name);
	if (!find(n, hash_of(name), &found, &dir))
		return names_add(&n->names, hash_of(name), entry, name->name & CHECK_IS_DIR);
	add(n, entry, PROBLEM_PATH_DUPLICATE, found);
	return 0;
}

/* How far ahead the places of names are fetched: about what a miss takes. */
#define AHEAD 16

static int judge_suspects(struct names_walk *n, const struct check_suspect *suspects, uint64_t nr)
{
	int rc = 0;

	for (uint64_t i = 0; i < nr && !rc; i++) {
		if (nr - i > AHEAD)
			names_prefetch(&n->names, hash_of(&suspects[i + AHEAD].name));
		rc = judge(n, suspects[i].entry, &suspects[i].name);
	}
	return rc;
}

static int walk_suspects(struct famfs_check *check)
{
	struct names_walk n = { .check = check };
	uint64_t nr = 0;
	int rc;

	for (unsigned int i = 0; i < check->walks_nr; i++)
		nr += check->walks[i].suspects_nr;
	rc = names_init(&n.names, nr);
	for (unsigned int i = 0; i < check->walks_nr && !rc; i++)
		rc = judge_suspects(&n, check->walks[i].suspects, check->walks[i].suspects_nr);
	names_fini(&n.names);
	return rc;
}

static int walk_all(struct famfs_check *check)
{
	struct names_walk n = { .check = check };
	int rc = names_init(&n.names, check->end);

	for (uint64_t i = 0; i < check->end && !rc; i++) {
		if (check->end - i > AHEAD)
			names_prefetch(&n.names, hash_of(&check->name_of[i + AHEAD]));
		rc = judge(&n, i, &check->name_of[i]);
	}
	names_fini(&n.names);
	return rc;
}

int check_names(struct famfs_check *check, struct famfs_err *err)
{
	uint64_t before = check->list.nr;
	int rc;

	if (check->filter.words) {
		rc = check_walks_run(check, merge_seen, err);
		if (!rc)
			rc = check_walks_run(check, list_suspects, err);
		if (rc)
			return rc;
		rc = walk_suspects(check);
		if (rc)
			return err_nomem(err);
		if (check->list.nr == before)
			return 0;
		check->list.nr = before;
	}
	rc = walk_all(check);
	return rc ? err_nomem(err) : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checking names against each other, in log order. First the bits of all names tell which of them
 * may be there twice; only those, and the directories, go into a table. That proves that a good
 * file system is good. For another one all names are entered, so that it can be told what is wrong.
 */
#include <stdlib.h>

#include "check_filter.h"
#include "err.h"

static uint64_t hash_of(uint64_t marked)
{
	return marked & ~CHECK_MARKS;
}

/* What was seen by two threads was seen again. */
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

/* What was taken by two threads is taken twice. */
static void merge_space(struct check_walk *walk)
{
	const struct famfs_check *check = walk->check;
	uint64_t words = bits_words(check->aus);
	uint64_t end = words * (walk->part + 1) / check->walks_nr;

	for (uint64_t i = words * walk->part / check->walks_nr; i < end; i++) {
		uint64_t taken = 0, twice = 0;

		for (unsigned int t = 0; t < check->walks_nr; t++) {
			twice |= taken & check->walks[t].space.words[i];
			taken |= check->walks[t].space.words[i];
		}
		walk->overlap |= twice != 0;
	}
}

/* Each thread for its part of the words. */
static void merge(struct check_walk *walk)
{
	merge_space(walk);
	if (check_filter_ok(walk->check))
		merge_seen(walk);
}

static bool is_suspect(const struct check_filter *filter, uint64_t name)
{
	return check_has_all(filter->again[check_word_of(filter, name)], check_mask_of(name));
}

/* Listed without a branch for the bits, which cannot be foreseen. */
static void list_suspects(struct check_walk *walk)
{
	const uint64_t *name_of = walk->check->name_of;
	const struct check_filter *filter = &walk->check->filter;
	uint64_t nr = 0, most = walk->end - walk->first + 1;
	uint64_t *suspects = reallocarray(NULL, most, sizeof(*suspects));

	walk->suspects = suspects;
	if (!suspects) {
		walk->rc = err_nomem(&walk->err);
		return;
	}
	for (uint64_t i = walk->first; i < walk->end; i++) {
		uint64_t name = name_of[i];

		suspects[nr] = i;
		nr += (name != 0) &
		      ((name & CHECK_LOOK_AT) / CHECK_LOOK_AT | is_suspect(filter, name));
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

	return hash_of(n->check->name_of[entry]) == n->wanted;
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
static void judge_parent(struct names_walk *n, uint64_t entry)
{
	uint64_t marked = n->check->parent_of[entry], parent = hash_of(marked), found;
	bool dir;

	/* Files come in runs of one directory: a good one need not be found again. */
	if (!marked || parent == n->good_parent)
		return;
	if (!find(n, parent, &found, &dir))
		add(n, entry, PROBLEM_PATH_NO_PARENT, FAMFS_NONE);
	else if (!dir)
		add(n, entry, PROBLEM_PATH_UNDER_FILE, found);
	else
		n->good_parent = parent;
}

static int judge(struct names_walk *n, uint64_t entry)
{
	uint64_t name = n->check->name_of[entry], found;
	bool dir;

	if (!name)
		return 0;
	judge_parent(n, entry);
	if (!find(n, hash_of(name), &found, &dir))
		return names_add(&n->names, hash_of(name), entry, name & CHECK_IS_DIR);
	add(n, entry, PROBLEM_PATH_DUPLICATE, found);
	return 0;
}

/* How far ahead the places of names are fetched: about what a miss takes. */
#define AHEAD 16

static int judge_suspects(struct names_walk *n, const uint64_t *suspects, uint64_t nr)
{
	const uint64_t *name_of = n->check->name_of;
	int rc = 0;

	for (uint64_t i = 0; i < nr && !rc; i++) {
		if (nr - i > AHEAD)
			names_prefetch(&n->names, hash_of(name_of[suspects[i + AHEAD]]));
		rc = judge(n, suspects[i]);
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
			names_prefetch(&n.names, hash_of(check->name_of[i + AHEAD]));
		rc = judge(&n, i);
	}
	names_fini(&n.names);
	return rc;
}

int check_names(struct famfs_check *check, struct famfs_err *err)
{
	uint64_t before = check->list.nr;
	int rc;

	rc = check_walks_run(check, merge, err);
	if (rc)
		return rc;
	if (check_filter_ok(check)) {
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
	rc = check_walks_run(check, check_parents, err);
	if (rc)
		return rc;
	return walk_all(check) ? err_nomem(err) : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checking names against each other, in log order. Each thread walks over all entries and sees to
 * the names whose hashes fall to it, with a table of its own: nothing is shared, and a name, and
 * what is looked for under it, fall to the same thread.
 *
 * A table of all names is larger than the caches. Therefore a first walk sets a bit for each, and
 * only those whose bits meet, and the directories, go into the table. That proves that a good file
 * system is good; for another one all names are entered, so that it can be told what is wrong.
 */
#include "bits.h"
#include "check_impl.h"
#include "err.h"
#include "pages.h"

/* Entries at a time: the places of their names are fetched together. */
#define BLOCK 128

/* Bits for each name: one of 32 meets another by chance. */
#define FILTER_BITS 16

struct filter {
	uint64_t *seen, *again; /* @words each: bits of names, of names that met others */
	uint64_t words;         /* a power of two */
	uint64_t expect;        /* how many names it lets through */
};

struct names_walk {
	struct check_walk *walk;
	const struct check_name *name_of;
	struct filter filter; /* @again NULL: every name is entered */
	struct names names;
	uint64_t wanted; /* hash that same_hash() compares with */
};

static uint64_t hash_of(const struct check_name *name)
{
	return name->name & ~CHECK_IS_DIR;
}

static bool is_mine(const struct names_walk *n, uint64_t hash)
{
	return hash && ((hash >> 32) * n->walk->parts) >> 32 == n->walk->part;
}

static void filter_fini(struct filter *f)
{
	pages_free(f->seen, f->words, sizeof(*f->seen));
	pages_free(f->again, f->words, sizeof(*f->again));
	*f = (struct filter){ 0 };
}

/* The word of a hash's bit: by other bits than those that tell whose it is. */
static uint64_t filter_word(const struct filter *f, uint64_t hash)
{
	return (uint32_t)hash / BITS_WORD & (f->words - 1);
}

static uint64_t filter_mask(uint64_t hash)
{
	return 1ULL << (hash >> 32) % BITS_WORD;
}

static bool may_meet_another(const struct filter *f, uint64_t hash)
{
	return !f->again || f->again[filter_word(f, hash)] & filter_mask(hash);
}

/* Without memory for it, everything goes through. */
static void filter_init(struct names_walk *n, uint64_t end)
{
	struct filter *f = &n->filter;

	f->words = 1;
	while (f->words * BITS_WORD < end / n->walk->parts * FILTER_BITS)
		f->words *= 2;
	f->seen = pages_alloc(f->words, sizeof(*f->seen));
	f->again = pages_alloc(f->words, sizeof(*f->again));
	if (!f->seen || !f->again) {
		filter_fini(f);
		return;
	}
	for (uint64_t i = 0; i < end; i++) {
		uint64_t hash = hash_of(&n->name_of[i]), mine = is_mine(n, hash);
		/* Those of others change nothing, without a branch that cannot be foreseen. */
		uint64_t mask = mine * filter_mask(hash), word = mine * filter_word(f, hash);

		f->expect += n->name_of[i].name & CHECK_IS_DIR;
		if (f->seen[word] & mask) {
			f->again[word] |= mask;
			f->expect += 2;
		}
		f->seen[word] |= mask;
	}
}

static int same_hash(void *data, uint64_t entry)
{
	const struct names_walk *n = data;

	return hash_of(&n->name_of[entry]) == n->wanted;
}

static int find(struct names_walk *n, uint64_t hash, uint64_t *ret_entry, bool *ret_dir)
{
	n->wanted = hash;
	return names_find(&n->names, hash, same_hash, n, ret_entry, ret_dir);
}

static void add(struct names_walk *n, uint64_t entry, enum problem problem, uint64_t other)
{
	problem_add(&n->walk->list, (struct problem_rec){
					    .entry = (uint32_t)entry,
					    .problem = (uint16_t)problem,
					    .off = media_slot_off(entry),
					    .other = other,
				    });
}

static int enter(struct names_walk *n, uint64_t entry)
{
	const struct check_name *name = &n->name_of[entry];
	uint64_t found;
	bool dir;

	if (!find(n, hash_of(name), &found, &dir))
		return names_add(&n->names, hash_of(name), entry, name->name & CHECK_IS_DIR);
	add(n, entry, PROBLEM_PATH_DUPLICATE, found);
	return 0;
}

static uint64_t parent_of(const struct check_name *name)
{
	return name->parent & ~CHECK_REPEATED;
}

/* The directory must have been made by an earlier entry. */
static void check_parent(struct names_walk *n, uint64_t entry)
{
	uint64_t found;
	bool dir;

	if (!find(n, parent_of(&n->name_of[entry]), &found, &dir) || found >= entry)
		add(n, entry, PROBLEM_PATH_NO_PARENT, FAMFS_NONE);
	else if (!dir)
		add(n, entry, PROBLEM_PATH_UNDER_FILE, found);
}

/* Is the entry's parent to be looked for? While all seems good, once for a run of entries. */
static bool parent_counts(const struct names_walk *n, uint64_t entry)
{
	uint64_t parent = n->name_of[entry].parent;

	return (!(parent & CHECK_REPEATED) || !n->filter.again) &&
	       is_mine(n, parent & ~CHECK_REPEATED);
}

/* Names are listed without a branch, since whose a name is cannot be foreseen. */
static int walk_block(struct names_walk *n, uint64_t first, uint64_t nr)
{
	uint64_t names[BLOCK], parents[BLOCK];
	uint64_t names_nr = 0, parents_nr = 0;
	int rc = 0;

	for (uint64_t i = first; i < first + nr; i++) {
		const struct check_name *name = &n->name_of[i];

		names[names_nr] = i;
		names_nr += is_mine(n, hash_of(name)) &
			    (may_meet_another(&n->filter, hash_of(name)) |
			     (name->name & CHECK_IS_DIR));
		if (parent_counts(n, i))
			parents[parents_nr++] = i;
	}
	for (uint64_t i = 0; i < names_nr; i++)
		names_prefetch(&n->names, hash_of(&n->name_of[names[i]]));
	for (uint64_t i = 0; !rc && i < names_nr; i++)
		rc = enter(n, names[i]);
	for (uint64_t i = 0; i < parents_nr; i++)
		check_parent(n, parents[i]);
	return rc;
}

static int walk_all(struct names_walk *n, uint64_t end)
{
	uint64_t expect = n->filter.again ? n->filter.expect : end / n->walk->parts;
	int rc = names_init(&n->names, expect);

	for (uint64_t i = 0, nr; !rc && i < end; i += nr) {
		nr = end - i < BLOCK ? end - i : BLOCK;
		rc = walk_block(n, i, nr);
	}
	names_fini(&n->names);
	return rc;
}

void check_names(struct check_walk *walk)
{
	struct names_walk n = { .walk = walk, .name_of = walk->check->name_of };
	uint64_t end = walk->check->end;
	int rc;

	filter_init(&n, end);
	rc = walk_all(&n, end);
	if (!rc && n.filter.again && walk->list.nr) {
		problem_fini(&walk->list);
		filter_fini(&n.filter);
		rc = walk_all(&n, end);
	}
	filter_fini(&n.filter);
	walk->rc = rc ? err_nomem(&walk->err) : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Checking names against each other, in log order. */
#include "check_impl.h"
#include "err.h"

/*
 * Names are compared by their 64-bit hashes: they are keyed at random for each check, so that a
 * file system cannot be made to collide, and 500,000 names do so by accident once in 10^8 checks.
 */
struct same_hash {
	const struct check_name *name_of;
	uint64_t hash;
};

static int same_hash(void *data, uint64_t entry)
{
	const struct same_hash *want = data;

	return (want->name_of[entry].name & ~CHECK_IS_DIR) == want->hash;
}

static int find(const struct famfs_check *check, uint64_t hash, uint64_t *ret_entry, bool *ret_dir)
{
	struct same_hash want = { .name_of = check->name_of, .hash = hash };

	return names_find(&check->names, hash, same_hash, &want, ret_entry, ret_dir);
}

static void add(struct famfs_check *check, uint64_t entry, enum problem problem, uint64_t other)
{
	problem_add(&check->list, (struct problem_rec){
					  .entry = (uint32_t)entry,
					  .problem = (uint16_t)problem,
					  .off = media_slot_off(entry),
					  .other = other,
				  });
}

/* The directory must have been made by an earlier entry: only those are in the table yet. */
static void check_parent(struct famfs_check *check, uint64_t entry, uint64_t parent)
{
	uint64_t found;
	bool dir;

	if (!find(check, parent, &found, &dir))
		add(check, entry, PROBLEM_PATH_NO_PARENT, FAMFS_NONE);
	else if (!dir)
		add(check, entry, PROBLEM_PATH_UNDER_FILE, found);
}

/* How far ahead names are fetched: about what a miss takes. */
#define PREFETCH 16

int check_names(struct famfs_check *check, struct famfs_err *err)
{
	uint64_t last_parent = 0, found;
	bool dir;

	for (uint64_t i = 0; i < check->end; i++) {
		const struct check_name *name = &check->name_of[i];
		uint64_t hash = name->name & ~CHECK_IS_DIR;

		if (check->end - i > PREFETCH)
			names_prefetch(&check->names, name[PREFETCH].name & ~CHECK_IS_DIR);
		if (!hash)
			continue;
		/* Files come in runs of one directory: a good one need not be found again. */
		if (name->parent && name->parent != last_parent) {
			uint64_t before = check->list.nr;

			check_parent(check, i, name->parent);
			last_parent = check->list.nr == before ? name->parent : 0;
		}
		if (find(check, hash, &found, &dir))
			add(check, i, PROBLEM_PATH_DUPLICATE, found);
		else if (names_add(&check->names, hash, i, name->name & CHECK_IS_DIR))
			return err_nomem(err);
	}
	return 0;
}

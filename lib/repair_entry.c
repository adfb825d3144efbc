/* SPDX-License-Identifier: Apache-2.0 */
/* Mending the entries, in log order: one round over what a check of the copy has found. */
#include <stdlib.h>

#include "ctx.h"
#include "err.h"
#include "repair_impl.h"

/* An entry that so many rounds could not mend goes. */
#define ROUNDS_PATIENT 12

static const struct problem_rec *find_rec(const struct repair_fix *fix, enum problem problem)
{
	for (uint64_t i = 0; i < fix->nr; i++) {
		if (fix->recs[i].problem == problem)
			return &fix->recs[i];
	}
	return NULL;
}

bool repair_fix_has(const struct repair_fix *fix, enum problem problem)
{
	return find_rec(fix, problem) != NULL;
}

int repair_fix_may(struct repair_fix *fix, enum problem problem, struct famfs_err *err)
{
	const struct problem_rec *rec = find_rec(fix, problem);

	return rec ? repair_may(fix->rep, rec, err) : 0;
}

/* Return: 1 the entry goes, and perhaps all behind it; 0, -errno. */
static int fix_checksum(struct repair_fix *fix, struct famfs_err *err)
{
	int rc = repair_fix_may(fix, PROBLEM_ENTRY_CRC, err);

	if (rc <= 0)
		return rc;
	if (fix->rep->opts.flags & FAMFS_REPAIR_SALVAGE)
		fix->removed = true;
	else
		fix->rep->cut = fix->slot;
	return 1;
}

/* What cannot be believed at all. */
static int fix_hopeless(struct repair_fix *fix, struct famfs_err *err)
{
	static const enum problem problems[] = {
		PROBLEM_ENTRY_TYPE, PROBLEM_EXT_TYPE, PROBLEM_NEXTENTS_RANGE, PROBLEM_NSTRIPS_RANGE,
		PROBLEM_CHUNK_SIZE, PROBLEM_DEVINDEX, PROBLEM_DAXDEV_INDEX,   PROBLEM_DAXDEV_UUID,
	};

	for (size_t i = 0; i < sizeof(problems) / sizeof(problems[0]); i++) {
		int rc = repair_fix_may(fix, problems[i], err);

		if (rc < 0)
			return rc;
		fix->removed |= rc > 0;
	}
	return 0;
}

/* Whether nothing but the kernel's judgement is left, or nothing else has helped. */
static bool is_last_resort(const struct repair_fix *fix)
{
	if (fix->rep->round >= ROUNDS_PATIENT)
		return true;
	for (uint64_t i = 0; i < fix->nr; i++) {
		const struct problem_row *row = problem_row(fix->recs[i].problem);

		if (row->severity != FAMFS_WARNING && row->repair != FAMFS_REPAIR_FOLLOWS)
			return false;
	}
	return true;
}

static int fix_rest(struct repair_fix *fix, struct famfs_err *err)
{
	int rc = 0;

	if (!is_last_resort(fix))
		return 0;
	for (uint64_t i = 0; i < fix->nr && !rc; i++) {
		if (problem_row(fix->recs[i].problem)->severity != FAMFS_WARNING)
			rc = repair_may(fix->rep, &fix->recs[i], err);
	}
	fix->removed |= rc > 0;
	return rc < 0 ? rc : 0;
}

/* The steps of one entry; each stops when the entry goes. Return: 1 changed, 0, -errno. */
static int fix_entry(struct repair_fix *fix, struct famfs_err *err)
{
	int rc = fix_checksum(fix, err);

	/* Nothing is known about an entry with a wrong checksum. */
	if (rc || repair_fix_has(fix, PROBLEM_ENTRY_CRC))
		return rc;
	rc = repair_fix_may(fix, PROBLEM_ENTRY_SEQNUM, err);
	if (rc < 0)
		return rc;
	fix->altered = rc > 0;
	rc = fix_hopeless(fix, err);
	if (!rc && !fix->removed)
		rc = repair_fix_map(fix, err);
	if (!rc && !fix->removed)
		rc = repair_fix_overlap(fix, err);
	if (!rc && !fix->removed)
		rc = repair_fix_name(fix, err);
	if (!rc && !fix->removed)
		rc = fix_rest(fix, err);
	return rc < 0 ? rc : fix->altered || fix->removed;
}

/* The extents of an entry that stays keep others from theirs. */
static void keep_space(struct famfs_repair *rep, uint64_t slot)
{
	struct famfs_entry entry;

	if (!rep->check->overlap || !media_entry_crc_ok(repair_entry(rep, slot)))
		return;
	media_entry_decode(repair_entry(rep, slot), slot, &entry);
	for (uint32_t i = 0; i < entry.extents_nr; i++) {
		if (!entry.extents[i].dev_index)
			space_take(&rep->kept, entry.extents[i].off, entry.extents[i].len);
	}
}

/* Return: 1 changed, 0, -errno. */
static int fix_slot(struct famfs_repair *rep, uint64_t slot, const struct problem_rec *recs,
		    uint64_t nr, struct famfs_err *err)
{
	struct repair_fix fix = {
		.rep = rep, .slot = slot, .recs = recs, .nr = nr, .raw = repair_entry(rep, slot)
	};
	uint64_t inserts = rep->inserts_nr;
	int rc = nr ? fix_entry(&fix, err) : 0;

	if (rc < 0)
		return rc;
	if (fix.altered) {
		rep->slots[slot].sealed = true;
		fix.raw->fm_seqnum = le64_of(slot);
		media_entry_seal(fix.raw);
	}
	if (fix.removed)
		rep->slots[slot].removed = true;
	else
		keep_space(rep, slot);
	return rc || inserts != rep->inserts_nr;
}

static int fix_slots(struct famfs_repair *rep, struct famfs_err *err)
{
	const struct problem_list *list = &rep->check->list;
	uint64_t at = 0, end = rep->check->end < rep->slots_nr ? rep->check->end : rep->slots_nr;
	int changed = 0;

	while (at < list->nr && list->recs[at].entry == PROBLEM_NO_ENTRY)
		at++;
	for (uint64_t slot = 0; slot < end && rep->cut == FAMFS_NONE; slot++) {
		uint64_t from = at;
		int rc;

		while (at < list->nr && list->recs[at].entry == slot)
			at++;
		/* It has moved before another entry. */
		if (rep->slots[slot].removed)
			continue;
		rc = fix_slot(rep, slot, list->nr ? &list->recs[from] : NULL, at - from, err);
		if (rc < 0)
			return rc;
		changed |= rc;
		if (slot % LOG_BATCH == 0 && ctx_cancelled(rep->ctx))
			return err_set(err, -ECANCELED, rep->dev->name, "cancelled");
	}
	return changed;
}

int repair_entries_fix(struct famfs_repair *rep, struct famfs_err *err)
{
	int rc;

	rep->cut = FAMFS_NONE;
	rep->inserts_nr = 0;
	if (space_init(&rep->kept, rep->check->summary.dev_size))
		return err_nomem(err);
	rc = repair_names_begin(rep, err);
	if (!rc)
		rc = fix_slots(rep, err);
	if (rc > 0)
		rc = repair_copy_rebuild(rep, err) ?: 1;
	repair_names_end(rep);
	space_fini(&rep->kept);
	return rc;
}

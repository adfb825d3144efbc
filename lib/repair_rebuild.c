/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a round: what goes leaves the copy's log, what comes is put in, in place. */
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "repair_impl.h"

static int compare_inserts(const void *a, const void *b)
{
	const struct repair_insert *x = a, *y = b;
	size_t nx, ny;

	if (x->before != y->before)
		return x->before < y->before ? -1 : 1;
	/* Before the same entry: a directory before those in it. */
	nx = strlen(media_entry_path(&x->raw));
	ny = strlen(media_entry_path(&y->raw));
	return nx < ny ? -1 : nx > ny;
}

static void move(struct famfs_repair *rep, uint64_t to, uint64_t from)
{
	if (to == from)
		return;
	*repair_entry(rep, to) = *repair_entry(rep, from);
	rep->slots[to] = rep->slots[from];
}

/* Entries that stay move to the front; inserts follow the entries that they stand before. */
static uint64_t close_gaps(struct famfs_repair *rep, uint64_t end)
{
	uint64_t nr = 0, next = 0;

	for (uint64_t i = 0; i < end; i++) {
		for (; next < rep->inserts_nr && rep->inserts[next].before <= i; next++)
			rep->inserts[next].before = (uint32_t)nr;
		if (rep->slots[i].removed)
			continue;
		/* A bad entry that somebody wants to keep must stay as bad as it is. */
		rep->slots[i].sealed |= media_entry_ok(repair_entry(rep, i), i);
		move(rep, nr++, i);
	}
	/* Those before what is cut off go with it. */
	rep->inserts_nr = next;
	return nr;
}

/* From the back, so that nothing is in the way. Return: how many entries there are then. */
static uint64_t put_in(struct famfs_repair *rep, uint64_t nr)
{
	uint64_t left = rep->inserts_nr, to = nr + left;

	for (uint64_t i = nr; left > 0;) {
		if (i > rep->inserts[left - 1].before) {
			move(rep, --to, --i);
			continue;
		}
		left--;
		*repair_entry(rep, --to) = rep->inserts[left].raw;
		rep->slots[to] = rep->inserts[left].slot;
		rep->slots[to].sealed = true;
	}
	return nr + rep->inserts_nr;
}

static void number(struct famfs_repair *rep, uint64_t nr)
{
	for (uint64_t i = 0; i < nr; i++) {
		struct repair_slot *slot = &rep->slots[i];

		if (slot->sealed) {
			repair_entry(rep, i)->fm_seqnum = le64_of(i);
			media_entry_seal(repair_entry(rep, i));
		}
		slot->removed = slot->sealed = slot->renamed = false;
	}
}

/* Zeros: nothing that was removed may ever be taken for an entry again. */
static void blank(struct famfs_repair *rep, uint64_t from, uint64_t end)
{
	const struct repair_slot none = { .origin = REPAIR_NO_SLOT, .items = REPAIR_NO_SLOT };

	for (uint64_t i = from; i < end; i++) {
		*repair_entry(rep, i) = (struct fm_entry){ 0 };
		rep->slots[i] = none;
	}
}

static int make_room(struct famfs_repair *rep, uint64_t slots_nr, struct famfs_err *err)
{
	struct repair_slot *more;
	int rc = dev_map(rep->copy, media_slot_off(slots_nr), err);

	if (rc || slots_nr <= rep->slots_nr)
		return rc;
	more = reallocarray(rep->slots, slots_nr + 1, sizeof(*more));
	if (!more)
		return err_nomem(err);
	rep->slots = more;
	blank(rep, rep->slots_nr, slots_nr);
	rep->slots_nr = slots_nr;
	return 0;
}

int repair_copy_rebuild(struct famfs_repair *rep, struct famfs_err *err)
{
	uint64_t count = le64_get(repair_header(rep)->fm_next_index), end, nr;
	struct fm_log *header;
	int rc;

	end = count < rep->slots_nr ? count : rep->slots_nr;
	end = end < rep->cut ? end : rep->cut;
	rc = make_room(rep, end + rep->inserts_nr, err);
	if (rc)
		return rc;
	if (rep->inserts_nr)
		qsort(rep->inserts, rep->inserts_nr, sizeof(*rep->inserts), compare_inserts);
	nr = put_in(rep, close_gaps(rep, end));
	number(rep, nr);
	blank(rep, nr, rep->slots_nr);
	header = repair_header(rep);
	header->fm_next_index = le64_of(nr);
	header->fm_next_seqnum = le64_of(nr);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The copy of superblock and log that a repair works on. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ctx.h"
#include "err.h"
#include "repair_impl.h"
#include "super.h"

struct fm_super *repair_super(struct famfs_repair *rep)
{
	return (struct fm_super *)rep->copy->map;
}

struct fm_log *repair_header(struct famfs_repair *rep)
{
	return (struct fm_log *)(rep->copy->map + FAMFS_LOG_OFF);
}

struct fm_entry *repair_entry(struct famfs_repair *rep, uint64_t slot)
{
	return (struct fm_entry *)(rep->copy->map + media_slot_off(slot));
}

/* Slots of the device that are read: no claim about the log's length need be true. */
static uint64_t slots_of_device(const struct dev *dev)
{
	return media_log_slots(dev->size - FAMFS_LOG_OFF);
}

/*
 * How many entries the header counts, as far as it can be believed: without a good checksum, only
 * what both counters agree on. Readers go to the last slot when more are counted.
 */
static uint64_t believable_count(struct famfs_repair *rep)
{
	uint64_t count = le64_get(rep->header.fm_next_index), slots = slots_of_device(rep->dev);
	uint64_t claimed = media_log_slots(le64_get(rep->header.fm_len));
	bool agreed = count == le64_get(rep->header.fm_next_seqnum);

	if (!media_log_crc_ok(&rep->header)) {
		rep->counted = agreed && count <= slots ? count : 0;
		return rep->counted;
	}
	slots = claimed < slots ? claimed : slots;
	rep->counted = count < slots ? count : slots;
	return count <= slots ? count : 0;
}

/* A first look, which keeps nothing: @at slots were seen. Ends are behind the last such slot. */
struct survey {
	uint64_t at, written; /* slots; those with something in them */
	uint64_t written_end, valid_end;
};

/* Return: 1 when one of the slots seen validates, 0, -errno. */
static int survey_batch(struct famfs_repair *rep, struct survey *s, struct famfs_err *err)
{
	uint64_t nr = slots_of_device(rep->dev) - s->at;
	struct fm_entry batch[LOG_BATCH];
	bool any = false;
	int rc;

	nr = nr < LOG_BATCH ? nr : LOG_BATCH;
	rc = dev_scan(rep->dev, media_slot_off(s->at), batch, nr * MEDIA_ENTRY_LEN, err);
	for (uint64_t i = 0; !rc && i < nr; i++) {
		if (media_entry_is_zero(&batch[i]))
			continue;
		s->written++;
		s->written_end = s->at + i + 1;
		if (!media_entry_crc_ok(&batch[i]))
			continue;
		s->valid_end = s->at + i + 1;
		any = true;
	}
	s->at += nr;
	return rc ? rc : any;
}

/* What is counted, and on as long as there are entries that validate. Holes are not read. */
static int survey(struct famfs_repair *rep, uint64_t counted, struct survey *s,
		  struct famfs_err *err)
{
	uint64_t end = media_slot_off(counted), from;
	int rc = 1;

	if (counted)
		end = dev_last_data(rep->dev, media_slot_off(0), end);
	while (s->at < slots_of_device(rep->dev) && (rc > 0 || media_slot_off(s->at) < end)) {
		rc = survey_batch(rep, s, err);
		if (rc < 0)
			return rc;
		if (ctx_cancelled(rep->ctx))
			return err_set(err, -ECANCELED, rep->dev->name, "cancelled");
		from = media_slot_off(s->at);
		if (!rc && from < end)
			s->at += (dev_skip_hole(rep->dev, from, end) - from) / MEDIA_ENTRY_LEN;
	}
	return 0;
}

/*
 * What is kept of the log, and done with it, costs as much memory as there are entries in it: blank
 * slots before others count as entries, but not without limit, for an image may be sparse.
 */
static int judge_survey(const struct famfs_repair *rep, const struct survey *s,
			struct famfs_err *err)
{
	uint64_t blank = s->written_end - s->written;
	int rc;

	if (blank <= REPAIR_BLANK_MAX || blank <= s->written)
		return 0;
	rc = err_set(err, -EFBIG, rep->dev->name,
		     "the log is mostly holes: %" PRIu64 " blank slots lie among %" PRIu64
		     " with something in them, too many to mend",
		     blank, s->written);
	return err_hint(err, rc, "restore a metadata image, or make it anew with famfs mkfs");
}

/* Slots to keep: one more than there are entries, which may hold what an append was writing. */
static uint64_t slots_to_keep(const struct famfs_repair *rep, const struct survey *s,
			      uint64_t counted)
{
	uint64_t nr = (s->valid_end > counted ? s->valid_end : counted) + 1;

	nr = nr < slots_of_device(rep->dev) ? nr : slots_of_device(rep->dev);
	/* Behind the last entry there is nothing to mend but the count. */
	return nr > s->written_end + REPAIR_BLANK_MAX ? s->written_end + 1 : nr;
}

static int keep_entries(struct famfs_repair *rep, struct famfs_err *err)
{
	int rc = dev_map(rep->dev, media_slot_off(rep->nr), err);

	rep->entries = calloc(rep->nr + 1, sizeof(*rep->entries));
	if (!rep->entries)
		return err_nomem(err);
	for (uint64_t i = 0, nr; i < rep->nr && !rc; i += nr) {
		nr = rep->nr - i < LOG_BATCH ? rep->nr - i : LOG_BATCH;
		rc = dev_scan(rep->dev, media_slot_off(i), rep->entries + i, nr * MEDIA_ENTRY_LEN,
			      err);
	}
	for (uint64_t i = 0; i < rep->nr; i++) {
		if (media_entry_crc_ok(&rep->entries[i]))
			rep->valid_end = i + 1;
	}
	return rc;
}

static int read_entries(struct famfs_repair *rep, struct famfs_err *err)
{
	uint64_t counted = believable_count(rep);
	struct survey s = { 0 };
	int rc = survey(rep, counted, &s, err);

	if (!rc)
		rc = judge_survey(rep, &s, err);
	if (rc)
		return rc;
	rep->nr = slots_to_keep(rep, &s, counted);
	return keep_entries(rep, err);
}

static int read_device(struct famfs_repair *rep, struct famfs_err *err)
{
	int rc = dev_map(rep->dev, FAMFS_LOG_OFF + sizeof(rep->header), err);

	if (!rc)
		rc = dev_invalidate(rep->dev, 0, sizeof(rep->super), err);
	if (!rc)
		rc = dev_invalidate(rep->dev, FAMFS_LOG_OFF, sizeof(rep->header), err);
	if (!rc)
		rc = dev_read(rep->dev, 0, &rep->super, sizeof(rep->super), err);
	if (!rc)
		rc = dev_read(rep->dev, FAMFS_LOG_OFF, &rep->header, sizeof(rep->header), err);
	return rc ? rc : read_entries(rep, err);
}

/* An image in memory, as long as the device, with nothing in it yet. */
static int open_copy(struct famfs_repair *rep, struct famfs_err *err)
{
	char path[64];
	int fd = memfd_create("famfs-repair", MFD_CLOEXEC), rc;
	char *name = strdup(rep->dev->name);

	if (fd < 0 || !name || ftruncate(fd, (off_t)rep->dev->size) < 0) {
		rc = err_set(err, fd < 0 || name ? -errno : -ENOMEM, rep->dev->name,
			     "no memory for a copy of the log: %s", strerror(errno));
	} else {
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		rc = dev_open(rep->ctx, path, DEV_WRITE, &rep->copy, err);
	}
	if (fd >= 0)
		(void)close(fd);
	if (rc) {
		free(name);
		return rc;
	}
	/* Whatever is said of the copy is said of the device. */
	free(rep->copy->name);
	rep->copy->name = name;
	return 0;
}

int repair_copy_make(struct famfs_repair *rep, struct famfs_err *err)
{
	int rc = read_device(rep, err);

	if (!rc)
		rc = open_copy(rep, err);
	if (!rc)
		rc = dev_map(rep->copy, media_slot_off(rep->nr), err);
	if (rc)
		return rc;
	rep->slots = calloc(rep->nr + 1, sizeof(*rep->slots));
	if (!rep->slots)
		return err_nomem(err);
	for (uint64_t i = 0; i < rep->nr; i++)
		rep->slots[i] = (struct repair_slot){ .origin = (uint32_t)i,
						      .items = REPAIR_NO_SLOT };
	rep->slots_nr = rep->nr;
	rc = dev_store(rep->copy, 0, &rep->super, sizeof(rep->super), err);
	if (!rc)
		rc = dev_store(rep->copy, FAMFS_LOG_OFF, &rep->header, sizeof(rep->header), err);
	return rc ? rc
		  : dev_store(rep->copy, media_slot_off(0), rep->entries, rep->nr * MEDIA_ENTRY_LEN,
			      err);
}

void repair_copy_free(struct famfs_repair *rep)
{
	dev_close(rep->copy);
	free(rep->slots);
	free(rep->entries);
}

static int is_same(struct famfs_repair *rep, uint64_t off, const void *want, size_t len,
		   struct famfs_err *err)
{
	uint8_t buf[LOG_BATCH * MEDIA_ENTRY_LEN];
	const uint8_t *bytes = want;

	for (size_t at = 0; at < len;) {
		size_t part = len - at < sizeof(buf) ? len - at : sizeof(buf);
		int rc = dev_invalidate(rep->dev, off + at, part, err);

		if (!rc)
			rc = dev_read(rep->dev, off + at, buf, part, err);
		if (rc)
			return rc;
		if (memcmp(buf, bytes + at, part))
			return err_hint(err,
					err_set(err, -ESTALE, rep->dev->name,
						"another command wrote to it meanwhile"),
					"repeat the repair");
		at += part;
	}
	return 0;
}

int repair_copy_is_current(struct famfs_repair *rep, struct famfs_err *err)
{
	int rc = is_same(rep, 0, &rep->super, sizeof(rep->super), err);

	if (!rc)
		rc = is_same(rep, FAMFS_LOG_OFF, &rep->header, sizeof(rep->header), err);
	return rc ? rc
		  : is_same(rep, media_slot_off(0), rep->entries, rep->nr * MEDIA_ENTRY_LEN, err);
}

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

/* The entries and their origins as they will be, in memory of their own. */
struct rebuilt {
	struct fm_entry *entries;
	struct repair_slot *slots;
	uint64_t nr;
};

static void append(struct rebuilt *to, const struct fm_entry *raw, struct repair_slot slot)
{
	struct fm_entry *entry = &to->entries[to->nr];

	*entry = *raw;
	entry->fm_seqnum = le64_of(to->nr);
	media_entry_seal(entry);
	slot.removed = slot.sealed = false;
	to->slots[to->nr++] = slot;
}

/* A bad entry that somebody wants to keep must stay as bad as it is. */
static void append_bad(struct rebuilt *to, const struct fm_entry *raw, struct repair_slot slot)
{
	to->entries[to->nr] = *raw;
	to->slots[to->nr++] = slot;
}

static void collect(struct famfs_repair *rep, uint64_t end, struct rebuilt *to)
{
	uint64_t next = 0;

	if (rep->inserts_nr)
		qsort(rep->inserts, rep->inserts_nr, sizeof(*rep->inserts), compare_inserts);
	for (uint64_t i = 0; i < end; i++) {
		for (; next < rep->inserts_nr && rep->inserts[next].before <= i; next++)
			append(to, &rep->inserts[next].raw, rep->inserts[next].slot);
		if (rep->slots[i].removed)
			continue;
		if (media_entry_ok(repair_entry(rep, i), i) || rep->slots[i].sealed)
			append(to, repair_entry(rep, i), rep->slots[i]);
		else
			append_bad(to, repair_entry(rep, i), rep->slots[i]);
	}
}

int repair_copy_rebuild(struct famfs_repair *rep, struct famfs_err *err)
{
	struct fm_log *header = repair_header(rep);
	const struct repair_slot none = { .origin = REPAIR_NO_SLOT, .items = REPAIR_NO_SLOT };
	uint64_t count = le64_get(header->fm_next_index), end, room;
	struct rebuilt to = { 0 };
	int rc;

	end = count < rep->slots_nr ? count : rep->slots_nr;
	end = end < rep->cut ? end : rep->cut;
	room = end + rep->inserts_nr > rep->slots_nr ? end + rep->inserts_nr : rep->slots_nr;
	to.entries = calloc(room + 1, sizeof(*to.entries));
	to.slots = calloc(room + 1, sizeof(*to.slots));
	if (!to.entries || !to.slots) {
		free(to.entries);
		free(to.slots);
		return err_nomem(err);
	}
	collect(rep, end, &to);
	rc = dev_map(rep->copy, media_slot_off(room), err);
	/* Zeros behind the end: nothing that was removed may ever be taken for an entry again. */
	if (!rc)
		rc = dev_store(rep->copy, media_slot_off(0), to.entries, room * MEDIA_ENTRY_LEN,
			       err);
	if (!rc) {
		header = repair_header(rep);
		header->fm_next_index = le64_of(to.nr);
		header->fm_next_seqnum = le64_of(to.nr);
		free(rep->slots);
		rep->slots = to.slots;
		rep->slots_nr = room;
		to.slots = NULL;
		for (uint64_t i = to.nr; i < room; i++)
			rep->slots[i] = none;
	}
	free(to.entries);
	free(to.slots);
	return rc;
}

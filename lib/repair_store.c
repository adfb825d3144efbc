/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Storing what a repair has worked out. What one store can publish is published by it: the
 * counters, the recorded device size. A header that was damaged is, in every state between, still
 * damaged or right already. Where entries change, the log's magic number first becomes another one,
 * and the right one again last: nobody takes what is between them for a log, and the undo file
 * knows it all.
 */
#include <stddef.h>
#include <string.h>

#include "err.h"
#include "repair_impl.h"
#include "text.h"
#include "undo.h"

#define COUNTERS_OFF (FAMFS_LOG_OFF + offsetof(struct fm_log, fm_next_seqnum))
#define DEV_SIZE_OFF offsetof(struct fm_super, fm_dev_size)

/* What differs. */
struct diff {
	bool super, dev_size;  /* anything of the superblock; nothing but the device size */
	bool header, counters; /* the same of the log header */
	uint64_t first, end;   /* slots */
	bool rewrite;          /* some of them count */
	uint64_t count;        /* entries of the new log */
};

static const struct fm_entry zero_entry;

/* Return: 1, 0, -EIO. */
static int slot_differs(struct famfs_repair *rep, uint64_t slot, struct famfs_err *err)
{
	const struct fm_entry *now = slot < rep->slots_nr ? repair_entry(rep, slot) : &zero_entry;
	struct fm_entry was;
	int rc = repair_original(rep, slot, &was, err);

	return rc ? rc : memcmp(&was, now, sizeof(was)) != 0;
}

/* Behind the last slot of the log is the first file: it has been read, and is not touched. */
static int compare_slots(struct famfs_repair *rep, struct diff *diff, struct famfs_err *err)
{
	uint64_t nr = rep->nr > rep->slots_nr ? rep->nr : rep->slots_nr;
	uint64_t slots = rep->check->log_seen ? rep->check->log.slots : 0;

	nr = nr < slots ? nr : slots;
	diff->first = nr;
	for (uint64_t i = 0; i < nr; i++) {
		int rc = slot_differs(rep, i, err);

		if (rc < 0)
			return rc;
		if (!rc)
			continue;
		diff->first = i < diff->first ? i : diff->first;
		diff->end = i + 1;
	}
	diff->rewrite = diff->first < diff->count;
	return 0;
}

/* Would two stores, one after the other, leave counters that no torn tail explains? */
static bool tears_counters(const struct famfs_repair *rep, uint64_t count)
{
	uint64_t seqnum = le64_get(rep->header.fm_next_seqnum);
	uint64_t index = le64_get(rep->header.fm_next_index);

	return !rep->dev->ops->whole && (count - seqnum + 1 > 2 || count - index + 1 > 2);
}

static int compare(struct famfs_repair *rep, struct diff *diff, struct famfs_err *err)
{
	const struct fm_super *super = repair_super(rep);
	const struct fm_log *header = repair_header(rep);
	struct fm_super resized = rep->super;
	int rc;

	*diff = (struct diff){ .count = le64_get(header->fm_next_index) };
	resized.fm_dev_size = super->fm_dev_size;
	diff->super = memcmp(super, &rep->super, sizeof(*super)) != 0;
	diff->dev_size = memcmp(super, &resized, sizeof(*super)) == 0;
	diff->header = memcmp(header, &rep->header, sizeof(*header)) != 0;
	diff->counters = memcmp(header, &rep->header, offsetof(struct fm_log, fm_next_seqnum)) == 0;
	rc = compare_slots(rep, diff, err);
	if (diff->header && diff->counters && tears_counters(rep, diff->count))
		diff->rewrite = true;
	return rc;
}

static uint64_t slots_len(const struct diff *diff)
{
	return diff->end > diff->first ? (diff->end - diff->first) * MEDIA_ENTRY_LEN : 0;
}

static int flush(struct dev *dev, uint64_t off, size_t len, struct famfs_err *err)
{
	int rc = dev_writeback(dev, off, len, err);

	return rc ? rc : dev_fence(dev, err);
}

static int store(struct dev *dev, uint64_t off, const void *buf, size_t len, struct famfs_err *err)
{
	int rc = dev_store(dev, off, buf, len, err);

	return rc ? rc : flush(dev, off, len, err);
}

/* One after the other, then one fence. */
static int store_slots(struct famfs_repair *rep, const struct diff *diff, struct famfs_err *err)
{
	int rc = 0;

	for (uint64_t i = diff->first; i < diff->end && !rc; i++) {
		rc = slot_differs(rep, i, err);
		if (rc <= 0)
			continue;
		rc = dev_store(rep->dev, media_slot_off(i),
			       i < rep->slots_nr ? repair_entry(rep, i) : &zero_entry,
			       MEDIA_ENTRY_LEN, err);
		if (!rc)
			rc = dev_writeback(rep->dev, media_slot_off(i), MEDIA_ENTRY_LEN, err);
	}
	return rc || diff->first >= diff->end ? rc : dev_fence(rep->dev, err);
}

/* The magic number last: a superblock that had none has none until the rest is right. */
static int store_super(struct famfs_repair *rep, const struct diff *diff, struct famfs_err *err)
{
	const size_t magic_len = sizeof(((struct fm_super *)0)->fm_magic);
	const uint8_t *raw = (const uint8_t *)repair_super(rep);
	int rc;

	if (!diff->super)
		return 0;
	if (diff->dev_size)
		return store(rep->dev, DEV_SIZE_OFF, raw + DEV_SIZE_OFF, sizeof(uint64_t), err);
	rc = store(rep->dev, magic_len, raw + magic_len, sizeof(struct fm_super) - magic_len, err);
	return rc ? rc : store(rep->dev, 0, raw, magic_len, err);
}

/* The entries it counts may only just have come to memory: they go before it. */
static int store_counters(struct famfs_repair *rep, struct famfs_err *err)
{
	const struct fm_log *header = repair_header(rep);
	const uint64_t counters[2] = { htole64(le64_get(header->fm_next_seqnum)),
				       htole64(le64_get(header->fm_next_index)) };
	uint64_t last = le64_get(header->fm_next_index);
	int rc = 0;

	if (last)
		rc = flush(rep->dev, media_slot_off(last - 1), MEDIA_ENTRY_LEN, err);
	if (!rc)
		rc = dev_publish16(rep->dev, COUNTERS_OFF, counters, err);
	return rc ? rc : flush(rep->dev, COUNTERS_OFF, sizeof(counters), err);
}

static int store_header(struct famfs_repair *rep, const struct diff *diff, struct famfs_err *err)
{
	if (!diff->header)
		return 0;
	if (diff->counters)
		return store_counters(rep, err);
	return store(rep->dev, FAMFS_LOG_OFF, repair_header(rep), sizeof(struct fm_log), err);
}

static int mark_log(struct famfs_repair *rep, struct famfs_err *err)
{
	const struct le64 mark = le64_of(MEDIA_LOG_REWRITE);

	return store(rep->dev, FAMFS_LOG_OFF, &mark, sizeof(mark), err);
}

/* Whole but for the magic number, and then that: one word that makes it a log again. */
static int unmark_log(struct famfs_repair *rep, struct famfs_err *err)
{
	const size_t magic_len = sizeof(((struct fm_log *)0)->fm_magic);
	const uint8_t *raw = (const uint8_t *)repair_header(rep);
	int rc = store(rep->dev, FAMFS_LOG_OFF + magic_len, raw + magic_len,
		       sizeof(struct fm_log) - magic_len, err);

	return rc ? rc : store(rep->dev, FAMFS_LOG_OFF, raw, magic_len, err);
}

static int store_all(struct famfs_repair *rep, const struct diff *diff, struct famfs_err *err)
{
	int rc;

	if (!diff->rewrite) {
		rc = store_super(rep, diff, err);
		if (!rc)
			rc = store_header(rep, diff, err);
		/* What no longer counts. */
		return rc ? rc : store_slots(rep, diff, err);
	}
	rc = mark_log(rep, err);
	if (!rc)
		rc = store_slots(rep, diff, err);
	if (!rc)
		rc = store_super(rep, diff, err);
	return rc ? rc : unmark_log(rep, err);
}

/* As log_sum() will find it. */
static uint64_t sum_of(struct famfs_repair *rep, uint64_t count)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < count && i < rep->slots_nr; i++) {
		if (!log_sum_next(&sum, repair_entry(rep, i)->fm_crc))
			break;
	}
	return sum;
}

/* Everything that can fail without a store having been made. */
static int prepare(struct famfs_repair *rep, const struct diff *diff, struct famfs_err *err)
{
	uint64_t end = media_slot_off(diff->end > rep->nr ? diff->end : rep->nr);
	const uint64_t sum = sum_of(rep, diff->count);
	const struct undo_after after = { repair_super(rep), repair_header(rep), &sum };
	struct undo *undo;
	int rc = dev_map(rep->dev, end, err);

	if (!rc)
		rc = dev_reserve(rep->dev, 0, sizeof(struct fm_super), err);
	if (!rc)
		rc = dev_reserve(rep->dev, FAMFS_LOG_OFF, sizeof(struct fm_log), err);
	if (!rc)
		rc = dev_reserve(rep->dev, media_slot_off(diff->first), slots_len(diff), err);
	if (!rc)
		rc = undo_begin(rep->dev, rep->undo_name, &undo, err);
	if (rc)
		return rc;
	rc = undo_save(undo, FAMFS_LOG_OFF, sizeof(struct fm_log), err);
	if (!rc && slots_len(diff))
		rc = undo_save(undo, media_slot_off(diff->first), slots_len(diff), err);
	if (!rc)
		rc = undo_expect(undo, &after, err);
	if (!rc)
		rc = undo_commit(undo, err);
	if (!rc) {
		rep->undo_made = strdup(undo_path(undo));
		rc = rep->undo_made ? 0 : err_nomem(err);
	}
	if (rc)
		undo_discard(undo);
	else
		undo_close(undo);
	return rc;
}

static int read_back(struct famfs_repair *rep, const struct diff *diff, struct famfs_err *err)
{
	struct fm_entry raw;
	struct fm_super super;
	struct fm_log header;
	bool same = true;
	int rc = dev_read(rep->dev, 0, &super, sizeof(super), err);

	if (!rc)
		rc = dev_read(rep->dev, FAMFS_LOG_OFF, &header, sizeof(header), err);
	if (rc)
		return rc;
	same = !memcmp(&super, repair_super(rep), sizeof(super)) &&
	       !memcmp(&header, repair_header(rep), sizeof(header));
	for (uint64_t i = diff->first; i < diff->end && i < rep->slots_nr && same; i++) {
		rc = dev_read(rep->dev, media_slot_off(i), &raw, sizeof(raw), err);
		if (rc)
			return rc;
		same = !memcmp(&raw, repair_entry(rep, i), sizeof(raw));
	}
	if (same)
		return 0;
	rc = err_set(err, -EIO, rep->dev->name,
		     "what was stored does not read back: the memory is faulty, or another host "
		     "writes to it");
	return err_hint(err, rc, "famfs image restore %s %s takes it back",
			text_shell(rep->undo_made).s, text_shell(rep->dev->name).s);
}

int repair_store(struct famfs_repair *rep, struct famfs_err *err)
{
	struct diff diff;
	int rc = compare(rep, &diff, err);

	if (rc || (!diff.super && !diff.header && !slots_len(&diff)))
		return rc;
	rc = prepare(rep, &diff, err);
	if (!rc)
		rc = store_all(rep, &diff, err);
	if (!rc)
		rc = read_back(rep, &diff, err);
	return rc ? rc : dev_finish(rep->dev, err);
}

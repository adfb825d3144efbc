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
	return dev_map(rep->dev, media_slot_off(rep->nr), err);
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

/* The first byte that a file uses, and whether all files end on the device. */
static void judge_extents(struct famfs_repair *rep, const struct fm_entry *raw, uint64_t slot,
			  bool *misfit)
{
	struct repair_facts *facts = &rep->facts;
	bool ok = media_entry_ok(raw, slot);
	struct famfs_entry entry;

	media_entry_decode(raw, slot, &entry);
	for (uint32_t i = 0; i < entry.extents_nr; i++) {
		uint64_t off = entry.extents[i].off, end;

		if (__builtin_add_overflow(off, entry.extents[i].len, &end) || end > rep->dev->size)
			*misfit = true;
		if (ok && !entry.extents[i].dev_index && off > FAMFS_LOG_OFF &&
		    off < facts->first_byte)
			facts->first_byte = off;
	}
}

/* What stands behind the last entry that validates says nothing. */
static void note_facts(struct famfs_repair *rep, const struct fm_entry *raws, uint64_t first,
		       uint64_t nr)
{
	struct repair_facts *facts = &rep->facts;
	bool misfit = facts->misfit_behind;

	for (uint64_t i = 0; i < nr; i++) {
		judge_extents(rep, &raws[i], first + i, &misfit);
		facts->valid += media_entry_ok(&raws[i], first + i);
		if (!media_entry_crc_ok(&raws[i]))
			continue;
		rep->valid_end = first + i + 1;
		facts->misfit |= misfit;
		misfit = false;
	}
	facts->misfit_behind = misfit;
}

/* A batch of slots as they are on the device now. Return: how many, -errno. */
static int64_t read_batch(struct famfs_repair *rep, uint64_t first, struct fm_entry *raws,
			  struct famfs_err *err)
{
	uint64_t nr = rep->nr - first < LOG_BATCH ? rep->nr - first : LOG_BATCH;
	int rc = dev_scan(rep->dev, media_slot_off(first), raws, nr * MEDIA_ENTRY_LEN, err);

	return rc ? rc : (int64_t)nr;
}

static uint64_t sum_of(const struct famfs_repair *rep, const struct fm_entry *raws, int64_t nr)
{
	return names_hash(&rep->sums_key, (const char *)raws, (size_t)nr * MEDIA_ENTRY_LEN);
}

/* One reading of the device fills the copy, and leaves sums to know a change by. */
static int copy_entries(struct famfs_repair *rep, struct famfs_err *err)
{
	struct fm_entry raws[LOG_BATCH];
	int rc = 0;

	for (uint64_t i = 0; i < rep->nr && !rc; i += LOG_BATCH) {
		int64_t nr = read_batch(rep, i, raws, err);

		if (nr < 0)
			return (int)nr;
		note_facts(rep, raws, i, (uint64_t)nr);
		rep->sums[i / LOG_BATCH] = sum_of(rep, raws, nr);
		rc = dev_store(rep->copy, media_slot_off(i), raws, (size_t)nr * MEDIA_ENTRY_LEN,
			       err);
		if (ctx_cancelled(rep->ctx))
			return err_set(err, -ECANCELED, rep->dev->name, "cancelled");
	}
	return rc;
}

static int alloc_slots(struct famfs_repair *rep, struct famfs_err *err)
{
	rep->slots = calloc(rep->nr + 1, sizeof(*rep->slots));
	rep->sums = calloc(rep->nr / LOG_BATCH + 1, sizeof(*rep->sums));
	if (!rep->slots || !rep->sums || names_key_make(&rep->sums_key))
		return err_nomem(err);
	for (uint64_t i = 0; i < rep->nr; i++)
		rep->slots[i] = (struct repair_slot){ .origin = (uint32_t)i,
						      .items = REPAIR_NO_SLOT };
	rep->slots_nr = rep->nr;
	rep->facts.first_byte = UINT64_MAX;
	return 0;
}

int repair_copy_make(struct famfs_repair *rep, struct famfs_err *err)
{
	int rc = read_device(rep, err);

	if (!rc)
		rc = open_copy(rep, err);
	if (!rc)
		rc = dev_map(rep->copy, media_slot_off(rep->nr), err);
	if (!rc)
		rc = alloc_slots(rep, err);
	if (!rc)
		rc = dev_store(rep->copy, 0, &rep->super, sizeof(rep->super), err);
	if (!rc)
		rc = dev_store(rep->copy, FAMFS_LOG_OFF, &rep->header, sizeof(rep->header), err);
	return rc ? rc : copy_entries(rep, err);
}

void repair_copy_free(struct famfs_repair *rep)
{
	dev_close(rep->copy);
	free(rep->slots);
	free(rep->sums);
}

int repair_original(const struct famfs_repair *rep, uint64_t slot, struct fm_entry *ret_raw,
		    struct famfs_err *err)
{
	if (slot < rep->nr)
		return dev_read(rep->dev, media_slot_off(slot), ret_raw, sizeof(*ret_raw), err);
	*ret_raw = (struct fm_entry){ 0 };
	return 0;
}

static int refuse_changed(const struct famfs_repair *rep, struct famfs_err *err)
{
	return err_hint(err,
			err_set(err, -ESTALE, rep->dev->name,
				"another command wrote to it meanwhile"),
			"repeat the repair");
}

static int is_same(struct famfs_repair *rep, uint64_t off, const void *want, size_t len,
		   struct famfs_err *err)
{
	uint8_t buf[sizeof(struct fm_super)];
	int rc = dev_invalidate(rep->dev, off, len, err);

	if (!rc)
		rc = dev_read(rep->dev, off, buf, len, err);
	if (rc)
		return rc;
	return memcmp(buf, want, len) ? refuse_changed(rep, err) : 0;
}

int repair_copy_is_current(struct famfs_repair *rep, struct famfs_err *err)
{
	struct fm_entry raws[LOG_BATCH];
	int rc = is_same(rep, 0, &rep->super, sizeof(rep->super), err);

	if (!rc)
		rc = is_same(rep, FAMFS_LOG_OFF, &rep->header, sizeof(rep->header), err);
	for (uint64_t i = 0; i < rep->nr && !rc; i += LOG_BATCH) {
		int64_t nr = read_batch(rep, i, raws, err);

		if (nr < 0)
			return (int)nr;
		if (sum_of(rep, raws, nr) != rep->sums[i / LOG_BATCH])
			rc = refuse_changed(rep, err);
	}
	return rc;
}

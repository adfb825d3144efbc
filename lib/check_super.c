/* SPDX-License-Identifier: Apache-2.0 */
/* Checking the superblock and the log header. */
#include <stddef.h>

#include "check_impl.h"
#include "csum.h"
#include "err.h"
#include "role.h"
#include "super.h"

static void add(struct famfs_check *check, enum problem problem, uint64_t off, uint64_t value,
		uint64_t expected)
{
	problem_add(&check->list, (struct problem_rec){
					  .entry = PROBLEM_NO_ENTRY,
					  .problem = (uint16_t)problem,
					  .off = off,
					  .len = sizeof(uint64_t),
					  .value = value,
					  .expected = expected,
					  .other = FAMFS_NONE,
				  });
}

#define SUPER_OFF(field)     offsetof(struct fm_super, field)
#define LOG_FIELD_OFF(field) (FAMFS_LOG_OFF + offsetof(struct fm_log, field))

static void judge_dev_size(struct famfs_check *check, const struct famfs_super *super)
{
	uint64_t real = check->dev->size, recorded = super->dev_size;

	/* Without room behind the log no file can be placed. */
	if (recorded > real || recorded < check->data_off + FAMFS_AU)
		add(check, PROBLEM_DD_SIZE, SUPER_OFF(fm_dev_size), recorded, real);
	else if (recorded < real)
		add(check, PROBLEM_DD_SIZE_SMALL, SUPER_OFF(fm_dev_size), recorded, real);
}

static void judge_super(struct famfs_check *check, const struct famfs_super *super,
			const struct fm_super *raw, unsigned int problems)
{
	if (problems & SUPER_BAD_MAGIC)
		add(check, PROBLEM_SB_MAGIC, 0, le64_get(raw->fm_magic), MEDIA_SUPER_MAGIC);
	if (problems & SUPER_CUT_OFF)
		add(check, PROBLEM_LOG_REWRITE, LOG_FIELD_OFF(fm_magic), MEDIA_LOG_REWRITE,
		    MEDIA_LOG_MAGIC);
	if (problems & SUPER_BAD_VERSION)
		add(check, PROBLEM_SB_VERSION, SUPER_OFF(fm_version), super->version,
		    FAMFS_VERSION);
	if (problems & (SUPER_BAD_MAGIC | SUPER_BAD_VERSION))
		return;
	if (problems & SUPER_BAD_CRC)
		add(check, PROBLEM_SB_CRC, SUPER_OFF(fm_crc), le64_get(raw->fm_crc),
		    csum_crc32(raw, SUPER_OFF(fm_crc)));
	if (problems & SUPER_BAD_ALLOC_UNIT)
		add(check, PROBLEM_ALLOC_UNIT, SUPER_OFF(fm_alloc_unit), super->alloc_unit,
		    FAMFS_AU);
	if (problems & SUPER_BAD_LOG_OFF)
		add(check, PROBLEM_LOG_OFFSET, SUPER_OFF(fm_log_offset), super->log_off,
		    FAMFS_LOG_OFF);
	if (super->omf_major != MEDIA_OMF_MAJOR)
		add(check, PROBLEM_OMF_VERSION, SUPER_OFF(fm_omf_major), super->omf_major,
		    MEDIA_OMF_MAJOR);
}

/* The length that each of the three could be measured against. */
static void judge_log_len(struct famfs_check *check, bool super_crc_ok)
{
	const struct log *log = &check->log;
	uint64_t claim = super_crc_ok ? check->summary.super.log_len : log->header.len;

	if (claim == log->len && !(log->problems & (LOG_BAD_MAGIC | LOG_BAD_CRC)))
		claim = log->header.len;
	add(check, PROBLEM_LOG_LEN, LOG_FIELD_OFF(fm_len), claim, log->len);
}

static void judge_header(struct famfs_check *check, const struct fm_log *raw, bool super_crc_ok)
{
	const struct log *log = &check->log;
	const struct media_log *header = &log->header;

	if (log->problems & LOG_REWRITE) {
		add(check, PROBLEM_LOG_REWRITE, LOG_FIELD_OFF(fm_magic), le64_get(raw->fm_magic),
		    MEDIA_LOG_MAGIC);
		return;
	}
	if (log->problems & LOG_BAD_MAGIC)
		add(check, PROBLEM_LOG_MAGIC, LOG_FIELD_OFF(fm_magic), le64_get(raw->fm_magic),
		    MEDIA_LOG_MAGIC);
	if (log->problems & LOG_BAD_CRC)
		add(check, PROBLEM_LOG_HEADER_CRC, LOG_FIELD_OFF(fm_crc), le64_get(raw->fm_crc),
		    csum_crc32(raw, offsetof(struct fm_log, fm_crc)));
	if (log->problems & LOG_BAD_LEN)
		judge_log_len(check, super_crc_ok);
	if (log->problems & LOG_BAD_LAST_INDEX)
		add(check, PROBLEM_LAST_INDEX, LOG_FIELD_OFF(fm_last_index), header->last_index,
		    media_log_slots(header->len) - 1);
	if (log->problems & LOG_BAD_NEXT_SEQNUM)
		add(check, PROBLEM_NEXT_SEQNUM, LOG_FIELD_OFF(fm_next_seqnum), header->next_seqnum,
		    header->next_index);
	if (log->problems & LOG_TORN_TAIL)
		add(check, PROBLEM_TORN_TAIL, LOG_FIELD_OFF(fm_next_seqnum), header->next_seqnum,
		    header->next_index);
}

/* Blank slots before entries that are looked at in any case. */
#define BLANK_MAX (8192 * MEDIA_ENTRY_LEN)

/*
 * The end of what is worth looking at. Each slot costs memory, and where an image has more holes
 * than anything else, what lies behind them has not been put there by an append: it is looked at
 * as far as holes and the rest keep balance. A log without holes costs one look.
 */
static uint64_t end_of_dense(const struct dev *dev, uint64_t from, uint64_t end)
{
	uint64_t blank = 0, balanced = end;

	for (uint64_t at = from, hole; at < end;) {
		hole = dev_skip_data(dev, at, end);
		at = dev_skip_hole(dev, hole, end);
		blank += at - hole;
		if (balanced == end && blank > BLANK_MAX && blank > at - from - blank)
			balanced = hole;
	}
	return blank > BLANK_MAX && blank > end - from - blank ? balanced : end;
}

/*
 * Entries at the end that were never written are not looked at one by one: next_index is wrong.
 * Where it lies beyond the last slot, the end of what was written is the end of the log.
 */
static int find_end(struct famfs_check *check, struct famfs_err *err)
{
	struct log *log = &check->log;
	const struct fm_entry zero = { 0 };
	uint64_t end = log->count, slots = media_slot_off(0), data;
	struct fm_entry raw;
	int rc;

	/* A huge count over a hole costs nothing. */
	data = dev_last_data(log->dev, slots, media_slot_off(end));
	data = end_of_dense(log->dev, slots, data);
	end = (data - slots + MEDIA_ENTRY_LEN - 1) / MEDIA_ENTRY_LEN;
	for (; end > 0; end--) {
		rc = log_read(log, end - 1, 1, &raw, err);
		if (rc)
			return rc;
		if (!media_entry_is_zero(&raw))
			break;
	}
	check->end = end;
	if (end < log->count || log->problems & LOG_BAD_NEXT_INDEX)
		add(check, PROBLEM_NEXT_INDEX_RANGE, LOG_FIELD_OFF(fm_next_index),
		    log->header.next_index, end);
	if (end == log->count || log->problems & LOG_BAD_NEXT_INDEX)
		return 0;
	check->summary.bad += log->count - end;
	problem_add(&check->list,
		    (struct problem_rec){
			    .entry = (uint32_t)end,
			    .problem = PROBLEM_ENTRY_CRC,
			    .off = media_slot_off(end),
			    .len = MEDIA_ENTRY_LEN,
			    .expected = csum_crc32(&zero, offsetof(struct fm_entry, fm_crc)),
			    .other = FAMFS_NONE,
			    .more = log->count - end - 1,
		    });
	return 0;
}

static int check_log(struct famfs_check *check, bool super_crc_ok, struct famfs_err *err)
{
	struct famfs_check_summary *sum = &check->summary;
	struct fm_log raw;
	int rc = log_open(check->dev, &sum->super, super_crc_ok, &check->log, err);

	if (!rc)
		rc = dev_read(check->dev, FAMFS_LOG_OFF, &raw, sizeof(raw), err);
	if (rc)
		return rc;
	check->log_seen = true;
	sum->log_len = check->log.len;
	sum->log_slots = check->log.slots;
	sum->log_used = check->log.header.next_index;
	check->data_off = FAMFS_LOG_OFF + check->log.len;
	judge_dev_size(check, &sum->super);
	judge_header(check, &raw, super_crc_ok);
	return find_end(check, err);
}

int check_super(struct famfs_check *check, struct famfs_err *err)
{
	struct famfs_check_summary *sum = &check->summary;
	unsigned int problems;
	struct fm_super raw;
	int rc = super_read(check->dev, &sum->super, &problems, err);

	if (!rc)
		rc = dev_read(check->dev, 0, &raw, sizeof(raw), err);
	if (rc)
		return rc;
	sum->real_size = check->dev->size;
	sum->dev_size = super_usable_size(check->dev, &sum->super);
	judge_super(check, &sum->super, &raw, problems);
	check->super_seen = !(problems & SUPER_BAD_MAGIC);
	if (problems & (SUPER_BAD_MAGIC | SUPER_BAD_VERSION))
		return 0;
	sum->super_valid = !problems;
	sum->role = role_of(check->ctx, &sum->super);
	rc = check_log(check, !(problems & SUPER_BAD_CRC), err);
	return rc ? rc : 1;
}

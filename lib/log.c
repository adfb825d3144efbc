/* SPDX-License-Identifier: Apache-2.0 */
/* The log's header, and copying its slots. */
#include <inttypes.h>

#include "err.h"
#include "log.h"

/* Entry numbers fit 31 bits in the name table: a log of 1 TiB. */
#define LOG_LEN_MAX (1ULL << 40)

int log_read(struct log *log, uint64_t first, uint64_t nr, struct fm_entry *buf,
	     struct famfs_err *err)
{
	return dev_read(log->dev, media_slot_off(first), buf, nr * MEDIA_ENTRY_LEN, err);
}

int log_read_fresh(struct log *log, uint64_t index, struct fm_entry *raw, struct famfs_err *err)
{
	int rc = dev_invalidate(log->dev, media_slot_off(index), MEDIA_ENTRY_LEN, err);

	return rc ? rc : log_read(log, index, 1, raw, err);
}

/* A slot that validates, also on a second look. */
static int slot_is_valid(struct log *log, uint64_t index, bool *ret_ok, struct famfs_err *err)
{
	struct fm_entry raw;
	int rc = log_read_fresh(log, index, &raw, err);

	if (!rc)
		*ret_ok = media_entry_ok(&raw, index);
	return rc;
}

/*
 * next_index and next_seqnum are apart. By one, with the entry in question in memory: a crash
 * between the two, seqnum first (the entry is not published) or the other way round (it is).
 */
static int judge_seqnum(struct log *log, struct famfs_err *err)
{
	uint64_t seqnum = log->header.next_seqnum, index = log->header.next_index, slot;
	bool ok = false;
	int rc;

	if (seqnum - index == 1)
		slot = index;
	else if (index - seqnum == 1)
		slot = seqnum;
	else
		slot = FAMFS_NONE;
	if (slot < log->slots) {
		rc = slot_is_valid(log, slot, &ok, err);
		if (rc)
			return rc;
	}
	log->problems |= ok ? LOG_TORN_TAIL : LOG_BAD_NEXT_SEQNUM;
	return 0;
}

/* As it is in memory now. */
static int copy_header(struct log *log, struct fm_log *raw, struct famfs_err *err)
{
	int rc = dev_invalidate(log->dev, FAMFS_LOG_OFF, sizeof(*raw), err);

	return rc ? rc : dev_read(log->dev, FAMFS_LOG_OFF, raw, sizeof(*raw), err);
}

static int read_header(struct log *log, struct fm_log *raw, struct famfs_err *err)
{
	int rc = copy_header(log, raw, err);

	if (rc)
		return rc;
	media_log_decode(raw, &log->header);
	log->problems = 0;
	if (le64_get(raw->fm_magic) == MEDIA_LOG_REWRITE)
		log->problems |= LOG_REWRITE;
	if (le64_get(raw->fm_magic) != MEDIA_LOG_MAGIC)
		log->problems |= LOG_BAD_MAGIC;
	if (!media_log_crc_ok(raw))
		log->problems |= LOG_BAD_CRC;
	return 0;
}

/* How long the log may be taken to be: the smaller of the claims that can be believed. */
static void judge_len(struct log *log, const struct famfs_super *super, bool super_crc_ok)
{
	uint64_t room = log->dev->size - FAMFS_LOG_OFF, len = room;
	bool header_ok = !(log->problems & (LOG_BAD_MAGIC | LOG_BAD_CRC));

	if (super_crc_ok && super->log_len < len)
		len = super->log_len;
	if (header_ok && log->header.len < len)
		len = log->header.len;
	if (header_ok && super_crc_ok && log->header.len != super->log_len)
		log->problems |= LOG_BAD_LEN;
	if ((header_ok && log->header.len > room) || (super_crc_ok && super->log_len > room) ||
	    media_log_slots(len) == 0 || len > LOG_LEN_MAX)
		log->problems |= LOG_BAD_LEN;
	log->len = len < LOG_LEN_MAX ? len : LOG_LEN_MAX;
	log->slots = media_log_slots(log->len);
	if (header_ok && log->header.last_index + 1 != media_log_slots(log->header.len))
		log->problems |= LOG_BAD_LAST_INDEX;
}

static int judge_counters(struct log *log, struct famfs_err *err)
{
	const struct media_log *header = &log->header;

	log->count = header->next_index < log->slots ? header->next_index : log->slots;
	if (log->problems & LOG_REWRITE) {
		log->count = 0;
		return 0;
	}
	if (header->next_index > log->slots)
		log->problems |= LOG_BAD_NEXT_INDEX;
	if (header->next_seqnum == header->next_index)
		return 0;
	return judge_seqnum(log, err);
}

int log_reread(struct log *log, const struct famfs_super *super, bool super_crc_ok,
	       struct famfs_err *err)
{
	const unsigned int retry = LOG_BAD_MAGIC | LOG_BAD_CRC | LOG_BAD_NEXT_SEQNUM |
				   LOG_TORN_TAIL;
	struct fm_log raw;
	int rc;

	/* A stale line, or a look in the middle of an append, gets one more chance. */
	for (int attempt = 0; attempt < 2; attempt++) {
		rc = read_header(log, &raw, err);
		if (rc)
			return rc;
		judge_len(log, super, super_crc_ok);
		rc = dev_map(log->dev, FAMFS_LOG_OFF + log->len, err);
		if (!rc)
			rc = judge_counters(log, err);
		if (rc || !(log->problems & retry))
			return rc;
	}
	return 0;
}

int log_rewrite_began(struct log *log, bool *ret_began, struct famfs_err *err)
{
	struct fm_log now;
	int rc = copy_header(log, &now, err);

	if (rc)
		return rc;
	*ret_began = le64_get(now.fm_next_index) < log->header.next_index;
	if (le64_get(now.fm_magic) == MEDIA_LOG_REWRITE && !(log->problems & LOG_REWRITE))
		*ret_began = true;
	return 0;
}

int log_still_has(struct log *log, uint64_t index, bool *ret_has, struct fm_entry *raw,
		  struct famfs_err *err)
{
	struct fm_log now;
	int rc = copy_header(log, &now, err);

	if (!rc)
		rc = log_read_fresh(log, index, raw, err);
	if (!rc)
		*ret_has = index < le64_get(now.fm_next_index) && media_entry_ok(raw, index);
	return rc;
}

int log_open(struct dev *dev, const struct famfs_super *super, bool super_crc_ok,
	     struct log *ret_log, struct famfs_err *err)
{
	struct log log = { .dev = dev };
	int rc = dev_map(dev, FAMFS_LOG_OFF + sizeof(struct fm_log), err);

	if (!rc)
		rc = log_reread(&log, super, super_crc_ok, err);
	if (!rc)
		*ret_log = log;
	return rc;
}

void log_iter_init(struct log_iter *it, struct log *log, uint64_t first, uint64_t end,
		   struct fm_entry *batch)
{
	*it = (struct log_iter){
		.log = log, .next = first, .end = end, .fresh = first, .batch = batch
	};
}

/* One batch ahead of what is copied, since lines that come early must be fresh as well. */
static int freshen(struct log_iter *it, struct famfs_err *err)
{
	uint64_t left = it->end - it->next;
	uint64_t to = left < 2 * LOG_BATCH ? it->end : it->next + 2 * LOG_BATCH;
	int rc;

	if (to <= it->fresh)
		return 0;
	rc = dev_invalidate(it->log->dev, media_slot_off(it->fresh),
			    (to - it->fresh) * MEDIA_ENTRY_LEN, err);
	if (!rc)
		it->fresh = to;
	return rc;
}

static int fill_batch(struct log_iter *it, struct famfs_err *err)
{
	uint64_t nr = it->end - it->next;
	int rc;

	if (nr > LOG_BATCH)
		nr = LOG_BATCH;
	rc = freshen(it, err);
	if (!rc)
		rc = log_read(it->log, it->next, nr, it->batch, err);
	if (rc)
		return rc;
	it->batch_first = it->next;
	it->batch_nr = nr;
	return 0;
}

int log_iter_next(struct log_iter *it, const struct fm_entry **ret_raw, uint64_t *ret_index,
		  bool *ret_ok, struct famfs_err *err)
{
	struct fm_entry *raw;
	bool ok;
	int rc;

	if (it->next >= it->end)
		return 0;
	if (it->next - it->batch_first >= it->batch_nr) {
		rc = fill_batch(it, err);
		if (rc)
			return rc;
	}
	raw = &it->batch[it->next - it->batch_first];
	/* The memory works on the next batch while the CPU works on this one. */
	if (it->next + LOG_BATCH < it->fresh)
		dev_prefetch(it->log->dev, media_slot_off(it->next + LOG_BATCH), MEDIA_ENTRY_LEN);
	ok = media_entry_ok(raw, it->next);
	if (!ok) {
		rc = log_read_fresh(it->log, it->next, raw, err);
		if (rc)
			return rc;
		ok = media_entry_ok(raw, it->next);
	}
	*ret_raw = raw;
	*ret_index = it->next++;
	*ret_ok = ok;
	return 1;
}

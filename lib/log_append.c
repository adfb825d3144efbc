/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only writers of log memory. An append is: the entry into the free slot, written back; one
 * fence, for it and for the data before it; next_seqnum and next_index together; written back;
 * fence. Until the last store is in memory the log is the old one, from then on the new one.
 */
#include <stddef.h>

#include "err.h"
#include "log.h"

#define COUNTERS_OFF (FAMFS_LOG_OFF + offsetof(struct fm_log, fm_next_seqnum))

_Static_assert(COUNTERS_OFF % 16 == 0, "one vector store publishes both counters");

/* Both counters become @count, and are in memory when this returns. */
static int set_count(struct log *log, uint64_t count, struct famfs_err *err)
{
	const uint64_t counters[2] = { htole64(count), htole64(count) };
	int rc = dev_publish16(log->dev, COUNTERS_OFF, counters, err);

	if (!rc)
		rc = dev_writeback(log->dev, COUNTERS_OFF, sizeof(counters), err);
	if (!rc)
		rc = dev_fence(log->dev, err);
	if (rc)
		return rc;
	log->header.next_seqnum = count;
	log->header.next_index = count;
	log->count = count;
	log->problems &= LOG_DAMAGE;
	return 0;
}

int log_stage(struct log *log, uint64_t ahead, struct famfs_entry *entry, struct famfs_err *err)
{
	uint64_t index = log->count + ahead, off = media_slot_off(index);
	struct fm_entry raw;
	int rc = 0;

	entry->index = index;
	entry->seqnum = index;
	media_entry_encode(entry, &raw);
	/* A crash over the entry of a torn tail would leave counters that no entry explains. */
	if (log->problems & LOG_TORN_TAIL)
		rc = set_count(log, log->count, err);
	if (!rc)
		rc = dev_store(log->dev, off, &raw, sizeof(raw), err);
	return rc ? rc : dev_writeback(log->dev, off, sizeof(raw), err);
}

int log_publish(struct log *log, uint64_t nr, struct famfs_err *err)
{
	/* Between two stores the counters are apart by what is published: by one at most. */
	uint64_t step = log->dev->ops->whole ? nr : 1;
	int rc = dev_fence(log->dev, err);

	for (uint64_t done = 0; done < nr && !rc; done += step)
		rc = set_count(log, log->count + step, err);
	return rc;
}

/* The header goes last: until it is there the region is no log. */
int log_make(struct dev *dev, uint64_t len, struct famfs_err *err)
{
	const struct media_log header = { .len = len, .last_index = media_log_slots(len) - 1 };
	struct fm_log raw;
	int rc = dev_zero(dev, FAMFS_LOG_OFF, len, NULL, NULL, err);

	media_log_encode(&header, &raw);
	if (!rc)
		rc = dev_reserve(dev, FAMFS_LOG_OFF, sizeof(raw), err);
	if (!rc)
		rc = dev_store(dev, FAMFS_LOG_OFF, &raw, sizeof(raw), err);
	if (!rc)
		rc = dev_writeback(dev, FAMFS_LOG_OFF, sizeof(raw), err);
	return rc ? rc : dev_fence(dev, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Knowing the entries of a log again. */
#include <stddef.h>

#include "log.h"

#define SUM_BLOCK 256 /* checksums that are read at once */

uint64_t log_add_sum(uint64_t sum, uint64_t crc)
{
	sum = (sum ^ crc) * 0x9e3779b97f4a7c15ULL;
	return sum ^ sum >> 32;
}

bool log_sum_next(uint64_t *sum, struct le64 crc)
{
	if (!le64_get(crc))
		return false;
	*sum = log_add_sum(*sum, le64_get(crc));
	return true;
}

int log_sum(struct log *log, const struct log_part *part, uint64_t *sum, struct famfs_err *err)
{
	const uint64_t crc_off = offsetof(struct fm_entry, fm_crc);
	struct le64 crcs[SUM_BLOCK];
	int rc = 0;

	for (uint64_t at = part->from; at < part->to && !rc;) {
		size_t nr = part->to - at < SUM_BLOCK ? (size_t)(part->to - at) : SUM_BLOCK;

		if (part->fresh)
			rc = dev_invalidate(log->dev, media_slot_off(at), nr * MEDIA_ENTRY_LEN,
					    err);
		if (!rc)
			rc = dev_read_words(log->dev, media_slot_off(at) + crc_off, MEDIA_ENTRY_LEN,
					    crcs, nr, err);
		for (size_t i = 0; i < nr && !rc; i++) {
			if (part->end_at_blank && !le64_get(crcs[i]))
				return 0;
			*sum = log_add_sum(*sum, le64_get(crcs[i]));
		}
		at += nr;
	}
	return rc;
}

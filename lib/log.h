/* SPDX-License-Identifier: Apache-2.0 */
/* The log: its header, its entries, and the appending of new ones. */
#ifndef LOG_H
#define LOG_H

#include "dev.h"
#include "famfs.h"
#include "media.h"

/* What can be wrong with the header, as a bit set. */
enum log_problem {
	LOG_BAD_MAGIC = 1 << 0,
	LOG_BAD_CRC = 1 << 1,
	LOG_BAD_LEN = 1 << 2, /* header and superblock differ, or no room for it */
	LOG_BAD_LAST_INDEX = 1 << 3,
	LOG_BAD_NEXT_INDEX = 1 << 4,  /* more entries than slots */
	LOG_BAD_NEXT_SEQNUM = 1 << 5, /* apart from next_index, and no torn tail */
	LOG_TORN_TAIL = 1 << 6,       /* apart by one, and the slot in question validates */
	LOG_REWRITE = 1 << 7,         /* half of it may be old and half new: no entry counts */
};

/* These keep it from being appended to; a torn tail does not. */
#define LOG_DAMAGE (~(unsigned int)LOG_TORN_TAIL)

struct log {
	struct dev *dev;
	struct media_log header;
	uint64_t len;          /* bytes: the smaller of the two claims, inside the device */
	uint64_t slots;        /* that fit */
	uint64_t count;        /* entries in use, never more than slots */
	unsigned int problems; /* enum log_problem */
};

/*
 * Finds and maps the log of a file system and reads its header; what cannot be trusted is in
 * @ret_log->problems, and @count and @slots are safe to use all the same. @super_crc_ok: the
 * superblock's claim counts. Return: 0, -EUCLEAN (not even a header fits), -EIO, -EFBIG.
 */
int log_open(struct dev *dev, const struct famfs_super *super, bool super_crc_ok,
	     struct log *ret_log, struct famfs_err *err);

/* Reads the header again, with the place and length that log_open() found. */
int log_reread(struct log *log, const struct famfs_super *super, bool super_crc_ok,
	       struct famfs_err *err);

/*
 * Has a rewrite of the log begun since its header was read? Then what was read is worth nothing.
 * One that has ended by now shows if the log became shorter, which appending never does.
 */
int log_rewrite_began(struct log *log, bool *ret_began, struct famfs_err *err);

/*
 * Copies an entry as it is in memory now. *@ret_has: it is valid, and below next_index: behind that
 * may lie what a repair has left.
 */
int log_still_has(struct log *log, uint64_t index, bool *ret_has, struct fm_entry *raw,
		  struct famfs_err *err);

/* Copies @nr slots from @first on (below log->slots). */
int log_read(struct log *log, uint64_t first, uint64_t nr, struct fm_entry *buf,
	     struct famfs_err *err);

/* Copies one slot after dropping its cache lines. */
int log_read_fresh(struct log *log, uint64_t index, struct fm_entry *raw, struct famfs_err *err);

/* Entries copied at a time: they and the next ones stay in the first cache. */
#define LOG_BATCH 16

/* A walk over slots [next, end). Initialise with log_iter_init(). */
struct log_iter {
	struct log *log;
	uint64_t next, end;
	uint64_t batch_first, batch_nr;
	uint64_t fresh;         /* slots below this have been invalidated */
	struct fm_entry *batch; /* LOG_BATCH entries of the caller's */
};

void log_iter_init(struct log_iter *it, struct log *log, uint64_t first, uint64_t end,
		   struct fm_entry *batch);

/*
 * The next slot as a copy that stays until the following call. *@ret_ok: sequence number and
 * checksum are right (a stale line got its second chance). Return: 1, 0 at the end, -EIO.
 */
int log_iter_next(struct log_iter *it, const struct fm_entry **ret_raw, uint64_t *ret_index,
		  bool *ret_ok, struct famfs_err *err);

/*
 * By what a later look knows entries again: a sum over their checksums, in order.
 * log_sum() goes on with *@sum over entries [from, to), which are slots of the log, as they are in
 * memory. @fresh: after dropping their cache lines. @end_at_blank: a checksum of 0 ends it, so that
 * a count that is not true does not lead through all of a hole.
 */
struct log_part {
	uint64_t from, to;
	bool fresh, end_at_blank;
};

uint64_t log_add_sum(uint64_t sum, uint64_t crc);
/* One entry of a sum that ends at a blank slot. Return: false: it is one. */
bool log_sum_next(uint64_t *sum, struct le64 crc);
int log_sum(struct log *log, const struct log_part *part, uint64_t *sum, struct famfs_err *err);

/* Writes an empty log of @len bytes: zeros, then the header; written back and fenced. */
int log_make(struct dev *dev, uint64_t len, struct famfs_err *err);

/*
 * Appending (DESIGN.md 5), under the writers' lock, on a log without LOG_DAMAGE:
 * log_stage() stores an entry into the @ahead'th free slot and starts its write-back, unseen.
 * A torn tail is closed before its slot is stored to.
 * log_publish() fences what was staged and makes @nr entries visible by one aligned 16-byte store;
 * where the CPU promises none, one entry after the other.
 */
int log_stage(struct log *log, uint64_t ahead, struct famfs_entry *entry, struct famfs_err *err);
int log_publish(struct log *log, uint64_t nr, struct famfs_err *err);

#endif

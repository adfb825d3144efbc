/* SPDX-License-Identifier: Apache-2.0 */
/* What is free, in allocation units, and where the next file goes. */
#ifndef SPACE_H
#define SPACE_H

#include "famfs.h"

#define SPACE_CLASSES 48

struct space {
	uint64_t *words; /* one bit for each AU, set: taken */
	uint64_t aus;    /* whole AUs of the device */
	uint64_t bad;    /* of them, those that only space_take_bad() took */
	/*
	 * low[c]: no free run of 2^c AUs or more begins below; what a lower class says holds for
	 * the higher ones, too. Space is only taken while a writer works, so a search need not
	 * start from the front each time. Reset by space_release().
	 */
	uint64_t low[SPACE_CLASSES];
	/* The rest of the run that was taken from last: known to be free, and not walked again. */
	uint64_t clear_from, clear_to;
	uint64_t *strips; /* one bit for each AU, set: of a strip; NULL: there are none */
	/* space_loads() as it was counted last, and kept up since. @buckets 0: nothing is. */
	uint64_t loads[FAMFS_BUCKETS_MAX], buckets, bucket_aus;
};

/* @size: usable bytes; what is behind the last whole AU, or FAMFS_DEVICE_MAX, is not used. */
int space_init(struct space *space, uint64_t size);
void space_fini(struct space *space);

/* Takes every AU that the byte range touches; ranges may lie anywhere, also overlap. */
void space_take(struct space *space, uint64_t off, uint64_t len);
void space_release(struct space *space, uint64_t off, uint64_t len);

/* As space_take(), of memory that is free and cannot be used: what is new of it is counted. */
void space_take_bad(struct space *space, uint64_t off, uint64_t len);

/* As space_take(): true if something of it was taken before. */
bool space_take_seen(struct space *space, uint64_t off, uint64_t len);

/*
 * Notes that a range that is taken is a strip, as space_loads() wants to know; space_release()
 * forgets it. Without memory for that it is not noted: it is counted as any other space.
 */
void space_note_strip(struct space *space, uint64_t off, uint64_t len);

/*
 * What each of @nr buckets of @len bytes carries, in AUs: those of strips weigh most, so that the
 * load is spread, and of buckets with like ones the one with more free space carries less.
 */
const uint64_t *space_loads(struct space *space, uint64_t len, uint64_t nr);

/* Free bytes, and the longest free run, in bytes. */
void space_free(const struct space *space, uint64_t *ret_free, uint64_t *ret_largest);

/*
 * Takes a free run of @len bytes (rounded up to AUs): of those that come first, up to the first
 * long one, the front of the shortest.
 * Return: 1 and its offset, or 0.
 */
int space_alloc(struct space *space, uint64_t len, uint64_t *ret_off);

/* Bytes [from, to); @downward: the upper end of a run is taken, of equal ones the last. */
struct space_range {
	uint64_t from, to;
	bool downward;
};

/* As space_alloc(), from the shortest run within @range. */
int space_alloc_within(struct space *space, const struct space_range *range, uint64_t len,
		       uint64_t *ret_off);

/* Takes @len bytes in up to @max pieces, the largest runs first. Return: how many, or 0. */
uint32_t space_alloc_pieces(struct space *space, uint64_t len, struct famfs_extent *pieces,
			    uint32_t max);

/* Free bytes within [@from, @to). */
uint64_t space_free_within(const struct space *space, uint64_t from, uint64_t to);

#endif

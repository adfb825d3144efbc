/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model of the existing tools' allocator, from FORMAT.md 6 and the first three points of 13, to
 * compare ours with. It places what they place, where they do, with the wrong arithmetic that
 * decides where that is; it does not corrupt memory as they then do, nor leak strips. What lies
 * behind the device, or strips that share a bucket, it reports as faults.
 */
#ifndef FAMFS_BENCH_SIM_EXISTING_H
#define FAMFS_BENCH_SIM_EXISTING_H

#include <stdlib.h>
#include <string.h>

#include "bits.h"
#include "interleave.h"

enum existing_outcome {
	EXISTING_PLACED,
	EXISTING_REFUSED,
	EXISTING_PAST_END,    /* 13.1, 13.3 */
	EXISTING_SAME_BUCKET, /* 13.2 */
};

struct existing {
	uint64_t *words;
	uint64_t nbits;    /* allocation units, the part of one at the end too */
	uint64_t dev_size; /* bytes */
	uint64_t cur_pos;
	struct random_data rand;
	char rand_state[128];
};

/* Twice as long as the device, since searches look behind its end: all is clear there. */
static inline bool existing_init(struct existing *ex, uint64_t dev_size)
{
	memset(ex, 0, sizeof(*ex));
	ex->dev_size = dev_size;
	ex->nbits = dev_size / FAMFS_AU + (dev_size % FAMFS_AU != 0);
	ex->words = calloc(bits_words(ex->nbits) * 2 + 1, sizeof(*ex->words));
	return ex->words != NULL;
}

static inline void existing_fini(struct existing *ex)
{
	free(ex->words);
}

/* A new command: the search begins at the front, and rand() anew from the time. */
static inline void existing_session(struct existing *ex, unsigned int time)
{
	ex->cur_pos = 0;
	memset(&ex->rand, 0, sizeof(ex->rand));
	(void)initstate_r(time, ex->rand_state, sizeof(ex->rand_state), &ex->rand);
}

static inline void existing_take(struct existing *ex, uint64_t off, uint64_t len)
{
	uint64_t first = off / FAMFS_AU, end = (off + len + FAMFS_AU - 1) / FAMFS_AU;

	bits_set(ex->words, first, end - first);
}

/*
 * First fit from @start on. The test of what is left is theirs: without a range it adds the start,
 * and with one it wraps behind the range's end.
 */
static inline bool existing_find(const struct existing *ex, uint64_t start, uint64_t range,
				 uint64_t need, uint64_t *ret_at)
{
	uint64_t at = start, left, stop;

	while ((at = bits_next_clear(ex->words, at, ex->nbits)) < ex->nbits) {
		left = range ? range - (at - start) : ex->nbits - at + start;
		if (left < need || need > ex->nbits)
			return false;
		stop = bits_next_set(ex->words, at, at + need);
		if (stop == at + need) {
			*ret_at = at;
			return true;
		}
		at = stop;
	}
	return false;
}

static inline enum existing_outcome existing_simple(struct existing *ex, uint64_t size,
						    struct famfs_entry *entry)
{
	uint64_t need = size / FAMFS_AU + (size % FAMFS_AU != 0), at;

	if (!existing_find(ex, ex->cur_pos, 0, need, &at))
		return EXISTING_REFUSED;
	bits_set(ex->words, at, need);
	ex->cur_pos = at + need;
	entry->extents_nr = 1;
	entry->extents[0] = (struct famfs_extent){ .off = at * FAMFS_AU, .len = need * FAMFS_AU };
	return (at + need) * FAMFS_AU > ex->dev_size ? EXISTING_PAST_END : EXISTING_PLACED;
}

static inline void existing_shuffle(struct existing *ex, uint64_t *order, uint64_t nr)
{
	for (uint64_t i = 0; i < nr; i++)
		order[i] = i;
	for (uint64_t i = nr - 1; i > 0; i--) {
		int32_t r = 0;
		uint64_t j, tmp = order[i];

		(void)random_r(&ex->rand, &r);
		j = (uint64_t)r % (i + 1);
		order[i] = order[j];
		order[j] = tmp;
	}
}

/* Which fault strips have, if any. */
static inline enum existing_outcome existing_judge(const struct existing *ex,
						   const struct famfs_entry *entry, uint64_t bucket)
{
	uint64_t seen = 0;

	for (uint32_t i = 0; i < entry->extents_nr; i++) {
		const struct famfs_extent *strip = &entry->extents[i];
		uint64_t first = strip->off / bucket, last = (strip->off + strip->len - 1) / bucket;

		if (strip->off + strip->len > ex->dev_size)
			return EXISTING_PAST_END;
		if (first != last || (first < 64 && seen >> first & 1))
			return EXISTING_SAME_BUCKET;
		seen |= first < 64 ? 1ULL << first : 0;
	}
	return EXISTING_PLACED;
}

static inline enum existing_outcome
existing_strided(struct existing *ex, const struct famfs_create_req *req, struct famfs_entry *entry)
{
	uint64_t bucket = ex->dev_size / FAMFS_AU / req->nbuckets, order[FAMFS_BUCKETS_MAX], at;
	uint64_t len = interleave_strip_len(req->size, req->nstrips, req->chunk_size);

	existing_shuffle(ex, order, req->nbuckets);
	for (uint64_t i = 0; i < req->nbuckets && entry->extents_nr < req->nstrips; i++) {
		if (!existing_find(ex, order[i] * bucket, bucket, len / FAMFS_AU, &at))
			continue;
		bits_set(ex->words, at, len / FAMFS_AU);
		entry->extents[entry->extents_nr++] = (struct famfs_extent){ .off = at * FAMFS_AU,
									     .len = len };
	}
	if (entry->extents_nr == req->nstrips)
		return existing_judge(ex, entry, bucket * FAMFS_AU);
	for (uint32_t i = 0; i < entry->extents_nr; i++)
		bits_clear(ex->words, entry->extents[i].off / FAMFS_AU, len / FAMFS_AU);
	entry->extents_nr = 0;
	return EXISTING_REFUSED;
}

/* Places a file; its extents are in @entry. The geometry must be a valid one. */
static inline enum existing_outcome
existing_place(struct existing *ex, const struct famfs_create_req *req, struct famfs_entry *entry)
{
	entry->extents_nr = 0;
	if (req->nstrips && req->size >= req->chunk_size)
		return existing_strided(ex, req, entry);
	if (req->nstrips)
		ex->cur_pos = 0;
	return existing_simple(ex, req->size, entry);
}

#endif

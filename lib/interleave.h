/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arithmetic of interleaved files (FORMAT.md 6.3, 6.4): which geometries there may be, and how
 * much of a file lands in each strip. Pure; nothing here can wrap or divide by zero.
 */
#ifndef INTERLEAVE_H
#define INTERLEAVE_H

#include "famfs.h"

/*
 * Fills in defaults as struct famfs_create_req says, then judges the geometry for a file of @size
 * bytes (0: for no file in particular) on a device of @dev_size bytes. All three 0: not
 * interleaved, nothing to judge. @object: what errors are about.
 * Return: 0; -EINVAL: a rule is broken (the error names it, the value and the nearest that would
 * do); -ENOSPC: the strips are larger than the device whatever the number of buckets. The values
 * change only on success.
 */
int interleave_check(uint64_t size, uint64_t dev_size, uint64_t *nstrips, uint64_t *nbuckets,
		     uint64_t *chunk, const char *object, struct famfs_err *err);

/*
 * Bytes each strip of a file needs: whole chunks, the same for every strip.
 * Return: UINT64_MAX when it does not fit 64 bits, or without strips or chunk size.
 */
uint64_t interleave_strip_len(uint64_t size, uint64_t nstrips, uint64_t chunk);

/* How the bytes of a file fall on its strips: a strip gets some whole rounds, those before @last
 * one chunk more, and @last the tail. */
struct interleave_fill {
	uint64_t rounds; /* bytes in every strip */
	uint64_t chunk, last, tail;
};

/* @nstrips and @chunk are not 0. */
static inline struct interleave_fill interleave_fill_of(uint64_t size, uint64_t nstrips,
							uint64_t chunk)
{
	uint64_t chunks = size / chunk;

	return (struct interleave_fill){
		.rounds = chunks / nstrips * chunk,
		.chunk = chunk,
		.last = chunks % nstrips,
		.tail = size % chunk,
	};
}

/* Bytes that the file addresses in strip @strip; never more than the file's size. */
static inline uint64_t interleave_fill_bytes(const struct interleave_fill *fill, uint64_t strip)
{
	if (strip < fill->last)
		return fill->rounds + fill->chunk;
	return fill->rounds + (strip == fill->last ? fill->tail : 0);
}

/* Where a byte of an interleaved file lies: in which strip, how far in it, and how many bytes
 * follow there without a break. @nstrips and @chunk are not 0. */
struct interleave_place {
	uint64_t strip, off, run;
};

static inline struct interleave_place interleave_place_of(uint64_t off, uint64_t nstrips,
							  uint64_t chunk)
{
	uint64_t nr = off / chunk, in_chunk = off % chunk;

	return (struct interleave_place){
		.strip = nr % nstrips,
		.off = nr / nstrips * chunk + in_chunk,
		.run = chunk - in_chunk,
	};
}

/*
 * Bytes that a file addresses in one strip, rounded up to allocation units.
 * Return: UINT64_MAX when that does not fit 64 bits, or without strips or chunk size; 0 for a strip
 * that there is not.
 */
uint64_t interleave_used(uint64_t size, uint64_t nstrips, uint64_t chunk, uint64_t strip);

/* Allocation units in each bucket of a device; 0 without buckets. */
uint64_t interleave_bucket_aus(uint64_t dev_size, uint64_t nbuckets);

#endif

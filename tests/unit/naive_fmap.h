/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FMAP.md 3 and 4 once more, as they are written: byte by byte, pair by pair and chunk by chunk, in
 * 128-bit arithmetic. Shares nothing with the library but the verdict's type.
 */
#ifndef NAIVE_FMAP_H
#define NAIVE_FMAP_H

#include <errno.h>
#include <stdlib.h>

#include "famfs.h"

typedef unsigned __int128 naive_u128;

#define NAIVE_2M             0x200000ULL
#define NAIVE_CHUNKS_BY_HAND 4096

struct naive_extent {
	uint64_t off, len;
	uint64_t file_bytes; /* interleaved: what the file addresses in this strip */
};

struct naive {
	const uint8_t *msg;
	size_t len;
	size_t end; /* of what the kernel reads */
	const struct famfs_fmap_limits *limits;
	struct famfs_fmap_verdict v;
	struct naive_extent *extents;
	size_t nr;
	bool by_hand; /* chunks were dealt out one by one */
};

static inline uint64_t naive_get(const struct naive *n, size_t off, size_t bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value * 256 + n->msg[off + bytes];
	return value;
}

static inline bool naive_stop(struct naive *n, unsigned int k, int rc)
{
	n->v.kernel_rc = rc;
	n->v.stop = k;
	n->v.rejected |= 1U << k;
	return false;
}

static inline void naive_read_extent(struct naive *n, size_t at)
{
	struct naive_extent *e = &n->extents[n->nr++];
	uint64_t devindex = naive_get(n, at, 4);

	e->off = naive_get(n, at + 8, 8);
	e->len = naive_get(n, at + 16, 8);
	e->file_bytes = 0;
	if (devindex != 0)
		n->v.rejected |= 1 << 6;
	if (e->off % NAIVE_2M != 0)
		n->v.rejected |= 1 << 7;
	if (e->len % NAIVE_2M != 0)
		n->v.rejected |= 1 << 8;
	if (naive_get(n, at + 4, 4) != 0)
		n->v.unsafe |= 1 << 7;
}

static inline naive_u128 naive_total(const struct naive *n)
{
	naive_u128 total = 0;

	for (size_t i = 0; i < n->nr; i++)
		total += n->extents[i].len;
	return total;
}

static inline bool naive_interleaved_extent(struct naive *n)
{
	uint64_t nstrips;

	if (n->end + 24 > n->len)
		return naive_stop(n, 9, -EINVAL);
	nstrips = naive_get(n, n->end, 4);
	if (naive_get(n, n->end + 4, 4) % NAIVE_2M != 0)
		return naive_stop(n, 10, -EINVAL);
	if (naive_get(n, n->end + 8, 8) == 0)
		return naive_stop(n, 11, -EINVAL);
	if (naive_get(n, n->end + 16, 8) != 0)
		n->v.unsafe |= 1 << 7;
	n->end += 24;
	if ((naive_u128)n->end + (naive_u128)nstrips * 24 > n->len)
		return naive_stop(n, 12, -EINVAL);
	if (nstrips < 1 || nstrips > 32)
		n->v.rejected |= 1 << 13;
	for (uint64_t i = 0; i < nstrips; i++, n->end += 24)
		naive_read_extent(n, n->end);
	return true;
}

/* Reads everything the kernel reads; false when a check stops it. */
static inline bool naive_extents(struct naive *n)
{
	int64_t missing;

	n->end = 32;
	if (n->v.ext_type == FAMFS_EXT_SIMPLE) {
		if (32 + 24 * (size_t)n->v.nextents > n->len)
			return naive_stop(n, 5, -EINVAL);
		for (uint32_t i = 0; i < n->v.nextents; i++, n->end += 24)
			naive_read_extent(n, n->end);
		return true;
	}
	for (uint32_t i = 0; i < n->v.nextents; i++)
		if (!naive_interleaved_extent(n))
			return false;
	missing = (int64_t)(uint64_t)((naive_u128)n->v.file_size - naive_total(n));
	return missing > 0 ? naive_stop(n, 14, -EINVAL) : true;
}

static inline bool naive_kernel(struct naive *n)
{
	bool v10 = n->limits->kernel == FAMFS_KERNEL_V10;

	if (n->len < 32)
		return naive_stop(n, 1, -EINVAL);
	n->v.file_type = n->msg[0];
	n->v.ext_type = (uint32_t)naive_get(n, 4, 4);
	n->v.nextents = (uint32_t)naive_get(n, 8, 4);
	n->v.file_size = naive_get(n, 16, 8);
	n->v.dev_bitmap = 1; /* every extent of an accepted message is on device 0 */
	if (n->v.nextents < 1)
		return naive_stop(n, 2, v10 ? -ERANGE : -EINVAL);
	if (n->v.nextents > 32)
		return naive_stop(n, 3, v10 ? -ERANGE : -E2BIG);
	if (n->v.ext_type > 1)
		return naive_stop(n, 4, -EINVAL);
	if (!naive_extents(n))
		return false;
	if (n->v.rejected)
		return naive_stop(n, 15, -EINVAL);
	if ((uint64_t)naive_total(n) < n->v.file_size)
		return naive_stop(n, 16, -EINVAL);
	return true;
}

static inline void naive_use(struct naive_extent *strip, naive_u128 upto)
{
	if (upto > strip->file_bytes)
		strip->file_bytes = (uint64_t)upto;
}

/* Every chunk is looked up as the kernel would resolve its first byte. */
static inline void naive_deal(struct naive_extent *strips, uint64_t nstrips, uint64_t chunk,
			      uint64_t bytes)
{
	for (uint64_t o = 0; o < bytes; o += chunk) {
		uint64_t here = bytes - o < chunk ? bytes - o : chunk;
		uint64_t c = o / chunk;

		naive_use(&strips[c % nstrips], (naive_u128)(c / nstrips) * chunk + here);
	}
}

/* Too many chunks for that: only the last one that each strip gets. */
static inline void naive_deal_last(struct naive_extent *strips, uint64_t nstrips, uint64_t chunk,
				   uint64_t bytes)
{
	uint64_t last = (bytes - 1) / chunk;

	for (uint64_t back = 0; back < nstrips && back <= last; back++) {
		uint64_t c = last - back;
		uint64_t here = back == 0 ? (bytes - 1) % chunk + 1 : chunk;

		naive_use(&strips[c % nstrips], (naive_u128)(c / nstrips) * chunk + here);
	}
}

static inline void naive_interleaved_dangers(struct naive *n)
{
	naive_u128 nbytes_sum = 0, before = 0;
	struct naive_extent *strips = n->extents;
	size_t at = 32;

	for (uint32_t i = 0; i < n->v.nextents; i++) {
		uint64_t nstrips = naive_get(n, at, 4);
		uint64_t chunk = naive_get(n, at + 4, 4);
		uint64_t nbytes = naive_get(n, at + 8, 8);
		uint64_t ext_size = nbytes < n->v.file_size ? nbytes : n->v.file_size;
		naive_u128 end = before + ext_size;

		if (end > n->v.file_size)
			end = n->v.file_size;
		nbytes_sum += nbytes;
		if (chunk == 0) {
			n->v.unsafe |= 1 << 1;
		} else if (end > before) {
			uint64_t bytes = (uint64_t)(end - before);

			if (bytes / chunk < NAIVE_CHUNKS_BY_HAND) {
				naive_deal(strips, nstrips, chunk, bytes);
				n->by_hand = true;
			} else {
				naive_deal_last(strips, nstrips, chunk, bytes);
			}
		}
		before += ext_size;
		strips += nstrips;
		at += 24 + 24 * nstrips;
	}
	if (nbytes_sum < n->v.file_size)
		n->v.unsafe |= 1 << 5;
}

static inline bool naive_overlap(const struct naive_extent *a, const struct naive_extent *b)
{
	return a->len && b->len && a->off < (naive_u128)b->off + b->len &&
	       b->off < (naive_u128)a->off + a->len;
}

static inline void naive_extent_dangers(struct naive *n, size_t i)
{
	const struct naive_extent *e = &n->extents[i];
	const struct naive_extent front = { 0, n->limits->data_off, 0 };
	naive_u128 rounded = ((naive_u128)e->file_bytes + NAIVE_2M - 1) / NAIVE_2M * NAIVE_2M;

	if (e->len < rounded)
		n->v.unsafe |= 1 << 2;
	if (n->v.file_type == 0 && naive_overlap(e, &front))
		n->v.unsafe |= 1 << 3;
	for (size_t j = 0; j < i; j++)
		if (naive_overlap(e, &n->extents[j]))
			n->v.unsafe |= 1 << 3;
	if (n->limits->dev_size && e->len && (naive_u128)e->off + e->len > n->limits->dev_size)
		n->v.unsafe |= 1 << 4;
}

static inline void naive_dangers(struct naive *n)
{
	if (n->v.ext_type == FAMFS_EXT_INTERLEAVE)
		naive_interleaved_dangers(n);
	for (size_t i = 0; i < n->nr; i++)
		naive_extent_dangers(n, i);
	if (naive_total(n) > UINT64_MAX)
		n->v.unsafe |= 1 << 6;
	if (n->msg[0] > 2 || n->msg[1] || naive_get(n, 2, 2) != 1 || naive_get(n, 12, 4) ||
	    naive_get(n, 24, 8) || n->end != n->len)
		n->v.unsafe |= 1 << 7;
	if (n->v.file_size == 0)
		n->v.unsafe |= 1 << 9;
	if (n->len > 4096)
		n->v.unsafe |= 1 << 10;
}

/* Return: whether U2 was found out chunk by chunk. */
static inline bool naive_judge(const uint8_t *msg, size_t len,
			       const struct famfs_fmap_limits *limits,
			       struct famfs_fmap_verdict *ret_verdict)
{
	struct naive n = { .msg = msg, .len = len, .limits = limits };

	n.extents = calloc(len / 24 + 1, sizeof(*n.extents));
	if (!n.extents)
		abort();
	if (naive_kernel(&n)) {
		naive_dangers(&n);
		*ret_verdict = n.v;
	} else {
		*ret_verdict = (struct famfs_fmap_verdict){ .kernel_rc = n.v.kernel_rc,
							    .stop = n.v.stop,
							    .rejected = n.v.rejected };
	}
	free(n.extents);
	return n.by_hand;
}

#endif

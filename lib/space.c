/* SPDX-License-Identifier: Apache-2.0 */
/* What is free, and where the next file goes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bits.h"
#include "space.h"

/*
 * For a file that may lie anywhere: how many runs that would do are compared, and which part of the
 * device is a long run.
 */
#define TRIES     64
#define LONG_PART 16

/*
 * One AU of a strip loads a bucket as much as this many others: strips are what is read at once, so
 * that they are spread evenly first, and space only where that leaves a choice.
 */
#define STRIP_WEIGHT 32

/*
 * Behind the bits of the AUs, one for each block of so many that is known to be set as a whole: a
 * log may take the same terabytes again with each of its extents.
 */
#define BLOCK 4096

static uint64_t *blocks_of(const struct space *space, uint64_t *words)
{
	return words + bits_words(space->aus) + 1;
}

static uint64_t *new_words(const struct space *space)
{
	size_t nr = bits_words(space->aus) + 1 + bits_words(space->aus / BLOCK) + 1;

	return calloc(nr, sizeof(uint64_t));
}

static void set(const struct space *space, uint64_t *words, uint64_t first, uint64_t nr)
{
	uint64_t *blocks = blocks_of(space, words);
	uint64_t end = first + nr, block = first / BLOCK + (first % BLOCK != 0), last = end / BLOCK;

	if (block >= last) {
		bits_set(words, first, nr);
		return;
	}
	bits_set(words, first, block * BLOCK - first);
	bits_set(words, last * BLOCK, end - last * BLOCK);
	for (uint64_t b = block; (b = bits_next_clear(blocks, b, last)) < last; b++)
		bits_set(words, b * BLOCK, BLOCK);
	bits_set(blocks, block, last - block);
}

/* @nr is at least 1. */
static void clear(const struct space *space, uint64_t *words, uint64_t first, uint64_t nr)
{
	uint64_t block = first / BLOCK, last = (first + nr - 1) / BLOCK;

	bits_clear(words, first, nr);
	bits_clear(blocks_of(space, words), block, last - block + 1);
}

int space_init(struct space *space, uint64_t size)
{
	memset(space, 0, sizeof(*space));
	if (size > FAMFS_DEVICE_MAX)
		size = FAMFS_DEVICE_MAX;
	space->aus = size / FAMFS_AU;
	space->words = new_words(space);
	return space->words ? 0 : -ENOMEM;
}

void space_fini(struct space *space)
{
	free(space->words);
	free(space->strips);
	space->words = space->strips = NULL;
}

static uint64_t aus_of(uint64_t len)
{
	return len / FAMFS_AU + (len % FAMFS_AU != 0);
}

/* The AUs that a byte range touches, clipped to the device; false if none. */
static bool touched(const struct space *space, uint64_t off, uint64_t len, uint64_t *ret_first,
		    uint64_t *ret_nr)
{
	uint64_t first = off / FAMFS_AU, end;

	if (len == 0 || first >= space->aus)
		return false;
	if (__builtin_add_overflow(off, len, &end) || aus_of(end) > space->aus)
		end = space->aus;
	else
		end = aus_of(end);
	*ret_first = first;
	*ret_nr = end - first;
	return true;
}

/* Before AUs are taken that may have been taken before. */
static void forget(struct space *space)
{
	space->clear_to = space->buckets = 0;
}

void space_take(struct space *space, uint64_t off, uint64_t len)
{
	uint64_t first, nr;

	forget(space);
	if (touched(space, off, len, &first, &nr))
		set(space, space->words, first, nr);
}

void space_take_bad(struct space *space, uint64_t off, uint64_t len)
{
	uint64_t first, nr;

	forget(space);
	if (!touched(space, off, len, &first, &nr))
		return;
	space->bad += nr - bits_count(space->words, first, nr);
	set(space, space->words, first, nr);
}

bool space_take_seen(struct space *space, uint64_t off, uint64_t len)
{
	uint64_t first, nr;

	forget(space);
	return touched(space, off, len, &first, &nr) && bits_set_seen(space->words, first, nr);
}

void space_release(struct space *space, uint64_t off, uint64_t len)
{
	uint64_t first, nr;

	memset(space->low, 0, sizeof(space->low));
	space->buckets = 0;
	if (!touched(space, off, len, &first, &nr))
		return;
	clear(space, space->words, first, nr);
	if (space->strips)
		clear(space, space->strips, first, nr);
}

/* Keeps the loads up when AUs are taken. */
static void add_load(struct space *space, uint64_t first, uint64_t nr, uint64_t weight)
{
	uint64_t end = first + nr, bucket, stop;

	for (; space->buckets && first < end; first = stop) {
		bucket = first / space->bucket_aus;
		if (bucket >= space->buckets)
			return;
		stop = (bucket + 1) * space->bucket_aus;
		stop = stop < end ? stop : end;
		space->loads[bucket] += (stop - first) * weight;
	}
}

void space_note_strip(struct space *space, uint64_t off, uint64_t len)
{
	uint64_t first, nr;

	if (!touched(space, off, len, &first, &nr))
		return;
	if (!space->strips)
		space->strips = new_words(space);
	if (!space->strips)
		return;
	set(space, space->strips, first, nr);
	add_load(space, first, nr, STRIP_WEIGHT);
}

const uint64_t *space_loads(struct space *space, uint64_t len, uint64_t nr)
{
	uint64_t aus = len / FAMFS_AU;

	if (space->buckets == nr && space->bucket_aus == aus)
		return space->loads;
	for (uint64_t b = 0; b < nr; b++) {
		space->loads[b] = bits_count(space->words, b * aus, aus);
		if (space->strips)
			space->loads[b] += bits_count(space->strips, b * aus, aus) * STRIP_WEIGHT;
	}
	space->buckets = nr;
	space->bucket_aus = aus;
	return space->loads;
}

/* The next free run at or behind @at. Return: its length, 0 at the end. */
static uint64_t next_run(const struct space *space, uint64_t at, uint64_t end, uint64_t *ret_first)
{
	uint64_t first = bits_next_clear(space->words, at, end);

	*ret_first = first;
	return bits_next_set(space->words, first, end) - first;
}

void space_free(const struct space *space, uint64_t *ret_free, uint64_t *ret_largest)
{
	uint64_t at = 0, first, nr, sum = 0, largest = 0;

	while ((nr = next_run(space, at, space->aus, &first))) {
		sum += nr;
		if (nr > largest)
			largest = nr;
		at = first + nr;
	}
	*ret_free = sum * FAMFS_AU;
	*ret_largest = largest * FAMFS_AU;
}

/*
 * A search in [at, end) for the shortest run of at least @want: longer ones stay whole for what
 * needs them. It ends after @tries runs that would do, and at one that is longer by @long_run: such
 * a run is the free rest of a device, and not worth walking to its end each time.
 */
struct search {
	uint64_t at, end, want;
	uint64_t tries, long_run;
	bool downward;        /* of equal runs the last, and its upper end */
	uint64_t first, len;  /* the best one; 0: none */
	uint64_t first_found; /* where the first one that would do begins */
};

/* The run at @at, as far as its length matters: what is longer than a long one is as good. */
static uint64_t measure(const struct space *space, const struct search *s, uint64_t at)
{
	uint64_t most = s->want + s->long_run;
	uint64_t end = most < s->end - at ? at + most : s->end, from = at;

	if (at >= space->clear_from && at < space->clear_to)
		from = space->clear_to;
	return (from < end ? bits_next_set(space->words, from, end) : end) - at;
}

static bool find_best(const struct space *space, struct search *s)
{
	uint64_t at = s->at, len;

	s->len = 0;
	while (s->tries && (at = bits_next_clear(space->words, at, s->end)) < s->end) {
		len = measure(space, s, at);
		if (len >= s->want) {
			s->tries--;
			if (!s->len)
				s->first_found = at;
			if (!s->len || len < s->len || (s->downward && len == s->len)) {
				s->first = at;
				s->len = len;
			}
			if (len == s->want + s->long_run || (s->len == s->want && !s->downward))
				break;
		}
		at += len;
	}
	if (s->len && s->downward)
		s->first += s->len - s->want;
	return s->len != 0;
}

/* floor(log2) and ceil(log2) */
static unsigned int class_down(uint64_t aus)
{
	return BITS_WORD - 1 - (unsigned int)__builtin_clzll(aus);
}

static unsigned int class_up(uint64_t aus)
{
	return class_down(aus) + ((aus & (aus - 1)) != 0);
}

/* Where to search for a run of @want AUs: a run of 2^c is one of each lower class, too. */
static uint64_t low_of(const struct space *space, uint64_t want)
{
	uint64_t low = 0;

	for (unsigned int c = 0; c <= class_down(want); c++) {
		if (low < space->low[c])
			low = space->low[c];
	}
	return low;
}

/* @low: no free run of @want AUs begins below. */
static void note_low(struct space *space, uint64_t want, uint64_t low)
{
	unsigned int c = class_up(want);

	if (c < SPACE_CLASSES && space->low[c] < low)
		space->low[c] = low;
}

static void take_found(struct space *space, const struct search *s)
{
	bits_set(space->words, s->first, s->want);
	add_load(space, s->first, s->want, 1);
	space->clear_to = 0;
}

int space_alloc(struct space *space, uint64_t len, uint64_t *ret_off)
{
	struct search s = { .end = space->aus,
			    .want = aus_of(len),
			    .tries = TRIES,
			    .long_run = space->aus / LONG_PART };
	bool found;

	if (s.want == 0 || s.want > space->aus)
		return 0;
	s.at = low_of(space, s.want);
	found = find_best(space, &s);
	note_low(space, s.want, found ? s.first_found : space->aus);
	if (!found)
		return 0;
	take_found(space, &s);
	space->clear_from = s.first + s.want;
	space->clear_to = s.first + s.len;
	*ret_off = s.first * FAMFS_AU;
	return 1;
}

int space_alloc_within(struct space *space, const struct space_range *range, uint64_t len,
		       uint64_t *ret_off)
{
	uint64_t end = range->to / FAMFS_AU < space->aus ? range->to / FAMFS_AU : space->aus;
	struct search s = { .at = aus_of(range->from),
			    .end = end,
			    .want = aus_of(len),
			    .tries = UINT64_MAX,
			    .long_run = space->aus,
			    .downward = range->downward };

	if (s.want == 0 || s.at >= end || s.want > end - s.at || !find_best(space, &s))
		return 0;
	take_found(space, &s);
	*ret_off = s.first * FAMFS_AU;
	return 1;
}

uint64_t space_free_within(const struct space *space, uint64_t from, uint64_t to)
{
	uint64_t first = aus_of(from);
	uint64_t end = to / FAMFS_AU < space->aus ? to / FAMFS_AU : space->aus;

	if (first >= end)
		return 0;
	return (end - first - bits_count(space->words, first, end - first)) * FAMFS_AU;
}

/* Keeps the @max longest runs, sorted by length. Return: how many there are. */
static uint32_t longest_runs(const struct space *space, struct famfs_extent *runs, uint32_t max)
{
	uint64_t at = 0, first, len;
	uint32_t nr = 0, i;

	while ((len = next_run(space, at, space->aus, &first))) {
		at = first + len;
		if (nr == max && len <= runs[nr - 1].len)
			continue;
		i = nr < max ? nr++ : nr - 1;
		for (; i > 0 && runs[i - 1].len < len; i--)
			runs[i] = runs[i - 1];
		runs[i] = (struct famfs_extent){ .off = first, .len = len };
	}
	return nr;
}

uint32_t space_alloc_pieces(struct space *space, uint64_t len, struct famfs_extent *pieces,
			    uint32_t max)
{
	uint64_t want = aus_of(len), left = want;
	uint32_t nr = longest_runs(space, pieces, max), used;

	if (want == 0)
		return 0;
	for (used = 0; used < nr && left; used++) {
		if (pieces[used].len > left)
			pieces[used].len = left;
		left -= pieces[used].len;
	}
	if (left)
		return 0;
	memset(pieces + used, 0, (nr - used) * sizeof(*pieces));
	space->clear_to = 0;
	for (uint32_t i = 0; i < used; i++) {
		bits_set(space->words, pieces[i].off, pieces[i].len);
		add_load(space, pieces[i].off, pieces[i].len, 1);
		pieces[i].off *= FAMFS_AU;
		pieces[i].len *= FAMFS_AU;
	}
	return used;
}

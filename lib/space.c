/* SPDX-License-Identifier: Apache-2.0 */
/* What is free, and where the next file goes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bits.h"
#include "space.h"

int space_init(struct space *space, uint64_t size)
{
	memset(space, 0, sizeof(*space));
	if (size > FAMFS_DEVICE_MAX)
		size = FAMFS_DEVICE_MAX;
	space->words = calloc(bits_words(size / FAMFS_AU) + 1, sizeof(*space->words));
	if (!space->words)
		return -ENOMEM;
	space->aus = size / FAMFS_AU;
	return 0;
}

void space_fini(struct space *space)
{
	free(space->words);
	space->words = NULL;
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

void space_take(struct space *space, uint64_t off, uint64_t len)
{
	uint64_t first, nr;

	if (touched(space, off, len, &first, &nr))
		bits_set(space->words, first, nr);
}

bool space_take_shared(struct space *space, uint64_t off, uint64_t len)
{
	uint64_t first, nr;

	return touched(space, off, len, &first, &nr) && bits_set_atomic(space->words, first, nr);
}

void space_release(struct space *space, uint64_t off, uint64_t len)
{
	uint64_t first, nr;

	memset(space->low, 0, sizeof(space->low));
	if (touched(space, off, len, &first, &nr))
		bits_clear(space->words, first, nr);
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

/* First fit in [at, end). Return: 1 and the first AU, or 0. */
static int find_run(const struct space *space, uint64_t at, uint64_t end, uint64_t want,
		    uint64_t *ret_first)
{
	uint64_t first, stop;

	for (;;) {
		first = bits_next_clear(space->words, at, end);
		if (first >= end || want > end - first)
			return 0;
		/* A run that is longer than wanted need not be walked to its end. */
		stop = bits_next_set(space->words, first, first + want);
		if (stop == first + want) {
			*ret_first = first;
			return 1;
		}
		at = stop;
	}
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

int space_alloc(struct space *space, uint64_t len, uint64_t *ret_off)
{
	uint64_t want = aus_of(len), first, begin;
	int found;

	if (want == 0 || want > space->aus)
		return 0;
	begin = space->low[class_down(want)];
	found = find_run(space, begin, space->aus, want, &first);
	for (unsigned int c = class_up(want); c < SPACE_CLASSES; c++) {
		uint64_t low = found ? first + want : space->aus;

		if (space->low[c] < low)
			space->low[c] = low;
	}
	if (!found)
		return 0;
	bits_set(space->words, first, want);
	*ret_off = first * FAMFS_AU;
	return 1;
}

int space_alloc_within(struct space *space, uint64_t from, uint64_t to, uint64_t len,
		       uint64_t *ret_off)
{
	uint64_t end = to / FAMFS_AU < space->aus ? to / FAMFS_AU : space->aus;
	uint64_t want = aus_of(len), first;

	if (want == 0 || !find_run(space, aus_of(from), end, want, &first))
		return 0;
	bits_set(space->words, first, want);
	*ret_off = first * FAMFS_AU;
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
	for (uint32_t i = 0; i < used; i++) {
		bits_set(space->words, pieces[i].off, pieces[i].len);
		pieces[i].off *= FAMFS_AU;
		pieces[i].len *= FAMFS_AU;
	}
	return used;
}

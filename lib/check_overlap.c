/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who overlaps whom. Only run when some extents meet: the walk over the entries has seen two of
 * them take the same allocation unit. Every entry is told its earliest other owner, and how many
 * more there are, in O(n log n), also when all extents lie on one place.
 */
#include <stdlib.h>

#include "check_impl.h"
#include "err.h"

/* [start, end) bytes of an extent. */
struct piece {
	uint64_t start, end;
	uint32_t entry;
};

/* An extent that meets others: the smallest entry among them, and how many they are. */
struct hit {
	uint32_t entry, other;
	uint64_t start, end, others;
};

struct overlap {
	struct piece *pieces; /* by start */
	uint64_t nr, cap;
	uint64_t *ends;     /* sorted */
	uint32_t *min;      /* segment tree over the pieces: smallest entry */
	struct piece *heap; /* pieces begun so far, smallest entry on top */
	uint64_t heap_nr;
	struct hit *hits;
	uint64_t hits_nr;
};

static int collect(void *data, const struct famfs_entry *entry)
{
	struct overlap *o = data;

	for (uint32_t i = 0; i < entry->extents_nr; i++) {
		const struct famfs_extent *extent = &entry->extents[i];
		struct piece piece = { .start = extent->off, .entry = (uint32_t)entry->index };

		if (extent->dev_index || !extent->len)
			continue;
		if (__builtin_add_overflow(extent->off, extent->len, &piece.end))
			piece.end = UINT64_MAX;
		if (o->nr == o->cap) {
			uint64_t cap = o->cap ? o->cap * 2 : 1024;
			struct piece *more = reallocarray(o->pieces, cap, sizeof(*more));

			if (!more)
				return -ENOMEM;
			o->pieces = more;
			o->cap = cap;
		}
		o->pieces[o->nr++] = piece;
	}
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->entry < y->entry ? -1 : x->entry > y->entry;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static int by_entry(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;

	if (x->entry != y->entry)
		return x->entry < y->entry ? -1 : 1;
	if (x->other != y->other)
		return x->other < y->other ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

static void heap_push(struct overlap *o, struct piece piece)
{
	uint64_t at = o->heap_nr++;

	for (; at > 0 && o->heap[(at - 1) / 2].entry > piece.entry; at = (at - 1) / 2)
		o->heap[at] = o->heap[(at - 1) / 2];
	o->heap[at] = piece;
}

static void heap_pop(struct overlap *o)
{
	struct piece last = o->heap[--o->heap_nr];
	uint64_t at = 0, child;

	while ((child = at * 2 + 1) < o->heap_nr) {
		if (child + 1 < o->heap_nr && o->heap[child + 1].entry < o->heap[child].entry)
			child++;
		if (o->heap[child].entry >= last.entry)
			break;
		o->heap[at] = o->heap[child];
		at = child;
	}
	o->heap[at] = last;
}

/* The smallest entry among pieces [from, to). */
static uint32_t min_of(const struct overlap *o, uint64_t from, uint64_t to)
{
	uint32_t min = UINT32_MAX;

	for (from += o->nr, to += o->nr; from < to; from /= 2, to /= 2) {
		if (from & 1) {
			min = o->min[from] < min ? o->min[from] : min;
			from++;
		}
		if (to & 1) {
			to--;
			min = o->min[to] < min ? o->min[to] : min;
		}
	}
	return min;
}

/* How many pieces start below @at. */
static uint64_t starts_below(const struct overlap *o, uint64_t at)
{
	uint64_t low = 0, high = o->nr;

	while (low < high) {
		uint64_t mid = low + (high - low) / 2;

		if (o->pieces[mid].start < at)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* How many pieces end at or below @at. */
static uint64_t ends_upto(const struct overlap *o, uint64_t at)
{
	uint64_t low = 0, high = o->nr;

	while (low < high) {
		uint64_t mid = low + (high - low) / 2;

		if (o->ends[mid] <= at)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int prepare(struct overlap *o)
{
	qsort(o->pieces, o->nr, sizeof(*o->pieces), by_start);
	o->ends = calloc(o->nr, sizeof(*o->ends));
	o->min = calloc(o->nr * 2, sizeof(*o->min));
	o->heap = calloc(o->nr, sizeof(*o->heap));
	o->hits = calloc(o->nr, sizeof(*o->hits));
	if (!o->ends || !o->min || !o->heap || !o->hits)
		return -ENOMEM;
	for (uint64_t i = 0; i < o->nr; i++) {
		o->ends[i] = o->pieces[i].end;
		o->min[o->nr + i] = o->pieces[i].entry;
	}
	qsort(o->ends, o->nr, sizeof(*o->ends), by_value);
	for (uint64_t i = o->nr - 1; i > 0; i--)
		o->min[i] = o->min[2 * i] < o->min[2 * i + 1] ? o->min[2 * i] : o->min[2 * i + 1];
	return 0;
}

static void sweep(struct overlap *o)
{
	for (uint64_t i = 0; i < o->nr; i++) {
		const struct piece *piece = &o->pieces[i];
		uint64_t below = starts_below(o, piece->end);
		uint32_t other = min_of(o, i + 1, below);

		/* Those that begin before it and are still going on. */
		while (o->heap_nr && o->heap[0].end <= piece->start)
			heap_pop(o);
		if (o->heap_nr && o->heap[0].entry < other)
			other = o->heap[0].entry;
		heap_push(o, *piece);
		if (other == UINT32_MAX)
			continue;
		o->hits[o->hits_nr++] = (struct hit){
			.entry = piece->entry,
			.other = other,
			.start = piece->start,
			.end = piece->end,
			.others = below - ends_upto(o, piece->start) - 1,
		};
	}
}

/* How many pairs among one entry's own extents meet. */
static uint64_t own_pairs(const struct hit *hits, uint64_t nr)
{
	uint64_t pairs = 0;

	for (uint64_t i = 0; i < nr; i++) {
		for (uint64_t j = i + 1; j < nr; j++)
			pairs += hits[i].start < hits[j].end && hits[j].start < hits[i].end;
	}
	return pairs;
}

/* One finding for the hits of one entry, unless only later ones meet it: those are told. */
static void report_entry(struct famfs_check *check, const struct hit *hits, uint64_t nr)
{
	uint64_t others = 0;

	if (hits->other > hits->entry)
		return;
	for (uint64_t i = 0; i < nr; i++)
		others += hits[i].others;
	problem_add(&check->list, (struct problem_rec){
					  .entry = hits->entry,
					  .problem = PROBLEM_OVERLAP,
					  .off = hits->start,
					  .len = hits->end - hits->start,
					  .other = hits->other,
					  /* Two of its own see each other: they are one. */
					  .more = others - own_pairs(hits, nr) - 1,
				  });
}

static void report(struct famfs_check *check, struct overlap *o)
{
	qsort(o->hits, o->hits_nr, sizeof(*o->hits), by_entry);
	for (uint64_t i = 0, next; i < o->hits_nr; i = next) {
		next = i + 1;
		while (next < o->hits_nr && o->hits[next].entry == o->hits[i].entry)
			next++;
		report_entry(check, &o->hits[i], next - i);
	}
}

int check_overlaps(struct famfs_check *check, struct famfs_err *err)
{
	struct overlap o = { 0 };
	int rc;

	if (!check->overlap)
		return 0;
	rc = check_each_file(check, collect, &o, err);
	if (!rc && o.nr)
		rc = prepare(&o);
	if (rc == -ENOMEM)
		rc = err_nomem(err);
	if (!rc && o.nr) {
		sweep(&o);
		report(check, &o);
	}
	free(o.pieces);
	free(o.ends);
	free(o.min);
	free(o.heap);
	free(o.hits);
	return rc;
}

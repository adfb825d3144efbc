/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lies where on a device: one sweep over the extents in order of address. Where some overlap,
 * the two that reach furthest are remembered: whenever there are owners at all, these are among
 * them, so that nothing else need be kept, also when all extents of a hostile log lie on one place.
 */
#include <stdlib.h>
#include <string.h>

#include "dax.h"
#include "err.h"
#include "fs.h"
#include "pages.h"
#include "super.h"

#define RADIX_BITS 11
#define RADIX      (1U << RADIX_BITS)

/* Allocation units [start, end) and whose they are. */
struct piece {
	uint64_t start, end;
	struct famfs_map_owner owner;
};

/* Allocation units [start, end) that no file gets, because the memory is bad. */
struct span {
	uint64_t start, end;
};

struct famfs_map {
	uint64_t dev_size;
	uint64_t aus;     /* whole ones, that files may get */
	uint64_t units;   /* the part of one at the end too */
	uint64_t outside; /* extents that are not, or not wholly, on the device */
	struct piece *pieces;
	uint64_t nr, cap;
	uint64_t *ends; /* of all pieces, in order */
	uint64_t at;    /* allocation unit that comes next */
	uint64_t begun, ended;
	struct piece far, near; /* of those begun, the two that reach furthest */
	struct span *bad;       /* in order, apart */
	uint64_t bad_nr, bad_cap;
	uint64_t bad_at; /* the first one that does not end before @at */
};

static bool add(struct famfs_map *map, uint64_t off, uint64_t len, struct famfs_map_owner owner)
{
	uint64_t cap = map->cap ? map->cap * 2 : 1024, end;
	struct piece *more;

	if (!len)
		return true;
	if (__builtin_add_overflow(off, len, &end) || end > map->dev_size) {
		map->outside++;
		end = map->dev_size;
	}
	if (off >= end)
		return true;
	if (map->nr == map->cap) {
		more = reallocarray(map->pieces, cap, sizeof(*more));
		if (!more)
			return false;
		pages_want_huge(more, cap * sizeof(*more));
		map->pieces = more;
		map->cap = cap;
	}
	map->pieces[map->nr++] = (struct piece){
		.start = off / FAMFS_AU,
		.end = end / FAMFS_AU + (end % FAMFS_AU != 0),
		.owner = owner,
	};
	return true;
}

static int add_entry(void *data, const struct famfs_entry *entry)
{
	struct famfs_map_owner owner = { .kind = FAMFS_MAP_FILE, .entry = entry->index };
	struct famfs_map *map = data;
	bool ok = true;

	for (uint32_t i = 0; ok && i < entry->extents_nr; i++) {
		const struct famfs_extent *extent = &entry->extents[i];

		owner.extent = i;
		if (extent->dev_index)
			map->outside++;
		else
			ok = add(map, extent->off, extent->len, owner);
	}
	return ok ? 0 : -ENOMEM;
}

static bool add_meta(struct famfs_map *map, const struct log *log)
{
	struct famfs_map_owner owner = { .kind = FAMFS_MAP_SUPER, .entry = FAMFS_NONE };

	if (!add(map, 0, FAMFS_LOG_OFF, owner))
		return false;
	owner.kind = FAMFS_MAP_LOG;
	return add(map, FAMFS_LOG_OFF, log->len, owner);
}

static int collect(struct famfs *fs, struct famfs_map *map, struct famfs_err *err)
{
	int rc = add_meta(map, &fs->log) ? fs_each_entry(fs, add_entry, map, err) : -ENOMEM;

	return rc == -ENOMEM ? err_nomem(err) : rc;
}

/* What finds no room here is shown as free, as where errors cannot be asked for at all. */
static void add_bad(void *data, uint64_t off, uint64_t len)
{
	uint64_t end, cap;
	struct famfs_map *map = data;
	struct span *more;

	if (__builtin_add_overflow(off, len, &end) || end > map->dev_size)
		end = map->dev_size;
	if (off >= end)
		return;
	if (map->bad_nr == map->bad_cap) {
		cap = map->bad_cap ? map->bad_cap * 2 : 64;
		more = reallocarray(map->bad, cap, sizeof(*more));
		if (!more)
			return;
		map->bad = more;
		map->bad_cap = cap;
	}
	map->bad[map->bad_nr++] = (struct span){
		.start = off / FAMFS_AU,
		.end = end / FAMFS_AU + (end % FAMFS_AU != 0),
	};
}

static int by_start(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static void collect_bad(struct famfs *fs, struct famfs_map *map)
{
	uint64_t nr = 0;

	if (fs->dev->kind != FAMFS_DEV_DAX)
		return;
	(void)dax_media_errors(fs->ctx, &fs->dev->dax, add_bad, map, NULL);
	if (!map->bad_nr)
		return;
	qsort(map->bad, map->bad_nr, sizeof(*map->bad), by_start);
	for (uint64_t i = 1; i < map->bad_nr; i++) {
		if (map->bad[i].start > map->bad[nr].end)
			map->bad[++nr] = map->bad[i];
		else if (map->bad[i].end > map->bad[nr].end)
			map->bad[nr].end = map->bad[i].end;
	}
	map->bad_nr = nr + 1;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static bool in_order(const struct famfs_map *map)
{
	for (uint64_t i = 1; i < map->nr; i++) {
		if (map->pieces[i - 1].start > map->pieces[i].start)
			return false;
	}
	return true;
}

static bool are_apart(const struct famfs_map *map)
{
	for (uint64_t i = 1; i < map->nr; i++) {
		if (map->pieces[i - 1].end > map->pieces[i].start)
			return false;
	}
	return true;
}

/* One pass of a radix sort: by RADIX_BITS of the start, stable. */
static void sort_by_digit(const struct piece *from, struct piece *to, uint64_t nr,
			  unsigned int shift)
{
	uint64_t at[RADIX] = { 0 }, sum = 0, count;

	for (uint64_t i = 0; i < nr; i++)
		at[from[i].start >> shift & (RADIX - 1)]++;
	for (unsigned int d = 0; d < RADIX; d++) {
		count = at[d];
		at[d] = sum;
		sum += count;
	}
	for (uint64_t i = 0; i < nr; i++)
		to[at[from[i].start >> shift & (RADIX - 1)]++] = from[i];
}

/* Strips of a quarter of a million are too many for qsort() where a picture is waited for. */
static int sort_pieces(struct famfs_map *map, struct famfs_err *err)
{
	struct piece *other;

	if (in_order(map))
		return 0;
	other = calloc(map->nr, sizeof(*other));
	if (!other)
		return err_nomem(err);
	pages_want_huge(other, map->nr * sizeof(*other));
	for (unsigned int shift = 0; shift < 64 && map->units >> shift; shift += RADIX_BITS) {
		struct piece *sorted = other;

		sort_by_digit(map->pieces, sorted, map->nr, shift);
		other = map->pieces;
		map->pieces = sorted;
	}
	free(other);
	return 0;
}

static int sort(struct famfs_map *map, struct famfs_err *err)
{
	int rc = sort_pieces(map, err);

	if (rc)
		return rc;
	map->ends = calloc(map->nr, sizeof(*map->ends));
	if (!map->ends)
		return err_nomem(err);
	for (uint64_t i = 0; i < map->nr; i++)
		map->ends[i] = map->pieces[i].end;
	if (!are_apart(map))
		qsort(map->ends, map->nr, sizeof(*map->ends), by_value);
	return 0;
}

int famfs_map_new(struct famfs *fs, struct famfs_map **ret_map, struct famfs_err *err)
{
	struct famfs_map *map = calloc(1, sizeof(*map));
	int rc;

	if (!map)
		return err_nomem(err);
	map->dev_size = super_usable_size(fs->dev, &fs->super);
	map->aus = map->dev_size < FAMFS_DEVICE_MAX ? map->dev_size / FAMFS_AU
						    : FAMFS_DEVICE_MAX / FAMFS_AU;
	map->units = map->dev_size / FAMFS_AU + (map->dev_size % FAMFS_AU != 0);
	rc = collect(fs, map, err);
	if (!rc)
		rc = sort(map, err);
	if (!rc)
		collect_bad(fs, map);
	if (rc) {
		famfs_map_free(map);
		return rc;
	}
	*ret_map = map;
	return 0;
}

void famfs_map_free(struct famfs_map *map)
{
	if (!map)
		return;
	free(map->pieces);
	free(map->ends);
	free(map->bad);
	free(map);
}

uint64_t famfs_map_size(const struct famfs_map *map)
{
	return map->dev_size;
}

uint64_t famfs_map_outside(const struct famfs_map *map)
{
	return map->outside;
}

/* Lets the pieces begin and end that do so at the next allocation unit. */
static void step(struct famfs_map *map)
{
	for (; map->ended < map->nr && map->ends[map->ended] <= map->at; map->ended++)
		;
	for (; map->begun < map->nr && map->pieces[map->begun].start <= map->at; map->begun++) {
		const struct piece *piece = &map->pieces[map->begun];

		if (piece->end > map->far.end) {
			map->near = map->far;
			map->far = *piece;
		} else if (piece->end > map->near.end) {
			map->near = *piece;
		}
	}
}

static uint64_t run_end(const struct famfs_map *map)
{
	uint64_t end = map->at < map->aus ? map->aus : map->units;

	/* What is taken may reach over the last whole allocation unit. */
	if (map->begun > map->ended)
		end = map->ends[map->ended];
	if (map->begun < map->nr && map->pieces[map->begun].start < end)
		end = map->pieces[map->begun].start;
	return end;
}

/* Of a run that nobody owns up to *@end: what it is, and up to where. */
static enum famfs_map_kind unowned(struct famfs_map *map, uint64_t *end)
{
	const struct span *bad;

	if (map->at >= map->aus)
		return FAMFS_MAP_REST;
	while (map->bad_at < map->bad_nr && map->bad[map->bad_at].end <= map->at)
		map->bad_at++;
	if (map->bad_at == map->bad_nr)
		return FAMFS_MAP_FREE;
	bad = &map->bad[map->bad_at];
	if (bad->start > map->at) {
		*end = bad->start < *end ? bad->start : *end;
		return FAMFS_MAP_FREE;
	}
	*end = bad->end < *end ? bad->end : *end;
	return FAMFS_MAP_BAD;
}

/* The superblock, the log, then the files as they were logged. */
static bool is_before(const struct famfs_map_owner *a, const struct famfs_map_owner *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind;
	return a->entry != b->entry ? a->entry < b->entry : a->extent < b->extent;
}

int famfs_map_next(struct famfs_map *map, struct famfs_map_run *ret_run)
{
	struct famfs_map_run run = { .off = map->at * FAMFS_AU };
	uint64_t end;

	if (map->at >= map->units)
		return 0;
	step(map);
	end = run_end(map);
	run.owners = map->begun - map->ended;
	if (run.owners > 1) {
		bool swap = is_before(&map->near.owner, &map->far.owner);

		run.kind = FAMFS_MAP_CONFLICT;
		run.owner = swap ? map->near.owner : map->far.owner;
		run.other = swap ? map->far.owner : map->near.owner;
	} else if (run.owners) {
		run.kind = map->far.owner.kind;
		run.owner = map->far.owner;
	} else {
		run.kind = unowned(map, &end);
	}
	run.len = (end < map->units ? end * FAMFS_AU : map->dev_size) - run.off;
	map->at = end;
	*ret_run = run;
	return 1;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Mending a file's map: it keeps what can be reached of it. */
#include <string.h>

#include "err.h"
#include "interleave.h"
#include "repair_impl.h"

static uint64_t round_down(uint64_t value)
{
	return value - value % FAMFS_AU;
}

static uint64_t round_up(uint64_t value)
{
	return value > UINT64_MAX - FAMFS_AU ? round_down(UINT64_MAX)
					     : round_down(value + FAMFS_AU - 1);
}

/*
 * How much of an extent, from its start on, is aligned, on the device, and nobody else's. A length
 * that cannot be right says nothing: such an extent keeps what the file @needs of it, if that is
 * known.
 */
static uint64_t good_len(const struct famfs_check *check, const struct fm_extent *extent,
			 uint64_t needs)
{
	uint64_t off = le64_get(extent->fm_offset), len = le64_get(extent->fm_len);
	uint64_t end = round_down(check->summary.dev_size);

	if (le64_get(extent->fm_devindex) || off % FAMFS_AU || off < check->data_off || off >= end)
		return 0;
	if (len > end - off)
		len = needs && needs < end - off ? round_up(needs) : end - off;
	return round_down(len);
}

/* Extents up to the first that is not good to its end. Return: the bytes in them. */
static uint64_t cut_simple(const struct famfs_check *check, struct fm_file *file)
{
	uint32_t nr = le32_get(file->fm_nextents), kept = 0;
	uint64_t size = le64_get(file->fm_size), sum = 0;

	while (kept < nr) {
		struct fm_extent *extent = &file->fm_simple[kept];
		uint64_t good = good_len(check, extent, size > sum ? size - sum : 0);
		bool whole = good == le64_get(extent->fm_len);

		if (!good)
			break;
		extent->fm_len = le64_of(good);
		sum += good;
		kept++;
		if (!whole)
			break;
	}
	memset(&file->fm_simple[kept], 0, (nr - kept) * sizeof(file->fm_simple[0]));
	file->fm_nextents = le32_of(kept);
	return sum;
}

/* The first chunk that is not whole in its strip ends the file. Return: the bytes up to there. */
static uint64_t cut_strips(const struct famfs_check *check, struct fm_file *file)
{
	uint64_t nr = le64_get(file->fm_nstrips), chunk = le64_get(file->fm_chunk_size);
	uint64_t size = le64_get(file->fm_size), end = UINT64_MAX;

	for (uint64_t i = 0; i < nr; i++) {
		uint64_t good = good_len(check, &file->fm_strips[i],
					 interleave_used(size, nr, chunk, i));
		uint64_t rounds, before, sum;

		/* A strip that is not there at all leaves a map that nobody takes. */
		if (!good)
			return 0;
		file->fm_strips[i].fm_len = le64_of(good);
		rounds = good / chunk;
		if (__builtin_mul_overflow(rounds, nr, &before) ||
		    __builtin_add_overflow(before, i, &before) ||
		    __builtin_mul_overflow(before, chunk, &sum) ||
		    __builtin_add_overflow(sum, good % chunk, &sum))
			continue;
		end = sum < end ? sum : end;
	}
	return end;
}

/* Return: 1 if all of these that were found may be mended and some were, 0, -errno. */
static int may_all(struct repair_fix *fix, struct famfs_err *err)
{
	static const enum problem problems[] = {
		PROBLEM_SIZE_ZERO,       PROBLEM_EXTENT_ZERO_OFFSET,   PROBLEM_EXTENT_MISALIGNED,
		PROBLEM_EXTENT_OVERFLOW, PROBLEM_EXTENT_BEYOND_DEVICE, PROBLEM_EXTENT_SHORT,
		PROBLEM_OVERLAP_META,
	};
	int some = 0;

	for (size_t i = 0; i < sizeof(problems) / sizeof(problems[0]); i++) {
		int rc = repair_fix_may(fix, problems[i], err);

		if (rc < 0 || (rc == 0 && repair_fix_has(fix, problems[i])))
			return rc;
		some |= rc;
	}
	return some;
}

/* Counts that cannot be believed were found before, and are here because nobody wants them gone. */
static bool counts_are_good(const struct fm_file *file)
{
	uint32_t nextents = le32_get(file->fm_nextents);
	uint64_t nstrips = le64_get(file->fm_nstrips), chunk = le64_get(file->fm_chunk_size);

	switch (le32_get(file->fm_ext_type)) {
	case FAMFS_EXT_SIMPLE:
		return nextents >= 1 && nextents <= FAMFS_EXTENTS_MAX;
	case FAMFS_EXT_INTERLEAVE:
		return nextents == 1 && nstrips >= 1 && nstrips <= FAMFS_EXTENTS_MAX && chunk &&
		       chunk % FAMFS_AU == 0 && chunk <= UINT32_MAX;
	default:
		return false;
	}
}

int repair_fix_map(struct repair_fix *fix, struct famfs_err *err)
{
	struct fm_file *file = &fix->raw->fm_file, cut;
	uint64_t size, room;
	int rc;

	if (le32_get(fix->raw->fm_type) != FAMFS_ENTRY_FILE || !counts_are_good(file))
		return 0;
	rc = may_all(fix, err);
	if (rc <= 0)
		return rc;
	cut = *file;
	room = le32_get(file->fm_ext_type) == FAMFS_EXT_SIMPLE ? cut_simple(fix->rep->check, &cut)
							       : cut_strips(fix->rep->check, &cut);
	if (!room) {
		fix->removed = true;
		return 0;
	}
	size = le64_get(file->fm_size);
	cut.fm_size = le64_of(size && size < room ? size : room);
	*file = cut;
	fix->altered = true;
	return 0;
}

/* Is something of the extent taken by an entry that stays? */
static bool is_taken(const struct famfs_repair *rep, const struct famfs_extent *extent)
{
	uint64_t from = round_down(extent->off), limit = rep->kept.aus * FAMFS_AU, to;

	if (__builtin_add_overflow(extent->off, extent->len, &to) || to > limit)
		to = limit;
	to = round_up(to);
	return from < to && space_free_within(&rep->kept, from, to) < to - from;
}

static bool extents_meet(const struct famfs_extent *a, const struct famfs_extent *b)
{
	/* Differences, for ends need not fit 64 bits. */
	return a->off < b->off ? b->off - a->off < a->len : a->off - b->off < b->len;
}

/* Does one of its extents meet another of its own, or what an earlier entry keeps? */
static bool meets(const struct famfs_repair *rep, const struct famfs_entry *entry)
{
	for (uint32_t i = 0; i < entry->extents_nr; i++) {
		const struct famfs_extent *a = &entry->extents[i];

		if (a->dev_index || !a->len)
			continue;
		if (is_taken(rep, a))
			return true;
		for (uint32_t j = 0; j < i; j++) {
			const struct famfs_extent *b = &entry->extents[j];

			if (!b->dev_index && b->len && extents_meet(a, b))
				return true;
		}
	}
	return false;
}

int repair_fix_overlap(struct repair_fix *fix, struct famfs_err *err)
{
	struct famfs_entry entry;
	int rc;

	if (!repair_fix_has(fix, PROBLEM_OVERLAP))
		return 0;
	media_entry_decode(fix->raw, fix->slot, &entry);
	if (!meets(fix->rep, &entry))
		return 0;
	rc = repair_fix_may(fix, PROBLEM_OVERLAP, err);
	fix->removed = rc > 0;
	return rc < 0 ? rc : 0;
}

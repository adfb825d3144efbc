/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "data_resolve.h"
#include "resolve.h"
#include "unit.h"

static struct famfs_entry strips(uint64_t size, uint64_t chunk, uint32_t nr, uint64_t len)
{
	struct famfs_entry entry = {
		.type = FAMFS_ENTRY_FILE,
		.path = "f",
		.size = size,
		.ext_type = FAMFS_EXT_INTERLEAVE,
		.nextents = 1,
		.nstrips = nr,
		.chunk_size = chunk,
		.extents_nr = nr,
	};

	/* Neither in order nor one behind the other. */
	for (uint32_t i = 0; i < nr; i++)
		entry.extents[i] = (struct famfs_extent){ .off = (i * 7 + 3) % 16 * 10000000,
							  .len = len };
	return entry;
}

UNIT_TEST(golden_points)
{
	const uint64_t *strip = golden_strips, *point = golden_points;

	for (size_t i = 0; i < UNIT_NR(golden_maps); i++) {
		const struct golden_map *map = &golden_maps[i];
		struct famfs_entry entry = strips(map->size, map->chunk, (uint32_t)map->nstrips,
						  map->strip_len);

		for (uint64_t j = 0; j < map->nstrips; j++)
			entry.extents[j].off = *strip++;
		for (uint64_t j = 0; j < map->points_nr; j++, point += 3) {
			struct famfs_extent got = { .dev_index = 9 };
			/* The golden ones go on to the end of the chunk. */
			uint64_t left = map->size - point[0];

			UNIT_ROW("map %zu, byte %" PRIu64, i, point[0]);
			CHECK_EQ(famfs_resolve(&entry, point[0], &got, NULL), 0);
			CHECK_EQ(got.dev_index, 0);
			CHECK_EQ(got.off, point[1]);
			CHECK_EQ(got.len, point[2] < left ? point[2] : left);
		}
		CHECK_EQ(famfs_resolve(&entry, map->size, &entry.extents[0], NULL), -ERANGE);
	}
	CHECK(strip == golden_strips + UNIT_NR(golden_strips));
	CHECK(point == golden_points + UNIT_NR(golden_points));
}

/* FMAP.md 5 to the letter, for one byte. Return: the extent, and where in it. */
static uint32_t locate(const struct famfs_entry *entry, uint64_t off, uint64_t *ret_in,
		       uint64_t *ret_run)
{
	if (entry->ext_type == FAMFS_EXT_INTERLEAVE) {
		uint64_t chunk = off / entry->chunk_size;

		*ret_in = chunk / entry->nstrips * entry->chunk_size + off % entry->chunk_size;
		*ret_run = entry->chunk_size - off % entry->chunk_size;
		return (uint32_t)(chunk % entry->nstrips);
	}
	for (uint32_t i = 0;; i++) {
		if (off < entry->extents[i].len) {
			*ret_in = off;
			*ret_run = entry->extents[i].len - off;
			return i;
		}
		off -= entry->extents[i].len;
	}
}

/* Every byte of the file, and what no byte lies in. */
static void check_all(const struct famfs_entry *entry)
{
	uint64_t used[FAMFS_EXTENTS_MAX] = { 0 };
	struct famfs_extent got;

	for (uint64_t off = 0; off < entry->size; off++) {
		uint64_t in = 0, run = 0;
		uint32_t i = locate(entry, off, &in, &run);

		if (in + 1 > used[i])
			used[i] = in + 1;
		if (run > entry->size - off)
			run = entry->size - off;
		CHECK_EQ(resolve(entry, off, &got), 0);
		CHECK_EQ(got.dev_index, entry->extents[i].dev_index);
		CHECK_EQ(got.off, entry->extents[i].off + in);
		CHECK_EQ(got.len, run);
	}
	for (uint32_t i = 0; i < entry->extents_nr; i++)
		CHECK_EQ(resolve_slack(entry, i), entry->extents[i].len - used[i]);
}

UNIT_TEST(strips_byte_by_byte)
{
	for (uint32_t nr = 1; nr <= FAMFS_EXTENTS_MAX; nr += nr < 4 ? 1 : 4) {
		for (uint64_t chunk = 1; chunk <= 8; chunk++) {
			for (uint64_t size = 1; size <= 2 * nr * chunk + 2; size++) {
				uint64_t rounds = (size + nr * chunk - 1) / (nr * chunk);
				struct famfs_entry entry = strips(size, chunk, nr, rounds * chunk);

				UNIT_ROW("%" PRIu64 " bytes, %u strips, chunk %" PRIu64, size, nr,
					 chunk);
				check_all(&entry);
			}
		}
	}
}

UNIT_TEST(extents_byte_by_byte)
{
	uint32_t dice = 1;

	for (unsigned int round = 0; round < 300; round++) {
		struct famfs_entry entry = { .type = FAMFS_ENTRY_FILE };
		uint64_t sum = 0;

		dice = dice * 1664525 + 1013904223;
		entry.extents_nr = (dice >> 16) % FAMFS_EXTENTS_MAX + 1;
		for (uint32_t i = 0; i < entry.extents_nr; i++) {
			dice = dice * 1664525 + 1013904223;
			entry.extents[i].dev_index = i % 3;
			entry.extents[i].off = dice % 100000;
			entry.extents[i].len = (dice >> 24) % 9;
			sum += entry.extents[i].len;
		}
		entry.nextents = entry.extents_nr;
		entry.size = sum ? (dice >> 8) % sum + 1 : 0;
		UNIT_ROW("%u: %" PRIu64 " of %" PRIu64 " bytes", round, entry.size, sum);
		check_all(&entry);
	}
}

/* As large as they come. */
UNIT_TEST(large_files)
{
	struct famfs_entry entry = strips(1ULL << 62, 1ULL << 31, 3, 1ULL << 61);
	struct famfs_extent got;
	uint64_t off = (1ULL << 62) - 1, chunk = off >> 31;

	CHECK_EQ(resolve(&entry, off, &got), 0);
	CHECK_EQ(got.off, entry.extents[chunk % 3].off + (chunk / 3 << 31) + (1ULL << 31) - 1);
	CHECK_EQ(got.len, 1);
	entry = (struct famfs_entry){ .size = UINT64_MAX, .extents_nr = 2 };
	entry.extents[0] = (struct famfs_extent){ 0, 0, 1ULL << 63 };
	entry.extents[1] = (struct famfs_extent){ 1, 1ULL << 62, (1ULL << 63) };
	CHECK_EQ(resolve(&entry, UINT64_MAX - 1, &got), 0);
	CHECK_EQ(got.dev_index, 1);
	CHECK_EQ(got.off, (1ULL << 62) + (1ULL << 63) - 2);
	CHECK_EQ(got.len, 1);
}

enum { DIRECTORY, BEHIND, WILD, SHORT, NONE, CHUNK_0, MORE_STRIPS, NO_STRIPS, STRIP, WRAP, WRAP_2 };

static const struct {
	int what, rc;
	const char *message;
} rows[] = {
	{ DIRECTORY, -EINVAL, "not a file" },
	{ BEHIND, -ERANGE, "1000" },
	{ WILD, -ERANGE, "18446744073709551615" },
	{ SHORT, -EUCLEAN, "byte 999" },
	{ NONE, -EUCLEAN, "byte 999" },
	{ CHUNK_0, -EUCLEAN, "byte 999" },
	{ MORE_STRIPS, -EUCLEAN, "byte 999" },
	{ NO_STRIPS, -EUCLEAN, "byte 999" },
	{ STRIP, -EUCLEAN, "byte 999" },
	{ WRAP, -EUCLEAN, "byte 999" },
	{ WRAP_2, -EUCLEAN, "byte 999" },
};

/* Return: the byte that is asked for. */
static uint64_t damage(struct famfs_entry *entry, int what)
{
	bool simple = what == SHORT || what == NONE || what == WRAP_2;

	*entry = simple ? (struct famfs_entry){ .size = 1000, .extents_nr = 1 }
			: strips(1000, 100, 4, 300);
	entry->extents[0].len = what == SHORT ? 999 : 300;
	entry->type = what == DIRECTORY ? FAMFS_ENTRY_MKDIR : FAMFS_ENTRY_FILE;
	(void)snprintf(entry->path, sizeof(entry->path), "a\nb");
	switch (what) {
	case BEHIND:
		return 1000;
	case WILD:
		return UINT64_MAX;
	case NONE:
		entry->extents_nr = 0;
		break;
	case CHUNK_0:
		entry->chunk_size = 0;
		break;
	case MORE_STRIPS:
		entry->nstrips = 1000000;
		break;
	case NO_STRIPS:
		entry->nstrips = entry->extents_nr = 0;
		break;
	case STRIP:
		entry->extents[1].len = 299;
		break;
	case WRAP:
		entry->extents[1].off = UINT64_MAX - 298;
		break;
	case WRAP_2:
		entry->extents[0] = (struct famfs_extent){ .off = UINT64_MAX - 998, .len = 1000 };
		break;
	default:
		break;
	}
	return 999;
}

UNIT_TEST(refusals)
{
	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct famfs_extent got = { 77, 78, 79 };
		struct famfs_err err = { 0 };
		struct famfs_entry entry;
		uint64_t off = damage(&entry, rows[i].what);

		UNIT_ROW("%zu", i);
		CHECK_EQ(famfs_resolve(&entry, off, &got, &err), rows[i].rc);
		CHECK_EQ(err.rc, rows[i].rc);
		CHECK_STR(err.object, "a\\nb");
		CHECK_HAS(err.message, rows[i].message);
		CHECK_EQ(got.dev_index, 77);
		CHECK_EQ(got.off, 78);
		CHECK_EQ(got.len, 79);
		CHECK_EQ(famfs_resolve(&entry, off, &got, NULL), rows[i].rc);
	}
}

/* The bytes before a damaged place are there. */
UNIT_TEST(a_strip_is_good_as_far_as_it_goes)
{
	struct famfs_extent got;
	struct famfs_entry entry;

	(void)damage(&entry, STRIP);
	CHECK_EQ(resolve(&entry, 950, &got), 0);
	CHECK_EQ(got.off, entry.extents[1].off + 250);
	CHECK_EQ(got.len, 49);
}

UNIT_MAIN

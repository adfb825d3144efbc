/* SPDX-License-Identifier: Apache-2.0 */
#include "famfs.h"
#include "unit.h"
#include "scratch.h"
#include "image.h"
#include "bad_memory.h"

#define SIZE (64 * MIB)

struct taken {
	struct famfs_map_run runs[128];
	size_t nr;
	uint64_t size, outside;
};

static void take_runs(struct famfs_map *source, struct taken *map)
{
	struct famfs_map_run run;

	*map = (struct taken){ 0 };
	while (famfs_map_next(source, &run) > 0)
		if (CHECK(map->nr < UNIT_NR(map->runs)))
			map->runs[map->nr++] = run;
	CHECK_EQ(famfs_map_next(source, &run), 0);
	map->size = famfs_map_size(source);
	map->outside = famfs_map_outside(source);
	famfs_map_free(source);
}

static void read_map(struct famfs_ctx *ctx, struct taken *map)
{
	struct famfs *fs = image_open(ctx, "a.img", 0);
	struct famfs_map *source = NULL;

	REQUIRE(fs);
	REQUIRE(famfs_map_new(fs, &source, NULL) == 0);
	/* The file system is not needed any more. */
	famfs_close(fs);
	take_runs(source, map);
}

/* The image plays a device with bad sectors. */
static void read_bad_map(struct famfs_ctx *ctx, const char *bad, struct taken *map)
{
	struct famfs_map *source = NULL;
	struct famfs *fs;

	bad_set(bad);
	fs = bad_open(ctx, "a.img");
	REQUIRE(famfs_map_new(fs, &source, NULL) == 0);
	bad_close(fs);
	take_runs(source, map);
}

static void check_run(const struct taken *map, size_t at, enum famfs_map_kind kind, uint64_t off,
		      uint64_t len)
{
	UNIT_ROW("run %zu", at);
	REQUIRE(at < map->nr);
	CHECK_EQ(map->runs[at].kind, kind);
	CHECK_EQ(map->runs[at].off, off);
	CHECK_EQ(map->runs[at].len, len);
}

static void put_files(struct famfs_ctx *ctx, const struct famfs_entry *entries, uint64_t nr)
{
	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	for (uint64_t i = 0; i < nr; i++)
		image_put("a.img", i, &entries[i]);
	image_counters("a.img", nr, nr);
}

UNIT_TEST(an_empty_device)
{
	struct famfs_ctx *ctx = image_ctx();
	struct taken map;

	put_files(ctx, NULL, 0);
	read_map(ctx, &map);
	CHECK_EQ(map.nr, 3);
	CHECK_EQ(map.size, SIZE);
	CHECK_EQ(map.outside, 0);
	check_run(&map, 0, FAMFS_MAP_SUPER, 0, AU);
	check_run(&map, 1, FAMFS_MAP_LOG, AU, IMAGE_LOG_LEN);
	check_run(&map, 2, FAMFS_MAP_FREE, IMAGE_DATA, SIZE - IMAGE_DATA);
	famfs_map_free(NULL);
	famfs_ctx_free(ctx);
}

UNIT_TEST(files_and_strips)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_entry entries[] = {
		image_file("b", IMAGE_DATA + 3 * AU, AU),
		image_file("a", IMAGE_DATA, 2 * AU),
		image_file("il", 0, 0),
	};
	struct taken map;

	entries[2].size = 3 * AU;
	entries[2].ext_type = FAMFS_EXT_INTERLEAVE;
	entries[2].nstrips = entries[2].extents_nr = 2;
	entries[2].chunk_size = AU;
	entries[2].extents[0] = (struct famfs_extent){ 0, IMAGE_DATA + 8 * AU, 2 * AU };
	entries[2].extents[1] = (struct famfs_extent){ 0, IMAGE_DATA + 6 * AU, 2 * AU };
	put_files(ctx, entries, UNIT_NR(entries));
	read_map(ctx, &map);
	CHECK_EQ(map.nr, 9);
	check_run(&map, 2, FAMFS_MAP_FILE, IMAGE_DATA, 2 * AU);
	CHECK_EQ(map.runs[2].owner.entry, 1);
	CHECK_EQ(map.runs[2].owners, 1);
	check_run(&map, 3, FAMFS_MAP_FREE, IMAGE_DATA + 2 * AU, AU);
	check_run(&map, 4, FAMFS_MAP_FILE, IMAGE_DATA + 3 * AU, AU);
	check_run(&map, 5, FAMFS_MAP_FREE, IMAGE_DATA + 4 * AU, 2 * AU);
	check_run(&map, 6, FAMFS_MAP_FILE, IMAGE_DATA + 6 * AU, 2 * AU);
	CHECK_EQ(map.runs[6].owner.entry, 2);
	CHECK_EQ(map.runs[6].owner.extent, 1);
	check_run(&map, 7, FAMFS_MAP_FILE, IMAGE_DATA + 8 * AU, 2 * AU);
	CHECK_EQ(map.runs[7].owner.extent, 0);
	check_run(&map, 8, FAMFS_MAP_FREE, IMAGE_DATA + 10 * AU, SIZE - IMAGE_DATA - 10 * AU);
	famfs_ctx_free(ctx);
}

UNIT_TEST(the_end_of_a_device)
{
	struct famfs_ctx *ctx = image_ctx();
	struct taken map;

	put_files(ctx, NULL, 0);
	REQUIRE(!truncate("a.img", SIZE - AU / 2));
	read_map(ctx, &map);
	CHECK_EQ(map.nr, 4);
	check_run(&map, 2, FAMFS_MAP_FREE, IMAGE_DATA, SIZE - AU - IMAGE_DATA);
	check_run(&map, 3, FAMFS_MAP_REST, SIZE - AU, AU / 2);
	famfs_ctx_free(ctx);
}

/* Extents that no writer of ours makes, and what the map says of the last of them. */
UNIT_TEST(outside_of_the_device)
{
	static const struct {
		struct famfs_extent extent;
		uint64_t outside, on_it;
	} rows[] = {
		{ { 0, SIZE - AU, AU }, 0, AU },
		{ { 0, SIZE - AU, 2 * AU }, 1, AU },
		{ { 0, SIZE, AU }, 1, 0 },
		{ { 0, UINT64_MAX, AU }, 1, 0 },
		{ { 0, SIZE - AU, UINT64_MAX }, 1, AU },
		{ { 0, UINT64_MAX, UINT64_MAX }, 1, 0 },
		{ { 1, SIZE - AU, AU }, 1, 0 },
		{ { 0, SIZE - AU, 0 }, 0, 0 },
		{ { 0, SIZE - AU - 1, 2 }, 0, 2 * AU },
	};

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct famfs_ctx *ctx = image_ctx();
		struct famfs_entry entry = image_file("f", 0, AU);
		uint64_t bytes = 0;
		struct taken map;

		entry.extents[0] = rows[i].extent;
		put_files(ctx, &entry, 1);
		read_map(ctx, &map);
		UNIT_ROW("%zu", i);
		CHECK_EQ(map.outside, rows[i].outside);
		for (size_t r = 0; r < map.nr; r++)
			bytes += map.runs[r].kind == FAMFS_MAP_FILE ? map.runs[r].len : 0;
		CHECK_EQ(bytes, rows[i].on_it);
		famfs_ctx_free(ctx);
	}
}

#define BAD_AU(n) (IMAGE_DATA + (n)*AU)

/* Ranges in bytes, as the host tells them, and what of the space for files is bad, in units. */
static const struct {
	struct {
		uint64_t off, len;
	} told[4], bad[3];
} bad_rows[] = {
	{ { { 0 } }, { { 0 } } },
	/* A cell from its first to its last sector, and one of either alone. */
	{ { { BAD_AU(3), AU } }, { { 3, 1 } } },
	{ { { BAD_AU(3), 512 } }, { { 3, 1 } } },
	{ { { BAD_AU(4) - 512, 512 } }, { { 3, 1 } } },
	{ { { BAD_AU(4) - 512, 1024 } }, { { 3, 2 } } },
	{ { { BAD_AU(3) - 512, AU + 1024 } }, { { 2, 3 } } },
	/* Unordered, overlapping, twice, one in another, side by side, one cell apart. */
	{ { { BAD_AU(9), AU }, { BAD_AU(3), AU } }, { { 3, 1 }, { 9, 1 } } },
	{ { { BAD_AU(4), 3 * AU }, { BAD_AU(3), 2 * AU } }, { { 3, 4 } } },
	{ { { BAD_AU(3), AU }, { BAD_AU(3), AU } }, { { 3, 1 } } },
	{ { { BAD_AU(4), AU }, { BAD_AU(3), 5 * AU }, { BAD_AU(6), 512 } }, { { 3, 5 } } },
	{ { { BAD_AU(4), AU }, { BAD_AU(3), AU }, { BAD_AU(5), 512 } }, { { 3, 3 } } },
	{ { { BAD_AU(5), 512 }, { BAD_AU(3), 512 }, { BAD_AU(7), 512 } },
	  { { 3, 1 }, { 5, 1 }, { 7, 1 } } },
	{ { { BAD_AU(3), 512 }, { BAD_AU(3) + 4096, 512 } }, { { 3, 1 } } },
	/* Below the log, over its end, at the end of the device and over it. */
	{ { { 0, 512 }, { AU, 512 } }, { { 0 } } },
	{ { { IMAGE_DATA - 512, 512 } }, { { 0 } } },
	{ { { IMAGE_DATA - 512, 1024 } }, { { 0, 1 } } },
	{ { { SIZE - 512, 512 } }, { { (SIZE - IMAGE_DATA) / AU - 1, 1 } } },
	{ { { SIZE - 512, 4096 } }, { { (SIZE - IMAGE_DATA) / AU - 1, 1 } } },
	{ { { SIZE, 4096 } }, { { 0 } } },
	{ { { IMAGE_DATA, SIZE } }, { { 0, (SIZE - IMAGE_DATA) / AU } } },
};

/* The runs behind the log are in turn free and bad, and nothing but what was told is bad. */
static void check_bad(const struct taken *map, size_t row)
{
	size_t at = 2, nr = 0;
	uint64_t end = IMAGE_DATA;

	for (; nr < UNIT_NR(bad_rows[row].bad) && bad_rows[row].bad[nr].len; nr++) {
		uint64_t off = BAD_AU(bad_rows[row].bad[nr].off);
		uint64_t len = bad_rows[row].bad[nr].len * AU;

		if (off > end)
			check_run(map, at++, FAMFS_MAP_FREE, end, off - end);
		check_run(map, at++, FAMFS_MAP_BAD, off, len);
		end = off + len;
	}
	if (end < SIZE)
		check_run(map, at++, FAMFS_MAP_FREE, end, SIZE - end);
	UNIT_ROW("%zu", row);
	CHECK_EQ(map->nr, at);
}

UNIT_TEST(bad_memory)
{
	for (size_t i = 0; i < UNIT_NR(bad_rows); i++) {
		struct famfs_ctx *ctx = image_ctx();
		struct taken map = { 0 };
		char text[256] = "";

		for (size_t j = 0; j < UNIT_NR(bad_rows[i].told) && bad_rows[i].told[j].len; j++)
			strcat(text, bad_sectors(bad_rows[i].told[j].off, bad_rows[i].told[j].len));
		put_files(ctx, NULL, 0);
		read_bad_map(ctx, text, &map);
		check_bad(&map, i);
		famfs_ctx_free(ctx);
	}
}

/* Of a file it is the file's; beside one it is bad up to its begin and from its end on. */
UNIT_TEST(bad_memory_and_files)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_entry entries[] = {
		image_file("a", BAD_AU(2), 2 * AU),
		image_file("b", BAD_AU(6), AU),
	};
	struct taken map = { 0 };

	put_files(ctx, entries, UNIT_NR(entries));
	read_bad_map(ctx, bad_sectors(BAD_AU(1), 6 * AU), &map);
	CHECK_EQ(map.nr, 8);
	check_run(&map, 2, FAMFS_MAP_FREE, IMAGE_DATA, AU);
	check_run(&map, 3, FAMFS_MAP_BAD, BAD_AU(1), AU);
	check_run(&map, 4, FAMFS_MAP_FILE, BAD_AU(2), 2 * AU);
	check_run(&map, 5, FAMFS_MAP_BAD, BAD_AU(4), 2 * AU);
	check_run(&map, 6, FAMFS_MAP_FILE, BAD_AU(6), AU);
	check_run(&map, 7, FAMFS_MAP_FREE, BAD_AU(7), SIZE - BAD_AU(7));
	famfs_ctx_free(ctx);
}

/* What is never used stays that; more ranges than there was room for at first. */
UNIT_TEST(bad_memory_at_the_odd_end_and_in_many_pieces)
{
	const uint64_t size = SIZE - AU / 2;
	struct famfs_ctx *ctx = image_ctx();
	struct taken map = { 0 };
	char text[4096] = "";

	put_files(ctx, NULL, 0);
	REQUIRE(!truncate("a.img", (off_t)size));
	for (uint64_t i = 0; i < 100; i++)
		strcat(text, bad_sectors(BAD_AU(2) + i * 4096, 512));
	strcat(text, bad_sectors(SIZE - AU - 512, AU));
	read_bad_map(ctx, text, &map);
	CHECK_EQ(map.nr, 7);
	check_run(&map, 3, FAMFS_MAP_BAD, BAD_AU(2), AU);
	check_run(&map, 4, FAMFS_MAP_FREE, BAD_AU(3), SIZE - 2 * AU - BAD_AU(3));
	check_run(&map, 5, FAMFS_MAP_BAD, SIZE - 2 * AU, AU);
	check_run(&map, 6, FAMFS_MAP_REST, SIZE - AU, AU / 2);
	famfs_ctx_free(ctx);
}

static void check_owner(const struct famfs_map_owner *owner, enum famfs_map_kind kind,
			uint64_t entry)
{
	CHECK_EQ(owner->kind, kind);
	CHECK_EQ(owner->entry, entry);
}

UNIT_TEST(conflicts)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_entry entries[] = {
		image_file("late", IMAGE_DATA + 4 * AU, 4 * AU),
		image_file("early", IMAGE_DATA + 2 * AU, 4 * AU),
		image_file("log", IMAGE_DATA - AU, 2 * AU),
		image_file("all", IMAGE_DATA + 3 * AU, 9 * AU),
	};
	struct taken map;

	put_files(ctx, entries, UNIT_NR(entries));
	read_map(ctx, &map);
	CHECK_EQ(map.nr, 10);
	check_run(&map, 1, FAMFS_MAP_CONFLICT, IMAGE_DATA - AU, AU);
	check_owner(&map.runs[1].owner, FAMFS_MAP_LOG, FAMFS_NONE);
	check_owner(&map.runs[1].other, FAMFS_MAP_FILE, 2);
	check_run(&map, 2, FAMFS_MAP_FILE, IMAGE_DATA, AU);
	check_run(&map, 3, FAMFS_MAP_FREE, IMAGE_DATA + AU, AU);
	check_run(&map, 4, FAMFS_MAP_FILE, IMAGE_DATA + 2 * AU, AU);
	check_run(&map, 5, FAMFS_MAP_CONFLICT, IMAGE_DATA + 3 * AU, AU);
	check_owner(&map.runs[5].owner, FAMFS_MAP_FILE, 1);
	check_owner(&map.runs[5].other, FAMFS_MAP_FILE, 3);
	CHECK_EQ(map.runs[5].owners, 2);
	check_run(&map, 6, FAMFS_MAP_CONFLICT, IMAGE_DATA + 4 * AU, 2 * AU);
	CHECK_EQ(map.runs[6].owners, 3);
	check_run(&map, 7, FAMFS_MAP_CONFLICT, IMAGE_DATA + 6 * AU, 2 * AU);
	check_owner(&map.runs[7].owner, FAMFS_MAP_FILE, 0);
	check_owner(&map.runs[7].other, FAMFS_MAP_FILE, 3);
	check_run(&map, 8, FAMFS_MAP_FILE, IMAGE_DATA + 8 * AU, 4 * AU);
	check_owner(&map.runs[8].owner, FAMFS_MAP_FILE, 3);
	check_run(&map, 9, FAMFS_MAP_FREE, IMAGE_DATA + 12 * AU, SIZE - IMAGE_DATA - 12 * AU);
	famfs_ctx_free(ctx);
}

/* Counts, for each allocation unit, who touches it. */
static void count_naively(const struct famfs_entry *entries, uint64_t nr, unsigned int *counts)
{
	for (uint64_t au = 0; au < SIZE / AU; au++)
		counts[au] = au < IMAGE_DATA / AU;
	for (uint64_t i = 0; i < nr; i++) {
		const struct famfs_extent *extent = &entries[i].extents[0];

		for (uint64_t au = 0; au < SIZE / AU; au++)
			counts[au] += extent->off < (au + 1) * AU &&
				      extent->off + extent->len > au * AU;
	}
}

static void compare(const struct taken *map, const struct famfs_entry *entries,
		    const unsigned int *counts)
{
	uint64_t at = 0;

	for (size_t r = 0; r < map->nr; r++) {
		const struct famfs_map_run *run = &map->runs[r];
		const struct famfs_map_owner *owners[] = { &run->owner, &run->other };

		CHECK_EQ(run->off, at);
		for (; at < run->off + run->len; at += AU)
			CHECK_EQ(run->owners, counts[at / AU]);
		for (size_t i = 0; i < 2 && i < run->owners; i++) {
			if (owners[i]->kind != FAMFS_MAP_FILE)
				continue;
			CHECK(entries[owners[i]->entry].extents[0].off < run->off + AU);
			CHECK(entries[owners[i]->entry].extents[0].off +
				      entries[owners[i]->entry].extents[0].len >
			      run->off + run->len - AU);
		}
	}
	CHECK_EQ(at, SIZE);
}

UNIT_TEST(random_extents_as_a_naive_count_has_them)
{
	uint64_t state = 12345;

	for (unsigned int round = 0; round < 60; round++) {
		struct famfs_ctx *ctx = image_ctx();
		unsigned int counts[SIZE / AU];
		struct famfs_entry entries[12];
		struct taken map;

		for (uint64_t i = 0; i < UNIT_NR(entries); i++) {
			uint64_t off, len;
			char name[8];

			state = state * 6364136223846793005ULL + 1442695040888963407ULL;
			off = (state >> 33) % (SIZE - AU);
			len = 1 + (state >> 20) % (round % 2 ? SIZE - off : 3 * AU);
			if (off + len > SIZE)
				len = SIZE - off;
			(void)snprintf(name, sizeof(name), "f%u", (unsigned int)i);
			entries[i] = image_file(name, off, len);
		}
		put_files(ctx, entries, UNIT_NR(entries));
		count_naively(entries, UNIT_NR(entries), counts);
		read_map(ctx, &map);
		UNIT_ROW("round %u", round);
		compare(&map, entries, counts);
		famfs_ctx_free(ctx);
	}
}

UNIT_TEST(entries_by_number)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_entry entries[] = { image_dir("d"), image_file("d/f", IMAGE_DATA, AU) };
	struct famfs_entry entry;
	struct famfs_err err = { 0 };
	struct famfs *fs;

	put_files(ctx, entries, 2);
	fs = image_open(ctx, "a.img", 0);
	REQUIRE(fs);
	CHECK_EQ(famfs_entry_read(fs, 1, &entry, NULL), 0);
	CHECK_STR(entry.path, "d/f");
	CHECK_EQ(famfs_entry_read(fs, 0, &entry, NULL), 0);
	CHECK_EQ(entry.type, FAMFS_ENTRY_MKDIR);
	CHECK_EQ(famfs_entry_read(fs, 2, &entry, &err), -ENOENT);
	CHECK_HAS(err.message, "entry 2");
	CHECK_EQ(famfs_entry_read(fs, FAMFS_NONE, &entry, NULL), -ENOENT);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_MAIN

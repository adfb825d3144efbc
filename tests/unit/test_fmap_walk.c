/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translating by messages, there and back, against FMAP.md 5 written down once more for a single
 * byte; and messages that say anything.
 */
#include <errno.h>

#include "data_resolve.h"
#include "famfs.h"
#include "unit.h"

#define M       (1ULL << 20)
#define MSG_MAX (32 + 4 * (24 + 16 * 24))

struct msg {
	uint8_t b[MSG_MAX];
	size_t len;
};

static void put(struct msg *m, size_t at, size_t bytes, uint64_t value)
{
	for (; bytes--; value >>= 8)
		m->b[at++] = (uint8_t)value;
}

static void begin(struct msg *m, uint32_t ext_type, uint32_t nextents, uint64_t size)
{
	memset(m->b, 0, 32);
	m->b[2] = 1;
	put(m, 4, 4, ext_type);
	put(m, 8, 4, nextents);
	put(m, 16, 8, size);
	m->len = 32;
}

static void add_strips(struct msg *m, uint32_t nr, uint32_t chunk, uint64_t nbytes)
{
	put(m, m->len, 4, nr);
	put(m, m->len + 4, 4, chunk);
	put(m, m->len + 8, 8, nbytes);
	put(m, m->len + 16, 8, 0);
	m->len += 24;
}

static void add_extent(struct msg *m, uint32_t dev, uint64_t off, uint64_t len)
{
	put(m, m->len, 8, dev);
	put(m, m->len + 8, 8, off);
	put(m, m->len + 16, 8, len);
	m->len += 24;
}

static uint64_t get(const struct msg *m, size_t at, size_t bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value * 256 + m->b[at + bytes];
	return value;
}

static uint32_t dice_state;

static uint32_t dice(uint32_t sides)
{
	dice_state = dice_state * 1664525 + 1013904223;
	return (dice_state >> 8) % sides;
}

/* Extents of a few bytes each, far apart; interleaved ones hold all they serve. */
static uint64_t random_map(struct msg *m)
{
	bool interleaved = dice(2);
	uint32_t nr = 1 + dice(3);
	uint64_t total = 0, place = 1000;

	begin(m, interleaved, nr, 0);
	for (uint32_t i = 0; i < nr; i++) {
		uint32_t strips = 1 + dice(5), chunk = 1 + dice(7);
		uint64_t nbytes = 1 + dice(60);
		uint64_t len = (nbytes + strips * chunk - 1) / (strips * chunk) * chunk + dice(3);

		total += nbytes;
		if (!interleaved) {
			add_extent(m, dice(2), place += 500, nbytes);
			continue;
		}
		add_strips(m, strips, chunk, nbytes);
		for (uint32_t j = 0; j < strips; j++)
			add_extent(m, dice(2), place += 500 + dice(50), len);
	}
	total -= dice(2) ? dice((uint32_t)total) : 0;
	put(m, 16, 8, total);
	return total;
}

/* One byte, as the kernel resolves it. Return: its device; 99: none. */
static uint64_t locate(const struct msg *m, uint64_t off, uint64_t *ret_off)
{
	uint64_t file_size = get(m, 16, 8);
	size_t at = 32;

	for (uint64_t i = 0; i < get(m, 8, 4); i++) {
		uint64_t n = get(m, at, 4), chunk = get(m, at + 4, 4), served = get(m, at + 8, 8);
		size_t strip;

		if (!m->b[4]) {
			if (off < get(m, at + 16, 8)) {
				*ret_off = get(m, at + 8, 8) + off;
				return get(m, at, 4);
			}
			off -= get(m, at + 16, 8);
			at += 24;
			continue;
		}
		if (served > file_size)
			served = file_size;
		if (off < served) {
			strip = at + 24 + 24 * (off / chunk % n);
			*ret_off = get(m, strip + 8, 8) + off / chunk / n * chunk + off % chunk;
			return get(m, strip, 4);
		}
		off -= served;
		at += 24 + 24 * n;
	}
	return 99;
}

static void check_range(const struct msg *m, uint64_t off, uint64_t len)
{
	struct famfs_fmap_walk walk;
	struct famfs_fmap_piece piece;
	uint64_t at = off, want = 0;
	int rc;

	CHECK_EQ(famfs_fmap_walk_init(&walk, m->b, m->len, NULL), 0);
	CHECK_EQ(famfs_fmap_walk_seek(&walk, off, len, NULL), 0);
	while ((rc = famfs_fmap_walk_next(&walk, &piece, NULL)) > 0) {
		CHECK_EQ(piece.file_off, at);
		REQUIRE(piece.where.len > 0 && piece.where.len <= off + len - at);
		for (uint64_t i = 0; i < piece.where.len; i++) {
			CHECK_EQ(piece.where.dev_index, locate(m, at + i, &want));
			CHECK_EQ(piece.where.off + i, want);
		}
		at += piece.where.len;
	}
	CHECK_EQ(rc, 0);
	CHECK_EQ(at, off + len);
}

/* Every byte of the devices: whose it is, counted from the file's side. */
static void check_back(const struct msg *m, uint64_t size, uint32_t dev)
{
	static int32_t owner[16000];
	struct famfs_extent range = { .dev_index = dev, .off = 0, .len = UNIT_NR(owner) };
	struct famfs_fmap_piece piece;
	struct famfs_fmap_find find;
	uint64_t place = 0, found = 0;

	memset(owner, 0xff, sizeof(owner));
	for (uint64_t off = 0; off < size; off++)
		if (locate(m, off, &place) == dev)
			owner[place] = (int32_t)off;
	CHECK_EQ(famfs_fmap_find_init(&find, m->b, m->len, &range, NULL), 0);
	while (famfs_fmap_find_next(&find, &piece, NULL) > 0) {
		CHECK_EQ(piece.where.dev_index, dev);
		REQUIRE(piece.where.off + piece.where.len <= UNIT_NR(owner));
		for (uint64_t i = 0; i < piece.where.len; i++) {
			int64_t want = owner[piece.where.off + i];

			CHECK_EQ(piece.file_off == FAMFS_NONE ? -1 : (int64_t)(piece.file_off + i),
				 want);
			found += want >= 0;
		}
	}
	for (size_t i = 0; i < UNIT_NR(owner); i++)
		found -= owner[i] >= 0;
	CHECK_EQ(found, 0);
}

UNIT_TEST(random_maps_there_and_back)
{
	struct msg m;

	for (uint32_t round = 0; round < 2000; round++) {
		uint64_t size, off;

		dice_state = round;
		size = random_map(&m);
		UNIT_ROW("round %u: %" PRIu64 " bytes", round, size);
		check_range(&m, 0, size);
		off = dice((uint32_t)size);
		check_range(&m, off, 1 + dice((uint32_t)(size - off)));
		check_back(&m, size, 0);
		check_back(&m, size, 1);
	}
}

/* A range that begins and ends in the middle of chunks. */
UNIT_TEST(back_by_part_of_a_strip)
{
	const struct famfs_extent range = { .off = 19 * M + 1, .len = 2 * M };
	struct famfs_fmap_piece piece;
	struct famfs_fmap_find find;
	struct msg m;

	begin(&m, FAMFS_EXT_INTERLEAVE, 1, 12 * M);
	add_strips(&m, 2, 2 * M, 12 * M);
	add_extent(&m, 0, 16 * M, 6 * M);
	add_extent(&m, 0, 32 * M, 6 * M);
	CHECK_EQ(famfs_fmap_find_init(&find, m.b, m.len, &range, NULL), 0);
	CHECK_EQ(famfs_fmap_find_next(&find, &piece, NULL), 1);
	CHECK_EQ(piece.file_off, 5 * M + 1);
	CHECK_EQ(piece.where.off, 19 * M + 1);
	CHECK_EQ(piece.where.len, M - 1);
	CHECK(piece.interleaved);
	CHECK_EQ(piece.strip, 0);
	CHECK_EQ(famfs_fmap_find_next(&find, &piece, NULL), 1);
	CHECK_EQ(piece.file_off, 8 * M);
	CHECK_EQ(piece.where.off, 20 * M);
	CHECK_EQ(piece.where.len, M + 1);
	CHECK_EQ(famfs_fmap_find_next(&find, &piece, NULL), 0);
}

/* The vectors that the existing tools gave, by messages of both generations. */
UNIT_TEST(golden_points)
{
	const uint64_t *strip = golden_strips, *point = golden_points;

	for (size_t i = 0; i < UNIT_NR(golden_maps); i++) {
		const struct golden_map *map = &golden_maps[i];
		struct famfs_fmap_piece piece;
		struct famfs_fmap_walk walk;
		struct msg m;

		begin(&m, FAMFS_EXT_INTERLEAVE, 1, map->size);
		add_strips(&m, (uint32_t)map->nstrips, (uint32_t)map->chunk, map->size);
		for (uint64_t j = 0; j < map->nstrips; j++)
			add_extent(&m, 0, *strip++, map->strip_len);
		CHECK_EQ(famfs_fmap_walk_init(&walk, m.b, m.len, NULL), 0);
		for (uint64_t j = 0; j < map->points_nr; j++, point += 3) {
			uint64_t left = map->size - point[0];

			UNIT_ROW("map %zu, byte %" PRIu64, i, point[0]);
			CHECK_EQ(famfs_fmap_walk_seek(&walk, point[0], left, NULL), 0);
			CHECK_EQ(famfs_fmap_walk_next(&walk, &piece, NULL), 1);
			CHECK_EQ(piece.where.off, point[1]);
			CHECK_EQ(piece.where.len, point[2] < left ? point[2] : left);
		}
	}
}

UNIT_TEST(offsets_at_and_past_the_end)
{
	struct famfs_err err = { 0 };
	struct famfs_fmap_walk walk;
	struct msg m;

	begin(&m, FAMFS_EXT_SIMPLE, 1, 4 * M);
	add_extent(&m, 0, 16 * M, 4 * M);
	CHECK_EQ(famfs_fmap_walk_init(&walk, m.b, m.len, NULL), 0);
	CHECK_EQ(famfs_fmap_walk_seek(&walk, 4 * M - 1, 1, &err), 0);
	CHECK_EQ(famfs_fmap_walk_seek(&walk, 4 * M, 1, &err), -ERANGE);
	CHECK_HAS(err.message, "offset 4194304 is behind its end");
	CHECK_EQ(famfs_fmap_walk_seek(&walk, 4 * M - 1, 2, &err), -ERANGE);
	CHECK_HAS(err.message, "offset 4194304 is behind its end");
	CHECK_EQ(famfs_fmap_walk_seek(&walk, 1, UINT64_MAX, &err), -ERANGE);
	CHECK_EQ(famfs_fmap_walk_seek(&walk, UINT64_MAX, UINT64_MAX, &err), -ERANGE);
	CHECK_EQ(famfs_fmap_walk_init(&walk, m.b, 31, &err), -EUCLEAN);
}

/* What the kernel would do wrong is not repeated. */
UNIT_TEST(bytes_without_a_place)
{
	static const struct {
		const char *message;
		size_t at, bytes;
		uint64_t value;
		size_t cut;
	} rows[] = {
		{ "behind the end of its strip", 56 + 16, 8, 2 * M - 1, 0 },
		{ "chunks of 0 bytes", 36, 4, 0, 0 },
		{ "on no strips", 32, 4, 0, 0 },
		{ "in no extent", 40, 8, M, 0 },
		{ "in no extent", 8, 4, 0, 0 },
		{ "on a strip that the message", 32, 4, 3, 25 },
		{ "past 64 bits", 56 + 8, 8, UINT64_MAX - 2 * M + 2, 0 },
		{ "unknown extent type", 4, 4, 2, 0 },
		{ "ends in extent 0", 8, 4, 1, 60 },
	};

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct famfs_err err = { 0 };
		struct famfs_fmap_piece piece;
		struct famfs_fmap_walk walk;
		struct msg m;

		UNIT_ROW("%s", rows[i].message);
		begin(&m, FAMFS_EXT_INTERLEAVE, 1, 8 * M);
		add_strips(&m, 2, 2 * M, 8 * M);
		add_extent(&m, 0, 16 * M, 4 * M);
		add_extent(&m, 0, 32 * M, 4 * M);
		put(&m, rows[i].at, rows[i].bytes, rows[i].value);
		CHECK_EQ(famfs_fmap_walk_init(&walk, m.b, m.len - rows[i].cut, NULL), 0);
		/* The last byte of the first chunk; of 3 strips, one on the last. */
		CHECK_EQ(famfs_fmap_walk_seek(&walk, rows[i].cut == 25 ? 4 * M : 2 * M - 1, 1,
					      NULL),
			 0);
		CHECK_EQ(famfs_fmap_walk_next(&walk, &piece, &err), -EUCLEAN);
		CHECK_HAS(err.message, rows[i].message);
	}
}

/* The first few pieces both ways: nothing may crash, run on for ever, or leave its range. */
static void exercise(const uint8_t *b, size_t len)
{
	static const uint64_t offs[] = { 0, 1, 2 * M - 1, 8 * M - 1, 1ULL << 40, UINT64_MAX - 1 };
	uint8_t *copy = malloc(len ? len : 1);
	struct famfs_fmap_walk walk;
	struct famfs_fmap_find find;
	struct famfs_fmap_piece piece;

	REQUIRE(copy);
	memcpy(copy, b, len);
	for (size_t i = 0; i < UNIT_NR(offs); i++) {
		const struct famfs_extent range = { .off = offs[i], .len = UINT64_MAX - offs[i] };

		if (famfs_fmap_walk_init(&walk, copy, len, NULL))
			break;
		if (!famfs_fmap_walk_seek(&walk, offs[i], 1, NULL) &&
		    famfs_fmap_walk_next(&walk, &piece, NULL) > 0)
			CHECK(piece.where.len == 1 && piece.file_off == offs[i]);
		CHECK_EQ(famfs_fmap_find_init(&find, copy, len, &range, NULL), 0);
		for (int n = 0; n < 20 && famfs_fmap_find_next(&find, &piece, NULL) > 0; n++)
			CHECK(piece.where.len > 0 && piece.where.off >= offs[i]);
	}
	free(copy);
}

UNIT_TEST(every_field_at_its_edges)
{
	static const uint64_t values[] = { 0, 1, 2 * M, UINT64_MAX - 1, UINT64_MAX, 1ULL << 63 };
	struct msg simple, strips, m;

	begin(&simple, FAMFS_EXT_SIMPLE, 2, 8 * M);
	add_extent(&simple, 0, 16 * M, 4 * M);
	add_extent(&simple, 0, 32 * M, 4 * M);
	begin(&strips, FAMFS_EXT_INTERLEAVE, 1, 8 * M);
	add_strips(&strips, 2, 2 * M, 8 * M);
	add_extent(&strips, 0, 16 * M, 4 * M);
	add_extent(&strips, 0, 32 * M, 4 * M);
	for (int kind = 0; kind < 2; kind++) {
		const struct msg *whole = kind ? &strips : &simple;

		for (size_t len = 0; len <= whole->len; len++)
			exercise(whole->b, len);
		for (size_t at = 0; at < whole->len; at += 4)
			for (size_t i = 0; i < UNIT_NR(values); i++)
				for (size_t bytes = 4; bytes <= 8; bytes += 4) {
					m = *whole;
					put(&m, at, at + 8 <= m.len ? bytes : 4, values[i]);
					exercise(m.b, m.len);
				}
	}
}

UNIT_MAIN

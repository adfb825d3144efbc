/* SPDX-License-Identifier: Apache-2.0 */
#include <endian.h>

#include "csum.h"
#include "data_random.h"
#include "random.h"
#include "unit.h"

#define STREAM (1310720U + 64U) /* five times what is made side by side, and a little more */
#define GUARD  0xa5

/* One for all: the tables take a moment. */
static struct random_jump *jump(void)
{
	static struct random_jump tables;
	static bool made;

	if (!made)
		random_jump_init(&tables);
	made = true;
	return &tables;
}

static uint64_t turn(uint64_t x, unsigned int k)
{
	return x << k | x >> (64 - k);
}

/* The generator as FORMAT.md 11 tells it, one output after the other. */
static void naive(uint64_t seed, uint8_t *buf, size_t len)
{
	uint64_t x = seed & 0xffffffff, s[2], z, t;

	for (unsigned int i = 0; i < 2; i++) {
		x += 0x9E3779B97F4A7C15;
		z = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
		z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
		s[i] = z ^ (z >> 31);
	}
	for (size_t i = 0; i < len; i += 4) {
		uint64_t out = s[0] + s[1];

		for (size_t j = 0; j < 4 && i + j < len; j++)
			buf[i + j] = (uint8_t)(out >> (8 * j));
		t = s[0] ^ s[1];
		s[0] = turn(s[0], 55) ^ t ^ (t << 14);
		s[1] = turn(t, 36);
	}
}

static void make(uint64_t seed, uint64_t off, void *buf, size_t len)
{
	struct random_state state = random_seek(jump(), seed, off);

	random_fill(jump(), &state, buf, len);
}

UNIT_TEST(golden_vectors)
{
	static uint8_t buf[65537 + 8];

	for (size_t i = 0; i < UNIT_NR(golden_randoms); i++) {
		const struct golden_random *row = &golden_randoms[i];

		UNIT_ROW("seed 0x%" PRIx64 ", %zu bytes", row->seed, row->len);
		memset(buf, GUARD, sizeof(buf));
		make(row->seed, 0, buf, row->len);
		CHECK_EQ(csum_crc32(buf, row->len), row->crc);
		for (size_t j = row->len; j < row->len + 8; j++)
			CHECK_EQ(buf[j], GUARD);
	}
	for (size_t i = 0; i < UNIT_NR(golden_firsts); i++) {
		UNIT_ROW("seed 0x%" PRIx64, golden_firsts[i].seed);
		make(golden_firsts[i].seed, 0, buf, sizeof(golden_firsts[i].first));
		CHECK_MEM(buf, golden_firsts[i].first, sizeof(golden_firsts[i].first));
	}
}

/* Made side by side or one by one, the bytes are the same; the end may be odd. */
static void check_lengths(const uint8_t *want, uint8_t *got)
{
	static const size_t lens[] = {
		0,       1,      2,       3,       4,       5,       7,      9,      65535,
		65536,   65537,  262143,  262144,  262145,  262146,  262147, 262148, 524287,
		524288,  524293, 1048575, 1048577, 1310719, 1310720, 65539,  131072, 1310723,
		1310725, 15359,  15360,   15364,   261119,  261120,  261121, 276480,
	};

	for (size_t i = 0; i < UNIT_NR(lens); i++) {
		UNIT_ROW("%zu bytes", lens[i]);
		memset(got, GUARD, STREAM);
		make(42, 0, got, lens[i]);
		CHECK_MEM(got, want, lens[i]);
		for (size_t j = 0; j < 8; j++)
			CHECK_EQ(got[lens[i] + j], GUARD);
	}
}

static void check_streams(const uint8_t *want, uint8_t *got)
{
	static const size_t lens[] = { 0, 64, 15359, 15360, 261120, 300000, 1310720 };

	for (size_t i = 0; i < UNIT_NR(lens); i++) {
		struct random_state state = random_seek(jump(), 42, 0);
		size_t done;

		UNIT_ROW("%s, %zu bytes", jump()->ops->name, lens[i]);
		memset(got, GUARD, STREAM);
		CHECK_EQ(random_stream(jump(), &state, got + 4, lens[i]), 0);
		done = random_stream(jump(), &state, got, lens[i]);
		CHECK(done <= lens[i] && done % 64 == 0);
		CHECK(!jump()->ops->stream || lens[i] - done < 15360);
		CHECK_EQ(got[done], GUARD);
		/* What is left is made behind it. */
		random_fill(jump(), &state, got + done, lens[i] - done);
		CHECK_MEM(got, want, lens[i]);
		CHECK_EQ(got[lens[i]], GUARD);
	}
}

/* Whatever vector units this CPU has, and without any. */
UNIT_TEST(every_length)
{
	const struct random_ops *best = jump()->ops;
	uint8_t *want = malloc(STREAM), *got = aligned_alloc(64, STREAM);
	unsigned int nr;

	REQUIRE(want && got);
	naive(42, want, STREAM);
	for (nr = 0; random_ops(nr); nr++) {
		jump()->ops = random_ops(nr);
		check_lengths(want, got);
		check_streams(want, got);
	}
	CHECK(nr >= 1);
	CHECK_EQ(best == random_ops(0), true);
	jump()->ops = best;
	free(want);
	free(got);
}

UNIT_TEST(a_jump_equals_running)
{
	uint8_t *want = malloc(STREAM), got[64];
	uint32_t dice = 1;

	REQUIRE(want);
	naive(0xdeadbeef, want, STREAM);
	for (unsigned int i = 0; i < 2000; i++) {
		size_t off, len;

		dice = dice * 1664525 + 1013904223;
		off = dice % (STREAM - 64) / 4 * 4;
		len = (dice >> 8) % 64 + 1;
		/* Powers of two, and the words beside them. */
		if (i < 60)
			off = (1U << (2 + i / 3)) + 4 * (i % 3) - 4;
		if (off > STREAM - 64)
			continue;
		UNIT_ROW("%zu bytes at %zu", len, off);
		make(0xdeadbeef, off, got, len);
		CHECK_MEM(got, want + off, len);
	}
	free(want);
}

/* Nobody can run so far: made by another implementation of the powers. */
UNIT_TEST(far_jumps)
{
	static const struct {
		uint64_t seed, off;
		uint8_t want[8];
	} rows[] = {
		{ 0x1, 0x1000000, { 0x29, 0xad, 0xfc, 0x64, 0x9a, 0x55, 0x2c, 0x4f } },
		{ 0x2a, 0x100000004, { 0xc7, 0x77, 0xdc, 0x64, 0x08, 0x4f, 0x13, 0xbe } },
		{ 0x7, 0x10000000000, { 0x9b, 0x91, 0x3e, 0x36, 0xd8, 0x56, 0xd4, 0x10 } },
		{ 0x7, 0x1000000000c, { 0x4a, 0x37, 0xf4, 0xd9, 0xe6, 0xd4, 0x57, 0x69 } },
		{ 0xffffffff,
		  0x3ffffffffffffffc,
		  { 0x80, 0x1c, 0x7b, 0xab, 0xe0, 0x75, 0xec, 0x06 } },
		{ 0x1, 0x4000000000000000, { 0x6a, 0x81, 0x96, 0x68, 0xe1, 0xff, 0xc4, 0x6b } },
		{ 0x3, 0x8000000000000000, { 0x95, 0x43, 0x31, 0xb2, 0x25, 0xa9, 0xdf, 0x1b } },
		{ 0x63, 0xfffffffffffffffc, { 0x3c, 0x0a, 0xf5, 0x13, 0x1e, 0x90, 0x6a, 0x20 } },
	};
	uint8_t got[8];

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		UNIT_ROW("offset 0x%" PRIx64, rows[i].off);
		make(rows[i].seed, rows[i].off, got, sizeof(got));
		CHECK_MEM(got, rows[i].want, sizeof(got));
	}
}

UNIT_TEST(pieces_make_the_whole)
{
	static const size_t pieces[] = { 4, 262144, 8, 262148, 65536, 524288, 12, 100000 };
	uint8_t *want = malloc(STREAM), *got = malloc(STREAM);
	struct random_state state = random_seek(jump(), 7, 0);
	size_t at = 0;

	REQUIRE(want && got);
	naive(7, want, STREAM);
	for (size_t i = 0; i < UNIT_NR(pieces); i++) {
		random_fill(jump(), &state, got + at, pieces[i]);
		at += pieces[i];
	}
	random_fill(jump(), &state, got + at, 3);
	REQUIRE(at + 3 < STREAM);
	CHECK_MEM(got, want, at + 3);
	free(want);
	free(got);
}

UNIT_TEST(only_the_low_half_of_a_seed_counts)
{
	uint8_t a[64], b[64];

	make(5, 100, a, sizeof(a));
	make(0xffffffff00000005, 100, b, sizeof(b));
	CHECK_MEM(a, b, sizeof(a));
	make(6, 100, b, sizeof(b));
	CHECK(memcmp(a, b, sizeof(a)) != 0);
}

UNIT_MAIN

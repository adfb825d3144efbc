/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "names.h"
#include "unit.h"

#define MANY 5000

/* Entry numbers are names here: "n<entry>". */
static int same_number(void *data, uint64_t entry)
{
	return *(const uint64_t *)data == entry;
}

static uint64_t hash_of(const struct names *names, uint64_t entry)
{
	char name[32];

	return names_hash(&names->key, name,
			  (size_t)snprintf(name, sizeof(name), "n%" PRIu64, entry));
}

/* -1: not found; else entry * 2 + directory */
static int64_t find(const struct names *names, uint64_t hash, uint64_t entry)
{
	uint64_t found = 0;
	bool dir = false;
	int rc = names_find(names, hash, same_number, &entry, &found, &dir);

	CHECK(rc == 0 || rc == 1);
	return rc ? (int64_t)(found * 2 + dir) : -1;
}

/* Short names that differ in their first byte and in their length, by the same bits perhaps. */
UNIT_TEST(lengths_are_told_apart)
{
	static uint64_t hashes[16 * 20];
	struct names_key key;
	unsigned int nr = 0;
	char name[32];

	REQUIRE(!names_key_make(&key));
	memset(name, '1', sizeof(name));
	for (char first = 'a'; first < 'a' + 16; first++) {
		name[0] = first;
		for (size_t len = 1; len <= 20; len++)
			hashes[nr++] = names_hash(&key, name, len);
	}
	for (unsigned int i = 0; i < nr; i++)
		for (unsigned int j = 0; j < i; j++)
			CHECK(hashes[i] != hashes[j]);
}

UNIT_TEST(growth)
{
	struct names names;

	REQUIRE(!names_init(&names, 0));
	for (uint64_t i = 0; i < MANY; i++) {
		CHECK_EQ(find(&names, hash_of(&names, i), i), -1);
		CHECK_EQ(names_add(&names, hash_of(&names, i), i, i % 3 == 0), 0);
	}
	CHECK_EQ(names.used, MANY);
	CHECK(names.mask + 1 > MANY);
	for (uint64_t i = 0; i < MANY; i++)
		CHECK_EQ(find(&names, hash_of(&names, i), i), i * 2 + (i % 3 == 0));
	CHECK_EQ(find(&names, hash_of(&names, MANY), MANY), -1);
	names_fini(&names);
	names_fini(&names);
}

UNIT_TEST(expected_entries_need_no_growth)
{
	struct names names;
	uint64_t mask;

	REQUIRE(!names_init(&names, MANY));
	mask = names.mask;
	CHECK_EQ(mask & (mask + 1), 0);
	for (uint64_t i = 0; i < MANY; i++)
		CHECK_EQ(names_add(&names, hash_of(&names, i), i, false), 0);
	CHECK_EQ(names.mask, mask);
	names_fini(&names);
}

/* Removing from, and adding to, a table at random, beside a plain list. */
UNIT_TEST(removal)
{
	static bool there[400];
	struct names names;
	uint64_t seed = 3;

	REQUIRE(!names_init(&names, 0));
	for (int round = 0; round < 6000; round++) {
		uint64_t entry;

		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		entry = (seed >> 33) % UNIT_NR(there);
		if (there[entry])
			names_remove(&names, hash_of(&names, entry), entry);
		else
			CHECK_EQ(names_add(&names, hash_of(&names, entry), entry, entry & 1), 0);
		there[entry] = !there[entry];
		for (uint64_t i = 0; round % 50 == 0 && i < UNIT_NR(there); i++)
			CHECK_EQ(find(&names, hash_of(&names, i), i),
				 there[i] ? (int64_t)(i * 2 + (i & 1)) : -1);
	}
	names_fini(&names);
}

UNIT_TEST(removal_of_what_is_not_there)
{
	struct names names;

	REQUIRE(!names_init(&names, 0));
	names_remove(&names, hash_of(&names, 1), 1);
	CHECK_EQ(names_add(&names, hash_of(&names, 1), 1, true), 0);
	names_remove(&names, hash_of(&names, 2), 2);
	names_remove(&names, hash_of(&names, 1), 2);
	CHECK_EQ(names.used, 1);
	CHECK_EQ(find(&names, hash_of(&names, 1), 1), 3);
	names_remove(&names, hash_of(&names, 1), 1);
	CHECK_EQ(names.used, 0);
	CHECK_EQ(find(&names, hash_of(&names, 1), 1), -1);
	names_fini(&names);
}

/* All of one hash: every candidate is asked, and each entry is still found and removed. */
UNIT_TEST(equal_hashes)
{
	static const uint64_t hashes[] = { 0, 1, UINT64_MAX, 0x123456789abcdef0 };

	for (size_t h = 0; h < UNIT_NR(hashes); h++) {
		struct names names;

		UNIT_ROW("%" PRIx64, hashes[h]);
		REQUIRE(!names_init(&names, 0));
		for (uint64_t i = 0; i < 300; i++)
			CHECK_EQ(names_add(&names, hashes[h], i, i & 1), 0);
		for (uint64_t i = 0; i < 300; i += 3)
			names_remove(&names, hashes[h], i);
		for (uint64_t i = 0; i < 300; i++)
			CHECK_EQ(find(&names, hashes[h], i),
				 i % 3 ? (int64_t)(i * 2 + (i & 1)) : -1);
		CHECK_EQ(names.used, 200);
		names_fini(&names);
	}
}

/* Tags that share a place without being equal push each other along, over the table's end too. */
UNIT_TEST(neighbours)
{
	struct names names;
	uint64_t hashes[40];

	REQUIRE(!names_init(&names, 0));
	for (uint64_t i = 0, tag = 1; i < UNIT_NR(hashes); tag++) {
		/* The last places of the table. */
		if (((tag * 0x9e3779b1ULL) & names.mask) >= names.mask - 1)
			hashes[i++] = tag << 32;
	}
	for (uint64_t i = 0; i < UNIT_NR(hashes); i++)
		CHECK_EQ(names_add(&names, hashes[i], i, false), 0);
	for (uint64_t gone = 0; gone < UNIT_NR(hashes); gone++) {
		uint64_t victim = gone * 7 % UNIT_NR(hashes);

		names_remove(&names, hashes[victim], victim);
		CHECK_EQ(find(&names, hashes[victim], victim), -1);
		for (uint64_t later = gone + 1; later < UNIT_NR(hashes); later++) {
			uint64_t i = later * 7 % UNIT_NR(hashes);

			CHECK_EQ(find(&names, hashes[i], i), i * 2);
		}
	}
	names_fini(&names);
}

UNIT_TEST(largest_entries)
{
	struct names names;

	REQUIRE(!names_init(&names, 0));
	CHECK_EQ(names_add(&names, 1, NAMES_ENTRIES_MAX, false), -EFBIG);
	CHECK_EQ(names_add(&names, 1, UINT64_MAX, false), -EFBIG);
	CHECK_EQ(names.used, 0);
	CHECK_EQ(names_add(&names, 1, NAMES_ENTRIES_MAX - 1, true), 0);
	CHECK_EQ(find(&names, 1, NAMES_ENTRIES_MAX - 1), (NAMES_ENTRIES_MAX - 1) * 2 + 1);
	names_fini(&names);
}

static int fails(void *data, uint64_t entry)
{
	(void)entry;
	return *(int *)data;
}

UNIT_TEST(failures_of_the_comparison)
{
	struct names names;
	uint64_t entry = 77;
	int rc = -EIO;
	bool dir = true;

	REQUIRE(!names_init(&names, 0));
	CHECK_EQ(names_find(&names, 5, fails, &rc, &entry, &dir), 0);
	CHECK_EQ(names_add(&names, 5, 1, false), 0);
	CHECK_EQ(names_find(&names, 5, fails, &rc, &entry, &dir), -EIO);
	CHECK_EQ(entry, 77);
	CHECK(dir);
	names_fini(&names);
}

UNIT_TEST(hashes_are_keyed)
{
	struct names a, b;
	char name[100], other[100];

	REQUIRE(!names_init(&a, 0) && !names_init(&b, 0));
	CHECK(memcmp(&a.key, &b.key, sizeof(a.key)) != 0);
	memset(name, 'n', sizeof(name));
	for (size_t len = 1; len < sizeof(name); len++) {
		UNIT_ROW("%zu", len);
		CHECK_EQ(names_hash(&a.key, name, len), names_hash(&a.key, name, len));
		CHECK(names_hash(&a.key, name, len) != names_hash(&b.key, name, len));
		CHECK(names_hash(&a.key, name, len) != names_hash(&a.key, name, len - 1));
		/* Each byte counts, and nothing behind the name. */
		for (size_t i = 0; i < sizeof(name); i++) {
			memcpy(other, name, sizeof(other));
			other[i] = 'm';
			CHECK_EQ(names_hash(&a.key, name, len) == names_hash(&a.key, other, len),
				 i >= len);
		}
	}
	/* Names of zeros differ by their length alone. */
	memset(name, 0, sizeof(name));
	for (size_t len = 1; len < 40; len++)
		CHECK(names_hash(&a.key, name, len) != names_hash(&a.key, name, len - 1));
	names_fini(&a);
	names_fini(&b);
}

UNIT_MAIN

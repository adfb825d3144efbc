/* SPDX-License-Identifier: Apache-2.0 */

#include "bits.h"
#include "unit.h"

#define BITS  331
#define WORDS 6

static uint64_t seed = 42;

static uint64_t any(uint64_t below)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (seed >> 33) % below;
}

static bool get(const uint64_t *words, uint64_t bit)
{
	return words[bit / 64] >> (bit % 64) & 1;
}

static uint64_t naive_next(const bool *model, uint64_t first, uint64_t end, bool want)
{
	while (first < end && model[first] != want)
		first++;
	return first < end ? first : end;
}

static void compare(const uint64_t *words, const bool *model)
{
	uint64_t first = any(BITS), end = first + any(BITS - first + 1), count = 0;

	for (uint64_t i = 0; i < BITS; i++)
		if (get(words, i) != model[i])
			CHECK_MSG(false, "bit %" PRIu64, i);
	for (uint64_t i = first; i < end; i++)
		count += model[i];
	CHECK_EQ(bits_count(words, first, end - first), count);
	CHECK_EQ(bits_next_set(words, first, end), naive_next(model, first, end, true));
	CHECK_EQ(bits_next_clear(words, first, end), naive_next(model, first, end, false));
}

UNIT_TEST(against_a_model)
{
	/* The word behind must stay as it is. */
	uint64_t words[WORDS + 1] = { 0 };
	bool model[BITS] = { 0 };

	words[WORDS] = 0x1234;
	for (int round = 0; round < 3000; round++) {
		uint64_t first = any(BITS), nr = any(4) ? any(8) : any(BITS), was = 0;
		unsigned int what = (unsigned int)any(3);

		if (nr > BITS - first)
			nr = BITS - first;
		UNIT_ROW("round %d: %u of %" PRIu64 "+%" PRIu64, round, what, first, nr);
		for (uint64_t i = first; i < first + nr; i++) {
			was += model[i];
			model[i] = what != 0;
		}
		if (what == 0)
			bits_clear(words, first, nr);
		else if (what == 1)
			bits_set(words, first, nr);
		else
			CHECK_EQ(bits_set_seen(words, first, nr), was > 0);
		compare(words, model);
	}
	CHECK_EQ(words[WORDS], 0x1234);
}

UNIT_TEST(edges)
{
	const uint64_t none[2] = { 0, 0 }, all[2] = { UINT64_MAX, UINT64_MAX };

	CHECK_EQ(bits_next_set(none, 0, 128), 128);
	CHECK_EQ(bits_next_clear(all, 0, 128), 128);
	CHECK_EQ(bits_next_set(all, 127, 128), 127);
	CHECK_EQ(bits_next_set(all, 128, 128), 128);
	CHECK_EQ(bits_next_set(all, 7, 5), 5);
	CHECK_EQ(bits_next_set(none, 3, 3), 3);
	CHECK_EQ(bits_count(all, 0, 128), 128);
	CHECK_EQ(bits_count(all, 5, 0), 0);
	CHECK_EQ(bits_words(0), 0);
	CHECK_EQ(bits_words(1), 1);
	CHECK_EQ(bits_words(64), 1);
	CHECK_EQ(bits_words(65), 2);
	CHECK_EQ(bits_words(UINT64_MAX), 1ULL << 58);
	CHECK_EQ(bits_mask(0, 64), UINT64_MAX);
	CHECK_EQ(bits_mask(63, 1), 1ULL << 63);
	CHECK_EQ(bits_mask(4, 3), 0x70);
}

/* Over hundreds of words that are alike but for one bit, or none, from and to anywhere. */
UNIT_TEST(far_apart)
{
	enum { FAR = 300 * 64 };
	uint64_t words[301];
	static const uint64_t all[] = { 0, UINT64_MAX };

	for (int round = 0; round < 20000; round++) {
		uint64_t first = any(FAR), end = first + any(FAR - first + 1), bit = any(FAR);
		uint64_t flip = all[round % 2], behind = end;

		memset(words, flip & 0xff, sizeof(words));
		words[bit / 64] ^= 1ULL << bit % 64;
		/* What lies behind the end does not count. */
		words[end / 64] ^= 1ULL << end % 64;
		if (bit >= first && bit < end)
			behind = bit;
		UNIT_ROW("round %d: [%" PRIu64 ", %" PRIu64 "), bit %" PRIu64, round, first, end,
			 bit);
		CHECK_EQ(flip ? bits_next_clear(words, first, end)
			      : bits_next_set(words, first, end),
			 behind);
	}
}

UNIT_MAIN

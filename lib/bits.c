/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of bits in an array of 64-bit words. */
#include "bits.h"

/* One word of a range: takes its part off the range's front. */
static uint64_t take_word(uint64_t *first, uint64_t *nr, uint64_t *ret_mask)
{
	unsigned int bit = (unsigned int)(*first % BITS_WORD);
	uint64_t part = BITS_WORD - bit, word = *first / BITS_WORD;

	if (part > *nr)
		part = *nr;
	*ret_mask = bits_mask(bit, part);
	*first += part;
	*nr -= part;
	return word;
}

void bits_set(uint64_t *words, uint64_t first, uint64_t nr)
{
	uint64_t mask, word;

	while (nr) {
		word = take_word(&first, &nr, &mask);
		words[word] |= mask;
	}
}

void bits_clear(uint64_t *words, uint64_t first, uint64_t nr)
{
	uint64_t mask, word;

	while (nr) {
		word = take_word(&first, &nr, &mask);
		words[word] &= ~mask;
	}
}

bool bits_set_seen(uint64_t *words, uint64_t first, uint64_t nr)
{
	bool hit = false;
	uint64_t mask, word;

	while (nr) {
		word = take_word(&first, &nr, &mask);
		hit |= (words[word] & mask) != 0;
		words[word] |= mask;
	}
	return hit;
}

/* Most words are all alike, and counting takes many steps where the CPU is not asked to do it. */
static uint64_t count_word(uint64_t word)
{
	if (word == 0 || word == UINT64_MAX)
		return word & BITS_WORD;
	return (uint64_t)__builtin_popcountll(word);
}

uint64_t bits_count(const uint64_t *words, uint64_t first, uint64_t nr)
{
	uint64_t mask, word, count = 0;

	while (nr) {
		word = take_word(&first, &nr, &mask);
		count += count_word(words[word] & mask);
		for (; nr >= BITS_WORD; nr -= BITS_WORD, first += BITS_WORD)
			count += count_word(words[first / BITS_WORD]);
	}
	return count;
}

/* Words that are passed over in one step where they are all alike, as most of a device is. */
enum { STEP = 64 };

static bool is_step(const uint64_t *words, uint64_t word, uint64_t last, uint64_t all)
{
	words += word;
	return word % STEP == 0 && last - word >= STEP && words[0] == all &&
	       !memcmp(words, words + 1, (STEP - 1) * sizeof(*words));
}

/* The first bit that differs from @flip's in [first, end). */
static uint64_t next_bit(const uint64_t *words, uint64_t first, uint64_t end, uint64_t flip)
{
	uint64_t word = first / BITS_WORD, last, found;

	if (first >= end)
		return end;
	last = (end - 1) / BITS_WORD;
	found = (words[word] ^ flip) & (UINT64_MAX << first % BITS_WORD);
	while (!found && word < last) {
		word++;
		while (is_step(words, word, last, flip))
			word += STEP;
		found = words[word] ^ flip;
	}
	if (!found)
		return end;
	word = word * BITS_WORD + (uint64_t)__builtin_ctzll(found);
	return word < end ? word : end;
}

uint64_t bits_next_set(const uint64_t *words, uint64_t first, uint64_t end)
{
	return next_bit(words, first, end, 0);
}

uint64_t bits_next_clear(const uint64_t *words, uint64_t first, uint64_t end)
{
	return next_bit(words, first, end, UINT64_MAX);
}

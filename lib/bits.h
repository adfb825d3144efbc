/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of bits in an array of 64-bit words. */
#ifndef BITS_H
#define BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define BITS_WORD 64

static inline uint64_t bits_words(uint64_t nr)
{
	return nr / BITS_WORD + (nr % BITS_WORD != 0);
}

/* Bits [first, first + nr) of one word, 1 <= nr <= 64 - first. */
static inline uint64_t bits_mask(unsigned int first, uint64_t nr)
{
	return (nr >= BITS_WORD ? UINT64_MAX : (1ULL << nr) - 1) << first;
}

/* Are @len bytes all zero? */
static inline bool bits_none(const void *data, size_t len)
{
	const uint8_t *p = data;

	return len == 0 || (p[0] == 0 && !memcmp(p, p + 1, len - 1));
}

void bits_set(uint64_t *words, uint64_t first, uint64_t nr);
void bits_clear(uint64_t *words, uint64_t first, uint64_t nr);
/* Sets a range; true if a bit of it was set before. */
bool bits_set_seen(uint64_t *words, uint64_t first, uint64_t nr);
uint64_t bits_count(const uint64_t *words, uint64_t first, uint64_t nr);
/* The first set (clear) bit in [first, end); @end if there is none. */
uint64_t bits_next_set(const uint64_t *words, uint64_t first, uint64_t end);
uint64_t bits_next_clear(const uint64_t *words, uint64_t first, uint64_t end);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes that `creat --randomize` puts into a file. */
#include <endian.h>
#include <string.h>

#include "random.h"

/*
 * One output waits for the one before it. Four sections of the data are made side by side, so that
 * the CPU has four chains to work on.
 */
#define LANES         4
#define SECTION_POWER 14 /* 2^14 outputs, 64 KiB */
#define SECTION       (1ULL << SECTION_POWER)

static inline uint64_t rotl(uint64_t x, unsigned int k)
{
	return x << k | x >> (64 - k);
}

static inline uint32_t next(struct random_state *state)
{
	uint64_t s0 = state->s[0], s1 = state->s[1], t = s1 ^ s0;

	state->s[0] = rotl(s0, 55) ^ t ^ (t << 14);
	state->s[1] = rotl(t, 36);
	return (uint32_t)(s0 + s1);
}

static struct random_state multiply(const struct random_matrix *matrix, struct random_state state)
{
	struct random_state sum = { { 0, 0 } };

	for (unsigned int i = 0; i < 128; i++) {
		uint64_t take = -(state.s[i / 64] >> (i % 64) & 1);

		sum.s[0] ^= matrix->column[i].s[0] & take;
		sum.s[1] ^= matrix->column[i].s[1] & take;
	}
	return sum;
}

void random_jump_init(struct random_jump *jump)
{
	for (unsigned int i = 0; i < 128; i++) {
		struct random_state bit = { { 0, 0 } };

		bit.s[i / 64] = 1ULL << (i % 64);
		next(&bit);
		jump->power[0].column[i] = bit;
	}
	for (unsigned int k = 1; k < RANDOM_POWERS; k++) {
		for (unsigned int i = 0; i < 128; i++)
			jump->power[k].column[i] = multiply(&jump->power[k - 1],
							    jump->power[k - 1].column[i]);
	}
}

static uint64_t splitmix64(uint64_t *x)
{
	uint64_t z = *x += 0x9E3779B97F4A7C15ULL;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ULL;
	z = (z ^ z >> 27) * 0x94D049BB133111EBULL;
	return z ^ z >> 31;
}

struct random_state random_seek(const struct random_jump *jump, uint64_t seed, uint64_t off)
{
	uint64_t x = (uint32_t)seed, outputs = off / sizeof(uint32_t);
	struct random_state state;

	state.s[0] = splitmix64(&x);
	state.s[1] = splitmix64(&x);
	for (unsigned int k = 0; k < RANDOM_POWERS; k++) {
		if (outputs >> k & 1)
			state = multiply(&jump->power[k], state);
	}
	return state;
}

static inline void store(char *at, uint32_t output)
{
	uint32_t word = htole32(output);

	memcpy(at, &word, sizeof(word));
}

/* LANES sections; @state ends where the last one does. */
static void fill_sections(const struct random_jump *jump, struct random_state *state, char *out)
{
	const struct random_matrix *section = &jump->power[SECTION_POWER];
	struct random_state a = *state, b, c, d;

	b = multiply(section, a);
	c = multiply(section, b);
	d = multiply(section, c);
	for (uint64_t i = 0; i < SECTION; i++) {
		char *at = out + i * sizeof(uint32_t);

		store(at, next(&a));
		store(at + SECTION * sizeof(uint32_t), next(&b));
		store(at + 2 * SECTION * sizeof(uint32_t), next(&c));
		store(at + 3 * SECTION * sizeof(uint32_t), next(&d));
	}
	*state = d;
}

void random_fill(const struct random_jump *jump, struct random_state *state, void *buf, size_t len)
{
	const size_t block = LANES * SECTION * sizeof(uint32_t);
	char *out = buf, tail[sizeof(uint32_t)];

	for (; len >= block; out += block, len -= block)
		fill_sections(jump, state, out);
	for (; len >= sizeof(uint32_t); out += sizeof(uint32_t), len -= sizeof(uint32_t))
		store(out, next(state));
	if (len) {
		store(tail, next(state));
		memcpy(out, tail, len);
	}
}

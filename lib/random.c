/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes that `creat --randomize` puts into a file. */
#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include "random_impl.h"

/*
 * One output waits for the one before it. Sections of the data are made side by side, so that the
 * CPU has several chains to work on. Their lengths are sums of neighbouring powers of two, which
 * makes them easy to jump over, and no powers of two, which would put all lanes into the same few
 * lines of the cache.
 */
static const struct section {
	unsigned int first_power, last_power;
} sections[RANDOM_SECTIONS] = { { 4, 11 }, { 4, 7 } };

static inline size_t section_outputs(unsigned int i)
{
	return (2U << sections[i].last_power) - (1U << sections[i].first_power);
}

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

/* ----------------------------------------------------------------------- jumping */

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

static void table_init(struct random_table *table, const struct random_matrix *matrix)
{
	memset(table, 0, sizeof(*table));
	for (unsigned int i = 0; i < 32; i++) {
		for (unsigned int v = 1; v < 16; v++) {
			const struct random_state *rest = &table->nibble[i][v & (v - 1)];
			const struct random_state *bit =
				&matrix->column[4 * i + (unsigned int)__builtin_ctz(v)];

			table->nibble[i][v].s[0] = rest->s[0] ^ bit->s[0];
			table->nibble[i][v].s[1] = rest->s[1] ^ bit->s[1];
		}
	}
}

static struct random_state look_up(const struct random_table *table, struct random_state state)
{
	struct random_state sum = { { 0, 0 } };

	for (unsigned int i = 0; i < 32; i++) {
		const struct random_state *part =
			&table->nibble[i][state.s[i / 16] >> (i % 16 * 4) & 15];

		sum.s[0] ^= part->s[0];
		sum.s[1] ^= part->s[1];
	}
	return sum;
}

static void multiply_all(struct random_matrix *matrix, const struct random_table *table)
{
	for (unsigned int i = 0; i < 128; i++)
		matrix->column[i] = look_up(table, matrix->column[i]);
}

static struct random_state unit(unsigned int bit)
{
	struct random_state state = { { 0, 0 } };

	state.s[bit / 64] = 1ULL << (bit % 64);
	return state;
}

/* The powers are made one from the other; the sections, of those that pass by. */
static void make_matrices(struct random_jump *jump, struct random_matrix *section)
{
	struct random_table table;

	for (unsigned int k = 0; k < RANDOM_POWERS; k++) {
		if (k > 0) {
			jump->power[k] = jump->power[k - 1];
			multiply_all(&jump->power[k], &table);
		}
		table_init(&table, &jump->power[k]);
		for (unsigned int i = 0; i < RANDOM_SECTIONS; i++) {
			if (k >= sections[i].first_power && k <= sections[i].last_power)
				multiply_all(&section[i], &table);
		}
	}
}

void random_jump_init(struct random_jump *jump)
{
	struct random_matrix section[RANDOM_SECTIONS];

	for (unsigned int i = 0; i < 128; i++) {
		struct random_state bit = unit(i);

		for (unsigned int j = 0; j < RANDOM_SECTIONS; j++)
			section[j].column[i] = bit;
		next(&bit);
		jump->power[0].column[i] = bit;
	}
	make_matrices(jump, section);
	for (unsigned int i = 0; i < RANDOM_SECTIONS; i++)
		table_init(&jump->section[i], &section[i]);
	jump->ops = random_ops(0);
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

/* ------------------------------------------------------------------------ making */

static inline void store(char *at, uint32_t output)
{
	uint32_t word = htole32(output);

	memcpy(at, &word, sizeof(word));
}

/* Four lanes are as many chains as a CPU has units for. */
static void fill_plain(struct random_lanes *lanes, void *out, size_t outputs)
{
	size_t section = outputs * sizeof(uint32_t);

	for (unsigned int lane = 0; lane < RANDOM_LANES; lane += 4) {
		struct random_state state[4];
		char *at = (char *)out + lane * section;

		for (unsigned int i = 0; i < 4; i++)
			state[i] = (struct random_state){ { lanes->s0[lane + i],
							    lanes->s1[lane + i] } };
		for (size_t i = 0; i < outputs; i++, at += sizeof(uint32_t)) {
			store(at, next(&state[0]));
			store(at + section, next(&state[1]));
			store(at + 2 * section, next(&state[2]));
			store(at + 3 * section, next(&state[3]));
		}
		for (unsigned int i = 0; i < 4; i++) {
			lanes->s0[lane + i] = state[i].s[0];
			lanes->s1[lane + i] = state[i].s[1];
		}
	}
}

static const struct random_ops plain = { .name = "plain", .fill = fill_plain };

const struct random_ops *random_ops(unsigned int nr)
{
	const struct random_ops *arch[2];
	unsigned int have = random_arch_ops(arch);

	if (nr < have)
		return arch[nr];
	return nr == have ? &plain : NULL;
}

/* As many blocks of sections as fit; @state ends where the last lane does. */
static size_t fill_blocks(const struct random_jump *jump, unsigned int section,
			  struct random_state *state, char *out, size_t len, bool stream)
{
	const size_t outputs = section_outputs(section);
	const size_t block = RANDOM_LANES * outputs * sizeof(uint32_t);
	struct random_lanes lanes;
	size_t done = 0;

	for (; len - done >= block; done += block) {
		for (unsigned int i = 0; i < RANDOM_LANES; i++) {
			lanes.s0[i] = state->s[0];
			lanes.s1[i] = state->s[1];
			if (i + 1 < RANDOM_LANES)
				*state = look_up(&jump->section[section], *state);
		}
		if (stream)
			jump->ops->stream(&lanes, out + done, outputs);
		else
			jump->ops->fill(&lanes, out + done, outputs);
		state->s[0] = lanes.s0[RANDOM_LANES - 1];
		state->s[1] = lanes.s1[RANDOM_LANES - 1];
	}
	return done;
}

static size_t fill_sections(const struct random_jump *jump, struct random_state *state, char *out,
			    size_t len, bool stream)
{
	size_t done = 0;

	for (unsigned int i = 0; i < RANDOM_SECTIONS; i++)
		done += fill_blocks(jump, i, state, out + done, len - done, stream);
	return done;
}

void random_fill(const struct random_jump *jump, struct random_state *state, void *buf, size_t len)
{
	char *out = buf, tail[sizeof(uint32_t)];
	size_t done = fill_sections(jump, state, out, len, false);

	out += done;
	len -= done;
	for (; len >= sizeof(uint32_t); out += sizeof(uint32_t), len -= sizeof(uint32_t))
		store(out, next(state));
	if (len) {
		store(tail, next(state));
		memcpy(out, tail, len);
	}
}

size_t random_stream(const struct random_jump *jump, struct random_state *state, void *dst,
		     size_t len)
{
	if (!jump->ops->stream || (uintptr_t)dst % 64)
		return 0;
	return fill_sections(jump, state, dst, len, true);
}

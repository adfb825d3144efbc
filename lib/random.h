/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes that `creat --randomize` puts into a file (FORMAT.md 11): xoroshiro128+ in its 2016
 * form, four bytes from each output. The generator is linear over GF(2), so its state after any
 * number of outputs is that number's power of one 128x128 bit matrix: sections of a file can be
 * made by several threads, and several at once in one thread.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random_state {
	uint64_t s[2];
};

/* A 128x128 bit matrix: what each bit of the state becomes. */
struct random_matrix {
	struct random_state column[128];
};

#define RANDOM_POWERS 62

/* power[k] takes the state 2^k outputs further. 127 KiB: for the heap. */
struct random_jump {
	struct random_matrix power[RANDOM_POWERS];
};

void random_jump_init(struct random_jump *jump);

/* The state where byte @off of the data begins; @off is a multiple of 4. Only the low 32 bits of
 * @seed count, as with the existing tools. */
struct random_state random_seek(const struct random_jump *jump, uint64_t seed, uint64_t off);

/* The next @len bytes; but for the last call for a file, @len is a multiple of 4. */
void random_fill(const struct random_jump *jump, struct random_state *state, void *buf, size_t len);

#endif

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

/* The same, by the values of four bits each: faster to multiply with. */
struct random_table {
	struct random_state nibble[32][16];
};

#define RANDOM_LANES 16

/* So many states, to be run side by side. */
struct random_lanes {
	uint64_t s0[RANDOM_LANES], s1[RANDOM_LANES];
};

/*
 * @fill: stores the next @outputs outputs of each lane, a multiple of 16, one lane's behind the
 *	other's.
 * @stream: the same by streaming stores, to be fenced by the caller; @out is a multiple of 64.
 *	NULL: this CPU is not known to have such stores.
 */
struct random_ops {
	const char *name;
	void (*fill)(struct random_lanes *lanes, void *out, size_t outputs);
	void (*stream)(struct random_lanes *lanes, void *out, size_t outputs);
};

/* Those that this CPU can run, the best first; NULL behind the last. All make the same bytes. */
const struct random_ops *random_ops(unsigned int nr);

#define RANDOM_POWERS   62
#define RANDOM_SECTIONS 2

/*
 * power[k] takes the state 2^k outputs further, section[] from one lane's section to the next
 * one's. 143 KiB: for the heap.
 */
struct random_jump {
	struct random_matrix power[RANDOM_POWERS];
	struct random_table section[RANDOM_SECTIONS];
	const struct random_ops *ops;
};

void random_jump_init(struct random_jump *jump);

/* The state where byte @off of the data begins; @off is a multiple of 4. Only the low 32 bits of
 * @seed count, as with the existing tools. */
struct random_state random_seek(const struct random_jump *jump, uint64_t seed, uint64_t off);

/* The next @len bytes; but for the last call for a file, @len is a multiple of 4. */
void random_fill(const struct random_jump *jump, struct random_state *state, void *buf, size_t len);

/*
 * As much of the next @len bytes as can be streamed to @dst, in whole lines of 64 bytes; to be
 * fenced by the caller. Return: how many bytes that is, perhaps none.
 */
size_t random_stream(const struct random_jump *jump, struct random_state *state, void *dst,
		     size_t len);

#endif

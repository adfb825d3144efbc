/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzz targets have in common. A target is one file fuzz_NAME.c that defines fuzz_one(),
 * and perhaps the others. It is linked with libFuzzer, or with corpus.c, whose main() runs the
 * files of a corpus; limits.c is between the two and the target.
 */
#ifndef FAMFS_TESTS_FUZZ_H
#define FAMFS_TESTS_FUZZ_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUZZ_NR(array) (sizeof(array) / sizeof((array)[0]))

/* One input. What is wrong with the library ends in fuzz_fail(). */
void fuzz_one(const uint8_t *data, size_t size);

/* Once, before the first input. */
void fuzz_begin(void);

/* Another input made from @data in place. Return: its size, at most @max. */
size_t fuzz_mutate(uint8_t *data, size_t size, size_t max, unsigned int seed);

/* Says what is wrong, also when stderr is closed to the target, and aborts. */
_Noreturn void fuzz_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define FUZZ_REQUIRE(cond, ...)                                                                    \
	do {                                                                                       \
		if (!(cond))                                                                       \
			fuzz_fail(__FILE__, __LINE__, __VA_ARGS__);                                \
	} while (0)

/* libFuzzer's side. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max) __attribute__((weak));

/* values.c, for mutators: a stream of numbers from a seed. */
struct fuzz_random {
	uint64_t state;
};
uint64_t fuzz_next(struct fuzz_random *random);
/* Below @nr, which is not 0. */
uint64_t fuzz_below(struct fuzz_random *random, uint64_t nr);
/* Values at which arithmetic breaks: powers of two and their neighbours, allocation units, ends. */
uint64_t fuzz_value(struct fuzz_random *random);

#endif

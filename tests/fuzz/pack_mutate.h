/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata images and undo files as inputs: the chain of checksums is kept right, mostly. */
#ifndef FAMFS_TESTS_FUZZ_PACK_MUTATE_H
#define FAMFS_TESTS_FUZZ_PACK_MUTATE_H

#include "fuzz.h"

/* A file in memory. */
int fuzz_pack_file(const char *name);

/* As fuzz_mutate(). */
size_t fuzz_pack_mutate(uint8_t *data, size_t size, size_t max, unsigned int seed);

#endif

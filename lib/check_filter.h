/* SPDX-License-Identifier: Apache-2.0 */
/* The hash of a name, and where its bits are. */
#ifndef CHECK_FILTER_H
#define CHECK_FILTER_H

#include "check_impl.h"

static inline uint64_t check_hash(const struct famfs_check *check, const char *path, size_t len)
{
	return (names_hash(&check->key, path, len) & ~CHECK_MARKS) | CHECK_PRESENT;
}

static inline uint64_t check_word_of(const struct check_filter *filter, uint64_t hash)
{
	return (hash / (CHECK_MARKS + 1)) & (filter->words - 1);
}

/* Two bits, by other bits of the hash than the word. */
static inline uint64_t check_mask_of(uint64_t hash)
{
	return 1ULL << (hash >> 58) | 1ULL << (hash >> 52 & 63);
}

static inline bool check_has_all(uint64_t word, uint64_t mask)
{
	return (word & mask) == mask;
}

#endif

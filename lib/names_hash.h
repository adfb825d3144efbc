/* SPDX-License-Identifier: Apache-2.0 */
/* The hash of a name, keyed. Inline, since the check of a log computes two for each entry. */
#ifndef NAMES_HASH_H
#define NAMES_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct names_key {
	uint64_t words[2];
};

static inline uint64_t names_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t names_load64(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

static inline uint64_t names_load32(const char *p)
{
	uint32_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* Less than eight bytes; with their number, all of them count. */
static inline uint64_t names_load_few(const char *p, size_t len)
{
	if (len >= sizeof(uint32_t))
		return names_load32(p) | names_load32(p + len - sizeof(uint32_t)) << 32;
	if (!len)
		return 0;
	return (uint64_t)(uint8_t)p[0] | (uint64_t)(uint8_t)p[len / 2] << 8 |
	       (uint64_t)(uint8_t)p[len - 1] << 16;
}

/* The length is spread by the key, since names of two lengths may differ in its low bits alone. */
static inline uint64_t names_hash(const struct names_key *key, const char *name, size_t len)
{
	uint64_t h = key->words[0] ^ len * key->words[1], last;

	if (len >= sizeof(uint64_t)) {
		last = names_load64(name + len - sizeof(uint64_t));
		for (; len > sizeof(uint64_t); name += sizeof(uint64_t), len -= sizeof(uint64_t))
			h = names_mix(h ^ names_load64(name), key->words[1]);
	} else {
		last = names_load_few(name, len);
	}
	return names_mix(names_mix(h ^ last, key->words[1]), key->words[0] | 1);
}

#endif

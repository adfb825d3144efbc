/* SPDX-License-Identifier: Apache-2.0 */
/* Names with nothing to say about. Inline, since the check of a log looks at each of them. */
#ifndef PATH_PLAIN_H
#define PATH_PLAIN_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "famfs.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define PATH_STEP 16

/* A bit for each of PATH_STEP bytes, the lowest for the first. */
struct path_bits {
	uint32_t nul, slash, dot;
	uint32_t odd; /* neither a NUL nor printable ASCII */
};

#ifdef __SSE2__

static inline uint32_t path_equal(__m128i bytes, char byte)
{
	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte)));
}

static inline void path_look(const char *p, struct path_bits *bits)
{
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
	/* Signed: what is not ASCII is below a blank, too. */
	__m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(' '));

	bits->nul = path_equal(bytes, '\0');
	bits->slash = path_equal(bytes, '/');
	bits->dot = path_equal(bytes, '.');
	bits->odd = ((uint32_t)_mm_movemask_epi8(low) & ~bits->nul) | path_equal(bytes, 0x7f);
}

#else

#define PATH_EACH_BYTE(b) ((b)*0x0101010101010101ULL)

/* The highest bit of each byte, gathered. */
static inline uint32_t path_gather(uint64_t word)
{
	return (uint32_t)((((word & PATH_EACH_BYTE(0x80)) >> 7) * 0x0102040810204080ULL) >> 56);
}

static inline uint32_t path_equal(uint64_t word, unsigned char byte)
{
	const uint64_t low7 = PATH_EACH_BYTE(0x7f);
	uint64_t diff = word ^ PATH_EACH_BYTE(byte);

	return path_gather(~(((diff & low7) + low7) | diff | low7));
}

/* Below a blank, or not ASCII. */
static inline uint32_t path_low(uint64_t word)
{
	return path_gather(word | ~((word | PATH_EACH_BYTE(0x80)) - PATH_EACH_BYTE(0x20)));
}

static inline void path_look(const char *p, struct path_bits *bits)
{
	uint64_t word[2];

	memset(bits, 0, sizeof(*bits));
	memcpy(word, p, sizeof(word));
	for (unsigned int i = 0; i < 2; i++) {
		uint64_t w = le64toh(word[i]);
		uint32_t nul = path_equal(w, '\0');

		bits->nul |= nul << 8 * i;
		bits->slash |= path_equal(w, '/') << 8 * i;
		bits->dot |= path_equal(w, '.') << 8 * i;
		bits->odd |= ((path_low(w) & ~nul) | path_equal(w, 0x7f)) << 8 * i;
	}
}

#endif

/*
 * Nearly every name is plain: printable ASCII, no part that is empty or begins with a dot. Return:
 * true with the name's length and that of its directory's name (0: the root); false:
 * path_problems() must look.
 */
static inline bool path_is_plain(const char raw[FAMFS_PATH_SIZE], size_t *ret_len,
				 size_t *ret_parent_len)
{
	uint32_t begins = 1; /* a part begins with the first byte, as behind a slash */
	size_t parent_len = 0;

	for (size_t at = 0; at < FAMFS_PATH_SIZE; at += PATH_STEP) {
		struct path_bits bits;
		uint32_t end, inside, slash;

		path_look(raw + at, &bits);
		end = bits.nul & -bits.nul;
		inside = end - 1;
		slash = bits.slash & inside;
		begins |= slash << 1;
		if ((bits.odd & inside) | (begins & (slash | bits.dot | end)))
			return false;
		begins = begins >> PATH_STEP & 1;
		if (slash)
			parent_len = at + 31 - (size_t)__builtin_clz(slash);
		if (end) {
			*ret_len = at + (size_t)__builtin_ctz(end);
			*ret_parent_len = parent_len;
			return true;
		}
	}
	return false;
}

_Static_assert(FAMFS_PATH_SIZE % PATH_STEP == 0, "a field is looked at in whole steps");

#endif

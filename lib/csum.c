/* SPDX-License-Identifier: Apache-2.0 */
/* The checksum of the media. */
#ifdef HAVE_LIBISAL
#include <isa-l/crc.h>
#else
#include <libdeflate.h>
#endif

#include "csum.h"

#if defined(HAVE_LIBISAL) && defined(__x86_64__)
#include <immintrin.h>

/*
 * ISA-L leaves the upper halves of the vector registers in use. Until somebody clears them, every
 * instruction on the lower halves also waits for what was there: SHA-256 by libcrypto then takes a
 * third longer, in this thread and in all that it starts.
 */
__attribute__((target("avx"))) static void clear_upper(void)
{
	_mm256_zeroupper();
}

static void leave_vectors(void)
{
	if (__builtin_cpu_supports("avx"))
		clear_upper();
}
#else
static void leave_vectors(void) {}
#endif

/* Entries are short, and there ISA-L takes half the time: 18 ns instead of 39 on one machine. */
uint64_t csum_crc32(const void *data, size_t len)
{
	uint64_t crc;

#ifdef HAVE_LIBISAL
	crc = crc32_gzip_refl(0, data, len);
#else
	crc = libdeflate_crc32(0, data, len);
#endif
	leave_vectors();
	return crc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The checksum of the media. */
#ifdef HAVE_LIBISAL
#include <isa-l/crc.h>
#else
#include <libdeflate.h>
#endif

#include "csum.h"

/* Entries are short, and there ISA-L takes half the time: 18 ns instead of 39 on one machine. */
uint64_t csum_crc32(const void *data, size_t len)
{
#ifdef HAVE_LIBISAL
	return crc32_gzip_refl(0, data, len);
#else
	return libdeflate_crc32(0, data, len);
#endif
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The checksum of the media. */
#include <libdeflate.h>

#include "csum.h"

uint64_t csum_crc32(const void *data, size_t len)
{
	return libdeflate_crc32(0, data, len);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The checksum of the media: CRC-32, IEEE polynomial (FORMAT.md 1.2). */
#ifndef CSUM_H
#define CSUM_H

#include <stddef.h>
#include <stdint.h>

uint64_t csum_crc32(const void *data, size_t len);

#endif

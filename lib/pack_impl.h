/* SPDX-License-Identifier: Apache-2.0 */
/* The records of a pack, as pack.h describes them. */
#ifndef PACK_IMPL_H
#define PACK_IMPL_H

#include <stddef.h>

#include "pack.h"

#define PACK_RECORD_MAGIC 0x67526d46U /* "FmRg" */

enum pack_flag {
	PACK_SCRUBBED = 1 << 0,
	PACK_HAS_SUPER = 1 << 1,
	PACK_AFTER_SUPER = 1 << 2,
	PACK_AFTER_LOG = 1 << 3,
};
#define PACK_FLAGS      (PACK_SCRUBBED | PACK_HAS_SUPER)
#define PACK_FLAGS_UNDO (PACK_FLAGS | PACK_AFTER_SUPER | PACK_AFTER_LOG)

enum pack_type { PACK_ZEROS = 1, PACK_STORED = 2, PACK_DEFLATE = 3, PACK_END = 4 };

struct fm_pack_header {
	uint8_t fm_magic[PACK_MAGIC_LEN];        /* 0 */
	struct le32 fm_version;                  /* 8 */
	struct le32 fm_kind;                     /* 12 */
	struct le32 fm_flags;                    /* 16 */
	uint8_t fm_pad[4];                       /* 20 */
	struct le64 fm_created;                  /* 24 */
	struct le64 fm_dev_size;                 /* 32 */
	uint8_t fm_uuid[16];                     /* 40 */
	uint8_t fm_dev_uuid[16];                 /* 56 */
	uint8_t fm_system_uuid[16];              /* 72 */
	char fm_device[FAMFS_IMAGE_DEVICE_SIZE]; /* 88 */
	struct le64 fm_after_super;              /* 344 */
	struct fm_log fm_after_log;              /* 352 */
	struct le64 fm_sum_before;               /* 400 */
	struct le64 fm_sum_after;                /* 408 */
	uint8_t fm_rest[92];                     /* 416 */
	struct le32 fm_crc;                      /* 508 */
};

struct fm_pack_record {
	struct le32 fm_magic;      /* 0 */
	struct le32 fm_type;       /* 4 */
	struct le64 fm_off;        /* 8 */
	struct le64 fm_len;        /* 16 */
	struct le32 fm_packed;     /* 24 */
	struct le32 fm_packed_crc; /* 28 */
	struct le32 fm_bytes_crc;  /* 32 */
	struct le32 fm_before;     /* 36 */
	uint8_t fm_pad[4];         /* 40 */
	struct le32 fm_crc;        /* 44 */
};

_Static_assert(sizeof(struct fm_pack_header) == 512, "header");
_Static_assert(offsetof(struct fm_pack_header, fm_crc) == 508, "header");
_Static_assert(sizeof(struct fm_pack_record) == 48, "record");
_Static_assert(offsetof(struct fm_pack_record, fm_crc) == 44, "record");

/* Packed bytes that a range of so many bytes has at least. */
static inline uint32_t pack_least(uint64_t len)
{
	return (uint32_t)((len + PACK_RATIO - 1) / PACK_RATIO);
}

#endif

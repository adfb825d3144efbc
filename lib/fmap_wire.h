/* SPDX-License-Identifier: Apache-2.0 */
/* The fmap message on the wire (FMAP.md 1 and 2). */
#ifndef FMAP_WIRE_H
#define FMAP_WIRE_H

#include "famfs.h"
#include "le.h"

/* The generations, by enum famfs_wire_id: none of the constants is settled, so all stand here. */
extern const struct famfs_wire fmap_wires[];

/* These also size arrays. */
#define FMAP_V1_EXTENTS_MAX 32
#define FMAP_V1_STRIPS_MAX  32

#define FMAP_VERSION       1        /* fmap_version, in both generations */
#define FMAP_FILE_TYPE_MAX 2        /* 0 regular, 1 superblock, 2 log */
#define FMAP_ALIGN         FAMFS_AU /* what the kernel wants of offsets and lengths */

struct fmap_header {
	uint8_t file_type;        /* 0 */
	uint8_t reserved;         /* 1 */
	struct le16 fmap_version; /* 2 */
	struct le32 ext_type;     /* 4 */
	struct le32 nextents;     /* 8 */
	struct le32 fmap_size;    /* 12: reserved without has_fmap_size */
	struct le64 file_size;    /* 16 */
	struct le64 reserved1;    /* 24 */
};

/* A simple extent, or a strip. */
struct fmap_simple {
	struct le32 devindex; /* 0 */
	struct le32 reserved; /* 4 */
	struct le64 off;      /* 8 */
	struct le64 len;      /* 16 */
};

/* Its strips follow. */
struct fmap_interleaved {
	struct le32 nstrips;    /* 0 */
	struct le32 chunk_size; /* 4 */
	struct le64 nbytes;     /* 8: of the file, served by this extent */
	struct le64 reserved;   /* 16 */
};

/* The GET_DAXDEV reply. */
struct fmap_daxdev {
	struct le16 index;     /* 0 */
	struct le16 reserved;  /* 2 */
	struct le32 reserved2; /* 4 */
	struct le64 reserved3; /* 8 */
	struct le64 reserved4; /* 16 */
	char name[256];        /* 24: NUL-terminated */
};

#define FMAP_AT(type, field, at)                                                                   \
	_Static_assert(offsetof(struct type, field) == (at), #type "." #field)

_Static_assert(sizeof(struct fmap_header) == 32, "fmap header");
FMAP_AT(fmap_header, fmap_version, 2);
FMAP_AT(fmap_header, ext_type, 4);
FMAP_AT(fmap_header, nextents, 8);
FMAP_AT(fmap_header, fmap_size, 12);
FMAP_AT(fmap_header, file_size, 16);
FMAP_AT(fmap_header, reserved1, 24);
_Static_assert(sizeof(struct fmap_simple) == 24, "simple extent");
FMAP_AT(fmap_simple, reserved, 4);
FMAP_AT(fmap_simple, off, 8);
FMAP_AT(fmap_simple, len, 16);
_Static_assert(sizeof(struct fmap_interleaved) == 24, "interleaved extent");
FMAP_AT(fmap_interleaved, chunk_size, 4);
FMAP_AT(fmap_interleaved, nbytes, 8);
FMAP_AT(fmap_interleaved, reserved, 16);
_Static_assert(sizeof(struct fmap_daxdev) == FAMFS_DAXDEV_LEN, "daxdev");
FMAP_AT(fmap_daxdev, name, 24);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The structures on the media, described once, and the one door between them and host memory
 * (FORMAT.md 1). Decoding judges nothing; what is valid is asked of the predicates.
 */
#ifndef MEDIA_H
#define MEDIA_H

#include <stddef.h>

#include "csum.h"
#include "famfs.h"
#include "le.h"

#define MEDIA_SUPER_MAGIC 0x87b282ffULL
#define MEDIA_LOG_MAGIC   0xbadcafef00dULL
/* In place of it while the log is rewritten ("REWRITE!"): nobody takes it for a log meanwhile. */
#define MEDIA_LOG_REWRITE 0x2145544952574552ULL
#define MEDIA_OMF_MAJOR   2
#define MEDIA_OMF_MINOR   2
#define MEDIA_FILE_FLAGS  2           /* what every writer puts there: all hosts read and write */
#define MEDIA_SUPER_LEN   0x200000ULL /* the superblock's region */

/* Superblock, at offset 0; its region ends where the log begins. */
struct fm_super {
	struct le64 fm_magic;       /* 0 */
	struct le64 fm_version;     /* 8 */
	struct le64 fm_log_offset;  /* 16 */
	struct le64 fm_log_len;     /* 24 */
	struct le64 fm_alloc_unit;  /* 32 */
	struct le32 fm_omf_major;   /* 40 */
	struct le32 fm_omf_minor;   /* 44 */
	uint8_t fm_uuid[16];        /* 48 */
	uint8_t fm_dev_uuid[16];    /* 64 */
	uint8_t fm_system_uuid[16]; /* 80: the master */
	struct le64 fm_crc;         /* 96: over bytes 0 to 95 */
	struct le32 fm_flags;       /* 104: never written, never read */
	uint8_t fm_pad[4];          /* 108 */
	struct le64 fm_dev_size;    /* 112: from here on not under the checksum */
	uint8_t fm_dd_uuid[16];     /* 120: never written */
	char fm_daxdev[64];         /* 136: no NUL if 64 or longer */
};

/* Log header, at FAMFS_LOG_OFF. */
struct fm_log {
	struct le64 fm_magic;       /* 0 */
	struct le64 fm_len;         /* 8: of the region, this header included */
	struct le64 fm_last_index;  /* 16: highest slot, inclusive */
	struct le64 fm_crc;         /* 24: over bytes 0 to 23 */
	struct le64 fm_next_seqnum; /* 32: not under the checksum */
	struct le64 fm_next_index;  /* 40: not under the checksum; the count */
};

struct fm_extent {
	struct le64 fm_devindex; /* 0 */
	struct le64 fm_offset;   /* 8 */
	struct le64 fm_len;      /* 16 */
};

struct fm_file {
	struct le64 fm_size;           /* 0 */
	struct le32 fm_flags;          /* 8 */
	struct le32 fm_uid;            /* 12 */
	struct le32 fm_gid;            /* 16 */
	struct le32 fm_mode;           /* 20 */
	char fm_path[FAMFS_PATH_SIZE]; /* 24 */
	struct le32 fm_ext_type;       /* 104 */
	uint8_t fm_pad1[4];            /* 108 */
	struct le32 fm_nextents;       /* 112 */
	uint8_t fm_pad2[4];            /* 116 */
	union {
		struct fm_extent fm_simple[FAMFS_EXTENTS_MAX]; /* 120 */
		struct {
			struct le64 fm_nstrips;                        /* 120 */
			struct le64 fm_chunk_size;                     /* 128 */
			struct fm_extent fm_strips[FAMFS_EXTENTS_MAX]; /* 136 */
		};
	};
};

struct fm_mkdir {
	struct le32 fm_uid;            /* 0 */
	struct le32 fm_gid;            /* 4 */
	struct le32 fm_mode;           /* 8 */
	char fm_path[FAMFS_PATH_SIZE]; /* 12 */
};

struct fm_add_daxdev {
	struct le64 fm_size;  /* 0 */
	uint8_t fm_uuid[16];  /* 8 */
	struct le32 fm_index; /* 24 */
	uint8_t fm_pad[4];    /* 28 */
};

struct fm_entry {
	struct le64 fm_seqnum; /* 0: the slot's index */
	struct le32 fm_type;   /* 8 */
	uint8_t fm_pad[4];     /* 12 */
	union {
		struct fm_file fm_file;
		struct fm_mkdir fm_mkdir;
		struct fm_add_daxdev fm_add_daxdev;
		uint8_t fm_union[520];
	};                  /* 16 */
	struct le64 fm_crc; /* 536: over bytes 0 to 535 */
};

#define MEDIA_AT(type, field, off)                                                                 \
	_Static_assert(offsetof(struct type, field) == (off), #type "." #field)

_Static_assert(sizeof(struct fm_super) == 200, "superblock");
MEDIA_AT(fm_super, fm_uuid, 48);
MEDIA_AT(fm_super, fm_system_uuid, 80);
MEDIA_AT(fm_super, fm_crc, 96);
MEDIA_AT(fm_super, fm_dev_size, 112);
MEDIA_AT(fm_super, fm_daxdev, 136);
_Static_assert(sizeof(struct fm_log) == 48, "log header");
MEDIA_AT(fm_log, fm_crc, 24);
MEDIA_AT(fm_log, fm_next_seqnum, 32);
MEDIA_AT(fm_log, fm_next_index, 40);
_Static_assert(sizeof(struct fm_extent) == 24, "extent");
_Static_assert(sizeof(struct fm_file) == 520, "file");
MEDIA_AT(fm_file, fm_mode, 20);
MEDIA_AT(fm_file, fm_path, 24);
MEDIA_AT(fm_file, fm_ext_type, 104);
MEDIA_AT(fm_file, fm_nextents, 112);
MEDIA_AT(fm_file, fm_simple, 120);
MEDIA_AT(fm_file, fm_chunk_size, 128);
MEDIA_AT(fm_file, fm_strips, 136);
_Static_assert(sizeof(struct fm_mkdir) == 92, "mkdir");
_Static_assert(sizeof(struct fm_add_daxdev) == 32, "add_daxdev");
_Static_assert(sizeof(struct fm_entry) == 544, "entry");
MEDIA_AT(fm_entry, fm_file, 16);
MEDIA_AT(fm_entry, fm_crc, 536);

#define MEDIA_ENTRY_LEN     sizeof(struct fm_entry)
#define MEDIA_LOG_SLOTS_OFF (FAMFS_LOG_OFF + sizeof(struct fm_log))

/* The log header, decoded. */
struct media_log {
	uint64_t len, last_index, next_seqnum, next_index;
};

void media_super_decode(const struct fm_super *raw, struct famfs_super *ret_super);
/* Unwritten bytes become zero; the checksum is filled in. */
void media_super_encode(const struct famfs_super *super, struct fm_super *ret_raw);
/* Makes the checksum right. */
void media_super_seal(struct fm_super *raw);
bool media_super_crc_ok(const struct fm_super *raw);

void media_log_decode(const struct fm_log *raw, struct media_log *ret_log);
void media_log_encode(const struct media_log *log, struct fm_log *ret_raw);
bool media_log_crc_ok(const struct fm_log *raw);

/* Slots of a log region of @len bytes; 0 if it cannot hold one. */
uint64_t media_log_slots(uint64_t len);
/* Media offset of a slot. */
uint64_t media_slot_off(uint64_t index);

/* @index becomes the decoded entry's index. Counts beyond the arrays are kept as recorded;
 * extents_nr is what may be walked. */
void media_entry_decode(const struct fm_entry *raw, uint64_t index, struct famfs_entry *ret_entry);
/* FILE and MKDIR only. @entry->seqnum is written; every byte not in a field is zero. */
void media_entry_encode(const struct famfs_entry *entry, struct fm_entry *ret_raw);
/* Makes the checksum right. */
void media_entry_seal(struct fm_entry *raw);
static inline bool media_entry_crc_ok(const struct fm_entry *raw)
{
	return le64_get(raw->fm_crc) == csum_crc32(raw, offsetof(struct fm_entry, fm_crc));
}

/* Sequence number and checksum are right: what every tool asks of an entry (FORMAT.md 5.4). */
static inline bool media_entry_ok(const struct fm_entry *raw, uint64_t index)
{
	return le64_get(raw->fm_seqnum) == index && media_entry_crc_ok(raw);
}
/* The path field of a FILE or MKDIR entry; NULL for other types. */
const char *media_entry_path(const struct fm_entry *raw);
bool media_entry_is_zero(const struct fm_entry *raw);

#endif

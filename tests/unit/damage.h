/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One small image, and every way to damage it that the table of problems knows. Include behind
 * image.h and create.h. The image is "a.img" in the working directory.
 */
#ifndef FAMFS_TESTS_DAMAGE_H
#define FAMFS_TESTS_DAMAGE_H

#include "problem.h"

#define SIZE   (64 * MIB)
#define HEADER FAMFS_LOG_OFF
#define HEAD   (FAMFS_LOG_OFF + 48 + 8 * 544)
#define SLOTS  3854

/* The good image's first bytes. */
static uint8_t good[HEAD];

/* Entries: 0 the directory d, 1 the file f, 2 the interleaved file i, 3 the file d/g. */
static inline void damage_make(struct famfs_ctx *ctx)
{
	struct famfs_create_req reqs[] = { create_req("d", 0), create_req("f", 4 * MIB),
					   create_req("i", 8 * MIB), create_req("d/g", 3 * MIB) };
	struct famfs *fs;

	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	fs = image_open(ctx, "a.img", FAMFS_OPEN_WRITE);
	reqs[2].nstrips = 2;
	reqs[2].nbuckets = 2;
	CHECK_EQ(famfs_create(fs, reqs, UNIT_NR(reqs), NULL, NULL), 0);
	famfs_close(fs);
	/* With room behind the strip, so that it can be made longer. */
	image_u64("a.img", image_slot(2) + 160, SIZE / 2);
	image_fix_entry("a.img", 2);
	image_read("a.img", 0, good, sizeof(good));
}

static inline void damage_undo(void)
{
	static const uint8_t zero[MEDIA_ENTRY_LEN];

	image_write("a.img", 0, good, sizeof(good));
	image_write("a.img", image_slot(SLOTS - 1), zero, sizeof(zero));
}

#define E(i, off) (HEADER + 48 + (i)*544ULL + (off))
#define FIRST     IMAGE_DATA /* where f lies */

/* One change of the image: 8 bytes, or with @half 4, at @off. */
struct patch {
	uint64_t off, value;
	bool half;
};

#define P(off, value)                                                                              \
	{                                                                                          \
		off, value, false                                                                  \
	}
#define H(off, value)                                                                              \
	{                                                                                          \
		off, value, true                                                                   \
	}
#define TEXT8(a, b, c, d, e, f, g, h)                                                              \
	((uint64_t)(a) | (uint64_t)(b) << 8 | (uint64_t)(c) << 16 | (uint64_t)(d) << 24 |          \
	 (uint64_t)(e) << 32 | (uint64_t)(f) << 40 | (uint64_t)(g) << 48 | (uint64_t)(h) << 56)

#define SUPER (-2)
#define LOG   (-3)
#define NONE  (-1)

/*
 * @fix: which checksum is made right again: SUPER, LOG, NONE, or an entry.
 * @want: what a check finds, @nr of them; -1: this first, and perhaps what follows from it.
 */
static const struct damage {
	const char *name;
	int fix;
	struct patch patches[4];
	enum problem want[6];
	int nr;
} damages[] = {
	{ "good", NONE, { P(104, 0) }, { 0 }, 0 },
	{ "no magic", NONE, { P(0, 1) }, { PROBLEM_SB_MAGIC }, 1 },
	{ "version 47", SUPER, { P(8, 47) }, { PROBLEM_SB_VERSION }, 1 },
	{ "super checksum", NONE, { P(48, 1) }, { PROBLEM_SB_CRC }, 1 },
	{ "allocation unit", SUPER, { P(32, 8192) }, { PROBLEM_ALLOC_UNIT }, 1 },
	{ "major version", SUPER, { H(40, 3) }, { PROBLEM_OMF_VERSION }, 1 },
	{ "minor version", SUPER, { H(44, 1) }, { 0 }, 0 },
	{ "log offset", SUPER, { P(16, 4 * MIB) }, { PROBLEM_LOG_OFFSET }, 1 },
	{ "super's log length", SUPER, { P(24, 4 * MIB) }, { PROBLEM_LOG_LEN }, 1 },
	{ "larger than it is", NONE, { P(112, SIZE + 1) }, { PROBLEM_DD_SIZE }, 1 },
	{ "smaller than it is", NONE, { P(112, SIZE - 1) }, { PROBLEM_DD_SIZE_SMALL }, 1 },
	{ "being rewritten", NONE, { P(HEADER, MEDIA_LOG_REWRITE) }, { PROBLEM_LOG_REWRITE }, 1 },
	{ "log magic", LOG, { P(HEADER, 5) }, { PROBLEM_LOG_MAGIC }, 1 },
	{ "log checksum", NONE, { P(HEADER + 24, 5) }, { PROBLEM_LOG_HEADER_CRC }, 1 },
	{ "last index", LOG, { P(HEADER + 16, 99) }, { PROBLEM_LAST_INDEX }, 1 },
	{ "log length", LOG, { P(HEADER + 8, MIB), P(HEADER + 16, 1926) }, { PROBLEM_LOG_LEN }, 1 },
	{ "unwritten entries",
	  NONE,
	  { P(HEADER + 32, 9), P(HEADER + 40, 9) },
	  { PROBLEM_NEXT_INDEX_RANGE, PROBLEM_ENTRY_CRC },
	  2 },
	{ "beyond the last slot",
	  NONE,
	  { P(HEADER + 32, SLOTS + 1), P(HEADER + 40, SLOTS + 1) },
	  { PROBLEM_NEXT_INDEX_RANGE },
	  1 },
	{ "next_seqnum", NONE, { P(HEADER + 32, 2) }, { PROBLEM_NEXT_SEQNUM }, 1 },
	{ "torn tail", NONE, { P(HEADER + 40, 3) }, { PROBLEM_TORN_TAIL }, 1 },
	{ "torn the other way", NONE, { P(HEADER + 32, 3) }, { PROBLEM_TORN_TAIL }, 1 },
	{ "seqnum", 1, { P(E(1, 0), 7) }, { PROBLEM_ENTRY_SEQNUM }, 1 },
	{ "checksum", NONE, { H(E(1, 28), 7) }, { PROBLEM_ENTRY_CRC }, 1 },
	{ "seqnum and checksum",
	  NONE,
	  { P(E(1, 0), 7) },
	  { PROBLEM_ENTRY_SEQNUM, PROBLEM_ENTRY_CRC },
	  2 },
	{ "type 2", 1, { H(E(1, 8), 2) }, { PROBLEM_ENTRY_TYPE }, 1 },
	{ "type 77", 1, { H(E(1, 8), 77) }, { PROBLEM_ENTRY_TYPE }, 1 },
	{ "empty name", 1, { P(E(1, 40), 0) }, { PROBLEM_PATH_EMPTY }, 1 },
	{ "absolute",
	  1,
	  { P(E(1, 40), TEXT8('/', 'a', 0, 0, 0, 0, 0, 0)) },
	  { PROBLEM_PATH_ABSOLUTE },
	  1 },
	{ "escape",
	  1,
	  { P(E(1, 40), TEXT8('.', '.', '/', 'a', 0, 0, 0, 0)) },
	  { PROBLEM_PATH_ESCAPE },
	  1 },
	{ "dot",
	  1,
	  { P(E(1, 40), TEXT8('d', '/', '.', '/', 'a', 0, 0, 0)) },
	  { PROBLEM_PATH_DOT },
	  1 },
	{ "meta",
	  1,
	  { P(E(1, 40), TEXT8('.', 'm', 'e', 't', 'a', '/', 'x', 0)) },
	  { PROBLEM_PATH_META },
	  1 },
	{ "meta itself",
	  1,
	  { P(E(1, 40), TEXT8('.', 'm', 'e', 't', 'a', 0, 0, 0)) },
	  { PROBLEM_PATH_META_DIR },
	  1 },
	{ "UTF-8", 1, { P(E(1, 40), 0xff) }, { PROBLEM_PATH_UTF8 }, 1 },
	{ "control", 1, { P(E(1, 40), '\n') }, { PROBLEM_PATH_CONTROL }, 1 },
	{ "duplicate file", 1, { P(E(1, 40), 'd') }, { PROBLEM_PATH_DUPLICATE }, 1 },
	{ "no parent",
	  1,
	  { P(E(1, 40), TEXT8('e', '/', 'a', 0, 0, 0, 0, 0)) },
	  { PROBLEM_PATH_NO_PARENT },
	  1 },
	{ "later parent",
	  0,
	  { P(E(0, 28), TEXT8('i', '/', 'a', 0, 0, 0, 0, 0)) },
	  { PROBLEM_PATH_NO_PARENT, PROBLEM_PATH_NO_PARENT },
	  2 },
	{ "below a file",
	  3,
	  { P(E(3, 40), TEXT8('f', '/', 'a', 0, 0, 0, 0, 0)) },
	  { PROBLEM_PATH_UNDER_FILE },
	  1 },
	{ "mode", 1, { H(E(1, 36), 0100644) }, { PROBLEM_MODE }, 1 },
	{ "mode of a directory", 0, { H(E(0, 24), 040755) }, { PROBLEM_MODE }, 1 },
	{ "setuid is no problem", 1, { H(E(1, 36), 07777) }, { 0 }, 0 },
	{ "size 0", 1, { P(E(1, 16), 0) }, { PROBLEM_SIZE_ZERO, PROBLEM_FMAP_UNSAFE }, 2 },
	{ "extent type", 1, { H(E(1, 120), 2) }, { PROBLEM_EXT_TYPE }, 1 },
	{ "17 extents", 1, { H(E(1, 128), 17) }, { PROBLEM_NEXTENTS_RANGE }, -1 },
	{ "0 extents", 1, { H(E(1, 128), 0) }, { PROBLEM_NEXTENTS_RANGE }, -1 },
	{ "2 interleaved extents", 2, { H(E(2, 128), 2) }, { PROBLEM_NEXTENTS_RANGE }, -1 },
	{ "17 strips", 2, { P(E(2, 136), 17) }, { PROBLEM_NSTRIPS_RANGE }, -1 },
	{ "2^32 strips", 2, { P(E(2, 136), 1ULL << 32) }, { PROBLEM_NSTRIPS_RANGE }, -1 },
	{ "0 strips", 2, { P(E(2, 136), 0) }, { PROBLEM_NSTRIPS_RANGE }, -1 },
	{ "chunk 0", 2, { P(E(2, 144), 0) }, { PROBLEM_CHUNK_SIZE, PROBLEM_FMAP_UNSAFE }, 2 },
	{ "chunk 4096",
	  2,
	  { P(E(2, 144), 4096) },
	  { PROBLEM_CHUNK_SIZE, PROBLEM_FMAP_REJECTED },
	  2 },
	{ "chunk 2^32", 2, { P(E(2, 144), 1ULL << 32) }, { PROBLEM_CHUNK_SIZE }, 1 },
	{ "device index", 1, { P(E(1, 136), 1) }, { PROBLEM_DEVINDEX, PROBLEM_FMAP_REJECTED }, 2 },
	{ "offset 0",
	  1,
	  { P(E(1, 144), 0) },
	  { PROBLEM_EXTENT_ZERO_OFFSET, PROBLEM_OVERLAP_META, PROBLEM_FMAP_UNSAFE },
	  3 },
	{ "in the log",
	  1,
	  { P(E(1, 144), 2 * MIB) },
	  { PROBLEM_OVERLAP_META, PROBLEM_FMAP_UNSAFE },
	  2 },
	{ "misaligned offset",
	  1,
	  { P(E(1, 144), FIRST + 4096), P(E(1, 16), 4096), P(E(1, 152), AU) },
	  { PROBLEM_EXTENT_MISALIGNED, PROBLEM_FMAP_REJECTED },
	  2 },
	{ "misaligned length",
	  1,
	  { P(E(1, 152), 4 * MIB - 1), P(E(1, 16), 4096) },
	  { PROBLEM_EXTENT_MISALIGNED, PROBLEM_FMAP_REJECTED },
	  2 },
	{ "end beyond 64 bits",
	  1,
	  { P(E(1, 144), UINT64_MAX - AU + 1) },
	  { PROBLEM_EXTENT_OVERFLOW, PROBLEM_EXTENT_BEYOND_DEVICE, PROBLEM_FMAP_UNSAFE },
	  3 },
	{ "beyond the device",
	  1,
	  { P(E(1, 144), SIZE - AU) },
	  { PROBLEM_EXTENT_BEYOND_DEVICE, PROBLEM_FMAP_UNSAFE },
	  2 },
	{ "short",
	  1,
	  { P(E(1, 16), 4 * MIB + 1) },
	  { PROBLEM_EXTENT_SHORT, PROBLEM_FMAP_REJECTED },
	  2 },
	{ "short strip",
	  2,
	  { P(E(2, 168), 8 * MIB), P(E(2, 192), AU) },
	  { PROBLEM_EXTENT_SHORT, PROBLEM_FMAP_UNSAFE },
	  2 },
	{ "overlap", 3, { P(E(3, 144), FIRST) }, { PROBLEM_OVERLAP }, 1 },
	{ "overlap by a little", 3, { P(E(3, 144), FIRST + AU) }, { PROBLEM_OVERLAP }, 1 },
};

/* Of all bytes up to the data: a sum that no hole can change. */
static inline uint64_t damage_sum(void)
{
	static uint8_t front[IMAGE_DATA];

	image_read("a.img", 0, front, sizeof(front));
	return csum_crc32(front, sizeof(front));
}

/* The good image with this damage alone. */
static inline void damage_do(const struct damage *row)
{
	damage_undo();
	for (size_t i = 0; i < UNIT_NR(row->patches); i++) {
		const struct patch *p = &row->patches[i];

		if (!p->off && !p->value)
			continue;
		if (p->half)
			image_u32("a.img", p->off, (uint32_t)p->value);
		else
			image_u64("a.img", p->off, p->value);
	}
	if (row->fix == SUPER)
		image_fix_super("a.img");
	else if (row->fix == LOG)
		image_fix_log("a.img");
	else if (row->fix >= 0)
		image_fix_entry("a.img", (uint64_t)row->fix);
}

/* An entry of a file whose name is nothing but @c, without an end. */
static inline void damage_path(uint64_t entry, char c)
{
	char path[FAMFS_PATH_SIZE];

	damage_undo();
	memset(path, c, sizeof(path));
	image_write("a.img", E(entry, 40), path, sizeof(path));
	image_fix_entry("a.img", entry);
}

static inline void damage_daxdev(uint64_t slot, uint32_t index, uint8_t uuid)
{
	uint8_t raw[544] = { 0 };

	raw[0] = (uint8_t)slot;
	raw[8] = FAMFS_ENTRY_ADD_DAXDEV;
	memset(raw + 24, uuid, 16);
	raw[40] = (uint8_t)index;
	image_write("a.img", image_slot(slot), raw, sizeof(raw));
	image_fix_entry("a.img", slot);
}

#endif

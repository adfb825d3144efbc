/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pack: ranges of a device in one file, compressed, with proof that all of it is there. Metadata
 * images and undo files are packs.
 *
 * All numbers are little-endian. The file is a header of 512 bytes, then for each range a record
 * of 48 bytes and its packed bytes, then the end record; nothing follows it.
 *
 *	header	 0  8	magic: 0x89 "FAMFSP" 0x0a
 *		 8  4	version: 1
 *		12  4	kind: 1 metadata image, 2 undo file
 *		16  4	flags: 1 names are scrubbed, 2 the UUIDs are those of a superblock; of an
 *			undo file also: 4 and 8 what its command leaves is known, below
 *		24  8	when it was made: seconds since 1970
 *		32  8	size of the device in bytes
 *		40 16	UUID of the file system; then of the device; then of the master's host
 *		88 256	name of the device as it was given, ends with NUL
 *	       344  8	with flag 4: checksum field of the superblock that the command leaves
 *	       352 48	with flag 8: log header that it leaves
 *	       400  8	with flag 8: sum over the checksums of the log's entries before the command,
 *	       408  8	and after it
 *	       508  4	checksum of bytes 0 to 507
 *
 *	record	 0  4	magic: "FmRg"
 *		 4  4	type: 1 zeros, 2 bytes as they are, 3 raw deflate, 4 the end
 *		 8  8	offset on the device; of the end: the number of records before it
 *		16  8	length on the device; of the end: of the whole file
 *		24  4	packed bytes that follow
 *		28  4	their checksum
 *		32  4	checksum of the bytes of the device
 *		36  4	the checksum at the end of the record before, of the header for the first
 *		40  4	zero
 *		44  4	checksum of bytes 0 to 43
 *
 * Checksums are CRC-32 (FORMAT.md 1.2). Bytes that are not named are zero. Ranges ascend and do not
 * overlap; those of a metadata image begin at 0 and have no gaps. A range of bytes has at most
 * PACK_CHUNK of them, and its packed bytes are at least 1/PACK_RATIO as many: what packs better is
 * followed by zeros. So a file of N bytes never unpacks to more than PACK_RATIO * N bytes that are
 * not zero, and reading it takes two chunks of memory.
 */
#ifndef PACK_H
#define PACK_H

#include <stdio.h>

#include "famfs.h"
#include "le.h"
#include "media.h"

#define PACK_MAGIC     "\211FAMFSP\n"
#define PACK_MAGIC_LEN 8
#define PACK_VERSION   1
#define PACK_CHUNK     0x100000U
#define PACK_RATIO     256U

/*
 * What the command that makes an undo file will leave: whoever restores it can tell whether more
 * has been done since. @log: it writes to the log; @header and the sums (log_sum()) are known.
 */
struct pack_after {
	bool super, log;
	uint64_t super_crc;
	struct fm_log header;
	uint64_t sum_before, sum_after;
};

struct libdeflate_compressor;
struct libdeflate_decompressor;

struct pack_writer {
	int fd;
	const char *name; /* of the file, for errors; borrowed */
	struct pack_after after;
	enum famfs_image_kind kind;
	uint64_t dev_size;
	uint64_t len;    /* bytes written */
	uint64_t nr;     /* records written */
	uint64_t end;    /* where the next range may begin */
	uint64_t zeros;  /* bytes before @end that are zero and have no record yet */
	uint32_t before; /* checksum that the next record names */
	struct libdeflate_compressor *compressor;
	uint8_t *packed; /* PACK_CHUNK bytes */
};

/*
 * Writes the header of a new pack to @w->fd, which may be a pipe. @w: zero but for @fd, @name and
 * @after. Of @info, what the header holds is used. Return: 0, what write(2) gives, -ENOMEM.
 */
int pack_create(struct pack_writer *w, const struct famfs_image_info *info, struct famfs_err *err);

/*
 * Adds @len bytes of the device at @off, not below the end of what was added before. Return: 0,
 * -EINVAL (out of order, or not on the device), what write(2) gives.
 */
int pack_add(struct pack_writer *w, uint64_t off, const void *buf, size_t len,
	     struct famfs_err *err);

/* The same of zeros that are known without a look: no other file comes of it. */
int pack_add_zeros(struct pack_writer *w, uint64_t off, uint64_t len, struct famfs_err *err);

/* Writes the end: without it the file counts as cut off. */
int pack_finish(struct pack_writer *w, struct famfs_err *err);

void pack_writer_fini(struct pack_writer *w); /* closes nothing */

struct pack_reader {
	int fd;
	const char *name;             /* borrowed */
	uint64_t base;                /* byte of the file where the pack begins */
	uint64_t at;                  /* next byte to read, from there */
	uint32_t before;              /* checksum that the next record names */
	uint64_t seen;                /* by pack_each(): 1 + the checksum of the end; 0: not yet */
	struct famfs_image_info info; /* counts are of what was read so far */
	struct pack_after after;
	struct libdeflate_decompressor *decompressor;
	uint8_t *packed, *bytes; /* PACK_CHUNK each */
};

/* A range: @bytes are NULL for zeros, else at most PACK_CHUNK that stay until the next call. */
struct pack_range {
	struct famfs_image_section section;
	const uint8_t *bytes;
};

/* Does a pack begin at this byte of a file? */
bool pack_is_one(int fd, uint64_t base);

/*
 * Reads the header of a pack in a file that can be read at offsets. Return: 0; -EUCLEAN: no pack,
 * damaged or cut off; -EOPNOTSUPP: a version, kind or flag that is not known; -EIO; -ENOMEM.
 */
int pack_open(struct pack_reader *r, int fd, uint64_t base, const char *name,
	      struct famfs_err *err);

/* Return: 1 for a range, 0 at the end of a whole and undamaged pack, -EUCLEAN, -EIO. */
int pack_next(struct pack_reader *r, struct pack_range *ret_range, struct famfs_err *err);

typedef int (*pack_range_fn)(void *data, const struct pack_range *range, struct famfs_err *err);

/*
 * Reads all the rest, hands each range to @fn (may be NULL), and tells what there was; pack_next()
 * and the next pack_each() then begin where this one did. @ret_info may be NULL.
 * Return: as pack_next(), but 0 at the end; what @fn returned if not 0; -ESTALE: at the end it
 * turns out that the file is not the one of the first pack_each().
 */
int pack_each(struct pack_reader *r, pack_range_fn fn, void *data,
	      struct famfs_image_info *ret_info, struct famfs_err *err);

void pack_reader_fini(struct pack_reader *r);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole file system as an input of a few hundred bytes:
 *
 *	controls	8 bytes
 *	superblock	length (1 byte), that many bytes
 *	log header	length (1 byte), that many bytes
 *	entries		flags (1 byte), slot (2 bytes), length (2 bytes), that many bytes; ...
 *
 * What is missing of a structure is zero. Magic numbers, lengths, counters, sequence numbers and
 * checksums are put right when it is expanded, unless a flag says that they are as given.
 */
#ifndef FAMFS_TESTS_FUZZ_IMAGE_H
#define FAMFS_TESTS_FUZZ_IMAGE_H

#include "fuzz.h"
#include "media.h"

#define FUZZ_ENTRIES_MAX 24
#define FUZZ_LOG_LEN     FAMFS_LOG_LEN_MIN
#define FUZZ_MASTER      "11111111-2222-3333-4444-555555555555"

enum fuzz_fs_flags {
	FUZZ_SUPER_GIVEN = 1 << 0,    /* checksum of the superblock */
	FUZZ_LOG_GIVEN = 1 << 1,      /* checksum of the log header */
	FUZZ_COUNTERS_GIVEN = 1 << 2, /* next_seqnum and next_index */
	FUZZ_FIELDS_GIVEN = 1 << 3,   /* everything else in superblock and log header */
};

enum fuzz_entry_flags {
	FUZZ_CRC_GIVEN = 1 << 0,
	FUZZ_SEQNUM_GIVEN = 1 << 1,
};

struct fuzz_entry {
	uint8_t flags;
	uint16_t slot;
	struct fm_entry raw;
};

/* @aus, @tail: size of the device, in allocation units above the smallest, and pages above that.
 * @action, @args: what is done with it. */
struct fuzz_fs {
	uint8_t flags, aus, tail, action, args[4];
	struct fm_super super;
	struct fm_log log;
	unsigned int nr;
	struct fuzz_entry entries[FUZZ_ENTRIES_MAX];
};

void fuzz_fs_parse(const uint8_t *data, size_t size, struct fuzz_fs *ret_fs);

/* Return: bytes written, at most @max. */
size_t fuzz_fs_pack(const struct fuzz_fs *fs, uint8_t *data, size_t max);

/* Puts right what no flag says is as given. */
void fuzz_fs_fix(struct fuzz_fs *fs);

uint64_t fuzz_fs_size(const struct fuzz_fs *fs);

/* Makes a file the image of @fs, all else zero. */
void fuzz_fs_store(const struct fuzz_fs *fs, int fd);

/* fs_mutate.c: one change. */
void fuzz_fs_mutate(struct fuzz_fs *fs, struct fuzz_random *random);

/* A context of the master on a host without anything: no processes are to be looked through. */
struct famfs_ctx *fuzz_ctx(void);

#endif

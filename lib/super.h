/* SPDX-License-Identifier: Apache-2.0 */
/* Reading, judging and writing the superblock. */
#ifndef SUPER_H
#define SUPER_H

#include "dev.h"
#include "famfs.h"

/* What can be wrong with it, as a bit set (FORMAT.md 2.2). */
enum super_problem {
	SUPER_BAD_MAGIC = 1 << 0,
	SUPER_BAD_VERSION = 1 << 1,
	SUPER_BAD_CRC = 1 << 2,
	SUPER_BAD_ALLOC_UNIT = 1 << 3,
	SUPER_BAD_LOG_OFF = 1 << 4,
	SUPER_CUT_OFF = 1 << 5, /* beside SUPER_BAD_MAGIC: a restore took it and was cut off */
};

/*
 * Maps and reads it; bad bytes are read once more after an invalidation. *@ret_super holds what is
 * there whatever @ret_problems says. Return: 0, -EUCLEAN (device too short to hold one), -EIO.
 */
int super_read(struct dev *dev, struct famfs_super *ret_super, unsigned int *ret_problems,
	       struct famfs_err *err);

/* Turns problems into the error that open gives: -EUCLEAN, -EOPNOTSUPP, or 0. */
int super_require(const struct dev *dev, const struct famfs_super *super, unsigned int problems,
		  struct famfs_err *err);

/* Bytes that may hold files: the smaller of the recorded and the real size. */
uint64_t super_usable_size(const struct dev *dev, const struct famfs_super *super);

/* Stores the whole superblock region's used bytes, zeroes the rest, written back and fenced. The
 * magic comes last, so that a torn superblock is none. */
int super_write(struct dev *dev, const struct famfs_super *super, struct famfs_err *err);

/* Makes it no superblock: the magic becomes 0, written back and fenced. */
int super_kill(struct dev *dev, struct famfs_err *err);

#endif

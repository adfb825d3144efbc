/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of restoring: may it be done, and doing it. */
#ifndef IMAGE_RESTORE_H
#define IMAGE_RESTORE_H

#include "dev.h"
#include "media.h"
#include "pack.h"
#include "undo.h"

/*
 * The sum over the checksums of the entries that will be there (log_sum()), in the making. @crc: of
 * entry @slot, @met: with what is on the device now, and with what the image has of it so far.
 */
struct restore_sum {
	uint64_t value, slot;
	struct le64 crc;
	bool met;
};

/*
 * @super, @log: as they will be on the media; @super_valid: it is one of this format.
 * @made: the device is an image without contents, or not even there (@dev is NULL then).
 * @marks: it is so large that it has a log, which is marked as long as it is written.
 */
struct restore {
	struct famfs_ctx *ctx;
	const struct famfs_restore_opts *opts;
	struct famfs_restore_result *result;
	const char *device;
	struct pack_reader *r;
	struct dev *dev;
	bool made, marks;
	struct fm_super super;
	struct fm_log log;
	struct restore_sum sum;
	struct undo *undo;
	uint8_t *buf; /* PACK_CHUNK bytes */
};

static inline bool restore_has(const struct restore *r, enum famfs_restore_flags flag)
{
	return r->opts->flags & (unsigned int)flag;
}

/* Copies the part of a range that lies in [@off, @off + @len) of the device to @buf. */
void restore_overlay(const struct pack_range *range, uint64_t off, void *buf, uint64_t len);

/* What will be on the device, before it is known whether there is one. Reads the whole file. */
int restore_look(struct restore *r, struct famfs_err *err);

/* Sizes; what is on the device; who this host is. Sets result->dev_size and ->replaced. */
int restore_judge(struct restore *r, struct famfs_err *err);

/* New UUIDs, the device's size. */
int restore_change_super(struct restore *r, struct famfs_err *err);

/* Counts what is different on the device. */
int restore_compare(struct restore *r, struct famfs_err *err);

/* Keeps what is there, and writes. */
int restore_write(struct restore *r, struct famfs_err *err);

#endif

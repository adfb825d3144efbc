/* SPDX-License-Identifier: Apache-2.0 */
/* Undo files: which ranges, and their bytes into a pack. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctx.h"
#include "err.h"
#include "log.h"
#include "pack.h"
#include "super.h"
#include "undo.h"
#include "undo_file.h"

#define SUPER_PAGE 4096 /* the superblock and what lies beside it */

struct range {
	uint64_t off, end;
};

struct undo {
	struct dev *dev;
	struct undo_file file;
	struct range *ranges;
	size_t nr, cap;
	struct pack_after after;
};

int undo_begin(struct dev *dev, const char *path, struct undo **ret_undo, struct famfs_err *err)
{
	struct undo *undo = calloc(1, sizeof(*undo));
	int rc;

	if (!undo)
		return err_nomem(err);
	undo->dev = dev;
	rc = undo_file_open(&undo->file, dev, path, err);
	if (!rc)
		rc = undo_save(undo, 0, dev->size < SUPER_PAGE ? dev->size : SUPER_PAGE, err);
	if (rc) {
		undo_close(undo);
		return rc;
	}
	*ret_undo = undo;
	return 0;
}

int undo_save(struct undo *undo, uint64_t off, uint64_t len, struct famfs_err *err)
{
	struct range *last = undo->nr ? &undo->ranges[undo->nr - 1] : NULL;
	struct range range = { .off = off };

	if (__builtin_add_overflow(off, len, &range.end) || range.end > undo->dev->size)
		return err_set(err, -ERANGE, undo->dev->name,
			       "%llu bytes at offset %llu lie outside (%llu bytes)",
			       (unsigned long long)len, (unsigned long long)off,
			       (unsigned long long)undo->dev->size);
	if (last && off >= last->off && off <= last->end) {
		last->end = range.end > last->end ? range.end : last->end;
		return 0;
	}
	if (undo->nr == undo->cap) {
		size_t cap = undo->cap ? 2 * undo->cap : 16;
		struct range *more = reallocarray(undo->ranges, cap, sizeof(*more));

		if (!more)
			return err_nomem(err);
		undo->ranges = more;
		undo->cap = cap;
	}
	undo->ranges[undo->nr++] = range;
	return 0;
}

/* Of the entries that are there now; 0 where no log is, or memory that cannot be read. */
static int sum_now(struct dev *dev, uint64_t *ret_sum, struct famfs_err *err)
{
	struct famfs_super super;
	unsigned int problems;
	struct log log;
	int rc = super_read(dev, &super, &problems, err);

	*ret_sum = 0;
	if (!rc)
		rc = log_open(dev, &super, problems == 0, &log, err);
	if (rc)
		return rc == -EUCLEAN ? 0 : rc;
	if (log_sum(&log, &(struct log_part){ .to = log.count, .end_at_blank = true }, ret_sum,
		    NULL))
		*ret_sum = 0;
	return 0;
}

int undo_expect(struct undo *undo, const struct undo_after *expect, struct famfs_err *err)
{
	struct pack_after *after = &undo->after;
	struct fm_super super;
	int rc = 0;

	if (!expect->super)
		rc = dev_read(undo->dev, 0, &super, sizeof(super), err);
	if (rc)
		return rc;
	after->super = true;
	after->super_crc = le64_get(expect->super ? expect->super->fm_crc : super.fm_crc);
	after->log = expect->log;
	if (!expect->log)
		return 0;
	after->header = *expect->log;
	rc = sum_now(undo->dev, &after->sum_before, err);
	after->sum_after = expect->sum ? *expect->sum : after->sum_before;
	return rc;
}

static int by_offset(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->off < y->off ? -1 : x->off > y->off;
}

/* In order, and what meets is one. */
static void merge(struct undo *undo)
{
	size_t nr = 0;

	qsort(undo->ranges, undo->nr, sizeof(*undo->ranges), by_offset);
	for (size_t i = 1; i < undo->nr; i++) {
		struct range *last = &undo->ranges[nr], *next = &undo->ranges[i];

		if (next->off > last->end)
			undo->ranges[++nr] = *next;
		else if (next->end > last->end)
			last->end = next->end;
	}
	undo->nr = nr + 1;
}

static int fill_info(struct undo *undo, struct famfs_image_info *info, struct famfs_err *err)
{
	struct famfs_super super;
	unsigned int problems;
	int rc = super_read(undo->dev, &super, &problems, err);

	if (rc)
		return rc;
	*info = (struct famfs_image_info){
		.kind = FAMFS_IMAGE_UNDO,
		.created = (uint64_t)time(NULL),
		.dev_size = undo->dev->size,
		.has_super = problems == 0,
	};
	dev_full_name(undo->dev, info->device, sizeof(info->device));
	if (problems)
		return 0;
	memcpy(info->uuid, super.uuid, sizeof(info->uuid));
	memcpy(info->dev_uuid, super.dev_uuid, sizeof(info->dev_uuid));
	memcpy(info->system_uuid, super.system_uuid, sizeof(info->system_uuid));
	return 0;
}

static int write_chunk(struct undo *undo, struct pack_writer *w, uint64_t at, size_t len,
		       uint8_t *buf, struct famfs_err *err)
{
	int rc = dev_scan(undo->dev, at, buf, len, err);

	return rc ? rc : pack_add(w, at, buf, len, err);
}

static int write_range(struct undo *undo, struct pack_writer *w, const struct range *range,
		       uint8_t *buf, struct famfs_err *err)
{
	int rc = 0;

	for (uint64_t at = range->off; at < range->end && !rc;) {
		uint64_t left = range->end - at, len = left < PACK_CHUNK ? left : PACK_CHUNK;
		uint64_t blank = dev_blank(undo->dev, at, range->end, PACK_CHUNK);

		if (ctx_cancelled(undo->dev->ctx))
			return err_set(err, -ECANCELED, undo->dev->name, "cancelled");
		if (blank)
			rc = pack_add_zeros(w, at, blank, err);
		else
			rc = write_chunk(undo, w, at, len, buf, err);
		at += blank ? blank : len;
	}
	return rc;
}

static int write_pack(struct undo *undo, struct pack_writer *w, struct famfs_err *err)
{
	uint8_t *buf = malloc(PACK_CHUNK);
	struct famfs_image_info info;
	int rc = buf ? fill_info(undo, &info, err) : err_nomem(err);

	if (!rc)
		rc = pack_create(w, &info, err);
	for (size_t i = 0; i < undo->nr && !rc; i++)
		rc = write_range(undo, w, &undo->ranges[i], buf, err);
	free(buf);
	return rc ? rc : pack_finish(w, err);
}

int undo_commit(struct undo *undo, struct famfs_err *err)
{
	struct pack_writer w = { .fd = undo->file.fd,
				 .name = undo->file.path,
				 .after = undo->after };
	int rc;

	merge(undo);
	rc = write_pack(undo, &w, err);
	pack_writer_fini(&w);
	return rc ? rc : undo_file_publish(&undo->file, err);
}

const char *undo_path(const struct undo *undo)
{
	return undo->file.path;
}

void undo_close(struct undo *undo)
{
	if (!undo)
		return;
	undo_file_close(&undo->file);
	free(undo->ranges);
	free(undo);
}

void undo_discard(struct undo *undo)
{
	if (undo)
		undo->file.published = false;
	undo_close(undo);
}

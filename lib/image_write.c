/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing what an image holds: what is there goes to the undo file; the old superblock dies; all
 * else is written and read back; the new superblock is born.
 */
#include <stddef.h>
#include <string.h>

#include "bits.h"
#include "err.h"
#include "image_restore.h"
#include "super.h"

#define MAGIC_LEN sizeof(((struct fm_super *)0)->fm_magic)

/* The part of a range behind the superblock, which is written by itself. False: there is none. */
static bool behind_super(const struct pack_range *range, struct pack_range *ret_part)
{
	const uint64_t first = sizeof(struct fm_super);
	struct famfs_image_section *s = &ret_part->section;
	uint64_t cut;

	*ret_part = *range;
	if (s->off >= first)
		return true;
	cut = first - s->off;
	if (cut >= s->len)
		return false;
	s->off += cut;
	s->len -= cut;
	if (ret_part->bytes)
		ret_part->bytes += cut;
	return true;
}

/* Bytes that differ, counted where blocks do. */
static uint64_t count_changes(const uint8_t *a, const uint8_t *b, size_t len)
{
	uint64_t nr = 0;

	if (b ? !memcmp(a, b, len) : bits_none(a, len))
		return 0;
	for (size_t i = 0; i < len; i++)
		nr += a[i] != (b ? b[i] : 0);
	return nr;
}

/* Compares a range with the device, piece by piece. */
static int compare_range(void *data, const struct pack_range *range, struct famfs_err *err)
{
	struct restore *r = data;
	struct pack_range part;
	int rc = 0;

	if (!behind_super(range, &part))
		return 0;
	for (uint64_t done = 0, len; done < part.section.len && !rc; done += len) {
		uint64_t off = part.section.off + done;

		len = part.section.len - done < PACK_CHUNK ? part.section.len - done : PACK_CHUNK;
		rc = dev_scan(r->dev, off, r->buf, len, err);
		if (!rc)
			r->result->changed += count_changes(r->buf,
							    part.bytes ? part.bytes + done : NULL,
							    len);
	}
	return rc;
}

static int compare_super(struct restore *r, size_t skip, struct famfs_err *err)
{
	const uint8_t *want = (const uint8_t *)&r->super;
	uint8_t now[sizeof(r->super)];
	int rc = dev_scan(r->dev, 0, now, sizeof(now), err);

	if (!rc)
		r->result->changed += count_changes(now + skip, want + skip, sizeof(now) - skip);
	return rc;
}

int restore_compare(struct restore *r, struct famfs_err *err)
{
	int rc;

	/* An image that is shorter has nothing there to compare with. */
	if (r->dev->size < r->result->info.end || r->dev->size < sizeof(r->super))
		return 0;
	rc = compare_super(r, 0, err);
	return rc ? rc : pack_each(r->r, compare_range, r, NULL, err);
}

/* The disk under an image has room before anything is lost. */
static int reserve_range(void *data, const struct pack_range *range, struct famfs_err *err)
{
	struct restore *r = data;

	if (!range->bytes)
		return 0;
	return dev_reserve(r->dev, range->section.off, range->section.len, err);
}

static int save_range(void *data, const struct pack_range *range, struct famfs_err *err)
{
	struct restore *r = data;

	return undo_save(r->undo, range->section.off, range->section.len, err);
}

static int store_range(void *data, const struct pack_range *range, struct famfs_err *err)
{
	struct restore *r = data;
	struct pack_range part;
	int rc;

	if (!behind_super(range, &part))
		return 0;
	if (!part.bytes)
		return dev_zero(r->dev, part.section.off, part.section.len, NULL, NULL, err);
	rc = dev_store(r->dev, part.section.off, part.bytes, part.section.len, err);
	return rc ? rc : dev_writeback(r->dev, part.section.off, part.section.len, err);
}

static int store_super(struct restore *r, size_t off, size_t len, struct famfs_err *err)
{
	int rc = dev_store(r->dev, off, (const uint8_t *)&r->super + off, len, err);

	if (!rc)
		rc = dev_writeback(r->dev, off, len, err);
	return rc ? rc : dev_fence(r->dev, err);
}

static int require_written(struct restore *r, struct famfs_err *err)
{
	if (!r->result->changed)
		return 0;
	return err_set(err, -EIO, r->device,
		       "what was written does not read back: the memory is faulty, or another "
		       "host writes to it");
}

static int store_all(struct restore *r, struct famfs_err *err)
{
	uint64_t before = r->result->changed;
	int rc = super_kill(r->dev, err);

	if (!rc)
		rc = pack_each(r->r, store_range, r, NULL, err);
	if (!rc)
		rc = store_super(r, MAGIC_LEN, sizeof(r->super) - MAGIC_LEN, err);
	r->result->changed = 0;
	if (!rc)
		rc = pack_each(r->r, compare_range, r, NULL, err);
	if (!rc)
		rc = compare_super(r, MAGIC_LEN, err);
	if (!rc)
		rc = require_written(r, err);
	if (!rc)
		rc = store_super(r, 0, MAGIC_LEN, err);
	if (!rc)
		rc = compare_super(r, 0, err);
	if (!rc)
		rc = require_written(r, err);
	r->result->changed = before;
	return rc ? rc : dev_finish(r->dev, err);
}

/* An image that was just made has nothing that could be lost. */
static int keep_old(struct restore *r, struct famfs_err *err)
{
	int rc;

	if (r->made)
		return 0;
	rc = undo_begin(r->dev, r->opts->undo, &r->undo, err);
	if (!rc)
		rc = pack_each(r->r, save_range, r, NULL, err);
	return rc ? rc : undo_commit(r->undo, err);
}

static int prepare(struct restore *r, struct famfs_err *err)
{
	uint64_t end = r->result->info.end;
	int rc = 0;

	if (r->result->dev_size != r->dev->size)
		rc = dev_resize(r->dev, r->result->dev_size, err);
	if (!rc)
		rc = dev_map(r->dev, end > sizeof(r->super) ? end : sizeof(r->super), err);
	if (!rc)
		rc = dev_reserve(r->dev, 0, sizeof(r->super), err);
	if (!rc)
		rc = pack_each(r->r, reserve_range, r, NULL, err);
	return rc ? rc : keep_old(r, err);
}

int restore_write(struct restore *r, struct famfs_err *err)
{
	int rc = prepare(r, err);

	if (rc) {
		undo_discard(r->undo);
		return rc;
	}
	if (r->undo)
		(void)snprintf(r->result->undo, sizeof(r->result->undo), "%s", undo_path(r->undo));
	rc = store_all(r, err);
	if (rc && r->undo)
		rc = err_hint(err, rc, "famfs image restore %s %s takes everything back",
			      undo_path(r->undo), r->device);
	undo_close(r->undo);
	return rc;
}

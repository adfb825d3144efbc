/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing what an image holds: what is there goes to the undo file; the log gets the mark of one
 * that is being rewritten, and the old superblock dies; all else is written and read back; the new
 * superblock is born, and the log's magic number comes last. So what a restore leaves that is cut
 * off is marked, in each state that is neither the old one nor the new one.
 */
#include <stddef.h>
#include <string.h>

#include "bits.h"
#include "err.h"
#include "image_restore.h"
#include "log.h"
#include "super.h"
#include "text.h"

#define MAGIC_LEN sizeof(((struct fm_super *)0)->fm_magic)

/* The part of a range in [from, to). False: there is none. */
static bool clip(const struct pack_range *range, uint64_t from, uint64_t to,
		 struct pack_range *ret_part)
{
	const struct famfs_image_section *s = &range->section;

	from = s->off > from ? s->off : from;
	to = s->off + s->len < to ? s->off + s->len : to;
	if (from >= to)
		return false;
	*ret_part = *range;
	ret_part->section.off = from;
	ret_part->section.len = to - from;
	if (range->bytes)
		ret_part->bytes += from - s->off;
	return true;
}

typedef int (*part_fn)(struct restore *r, const struct pack_range *part, struct famfs_err *err);

/* Without what is written by itself: the superblock, and the place of the mark. */
static int each_part(struct restore *r, const struct pack_range *range, part_fn fn,
		     struct famfs_err *err)
{
	uint64_t log = FAMFS_LOG_OFF + (r->marks ? MAGIC_LEN : 0);
	struct pack_range part;
	int rc = 0;

	if (clip(range, sizeof(struct fm_super), FAMFS_LOG_OFF, &part))
		rc = fn(r, &part, err);
	if (!rc && clip(range, log, UINT64_MAX, &part))
		rc = fn(r, &part, err);
	return rc;
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

/* At most a chunk. @want: NULL for zeros. */
static int compare_piece(struct restore *r, uint64_t off, const uint8_t *want, size_t len,
			 struct famfs_err *err)
{
	int rc = dev_scan(r->dev, off, r->buf, len, err);

	if (!rc)
		r->result->changed += count_changes(r->buf, want, len);
	return rc;
}

/* Zeros may be as many as the device has bytes: where it has a hole, they are there. */
static int compare_part(struct restore *r, const struct pack_range *part, struct famfs_err *err)
{
	uint64_t off = part->section.off, end = off + part->section.len;
	int rc = 0;

	if (part->bytes)
		return compare_piece(r, off, part->bytes, part->section.len, err);
	while (!rc && (off += dev_blank(r->dev, off, end, 1)) < end) {
		size_t len = end - off < PACK_CHUNK ? (size_t)(end - off) : PACK_CHUNK;

		rc = compare_piece(r, off, NULL, len, err);
		off += len;
	}
	return rc;
}

static int compare_range(void *data, const struct pack_range *range, struct famfs_err *err)
{
	return each_part(data, range, compare_part, err);
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

static int store_part(struct restore *r, const struct pack_range *part, struct famfs_err *err)
{
	const struct famfs_image_section *s = &part->section;
	int rc;

	if (!part->bytes)
		return dev_zero(r->dev, s->off, s->len, NULL, NULL, err);
	rc = dev_store(r->dev, s->off, part->bytes, s->len, err);
	return rc ? rc : dev_writeback(r->dev, s->off, s->len, err);
}

static int store_range(void *data, const struct pack_range *range, struct famfs_err *err)
{
	return each_part(data, range, store_part, err);
}

/* All that was stored before is in memory, too, when this is. */
static int store(struct restore *r, uint64_t off, const void *buf, size_t len,
		 struct famfs_err *err)
{
	int rc = dev_store(r->dev, off, buf, len, err);

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

/* Neither the old nor the new from here on, and marked as that. */
static int begin(struct restore *r, struct famfs_err *err)
{
	const struct le64 mark = le64_of(MEDIA_LOG_REWRITE);
	int rc = r->marks ? store(r, FAMFS_LOG_OFF, &mark, sizeof(mark), err) : 0;

	return rc ? rc : super_kill(r->dev, err);
}

/* Compares all but the magic numbers. */
static int read_back(struct restore *r, struct famfs_err *err)
{
	int rc;

	r->result->changed = 0;
	rc = pack_each(r->r, compare_range, r, NULL, err);
	if (!rc)
		rc = compare_super(r, MAGIC_LEN, err);
	return rc ? rc : require_written(r, err);
}

/* The magic numbers: the new state from the last of them on. */
static int finish(struct restore *r, struct famfs_err *err)
{
	struct le64 magic;
	int rc = store(r, 0, &r->super, MAGIC_LEN, err);

	if (!rc && r->marks)
		rc = store(r, FAMFS_LOG_OFF, &r->log.fm_magic, MAGIC_LEN, err);
	if (!rc)
		rc = compare_super(r, 0, err);
	if (!rc && r->marks)
		rc = dev_scan(r->dev, FAMFS_LOG_OFF, &magic, MAGIC_LEN, err);
	if (!rc && r->marks)
		r->result->changed += le64_get(magic) != le64_get(r->log.fm_magic);
	return rc ? rc : require_written(r, err);
}

static int store_all(struct restore *r, struct famfs_err *err)
{
	uint64_t before = r->result->changed;
	int rc = begin(r, err);

	if (!rc)
		rc = pack_each(r->r, store_range, r, NULL, err);
	if (!rc)
		rc = store(r, MAGIC_LEN, (const uint8_t *)&r->super + MAGIC_LEN,
			   sizeof(r->super) - MAGIC_LEN, err);
	if (!rc)
		rc = read_back(r, err);
	if (!rc)
		rc = finish(r, err);
	r->result->changed = before;
	return rc ? rc : dev_finish(r->dev, err);
}

/* Of the entries whose checksums end before @range does; up to a blank slot, as log_sum(). */
static int add_sums(void *data, const struct pack_range *range, struct famfs_err *err)
{
	struct restore *r = data;
	struct restore_sum *sum = &r->sum;
	uint64_t end = range->section.off + range->section.len;

	while (r->marks && sum->slot < le64_get(r->log.fm_next_index)) {
		uint64_t off = media_slot_off(sum->slot) + offsetof(struct fm_entry, fm_crc);
		int rc = 0;

		if (off + sizeof(sum->crc) > r->dev->size)
			return 0;
		if (!sum->met)
			rc = dev_scan(r->dev, off, &sum->crc, sizeof(sum->crc), err);
		if (rc)
			return rc;
		sum->met = true;
		restore_overlay(range, off, &sum->crc, sizeof(sum->crc));
		if (off + sizeof(sum->crc) > end || !log_sum_next(&sum->value, sum->crc))
			return 0;
		sum->slot++;
		sum->met = false;
	}
	return 0;
}

/* An image that was just made has nothing that could be lost. */
static int keep_old(struct restore *r, struct famfs_err *err)
{
	const struct undo_after after = { .super = &r->super,
					  .log = r->marks ? &r->log : NULL,
					  .sum = &r->sum.value };
	/* Behind all that the image has, what is there stays. */
	const struct pack_range rest = { .section.off = r->dev->size };
	int rc;

	if (r->made)
		return 0;
	rc = undo_begin(r->dev, r->opts->undo, &r->undo, err);
	if (!rc && r->marks)
		rc = undo_save(r->undo, FAMFS_LOG_OFF, MAGIC_LEN, err);
	if (!rc)
		rc = pack_each(r->r, save_range, r, NULL, err);
	if (!rc)
		rc = pack_each(r->r, add_sums, r, NULL, err);
	if (!rc)
		rc = add_sums(r, &rest, err);
	if (!rc)
		rc = undo_expect(r->undo, &after, err);
	return rc ? rc : undo_commit(r->undo, err);
}

static int prepare(struct restore *r, struct famfs_err *err)
{
	uint64_t end = r->result->info.end;
	int rc = 0;

	r->marks = end > FAMFS_LOG_OFF && r->result->dev_size >= FAMFS_LOG_OFF + sizeof(r->log);
	if (r->marks && end < FAMFS_LOG_OFF + sizeof(r->log))
		end = FAMFS_LOG_OFF + sizeof(r->log);
	if (r->result->dev_size != r->dev->size)
		rc = dev_resize(r->dev, r->result->dev_size, err);
	if (!rc)
		rc = dev_map(r->dev, end > sizeof(r->super) ? end : sizeof(r->super), err);
	if (!rc)
		rc = dev_reserve(r->dev, 0, sizeof(r->super), err);
	if (!rc && r->marks)
		rc = dev_reserve(r->dev, FAMFS_LOG_OFF, MAGIC_LEN, err);
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
			      text_shell(undo_path(r->undo)).s, text_shell(r->device).s);
	undo_close(r->undo);
	return rc;
}

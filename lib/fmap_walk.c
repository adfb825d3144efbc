/* SPDX-License-Identifier: Apache-2.0 */
/* Translating by an fmap message (FMAP.md 5), of either generation, both ways. */
#include <inttypes.h>
#include <string.h>

#include "err.h"
#include "fmap_wire.h"
#include "interleave.h"
#include "text.h"

/* Bytes of the file that an extent stands for. */
static uint64_t served(const struct famfs_fmap_part *part, uint64_t file_size)
{
	if (part->kind == FAMFS_FMAP_EXTENT)
		return part->where.len;
	return part->nbytes < file_size ? part->nbytes : file_size;
}

/* Behind the strips of the extent whose record was read last. */
static bool skip_strips(struct famfs_fmap_iter *iter)
{
	if (iter->strips > (iter->len - iter->at) / sizeof(struct fmap_simple))
		return false;
	iter->at += iter->strips * sizeof(struct fmap_simple);
	iter->extent += iter->strips != 0;
	iter->strips = 0;
	return true;
}

static int damaged(const char *what, uint64_t off, struct famfs_err *err)
{
	int rc = err_set(err, -EUCLEAN, "", "damaged map: byte %" PRIu64 " %s", off, what);

	return err_hint(err, rc, "famfs fmap check judges a saved message");
}

/* --------------------------------------------------------- file to device */

int famfs_fmap_walk_init(struct famfs_fmap_walk *walk, const void *msg, size_t len,
			 struct famfs_err *err)
{
	struct famfs_fmap_head head;
	struct famfs_fmap_iter iter;
	int rc = famfs_fmap_iter_init(&iter, msg, len, &head, err);

	if (!rc)
		*walk = (struct famfs_fmap_walk){ .start = iter,
						  .iter = iter,
						  .file_size = head.file_size };
	return rc;
}

int famfs_fmap_walk_seek(struct famfs_fmap_walk *walk, uint64_t off, uint64_t len,
			 struct famfs_err *err)
{
	uint64_t size = walk->file_size;

	if (off >= size || len > size - off)
		return err_set(err, -ERANGE, "", "offset %" PRIu64 " is behind its end: it has %s",
			       off < size ? off + (size - off) : off, text_count(size, "byte").s);
	walk->iter = walk->start;
	walk->before = 0;
	walk->inside = false;
	walk->off = off;
	walk->end = off + len;
	return 0;
}

/* Goes on to the extent that the next byte lies in. */
static int find_extent(struct famfs_fmap_walk *w, struct famfs_err *err)
{
	uint64_t bytes;
	int rc;

	for (;;) {
		bytes = w->inside ? served(&w->part, w->file_size) : 0;
		if (w->inside && w->off - w->before < bytes)
			return 0;
		w->before += bytes;
		if (!skip_strips(&w->iter))
			return damaged("is behind strips that the message does not have", w->off,
				       err);
		rc = famfs_fmap_iter_next(&w->iter, &w->part, err);
		if (rc == 0)
			return damaged("is in no extent", w->off, err);
		if (rc < 0)
			return rc;
		w->inside = true;
	}
}

static int in_extent(const struct famfs_fmap_walk *w, struct famfs_fmap_piece *piece,
		     struct famfs_err *err)
{
	uint64_t in = w->off - w->before;

	piece->where = w->part.where;
	piece->where.len -= in;
	if (__builtin_add_overflow(piece->where.off, in, &piece->where.off))
		return damaged("is past 64 bits of the device", w->off, err);
	return 0;
}

static int in_strips(const struct famfs_fmap_walk *w, struct famfs_fmap_piece *piece,
		     struct famfs_err *err)
{
	uint64_t in = w->off - w->before, left = served(&w->part, w->file_size) - in;
	struct famfs_fmap_iter at = w->iter;
	struct famfs_fmap_part strip;
	struct interleave_place place;

	if (!w->part.nstrips || !w->part.chunk_size)
		return damaged("is in chunks of 0 bytes or on no strips", w->off, err);
	place = interleave_place_of(in, w->part.nstrips, w->part.chunk_size);
	if (place.strip >= (at.len - at.at) / sizeof(struct fmap_simple))
		return damaged("is on a strip that the message does not have", w->off, err);
	at.at += place.strip * sizeof(struct fmap_simple);
	at.strip = (uint32_t)place.strip;
	(void)famfs_fmap_iter_next(&at, &strip, NULL);
	/* The kernel would go on behind the strip, into another file. */
	if (place.off >= strip.where.len)
		return damaged("is behind the end of its strip", w->off, err);
	piece->interleaved = true;
	piece->strip = strip.strip;
	piece->where = strip.where;
	piece->where.len -= place.off;
	if (piece->where.len > place.run)
		piece->where.len = place.run;
	if (piece->where.len > left)
		piece->where.len = left;
	if (__builtin_add_overflow(piece->where.off, place.off, &piece->where.off))
		return damaged("is past 64 bits of the device", w->off, err);
	return 0;
}

int famfs_fmap_walk_next(struct famfs_fmap_walk *walk, struct famfs_fmap_piece *ret_piece,
			 struct famfs_err *err)
{
	struct famfs_fmap_piece piece = { .file_off = walk->off };
	int rc;

	if (walk->off == walk->end)
		return 0;
	rc = find_extent(walk, err);
	if (rc)
		return rc;
	piece.extent = walk->part.extent;
	if (walk->part.kind == FAMFS_FMAP_EXTENT)
		rc = in_extent(walk, &piece, err);
	else
		rc = in_strips(walk, &piece, err);
	if (rc)
		return rc;
	if (piece.where.len > walk->end - walk->off)
		piece.where.len = walk->end - walk->off;
	walk->off += piece.where.len;
	*ret_piece = piece;
	return 1;
}

/* --------------------------------------------------------- device to file */

static uint64_t add_capped(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

int famfs_fmap_find_init(struct famfs_fmap_find *find, const void *msg, size_t len,
			 const struct famfs_extent *range, struct famfs_err *err)
{
	struct famfs_fmap_head head;
	struct famfs_fmap_iter iter;
	int rc = famfs_fmap_iter_init(&iter, msg, len, &head, err);

	if (!rc)
		*find = (struct famfs_fmap_find){ .iter = iter,
						  .range = *range,
						  .file_size = head.file_size };
	return rc;
}

/* Takes the next record; what it has in common with the range is looked at next. */
static int next_place(struct famfs_fmap_find *f, struct famfs_err *err)
{
	uint64_t from, to, range_end = add_capped(f->range.off, f->range.len);
	int rc = famfs_fmap_iter_next(&f->iter, &f->place, err);

	if (rc <= 0)
		return rc;
	if (f->place.kind != FAMFS_FMAP_STRIP) {
		f->before = f->after;
		f->after = add_capped(f->before, served(&f->place, f->file_size));
	}
	if (f->place.kind == FAMFS_FMAP_INTERLEAVED) {
		f->interleaved = f->place;
		return 1;
	}
	from = f->place.where.off;
	to = add_capped(from, f->place.where.len);
	f->pos = from > f->range.off ? from : f->range.off;
	f->end = to < range_end ? to : range_end;
	if (f->place.where.dev_index != f->range.dev_index)
		f->end = f->pos;
	return 1;
}

/*
 * The byte of the extent that a strip holds @in bytes from its start; *@ret_run bytes follow.
 * Return: false when there is none: then none of the strip's following bytes has one, either.
 */
static bool strip_byte(const struct famfs_fmap_find *f, uint64_t in, uint64_t *ret_byte,
		       uint64_t *ret_run)
{
	uint64_t chunk = f->interleaved.chunk_size, byte;

	if (!chunk || __builtin_mul_overflow(in / chunk, f->interleaved.nstrips, &byte) ||
	    __builtin_add_overflow(byte, f->place.strip, &byte) ||
	    __builtin_mul_overflow(byte, chunk, &byte) ||
	    __builtin_add_overflow(byte, in % chunk, &byte))
		return false;
	*ret_byte = byte;
	*ret_run = chunk - in % chunk;
	return true;
}

static void find_piece(const struct famfs_fmap_find *f, struct famfs_fmap_piece *piece)
{
	uint64_t in = f->pos - f->place.where.off, byte = in, run = UINT64_MAX;
	uint64_t limit = f->after < f->file_size ? f->after : f->file_size;

	*piece = (struct famfs_fmap_piece){
		.file_off = FAMFS_NONE,
		.where = { f->place.where.dev_index, f->pos, f->end - f->pos },
		.extent = f->place.extent,
		.interleaved = f->place.kind == FAMFS_FMAP_STRIP,
		.strip = f->place.strip,
	};
	if (piece->interleaved && !strip_byte(f, in, &byte, &run))
		return;
	if (f->before >= limit || byte >= limit - f->before)
		return;
	piece->file_off = f->before + byte;
	if (run > limit - piece->file_off)
		run = limit - piece->file_off;
	if (piece->where.len > run)
		piece->where.len = run;
}

int famfs_fmap_find_next(struct famfs_fmap_find *find, struct famfs_fmap_piece *ret_piece,
			 struct famfs_err *err)
{
	int rc;

	while (find->pos >= find->end) {
		rc = next_place(find, err);
		if (rc <= 0)
			return rc;
	}
	find_piece(find, ret_piece);
	find->pos += ret_piece->where.len;
	return 1;
}

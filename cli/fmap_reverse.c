/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a range of a device is: rows in the order of the device, with what is free between them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fmap_source.h"

/* A piece that somebody has. @path: where its name is in struct owners.names. */
struct owner {
	struct famfs_fmap_piece piece;
	uint32_t file_type;
	size_t path, order;
};

struct owners {
	struct fmap_source *s;
	uint64_t physical, dev_size;
	struct owner *list;
	size_t nr, cap;
	struct text names;
};

static void add(struct owners *o, const struct famfs_fmap_piece *piece, uint32_t file_type,
		const char *path)
{
	o->list = mem_grow(o->list, &o->cap, o->nr + 1, sizeof(*o->list));
	o->list[o->nr] = (struct owner){
		.piece = *piece,
		.file_type = file_type,
		.path = o->names.len,
		.order = o->nr,
	};
	o->nr++;
	text_add(&o->names, path, strlen(path) + 1);
}

static int collect_device(struct owners *o, const struct range *range)
{
	struct famfs_owners it;
	struct famfs_fmap_piece piece;
	struct famfs_err err;
	int rc;

	famfs_owners_init(&it, o->s->fs, range->off, range->len);
	while ((rc = famfs_owners_next(&it, &piece, &err)) > 0 && !cmd_cancelled())
		add(o, &piece, it.entry.file_type, it.entry.path);
	return rc < 0 ? env_error(o->s->env, &err) : 0;
}

static int collect_message(struct owners *o, const struct range *range)
{
	const struct famfs_extent where = { .off = range->off, .len = range->len };
	struct famfs_fmap_find find;
	struct famfs_fmap_piece piece;
	struct famfs_err err;
	const uint8_t *msg = (const uint8_t *)o->s->msg.s;
	int rc = famfs_fmap_find_init(&find, msg, o->s->msg.len, &where, &err);

	while (!rc && !cmd_cancelled() && (rc = famfs_fmap_find_next(&find, &piece, &err)) > 0) {
		add(o, &piece, msg[0], o->s->fs ? o->s->entry.path : "");
		rc = 0;
	}
	return rc < 0 ? env_errorf(o->s->env, rc, o->s->device, "%s", err.message) : 0;
}

static int by_place(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;

	if (x->piece.where.off != y->piece.where.off)
		return x->piece.where.off < y->piece.where.off ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* What all rows begin with. */
static void show_where(const struct owners *o, uint64_t off, uint64_t len, const char *kind)
{
	struct emit *out = &o->s->env->out;

	emit_item(out);
	if (o->physical != FAMFS_NONE) {
		fmap_show_hex64(out, "physical", "PHYSICAL", o->physical);
		emit_str(out, "device", "DEVICE", o->s->device);
	}
	fmap_show_hex64(out, "off", "OFFSET", off);
	fmap_show_hex64(out, "len", "LENGTH", len);
	emit_str(out, "kind", "KIND", kind);
}

static void show_owner(const struct owners *o, const struct owner *owner)
{
	static const char *const kinds[] = { "file", "superblock", "log" };
	const struct famfs_fmap_piece *piece = &owner->piece;
	struct emit *out = &o->s->env->out;
	struct text path = { 0 };

	show_where(o, piece->where.off, piece->where.len,
		   owner->file_type < 3 ? kinds[owner->file_type] : "unknown");
	if (o->s->fs) {
		entry_path_text(&path, o->names.s + owner->path);
		emit_str(out, "path", "FILE", path.s);
		text_free(&path);
	}
	if (piece->file_off != FAMFS_NONE)
		fmap_show_hex64(out, "file_off", "FILE OFFSET", piece->file_off);
	else
		emit_text(out, "FILE OFFSET", "none");
	fmap_show_place(out, piece);
	emit_item_end(out);
}

static void show_gap(const struct owners *o, uint64_t from, uint64_t to, const char *kind)
{
	struct emit *out = &o->s->env->out;

	if (from >= to)
		return;
	show_where(o, from, to - from, kind);
	if (o->s->fs)
		emit_text(out, "FILE", "-");
	emit_text(out, "FILE OFFSET", "-");
	emit_text(out, "PLACE", "-");
	emit_item_end(out);
}

/* What nobody has: free on a device, and past its end nothing at all. */
static void show_gaps(const struct owners *o, uint64_t from, uint64_t to)
{
	uint64_t end = to < o->dev_size ? to : o->dev_size;

	show_gap(o, from, end, o->dev_size == UINT64_MAX ? "elsewhere" : "free");
	show_gap(o, from > end ? from : end, to, "outside");
}

static void show_all(struct owners *o, const struct range *range)
{
	uint64_t at = range->off, end;
	size_t i;

	if (o->nr)
		qsort(o->list, o->nr, sizeof(*o->list), by_place);
	for (i = 0; i < o->nr; i++) {
		const struct famfs_extent *where = &o->list[i].piece.where;

		show_gaps(o, at, where->off);
		show_owner(o, &o->list[i]);
		end = where->off + where->len;
		if (end > at)
			at = end;
	}
	show_gaps(o, at, range->off + range->len);
}

int fmap_reverse(struct fmap_source *s, const struct range *range, uint64_t physical)
{
	struct owners o = { .s = s, .physical = physical, .dev_size = UINT64_MAX };
	struct famfs_fmap_limits limits;
	bool message = s->msg.s;
	int code = message ? collect_message(&o, range) : collect_device(&o, range);

	if (!message) {
		famfs_limits(s->fs, &limits);
		o.dev_size = limits.dev_size;
	}
	if (!code && !cmd_cancelled())
		show_all(&o, range);
	free(o.list);
	text_free(&o.names);
	return code;
}

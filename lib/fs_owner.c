/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a byte of the device is. */
#include "err.h"
#include "fs.h"

/* How the current entry is searched: not yet, by its message, or extent by extent. */
enum { OWNER_NONE, OWNER_MESSAGE, OWNER_EXTENTS };

/* In front of the log's entries come the superblock and the log itself. */
#define META_NR 2

void famfs_owners_init(struct famfs_owners *owners, struct famfs *fs, uint64_t off, uint64_t len)
{
	owners->fs = fs;
	owners->next = 0;
	owners->range = (struct famfs_extent){ .off = off, .len = len };
	owners->state = OWNER_NONE;
}

static uint64_t end_of(const struct famfs_extent *extent)
{
	uint64_t end;

	return __builtin_add_overflow(extent->off, extent->len, &end) ? UINT64_MAX : end;
}

/* What an extent has in common with the range. */
static bool meet(const struct famfs_extent *range, const struct famfs_extent *extent,
		 struct famfs_extent *ret_common)
{
	uint64_t from = extent->off > range->off ? extent->off : range->off;
	uint64_t to = end_of(extent) < end_of(range) ? end_of(extent) : end_of(range);

	if (extent->dev_index != range->dev_index || from >= to)
		return false;
	*ret_common = (struct famfs_extent){ extent->dev_index, from, to - from };
	return true;
}

/* The next entry that has to do with the range. Return: 1, 0 at the end, -errno. */
static int next_entry(struct famfs_owners *o, struct famfs_err *err)
{
	struct famfs_extent common;
	int rc;

	while (o->next < META_NR + o->fs->good) {
		if (o->next < META_NR)
			fs_meta_entry(o->fs, o->next ? FAMFS_FILE_LOG : FAMFS_FILE_SUPER,
				      &o->entry);
		rc = o->next < META_NR ? 0 : fs_entry(o->fs, o->next - META_NR, &o->entry, err);
		if (rc)
			return rc;
		o->next++;
		if (o->entry.type != FAMFS_ENTRY_FILE)
			continue;
		for (uint32_t i = 0; i < o->entry.extents_nr; i++)
			if (meet(&o->range, &o->entry.extents[i], &common))
				return 1;
	}
	return 0;
}

static void begin_entry(struct famfs_owners *o)
{
	struct famfs_reply reply = { .buf = o->msg, .cap = sizeof(o->msg) };

	o->state = OWNER_EXTENTS;
	o->extent = 0;
	if (!famfs_fmap_encode(&o->entry, NULL, &reply, NULL) &&
	    !famfs_fmap_find_init(&o->find, o->msg, reply.len, &o->range, NULL))
		o->state = OWNER_MESSAGE;
}

static int next_extent(struct famfs_owners *o, struct famfs_fmap_piece *ret_piece)
{
	struct famfs_fmap_piece piece = { .file_off = FAMFS_NONE };

	while (o->extent < o->entry.extents_nr) {
		piece.extent = o->extent;
		if (meet(&o->range, &o->entry.extents[o->extent++], &piece.where)) {
			*ret_piece = piece;
			return 1;
		}
	}
	return 0;
}

int famfs_owners_next(struct famfs_owners *owners, struct famfs_fmap_piece *ret_piece,
		      struct famfs_err *err)
{
	int rc;

	for (;;) {
		if (owners->state == OWNER_MESSAGE)
			rc = famfs_fmap_find_next(&owners->find, ret_piece, err);
		else if (owners->state == OWNER_EXTENTS)
			rc = next_extent(owners, ret_piece);
		else
			rc = 0;
		if (rc)
			return rc;
		owners->state = OWNER_NONE;
		rc = next_entry(owners, err);
		if (rc <= 0)
			return rc;
		begin_entry(owners);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding an fmap message, record by record, whatever it says. */
#include <string.h>

#include "err.h"
#include "fmap_wire.h"
#include "text.h"

int famfs_fmap_iter_init(struct famfs_fmap_iter *iter, const void *msg, size_t len,
			 struct famfs_fmap_head *ret_head, struct famfs_err *err)
{
	struct fmap_header h;

	if (len < sizeof(h))
		return err_set(err, -EUCLEAN, "", "%s: an fmap begins with %zu",
			       text_count(len, "byte").s, sizeof(h));
	memcpy(&h, msg, sizeof(h));
	*iter = (struct famfs_fmap_iter){
		.msg = msg,
		.len = len,
		.at = sizeof(h),
		.ext_type = le32_get(h.ext_type),
		.extents = le32_get(h.nextents),
	};
	if (ret_head)
		*ret_head = (struct famfs_fmap_head){
			.file_type = h.file_type,
			.reserved = h.reserved,
			.version = le16_get(h.fmap_version),
			.ext_type = le32_get(h.ext_type),
			.nextents = le32_get(h.nextents),
			.fmap_size = le32_get(h.fmap_size),
			.file_size = le64_get(h.file_size),
			.reserved1 = le64_get(h.reserved1),
		};
	return 0;
}

/* Copies the next record, if the message is that long. Both kinds have one length. */
static bool take(struct famfs_fmap_iter *iter, void *ret_record)
{
	if (iter->len - iter->at < sizeof(struct fmap_simple))
		return false;
	memcpy(ret_record, iter->msg + iter->at, sizeof(struct fmap_simple));
	iter->at += sizeof(struct fmap_simple);
	return true;
}

static int cut_off(const struct famfs_fmap_iter *iter, struct famfs_err *err)
{
	return err_set(err, -EUCLEAN, "", "the message ends in extent %u of %u", iter->extent,
		       iter->extents);
}

static int next_simple(struct famfs_fmap_iter *iter, enum famfs_fmap_kind kind,
		       struct famfs_fmap_part *ret_part, struct famfs_err *err)
{
	struct fmap_simple simple;

	if (!take(iter, &simple))
		return cut_off(iter, err);
	*ret_part = (struct famfs_fmap_part){
		.kind = kind,
		.extent = iter->extent,
		.strip = iter->strip,
		.where = { le32_get(simple.devindex), le64_get(simple.off), le64_get(simple.len) },
		.reserved = le32_get(simple.reserved),
	};
	return 1;
}

static int next_interleaved(struct famfs_fmap_iter *iter, struct famfs_fmap_part *ret_part,
			    struct famfs_err *err)
{
	struct fmap_interleaved interleaved;

	if (!take(iter, &interleaved))
		return cut_off(iter, err);
	*ret_part = (struct famfs_fmap_part){
		.kind = FAMFS_FMAP_INTERLEAVED,
		.extent = iter->extent,
		.nstrips = le32_get(interleaved.nstrips),
		.chunk_size = le32_get(interleaved.chunk_size),
		.nbytes = le64_get(interleaved.nbytes),
		.reserved = le64_get(interleaved.reserved),
	};
	iter->strips = ret_part->nstrips;
	iter->strip = 0;
	if (!iter->strips)
		iter->extent++;
	return 1;
}

static int next_strip(struct famfs_fmap_iter *iter, struct famfs_fmap_part *ret_part,
		      struct famfs_err *err)
{
	int rc = next_simple(iter, FAMFS_FMAP_STRIP, ret_part, err);

	if (rc < 0)
		return rc;
	if (++iter->strip == iter->strips) {
		iter->strips = iter->strip = 0;
		iter->extent++;
	}
	return 1;
}

int famfs_fmap_iter_next(struct famfs_fmap_iter *iter, struct famfs_fmap_part *ret_part,
			 struct famfs_err *err)
{
	int rc;

	if (iter->strips)
		return next_strip(iter, ret_part, err);
	if (iter->extent == iter->extents)
		return 0;
	if (iter->ext_type == FAMFS_EXT_INTERLEAVE)
		return next_interleaved(iter, ret_part, err);
	if (iter->ext_type != FAMFS_EXT_SIMPLE)
		return err_set(err, -EUCLEAN, "", "unknown extent type %u", iter->ext_type);
	rc = next_simple(iter, FAMFS_FMAP_EXTENT, ret_part, err);
	if (rc > 0)
		iter->extent++;
	return rc;
}

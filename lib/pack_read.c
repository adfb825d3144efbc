/* SPDX-License-Identifier: Apache-2.0 */
/* Reading packs: nothing is believed before its checksum and its bounds are right. */
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "csum.h"
#include "err.h"
#include "pack_impl.h"

static int damaged(const struct pack_reader *r, const char *what, struct famfs_err *err)
{
	int rc = err_set(err, -EUCLEAN, r->name, "damaged at byte %llu: %s",
			 (unsigned long long)(r->base + r->at), what);

	return err_hint(err, rc, "copy it again from where it is whole");
}

static int unknown(const struct pack_reader *r, const char *what, unsigned long long value,
		   struct famfs_err *err)
{
	int rc = err_set(err, -EOPNOTSUPP, r->name, "%s %llu is not known to this program", what,
			 value);

	return err_hint(err, rc, "use the release that made it");
}

/* Return: bytes read, fewer at the end of the file only; -errno. */
static ssize_t read_at(int fd, uint64_t at, void *buf, size_t len)
{
	uint8_t *to = buf;
	size_t done = 0;

	if (at > INT64_MAX - len)
		return 0;
	while (done < len) {
		ssize_t n = pread(fd, to + done, len - done, (off_t)(at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

static int take(struct pack_reader *r, void *buf, size_t len, struct famfs_err *err)
{
	ssize_t n = read_at(r->fd, r->base + r->at, buf, len);

	if (n < 0)
		return err_set(err, (int)n, r->name, "cannot be read: %s", strerror((int)-n));
	if ((size_t)n == len)
		return 0;
	return err_hint(err,
			err_set(err, -EUCLEAN, r->name,
				"cut off: it ends at byte %llu, in the middle",
				(unsigned long long)(r->base + r->at + (uint64_t)n)),
			"copy it again from where it is whole");
}

bool pack_is_one(int fd, uint64_t base)
{
	uint8_t magic[PACK_MAGIC_LEN];

	return read_at(fd, base, magic, sizeof(magic)) == (ssize_t)sizeof(magic) &&
	       !memcmp(magic, PACK_MAGIC, sizeof(magic));
}

static int judge_header(struct pack_reader *r, const struct fm_pack_header *raw,
			struct famfs_err *err)
{
	uint32_t version = le32_get(raw->fm_version), kind = le32_get(raw->fm_kind);
	uint32_t flags = le32_get(raw->fm_flags);
	uint64_t dev_size = le64_get(raw->fm_dev_size);

	r->before = (uint32_t)csum_crc32(raw, offsetof(struct fm_pack_header, fm_crc));
	if (r->before != le32_get(raw->fm_crc))
		return damaged(r, "wrong checksum of the header", err);
	if (version != PACK_VERSION)
		return unknown(r, "format version", version, err);
	if (kind != FAMFS_IMAGE_METADATA && kind != FAMFS_IMAGE_UNDO)
		return unknown(r, "kind of image", kind, err);
	if (flags & ~(uint32_t)(kind == FAMFS_IMAGE_UNDO ? PACK_FLAGS_UNDO : PACK_FLAGS))
		return unknown(r, "a flag of", flags, err);
	if (dev_size == 0 || dev_size > INT64_MAX)
		return damaged(r, "impossible size of the device", err);
	if (!memchr(raw->fm_device, '\0', sizeof(raw->fm_device)))
		return damaged(r, "the name of the device has no end", err);
	return 0;
}

static int read_header(struct pack_reader *r, struct famfs_err *err)
{
	struct famfs_image_info *info = &r->info;
	struct fm_pack_header raw;
	uint32_t flags;
	int rc;

	if (!pack_is_one(r->fd, r->base))
		return err_hint(err,
				err_set(err, -EUCLEAN, r->name,
					"is no metadata image and no undo file"),
				"famfs image dump makes metadata images");
	rc = take(r, &raw, sizeof(raw), err);
	if (!rc)
		rc = judge_header(r, &raw, err);
	if (rc)
		return rc;
	flags = le32_get(raw.fm_flags);
	r->after = (struct pack_after){
		.super = flags & PACK_AFTER_SUPER,
		.log = flags & PACK_AFTER_LOG,
		.super_crc = le64_get(raw.fm_after_super),
		.header = raw.fm_after_log,
		.sum_before = le64_get(raw.fm_sum_before),
		.sum_after = le64_get(raw.fm_sum_after),
	};
	info->kind = (enum famfs_image_kind)le32_get(raw.fm_kind);
	info->version = le32_get(raw.fm_version);
	info->scrubbed = flags & PACK_SCRUBBED;
	info->has_super = flags & PACK_HAS_SUPER;
	info->created = le64_get(raw.fm_created);
	info->dev_size = le64_get(raw.fm_dev_size);
	memcpy(info->uuid, raw.fm_uuid, sizeof(info->uuid));
	memcpy(info->dev_uuid, raw.fm_dev_uuid, sizeof(info->dev_uuid));
	memcpy(info->system_uuid, raw.fm_system_uuid, sizeof(info->system_uuid));
	memcpy(info->device, raw.fm_device, sizeof(info->device));
	r->at = sizeof(raw);
	return 0;
}

int pack_open(struct pack_reader *r, int fd, uint64_t base, const char *name, struct famfs_err *err)
{
	*r = (struct pack_reader){ .fd = fd, .name = name, .base = base };
	r->decompressor = libdeflate_alloc_decompressor();
	r->packed = malloc(PACK_CHUNK);
	r->bytes = malloc(PACK_CHUNK);
	if (!r->decompressor || !r->packed || !r->bytes)
		return err_nomem(err);
	return read_header(r, err);
}

/* The end record: as many ranges as were seen, as many bytes, and nothing behind. */
static int judge_end(struct pack_reader *r, const struct fm_pack_record *raw, struct famfs_err *err)
{
	uint64_t end = r->at + sizeof(*raw);
	uint8_t more;
	ssize_t n = read_at(r->fd, r->base + end, &more, 1);

	if (le64_get(raw->fm_off) != r->info.sections || le64_get(raw->fm_len) != end ||
	    le32_get(raw->fm_packed))
		return damaged(r, "the end does not count what is before it", err);
	if (n < 0)
		return err_set(err, (int)n, r->name, "cannot be read: %s", strerror((int)-n));
	if (n > 0)
		return damaged(r, "more follows behind the end", err);
	r->info.file_len = end;
	return 0;
}

/* Do type, length and packed length fit each other? */
static bool lengths_fit(uint32_t type, uint64_t len, uint64_t packed)
{
	switch (type) {
	case PACK_ZEROS:
		return len > 0 && packed == 0;
	case PACK_STORED:
		return len > 0 && len <= PACK_CHUNK && packed == len;
	case PACK_DEFLATE:
		return len <= PACK_CHUNK && packed < len && packed >= pack_least(len);
	default:
		return false;
	}
}

static int judge_range(struct pack_reader *r, const struct fm_pack_record *raw,
		       struct famfs_err *err)
{
	uint64_t off = le64_get(raw->fm_off), len = le64_get(raw->fm_len), end;
	bool gaps = r->info.kind == FAMFS_IMAGE_UNDO;

	if (!lengths_fit(le32_get(raw->fm_type), len, le32_get(raw->fm_packed)))
		return damaged(r, "impossible lengths of a range", err);
	if (__builtin_add_overflow(off, len, &end) || end > r->info.dev_size)
		return damaged(r, "a range beyond the end of the device", err);
	if (off < r->info.end || (off > r->info.end && !gaps))
		return damaged(r, "ranges overlap, or one is missing", err);
	return 0;
}

static int take_record(struct pack_reader *r, struct fm_pack_record *raw, struct famfs_err *err)
{
	int rc = take(r, raw, sizeof(*raw), err);

	if (rc)
		return rc;
	if (le32_get(raw->fm_magic) != PACK_RECORD_MAGIC ||
	    csum_crc32(raw, offsetof(struct fm_pack_record, fm_crc)) != le32_get(raw->fm_crc))
		return damaged(r, "wrong checksum of a record", err);
	if (le32_get(raw->fm_before) != r->before)
		return damaged(r, "a record is missing, or not in its place", err);
	r->before = le32_get(raw->fm_crc);
	return 0;
}

static bool inflate(struct pack_reader *r, size_t packed, size_t len)
{
	size_t used, got;

	return libdeflate_deflate_decompress_ex(r->decompressor, r->packed, packed, r->bytes, len,
						&used, &got) == LIBDEFLATE_SUCCESS &&
	       got == len;
}

/* The bytes of a range whose record was judged. */
static int take_bytes(struct pack_reader *r, const struct fm_pack_record *raw,
		      const uint8_t **ret_bytes, struct famfs_err *err)
{
	size_t len = le64_get(raw->fm_len), packed = le32_get(raw->fm_packed);
	const uint8_t *bytes = r->packed;
	int rc = take(r, r->packed, packed, err);

	if (rc)
		return rc;
	if (csum_crc32(r->packed, packed) != le32_get(raw->fm_packed_crc))
		return damaged(r, "wrong checksum of packed bytes", err);
	if (le32_get(raw->fm_type) == PACK_DEFLATE) {
		if (!inflate(r, packed, len))
			return damaged(r, "packed bytes that cannot be unpacked", err);
		bytes = r->bytes;
	}
	if (csum_crc32(bytes, len) != le32_get(raw->fm_bytes_crc))
		return damaged(r, "wrong checksum of unpacked bytes", err);
	*ret_bytes = bytes;
	return 0;
}

int pack_next(struct pack_reader *r, struct pack_range *ret_range, struct famfs_err *err)
{
	struct pack_range range = { .bytes = NULL };
	struct famfs_image_info *info = &r->info;
	struct fm_pack_record raw;
	int rc = take_record(r, &raw, err);

	if (rc)
		return rc;
	if (le32_get(raw.fm_type) == PACK_END)
		return judge_end(r, &raw, err);
	rc = judge_range(r, &raw, err);
	if (rc)
		return rc;
	r->at += sizeof(raw);
	range.section.off = le64_get(raw.fm_off);
	range.section.len = le64_get(raw.fm_len);
	range.section.packed_len = le32_get(raw.fm_packed);
	range.section.zeros = le32_get(raw.fm_type) == PACK_ZEROS;
	if (!range.section.zeros)
		rc = take_bytes(r, &raw, &range.bytes, err);
	if (rc)
		return rc;
	r->at += range.section.packed_len;
	info->end = range.section.off + range.section.len;
	info->sections++;
	*(range.bytes ? &info->data_len : &info->zero_len) += range.section.len;
	info->packed_len += range.section.packed_len;
	*ret_range = range;
	return 1;
}

int pack_each(struct pack_reader *r, pack_range_fn fn, void *data,
	      struct famfs_image_info *ret_info, struct famfs_err *err)
{
	const uint64_t at = r->at;
	const uint32_t before = r->before;
	const struct famfs_image_info info = r->info;
	struct pack_range range;
	int rc;

	while ((rc = pack_next(r, &range, err)) > 0) {
		rc = fn ? fn(data, &range, err) : 0;
		if (rc)
			break;
	}
	/* Each record's checksum hangs on all before it. */
	if (!rc && r->seen && r->seen != 1 + (uint64_t)r->before)
		rc = err_set(err, -ESTALE, r->name, "changed while it was read");
	if (!rc)
		r->seen = 1 + (uint64_t)r->before;
	if (!rc && ret_info)
		*ret_info = r->info;
	r->at = at;
	r->before = before;
	r->info = info;
	return rc;
}

void pack_reader_fini(struct pack_reader *r)
{
	libdeflate_free_decompressor(r->decompressor);
	free(r->packed);
	free(r->bytes);
	r->decompressor = NULL;
	r->packed = r->bytes = NULL;
}

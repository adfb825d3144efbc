/* SPDX-License-Identifier: Apache-2.0 */
/* Writing packs. */
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bits.h"
#include "csum.h"
#include "err.h"
#include "pack_impl.h"

/* Log entries pack well at any level; this one is about as fast as the checks beside it. */
#define LEVEL 3

static uint32_t crc(const void *data, size_t len)
{
	return (uint32_t)csum_crc32(data, len);
}

static int cannot_write(const struct pack_writer *w, int rc, struct famfs_err *err)
{
	rc = err_set(err, rc, w->name, "cannot be written: %s", strerror(-rc));
	if (rc == -ENOSPC || rc == -EDQUOT)
		return err_hint(err, rc, "make room there, or give another place");
	return rc;
}

static int write_all(struct pack_writer *w, const void *buf, size_t len, struct famfs_err *err)
{
	const uint8_t *from = buf;

	while (len > 0) {
		ssize_t n = write(w->fd, from, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return cannot_write(w, n < 0 ? -errno : -EIO, err);
		from += n;
		len -= (size_t)n;
		w->len += (uint64_t)n;
	}
	return 0;
}

static uint32_t header_flags(const struct pack_writer *w, const struct famfs_image_info *info)
{
	return (info->scrubbed ? PACK_SCRUBBED : 0U) | (info->has_super ? PACK_HAS_SUPER : 0U) |
	       (w->after.super ? PACK_AFTER_SUPER : 0U) | (w->after.log ? PACK_AFTER_LOG : 0U);
}

static int write_header(struct pack_writer *w, const struct famfs_image_info *info,
			struct famfs_err *err)
{
	struct fm_pack_header raw = {
		.fm_version = le32_of(PACK_VERSION),
		.fm_kind = le32_of(info->kind),
		.fm_flags = le32_of(header_flags(w, info)),
		.fm_created = le64_of(info->created),
		.fm_dev_size = le64_of(info->dev_size),
		.fm_after_super = le64_of(w->after.super_crc),
		.fm_after_log = w->after.header,
		.fm_sum_before = le64_of(w->after.sum_before),
		.fm_sum_after = le64_of(w->after.sum_after),
	};

	memcpy(raw.fm_magic, PACK_MAGIC, PACK_MAGIC_LEN);
	memcpy(raw.fm_uuid, info->uuid, sizeof(raw.fm_uuid));
	memcpy(raw.fm_dev_uuid, info->dev_uuid, sizeof(raw.fm_dev_uuid));
	memcpy(raw.fm_system_uuid, info->system_uuid, sizeof(raw.fm_system_uuid));
	memcpy(raw.fm_device, info->device, strnlen(info->device, sizeof(raw.fm_device) - 1));
	w->before = crc(&raw, offsetof(struct fm_pack_header, fm_crc));
	raw.fm_crc = le32_of(w->before);
	return write_all(w, &raw, sizeof(raw), err);
}

int pack_create(struct pack_writer *w, const struct famfs_image_info *info, struct famfs_err *err)
{
	w->kind = info->kind;
	w->dev_size = info->dev_size;
	w->compressor = libdeflate_alloc_compressor(LEVEL);
	w->packed = malloc(PACK_CHUNK);
	if (!w->compressor || !w->packed)
		return err_nomem(err);
	return write_header(w, info, err);
}

/* @raw has all but what ties it to the record before. */
static int write_record(struct pack_writer *w, struct fm_pack_record *raw, const void *packed,
			struct famfs_err *err)
{
	size_t len = le32_get(raw->fm_packed);
	int rc;

	raw->fm_magic = le32_of(PACK_RECORD_MAGIC);
	raw->fm_packed_crc = le32_of(len ? crc(packed, len) : 0);
	raw->fm_before = le32_of(w->before);
	w->before = crc(raw, offsetof(struct fm_pack_record, fm_crc));
	raw->fm_crc = le32_of(w->before);
	rc = write_all(w, raw, sizeof(*raw), err);
	if (!rc)
		rc = write_all(w, packed, len, err);
	w->nr++;
	return rc;
}

/* Zeros are gathered until something else comes. */
static int write_zeros(struct pack_writer *w, struct famfs_err *err)
{
	struct fm_pack_record raw = {
		.fm_type = le32_of(PACK_ZEROS),
		.fm_off = le64_of(w->end - w->zeros),
		.fm_len = le64_of(w->zeros),
	};

	if (!w->zeros)
		return 0;
	w->zeros = 0;
	return write_record(w, &raw, NULL, err);
}

static int write_bytes(struct pack_writer *w, const uint8_t *buf, size_t len, struct famfs_err *err)
{
	struct fm_pack_record raw = {
		.fm_off = le64_of(w->end),
		.fm_len = le64_of(len),
		.fm_bytes_crc = le32_of(crc(buf, len)),
	};
	const uint8_t *packed = w->packed;
	size_t packed_len = libdeflate_deflate_compress(w->compressor, buf, len, w->packed,
							len - 1);

	raw.fm_type = le32_of(packed_len ? PACK_DEFLATE : PACK_STORED);
	if (!packed_len) {
		packed = buf;
		packed_len = len;
	} else if (packed_len < pack_least(len)) {
		memset(w->packed + packed_len, 0, pack_least(len) - packed_len);
		packed_len = pack_least(len);
	}
	raw.fm_packed = le32_of((uint32_t)packed_len);
	w->end += len;
	return write_record(w, &raw, packed, err);
}

/* How many bytes at the beginning, or at the end, are zero. */
static size_t leading_zeros(const uint8_t *buf, size_t len)
{
	size_t n = 0;

	if (bits_none(buf, len))
		return len;
	while (n < len && !buf[n])
		n++;
	return n;
}

static size_t trailing_zeros(const uint8_t *buf, size_t len)
{
	size_t n = 0;

	while (n < len && !buf[len - 1 - n])
		n++;
	return n;
}

static int add_chunk(struct pack_writer *w, const uint8_t *buf, size_t len, struct famfs_err *err)
{
	size_t lead = leading_zeros(buf, len), tail;
	int rc;

	w->zeros += lead;
	w->end += lead;
	buf += lead;
	len -= lead;
	if (!len)
		return 0;
	tail = trailing_zeros(buf, len);
	rc = write_zeros(w, err);
	if (!rc)
		rc = write_bytes(w, buf, len - tail, err);
	w->zeros += tail;
	w->end += tail;
	return rc;
}

/* Goes on at @off. The zeros before a gap end there. */
static int begin(struct pack_writer *w, uint64_t off, uint64_t len, struct famfs_err *err)
{
	uint64_t end;
	int rc = 0;

	if (off < w->end || (off > w->end && w->kind == FAMFS_IMAGE_METADATA) ||
	    __builtin_add_overflow(off, len, &end) || end > w->dev_size)
		return err_set(err, -EINVAL, w->name,
			       "%llu bytes at offset %llu cannot follow on offset %llu",
			       (unsigned long long)len, (unsigned long long)off,
			       (unsigned long long)w->end);
	if (off > w->end) {
		rc = write_zeros(w, err);
		w->end = off;
	}
	return rc;
}

int pack_add_zeros(struct pack_writer *w, uint64_t off, uint64_t len, struct famfs_err *err)
{
	int rc = begin(w, off, len, err);

	if (rc)
		return rc;
	w->zeros += len;
	w->end += len;
	return 0;
}

int pack_add(struct pack_writer *w, uint64_t off, const void *buf, size_t len,
	     struct famfs_err *err)
{
	const uint8_t *from = buf;
	int rc = begin(w, off, len, err);

	while (len > 0 && !rc) {
		size_t part = len < PACK_CHUNK ? len : PACK_CHUNK;

		rc = add_chunk(w, from, part, err);
		from += part;
		len -= part;
	}
	return rc;
}

int pack_finish(struct pack_writer *w, struct famfs_err *err)
{
	struct fm_pack_record raw = { .fm_type = le32_of(PACK_END) };
	int rc = write_zeros(w, err);

	if (rc)
		return rc;
	raw.fm_off = le64_of(w->nr);
	raw.fm_len = le64_of(w->len + sizeof(raw));
	return write_record(w, &raw, NULL, err);
}

void pack_writer_fini(struct pack_writer *w)
{
	libdeflate_free_compressor(w->compressor);
	free(w->packed);
	w->compressor = NULL;
	w->packed = NULL;
}

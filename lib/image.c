/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata images and undo files: what is in one, and making one of a device. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctx.h"
#include "err.h"
#include "image_impl.h"
#include "image_scrub.h"
#include "log.h"
#include "super.h"

/* How much of a log is looked at behind its last entry: nothing that a tool reads is there. */
#define SLACK_MAX (1ULL << 30)

/* Slots of the log that are taken at a time, so that none is cut in two. */
#define SLOTS (PACK_CHUNK / MEDIA_ENTRY_LEN - 1)

struct dump {
	struct dev *dev;
	struct pack_writer w;
	struct image_scrub scrub;
	bool scrubbed;
	struct famfs_super super;
	uint64_t end; /* of the log */
	uint8_t *buf; /* PACK_CHUNK bytes */
};

/*
 * The log is as long as its readers take it to be, or, where they believe nobody or one who leaves
 * no room for an entry, as is claimed.
 */
static uint64_t judge_log_len(const struct dump *d, const struct log *log, const struct fm_log *raw,
			      unsigned int problems, bool *ret_guessed)
{
	uint64_t room = d->dev->size - FAMFS_LOG_OFF, len = FAMFS_LOG_LEN_DEFAULT;
	uint64_t used = media_slot_off(log->count + 1) - FAMFS_LOG_OFF;

	*ret_guessed = false;
	if (log->len < room && log->slots)
		len = log->len;
	else if (!(problems & SUPER_BAD_MAGIC) && d->super.log_len <= room &&
		 media_log_slots(d->super.log_len))
		len = d->super.log_len;
	else if (le64_get(raw->fm_magic) == MEDIA_LOG_MAGIC && log->header.len <= room &&
		 media_log_slots(log->header.len))
		len = log->header.len;
	else
		*ret_guessed = true;
	if (used > len && used <= len + SLACK_MAX)
		len = used;
	if (len > used + SLACK_MAX)
		len = used + SLACK_MAX;
	return len < room ? len : room;
}

/* Where what is taken ends. A device may be so short that it has no log. */
static int find_end(struct dump *d, unsigned int problems, struct famfs_dump_result *result,
		    struct famfs_err *err)
{
	bool believed = !(problems & (SUPER_BAD_MAGIC | SUPER_BAD_VERSION | SUPER_BAD_CRC));
	struct fm_log raw;
	struct log log;
	int rc;

	d->end = d->dev->size;
	if (d->dev->size < FAMFS_LOG_OFF + sizeof(raw))
		return 0;
	rc = log_open(d->dev, &d->super, believed, &log, err);
	if (!rc)
		rc = dev_read(d->dev, FAMFS_LOG_OFF, &raw, sizeof(raw), err);
	if (rc)
		return rc;
	result->log_len = judge_log_len(d, &log, &raw, problems, &result->log_len_guessed);
	d->end = FAMFS_LOG_OFF + result->log_len;
	return 0;
}

/* The recorded device path says whose machine it was; behind the fields nothing is read. */
static void scrub_super(uint8_t *buf, size_t len)
{
	const size_t at = offsetof(struct fm_super, fm_daxdev);

	if (len > at)
		image_scrub_rest(buf + at, len - at);
}

static void scrub_chunk(const struct dump *d, uint64_t off, size_t len)
{
	size_t at = off < FAMFS_LOG_OFF + sizeof(struct fm_log) ? sizeof(struct fm_log) : 0;

	if (off == 0) {
		scrub_super(d->buf, len);
	} else if (off < FAMFS_LOG_OFF) {
		image_scrub_rest(d->buf, len);
	} else {
		for (; at + MEDIA_ENTRY_LEN <= len; at += MEDIA_ENTRY_LEN) {
			struct fm_entry raw;

			memcpy(&raw, d->buf + at, sizeof(raw));
			image_scrub_entry(&d->scrub, &raw);
			memcpy(d->buf + at, &raw, sizeof(raw));
		}
		if (at < len)
			image_scrub_rest(d->buf + at, len - at);
	}
}

/* Chunks end where the log begins, and then behind whole slots. */
static size_t chunk_len(const struct dump *d, uint64_t off)
{
	uint64_t len = PACK_CHUNK;

	if (off == FAMFS_LOG_OFF)
		len = sizeof(struct fm_log) + SLOTS * MEDIA_ENTRY_LEN;
	else if (off > FAMFS_LOG_OFF)
		len = SLOTS * MEDIA_ENTRY_LEN;
	else if (off + len > FAMFS_LOG_OFF)
		len = FAMFS_LOG_OFF - off;
	return len < d->end - off ? (size_t)len : (size_t)(d->end - off);
}

static int dump_chunk(struct dump *d, uint64_t off, size_t len, struct famfs_err *err)
{
	int rc = dev_scan(d->dev, off, d->buf, len, err);

	if (!rc && d->scrubbed)
		scrub_chunk(d, off, len);
	return rc ? rc : pack_add(&d->w, off, d->buf, len, err);
}

/*
 * Whole chunks that lie in a hole, in bytes: all are alike behind the first of the log. Zeros are
 * zeros when they are scrubbed, too.
 */
static uint64_t blank_chunks(const struct dump *d, uint64_t off, size_t len)
{
	return dev_blank(d->dev, off, off > FAMFS_LOG_OFF ? d->end : off + len, len);
}

static int dump_chunks(struct dump *d, struct famfs_err *err)
{
	int rc = 0;

	for (uint64_t off = 0; off < d->end && !rc;) {
		size_t len = chunk_len(d, off);
		uint64_t blank = blank_chunks(d, off, len);

		if (ctx_cancelled(d->dev->ctx))
			return err_set(err, -ECANCELED, d->dev->name, "cancelled");
		if (blank)
			rc = pack_add_zeros(&d->w, off, blank, err);
		else
			rc = dump_chunk(d, off, len, err);
		off += blank ? blank : len;
	}
	return rc;
}

/* What was appended meanwhile does no harm; a file system that was made anew is half of each. */
static int require_same(struct dump *d, struct famfs_err *err)
{
	struct famfs_super now;
	unsigned int problems;
	int rc = super_read(d->dev, &now, &problems, err);

	if (rc || !memcmp(&now, &d->super, sizeof(now)))
		return rc;
	rc = err_set(err, -ESTALE, d->dev->name, "the file system was made anew in the meantime");
	return err_hint(err, rc, "repeat the command");
}

void image_set_super(struct famfs_image_info *info, const struct famfs_super *super)
{
	info->has_super = true;
	memcpy(info->uuid, super->uuid, sizeof(info->uuid));
	memcpy(info->dev_uuid, super->dev_uuid, sizeof(info->dev_uuid));
	memcpy(info->system_uuid, super->system_uuid, sizeof(info->system_uuid));
}

static int write_pack(struct dump *d, struct famfs_image_info *info, struct famfs_err *err)
{
	int rc = pack_create(&d->w, info, err);

	if (!rc)
		rc = dump_chunks(d, err);
	if (!rc)
		rc = require_same(d, err);
	if (!rc)
		rc = pack_finish(&d->w, err);
	info->file_len = d->w.len;
	return rc;
}

static int dump_dev(struct dump *d, struct famfs_dump_result *result, struct famfs_err *err)
{
	struct famfs_image_info *info = &result->info;
	unsigned int problems;
	int rc = super_read(d->dev, &d->super, &problems, err);

	if (!rc)
		rc = find_end(d, problems, result, err);
	if (!rc && image_scrub_init(&d->scrub))
		rc = err_set(err, -EIO, d->dev->name, "no random bytes");
	if (rc)
		return rc;
	info->kind = FAMFS_IMAGE_METADATA;
	info->version = PACK_VERSION;
	info->created = (uint64_t)time(NULL);
	info->dev_size = d->dev->size;
	info->end = d->end;
	info->scrubbed = d->scrubbed || d->dev->origin.scrubbed;
	if (!info->scrubbed && d->dev->metadata_only)
		memcpy(info->device, d->dev->origin.device, sizeof(info->device));
	else if (!info->scrubbed)
		dev_full_name(d->dev, info->device, sizeof(info->device));
	if (!problems)
		image_set_super(info, &d->super);
	return write_pack(d, info, err);
}

int famfs_image_dump(struct famfs_ctx *ctx, const char *device, const struct famfs_dump_opts *opts,
		     struct famfs_dump_result *ret_result, struct famfs_err *err)
{
	struct famfs_dump_result result = { .log_len = 0 };
	struct dump d = { .w = { .fd = opts->fd, .name = opts->name },
			  .scrubbed = opts->flags & FAMFS_DUMP_SCRUB_NAMES };
	int rc;

	d.buf = malloc(PACK_CHUNK);
	rc = d.buf ? dev_open(ctx, device, 0, &d.dev, err) : err_nomem(err);
	if (!rc)
		rc = dump_dev(&d, &result, err);
	pack_writer_fini(&d.w);
	dev_close(d.dev);
	free(d.buf);
	if (!rc && ret_result)
		*ret_result = result;
	return rc;
}

struct reading {
	struct famfs_ctx *ctx;
	const char *name;
	famfs_section_fn fn;
	void *data;
};

static int read_range(void *data, const struct pack_range *range, struct famfs_err *err)
{
	const struct reading *reading = data;
	int rc = reading->fn ? reading->fn(reading->data, &range->section) : 0;

	if (rc)
		return err_set(err, rc, reading->name, "the caller stopped: %s", strerror(abs(rc)));
	if (ctx_cancelled(reading->ctx))
		return err_set(err, -ECANCELED, reading->name, "cancelled");
	return 0;
}

int famfs_image_read(struct famfs_ctx *ctx, const struct famfs_image_source *source,
		     famfs_section_fn fn, void *data, struct famfs_image_info *ret_info,
		     struct famfs_err *err)
{
	struct reading reading = { .ctx = ctx, .name = source->name, .fn = fn, .data = data };
	struct pack_reader r;
	int fd, rc = image_seekable(ctx, source, &fd, err);

	if (rc)
		return rc;
	rc = pack_open(&r, fd, 0, source->name, err);
	if (!rc)
		rc = pack_each(&r, read_range, &reading, ret_info, err);
	pack_reader_fini(&r);
	image_release(source, fd);
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Restoring metadata images and undo files. */
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "csum.h"
#include "ctx.h"
#include "err.h"
#include "image_impl.h"
#include "image_restore.h"
#include "super.h"

void restore_overlay(const struct pack_range *range, uint64_t off, void *buf, uint64_t len)
{
	const struct famfs_image_section *s = &range->section;
	uint64_t from = s->off > off ? s->off : off;
	uint64_t to = s->off + s->len < off + len ? s->off + s->len : off + len;
	uint8_t *at = (uint8_t *)buf + (from - off);

	if (from >= to)
		return;
	if (range->bytes)
		memcpy(at, range->bytes + (from - s->off), to - from);
	else
		memset(at, 0, to - from);
}

static int look_at_range(void *data, const struct pack_range *range, struct famfs_err *err)
{
	struct restore *r = data;

	restore_overlay(range, 0, &r->super, sizeof(r->super));
	restore_overlay(range, FAMFS_LOG_OFF, &r->log, sizeof(r->log));
	if (ctx_cancelled(r->ctx))
		return err_set(err, -ECANCELED, r->device, "cancelled");
	return 0;
}

/* The superblock as it will be: decoded, and whether it is valid. */
static void decode_super(struct restore *r)
{
	struct famfs_restore_result *result = r->result;

	media_super_decode(&r->super, &result->super);
	result->super_valid = le64_get(r->super.fm_magic) == MEDIA_SUPER_MAGIC &&
			      result->super.version == FAMFS_VERSION &&
			      media_super_crc_ok(&r->super);
}

int restore_look(struct restore *r, struct famfs_err *err)
{
	int rc = pack_each(r->r, look_at_range, r, &r->result->info, err);

	if (!rc)
		decode_super(r);
	return rc;
}

int restore_change_super(struct restore *r, struct famfs_err *err)
{
	int rc;

	if (!restore_has(r, FAMFS_RESTORE_NEW_UUID) && !restore_has(r, FAMFS_RESTORE_GROW))
		return 0;
	if (r->result->info.kind != FAMFS_IMAGE_METADATA)
		return err_hint(err,
				err_set(err, -EINVAL, r->r->name,
					"an undo file brings back exactly what was there"),
				"leave --new-uuid and --grow out");
	if (!r->result->super_valid) {
		rc = err_set(err, -EUCLEAN, r->r->name,
			     "there is no valid superblock in it that could be changed");
		return err_hint(err, rc, "leave --new-uuid and --grow out");
	}
	if (restore_has(r, FAMFS_RESTORE_NEW_UUID)) {
		uuid_generate(r->super.fm_uuid);
		uuid_generate(r->super.fm_dev_uuid);
	}
	if (restore_has(r, FAMFS_RESTORE_GROW))
		r->super.fm_dev_size = le64_of(r->result->dev_size);
	r->super.fm_crc = le64_of(csum_crc32(&r->super, offsetof(struct fm_super, fm_crc)));
	decode_super(r);
	return 0;
}

/* A dry run on an image that is not there has no device to open. */
static int open_device(struct restore *r, struct famfs_err *err)
{
	unsigned int flags = DEV_WRITE | (restore_has(r, FAMFS_RESTORE_SYNC) ? DEV_SYNC : 0);
	bool dry_run = restore_has(r, FAMFS_RESTORE_DRY_RUN);
	int rc = 0;

	if (r->result->info.kind == FAMFS_IMAGE_METADATA && dry_run)
		rc = dev_would_make(r->ctx, r->device, err);
	else if (r->result->info.kind == FAMFS_IMAGE_METADATA)
		flags |= DEV_MAKE;
	r->made = rc > 0;
	if (rc)
		return rc < 0 ? rc : 0;
	rc = dev_open(r->ctx, r->device, flags, &r->dev, err);
	if (!rc)
		rc = dev_lock(r->dev, false, err);
	if (!rc)
		r->made = r->dev->kind == FAMFS_DEV_IMAGE && r->dev->size == 0;
	return rc;
}

static int call_section(void *data, const struct pack_range *range, struct famfs_err *err)
{
	struct restore *r = data;
	int rc = r->opts->section(r->opts->data, &range->section);

	return rc ? err_set(err, rc, r->r->name, "the caller stopped: %s", strerror(abs(rc))) : 0;
}

/* What an undo file does not have of superblock and log header stays. */
static int read_present(struct restore *r, struct famfs_err *err)
{
	int rc;

	if (r->made || r->dev->size < sizeof(r->super))
		return 0;
	rc = dev_scan(r->dev, 0, &r->super, sizeof(r->super), err);
	if (rc || r->dev->size < FAMFS_LOG_OFF + sizeof(r->log))
		return rc;
	return dev_scan(r->dev, FAMFS_LOG_OFF, &r->log, sizeof(r->log), err);
}

static int restore_opened(struct restore *r, struct famfs_err *err)
{
	int rc = read_present(r, err);

	if (!rc)
		rc = restore_look(r, err);
	if (!rc)
		rc = restore_judge(r, err);
	if (!rc)
		rc = restore_change_super(r, err);
	if (!rc && !r->made)
		rc = restore_compare(r, err);
	if (!rc && r->opts->section)
		rc = pack_each(r->r, call_section, r, NULL, err);
	r->result->image_made = r->made && (!r->dev || r->dev->made);
	if (rc || restore_has(r, FAMFS_RESTORE_DRY_RUN))
		return rc;
	/* Byte for byte what is there already. */
	if (!r->made && !r->result->changed && r->result->dev_size == r->dev->size)
		return 0;
	return restore_write(r, err);
}

static int restore_pack(struct restore *r, struct famfs_err *err)
{
	bool ours = false;
	int rc = restore_look(r, err);

	if (!rc)
		rc = open_device(r, err);
	if (!rc) {
		/* A file that this call made and could not fill is not left behind. */
		ours = r->dev && r->dev->made && r->made;
		rc = restore_opened(r, err);
	}
	if (rc && ours)
		unlink(r->dev->path);
	dev_close(r->dev);
	return rc;
}

int famfs_image_restore(struct famfs_ctx *ctx, const struct famfs_image_source *source,
			const char *device, const struct famfs_restore_opts *opts,
			struct famfs_restore_result *ret_result, struct famfs_err *err)
{
	static const struct famfs_restore_opts defaults;
	struct famfs_restore_result *result = calloc(1, sizeof(*result));
	struct pack_reader reader = { .fd = -1 };
	struct restore r = { .ctx = ctx,
			     .opts = opts ? opts : &defaults,
			     .result = result,
			     .device = device,
			     .r = &reader,
			     .buf = malloc(PACK_CHUNK) };
	int fd = -1, rc = result && r.buf ? 0 : err_nomem(err);

	if (!rc)
		rc = image_seekable(ctx, source, &fd, err);
	if (!rc)
		rc = pack_open(&reader, fd, 0, source->name, err);
	if (!rc)
		rc = restore_pack(&r, err);
	if (!rc && ret_result)
		*ret_result = *result;
	pack_reader_fini(&reader);
	image_release(source, fd);
	free(r.buf);
	free(result);
	return rc;
}

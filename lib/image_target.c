/* SPDX-License-Identifier: Apache-2.0 */
/* May an image be restored to this device? */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "err.h"
#include "image_restore.h"
#include "log.h"
#include "occupant.h"
#include "role.h"
#include "super.h"
#include "text.h"

static bool is_undo(const struct restore *r)
{
	return r->result->info.kind == FAMFS_IMAGE_UNDO;
}

/* Bytes that the device has at least, so that no file loses its end. */
static uint64_t size_needed(const struct restore *r)
{
	const struct famfs_restore_result *result = r->result;
	uint64_t need = result->info.dev_size;

	if (!is_undo(r) && result->super_valid && result->super.dev_size < need)
		need = result->super.dev_size;
	return need > result->info.end ? need : result->info.end;
}

static int judge_size(struct restore *r, uint64_t size, struct famfs_err *err)
{
	uint64_t need = size_needed(r);
	int rc;

	if (size < r->result->info.end || size < sizeof(struct fm_super))
		return err_set(err, -ENOSPC, r->device,
			       "%" PRIu64 " bytes are too few even for superblock and log: %" PRIu64
			       " are needed",
			       size, r->result->info.end);
	if (restore_has(r, FAMFS_RESTORE_FORCE) || size == need || (size > need && !is_undo(r)))
		return 0;
	if (is_undo(r)) {
		rc = err_set(err, -EINVAL, r->device,
			     "has %" PRIu64 " bytes, the undo file is of a device of %" PRIu64,
			     size, need);
		return err_hint(err, rc, "it was taken from %s", r->result->info.device);
	}
	rc = err_set(err, -ENOSPC, r->device,
		     "has %" PRIu64 " bytes, fewer than the %" PRIu64 " of the file system", size,
		     need);
	return err_hint(err, rc, "files may lie behind its end; --force restores the rest");
}

/* The size that the device will have. */
static int decide_size(struct restore *r, struct famfs_err *err)
{
	uint64_t size = r->opts->size, real = r->made ? 0 : r->dev->size;
	int rc;

	if (r->made)
		size = size ? size : r->result->info.dev_size;
	else if (!size)
		size = real;
	if (!r->made && size != real && r->dev->kind == FAMFS_DEV_DAX)
		return err_hint(err,
				err_set(err, -EINVAL, r->device,
					"the device has %" PRIu64 " bytes, not %" PRIu64, real,
					size),
				"leave --size out: a device has the size it has");
	if (size < real)
		return err_hint(err,
				err_set(err, -EINVAL, r->device,
					"the image has %" PRIu64
					" bytes already, more than %" PRIu64,
					real, size),
				"leave --size out, or remove the file first");
	if (!r->made && size > real && !restore_has(r, FAMFS_RESTORE_FORCE))
		return err_hint(err,
				err_set(err, -EEXIST, r->device,
					"the image has %" PRIu64 " bytes, --size says %" PRIu64,
					real, size),
				"leave --size out, or add --force to let it grow");
	rc = judge_size(r, size, err);
	if (!rc)
		r->result->dev_size = size;
	return rc;
}

/* Is that the file system that is restored; for an undo file, its device? */
static bool is_same(const struct restore *r, const struct famfs_super *now)
{
	const struct famfs_image_info *info = &r->result->info;
	char name[FAMFS_IMAGE_DEVICE_SIZE];

	if (!is_undo(r))
		return r->result->super_valid && !restore_has(r, FAMFS_RESTORE_NEW_UUID) &&
		       !memcmp(now->uuid, r->result->super.uuid, sizeof(now->uuid));
	dev_full_name(r->dev, name, sizeof(name));
	return !strcmp(name, info->device) ||
	       (info->has_super && !memcmp(now->uuid, info->uuid, sizeof(now->uuid)));
}

/* An older state of the log would take files away. */
static int require_no_newer(struct restore *r, const struct famfs_super *now, struct famfs_err *err)
{
	uint64_t count = le64_get(r->log.fm_next_index);
	struct log log;
	int rc = log_open(r->dev, now, true, &log, err);

	if (rc || log.problems & LOG_DAMAGE || log.count <= count)
		return rc;
	rc = err_set(err, -EEXIST, r->device,
		     "has %" PRIu64 " log entries, the metadata image %" PRIu64
		     ": what was added later would be lost",
		     log.count, count);
	return err_hint(err, rc, "--force goes back to the older state");
}

static int refuse_changed(const struct restore *r, const char *what, struct famfs_err *err)
{
	int rc = err_set(err, -EEXIST, r->device, "%s since the undo file was made", what);

	return err_hint(err, rc,
			"--force goes back all the same, and may lose what was done since");
}

/*
 * Each word is an old or a new one: a command that was cut off between two stores leaves such
 * headers, too. A mark may stand in place of the magic number. Where the checksum is wrong, only
 * the counters are looked at.
 */
static bool is_expected(const struct restore *r, const struct fm_log *now)
{
	size_t from = media_log_crc_ok(now) ? 0 : offsetof(struct fm_log, fm_next_seqnum);
	const uint8_t *old = (const uint8_t *)&r->log, *new = (const uint8_t *)&r->r->after.header;
	const uint8_t *at = (const uint8_t *)now;

	for (size_t i = from; i < sizeof(*now); i += sizeof(uint64_t)) {
		if (memcmp(at + i, old + i, sizeof(uint64_t)) != 0 &&
		    memcmp(at + i, new + i, sizeof(uint64_t)) != 0 &&
		    (i || le64_get(now->fm_magic) != MEDIA_LOG_REWRITE))
			return false;
	}
	return true;
}

static int require_log(struct restore *r, const struct famfs_super *now, bool valid,
		       struct famfs_err *err)
{
	const struct pack_after *after = &r->r->after;
	uint64_t sum = 0;
	struct fm_log raw;
	struct log log;
	int rc = dev_scan(r->dev, FAMFS_LOG_OFF, &raw, sizeof(raw), err);

	if (!rc && !is_expected(r, &raw))
		return refuse_changed(r, "the log has changed", err);
	if (!rc)
		rc = log_open(r->dev, now, valid, &log, err);
	/* No header is there that could count entries. */
	if (rc == -EUCLEAN)
		return 0;
	if (rc || log.problems & LOG_DAMAGE)
		return rc;
	rc = log_sum(&log, &(struct log_part){ .to = log.count, .end_at_blank = true }, &sum, err);
	if (rc || sum == after->sum_before || sum == after->sum_after)
		return rc;
	return refuse_changed(r, "the log's entries have changed", err);
}

/*
 * What an undo file brings back fits only what its command left, or left half done. @valid: the
 * superblock is.
 */
static int require_no_other(struct restore *r, const struct famfs_super *now, bool valid,
			    struct famfs_err *err)
{
	const struct pack_after *after = &r->r->after;
	struct fm_super raw;
	int rc = dev_scan(r->dev, 0, &raw, sizeof(raw), err);

	if (rc)
		return rc;
	if (valid && after->super && le64_get(raw.fm_crc) != after->super_crc &&
	    le64_get(raw.fm_crc) != le64_get(r->super.fm_crc))
		return refuse_changed(r, "the superblock has changed", err);
	return after->log ? require_log(r, now, valid, err) : 0;
}

static int judge_content(struct restore *r, const struct famfs_super *now, unsigned int problems,
			 struct famfs_err *err)
{
	struct famfs_restore_result *result = r->result;
	bool force = restore_has(r, FAMFS_RESTORE_FORCE);
	int rc;

	/* What was there is in the undo file of the restore that took it. */
	if (problems & SUPER_CUT_OFF)
		return 0;
	if (!(problems & (SUPER_BAD_MAGIC | SUPER_BAD_VERSION)) && is_same(r, now)) {
		if (force || is_undo(r))
			return force ? 0 : require_no_other(r, now, !problems, err);
		return problems ? 0 : require_no_newer(r, now, err);
	}
	rc = occupant_any(r->dev, result->replaced, sizeof(result->replaced), err);
	if (rc || force)
		return rc;
	/* A famfs of another version may be what the command mended. */
	if (is_undo(r) && is_same(r, now) &&
	    (!result->replaced[0] || !(problems & SUPER_BAD_MAGIC)))
		return require_no_other(r, now, false, err);
	if (!result->replaced[0])
		return 0;
	rc = err_set(err, -EEXIST, r->device, "holds %s", result->replaced);
	return err_hint(err, rc, "--force writes over it");
}

static int judge_role(const struct restore *r, const struct famfs_super *now, unsigned int problems,
		      struct famfs_err *err)
{
	int rc = 0;

	if (restore_has(r, FAMFS_RESTORE_FORCE))
		return 0;
	if (!problems)
		rc = role_require_master(r->ctx, now, r->device, err);
	if (!rc && r->result->super_valid)
		rc = role_require_master(r->ctx, &r->result->super, r->device, err);
	return rc ? err_hint(err, rc, "run the command on that host; --force does it all the same")
		  : 0;
}

int restore_judge(struct restore *r, struct famfs_err *err)
{
	struct famfs_super now = { 0 };
	unsigned int problems = SUPER_BAD_MAGIC;
	uint64_t bad;
	int rc = r->dev ? occupant_require_idle(r->dev, err) : 0;

	if (!rc)
		rc = decide_size(r, err);
	/* To undo may be all that is left, so it is tried. */
	if (!rc && !r->made && !is_undo(r))
		rc = occupant_require_memory(r->dev, r->result->info.end, &bad, err);
	if (!rc && !r->made)
		rc = super_read(r->dev, &now, &problems, err);
	if (!rc && !r->made)
		rc = judge_content(r, &now, problems, err);
	return rc ? rc : judge_role(r, &now, problems, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Making a file system. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "ctx.h"
#include "err.h"
#include "log.h"
#include "occupant.h"
#include "role.h"
#include "super.h"
#include "text.h"

#define DAXDEV_LEN_MAX 63 /* with a NUL in the field */

/* Bytes of an image that are stored to by mkfs, and must not meet a full disk. */
#define HEAD_LEN 4096

static int bad_log_len(const char *device, uint64_t len, struct famfs_err *err)
{
	uint64_t near = FAMFS_LOG_LEN_MIN;
	int rc;

	while (near < len / 2 && near < 1ULL << 62)
		near *= 2;
	rc = err_set(err, -EINVAL, device,
		     "log length %" PRIu64 " is not a power of two of at least %s", len,
		     text_size(FAMFS_LOG_LEN_MIN).s);
	if (len < FAMFS_LOG_LEN_MIN)
		return err_hint(err, rc, "nearest: %s", text_size(near).s);
	return err_hint(err, rc, "nearest: %s or %s", text_size(near).s, text_size(near * 2).s);
}

static int check_opts(const char *device, const struct famfs_mkfs_opts *opts, struct famfs_err *err)
{
	uint64_t len = opts->log_len;
	int rc;

	if (len < FAMFS_LOG_LEN_MIN || (len & (len - 1)))
		return bad_log_len(device, len, err);
	if (opts->daxdev && strlen(opts->daxdev) > DAXDEV_LEN_MAX) {
		rc = err_set(err, -EINVAL, device,
			     "the device path to record has %zu bytes, at most %d fit",
			     strlen(opts->daxdev), DAXDEV_LEN_MAX);
		return err_hint(err, rc, "give a shorter one, such as /dev/dax0.0");
	}
	if ((opts->flags & FAMFS_MKFS_KILL) && !(opts->flags & FAMFS_MKFS_FORCE)) {
		rc = err_set(err, -EINVAL, device, "kill destroys a file system");
		return err_hint(err, rc, "add --force if that is meant");
	}
	return 0;
}

/* Superblock, log and at least one allocation unit for files. */
static int check_room(const char *device, uint64_t size, uint64_t log_len, struct famfs_err *err)
{
	uint64_t need, fits = FAMFS_LOG_LEN_MIN;
	int rc;

	if (!__builtin_add_overflow(log_len, FAMFS_LOG_OFF + FAMFS_AU, &need) && size >= need)
		return 0;
	rc = err_set(err, -ENOSPC, device,
		     "has %s, too few for a log of %s: %s are needed at least",
		     text_count(size, "byte").s, text_size(log_len).s,
		     text_size(log_len + FAMFS_LOG_OFF + FAMFS_AU).s);
	if (size < FAMFS_LOG_LEN_MIN + FAMFS_LOG_OFF + FAMFS_AU)
		return err_hint(err, rc, "the smallest file system takes %s, with --loglen 2M",
				text_size(FAMFS_LOG_LEN_MIN + FAMFS_LOG_OFF + FAMFS_AU).s);
	while (fits * 2 + FAMFS_LOG_OFF + FAMFS_AU <= size)
		fits *= 2;
	return err_hint(err, rc, "--loglen %s fits", text_size(fits).s);
}

/* The same refusal with a better way out, if there is one. */
static int check_memory(struct dev *dev, uint64_t log_len, struct famfs_err *err)
{
	uint64_t fits = FAMFS_LOG_LEN_MIN, bad;
	int rc = occupant_require_memory(dev, FAMFS_LOG_OFF + log_len, &bad, err);

	if (!rc || bad < FAMFS_LOG_OFF + fits)
		return rc;
	while (FAMFS_LOG_OFF + fits * 2 <= bad)
		fits *= 2;
	return err_hint(err, rc, "--loglen %s ends before it", text_size(fits).s);
}

/* The size that the device will have; *@ret_grow if an image must be made longer. */
static int decide_size(const struct dev *dev, const struct famfs_mkfs_opts *opts,
		       uint64_t *ret_size, struct famfs_err *err)
{
	bool force = opts->flags & FAMFS_MKFS_FORCE;
	int rc;

	if (!opts->size || opts->size == dev->size) {
		*ret_size = dev->size;
		if (dev->size || opts->flags & FAMFS_MKFS_KILL)
			return 0;
		rc = err_set(err, -EINVAL, dev->name, "an empty file");
		return err_hint(err, rc, "give the image's size with --size");
	}
	if (dev->kind == FAMFS_DEV_DAX) {
		rc = err_set(err, -EINVAL, dev->name, "the device has %s, not %" PRIu64,
			     text_count(dev->size, "byte").s, opts->size);
		return err_hint(err, rc, "leave --size out: a device has the size it has");
	}
	if (opts->size < dev->size) {
		rc = err_set(err, -EINVAL, dev->name,
			     "the image has %s already, more than %" PRIu64,
			     text_count(dev->size, "byte").s, opts->size);
		return err_hint(err, rc, "leave --size out, or remove the file first");
	}
	if (dev->size && !force) {
		rc = err_set(err, -EEXIST, dev->name, "the image has %s, --size says %" PRIu64,
			     text_count(dev->size, "byte").s, opts->size);
		return err_hint(err, rc, "leave --size out, or add --force to let it grow");
	}
	*ret_size = opts->size;
	return 0;
}

/* What would be overwritten; refuses it unless it is forced. */
static int check_content(struct dev *dev, unsigned int flags, struct famfs_mkfs_result *result,
			 struct famfs_err *err)
{
	int rc;

	rc = occupant_any(dev, result->replaced, sizeof(result->replaced), err);
	if (rc || !result->replaced[0] || flags & FAMFS_MKFS_FORCE)
		return rc;
	rc = err_set(err, -EEXIST, dev->name, "holds %s", result->replaced);
	return err_hint(err, rc, "famfs mkfs --force %s destroys it", text_shell(dev->name).s);
}

static int fill_super(struct famfs_ctx *ctx, const char *path, const struct famfs_mkfs_opts *opts,
		      struct famfs_super *super, struct famfs_err *err)
{
	bool make = !(opts->flags & FAMFS_MKFS_DRY_RUN);
	int rc = role_system_uuid(ctx, make, super->system_uuid, err);

	/* A dry run makes no identity, and does without. */
	if (rc && make)
		return rc;
	super->version = FAMFS_VERSION;
	super->log_off = FAMFS_LOG_OFF;
	super->log_len = opts->log_len;
	super->alloc_unit = FAMFS_AU;
	super->omf_major = MEDIA_OMF_MAJOR;
	super->omf_minor = MEDIA_OMF_MINOR;
	uuid_generate(super->uuid);
	uuid_generate(super->dev_uuid);
	if (opts->uuid)
		memcpy(super->uuid, opts->uuid, sizeof(super->uuid));
	if (opts->dev_uuid)
		memcpy(super->dev_uuid, opts->dev_uuid, sizeof(super->dev_uuid));
	snprintf(super->daxdev, DAXDEV_LEN_MAX + 1, "%s", opts->daxdev ? opts->daxdev : path);
	return 0;
}

/* Reads back what was written and judges it as an open would. */
static int verify(struct dev *dev, const struct famfs_super *super, struct famfs_err *err)
{
	struct famfs_super found;
	unsigned int problems;
	struct log log = { 0 };
	int rc = super_read(dev, &found, &problems, err);

	if (!rc && !problems)
		rc = log_open(dev, &found, true, &log, err);
	if (rc)
		return rc;
	if (problems || log.problems || log.count || log.len != super->log_len ||
	    memcmp(found.uuid, super->uuid, sizeof(found.uuid)) ||
	    found.dev_size != super->dev_size || strcmp(found.daxdev, super->daxdev) != 0)
		return err_set(err, -EIO, dev->name,
			       "what was written does not read back: the memory is faulty, or "
			       "another host writes to it");
	return 0;
}

/* What does not read back must not look like a file system. One that another host made meanwhile
 * is that host's. */
static int unmake(struct dev *dev, const struct famfs_super *super, int rc)
{
	struct famfs_super found;
	unsigned int problems;

	if (super_read(dev, &found, &problems, NULL) || problems ||
	    !memcmp(found.uuid, super->uuid, sizeof(found.uuid)))
		(void)super_kill(dev, NULL);
	return rc;
}

/* The old superblock dies first, the new one is born last. */
static int write_all(struct dev *dev, const struct famfs_super *super, struct famfs_err *err)
{
	int rc = 0;

	if (super->dev_size != dev->size)
		rc = dev_resize(dev, super->dev_size, err);
	if (!rc)
		rc = dev_map(dev, FAMFS_LOG_OFF + super->log_len, err);
	if (!rc)
		rc = dev_reserve(dev, 0, HEAD_LEN, err);
	if (!rc)
		rc = super_kill(dev, err);
	if (!rc)
		rc = log_make(dev, super->log_len, err);
	if (!rc)
		rc = super_write(dev, super, err);
	if (rc)
		return rc;
	rc = verify(dev, super, err);
	return rc ? unmake(dev, super, rc) : dev_finish(dev, err);
}

static int kill_super(struct dev *dev, struct famfs_mkfs_result *result, bool dry_run,
		      struct famfs_err *err)
{
	int rc = occupant_famfs(dev, result->replaced, sizeof(result->replaced), err);

	if (rc)
		return rc;
	if (!result->replaced[0])
		return err_set(err, -ENOENT, dev->name, "there is no famfs superblock to kill");
	if (dry_run)
		return 0;
	rc = super_kill(dev, err);
	return rc ? rc : dev_finish(dev, err);
}

static int mkfs_locked(struct dev *dev, const struct famfs_mkfs_opts *opts,
		       struct famfs_mkfs_result *result, struct famfs_err *err)
{
	bool dry_run = opts->flags & FAMFS_MKFS_DRY_RUN;
	int rc = occupant_require_idle(dev, err);

	if (!rc)
		rc = decide_size(dev, opts, &result->dev_size, err);
	if (rc)
		return rc;
	if (opts->flags & FAMFS_MKFS_KILL)
		return kill_super(dev, result, dry_run, err);
	rc = check_room(dev->name, result->dev_size, opts->log_len, err);
	if (!rc)
		rc = check_content(dev, opts->flags, result, err);
	if (!rc)
		rc = check_memory(dev, opts->log_len, err);
	if (!rc)
		rc = fill_super(dev->ctx, dev->path, opts, &result->super, err);
	if (rc)
		return rc;
	result->super.dev_size = result->dev_size;
	result->log_slots = media_log_slots(opts->log_len);
	result->image_made = dev->made;
	return dry_run ? 0 : write_all(dev, &result->super, err);
}

/* A dry run on an image that is not there yet has nothing to look at. */
static int dry_run_new(struct famfs_ctx *ctx, const char *device,
		       const struct famfs_mkfs_opts *opts, struct famfs_mkfs_result *result,
		       struct famfs_err *err)
{
	int rc = check_room(device, opts->size, opts->log_len, err);

	if (!rc)
		rc = fill_super(ctx, device, opts, &result->super, err);
	result->super.dev_size = result->dev_size = opts->size;
	result->log_slots = media_log_slots(opts->log_len);
	result->image_made = true;
	return rc;
}

static int mkfs_device(struct famfs_ctx *ctx, const char *device,
		       const struct famfs_mkfs_opts *opts, struct famfs_mkfs_result *result,
		       struct famfs_err *err)
{
	unsigned int flags = DEV_WRITE | (opts->flags & FAMFS_MKFS_SYNC ? DEV_SYNC : 0);
	struct dev *dev;
	bool ours;
	int rc;

	if (opts->size && !(opts->flags & FAMFS_MKFS_KILL))
		flags |= DEV_MAKE;
	rc = dev_open(ctx, device, flags, &dev, err);
	if (rc)
		return rc;
	rc = dev_lock(dev, false, err);
	/* A file that this call made and could not fill is not left behind; one that another
	 * command took up meanwhile is. */
	ours = !rc && dev->made && dev->size == 0;
	if (!rc)
		rc = mkfs_locked(dev, opts, result, err);
	if (rc && ours)
		unlink(dev->path);
	dev_close(dev);
	return rc;
}

int famfs_mkfs(struct famfs_ctx *ctx, const char *device, const struct famfs_mkfs_opts *opts,
	       struct famfs_mkfs_result *ret_result, struct famfs_err *err)
{
	struct famfs_mkfs_result result = { 0 };
	struct famfs_mkfs_opts all = opts ? *opts : (struct famfs_mkfs_opts){ 0 };
	int rc;

	if (!all.log_len)
		all.log_len = FAMFS_LOG_LEN_DEFAULT;
	rc = check_opts(device, &all, err);
	if (rc)
		return rc;
	if (all.flags & FAMFS_MKFS_DRY_RUN && all.size && !(all.flags & FAMFS_MKFS_KILL))
		rc = dev_would_make(ctx, device, err);
	if (rc > 0)
		rc = dry_run_new(ctx, device, &all, &result, err);
	else if (rc == 0)
		rc = mkfs_device(ctx, device, &all, &result, err);
	if (!rc && ret_result)
		*ret_result = result;
	return rc;
}

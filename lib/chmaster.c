/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another host becomes the master: its system UUID goes into the superblock, with the checksum in
 * the same cache line. What a crash can leave is the old master, the new one, or a superblock with
 * a wrong checksum, which the undo file brings back.
 *
 * No store is atomic between hosts. Two that claim the role at once both wait for a while and look
 * again: the one whose claim is not there any more has lost. A claim that is mixed from both is
 * made again, after a time that is not the same for both. A host that stops for longer than that
 * between its look and its store can still overwrite a claim that was believed.
 */
#include <stddef.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "ctx.h"
#include "err.h"
#include "fs.h"
#include "media.h"
#include "occupant.h"
#include "role.h"
#include "super.h"
#include "text.h"
#include "undo.h"

#define SETTLE_MS 1000
#define CLAIMS    5 /* times that a mixed claim is made again */

/* The master's UUID and the checksum; both lie in one cache line. */
#define CLAIM_OFF offsetof(struct fm_super, fm_system_uuid)
#define CLAIM_LEN (offsetof(struct fm_super, fm_flags) - CLAIM_OFF)

_Static_assert(CLAIM_OFF / 64 == (CLAIM_OFF + CLAIM_LEN - 1) / 64, "one cache line");

static void sleep_ms(const struct famfs_ctx *ctx, uint32_t ms)
{
	const struct timespec step = { .tv_nsec = 10000000 };

	for (uint32_t slept = 0; slept < ms && !ctx_cancelled(ctx); slept += 10)
		(void)nanosleep(&step, NULL);
}

static int store_claim(struct famfs *fs, const struct famfs_super *super, struct famfs_err *err)
{
	struct fm_super raw;
	int rc;

	media_super_encode(super, &raw);
	rc = dev_store(fs->dev, CLAIM_OFF, (const uint8_t *)&raw + CLAIM_OFF, CLAIM_LEN, err);
	if (!rc)
		rc = dev_writeback(fs->dev, CLAIM_OFF, CLAIM_LEN, err);
	return rc ? rc : dev_fence(fs->dev, err);
}

static int lost_to(const struct famfs *fs, const struct famfs_super *found, struct famfs_err *err)
{
	char uuid[FAMFS_UUID_STR];
	int rc;

	if (!fs_is_same(found, &fs->super)) {
		rc = err_set(err, -ESTALE, fs->dev->name,
			     "the file system was made anew in the meantime");
		return err_hint(err, rc, "look at it with famfs df");
	}
	rc = err_set(err, -EAGAIN, fs->dev->name,
		     "another host, with system UUID %s, became the master at the same time",
		     famfs_uuid_format(found->system_uuid, uuid));
	return err_hint(err, rc, "find out which of the two it shall be");
}

/* Is the claim still there? Return: 1, 0 if it is mixed with another, -errno. */
static int look_again(struct famfs *fs, const struct famfs_super *claimed, struct famfs_err *err)
{
	struct famfs_super found;
	unsigned int problems;
	int rc = super_read(fs->dev, &found, &problems, err);

	if (rc)
		return rc;
	if (problems)
		return problems & SUPER_BAD_CRC ? 0 : lost_to(fs, &found, err);
	if (!fs_is_same(&found, claimed) ||
	    memcmp(found.system_uuid, claimed->system_uuid, sizeof(found.system_uuid)))
		return lost_to(fs, &found, err);
	return 1;
}

static int claim(struct famfs *fs, const struct famfs_super *super, struct famfs_err *err)
{
	uint8_t more = 0;
	int rc = 0;

	for (int i = 0; i < CLAIMS && rc == 0; i++) {
		rc = store_claim(fs, super, err);
		if (!rc)
			rc = dev_finish(fs->dev, err);
		if (rc)
			return rc;
		(void)!getrandom(&more, sizeof(more), 0);
		sleep_ms(fs->ctx, SETTLE_MS + 4U * more);
		rc = look_again(fs, super, err);
	}
	if (rc)
		return rc > 0 ? 0 : rc;
	rc = err_set(err, -EAGAIN, fs->dev->name,
		     "other hosts write to the superblock at the same time");
	return err_hint(err, rc, "stop them; then famfs check %s", text_shell(fs->dev->name).s);
}

/* Whoever appends while we look on is alive. */
static int require_still(struct famfs *fs, uint32_t watch_ms, struct famfs_err *err)
{
	char uuid[FAMFS_UUID_STR];
	int rc = famfs_wait(fs, watch_ms, err);

	if (rc <= 0)
		return rc;
	rc = err_set(err, -EBUSY, fs->dev->name,
		     "the master, with system UUID %s, is alive: it appends to the log",
		     famfs_uuid_format(fs->super.system_uuid, uuid));
	return err_hint(err, rc, "hand the role over there: famfs chmaster --give");
}

/* The superblock as it shall be, when that is another than it is. */
static int decide(struct famfs *fs, const struct famfs_chmaster_opts *opts,
		  struct famfs_chmaster_result *result, struct famfs_err *err)
{
	uint8_t own[16];
	int rc;

	memcpy(result->old_master, fs->super.system_uuid, sizeof(result->old_master));
	rc = role_system_uuid(fs->ctx, !opts->give && !opts->dry_run, own, err);
	/* What would be made in earnest. */
	if (rc == -ENOENT && opts->dry_run && !opts->give)
		return 1;
	if (rc)
		return rc;
	memcpy(result->new_master, opts->give ? opts->give : own, sizeof(own));
	if (opts->give)
		rc = role_require_master(fs->ctx, &fs->super, fs->dev->name, err);
	if (rc)
		return rc;
	return !!memcmp(result->old_master, result->new_master, sizeof(own));
}

static int change(struct famfs *fs, const struct famfs_chmaster_opts *opts,
		  struct famfs_chmaster_result *result, struct famfs_err *err)
{
	struct famfs_super super;
	struct undo *undo = NULL;
	int rc;

	if (!opts->give) {
		rc = require_still(fs, opts->watch_ms, err);
		if (rc)
			return rc;
	}
	if (opts->dry_run)
		return 0;
	super = fs->super;
	memcpy(super.system_uuid, result->new_master, sizeof(super.system_uuid));
	rc = undo_begin(fs->dev, NULL, &undo, err);
	if (!rc)
		rc = undo_commit(undo, err);
	if (!rc)
		rc = claim(fs, &super, err);
	/* It would bring the old master back; that is for the new one to say. */
	if (!rc)
		undo_discard(undo);
	else
		undo_close(undo);
	return rc;
}

int famfs_chmaster(struct famfs_ctx *ctx, const char *device,
		   const struct famfs_chmaster_opts *opts, struct famfs_chmaster_result *ret_result,
		   struct famfs_err *err)
{
	struct famfs_chmaster_result result = { 0 };
	struct famfs *fs;
	int rc = famfs_open(ctx, device, FAMFS_OPEN_WRITE, &fs, err);

	if (rc)
		return rc;
	rc = dev_lock(fs->dev, false, err);
	if (!rc)
		rc = famfs_refresh(fs, err);
	if (!rc)
		rc = occupant_require_idle(fs->dev, err);
	if (!rc)
		rc = decide(fs, opts, &result, err);
	if (rc > 0) {
		result.changed = true;
		rc = change(fs, opts, &result, err);
	}
	famfs_close(fs);
	if (!rc)
		*ret_result = result;
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Repairing a file system: check, mend the copy, check again; then store what has changed. */
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "occupant.h"
#include "repair_impl.h"
#include "role.h"

/* Each round mends something, or is the last; only a chain of consequences needs many. */
#define ROUNDS_MAX 32

static const uint8_t no_uuid[16];

/* Words and place of the superblock's beginning are right: it is one, though a damaged one. */
static bool looks_like_super(const struct fm_super *raw)
{
	return le64_get(raw->fm_magic) == MEDIA_SUPER_MAGIC ||
	       (le64_get(raw->fm_version) == FAMFS_VERSION &&
		le64_get(raw->fm_log_offset) == FAMFS_LOG_OFF);
}

/* A damaged superblock in which the system UUID of another host can still be read. */
static int require_force(const struct famfs_repair *rep, struct famfs_err *err)
{
	const uint8_t *master = rep->super.fm_system_uuid;
	struct famfs_super super;
	char uuid[FAMFS_UUID_STR];
	int rc;

	if (!looks_like_super(&rep->super) || !memcmp(master, no_uuid, sizeof(no_uuid)) ||
	    rep->opts.flags & FAMFS_REPAIR_FORCE)
		return 0;
	media_super_decode(&rep->super, &super);
	rc = role_require_master(rep->ctx, &super, rep->dev->name, err);
	if (rc != -EPERM)
		return rc;
	rc = err_set(err, rc, rep->dev->name,
		     "the damaged superblock names another host as master, with system UUID %s",
		     famfs_uuid_format(master, uuid));
	return err_hint(err, rc,
			"run the command there, or make this host the master with --force");
}

/* Whose file system is it? Return: 0, -EPERM, -EINVAL (the host's identity cannot be read). */
static int judge_role(const struct famfs_repair *rep, struct famfs_err *err)
{
	struct famfs_super super;

	if (!rep->head.super_proved)
		return require_force(rep, err);
	media_super_decode(&rep->head.proved, &super);
	return role_require_master(rep->ctx, &super, rep->dev->name, err);
}

static void judge_refusal(struct famfs_repair *rep)
{
	struct famfs_err *why = &rep->refusal;

	if (rep->opts.flags & FAMFS_REPAIR_DRY_RUN || why->rc)
		return;
	if (occupant_require_idle(rep->dev, why) == 0)
		(void)judge_role(rep, why);
}

/* For reading only where writing is not allowed: what is wrong can be told all the same. */
static int open_device(struct famfs_repair *rep, const char *device, struct famfs_err *err)
{
	bool dry_run = rep->opts.flags & FAMFS_REPAIR_DRY_RUN;
	unsigned int flags = DEV_WRITE | (rep->opts.flags & FAMFS_REPAIR_SYNC ? DEV_SYNC : 0);
	int rc = dev_open(rep->ctx, device, dry_run ? 0 : flags, &rep->dev, err);

	if (!dry_run && (rc == -EACCES || rc == -EROFS || rc == -EPERM)) {
		struct famfs_err why = { 0 };

		rc = dev_open(rep->ctx, device, flags, &rep->dev, &why);
		if (rc) {
			rc = dev_open(rep->ctx, device, 0, &rep->dev, err);
			rep->refusal = why;
		}
	}
	if (!rc && rep->opts.flags & FAMFS_REPAIR_LOCK && !dry_run && !rep->refusal.rc)
		rc = dev_lock(rep->dev, true, err);
	return rc;
}

static int note_findings(struct famfs_repair *rep, struct famfs_err *err)
{
	const struct problem_list *list = &rep->check->list;
	int rc = 0;

	for (uint64_t i = 0; i < list->nr && !rc; i++)
		rc = repair_note(rep, &list->recs[i], err);
	return rc;
}

static bool can_be_mended(const struct famfs_repair *rep)
{
	for (uint64_t i = 0; i < rep->items_nr; i++) {
		if (rep->items[i].kind != FAMFS_REPAIR_NONE)
			return true;
	}
	return false;
}

/* Return: 1 something was mended in the copy, 0 not, -errno. */
static int mend(struct famfs_repair *rep, struct famfs_err *err)
{
	int rc = note_findings(rep, err);

	if (!rc)
		rc = repair_head_fix(rep, err);
	/* What is said of entries means little while it is not known which there are. */
	if (!rc)
		rc = repair_entries_fix(rep, err);
	/* Nothing that goes makes room any more. */
	if (rc || !rep->crowded || rep->move_up)
		return rc;
	rep->move_up = true;
	return 1;
}

/* Until a check of the copy finds nothing more to mend; its findings are what is left. */
static int mend_all(struct famfs_repair *rep, struct famfs_err *err)
{
	int rc = check_dev(rep->ctx, rep->dev, &rep->check, err);

	if (rc)
		return rc;
	rep->before = rep->check->summary;
	while (rep->round < ROUNDS_MAX && (rc = mend(rep, err)) > 0) {
		check_free(rep->check);
		rep->check = NULL;
		rep->round++;
		rc = check_dev(rep->ctx, rep->copy, &rep->check, err);
		if (rc)
			return rc;
	}
	if (rc < 0)
		return rc;
	rep->after = rep->check->summary;
	return 0;
}

static int plan(struct famfs_repair *rep, struct famfs_err *err)
{
	int rc = repair_copy_make(rep, err);

	if (rc)
		return rc;
	repair_items_init(rep);
	repair_head_judge(rep);
	judge_refusal(rep);
	rc = mend_all(rep, err);
	if (!rc)
		rc = repair_copy_is_current(rep, err);
	if (rc)
		return rc;
	repair_mark_left(rep, rep->check);
	return repair_changes(rep, err);
}

int famfs_repair_new(struct famfs_ctx *ctx, const char *device,
		     const struct famfs_repair_opts *opts, struct famfs_repair **ret_rep,
		     struct famfs_err *err)
{
	struct famfs_repair *rep = calloc(1, sizeof(*rep));
	int rc = 0;

	if (!rep)
		return err_nomem(err);
	rep->ctx = ctx;
	rep->opts = *opts;
	if (opts->undo) {
		rep->undo_name = strdup(opts->undo);
		rc = rep->undo_name ? 0 : err_nomem(err);
	}
	if (!rc)
		rc = open_device(rep, device, err);
	if (!rc)
		rc = plan(rep, err);
	if (rc) {
		famfs_repair_free(rep);
		return rc;
	}
	*ret_rep = rep;
	return 0;
}

int famfs_repair_refusal(const struct famfs_repair *rep, struct famfs_err *err)
{
	if (!rep->refusal.rc || !can_be_mended(rep))
		return 0;
	if (err)
		*err = rep->refusal;
	return rep->refusal.rc;
}

const struct famfs_check_summary *famfs_repair_before(const struct famfs_repair *rep)
{
	return &rep->before;
}

const struct famfs_check_summary *famfs_repair_after(const struct famfs_repair *rep)
{
	return &rep->after;
}

int famfs_repair_next(struct famfs_repair *rep, struct famfs_finding *ret_finding,
		      enum famfs_repair_status *ret_status, const char **ret_done)
{
	const struct repair_item *item;

	if (rep->next >= rep->items_nr)
		return 0;
	item = &rep->items[rep->next++];
	repair_item_render(rep, item, ret_finding);
	*ret_status = item->left ? FAMFS_REPAIR_LEFT : FAMFS_REPAIR_DONE;
	*ret_done = NULL;
	if (!item->left)
		*ret_done = item->decision == REPAIR_YES ? problem_row(item->rec.problem)->done
							 : "gone with another repair";
	return 1;
}

int famfs_repair_change_next(struct famfs_repair *rep, struct famfs_repair_change *ret_change)
{
	if (rep->changes_next >= rep->changes_nr)
		return 0;
	*ret_change = rep->changes[rep->changes_next++];
	return 1;
}

int famfs_repair_commit(struct famfs_repair *rep, struct famfs_err *err)
{
	int rc = famfs_repair_refusal(rep, err);

	if (rc || !rep->asked || rep->opts.flags & FAMFS_REPAIR_DRY_RUN || rep->committed)
		return rc;
	rc = dev_lock(rep->dev, true, err);
	if (!rc)
		rc = occupant_require_idle(rep->dev, err);
	if (!rc)
		rc = repair_copy_is_current(rep, err);
	if (!rc)
		rc = repair_store(rep, err);
	rep->committed = !rc;
	return rc;
}

const char *famfs_repair_undo(const struct famfs_repair *rep)
{
	return rep->undo_made;
}

void famfs_repair_free(struct famfs_repair *rep)
{
	if (!rep)
		return;
	check_free(rep->check);
	repair_items_free(rep);
	repair_copy_free(rep);
	dev_close(rep->dev);
	free(rep->inserts);
	free(rep->changes);
	free(rep->undo_name);
	free(rep->undo_made);
	free(rep);
}

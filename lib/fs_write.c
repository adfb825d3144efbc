/* SPDX-License-Identifier: Apache-2.0 */
/* Who may write to an open file system, and when: the lock, the role, what others did meanwhile. */
#include "err.h"
#include "fs.h"
#include "role.h"
#include "super.h"
#include "text.h"
#include "users.h"

/* Is it still the file system whose log was read, and still ours? */
int fs_require_same(struct famfs *fs, struct famfs_err *err)
{
	struct famfs_super super;
	unsigned int problems;
	int rc = super_read(fs->dev, &super, &problems, err);

	if (!rc && !problems && fs_is_same(&super, &fs->super))
		return role_require_master(fs->ctx, &super, fs->dev->name, err);
	if (rc)
		return rc;
	rc = err_set(err, -ESTALE, fs->dev->name,
		     "the file system was made anew or destroyed in the meantime");
	return err_hint(err, rc, "look at it with famfs df, then repeat the command");
}

int fs_take_held(struct famfs *fs, struct space *space, struct famfs_err *err)
{
	uint64_t at = 0, off, len;
	int rc, seen = 0;

	while ((rc = dev_held_next(fs->dev, at, &off, &len, err)) > 0) {
		space_take(space, off, len);
		seen = 1;
		if (__builtin_add_overflow(off, len, &at))
			break;
	}
	return rc < 0 ? rc : seen;
}

static void take_bad(void *data, uint64_t off, uint64_t len)
{
	space_take_bad(data, off, len);
}

int fs_take_bad(struct famfs *fs, struct space *space, struct famfs_err *err)
{
	if (fs->dev->kind != FAMFS_DEV_DAX)
		return 0;
	return dax_media_errors(fs->ctx, &fs->dev->dax, take_bad, space, err);
}

/* Space that others are filling right now is not free, though the log does not know it yet. */
static int take_held(struct famfs *fs, struct famfs_err *err)
{
	int rc = fs_take_held(fs, &fs->space, err);

	fs->held_seen |= rc > 0;
	return rc < 0 ? rc : 0;
}

int fs_require_known(const struct famfs *fs, struct famfs_err *err)
{
	int rc;

	if (fs->unknown == FAMFS_NONE)
		return 0;
	rc = err_set(err, -EUCLEAN, fs->dev->name,
		     "log entry %llu is of a type that is not known: nothing is added behind it",
		     (unsigned long long)fs->unknown);
	rc = err_at(err, rc, media_slot_off(fs->unknown), fs->unknown);
	return err_hint(err, rc, "famfs check --repair %s removes it", text_shell(fs->dev->name).s);
}

int fs_refuse_full_log(const struct famfs *fs, const char *object, struct famfs_err *err)
{
	return err_hint(err,
			err_set(err, -ENOSPC, object,
				"the log is full: all %llu entries are in use",
				(unsigned long long)fs->log.slots),
			"make a larger file system: famfs mkfs --loglen");
}

/* Takes the writers' lock and sees what others did before. */
int fs_lock_write(struct famfs *fs, struct famfs_err *err)
{
	int rc = dev_lock(fs->dev, true, err);

	if (rc)
		return rc;
	rc = fs_require_same(fs, err);
	/* What was reserved last time may be free now. */
	if (!rc)
		rc = fs->held_seen ? fs_load(fs, err) : famfs_refresh(fs, err);
	if (!rc)
		rc = famfs_damage(fs, err);
	if (!rc)
		rc = fs_require_known(fs, err);
	if (!rc)
		rc = take_held(fs, err);
	if (!rc)
		rc = fs_take_bad(fs, &fs->space, err);
	if (rc)
		dev_unlock(fs->dev);
	return rc;
}

int fs_begin_write(struct famfs *fs, struct famfs_err *err)
{
	int rc, mounted;

	if (!(fs->flags & FAMFS_OPEN_WRITE))
		return err_set(err, -EROFS, fs->dev->name, "opened for reading only");
	mounted = dev_is_mounted(fs->dev);
	if (mounted < 0)
		return users_unknown(fs->dev->name, mounted, err);
	if (mounted) {
		rc = err_set(err, -EBUSY, fs->dev->name, "is mounted");
		return err_hint(err, rc, "unmount it, or work through the mount");
	}
	return fs_lock_write(fs, err);
}

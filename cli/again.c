/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "again.h"

/* How long a log may be marked as being rewritten before that is taken for a repair cut off. */
enum { REWRITE_MS = 2000, TRIES_MAX = 100 };

void again_init(struct again *again, struct famfs *fs)
{
	*again = (struct again){ .fs = fs, .waited = famfs_damage(fs, NULL) != 0 };
}

static int read_anew(struct again *again, struct famfs_err *err)
{
	int rc = famfs_refresh(again->fs, err);

	if (rc || again->waited || !famfs_damage(again->fs, NULL))
		return rc;
	rc = famfs_wait(again->fs, REWRITE_MS, err);
	again->waited = famfs_damage(again->fs, NULL) != 0;
	return rc == -ESTALE || rc > 0 ? 0 : rc;
}

/*
 * Of a file that was not found: for good, or because the log is being rewritten? What is wrong with
 * the log is said once, by the command; here it is this file that is named.
 */
static bool is_for_good(struct again *again, int *rc, struct famfs_err *err)
{
	int damage = *rc == -ENOENT ? famfs_damage(again->fs, NULL) : 0;

	if (damage) {
		*rc = err->rc = damage;
		snprintf(err->message, sizeof(err->message),
			 "is not in what can be read of the log");
	}
	return *rc != -ESTALE;
}

int again_find(struct again *again, const char *path, struct again_file *ret_file,
	       struct famfs_err *err)
{
	int rc = famfs_lookup(again->fs, path, &ret_file->entry, err);

	ret_file->path = path;
	ret_file->found = !rc;
	ret_file->since = again->tries;
	return rc;
}

/* Another thread may have read the log anew since: then it is another entry's number. */
static bool stands(struct again *again, const struct again_file *file, int *rc,
		   struct famfs_err *err)
{
	struct famfs_err why;
	int now;

	if (file->since != again->tries)
		return false;
	if (!file->found)
		return is_for_good(again, rc, err);
	now = famfs_unmoved(again->fs, &file->entry, &why);
	if (!now || now == -ESTALE)
		return !now;
	/* It cannot be told, and reading it again would not change that. */
	*rc = now;
	*err = why;
	return true;
}

static int never_still(const struct again_file *file, struct famfs_err *err)
{
	*err = (struct famfs_err){ .rc = -ESTALE, .off = FAMFS_NONE, .entry = FAMFS_NONE };
	snprintf(err->object, sizeof(err->object), "/%s", file->path + strspn(file->path, "/"));
	snprintf(err->message, sizeof(err->message), "the log is rewritten again and again");
	snprintf(err->hint, sizeof(err->hint), "try again when nobody repairs it");
	return err->rc;
}

bool again_settled(struct again *again, const struct again_file *file, int *rc,
		   struct famfs_err *err)
{
	struct famfs_err why;

	if (*rc == -ECANCELED || *rc == -EOPNOTSUPP || stands(again, file, rc, err))
		return true;
	if (file->since != again->tries)
		return false;
	if (again->tries++ >= TRIES_MAX) {
		*rc = never_still(file, err);
		return true;
	}
	if (!read_anew(again, &why))
		return false;
	*rc = why.rc;
	*err = why;
	return true;
}

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

static bool is_same(const struct famfs_entry *a, const struct famfs_entry *b)
{
	return a->type == b->type && a->size == b->size && a->ext_type == b->ext_type &&
	       a->chunk_size == b->chunk_size && a->extents_nr == b->extents_nr &&
	       !memcmp(a->extents, b->extents, a->extents_nr * sizeof(a->extents[0]));
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

static int stale(struct famfs_err *err, const char *message, const char *hint)
{
	*err = (struct famfs_err){ .rc = -ESTALE, .off = FAMFS_NONE, .entry = FAMFS_NONE };
	snprintf(err->message, sizeof(err->message), "%s", message);
	snprintf(err->hint, sizeof(err->hint), "%s", hint);
	return err->rc;
}

/* Of a file that was not found: for good, or because the log is being rewritten? */
static bool is_for_good(struct again *again, int *rc, struct famfs_err *err)
{
	if ((*rc == -ENOENT || *rc == -ENOTDIR) && famfs_damage(again->fs, NULL))
		*rc = famfs_damage(again->fs, err);
	return *rc != -ESTALE;
}

static bool is_where_it_was(struct famfs *fs, const char *path, const struct famfs_entry *entry)
{
	struct famfs_entry now;

	return !famfs_lookup(fs, path, &now, NULL) && is_same(entry, &now);
}

bool again_settled(struct again *again, const char *path, const struct famfs_entry *entry, int *rc,
		   struct famfs_err *err)
{
	struct famfs_err why;

	if (*rc == -ECANCELED || *rc == -EOPNOTSUPP)
		return true;
	if (entry ? is_where_it_was(again->fs, path, entry) : is_for_good(again, rc, err))
		return true;
	if (again->tries++ >= TRIES_MAX) {
		*rc = stale(err, "the log is rewritten again and again",
			    "try again when nobody repairs it");
		snprintf(err->object, sizeof(err->object), "/%s", path + strspn(path, "/"));
		return true;
	}
	if (!read_anew(again, &why))
		return false;
	*rc = why.rc;
	*err = why;
	return true;
}

int again_unmoved(struct famfs *fs, const struct famfs_entry *entry, const char *name,
		  struct famfs_err *err)
{
	if (is_where_it_was(fs, entry->path, entry))
		return 0;
	stale(err, "the log was rewritten while it was read: the bytes may be of another file",
	      "read it again when nobody repairs the log");
	snprintf(err->object, sizeof(err->object), "%s", name);
	return err->rc;
}

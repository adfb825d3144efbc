/* SPDX-License-Identifier: Apache-2.0 */
/* Knowing a log again that was read before. */
#include <string.h>

#include "err.h"
#include "fs.h"
#include "super.h"

/*
 * Goes on with @sum over entries [@from, @to). Only the master repairs, and what its own caches
 * hold is what its programs wrote; the lines of any other host may be older.
 */
static int sum_entries(struct famfs *fs, uint64_t from, uint64_t to, uint64_t *sum,
		       struct famfs_err *err)
{
	const struct log_part part = { .from = from,
				       .to = to,
				       .fresh = !(fs->flags & FAMFS_OPEN_WRITE) };

	return log_sum(&fs->log, &part, sum, err);
}

int fs_is_continued(struct famfs *fs, bool *ret_continued, struct famfs_err *err)
{
	struct fm_entry raw;
	int rc;

	*ret_continued = fs->good == 0;
	if (fs->good == 0)
		return 0;
	rc = log_read_fresh(&fs->log, fs->good - 1, &raw, err);
	if (!rc)
		*ret_continued = media_entry_ok(&raw, fs->good - 1) &&
				 le64_get(raw.fm_crc) == fs->last_crc;
	return rc;
}

static int is_unchanged(struct famfs *fs, bool *ret_unchanged, struct famfs_err *err)
{
	uint64_t sum = 0;
	int rc = sum_entries(fs, 0, fs->good, &sum, err);

	*ret_unchanged = sum == fs->sum;
	return rc;
}

/* Is the entry that ended the log valid after all? Then it was just being rewritten. */
static int is_mended(struct famfs *fs, bool *ret_mended, struct famfs_err *err)
{
	struct fm_entry raw;
	int rc = 0;

	*ret_mended = false;
	if (fs->stopped)
		rc = log_read_fresh(&fs->log, fs->good, &raw, err);
	if (fs->stopped && !rc)
		*ret_mended = media_entry_ok(&raw, fs->good);
	return rc;
}

int fs_is_torn(struct famfs *fs, bool whole, bool *ret_torn, struct famfs_err *err)
{
	bool began, mended = false, same = true;
	int rc = log_rewrite_began(&fs->log, &began, err);

	if (!rc)
		rc = whole ? is_unchanged(fs, &same, err) : fs_is_continued(fs, &same, err);
	if (!rc)
		rc = is_mended(fs, &mended, err);
	*ret_torn = began || !same || mended;
	return rc;
}

int fs_stale(const struct famfs *fs, struct famfs_err *err)
{
	int rc = err_set(err, -ESTALE, fs->dev->name, "the log was rewritten since it was read");

	return err_hint(err, rc, "repeat the command");
}

int fs_require_unchanged(struct famfs *fs, struct famfs_err *err)
{
	bool torn;
	int rc = fs_is_torn(fs, true, &torn, err);

	return rc ? rc : torn ? fs_stale(fs, err) : 0;
}

int fs_note_appended(struct famfs *fs, uint64_t from, struct famfs_err *err)
{
	struct fm_entry raw;
	int rc = log_read(&fs->log, fs->good - 1, 1, &raw, err);

	if (rc)
		return rc;
	fs->last_crc = le64_get(raw.fm_crc);
	return sum_entries(fs, from, fs->good, &fs->sum, err);
}

static bool is_same_place(const struct famfs_entry *a, const struct famfs_entry *b)
{
	return a->type == b->type && a->size == b->size && a->ext_type == b->ext_type &&
	       a->chunk_size == b->chunk_size && a->extents_nr == b->extents_nr &&
	       !memcmp(a->extents, b->extents, a->extents_nr * sizeof(a->extents[0])) &&
	       !strcmp(a->path, b->path);
}

static int moved(const struct famfs *fs, const struct famfs_entry *entry, const char *what,
		 struct famfs_err *err)
{
	int rc = err_set(err, -ESTALE, "", "%s while it was read: the bytes may be of another file",
			 what);

	rc = err_hint(err, rc, "read it again when nobody does that");
	return err_inside(err, rc, fs->dev->name, entry->path);
}

int famfs_unmoved(struct famfs *fs, const struct famfs_entry *entry, struct famfs_err *err)
{
	struct famfs_super super;
	unsigned int problems;
	struct famfs_entry now;
	struct fm_entry raw;
	bool has;
	int rc = super_read(fs->dev, &super, &problems, err);

	if (!rc && (problems || !fs_is_same(&super, &fs->super)))
		rc = moved(fs, entry, "the file system was made anew or destroyed", err);
	if (rc || entry->index == FAMFS_NONE)
		return rc;
	rc = log_still_has(&fs->log, entry->index, &has, &raw, err);
	if (rc)
		return rc;
	if (has)
		media_entry_decode(&raw, entry->index, &now);
	if (has && is_same_place(entry, &now))
		return 0;
	fs->changed = true;
	return moved(fs, entry, "the log was rewritten", err);
}

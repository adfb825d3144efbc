/* SPDX-License-Identifier: Apache-2.0 */
/* Asking an open file system. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "fs.h"
#include "role.h"
#include "super.h"
#include "text.h"

int fs_each_entry(struct famfs *fs, int (*fn)(void *data, const struct famfs_entry *entry),
		  void *data, struct famfs_err *err)
{
	const struct fm_entry *raw;
	struct famfs_entry entry;
	struct log_iter it;
	uint64_t index;
	bool ok;
	int rc;

	log_iter_init(&it, &fs->log, 0, fs->good, fs->batch);
	while ((rc = log_iter_next(&it, &raw, &index, &ok, err)) > 0) {
		if (!ok)
			continue;
		media_entry_decode(raw, index, &entry);
		rc = fn(data, &entry);
		if (rc)
			return rc;
	}
	return rc;
}

static int take_entry(void *data, const struct famfs_entry *entry)
{
	fs_take_entry(data, entry);
	return 0;
}

int fs_take_all(struct famfs *fs, struct space *space, struct famfs_err *err)
{
	fs_take_meta(fs, space);
	return fs_each_entry(fs, take_entry, space, err);
}

static int take_extents(void *data, const struct famfs_entry *entry)
{
	fs_take_extents(data, entry);
	return 0;
}

int famfs_info(struct famfs *fs, struct famfs_info *ret_info, struct famfs_err *err)
{
	struct famfs_info info = {
		.device = fs->dev->name,
		.kind = fs->dev->kind,
		.role = role_of(fs->ctx, &fs->super),
		.super = fs->super,
		.real_size = fs->dev->size,
		.dev_size = super_usable_size(fs->dev, &fs->super),
		.dev_align = fs->dev->align,
		.file_bytes = fs->file_bytes,
		.log_len = fs->log.len,
		.log_slots = fs->log.slots,
		.log_used = fs->log.header.next_index,
		.log_good = fs->good,
		.files = fs->files,
		.dirs = fs->dirs,
		.unusable = fs->unusable,
		.torn_tail = fs->log.problems & LOG_TORN_TAIL,
		.damaged = famfs_damage(fs, NULL) != 0,
	};
	struct space space;
	int rc;

	if (space_init(&space, info.dev_size))
		return err_nomem(err);
	fs_take_meta(fs, &space);
	rc = fs_each_entry(fs, take_extents, &space, err);
	if (!rc) {
		/* Where errors cannot be asked for, none are known. */
		(void)fs_take_bad(fs, &space, NULL);
		space_free(&space, &info.free, &info.largest_free);
		info.bad = space.bad * FAMFS_AU;
		info.alloc_bytes = space.aus * FAMFS_AU - info.free - info.bad;
		*ret_info = info;
	}
	space_fini(&space);
	return rc;
}

static const char *header_problem(unsigned int problems)
{
	if (problems & LOG_BAD_MAGIC)
		return "the log header has no magic number";
	if (problems & LOG_BAD_CRC)
		return "the log header has a wrong checksum";
	if (problems & LOG_BAD_LEN)
		return "log header, superblock and device disagree about the log's length";
	if (problems & LOG_BAD_LAST_INDEX)
		return "the log header's last_index does not fit the log's length";
	if (problems & LOG_BAD_NEXT_INDEX)
		return "the log header's next_index is beyond the last slot";
	return "the log header's next_seqnum and next_index disagree";
}

int famfs_damage(struct famfs *fs, struct famfs_err *err)
{
	int rc;

	if (fs->log.problems & LOG_REWRITE) {
		rc = err_set(
			err, -EUCLEAN, fs->dev->name,
			"the log is being rewritten, or a repair or restore of it was cut off");
		rc = err_at(err, rc, FAMFS_LOG_OFF, FAMFS_NONE);
		return err_hint(err, rc,
				"its undo file brings everything back (famfs image restore); famfs "
				"check --repair %s keeps what is there",
				text_shell(fs->dev->name).s);
	}
	if (fs->stopped) {
		rc = err_set(err, -EUCLEAN, fs->dev->name,
			     "damaged log: entry %" PRIu64 " of %" PRIu64
			     " is invalid; only what is before it can be read",
			     fs->good, fs->log.count);
		rc = err_at(err, rc, media_slot_off(fs->good), fs->good);
	} else if (fs->log.problems & LOG_DAMAGE) {
		rc = err_set(err, -EUCLEAN, fs->dev->name, "damaged log: %s",
			     header_problem(fs->log.problems));
		rc = err_at(err, rc, FAMFS_LOG_OFF, FAMFS_NONE);
	} else {
		return 0;
	}
	return err_hint(err, rc,
			"famfs check %s tells everything that is wrong, and mends it with --repair",
			text_shell(fs->dev->name).s);
}

/* Is this entry the one that its name leads to? */
static int is_listed(struct famfs *fs, const struct famfs_entry *entry, struct famfs_err *err)
{
	uint64_t index;
	bool dir;
	int rc;

	if (entry->type == FAMFS_ENTRY_ADD_DAXDEV)
		return 1;
	if (entry->type != FAMFS_ENTRY_FILE && entry->type != FAMFS_ENTRY_MKDIR)
		return 0;
	if (!fs->unusable)
		return 1;
	if (path_problems(entry->path, FAMFS_PATH_SIZE) & FS_PATH_UNUSABLE)
		return 0;
	rc = fs_find(fs, entry->path, &index, &dir, err);
	return rc < 0 ? rc : rc && index == entry->index;
}

int famfs_next(struct famfs *fs, uint64_t *cursor, struct famfs_entry *ret_entry,
	       struct famfs_err *err)
{
	struct famfs_entry entry;
	int rc;

	for (uint64_t index = *cursor; index < fs->good; index++) {
		rc = fs_entry(fs, index, &entry, err);
		if (!rc)
			rc = is_listed(fs, &entry, err);
		if (rc < 0)
			return rc;
		*cursor = index + 1;
		if (rc) {
			*ret_entry = entry;
			return 1;
		}
	}
	return 0;
}

int famfs_entry_read(struct famfs *fs, uint64_t index, struct famfs_entry *ret_entry,
		     struct famfs_err *err)
{
	int rc;

	if (index < fs->good)
		return fs_entry(fs, index, ret_entry, err);
	rc = err_set(err, -ENOENT, fs->dev->name, "the log has no valid entry %" PRIu64, index);
	return err_hint(err, rc, "entries are counted from 0; there are %" PRIu64, fs->good);
}

/* Nothing at @path: is it because a part of it is a file? */
static int not_found(struct famfs *fs, const char *path, struct famfs_err *err)
{
	char part[PATH_CLEAN_SIZE], shown[PATH_ESCAPED_SIZE];
	uint64_t index;
	bool dir;
	int rc;

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		memcpy(part, path, (size_t)(slash - path));
		part[slash - path] = '\0';
		rc = fs_find(fs, part, &index, &dir, err);
		if (rc < 0)
			return rc;
		if (rc == 0)
			break;
		if (!dir) {
			rc = err_set(err, -ENOTDIR, "", "/%s is a file, not a directory",
				     path_escape(part, shown, sizeof(shown)));
			return err_inside(err, rc, fs->dev->name, path);
		}
	}
	rc = err_set(err, -ENOENT, "", "no such file or directory");
	if (fs->stopped)
		rc = err_hint(err, rc, "it may be behind the damage of the log at entry %" PRIu64,
			      fs->good);
	return err_inside(err, rc, fs->dev->name, path);
}

/* What was found by its name must still be that, and whole. */
static int read_found(struct famfs *fs, uint64_t index, const char *clean,
		      struct famfs_entry *ret_entry, struct famfs_err *err)
{
	struct famfs_entry entry;
	struct fm_entry raw;
	int rc = log_read(&fs->log, index, 1, &raw, err);

	if (!rc && !media_entry_ok(&raw, index))
		rc = log_read_fresh(&fs->log, index, &raw, err);
	if (rc)
		return rc;
	media_entry_decode(&raw, index, &entry);
	if (!media_entry_ok(&raw, index) || strcmp(entry.path, clean)) {
		fs->changed = true;
		return fs_stale(fs, err);
	}
	*ret_entry = entry;
	return 0;
}

int famfs_lookup(struct famfs *fs, const char *path, struct famfs_entry *ret_entry,
		 struct famfs_err *err)
{
	char clean[PATH_CLEAN_SIZE];
	uint64_t index;
	bool dir;
	int rc = path_clean(path, clean, err);

	if (rc)
		return err_inside(err, rc, fs->dev->name, path);
	rc = fs_find(fs, clean, &index, &dir, err);
	if (rc == 0)
		return not_found(fs, clean, err);
	if (rc < 0)
		return rc;
	if (index < fs->log.count)
		return read_found(fs, index, clean, ret_entry, err);
	rc = fs_entry(fs, index, ret_entry, err);
	if (!rc && index == FAMFS_NONE)
		memcpy(ret_entry->path, clean, strlen(clean) + 1);
	return rc;
}

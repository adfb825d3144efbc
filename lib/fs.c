/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a file system and reading its log. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctx.h"
#include "err.h"
#include "fs.h"
#include "role.h"
#include "super.h"

#define NAMES_EXPECT_MAX 65536
#define LOAD_ATTEMPTS    3

struct same_path {
	struct famfs *fs;
	const char *path;
	size_t len;
	bool met; /* one that had this name's tag when it was read, and has another name */
	struct famfs_err *err;
};

static int same_path(void *data, uint64_t index)
{
	struct same_path *want = data;
	struct famfs *fs = want->fs;
	struct fm_entry raw;
	const char *path;
	int rc;

	if (index >= fs->log.count) {
		index -= fs->log.count;
		return index < fs->staged_nr && !strcmp(fs->staged[index].path, want->path);
	}
	rc = log_read(&fs->log, index, 1, &raw, want->err);
	if (rc)
		return rc;
	path = media_entry_path(&raw);
	if (path && strnlen(path, FAMFS_PATH_SIZE) == want->len &&
	    !memcmp(path, want->path, want->len))
		return 1;
	want->met = true;
	return 0;
}

int fs_find(struct famfs *fs, const char *path, uint64_t *ret_index, bool *ret_dir,
	    struct famfs_err *err)
{
	struct same_path want = { .fs = fs, .path = path, .len = strlen(path), .err = err };
	int rc;

	if (!*path || !strcmp(path, FS_META_DIR)) {
		*ret_index = FAMFS_NONE;
		*ret_dir = true;
		return 1;
	}
	rc = names_find(&fs->names, names_hash(&fs->names.key, path, want.len), same_path, &want,
			ret_index, ret_dir);
	/* That happens by chance too, and seldom. */
	return rc == 0 && want.met ? fs_require_unchanged(fs, err) : rc;
}

int fs_entry(struct famfs *fs, uint64_t index, struct famfs_entry *ret_entry, struct famfs_err *err)
{
	struct fm_entry raw;
	int rc;

	if (index == FAMFS_NONE) {
		memset(ret_entry, 0, sizeof(*ret_entry));
		ret_entry->index = FAMFS_NONE;
		ret_entry->type = FAMFS_ENTRY_MKDIR;
		ret_entry->mode = 0755;
		return 0;
	}
	if (index >= fs->log.count) {
		*ret_entry = fs->staged[index - fs->log.count];
		return 0;
	}
	rc = log_read(&fs->log, index, 1, &raw, err);
	if (!rc)
		media_entry_decode(&raw, index, ret_entry);
	return rc;
}

void fs_take_extents(struct space *space, const struct famfs_entry *entry)
{
	for (uint32_t i = 0; i < entry->extents_nr; i++) {
		/* Only the primary device's space is ours to give. */
		if (!entry->extents[i].dev_index)
			space_take(space, entry->extents[i].off, entry->extents[i].len);
	}
}

void fs_take_entry(struct space *space, const struct famfs_entry *entry)
{
	fs_take_extents(space, entry);
	if (entry->ext_type != FAMFS_EXT_INTERLEAVE)
		return;
	for (uint32_t i = 0; i < entry->extents_nr; i++) {
		if (!entry->extents[i].dev_index)
			space_note_strip(space, entry->extents[i].off, entry->extents[i].len);
	}
}

void fs_take_meta(const struct famfs *fs, struct space *space)
{
	space_take(space, 0, FAMFS_LOG_OFF + fs->log.len);
}

/* Enters a valid entry's name; one that is there already, or cannot be looked up, is unusable. */
static int add_name(struct famfs *fs, const struct fm_entry *raw, uint64_t index,
		    struct famfs_err *err)
{
	const char *path = media_entry_path(raw);
	bool dir = le32_get(raw->fm_type) == FAMFS_ENTRY_MKDIR, found_dir;
	struct same_path want = { .fs = fs, .path = path, .err = err };
	uint64_t hash, found;
	int rc;

	if (!path && le32_get(raw->fm_type) == FAMFS_ENTRY_ADD_DAXDEV)
		return 0;
	if (!path && fs->unknown == FAMFS_NONE)
		fs->unknown = index;
	if (!path || path_problems(path, FAMFS_PATH_SIZE) & FS_PATH_UNUSABLE) {
		fs->unusable++;
		return 0;
	}
	want.len = strlen(path);
	hash = names_hash(&fs->names.key, path, want.len);
	rc = names_find(&fs->names, hash, same_path, &want, &found, &found_dir);
	if (rc < 0)
		return rc;
	if (rc) {
		fs->unusable++;
		return 0;
	}
	rc = names_add(&fs->names, hash, index, dir);
	if (rc)
		return err_set(err, rc, fs->dev->name,
			       "cannot hold the names of %" PRIu64 " entries in memory",
			       fs->log.count);
	fs->dirs += dir;
	fs->files += !dir;
	/* Sizes on hostile media must not make the sum wrap. */
	if (!dir &&
	    __builtin_add_overflow(fs->file_bytes, le64_get(raw->fm_file.fm_size), &fs->file_bytes))
		fs->file_bytes = UINT64_MAX;
	return 0;
}

/* Reads on from entry @good to the last published one, or the first bad one. */
static int read_entries(struct famfs *fs, struct famfs_err *err)
{
	struct famfs_entry entry;
	const struct fm_entry *raw;
	struct log_iter it;
	uint64_t index;
	bool ok;
	int rc;

	log_iter_init(&it, &fs->log, fs->good, fs->log.count, fs->batch);
	while ((rc = log_iter_next(&it, &raw, &index, &ok, err)) > 0) {
		if (!ok) {
			fs->stopped = true;
			break;
		}
		rc = add_name(fs, raw, index, err);
		if (rc)
			return rc;
		if (fs->flags & FAMFS_OPEN_WRITE) {
			media_entry_decode(raw, index, &entry);
			fs_take_entry(&fs->space, &entry);
		}
		fs->good = index + 1;
		fs->last_crc = le64_get(raw->fm_crc);
		fs->sum = log_add_sum(fs->sum, fs->last_crc);
	}
	return rc < 0 ? rc : 0;
}

static int read_super(struct famfs *fs, struct famfs_super *ret_super, struct famfs_err *err)
{
	unsigned int problems;
	int rc = super_read(fs->dev, ret_super, &problems, err);

	return rc ? rc : super_require(fs->dev, ret_super, problems, err);
}

bool fs_is_same(const struct famfs_super *a, const struct famfs_super *b)
{
	return !memcmp(a->uuid, b->uuid, sizeof(a->uuid)) &&
	       !memcmp(a->dev_uuid, b->dev_uuid, sizeof(a->dev_uuid));
}

/* Names and space as they are before the first entry is read. */
static int init_tables(const struct famfs *fs, const struct famfs_super *super,
		       const struct log *log, struct names *names, struct space *space)
{
	/* A count that is not true must not cost memory: the table grows with what is found. */
	uint64_t expect = log->count < NAMES_EXPECT_MAX ? log->count : NAMES_EXPECT_MAX;

	if (names_init(names, expect))
		return -ENOMEM;
	if (!(fs->flags & FAMFS_OPEN_WRITE))
		return 0;
	if (!space_init(space, super_usable_size(fs->dev, super)))
		return 0;
	names_fini(names);
	return -ENOMEM;
}

/* What was read before stays until its successor is there. */
static int load_once(struct famfs *fs, struct famfs_err *err)
{
	struct space space = { .words = NULL };
	struct famfs_super super;
	struct names names;
	struct log log;
	int rc = read_super(fs, &super, err);

	if (!rc)
		rc = log_open(fs->dev, &super, true, &log, err);
	if (rc)
		return rc;
	if (init_tables(fs, &super, &log, &names, &space))
		return err_nomem(err);
	names_fini(&fs->names);
	space_fini(&fs->space);
	fs->names = names;
	fs->space = space;
	fs->super = super;
	fs->log = log;
	fs->good = fs->files = fs->dirs = fs->unusable = fs->file_bytes = fs->staged_nr = 0;
	fs->sum = 0;
	fs->unknown = FAMFS_NONE;
	fs->stopped = fs->held_seen = fs->changed = false;
	fs->loads++;
	if (fs->flags & FAMFS_OPEN_WRITE)
		fs_take_meta(fs, &fs->space);
	return read_entries(fs, err);
}

int fs_load(struct famfs *fs, struct famfs_err *err)
{
	bool torn;
	int rc;

	for (int attempt = 0; attempt < LOAD_ATTEMPTS; attempt++) {
		rc = load_once(fs, err);
		/* Any later look at the whole log tells what this one may have missed. */
		if (!rc)
			rc = fs_is_torn(fs, false, &torn, err);
		if (rc || !torn)
			return rc;
	}
	rc = err_set(err, -ESTALE, fs->dev->name, "changes faster than it can be read");
	return err_hint(err, rc, "try again when nobody repairs or makes it anew");
}

int famfs_open(struct famfs_ctx *ctx, const char *device, unsigned int flags, struct famfs **ret_fs,
	       struct famfs_err *err)
{
	unsigned int dev_flags = (flags & FAMFS_OPEN_WRITE ? DEV_WRITE : 0) |
				 (flags & FAMFS_OPEN_SYNC ? DEV_SYNC : 0);
	struct famfs *fs = calloc(1, sizeof(*fs));
	int rc = 0;

	if (fs)
		fs->batch = malloc(LOG_BATCH * sizeof(*fs->batch));
	if (!fs || !fs->batch) {
		famfs_close(fs);
		return err_nomem(err);
	}
	fs->ctx = ctx;
	fs->flags = flags;
	rc = dev_open(ctx, device, dev_flags, &fs->dev, err);
	if (!rc)
		rc = fs_load(fs, err);
	if (rc) {
		famfs_close(fs);
		return rc;
	}
	*ret_fs = fs;
	return 0;
}

void famfs_close(struct famfs *fs)
{
	if (!fs)
		return;
	names_fini(&fs->names);
	space_fini(&fs->space);
	dev_close(fs->dev);
	free(fs->batch);
	free(fs);
}

int fs_refresh(struct famfs *fs, bool whole, struct famfs_err *err)
{
	struct famfs_super super;
	uint64_t count = fs->log.count, len = fs->log.len, good = fs->good;
	bool continued = false, torn = true;
	int rc = read_super(fs, &super, err);

	if (rc)
		return rc;
	/* An entry that broke may have its checksum still, by which it is known again. */
	if (fs->changed || !fs_is_same(&super, &fs->super))
		return fs_load(fs, err);
	fs->super = super;
	rc = log_reread(&fs->log, &super, true, err);
	if (!rc && fs->log.count >= count && fs->log.len == len && !fs->stopped)
		rc = fs_is_continued(fs, &continued, err);
	if (!rc && continued)
		rc = read_entries(fs, err);
	/* What is new counts only beside what was read before. */
	if (!rc && continued)
		rc = fs_is_torn(fs, whole || fs->good != good || fs->stopped, &torn, err);
	if (rc)
		return rc;
	return torn ? fs_load(fs, err) : 0;
}

int famfs_refresh(struct famfs *fs, struct famfs_err *err)
{
	return fs_refresh(fs, true, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The geometry of files that are given none, where the existing tools keep it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc_cfg.h"
#include "err.h"
#include "fs.h"
#include "interleave.h"
#include "super.h"
#include "text.h"
#include "undo.h"

/* The existing tools take strips only from buckets of at least this size (FORMAT.md 6.3). */
#define EXISTING_BUCKET_MIN ((uint64_t)1 << 30)

/* Names the file in front of what is wrong with it. */
static int about(const struct famfs *fs, int rc, struct famfs_err *err)
{
	return err_inside(err, rc, fs->dev->name, ALLOC_CFG_PATH);
}

static int refuse(const struct famfs *fs, int rc, const char *what, struct famfs_err *err)
{
	return about(fs, err_set(err, rc, "", "%s", what), err);
}

static bool is_none(const struct famfs_geometry *g)
{
	return !g->nstrips && !g->nbuckets && !g->chunk_size;
}

/* Fills in defaults, and judges. Every bucket must hold a chunk at least, or no file would fit. */
static int judge(const struct famfs *fs, struct famfs_geometry *g, struct famfs_err *err)
{
	uint64_t size = super_usable_size(fs->dev, &fs->super);
	int rc = interleave_check(0, size, &g->nstrips, &g->nbuckets, &g->chunk_size, "", err);

	if (!rc && !is_none(g))
		rc = interleave_check(g->chunk_size, size, &g->nstrips, &g->nbuckets,
				      &g->chunk_size, "", err);
	return rc == -ENOSPC ? err_hint(err, rc, "take smaller chunks, or fewer strips") : rc;
}

/* The file's entry. Return: 0, -ENOENT, -EISDIR, -EUCLEAN. */
static int find(struct famfs *fs, struct famfs_entry *ret_entry, struct famfs_err *err)
{
	int rc = famfs_lookup(fs, ALLOC_CFG_PATH, ret_entry, err);

	if (rc)
		return rc;
	if (ret_entry->type != FAMFS_ENTRY_FILE)
		return refuse(fs, -EISDIR, "is a directory, where the default geometry is kept",
			      err);
	if (ret_entry->size <= ALLOC_CFG_MAX)
		return 0;
	rc = err_set(err, -EUCLEAN, "",
		     "has %" PRIu64 " bytes: more than %d are not read, nor written",
		     ret_entry->size, ALLOC_CFG_MAX);
	return about(fs, rc, err);
}

static int parse(struct famfs *fs, const char *text, size_t len, struct famfs_geometry *ret,
		 struct famfs_err *err)
{
	struct famfs_geometry g;
	int rc = alloc_cfg_parse(text, len, &g, "", err);

	if (rc == -EOPNOTSUPP || rc == -ENOMEM)
		return rc == -ENOMEM ? rc : about(fs, rc, err);
	/* For want of one, the existing tools would divide by zero. */
	if (!rc && !is_none(&g) && (!g.nstrips || !g.nbuckets || !g.chunk_size))
		rc = err_set(err, -EUCLEAN, "", "has a zero beside other numbers");
	if (!rc)
		rc = judge(fs, &g, err);
	if (rc) {
		if (err)
			err->rc = -EUCLEAN;
		return err_hint(err, about(fs, -EUCLEAN, err),
				"famfs interleave default sets it anew");
	}
	*ret = g;
	return 0;
}

/* Reads the whole file, which is freed by the caller. */
static int slurp(struct famfs *fs, const struct famfs_entry *entry, char **ret_text,
		 struct famfs_err *err)
{
	char *text = malloc(entry->size + 1);
	int rc = text ? famfs_read(fs, entry, 0, text, entry->size, err) : err_nomem(err);

	if (rc) {
		free(text);
		return rc;
	}
	*ret_text = text;
	return 0;
}

int famfs_default_get(struct famfs *fs, struct famfs_geometry *ret_geometry, struct famfs_err *err)
{
	struct famfs_entry entry;
	char *text;
	int rc = find(fs, &entry, err);

	if (!rc)
		rc = slurp(fs, &entry, &text, err);
	if (rc)
		return rc;
	rc = parse(fs, text, entry.size, ret_geometry, err);
	free(text);
	return rc;
}

int famfs_default_existing(struct famfs *fs, const struct famfs_geometry *geometry,
			   struct famfs_err *err)
{
	uint64_t bucket = geometry->nbuckets ? fs->super.dev_size / geometry->nbuckets : 0;
	int rc;

	if (is_none(geometry) || bucket >= EXISTING_BUCKET_MIN)
		return 0;
	rc = err_set(
		err, -EOPNOTSUPP, fs->dev->name,
		"the existing tools ignore this default: each of %s has %s, they want %s at least",
		text_count(geometry->nbuckets, "bucket").s, text_size(bucket).s,
		text_size(EXISTING_BUCKET_MIN).s);
	if (fs->super.dev_size < EXISTING_BUCKET_MIN)
		return err_hint(err, rc, "the device is too small for them to interleave anything");
	return err_hint(err, rc, "to them it can have %s at most",
			text_count(fs->super.dev_size / EXISTING_BUCKET_MIN, "bucket").s);
}

/* ------------------------------------------------------------------- setting */

/* One famfs_default_set(). */
struct setting {
	struct famfs *fs;
	const struct famfs_geometry *geometry;
	const struct famfs_default_opts *opts;
	struct famfs_default_result result;
	char *text;
	enum famfs_create_status status; /* of a file that is made */
};

static int fill(void *data, size_t nr, struct famfs_fill *space, struct famfs_err *err)
{
	struct setting *s = data;

	(void)nr;
	return famfs_fill_write(space, 0, s->text, ALLOC_CFG_LEN, err);
}

static void done(void *data, size_t nr, enum famfs_create_status status,
		 const struct famfs_entry *entry, const struct famfs_err *err)
{
	struct setting *s = data;

	(void)nr, (void)entry, (void)err;
	s->status = status;
}

/* Makes the file with its bytes. Afterwards status is EXISTS if another command was faster. */
static int make(struct setting *s, struct famfs_err *err)
{
	const struct famfs_create_req req = {
		.path = ALLOC_CFG_PATH,
		.size = ALLOC_CFG_LEN,
		.mode = 0644,
		.uid = s->opts->uid,
		.gid = s->opts->gid,
	};
	const struct famfs_create_ops ops = {
		.done = done,
		.fill = fill,
		.data = s,
		.dry_run = s->opts->dry_run,
	};

	s->text = malloc(ALLOC_CFG_LEN);
	if (!s->text)
		return err_nomem(err);
	(void)alloc_cfg_format(s->geometry, s->text, ALLOC_CFG_LEN);
	s->result.made = s->result.changed = true;
	return famfs_create(s->fs, &req, 1, &ops, err);
}

/* What @fn does with each run of the file's bytes. */
static int each_run(const struct famfs_entry *entry,
		    int (*fn)(void *data, uint64_t off, const struct famfs_extent *at,
			      struct famfs_err *err),
		    void *data, struct famfs_err *err)
{
	struct famfs_extent at;
	int rc = 0;

	for (uint64_t off = 0; off < entry->size && !rc; off += at.len) {
		rc = famfs_resolve(entry, off, &at, err);
		if (!rc)
			rc = fn(data, off, &at, err);
	}
	return rc;
}

static int save_run(void *data, uint64_t off, const struct famfs_extent *at, struct famfs_err *err)
{
	(void)off;
	return undo_save(data, at->off, at->len, err);
}

static int store_run(void *data, uint64_t off, const struct famfs_extent *at, struct famfs_err *err)
{
	struct setting *s = data;

	return dev_data_write(s->fs->dev, at->off, s->text + off, at->len, err);
}

/* The old bytes are on the disk before the first of them is written over. */
static int keep_old(struct setting *s, const struct famfs_entry *entry, struct famfs_err *err)
{
	struct fm_log log;
	/* Superblock and log stay: while they do, that is where the file is. */
	const struct undo_after after = { .log = &log };
	struct undo *undo;
	int rc = undo_begin(s->fs->dev, s->opts->undo, &undo, err);

	if (rc)
		return rc;
	rc = each_run(entry, save_run, undo, err);
	if (!rc)
		rc = dev_read(s->fs->dev, FAMFS_LOG_OFF, &log, sizeof(log), err);
	if (!rc)
		rc = undo_expect(undo, &after, err);
	if (!rc)
		rc = undo_commit(undo, err);
	if (!rc)
		(void)snprintf(s->result.undo, sizeof(s->result.undo), "%s", undo_path(undo));
	undo_close(undo);
	return rc;
}

static int store(struct setting *s, const struct famfs_entry *entry, struct famfs_err *err)
{
	struct dev *dev = s->fs->dev;
	int rc = keep_old(s, entry, err);

	if (rc)
		return rc;
	rc = each_run(entry, store_run, s, err);
	if (!rc)
		rc = dev_data_fence(dev, err);
	if (!rc)
		rc = dev_finish(dev, err);
	if (rc)
		return err_hint(err, rc, "what was there is in %s", s->result.undo);
	return 0;
}

/* Under the writers' lock. A file keeps its size, so all of it is written. */
static int rewrite_locked(struct setting *s, struct famfs_err *err)
{
	struct famfs_entry entry;
	char *old = NULL;
	int rc = find(s->fs, &entry, err);

	if (!rc)
		rc = fs_require_safe(s->fs, &entry, err);
	if (!rc)
		rc = slurp(s->fs, &entry, &old, err);
	if (rc)
		return rc;
	free(s->text);
	s->text = malloc(entry.size);
	if (!s->text)
		rc = err_nomem(err);
	else if (alloc_cfg_format(s->geometry, s->text, entry.size))
		rc = refuse(s->fs, -EFBIG,
			    "is too short for this geometry, and files keep their size", err);
	else
		s->result.changed = memcmp(old, s->text, entry.size) != 0;
	if (!rc && s->result.changed && !s->opts->dry_run)
		rc = store(s, &entry, err);
	free(old);
	return rc;
}

static int rewrite(struct setting *s, struct famfs_err *err)
{
	int rc = fs_begin_write(s->fs, err);

	if (rc)
		return rc;
	s->result.made = false;
	rc = rewrite_locked(s, err);
	dev_unlock(s->fs->dev);
	return rc;
}

int famfs_default_set(struct famfs *fs, struct famfs_geometry *geometry,
		      const struct famfs_default_opts *opts,
		      struct famfs_default_result *ret_result, struct famfs_err *err)
{
	struct famfs_geometry g = *geometry;
	struct setting s = { .fs = fs, .geometry = &g, .opts = opts, .status = FAMFS_CREATED };
	struct famfs_entry entry;
	int rc = judge(fs, &g, err);

	if (rc)
		return err_inside(err, rc, fs->dev->name, ALLOC_CFG_PATH);
	rc = find(fs, &entry, err);
	if (rc == -ENOENT)
		rc = make(&s, err);
	else if (!rc)
		s.status = FAMFS_EXISTS;
	if (!rc && s.status == FAMFS_EXISTS)
		rc = rewrite(&s, err);
	free(s.text);
	if (rc)
		return rc;
	*geometry = g;
	*ret_result = s.result;
	return 0;
}

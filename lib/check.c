/* SPDX-License-Identifier: Apache-2.0 */
/* Checking a whole file system: the parts in order, and the findings one by one. */
#include <stdlib.h>
#include <string.h>

#include "check_impl.h"
#include "ctx.h"
#include "err.h"
#include "fs.h"
#include "pages.h"
#include "super.h"

int check_each_file(struct famfs_check *check,
		    int (*fn)(void *data, const struct famfs_entry *entry), void *data,
		    struct famfs_err *err)
{
	struct fm_entry batch[LOG_BATCH];
	const struct fm_entry *raw;
	struct famfs_entry entry;
	struct log_iter it;
	uint64_t index;
	bool ok;
	int rc;

	log_iter_init(&it, &check->log, 0, check->end, batch);
	while ((rc = log_iter_next(&it, &raw, &index, &ok, err)) > 0) {
		if (le32_get(raw->fm_type) != FAMFS_ENTRY_FILE || (!ok && !media_entry_crc_ok(raw)))
			continue;
		media_entry_decode(raw, index, &entry);
		rc = fn(data, &entry);
		if (rc)
			return rc;
	}
	return rc;
}

/* What the threads have found and counted. */
static int take_results(struct famfs_check *check, struct famfs_err *err)
{
	struct famfs_check_summary *sum = &check->summary;

	for (unsigned int i = 0; i < check->walks_nr; i++) {
		struct check_walk *walk = &check->walks[i];

		problem_move(&check->list, &walk->list);
		sum->files += walk->counts.files;
		sum->dirs += walk->counts.dirs;
		sum->others += walk->counts.others;
		sum->bad += walk->counts.bad;
		if (__builtin_add_overflow(sum->file_bytes, walk->counts.file_bytes,
					   &sum->file_bytes))
			sum->file_bytes = UINT64_MAX;
		check->overlap |= walk->overlap;
	}
	return check->list.failed ? err_nomem(err) : 0;
}

static int examine(struct famfs_check *check, struct famfs_err *err)
{
	int rc = check_super(check, err);

	if (rc <= 0)
		return rc;
	if (names_key_make(&check->key))
		return err_nomem(err);
	check->aus = check->summary.dev_size / FAMFS_AU;
	if (check->aus > FAMFS_DEVICE_MAX / FAMFS_AU)
		check->aus = FAMFS_DEVICE_MAX / FAMFS_AU;
	check->name_of = pages_alloc(check->end, sizeof(*check->name_of));
	check->parent_of = pages_alloc(check->end, sizeof(*check->parent_of));
	if (!check->name_of || !check->parent_of)
		return err_nomem(err);
	if (check_walks_init(check))
		return err_nomem(err);
	rc = check_walks_run(check, check_entries, err);
	if (!rc)
		rc = check_names(check, err);
	if (!rc)
		rc = take_results(check, err);
	check_walks_fini(check);
	if (!rc)
		rc = check_overlaps(check, err);
	if (!rc)
		rc = check_daxdevs(check, err);
	return rc ? rc : check_media(check, err);
}

/* A file system that was made anew while it was looked at: nothing that was seen counts. */
static int has_changed(struct famfs_check *check, bool *ret_changed, struct famfs_err *err)
{
	struct famfs_super super;
	unsigned int problems;
	struct log log;
	int rc = super_read(check->dev, &super, &problems, err);

	*ret_changed = !rc && (!fs_is_same(&super, &check->summary.super) ||
			       !(problems & SUPER_BAD_MAGIC) != check->super_seen);
	if (rc || *ret_changed || !check->log_seen)
		return rc;
	log = check->log;
	rc = log_reread(&log, &super, !(problems & SUPER_BAD_CRC), err);
	*ret_changed = !rc && (log.header.next_index < check->log.header.next_index ||
			       (log.problems ^ check->log.problems) & LOG_REWRITE);
	return rc;
}

static void forget(struct famfs_check *check)
{
	check_walks_fini(check);
	problem_fini(&check->list);
	pages_free(check->name_of, check->end, sizeof(*check->name_of));
	pages_free(check->parent_of, check->end, sizeof(*check->parent_of));
	*check = (struct famfs_check){ .ctx = check->ctx, .dev = check->dev };
}

/* Once more if it changed under our eyes. */
static int examine_stable(struct famfs_check *check, struct famfs_err *err)
{
	bool changed = false;
	int rc = 0;

	for (int attempt = 0; attempt < 2; attempt++) {
		forget(check);
		rc = examine(check, err);
		if (!rc)
			rc = has_changed(check, &changed, err);
		if (rc || !changed)
			return rc;
	}
	rc = err_set(err, -ESTALE, check->dev->name,
		     "is being made anew by another command or host");
	return err_hint(err, rc, "check it again when that is done");
}

static void count_findings(struct famfs_check *check)
{
	for (uint64_t i = 0; i < check->list.nr; i++) {
		if (problem_row(check->list.recs[i].problem)->severity == FAMFS_WARNING)
			check->summary.warnings++;
		else
			check->summary.errors++;
	}
}

int check_dev(struct famfs_ctx *ctx, struct dev *dev, struct famfs_check **ret_check,
	      struct famfs_err *err)
{
	struct famfs_check *check = calloc(1, sizeof(*check));
	int rc;

	if (!check)
		return err_nomem(err);
	check->ctx = ctx;
	check->dev = dev;
	rc = examine_stable(check, err);
	if (!rc && check->list.failed)
		rc = err_nomem(err);
	if (rc) {
		check_free(check);
		return rc;
	}
	problem_sort(&check->list);
	count_findings(check);
	*ret_check = check;
	return 0;
}

int famfs_check_new(struct famfs_ctx *ctx, const char *device, struct famfs_check **ret_check,
		    struct famfs_err *err)
{
	struct dev *dev;
	int rc = dev_open(ctx, device, 0, &dev, err);

	if (rc)
		return rc;
	rc = check_dev(ctx, dev, ret_check, err);
	if (rc)
		dev_close(dev);
	return rc;
}

/* The path of an entry as it is on the media now. */
static int path_of(struct famfs_check *check, uint64_t index, char path[FAMFS_PATH_SIZE + 1],
		   struct famfs_err *err)
{
	struct fm_entry raw;
	const char *name;
	int rc;

	if (index >= check->log.slots)
		return 0;
	rc = log_read(&check->log, index, 1, &raw, err);
	name = rc ? NULL : media_entry_path(&raw);
	if (name)
		memcpy(path, name, FAMFS_PATH_SIZE);
	return rc;
}

int famfs_check_next(struct famfs_check *check, struct famfs_finding *ret_finding,
		     struct famfs_err *err)
{
	struct famfs_finding finding;
	int rc;

	if (check->next >= check->list.nr)
		return 0;
	problem_render(&check->list.recs[check->next], &finding);
	rc = path_of(check, finding.entry, finding.path, err);
	if (!rc)
		rc = path_of(check, finding.other_entry, finding.other_path, err);
	if (rc)
		return rc;
	check->next++;
	*ret_finding = finding;
	return 1;
}

const struct famfs_check_summary *famfs_check_summary(const struct famfs_check *check)
{
	return &check->summary;
}

void check_free(struct famfs_check *check)
{
	if (!check)
		return;
	forget(check);
	free(check);
}

void famfs_check_free(struct famfs_check *check)
{
	struct dev *dev = check ? check->dev : NULL;

	check_free(check);
	dev_close(dev);
}

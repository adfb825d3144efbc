/* SPDX-License-Identifier: Apache-2.0 */
/* Checking what is said of devices: ADD_DAXDEV entries, and the memory's own errors. */
#include <stdlib.h>
#include <string.h>

#include "check_impl.h"
#include "dax.h"
#include "err.h"
#include "fs.h"

/* Devices that a file system may name: as many as a map can refer to (FMAP.md 4, U8). */
#define DAXDEVS_MAX 64

struct daxdevs {
	uint8_t uuid[DAXDEVS_MAX][16];
	uint32_t entry[DAXDEVS_MAX];
	uint32_t nr;
};

static void add_rec(struct famfs_check *check, uint64_t entry, enum problem problem,
		    struct problem_rec rec)
{
	rec.entry = entry == FAMFS_NONE ? PROBLEM_NO_ENTRY : (uint32_t)entry;
	rec.problem = (uint16_t)problem;
	problem_add(&check->list, rec);
}

/* Index 0 is the primary device; each entry takes the next one, with a UUID of its own. */
static void judge_daxdev(struct famfs_check *check, struct daxdevs *devs,
			 const struct famfs_entry *entry)
{
	uint64_t off = media_slot_off(entry->index);

	if (entry->dd_index != devs->nr + 1 || entry->dd_index >= DAXDEVS_MAX)
		add_rec(check, entry->index, PROBLEM_DAXDEV_INDEX,
			(struct problem_rec){ .off = off,
					      .value = entry->dd_index,
					      .expected = devs->nr + 1,
					      .other = FAMFS_NONE });
	for (uint32_t i = 0; i < devs->nr; i++) {
		if (!memcmp(devs->uuid[i], entry->dd_uuid, sizeof(devs->uuid[i])))
			add_rec(check, entry->index, PROBLEM_DAXDEV_UUID,
				(struct problem_rec){ .off = off, .other = devs->entry[i] });
	}
	if (devs->nr == DAXDEVS_MAX)
		return;
	memcpy(devs->uuid[devs->nr], entry->dd_uuid, sizeof(devs->uuid[0]));
	devs->entry[devs->nr++] = (uint32_t)entry->index;
}

/* The walk counted what is neither file nor directory; nearly always there is nothing. */
int check_daxdevs(struct famfs_check *check, struct famfs_err *err)
{
	struct fm_entry batch[LOG_BATCH];
	struct daxdevs devs = { .nr = 0 };
	const struct fm_entry *raw;
	struct famfs_entry entry;
	struct log_iter it;
	uint64_t index;
	bool ok;
	int rc = 0;

	if (!check->summary.others)
		return 0;
	log_iter_init(&it, &check->log, 0, check->end, batch);
	while ((rc = log_iter_next(&it, &raw, &index, &ok, err)) > 0) {
		if (!ok || le32_get(raw->fm_type) != FAMFS_ENTRY_ADD_DAXDEV)
			continue;
		media_entry_decode(raw, index, &entry);
		judge_daxdev(check, &devs, &entry);
	}
	return rc;
}

/* A range of bad memory, and whether a file or the metadata is hit by it. */
struct bad_range {
	uint64_t off, len;
	bool used;
};

struct bad_ranges {
	struct famfs_check *check;
	struct bad_range *ranges;
	uint64_t nr;
	bool failed;
};

static void keep_range(void *data, uint64_t off, uint64_t len)
{
	struct bad_ranges *bad = data;
	struct bad_range *more = reallocarray(bad->ranges, bad->nr + 1, sizeof(*bad->ranges));

	if (!more) {
		bad->failed = true;
		return;
	}
	bad->ranges = more;
	bad->ranges[bad->nr++] = (struct bad_range){ .off = off, .len = len };
}

/* The part of [off, off + len) that a bad range covers: reported against @entry. */
static void judge_range(struct bad_ranges *bad, uint64_t off, uint64_t len, uint64_t entry)
{
	uint64_t end;

	if (__builtin_add_overflow(off, len, &end))
		end = UINT64_MAX;
	for (uint64_t i = 0; i < bad->nr; i++) {
		struct bad_range *range = &bad->ranges[i];
		uint64_t from = range->off > off ? range->off : off;
		uint64_t to = range->off + range->len < end ? range->off + range->len : end;

		if (from >= to)
			continue;
		range->used = true;
		add_rec(bad->check, entry, PROBLEM_MEDIA_ERROR,
			(struct problem_rec){ .off = from, .len = to - from, .other = FAMFS_NONE });
	}
}

static int judge_file(void *data, const struct famfs_entry *entry)
{
	for (uint32_t i = 0; i < entry->extents_nr; i++) {
		if (entry->extents[i].dev_index == 0)
			judge_range(data, entry->extents[i].off, entry->extents[i].len,
				    entry->index);
	}
	return 0;
}

int check_media(struct famfs_check *check, struct famfs_err *err)
{
	struct bad_ranges bad = { .check = check };
	int rc;

	if (check->dev->kind != FAMFS_DEV_DAX)
		return 0;
	rc = dax_media_errors(check->ctx, &check->dev->dax, keep_range, &bad, err);
	if (!rc && bad.failed)
		rc = err_nomem(err);
	if (!rc && bad.nr) {
		judge_range(&bad, 0, check->data_off, FAMFS_NONE);
		rc = check_each_file(check, judge_file, &bad, err);
	}
	for (uint64_t i = 0; !rc && i < bad.nr; i++) {
		if (!bad.ranges[i].used)
			add_rec(check, FAMFS_NONE, PROBLEM_MEDIA_ERROR_FREE,
				(struct problem_rec){ .off = bad.ranges[i].off,
						      .len = bad.ranges[i].len,
						      .other = FAMFS_NONE });
	}
	free(bad.ranges);
	return rc;
}

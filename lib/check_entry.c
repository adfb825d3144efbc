/* SPDX-License-Identifier: Apache-2.0 */
/* Checking each entry by itself. Runs in several threads, each with its own part of the log. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "check_filter.h"
#include "csum.h"
#include "ctx.h"
#include "err.h"
#include "fs.h"
#include "interleave.h"
#include "pages.h"

static void add(struct check_walk *walk, const struct famfs_entry *entry, enum problem problem,
		uint64_t value, uint64_t expected)
{
	problem_add(&walk->list, (struct problem_rec){
					 .entry = (uint32_t)entry->index,
					 .problem = (uint16_t)problem,
					 .off = media_slot_off(entry->index),
					 .len = MEDIA_ENTRY_LEN,
					 .value = value,
					 .expected = expected,
					 .other = FAMFS_NONE,
				 });
}

static void add_extent(struct check_walk *walk, const struct famfs_entry *entry,
		       enum problem problem, const struct famfs_extent *extent)
{
	problem_add(&walk->list, (struct problem_rec){
					 .entry = (uint32_t)entry->index,
					 .problem = (uint16_t)problem,
					 .off = extent->off,
					 .len = extent->len,
					 .value = extent->dev_index,
					 .other = FAMFS_NONE,
				 });
}

static void judge_path(struct check_walk *walk, const struct famfs_entry *entry,
		       unsigned int problems)
{
	static const struct {
		unsigned int bit;
		enum problem problem;
	} rows[] = {
		{ PATH_UNTERMINATED, PROBLEM_PATH_UNTERMINATED },
		{ PATH_EMPTY, PROBLEM_PATH_EMPTY },
		{ PATH_ABSOLUTE, PROBLEM_PATH_ABSOLUTE },
		{ PATH_ESCAPE, PROBLEM_PATH_ESCAPE },
		{ PATH_DOT, PROBLEM_PATH_DOT },
		{ PATH_META, PROBLEM_PATH_META },
		{ PATH_META_DIR, PROBLEM_PATH_META_DIR },
		{ PATH_UTF8, PROBLEM_PATH_UTF8 },
		{ PATH_CONTROL, PROBLEM_PATH_CONTROL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (problems & rows[i].bit)
			add(walk, entry, rows[i].problem, 0, 0);
	}
}

size_t check_parent_len(const char *path, size_t len)
{
	const char *slash = memrchr(path, '/', len);
	size_t parent_len = slash ? (size_t)(slash - path) : 0;

	/* That one is there without an entry. */
	if (parent_len == strlen(FS_META_DIR) && !memcmp(path, FS_META_DIR, parent_len))
		parent_len = 0;
	return parent_len;
}

static void keep_name_of(struct check_walk *walk, const struct famfs_entry *entry)
{
	size_t len = strlen(entry->path);

	check_keep_name(walk, entry->index, entry->path, len, check_parent_len(entry->path, len));
	if (entry->type == FAMFS_ENTRY_MKDIR)
		walk->check->name_of[entry->index] |= CHECK_IS_DIR | CHECK_LOOK_AT;
}

static void judge_name(struct check_walk *walk, const struct famfs_entry *entry)
{
	unsigned int problems = path_problems(entry->path, FAMFS_PATH_SIZE);

	if (problems)
		judge_path(walk, entry, problems);
	if (!(problems & FS_PATH_UNUSABLE))
		keep_name_of(walk, entry);
	if (entry->mode & ~(uint32_t)CHECK_MODE_BITS)
		add(walk, entry, PROBLEM_MODE, entry->mode, 0);
}

static void judge_extent(struct check_walk *walk, const struct famfs_entry *entry,
			 const struct famfs_extent *extent)
{
	struct famfs_check *check = walk->check;
	uint64_t end;
	bool over = __builtin_add_overflow(extent->off, extent->len, &end);

	if (extent->dev_index) {
		add(walk, entry, PROBLEM_DEVINDEX, extent->dev_index, 0);
		return;
	}
	if (extent->off == 0)
		add_extent(walk, entry, PROBLEM_EXTENT_ZERO_OFFSET, extent);
	if (extent->off % FAMFS_AU || extent->len % FAMFS_AU)
		add_extent(walk, entry, PROBLEM_EXTENT_MISALIGNED, extent);
	if (over)
		add_extent(walk, entry, PROBLEM_EXTENT_OVERFLOW, extent);
	if (over || end > check->summary.dev_size)
		add_extent(walk, entry, PROBLEM_EXTENT_BEYOND_DEVICE, extent);
	if (extent->off < check->data_off)
		add_extent(walk, entry, PROBLEM_OVERLAP_META, extent);
	/* What lies behind the last whole unit is not in the map of the space. */
	if (over || end > check->aus * FAMFS_AU || check_take(walk, extent->off, extent->len))
		walk->overlap = true;
}

static bool count_is_possible(const struct famfs_entry *entry)
{
	uint64_t nr = entry->ext_type == FAMFS_EXT_SIMPLE ? entry->nextents : entry->nstrips;

	return nr >= 1 && nr <= FAMFS_EXTENTS_MAX;
}

static bool extent_is_zero(const struct famfs_extent *extent)
{
	return !extent->dev_index && !extent->off && !extent->len;
}

static void judge_simple(struct check_walk *walk, const struct famfs_entry *entry)
{
	uint64_t sum = 0;

	if (!count_is_possible(entry)) {
		add(walk, entry, PROBLEM_NEXTENTS_RANGE, entry->nextents,
		    entry->nextents ? FAMFS_EXTENTS_MAX : 1);
		return;
	}
	for (uint32_t i = 0; i < entry->extents_nr; i++) {
		if (__builtin_add_overflow(sum, entry->extents[i].len, &sum))
			return; /* said of the extent: its end does not fit either */
	}
	if (sum < entry->size)
		add(walk, entry, PROBLEM_EXTENT_SHORT, sum, entry->size);
}

static bool chunk_is_possible(uint64_t chunk)
{
	return chunk && chunk % FAMFS_AU == 0 && chunk <= UINT32_MAX;
}

static void judge_interleave(struct check_walk *walk, const struct famfs_entry *entry)
{
	bool nr_ok = count_is_possible(entry);
	bool chunk_ok = chunk_is_possible(entry->chunk_size);

	if (entry->nextents != 1)
		add(walk, entry, PROBLEM_NEXTENTS_RANGE, entry->nextents, 1);
	if (!nr_ok)
		add(walk, entry, PROBLEM_NSTRIPS_RANGE, entry->nstrips,
		    entry->nstrips ? FAMFS_EXTENTS_MAX : 1);
	if (!chunk_ok)
		add(walk, entry, PROBLEM_CHUNK_SIZE, entry->chunk_size, 0);
	if (!nr_ok || !chunk_ok || entry->nextents != 1)
		return;
	for (uint32_t i = 0; i < entry->extents_nr; i++) {
		uint64_t used = interleave_used(entry->size, entry->nstrips, entry->chunk_size, i);

		if (entry->extents[i].len < used)
			add(walk, entry, PROBLEM_EXTENT_SHORT, entry->extents[i].len, used);
	}
}

/* What the kernel would say to the file's map. */
static void judge_fmap(struct check_walk *walk, const struct famfs_entry *entry)
{
	const struct famfs_fmap_limits limits = {
		/* 0 would mean that it is not known. */
		.dev_size = walk->check->summary.dev_size ? walk->check->summary.dev_size : 1,
		.data_off = walk->check->data_off,
		.kernel = FAMFS_KERNEL_V10,
	};
	struct famfs_fmap_verdict verdict;
	uint8_t msg[FAMFS_FMAP_V1_MAX];
	struct famfs_reply v1 = { .buf = msg, .cap = sizeof(msg) };

	/* What does not even fit a message was found above. */
	if (famfs_fmap_encode(entry, NULL, &v1, NULL))
		return;
	famfs_fmap_judge(msg, v1.len, &limits, &verdict);
	if (verdict.kernel_rc)
		add(walk, entry, PROBLEM_FMAP_REJECTED, verdict.rejected, 0);
	else if (verdict.unsafe)
		add(walk, entry, PROBLEM_FMAP_UNSAFE, verdict.unsafe, 0);
}

static void judge_file(struct check_walk *walk, const struct famfs_entry *entry)
{
	check_count_file(walk, entry->size);
	judge_name(walk, entry);
	if (!entry->size)
		add(walk, entry, PROBLEM_SIZE_ZERO, 0, 0);
	if (entry->ext_type == FAMFS_EXT_SIMPLE)
		judge_simple(walk, entry);
	else if (entry->ext_type == FAMFS_EXT_INTERLEAVE)
		judge_interleave(walk, entry);
	else
		add(walk, entry, PROBLEM_EXT_TYPE, entry->ext_type, 0);
	for (uint32_t i = 0; i < entry->extents_nr; i++) {
		/* Of impossibly many extents, those never filled in say nothing. */
		if (!count_is_possible(entry) && extent_is_zero(&entry->extents[i]))
			continue;
		judge_extent(walk, entry, &entry->extents[i]);
	}
	judge_fmap(walk, entry);
}

static void judge_entry(struct check_walk *walk, const struct fm_entry *raw, uint64_t index)
{
	struct famfs_entry entry;

	if (check_plain_file(walk, raw, index))
		return;
	media_entry_decode(raw, index, &entry);
	switch (entry.type) {
	case FAMFS_ENTRY_FILE:
		judge_file(walk, &entry);
		break;
	case FAMFS_ENTRY_MKDIR:
		walk->counts.dirs++;
		judge_name(walk, &entry);
		break;
	case FAMFS_ENTRY_ADD_DAXDEV:
		walk->counts.others++;
		break;
	default:
		walk->counts.others++;
		add(walk, &entry, PROBLEM_ENTRY_TYPE, entry.type, 0);
		break;
	}
}

/*
 * An invalid entry; with a right checksum its contents are still what a writer meant. A slot of
 * zeros has no number that could be wrong.
 */
static bool judge_validity(struct check_walk *walk, const struct fm_entry *raw, uint64_t index)
{
	const struct famfs_entry at = { .index = index };
	bool crc_ok = media_entry_crc_ok(raw);

	walk->counts.bad++;
	if (le64_get(raw->fm_seqnum) != index && !media_entry_is_zero(raw))
		add(walk, &at, PROBLEM_ENTRY_SEQNUM, le64_get(raw->fm_seqnum), index);
	if (!crc_ok)
		add(walk, &at, PROBLEM_ENTRY_CRC, le64_get(raw->fm_crc),
		    csum_crc32(raw, offsetof(struct fm_entry, fm_crc)));
	return crc_ok;
}

static int walk_log(struct check_walk *walk, struct fm_entry *batch)
{
	const struct fm_entry *raw;
	struct log_iter it;
	uint64_t index;
	bool ok;
	int rc;

	log_iter_init(&it, &walk->check->log, walk->first, walk->end, batch);
	while ((rc = log_iter_next(&it, &raw, &index, &ok, &walk->err)) > 0) {
		if (ok || judge_validity(walk, raw, index))
			judge_entry(walk, raw, index);
		if (index % LOG_BATCH == 0 && ctx_cancelled(walk->check->ctx))
			return err_set(&walk->err, -ECANCELED, walk->check->dev->name, "cancelled");
	}
	return rc;
}

void check_entries(struct check_walk *walk)
{
	struct fm_entry *batch = malloc(LOG_BATCH * sizeof(*batch));

	if (walk->check->filter.words)
		walk->seen = pages_alloc(walk->check->filter.words, sizeof(*walk->seen));
	if (batch && !space_init(&walk->space, walk->check->summary.dev_size))
		walk->rc = walk_log(walk, batch);
	else
		walk->rc = err_nomem(&walk->err);
	check_see_last(walk);
	free(batch);
}

static int walk_parents(struct check_walk *walk, struct fm_entry *batch)
{
	struct famfs_check *check = walk->check;
	const struct fm_entry *raw;
	struct log_iter it;
	uint64_t index;
	bool ok;
	int rc;

	log_iter_init(&it, &check->log, walk->first, walk->end, batch);
	while ((rc = log_iter_next(&it, &raw, &index, &ok, &walk->err)) > 0) {
		const char *path = media_entry_path(raw);
		size_t len;

		if (!check->name_of[index] || !path)
			continue;
		len = check_parent_len(path, strnlen(path, FAMFS_PATH_SIZE));
		check->parent_of[index] = len ? check_hash(check, path, len) : 0;
	}
	return rc;
}

void check_parents(struct check_walk *walk)
{
	struct fm_entry *batch = malloc(LOG_BATCH * sizeof(*batch));

	walk->rc = batch ? walk_parents(walk, batch) : err_nomem(&walk->err);
	free(batch);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "fs_judge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define AUS_MAX (JUDGE_SIZE_MAX / FAMFS_AU)

/* What is in use, by allocation unit: seen by hand. */
struct usage {
	const struct famfs_info *info;
	bool clean;
	bool taken[AUS_MAX];
	uint64_t files, dirs;
};

void judge_check(struct famfs_ctx *ctx, const char *device, struct judge *ret_judge)
{
	const struct famfs_check_summary *sum;
	struct famfs_finding finding;
	struct famfs_check *check;
	struct famfs_err err;
	uint64_t errors = 0;
	int rc;

	*ret_judge = (struct judge){ .errors = UINT64_MAX };
	if (famfs_check_new(ctx, device, &check, &err))
		return;
	sum = famfs_check_summary(check);
	while ((rc = famfs_check_next(check, &finding, &err)) > 0) {
		if (finding.severity == FAMFS_WARNING)
			continue;
		if (errors++ == 0)
			(void)snprintf(ret_judge->first, sizeof(ret_judge->first), "%s: %s",
				       finding.code, finding.text);
	}
	FUZZ_REQUIRE(!rc && errors == sum->errors, "%" PRIu64 " errors, %" PRIu64 " counted: %d",
		     errors, sum->errors, rc);
	FUZZ_REQUIRE(errors || sum->super_valid, "clean without a superblock");
	ret_judge->errors = errors;
	ret_judge->clean = !errors;
	famfs_check_free(check);
}

/* FMAP.md 5 to the letter. Return: whether there is such a byte. */
static bool locate(const struct famfs_entry *entry, uint64_t off, struct famfs_extent *ret)
{
	const struct famfs_extent *e;
	uint64_t in = off, i = 0, run;

	if (entry->ext_type == FAMFS_EXT_INTERLEAVE) {
		uint64_t chunk = off / entry->chunk_size;

		in = chunk / entry->nstrips * entry->chunk_size + off % entry->chunk_size;
		run = entry->chunk_size - off % entry->chunk_size;
		i = chunk % entry->nstrips;
	} else {
		while (i < entry->extents_nr && in >= entry->extents[i].len)
			in -= entry->extents[i++].len;
		if (i == entry->extents_nr)
			return false;
		run = entry->extents[i].len - in;
	}
	e = &entry->extents[i];
	*ret = (struct famfs_extent){ e->dev_index, e->off + in, run };
	if (ret->len > entry->size - off)
		ret->len = entry->size - off;
	return true;
}

static void judge_byte(const struct famfs_entry *entry, uint64_t off, bool clean)
{
	struct famfs_extent got, want = { 0 };
	int rc = famfs_resolve(entry, off, &got, NULL);

	if (off >= entry->size) {
		FUZZ_REQUIRE(rc == -ERANGE || rc == -EUCLEAN, "byte %" PRIu64 " of %" PRIu64 ": %d",
			     off, entry->size, rc);
		return;
	}
	FUZZ_REQUIRE(!clean || !rc, "clean, but byte %" PRIu64 " of %s is nowhere: %d", off,
		     entry->path, rc);
	if (rc)
		return;
	FUZZ_REQUIRE(got.len && got.len <= entry->size - off, "%" PRIu64 " bytes at %" PRIu64,
		     got.len, off);
	FUZZ_REQUIRE(locate(entry, off, &want) && got.dev_index == want.dev_index &&
			     got.off == want.off &&
			     (clean ? got.len == want.len : got.len <= want.len),
		     "byte %" PRIu64 " of %s is at %" PRIu64 " (%" PRIu64 "), not %" PRIu64
		     " (%" PRIu64 ")",
		     off, entry->path, got.off, got.len, want.off, want.len);
}

static void take_extents(struct usage *usage, const struct famfs_entry *entry)
{
	uint64_t first = (FAMFS_LOG_OFF + usage->info->log_len) / FAMFS_AU;

	for (uint32_t i = 0; i < entry->extents_nr; i++) {
		uint64_t au = entry->extents[i].off / FAMFS_AU;
		uint64_t nr = entry->extents[i].len / FAMFS_AU;

		FUZZ_REQUIRE(entry->extents[i].off % FAMFS_AU == 0 && au >= first &&
				     au + nr <= AUS_MAX &&
				     (au + nr) * FAMFS_AU <= usage->info->dev_size,
			     "clean, but %s is outside of the device", entry->path);
		for (; nr; nr--, au++) {
			FUZZ_REQUIRE(!usage->taken[au], "clean, but %s lies on another file",
				     entry->path);
			usage->taken[au] = true;
		}
	}
}

/* The message, taken apart again, says where the bytes are. */
static void judge_message(const struct famfs_entry *entry, const struct famfs_reply *reply)
{
	struct famfs_extent want = { 0 };
	struct famfs_fmap_iter iter;
	struct famfs_fmap_head head;
	struct famfs_fmap_part part;
	uint64_t off = 0;
	int rc = famfs_fmap_iter_init(&iter, reply->buf, reply->len, &head, NULL);

	FUZZ_REQUIRE(!rc && head.file_size == entry->size, "a header of another file");
	while ((rc = famfs_fmap_iter_next(&iter, &part, NULL)) > 0) {
		if (head.ext_type == FAMFS_EXT_INTERLEAVE || off >= entry->size)
			continue;
		FUZZ_REQUIRE(locate(entry, off, &want) && part.where.off == want.off,
			     "byte %" PRIu64 " of %s is sent to %" PRIu64, off, entry->path,
			     part.where.off);
		off += part.where.len;
	}
	FUZZ_REQUIRE(!rc, "a message that cannot be read again");
	FUZZ_REQUIRE(head.ext_type == FAMFS_EXT_INTERLEAVE || off >= entry->size,
		     "%s is not sent whole", entry->path);
}

static void judge_map(const struct usage *usage, struct famfs *fs, const struct famfs_entry *entry)
{
	const struct famfs_fmap_limits limits = {
		.dev_size = usage->info->dev_size,
		.data_off = FAMFS_LOG_OFF + usage->info->log_len,
		.kernel = FAMFS_KERNEL_V7,
	};
	struct famfs_fmap_verdict verdict;
	uint8_t msg[FAMFS_FMAP_V1_MAX];
	struct famfs_reply v1 = { .buf = msg, .cap = sizeof(msg) }, v2 = v1;
	int rc = famfs_get_fmap(fs, entry, famfs_wire(FAMFS_WIRE_V2), &v2, NULL);

	FUZZ_REQUIRE(!rc || !usage->clean, "clean, but %s has no v2 map: %d", entry->path, rc);
	if (!rc)
		judge_message(entry, &v2);
	rc = famfs_get_fmap(fs, entry, NULL, &v1, NULL);
	FUZZ_REQUIRE(!rc || !usage->clean, "clean, but %s has no map: %d", entry->path, rc);
	if (rc)
		return;
	judge_message(entry, &v1);
	famfs_fmap_judge(msg, v1.len, &limits, &verdict);
	FUZZ_REQUIRE(!verdict.kernel_rc && !verdict.unsafe,
		     "the map of %s is rejected (0x%x) or unsafe (0x%x), and handed out",
		     entry->path, verdict.rejected, verdict.unsafe);
}

static void judge_file(struct usage *usage, struct famfs *fs, const struct famfs_entry *entry)
{
	const uint64_t offs[] = { 0,
				  1,
				  entry->size / 2,
				  entry->size - 1,
				  entry->size,
				  entry->chunk_size,
				  entry->chunk_size - 1,
				  entry->extents[0].len,
				  UINT64_MAX };
	uint8_t byte;
	int rc;

	usage->files++;
	judge_map(usage, fs, entry);
	for (size_t i = 0; i < FUZZ_NR(offs); i++)
		judge_byte(entry, offs[i], usage->clean);
	rc = entry->size ? famfs_read(fs, entry, entry->size - 1, &byte, 1, NULL) : 0;
	FUZZ_REQUIRE(!rc || !usage->clean, "clean, but %s cannot be read: %d", entry->path, rc);
	if (usage->clean)
		take_extents(usage, entry);
}

static void judge_entry(struct usage *usage, struct famfs *fs, const struct famfs_entry *entry)
{
	struct famfs_entry found = { 0 };
	struct famfs_err err = { 0 };
	int rc;

	if (entry->type == FAMFS_ENTRY_ADD_DAXDEV)
		return;
	rc = famfs_lookup(fs, entry->path, &found, &err);
	FUZZ_REQUIRE(!rc && found.index == entry->index && !memcmp(&found, entry, sizeof(found)),
		     "%s is listed, and not found: %d, %s", entry->path, rc, err.message);
	if (entry->type == FAMFS_ENTRY_FILE)
		judge_file(usage, fs, entry);
	else
		usage->dirs++;
}

static void judge_usage(const struct usage *usage)
{
	const struct famfs_info *info = usage->info;
	uint64_t aus = info->dev_size / FAMFS_AU, free = 0;

	FUZZ_REQUIRE(!info->damaged && !info->torn_tail && !info->unusable, "clean, but damaged");
	for (uint64_t i = (FAMFS_LOG_OFF + info->log_len) / FAMFS_AU; i < aus; i++)
		free += usage->taken[i] ? 0 : FAMFS_AU;
	FUZZ_REQUIRE(info->log_len % FAMFS_AU || info->free == free,
		     "%" PRIu64 " bytes are free, %" PRIu64 " are said to be", free, info->free);
}

void judge_open(struct famfs *fs, bool clean)
{
	static const char *const paths[] = { "", "/", "d/", "..", ".meta", "no/such", "a/b/c" };
	struct famfs_entry entry;
	struct famfs_info info;
	struct famfs_err err = { 0 };
	uint64_t cursor = 0, nr = 0;
	int rc = famfs_info(fs, &info, &err);
	struct usage usage = { .info = &info, .clean = clean };

	FUZZ_REQUIRE(!rc, "info: %s", err.message);
	FUZZ_REQUIRE(info.damaged == (famfs_damage(fs, &err) != 0), "damage");
	while ((rc = famfs_next(fs, &cursor, &entry, &err)) > 0) {
		FUZZ_REQUIRE(++nr <= info.log_good, "more entries than there are");
		judge_entry(&usage, fs, &entry);
	}
	FUZZ_REQUIRE(!rc, "next: %s", err.message);
	FUZZ_REQUIRE(usage.files == info.files && usage.dirs == info.dirs,
		     "%" PRIu64 " files and %" PRIu64 " directories are listed, %" PRIu64
		     " and %" PRIu64 " counted",
		     usage.files, usage.dirs, info.files, info.dirs);
	for (size_t i = 0; i < FUZZ_NR(paths); i++)
		(void)famfs_lookup(fs, paths[i], &entry, &err);
	if (clean)
		judge_usage(&usage);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "check_impl.h"
#include "unit.h"
#include "scratch.h"
#include "image.h"
#include "create.h"
#include "damage.h"

/* What has been found in all tests so far. */
static bool seen[PROBLEM_NR];

static struct famfs_check *check(struct famfs_ctx *ctx)
{
	struct famfs_check *c = NULL;
	struct famfs_err err = { 0 };

	CHECK_MSG(famfs_check_new(ctx, "a.img", &c, &err) == 0, "%s", err.message);
	for (uint64_t i = 0; c && i < c->list.nr; i++)
		seen[c->list.recs[i].problem] = true;
	return c;
}

/* Every finding has its words, and is counted. */
static void judge_findings(struct famfs_check *c)
{
	const struct famfs_check_summary *sum = famfs_check_summary(c);
	uint64_t errors = 0, warnings = 0;
	struct famfs_finding f;

	while (famfs_check_next(c, &f, NULL) == 1) {
		*(f.severity == FAMFS_WARNING ? &warnings : &errors) += 1;
		CHECK(f.code[0] && f.text[0]);
		if (f.entry != FAMFS_NONE && f.entry < 4 && !strstr(f.code, "entry_"))
			CHECK_HAS(f.code, f.path[0] ? "" : "e");
	}
	CHECK_EQ(sum->errors, errors);
	CHECK_EQ(sum->warnings, warnings);
	CHECK_EQ(famfs_check_next(c, &f, NULL), 0);
}

static void try_row(struct famfs_ctx *ctx, const struct damage *row)
{
	struct famfs_check *c;
	int nr = row->nr < 0 ? 1 : row->nr;

	damage_do(row);
	c = check(ctx);
	if (!c)
		return;
	/* Others may follow from it where the number is open. */
	CHECK_MSG(row->nr < 0 ? c->list.nr >= 1 : c->list.nr == (uint64_t)nr,
		  "%" PRIu64 " findings", c->list.nr);
	for (int i = 0; i < nr && (uint64_t)i < c->list.nr; i++)
		CHECK_STR(problem_row(c->list.recs[i].problem)->code,
			  problem_row(row->want[i])->code);
	judge_findings(c);
	famfs_check_free(c);
}

static void unterminated(struct famfs_ctx *ctx)
{
	struct famfs_check *c;
	struct famfs_finding f;

	damage_path(1, 'u');
	c = check(ctx);
	CHECK_EQ(famfs_check_next(c, &f, NULL), 1);
	CHECK_STR(f.code, "path_unterminated");
	CHECK_EQ(strlen(f.path), 80);
	CHECK_EQ(famfs_check_next(c, &f, NULL), 0);
	famfs_check_free(c);
}

static void daxdevs(struct famfs_ctx *ctx)
{
	struct famfs_check *c;

	damage_undo();
	damage_daxdev(4, 1, 1);
	damage_daxdev(5, 2, 2);
	image_counters("a.img", 6, 6);
	c = check(ctx);
	CHECK_EQ(c->list.nr, 0);
	CHECK_EQ(c->summary.others, 2);
	famfs_check_free(c);
	damage_daxdev(5, 4, 1);
	c = check(ctx);
	REQUIRE(c->list.nr == 2);
	CHECK_EQ(c->list.recs[0].problem, PROBLEM_DAXDEV_INDEX);
	CHECK_EQ(c->list.recs[1].problem, PROBLEM_DAXDEV_UUID);
	CHECK_EQ(c->list.recs[1].other, 4);
	famfs_check_free(c);
}

/* No image has media errors: the image plays a device whose region has bad sectors. */
static void media_errors(struct famfs_ctx *ctx)
{
	struct famfs_check *c = calloc(1, sizeof(*c));
	static const struct {
		enum problem problem;
		uint32_t entry;
		uint64_t off;
	} want[] = { { PROBLEM_MEDIA_ERROR, PROBLEM_NO_ENTRY, FAMFS_LOG_OFF + 512 },
		     { PROBLEM_MEDIA_ERROR, 1, FIRST },
		     { PROBLEM_MEDIA_ERROR_FREE, PROBLEM_NO_ENTRY, SIZE - 512 } };
	char text[200], root[PATH_MAX + 8];

	REQUIRE(c);
	damage_undo();
	c->ctx = ctx;
	REQUIRE(!dev_open(ctx, "a.img", 0, &c->dev, NULL));
	CHECK_EQ(check_super(c, NULL), 1);
	(void)snprintf(root, sizeof(root), "%s/root", scratch_dir);
	CHECK_EQ(famfs_ctx_set_root(ctx, root), 0);
	scratch_file("root/sys/bus/nd/devices/region0/resource", "0x100000000\n");
	scratch_file("root/sys/bus/nd/devices/region0/size", "67108864\n");
	(void)snprintf(text, sizeof(text), "%llu 1\n%llu 8\n%llu 99\n", (FAMFS_LOG_OFF + 512) / 512,
		       FIRST / 512, SIZE / 512 - 1);
	scratch_file("root/sys/bus/nd/devices/region0/badblocks", text);
	c->dev->kind = FAMFS_DEV_DAX;
	c->dev->dax = (struct dax_info){ .name = "dax0.0", .size = SIZE, .resource = 1ULL << 32 };
	CHECK_EQ(check_media(c, NULL), 0);
	c->dev->kind = FAMFS_DEV_IMAGE;
	CHECK_EQ(c->list.nr, UNIT_NR(want));
	for (size_t i = 0; i < UNIT_NR(want) && i < c->list.nr; i++) {
		UNIT_ROW("media error %zu", i);
		CHECK_EQ(c->list.recs[i].problem, want[i].problem);
		CHECK_EQ(c->list.recs[i].entry, want[i].entry);
		CHECK_EQ(c->list.recs[i].off, want[i].off);
		seen[c->list.recs[i].problem] = true;
	}
	famfs_check_free(c);
	CHECK_EQ(famfs_ctx_set_root(ctx, NULL), 0);
}

UNIT_TEST(every_problem_is_found)
{
	struct famfs_ctx *ctx = image_ctx();

	damage_make(ctx);
	for (size_t i = 0; i < UNIT_NR(damages); i++) {
		UNIT_ROW("%s", damages[i].name);
		try_row(ctx, &damages[i]);
	}
	UNIT_ROW("%s", "others");
	unterminated(ctx);
	daxdevs(ctx);
	media_errors(ctx);
	for (unsigned int i = 0; i < PROBLEM_NR; i++)
		CHECK_MSG(seen[i], "problem %u (%s) was never found", i, problem_row(i)->code);
	famfs_ctx_free(ctx);
}

UNIT_TEST(several_at_once)
{
	static const char *const want[] = {
		"omf_version", "dd_size",        "last_index",           "next_seqnum",
		"entry_crc",   "path_duplicate", "extent_beyond_device", "fmap_unsafe",
		"mode",        "overlap",
	};
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_check *c;
	struct famfs_finding f;
	size_t nr = 0;

	damage_make(ctx);
	image_u32("a.img", 40, 3);
	image_fix_super("a.img");
	image_u64("a.img", 112, SIZE - AU);
	image_u64("a.img", HEADER + 16, 3);
	image_fix_log("a.img");
	image_u64("a.img", HEADER + 32, 77);
	image_u32("a.img", E(0, 24), 0);
	image_u64("a.img", E(2, 40), 'f');
	image_u64("a.img", E(2, 160), SIZE - 2 * AU);
	image_fix_entry("a.img", 2);
	image_u64("a.img", E(3, 40), 'g');
	image_u32("a.img", E(3, 36), 0100644);
	image_u64("a.img", E(3, 144), FIRST);
	image_fix_entry("a.img", 3);
	c = check(ctx);
	for (; famfs_check_next(c, &f, NULL) == 1; nr++)
		if (nr < UNIT_NR(want))
			CHECK_STR(f.code, want[nr]);
	CHECK_EQ(nr, UNIT_NR(want));
	CHECK_EQ(famfs_check_summary(c)->bad, 1);
	CHECK_EQ(famfs_check_summary(c)->files, 3);
	famfs_check_free(c);
	famfs_ctx_free(ctx);
}

UNIT_TEST(each_child_of_a_missing_directory)
{
	struct famfs_entry children[] = { image_file("e/a", FIRST, AU), image_dir("e/b"),
					  image_dir("e/c") };
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_check *c;

	damage_make(ctx);
	for (uint64_t i = 0; i < UNIT_NR(children); i++)
		image_put("a.img", 1 + i, &children[i]);
	c = check(ctx);
	CHECK_EQ(c->list.nr, 3);
	for (uint64_t i = 0; i < c->list.nr; i++) {
		CHECK_EQ(c->list.recs[i].problem, PROBLEM_PATH_NO_PARENT);
		CHECK_EQ(c->list.recs[i].entry, 1 + i);
	}
	famfs_check_free(c);
	famfs_ctx_free(ctx);
}

UNIT_TEST(a_clean_one)
{
	struct famfs_ctx *ctx = image_ctx();
	const struct famfs_check_summary *sum;
	struct famfs_check *c;

	damage_make(ctx);
	c = check(ctx);
	sum = famfs_check_summary(c);
	CHECK(sum->super_valid);
	CHECK_EQ(sum->role, FAMFS_ROLE_MASTER);
	CHECK_EQ(sum->real_size, SIZE);
	CHECK_EQ(sum->dev_size, SIZE);
	CHECK_EQ(sum->log_len, IMAGE_LOG_LEN);
	CHECK_EQ(sum->log_slots, SLOTS);
	CHECK_EQ(sum->log_used, 4);
	CHECK_EQ(sum->files, 3);
	CHECK_EQ(sum->dirs, 1);
	CHECK_EQ(sum->others + sum->bad + sum->errors + sum->warnings, 0);
	CHECK_EQ(sum->file_bytes, 15 * MIB);
	famfs_check_free(c);
	famfs_check_free(NULL);
	famfs_ctx_free(ctx);
}

/* An image with one entry, @slot slots behind the beginning of its log, and holes before it. */
static void make_far_entry(struct famfs_ctx *ctx, uint64_t slot)
{
	struct famfs_entry dir = image_dir("far");

	image_make(ctx, "a.img", 128 * MIB, 64 * MIB);
	image_put("a.img", slot, &dir);
	image_counters("a.img", slot + 1, slot + 1);
}

/* The work goes by what is in the image, not by what its log could hold. */
UNIT_TEST(holes)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_check *c;

	make_far_entry(ctx, 5000);
	c = check(ctx);
	CHECK_EQ(c->end, 5001);
	CHECK_EQ(c->summary.bad, 5000);
	famfs_check_free(c);
	make_far_entry(ctx, 100000);
	c = check(ctx);
	CHECK_EQ(c->end, 0);
	CHECK_EQ(c->summary.bad, 100001);
	REQUIRE(c->list.nr == 2);
	CHECK_EQ(c->list.recs[0].problem, PROBLEM_NEXT_INDEX_RANGE);
	CHECK_EQ(c->list.recs[1].problem, PROBLEM_ENTRY_CRC);
	CHECK_EQ(c->list.recs[1].more, 100000);
	famfs_check_free(c);
	famfs_ctx_free(ctx);
}

UNIT_TEST(not_checked)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_err err = { 0 };
	struct famfs_check *c = NULL;

	CHECK_EQ(famfs_check_new(ctx, "none.img", &c, &err), -ENOENT);
	scratch_image("s.img", 100);
	CHECK_EQ(famfs_check_new(ctx, "s.img", &c, &err), -EUCLEAN);
	CHECK(!c);
	damage_make(ctx);
	famfs_cancel(ctx);
	CHECK_EQ(famfs_check_new(ctx, "a.img", &c, &err), -ECANCELED);
	CHECK(!c);
	famfs_ctx_free(ctx);
}

UNIT_MAIN

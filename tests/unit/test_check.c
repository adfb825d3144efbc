/* SPDX-License-Identifier: Apache-2.0 */
#include "check_impl.h"
#include "unit.h"
#include "scratch.h"
#include "image.h"
#include "create.h"

#define SIZE   (64 * MIB)
#define HEADER FAMFS_LOG_OFF
#define HEAD   (FAMFS_LOG_OFF + 48 + 8 * 544)
#define SLOTS  3854

/* The good image's first bytes, and what has been found in all tests so far. */
static uint8_t good[HEAD];
static bool seen[PROBLEM_NR];

/* Entries: 0 the directory d, 1 the file f, 2 the interleaved file i, 3 the file d/g. */
static void make_good(struct famfs_ctx *ctx)
{
	struct famfs_create_req reqs[] = { create_req("d", 0), create_req("f", 4 * MIB),
					   create_req("i", 8 * MIB), create_req("d/g", 3 * MIB) };
	struct famfs *fs;

	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	fs = image_open(ctx, "a.img", FAMFS_OPEN_WRITE);
	reqs[2].nstrips = 2;
	reqs[2].nbuckets = 2;
	CHECK_EQ(famfs_create(fs, reqs, UNIT_NR(reqs), NULL, NULL), 0);
	famfs_close(fs);
	image_read("a.img", 0, good, sizeof(good));
}

static void restore(void)
{
	static const uint8_t zero[MEDIA_ENTRY_LEN];

	image_write("a.img", 0, good, sizeof(good));
	image_write("a.img", image_slot(SLOTS - 1), zero, sizeof(zero));
}

#define E(i, off) (HEADER + 48 + (i)*544ULL + (off))
#define FIRST     IMAGE_DATA /* where f lies */

/* One change of the image: 8 bytes, or with @half 4, at @off. */
struct patch {
	uint64_t off, value;
	bool half;
};

#define P(off, value)                                                                              \
	{                                                                                          \
		off, value, false                                                                  \
	}
#define H(off, value)                                                                              \
	{                                                                                          \
		off, value, true                                                                   \
	}
#define TEXT8(a, b, c, d, e, f, g, h)                                                              \
	((uint64_t)(a) | (uint64_t)(b) << 8 | (uint64_t)(c) << 16 | (uint64_t)(d) << 24 |          \
	 (uint64_t)(e) << 32 | (uint64_t)(f) << 40 | (uint64_t)(g) << 48 | (uint64_t)(h) << 56)

#define SUPER (-2)
#define LOG   (-3)
#define NONE  (-1)

/* @fix: which checksum is made right again: SUPER, LOG, NONE, or an entry. */
static const struct row {
	const char *name;
	int fix;
	struct patch patches[4];
	enum problem want[6];
	int nr;
} rows[] = {
	{ "good", NONE, { P(104, 0) }, { 0 }, 0 },
	{ "no magic", NONE, { P(0, 1) }, { PROBLEM_SB_MAGIC }, 1 },
	{ "version 47", SUPER, { P(8, 47) }, { PROBLEM_SB_VERSION }, 1 },
	{ "super checksum", NONE, { P(48, 1) }, { PROBLEM_SB_CRC }, 1 },
	{ "allocation unit", SUPER, { P(32, 8192) }, { PROBLEM_ALLOC_UNIT }, 1 },
	{ "major version", SUPER, { H(40, 3) }, { PROBLEM_OMF_VERSION }, 1 },
	{ "minor version", SUPER, { H(44, 1) }, { 0 }, 0 },
	{ "log offset", SUPER, { P(16, 4 * MIB) }, { PROBLEM_LOG_OFFSET }, 1 },
	{ "super's log length", SUPER, { P(24, 4 * MIB) }, { PROBLEM_LOG_LEN }, 1 },
	{ "larger than it is", NONE, { P(112, SIZE + 1) }, { PROBLEM_DD_SIZE }, 1 },
	{ "smaller than it is", NONE, { P(112, SIZE - 1) }, { PROBLEM_DD_SIZE_SMALL }, 1 },
	{ "log magic", LOG, { P(HEADER, 5) }, { PROBLEM_LOG_MAGIC }, 1 },
	{ "log checksum", NONE, { P(HEADER + 24, 5) }, { PROBLEM_LOG_HEADER_CRC }, 1 },
	{ "last index", LOG, { P(HEADER + 16, 99) }, { PROBLEM_LAST_INDEX }, 1 },
	{ "log length", LOG, { P(HEADER + 8, MIB), P(HEADER + 16, 1926) }, { PROBLEM_LOG_LEN }, 1 },
	{ "unwritten entries",
	  NONE,
	  { P(HEADER + 32, 9), P(HEADER + 40, 9) },
	  { PROBLEM_NEXT_INDEX_RANGE, PROBLEM_ENTRY_CRC },
	  2 },
	{ "beyond the last slot",
	  NONE,
	  { P(HEADER + 32, SLOTS + 1), P(HEADER + 40, SLOTS + 1) },
	  { PROBLEM_NEXT_INDEX_RANGE },
	  1 },
	{ "next_seqnum", NONE, { P(HEADER + 32, 2) }, { PROBLEM_NEXT_SEQNUM }, 1 },
	{ "torn tail", NONE, { P(HEADER + 40, 3) }, { PROBLEM_TORN_TAIL }, 1 },
	{ "torn the other way", NONE, { P(HEADER + 32, 3) }, { PROBLEM_TORN_TAIL }, 1 },
	{ "seqnum", 1, { P(E(1, 0), 7) }, { PROBLEM_ENTRY_SEQNUM }, 1 },
	{ "checksum", NONE, { H(E(1, 28), 7) }, { PROBLEM_ENTRY_CRC }, 1 },
	{ "seqnum and checksum",
	  NONE,
	  { P(E(1, 0), 7) },
	  { PROBLEM_ENTRY_SEQNUM, PROBLEM_ENTRY_CRC },
	  2 },
	{ "type 2", 1, { H(E(1, 8), 2) }, { PROBLEM_ENTRY_TYPE }, 1 },
	{ "type 77", 1, { H(E(1, 8), 77) }, { PROBLEM_ENTRY_TYPE }, 1 },
	{ "empty name", 1, { P(E(1, 40), 0) }, { PROBLEM_PATH_EMPTY }, 1 },
	{ "absolute",
	  1,
	  { P(E(1, 40), TEXT8('/', 'a', 0, 0, 0, 0, 0, 0)) },
	  { PROBLEM_PATH_ABSOLUTE },
	  1 },
	{ "escape",
	  1,
	  { P(E(1, 40), TEXT8('.', '.', '/', 'a', 0, 0, 0, 0)) },
	  { PROBLEM_PATH_ESCAPE },
	  1 },
	{ "dot",
	  1,
	  { P(E(1, 40), TEXT8('d', '/', '.', '/', 'a', 0, 0, 0)) },
	  { PROBLEM_PATH_DOT },
	  1 },
	{ "meta",
	  1,
	  { P(E(1, 40), TEXT8('.', 'm', 'e', 't', 'a', '/', 'x', 0)) },
	  { PROBLEM_PATH_META },
	  1 },
	{ "UTF-8", 1, { P(E(1, 40), 0xff) }, { PROBLEM_PATH_UTF8 }, 1 },
	{ "control", 1, { P(E(1, 40), '\n') }, { PROBLEM_PATH_CONTROL }, 1 },
	{ "duplicate file", 1, { P(E(1, 40), 'd') }, { PROBLEM_PATH_DUPLICATE }, 1 },
	{ "no parent",
	  1,
	  { P(E(1, 40), TEXT8('e', '/', 'a', 0, 0, 0, 0, 0)) },
	  { PROBLEM_PATH_NO_PARENT },
	  1 },
	{ "later parent",
	  0,
	  { P(E(0, 28), TEXT8('i', '/', 'a', 0, 0, 0, 0, 0)) },
	  { PROBLEM_PATH_NO_PARENT, PROBLEM_PATH_NO_PARENT },
	  2 },
	{ "below a file",
	  3,
	  { P(E(3, 40), TEXT8('f', '/', 'a', 0, 0, 0, 0, 0)) },
	  { PROBLEM_PATH_UNDER_FILE },
	  1 },
	{ "mode", 1, { H(E(1, 36), 0100644) }, { PROBLEM_MODE }, 1 },
	{ "mode of a directory", 0, { H(E(0, 24), 040755) }, { PROBLEM_MODE }, 1 },
	{ "setuid is no problem", 1, { H(E(1, 36), 07777) }, { 0 }, 0 },
	{ "size 0", 1, { P(E(1, 16), 0) }, { PROBLEM_SIZE_ZERO, PROBLEM_FMAP_UNSAFE }, 2 },
	{ "extent type", 1, { H(E(1, 120), 2) }, { PROBLEM_EXT_TYPE }, 1 },
	{ "17 extents", 1, { H(E(1, 128), 17) }, { PROBLEM_NEXTENTS_RANGE }, -1 },
	{ "0 extents", 1, { H(E(1, 128), 0) }, { PROBLEM_NEXTENTS_RANGE }, -1 },
	{ "2 interleaved extents", 2, { H(E(2, 128), 2) }, { PROBLEM_NEXTENTS_RANGE }, -1 },
	{ "17 strips", 2, { P(E(2, 136), 17) }, { PROBLEM_NSTRIPS_RANGE }, -1 },
	{ "2^32 strips", 2, { P(E(2, 136), 1ULL << 32) }, { PROBLEM_NSTRIPS_RANGE }, -1 },
	{ "0 strips", 2, { P(E(2, 136), 0) }, { PROBLEM_NSTRIPS_RANGE }, -1 },
	{ "chunk 0", 2, { P(E(2, 144), 0) }, { PROBLEM_CHUNK_SIZE, PROBLEM_FMAP_UNSAFE }, 2 },
	{ "chunk 4096",
	  2,
	  { P(E(2, 144), 4096) },
	  { PROBLEM_CHUNK_SIZE, PROBLEM_FMAP_REJECTED },
	  2 },
	{ "chunk 2^32", 2, { P(E(2, 144), 1ULL << 32) }, { PROBLEM_CHUNK_SIZE }, 1 },
	{ "device index", 1, { P(E(1, 136), 1) }, { PROBLEM_DEVINDEX, PROBLEM_FMAP_REJECTED }, 2 },
	{ "offset 0",
	  1,
	  { P(E(1, 144), 0) },
	  { PROBLEM_EXTENT_ZERO_OFFSET, PROBLEM_OVERLAP_META, PROBLEM_FMAP_UNSAFE },
	  3 },
	{ "in the log",
	  1,
	  { P(E(1, 144), 2 * MIB) },
	  { PROBLEM_OVERLAP_META, PROBLEM_FMAP_UNSAFE },
	  2 },
	{ "misaligned offset",
	  1,
	  { P(E(1, 144), FIRST + 4096), P(E(1, 16), 4096), P(E(1, 152), AU) },
	  { PROBLEM_EXTENT_MISALIGNED, PROBLEM_FMAP_REJECTED },
	  2 },
	{ "misaligned length",
	  1,
	  { P(E(1, 152), 4 * MIB - 1), P(E(1, 16), 4096) },
	  { PROBLEM_EXTENT_MISALIGNED, PROBLEM_FMAP_REJECTED },
	  2 },
	{ "end beyond 64 bits",
	  1,
	  { P(E(1, 144), UINT64_MAX - AU + 1) },
	  { PROBLEM_EXTENT_OVERFLOW, PROBLEM_EXTENT_BEYOND_DEVICE, PROBLEM_FMAP_UNSAFE },
	  3 },
	{ "beyond the device",
	  1,
	  { P(E(1, 144), SIZE - AU) },
	  { PROBLEM_EXTENT_BEYOND_DEVICE, PROBLEM_FMAP_UNSAFE },
	  2 },
	{ "short",
	  1,
	  { P(E(1, 16), 4 * MIB + 1) },
	  { PROBLEM_EXTENT_SHORT, PROBLEM_FMAP_REJECTED },
	  2 },
	{ "short strip",
	  2,
	  { P(E(2, 168), 8 * MIB), P(E(2, 192), AU) },
	  { PROBLEM_EXTENT_SHORT, PROBLEM_FMAP_UNSAFE },
	  2 },
	{ "overlap", 3, { P(E(3, 144), FIRST) }, { PROBLEM_OVERLAP }, 1 },
	{ "overlap by a little", 3, { P(E(3, 144), FIRST + AU) }, { PROBLEM_OVERLAP }, 1 },
};

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

static void try_row(struct famfs_ctx *ctx, const struct row *row)
{
	struct famfs_check *c;
	int nr = row->nr < 0 ? 1 : row->nr;

	restore();
	for (size_t i = 0; i < UNIT_NR(row->patches) && row->patches[i].off; i++) {
		const struct patch *p = &row->patches[i];

		if (p->half)
			image_u32("a.img", p->off, (uint32_t)p->value);
		else
			image_u64("a.img", p->off, p->value);
	}
	if (!strcmp(row->name, "no magic"))
		image_u64("a.img", 0, 1);
	if (row->fix == SUPER)
		image_fix_super("a.img");
	else if (row->fix == LOG)
		image_fix_log("a.img");
	else if (row->fix >= 0)
		image_fix_entry("a.img", (uint64_t)row->fix);
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
	char path[80];

	restore();
	memset(path, 'u', sizeof(path));
	image_write("a.img", E(1, 40), path, sizeof(path));
	image_fix_entry("a.img", 1);
	c = check(ctx);
	CHECK_EQ(famfs_check_next(c, &f, NULL), 1);
	CHECK_STR(f.code, "path_unterminated");
	CHECK_EQ(strlen(f.path), 80);
	CHECK_EQ(famfs_check_next(c, &f, NULL), 0);
	famfs_check_free(c);
}

static void put_daxdev(uint64_t slot, uint32_t index, uint8_t uuid)
{
	uint8_t raw[544] = { 0 };

	raw[0] = (uint8_t)slot;
	raw[8] = FAMFS_ENTRY_ADD_DAXDEV;
	memset(raw + 24, uuid, 16);
	raw[40] = (uint8_t)index;
	image_write("a.img", image_slot(slot), raw, sizeof(raw));
	image_fix_entry("a.img", slot);
}

static void daxdevs(struct famfs_ctx *ctx)
{
	struct famfs_check *c;

	restore();
	put_daxdev(4, 1, 1);
	put_daxdev(5, 2, 2);
	image_counters("a.img", 6, 6);
	c = check(ctx);
	CHECK_EQ(c->list.nr, 0);
	CHECK_EQ(c->summary.others, 2);
	famfs_check_free(c);
	put_daxdev(5, 4, 1);
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
	restore();
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

	make_good(ctx);
	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		UNIT_ROW("%s", rows[i].name);
		try_row(ctx, &rows[i]);
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

	make_good(ctx);
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

	make_good(ctx);
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

	make_good(ctx);
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

UNIT_TEST(not_checked)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_err err = { 0 };
	struct famfs_check *c = NULL;

	CHECK_EQ(famfs_check_new(ctx, "none.img", &c, &err), -ENOENT);
	scratch_image("s.img", 100);
	CHECK_EQ(famfs_check_new(ctx, "s.img", &c, &err), -EUCLEAN);
	CHECK(!c);
	make_good(ctx);
	famfs_cancel(ctx);
	CHECK_EQ(famfs_check_new(ctx, "a.img", &c, &err), -ECANCELED);
	CHECK(!c);
	famfs_ctx_free(ctx);
}

UNIT_MAIN

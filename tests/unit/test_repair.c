/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "scratch.h"
#include "image.h"
#include "create.h"
#include "damage.h"
#include "repair.h"

#define WHOLE "d/ f:4194304 i:8388608 d/g:3145728"

/*
 * What becomes of each damage. @safe: -p mends it all. @listing: what a reader sees after all
 * repairs; NULL: nothing can be done.
 */
static const struct {
	const char *name;
	bool safe;
	const char *listing;
} wants[] = {
	{ "good", true, WHOLE },
	{ "no magic", false, WHOLE },
	{ "version 47", false, NULL },
	{ "super checksum", false, WHOLE },
	{ "allocation unit", false, WHOLE },
	{ "major version", true, WHOLE },
	{ "minor version", true, WHOLE },
	{ "log offset", false, WHOLE },
	{ "super's log length", false, WHOLE },
	{ "larger than it is", true, WHOLE },
	{ "smaller than it is", true, WHOLE },
	{ "being rewritten", false, WHOLE },
	{ "log magic", true, WHOLE },
	{ "log checksum", true, WHOLE },
	{ "last index", true, WHOLE },
	{ "log length", false, WHOLE },
	{ "unwritten entries", true, WHOLE },
	{ "beyond the last slot", true, WHOLE },
	{ "next_seqnum", true, WHOLE },
	{ "torn tail", true, WHOLE },
	{ "torn the other way", true, WHOLE },
	{ "seqnum", false, WHOLE },
	{ "checksum", false, "d/" },
	{ "seqnum and checksum", false, "d/" },
	{ "type 2", false, "d/ i:8388608 d/g:3145728" },
	{ "type 77", false, "d/ i:8388608 d/g:3145728" },
	{ "empty name", false, "d/ file~1:4194304 i:8388608 d/g:3145728" },
	{ "absolute", false, "d/ a:4194304 i:8388608 d/g:3145728" },
	{ "escape", false, "d/ a:4194304 i:8388608 d/g:3145728" },
	{ "dot", false, "d/ d/a:4194304 i:8388608 d/g:3145728" },
	{ "meta", true, "d/ .meta/x:4194304 i:8388608 d/g:3145728" },
	{ "meta itself", false, "d/ .meta~1:4194304 i:8388608 d/g:3145728" },
	{ "UTF-8", true, "d/ \xff:4194304 i:8388608 d/g:3145728" },
	{ "control", true, "d/ \n:4194304 i:8388608 d/g:3145728" },
	{ "duplicate file", false, "d/ d~1:4194304 i:8388608 d/g:3145728" },
	{ "no parent", false, "d/ e/ e/a:4194304 i:8388608 d/g:3145728" },
	{ "later parent", false, "a/ f:4194304 i:8388608 d/ d/g:3145728" },
	{ "below a file", false, "d/ f:4194304 i:8388608 a:3145728" },
	{ "mode", true, WHOLE },
	{ "mode of a directory", true, WHOLE },
	{ "setuid is no problem", true, WHOLE },
	{ "size 0", false, WHOLE },
	{ "extent type", false, "d/ i:8388608 d/g:3145728" },
	{ "17 extents", false, "d/ i:8388608 d/g:3145728" },
	{ "0 extents", false, "d/ i:8388608 d/g:3145728" },
	{ "2 interleaved extents", false, "d/ f:4194304 d/g:3145728" },
	{ "17 strips", false, "d/ f:4194304 d/g:3145728" },
	{ "2^32 strips", false, "d/ f:4194304 d/g:3145728" },
	{ "0 strips", false, "d/ f:4194304 d/g:3145728" },
	{ "chunk 0", false, "d/ f:4194304 d/g:3145728" },
	{ "chunk 4096", false, "d/ f:4194304 d/g:3145728" },
	{ "chunk 2^32", false, "d/ f:4194304 d/g:3145728" },
	{ "device index", false, "d/ i:8388608 d/g:3145728" },
	{ "offset 0", false, "d/ i:8388608 d/g:3145728" },
	{ "in the log", false, "d/ i:8388608 d/g:3145728" },
	{ "misaligned offset", false, "d/ i:8388608 d/g:3145728" },
	{ "misaligned length", false, "d/ f:4096 i:8388608 d/g:3145728" },
	{ "end beyond 64 bits", false, "d/ i:8388608 d/g:3145728" },
	{ "beyond the device", false, "d/ f:2097152 i:8388608 d/g:3145728" },
	{ "short", false, WHOLE },
	{ "short strip", false, "d/ f:4194304 i:6291456 d/g:3145728" },
	{ "overlap", false, "d/ f:4194304 i:8388608" },
	{ "overlap by a little", false, "d/ f:4194304 i:8388608" },
};

/* Every finding is told with what became of it; what is done was possible. */
static void judge_items(struct famfs_repair *rep, bool all_done)
{
	enum famfs_repair_status status;
	struct famfs_finding f;
	const char *done;
	uint64_t errors = 0;

	while (famfs_repair_next(rep, &f, &status, &done)) {
		CHECK_EQ(status == FAMFS_REPAIR_DONE, done != NULL);
		CHECK(f.repair == FAMFS_REPAIR_NONE || f.remedy);
		if (f.severity == FAMFS_WARNING)
			continue;
		errors++;
		if (all_done)
			CHECK_MSG(done, "%s is left", f.code);
	}
	CHECK(errors >= famfs_repair_before(rep)->errors);
}

static void repair(struct famfs_ctx *ctx, struct decider *d, uint64_t want_left)
{
	struct famfs_repair *rep = repair_plan(ctx, d, FAMFS_REPAIR_LOCK);

	if (!rep)
		return;
	CHECK_EQ(famfs_repair_after(rep)->errors, want_left);
	repair_commit(rep);
	judge_items(rep, !want_left);
	CHECK_EQ(repair_errors(ctx), want_left);
	famfs_repair_free(rep);
}

/* What one repair has mended, the next one leaves alone. */
static void repair_again(struct famfs_ctx *ctx)
{
	struct decider all = { .all = true };
	uint64_t before = damage_sum();
	struct famfs_repair *rep = repair_plan(ctx, &all, 0);

	if (!rep)
		return;
	repair_commit(rep);
	CHECK_EQ(all.asked, 0);
	CHECK(!famfs_repair_undo(rep));
	CHECK(access("a.undo", F_OK) < 0);
	CHECK_EQ(damage_sum(), before);
	famfs_repair_free(rep);
}

UNIT_TEST(each_damage)
{
	struct famfs_ctx *ctx = image_ctx();
	char listing[1000];

	REQUIRE(UNIT_NR(wants) == UNIT_NR(damages));
	damage_make(ctx);
	for (size_t i = 0; i < UNIT_NR(damages); i++) {
		struct decider all = { .all = true }, safe = { .safe = true };

		UNIT_ROW("%s", damages[i].name);
		CHECK_STR(wants[i].name, damages[i].name);
		damage_do(&damages[i]);
		if (wants[i].safe)
			repair(ctx, &safe, 0);
		damage_do(&damages[i]);
		repair(ctx, &all, wants[i].listing ? 0 : 1);
		if (wants[i].listing)
			CHECK_STR(repair_listing(ctx, listing, sizeof(listing)), wants[i].listing);
		repair_again(ctx);
	}
	famfs_ctx_free(ctx);
}

/* Nothing is stored by who only looks, says no, or asks for what is safe where nothing is. */
UNIT_TEST(nothing_without_consent)
{
	struct famfs_ctx *ctx = image_ctx();

	damage_make(ctx);
	for (size_t i = 0; i < UNIT_NR(damages); i++) {
		struct decider all = { .all = true }, none = { 0 }, safe = { .safe = true };
		struct famfs_repair *rep;
		uint64_t before;

		UNIT_ROW("%s", damages[i].name);
		damage_do(&damages[i]);
		before = damage_sum();
		rep = repair_plan(ctx, &all, FAMFS_REPAIR_DRY_RUN);
		repair_commit(rep);
		CHECK(!famfs_repair_undo(rep));
		famfs_repair_free(rep);
		CHECK_EQ(damage_sum(), before);
		rep = repair_plan(ctx, &none, 0);
		CHECK_EQ(famfs_repair_after(rep)->errors, famfs_repair_before(rep)->errors);
		repair_commit(rep);
		famfs_repair_free(rep);
		CHECK_EQ(damage_sum(), before);
		/* Once about each code of each entry. */
		CHECK(none.asked <= 4);
		if (wants[i].safe)
			continue;
		rep = repair_plan(ctx, &safe, 0);
		CHECK(famfs_repair_after(rep)->errors > 0);
		repair_commit(rep);
		famfs_repair_free(rep);
		CHECK_EQ(damage_sum(), before);
	}
	famfs_ctx_free(ctx);
}

#define AT(n) (FIRST + (n)*AU)

/* Logs of their own, what is left of them, and the changes that are told. */
static const struct whole_log {
	const char *name, *listing, *changes;
	unsigned int flags;
	int bad; /* this entry's checksum is wrong */
	struct {
		const char *path;
		uint64_t off, len;
	} entries[12];
} logs[] = {
	{ "cut",
	  "a:2097152",
	  "-b -c -d",
	  0,
	  1,
	  { { "a", AT(0), AU }, { "b", AT(1), AU }, { "c", AT(2), AU }, { "d", AT(3), AU } } },
	{ "salvage",
	  "a:2097152 c:2097152 d:2097152",
	  "-b",
	  FAMFS_REPAIR_SALVAGE,
	  1,
	  { { "a", AT(0), AU }, { "b", AT(1), AU }, { "c", AT(2), AU }, { "d", AT(3), AU } } },
	{ "salvage makes the parent",
	  "e/ e/c:2097152",
	  "+e -e",
	  FAMFS_REPAIR_SALVAGE,
	  0,
	  { { "e", 0, 0 }, { "e/c", AT(2), AU } } },
	{ "the older stays, and whom only a removed one met",
	  "a:4194304 c:4194304",
	  "-b",
	  0,
	  -1,
	  { { "a", AT(0), 2 * AU }, { "b", AT(1), 2 * AU }, { "c", AT(2), 2 * AU } } },
	{ "all on one place",
	  "a:2097152",
	  "-b -c -d",
	  0,
	  -1,
	  { { "a", AT(0), AU }, { "b", AT(0), AU }, { "c", AT(0), AU }, { "d", AT(0), AU } } },
	{ "parents of parents",
	  "x/ x/y/ x/y/z/ x/y/z/f:2097152",
	  "+x +x/y +x/y/z",
	  0,
	  -1,
	  { { "x/y/z/f", AT(0), AU } } },
	{ "two below one that is missing",
	  "x/ x/a:2097152 x/b:2097152",
	  "+x",
	  0,
	  -1,
	  { { "x/a", AT(0), AU }, { "x/b", AT(1), AU } } },
	{ "a parent that comes later comes earlier",
	  "x/ x/a:2097152 b:2097152",
	  "",
	  0,
	  -1,
	  { { "x/a", AT(0), AU }, { "x", 0, 0 }, { "b", AT(1), AU } } },
	{ "children later than their parent's children",
	  "x/ x/y/ x/y/a:2097152",
	  "",
	  0,
	  -1,
	  { { "x/y/a", AT(0), AU }, { "x/y", 0, 0 }, { "x", 0, 0 } } },
	{ "the same file twice",
	  "a:2097152",
	  "-a",
	  0,
	  -1,
	  { { "a", AT(0), AU }, { "a", AT(0), AU } } },
	{ "another file of the name",
	  "a:2097152 a~1:2097152",
	  "a>a~1",
	  0,
	  -1,
	  { { "a", AT(0), AU }, { "a", AT(1), AU } } },
	{ "the free name is taken too",
	  "a:2097152 a~2:2097152 a~3:2097152",
	  "a>a~3",
	  0,
	  -1,
	  { { "a", AT(0), AU }, { "a~2", AT(1), AU }, { "a", AT(2), AU } } },
	{ "all of one name",
	  "a:2097152 a~1:2097152 a~2:2097152 a~3:2097152",
	  "a>a~1 a>a~2 a>a~3",
	  0,
	  -1,
	  { { "a", AT(0), AU }, { "a", AT(1), AU }, { "a", AT(2), AU }, { "a", AT(3), AU } } },
	{ "many free names are taken",
	  "a:2097152 a~10:2097152 a~11:2097152 a~12:2097152 a~13:2097152 a~14:2097152 "
	  "a~15:2097152 a~16:2097152 a~17:2097152 a~18:2097152 a~19:2097152",
	  "a>a~19",
	  0,
	  -1,
	  { { "a", AT(0), AU },
	    { "a~10", AT(1), AU },
	    { "a~11", AT(2), AU },
	    { "a~12", AT(3), AU },
	    { "a~13", AT(4), AU },
	    { "a~14", AT(5), AU },
	    { "a~15", AT(6), AU },
	    { "a~16", AT(7), AU },
	    { "a~17", AT(8), AU },
	    { "a~18", AT(9), AU },
	    { "a", AT(10), AU } } },
	{ "a directory twice",
	  "d/ d/a:2097152",
	  "-d",
	  0,
	  -1,
	  { { "d", 0, 0 }, { "d", 0, 0 }, { "d/a", AT(0), AU } } },
	{ "a directory named as a file",
	  "d:2097152 a:2097152",
	  "-d d/a>a",
	  0,
	  -1,
	  { { "d", AT(0), AU }, { "d", 0, 0 }, { "d/a", AT(1), AU } } },
	{ "an unclean tree",
	  "e/ e/f/ e/f/a:2097152",
	  "/e>e e//f>e/f e/./f/a>e/f/a",
	  0,
	  -1,
	  { { "/e", 0, 0 }, { "e//f", 0, 0 }, { "e/./f/a", AT(0), AU } } },
	{ "up and down",
	  "a:2097152 b:2097152 c:2097152",
	  "../../a>a x/../b>b x/y/../../c>c",
	  0,
	  -1,
	  { { "../../a", AT(0), AU }, { "x/../b", AT(1), AU }, { "x/y/../../c", AT(2), AU } } },
	{ "only dots",
	  "file~1:2097152",
	  "-. ..>file~1",
	  0,
	  -1,
	  { { ".", 0, 0 }, { "..", AT(0), AU } } },
	{ "cleaned onto another",
	  "a:2097152 a~1:2097152",
	  "/a>a~1",
	  0,
	  -1,
	  { { "a", AT(0), AU }, { "/a", AT(1), AU } } },
	{ "no name before a good one",
	  "a~0:2097152 a:2097152",
	  "/a>a~0",
	  0,
	  -1,
	  { { "/a", AT(0), AU }, { "a", AT(1), AU } } },
};

static void make_log(const struct whole_log *log)
{
	size_t nr = 0;

	damage_undo();
	for (; nr < UNIT_NR(log->entries) && log->entries[nr].path; nr++) {
		const char *path = log->entries[nr].path;
		uint64_t off = log->entries[nr].off, len = log->entries[nr].len;
		struct famfs_entry entry = len ? image_file(path, off, len) : image_dir(path);

		image_put("a.img", nr, &entry);
	}
	image_counters("a.img", nr, nr);
	if (log->bad >= 0)
		image_u64("a.img", E(log->bad, 536), 77);
}

/* "-removed +made old>new" */
static const char *changes_text(struct famfs_repair *rep, char *text, size_t len)
{
	struct famfs_repair_change c;
	size_t at = 0;

	text[0] = '\0';
	while (famfs_repair_change_next(rep, &c) && at < len) {
		const char *mark = c.kind == FAMFS_CHANGE_REMOVED ? "-"
				 : c.kind == FAMFS_CHANGE_MADE    ? "+"
								  : "";
		bool renamed = c.kind == FAMFS_CHANGE_RENAMED;

		at += (size_t)snprintf(text + at, len - at, "%s%s%s%s%s", at ? " " : "", mark,
				       c.path, renamed ? ">" : "", renamed ? c.new_path : "");
	}
	return text;
}

UNIT_TEST(whole_logs)
{
	struct famfs_ctx *ctx = image_ctx();
	char text[1000];

	damage_make(ctx);
	for (size_t i = 0; i < UNIT_NR(logs); i++) {
		struct decider all = { .all = true };
		struct famfs_repair *rep;

		UNIT_ROW("%s", logs[i].name);
		make_log(&logs[i]);
		rep = repair_plan(ctx, &all, logs[i].flags);
		CHECK_STR(changes_text(rep, text, sizeof(text)), logs[i].changes);
		repair_commit(rep);
		famfs_repair_free(rep);
		CHECK_EQ(repair_errors(ctx), 0);
		CHECK_STR(repair_listing(ctx, text, sizeof(text)), logs[i].listing);
		repair_again(ctx);
	}
	famfs_ctx_free(ctx);
}

UNIT_MAIN

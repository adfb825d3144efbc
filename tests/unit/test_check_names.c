/* SPDX-License-Identifier: Apache-2.0 */
/* Names against each other, beside a plain list of who came first; in one and several threads. */
#include <inttypes.h>

#include "check_impl.h"
#include "unit.h"

#include "scratch.h"

#include "image.h"

#define ENTRIES  17000 /* enough for two threads */
#define TOPS     1500
#define CHILDREN 20
#define FILES    300
#define SIZE     (2048 * MIB)
#define LOG_LEN  (16 * MIB)

/* What the entries are: name @top, or below it @child; a file or a directory. */
struct plan {
	uint32_t top, child; /* @child 0: none */
	bool file;
};

static struct plan plan[ENTRIES];
static uint64_t state;

static uint32_t chance(uint32_t below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)((state >> 33) % below);
}

static uint32_t id_of(const struct plan *p)
{
	return p->top * (CHILDREN + 1) + p->child;
}

static void write_plan(struct famfs_ctx *ctx)
{
	struct famfs_entry *entries = calloc(ENTRIES, sizeof(*entries));
	uint64_t at = FAMFS_LOG_OFF + LOG_LEN;

	if (!CHECK(entries != NULL))
		return;
	image_make(ctx, "a.img", SIZE, LOG_LEN);
	for (uint64_t i = 0; i < ENTRIES; i++) {
		entries[i] = image_dir("");
		if (plan[i].file) {
			entries[i] = image_file("", at, AU);
			at += AU;
		}
		(void)snprintf(entries[i].path, sizeof(entries[i].path),
			       plan[i].child ? "n%" PRIu32 "/c%" PRIu32 : "n%" PRIu32, plan[i].top,
			       plan[i].child);
	}
	image_put_all("a.img", entries, ENTRIES);
	free(entries);
}

/* The next finding must be this one. */
static void expect(struct famfs_check *check, const char *code, uint64_t entry, uint64_t other)
{
	struct famfs_finding f;

	if (!CHECK_EQ(famfs_check_next(check, &f, NULL), 1))
		return;
	CHECK_STR(f.code, code);
	CHECK_EQ(f.entry, entry);
	CHECK_EQ(f.other_entry, other);
}

static void compare(struct famfs_ctx *ctx, unsigned int threads)
{
	static uint32_t first[TOPS * (CHILDREN + 1)]; /* entry + 1 */
	struct famfs_check *check = NULL;
	struct famfs_finding f;

	memset(first, 0, sizeof(first));
	famfs_ctx_set_threads(ctx, threads);
	REQUIRE(!famfs_check_new(ctx, "a.img", &check, NULL));
	for (uint32_t i = 0; i < ENTRIES; i++) {
		uint32_t id = id_of(&plan[i]), parent = id - plan[i].child;

		if (first[id])
			expect(check, "path_duplicate", i, first[id] - 1);
		if (plan[i].child && !first[parent])
			expect(check, "path_no_parent", i, FAMFS_NONE);
		else if (plan[i].child && plan[first[parent] - 1].file)
			expect(check, "path_under_file", i, first[parent] - 1);
		if (!first[id])
			first[id] = i + 1;
	}
	CHECK_EQ(famfs_check_next(check, &f, NULL), 0);
	famfs_check_free(check);
}

static void compare_both(void)
{
	struct famfs_ctx *ctx = image_ctx();

	write_plan(ctx);
	compare(ctx, 1);
	compare(ctx, 2);
	famfs_ctx_free(ctx);
}

/* Every directory first, then children in the order that a tool writes them. */
static void plan_good(void)
{
	for (uint32_t i = 0; i < ENTRIES; i++) {
		plan[i] = (struct plan){ .top = i % TOPS, .child = i / TOPS };
		plan[i].file = plan[i].child && i % (ENTRIES / FILES) == 0;
	}
}

UNIT_TEST(all_good)
{
	plan_good();
	compare_both();
}

/* One wrong thing among many good ones must not slip through what only proves that all is good. */
UNIT_TEST(one_wrong)
{
	plan_good();
	plan[ENTRIES - 1] = plan[3];
	compare_both();
	plan_good();
	plan[ENTRIES - 1] = plan[ENTRIES / 2];
	compare_both();
	plan_good();
	plan[5].file = true;
	compare_both();
	plan_good();
	plan[7] = plan[ENTRIES - 1];
	plan[ENTRIES - 1] = (struct plan){ .top = 7 };
	compare_both();
}

UNIT_TEST(much_wrong)
{
	for (uint32_t seed = 1; seed <= 3; seed++) {
		uint32_t files = 0;

		state = seed;
		UNIT_ROW("seed %" PRIu32, seed);
		for (uint32_t i = 0; i < ENTRIES; i++) {
			plan[i].top = chance(TOPS);
			plan[i].child = chance(3) ? 1 + chance(CHILDREN) : 0;
			plan[i].file = !chance(ENTRIES / FILES) && files++ < FILES;
		}
		compare_both();
	}
}

UNIT_MAIN

/* SPDX-License-Identifier: Apache-2.0 */
/* Who overlaps whom, beside the plainest way to find it out; and the walk in several threads. */
#include "check_impl.h"
#include "unit.h"
#include "scratch.h"
#include "image.h"

#define SIZE      (64 * MIB)
#define FILES_MAX 40
#define ROUNDS    60

static uint64_t seed = 11;

static uint64_t any(uint64_t below)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (seed >> 33) % below;
}

static struct famfs_entry numbered_file(uint64_t number)
{
	struct famfs_entry entry = image_file("", 0, 0);

	(void)snprintf(entry.path, sizeof(entry.path), "f%" PRIu64, number);
	entry.extents_nr = entry.nextents = 0;
	return entry;
}

static void add_extent(struct famfs_entry *entry, uint64_t off, uint64_t len)
{
	entry->extents[entry->extents_nr++] = (struct famfs_extent){ .off = off, .len = len };
	entry->nextents = entry->extents_nr;
	entry->size += len;
}

static bool meet(const struct famfs_extent *a, const struct famfs_extent *b)
{
	return a->off < b->off + b->len && b->off < a->off + a->len;
}

/* In how many places two files meet, or the extents of one file each other. */
static uint64_t meetings(const struct famfs_entry *a, const struct famfs_entry *b)
{
	uint64_t nr = 0;

	for (uint32_t i = 0; i < a->extents_nr; i++)
		for (uint32_t j = a == b ? i + 1 : 0; j < b->extents_nr; j++)
			nr += meet(&a->extents[i], &b->extents[j]);
	return nr;
}

/* The earliest other owner of @at's space, and how many more extents meet it. */
static bool naive(const struct famfs_entry *files, uint64_t nr, uint64_t at, uint64_t *ret_other,
		  uint64_t *ret_more)
{
	uint64_t sum = 0;

	for (uint64_t i = nr; i-- > 0;) {
		uint64_t here = meetings(&files[at], &files[i]);

		sum += here;
		if (here)
			*ret_other = i;
	}
	*ret_more = sum - 1;
	return sum && *ret_other <= at;
}

static void compare(struct famfs_ctx *ctx, const struct famfs_entry *files, uint64_t nr)
{
	struct famfs_check *check = NULL;
	struct famfs_finding f;
	uint64_t next = 0, other = 0, more = 0;

	image_put_all("a.img", files, nr);
	REQUIRE(!famfs_check_new(ctx, "a.img", &check, NULL));
	while (famfs_check_next(check, &f, NULL) == 1) {
		if (strcmp(f.code, "overlap"))
			continue;
		while (next < nr && !naive(files, nr, next, &other, &more))
			next++;
		CHECK_EQ(f.entry, next);
		CHECK_EQ(f.other_entry, other);
		CHECK_MSG(f.more == more, "entry %" PRIu64 ": %" PRIu64 " more, really %" PRIu64,
			  f.entry, f.more, more);
		CHECK_STR(f.path, files[next].path);
		CHECK_STR(f.other_path, files[other].path);
		next++;
	}
	for (; next < nr; next++)
		CHECK_MSG(!naive(files, nr, next, &other, &more), "entry %" PRIu64 " is missing",
			  next);
	famfs_check_free(check);
}

UNIT_TEST(files_of_one_extent)
{
	static struct famfs_entry files[FILES_MAX];
	struct famfs_ctx *ctx = image_ctx();

	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t nr = 1 + any(FILES_MAX), longest = 1 + any(6);

		UNIT_ROW("round %d", round);
		for (uint64_t i = 0; i < nr; i++) {
			files[i] = numbered_file(i);
			add_extent(&files[i], IMAGE_DATA + any(24) * AU, (1 + any(longest)) * AU);
		}
		compare(ctx, files, nr);
	}
	famfs_ctx_free(ctx);
}

/* Extents that share an allocation unit need not meet. */
UNIT_TEST(extents_that_are_not_aligned)
{
	static struct famfs_entry files[FILES_MAX];
	struct famfs_ctx *ctx = image_ctx();

	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t nr = 1 + any(FILES_MAX);

		UNIT_ROW("round %d", round);
		for (uint64_t i = 0; i < nr; i++) {
			files[i] = numbered_file(i);
			add_extent(&files[i], IMAGE_DATA + any(48) * MIB / 2, 1 + any(3) * MIB / 4);
		}
		compare(ctx, files, nr);
	}
	famfs_ctx_free(ctx);
}

UNIT_TEST(files_of_several_extents)
{
	static struct famfs_entry files[FILES_MAX];
	struct famfs_ctx *ctx = image_ctx();

	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t nr = 1 + any(8);

		UNIT_ROW("round %d", round);
		for (uint64_t i = 0; i < nr; i++) {
			files[i] = numbered_file(i);
			for (uint64_t n = 1 + any(3); n--;)
				add_extent(&files[i], IMAGE_DATA + any(26) * AU, (1 + any(2)) * AU);
		}
		compare(ctx, files, nr);
	}
	famfs_ctx_free(ctx);
}

UNIT_TEST(two_extents_of_one_file)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_entry files[2] = { numbered_file(0), numbered_file(1) };
	struct famfs_check *check = NULL;
	struct famfs_finding f;

	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	add_extent(&files[0], IMAGE_DATA, AU);
	add_extent(&files[1], IMAGE_DATA + AU, 2 * AU);
	add_extent(&files[1], IMAGE_DATA + 2 * AU, 2 * AU);
	image_put_all("a.img", files, 2);
	REQUIRE(!famfs_check_new(ctx, "a.img", &check, NULL));
	CHECK_EQ(famfs_check_next(check, &f, NULL), 1);
	CHECK_STR(f.code, "overlap");
	CHECK_EQ(f.entry, 1);
	CHECK_EQ(f.other_entry, 1);
	CHECK_EQ(f.more, 0);
	CHECK_HAS(f.text, "itself");
	famfs_check_free(check);
	famfs_ctx_free(ctx);
}

/* Beyond the recorded end, and in the last part of an allocation unit, overlaps are found too. */
UNIT_TEST(overlaps_beyond_the_device)
{
	static const struct {
		const char *name;
		uint64_t off, dev_size;
	} rows[] = {
		{ "beyond the end", SIZE, SIZE },
		{ "far beyond", 1ULL << 40, SIZE },
		{ "recorded size too small", SIZE / 2, SIZE / 2 },
		{ "last part of a unit", SIZE - AU, SIZE - 1 },
		{ "recorded size 0", IMAGE_DATA, 0 },
	};
	struct famfs_ctx *ctx = image_ctx();

	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct famfs_entry files[2] = { numbered_file(0), numbered_file(1) };

		UNIT_ROW("%s", rows[i].name);
		add_extent(&files[0], rows[i].off, AU);
		add_extent(&files[1], rows[i].off, AU);
		image_u64("a.img", 112, rows[i].dev_size);
		compare(ctx, files, 2);
	}
	famfs_ctx_free(ctx);
}

#define PILE 3000

UNIT_TEST(all_on_one_place)
{
	struct famfs_entry *files = calloc(PILE, sizeof(*files));
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_check *check = NULL;
	struct famfs_finding f;
	uint64_t nr = 0;

	REQUIRE(files);
	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	for (uint64_t i = 0; i < PILE; i++) {
		files[i] = numbered_file(i);
		add_extent(&files[i], IMAGE_DATA, AU);
	}
	image_put_all("a.img", files, PILE);
	REQUIRE(!famfs_check_new(ctx, "a.img", &check, NULL));
	while (famfs_check_next(check, &f, NULL) == 1) {
		if (strcmp(f.code, "overlap") || f.entry != ++nr || f.other_entry != 0 ||
		    f.more != PILE - 2)
			CHECK_MSG(false, "entry %" PRIu64 ": %s", f.entry, f.text);
	}
	CHECK_EQ(nr, PILE - 1);
	CHECK_EQ(famfs_check_summary(check)->errors, PILE - 1);
	famfs_check_free(check);
	free(files);
	famfs_ctx_free(ctx);
}

#define CROWD 33000 /* enough for four threads */

/* Files, with something wrong in each part of the log. */
static void make_crowd(struct famfs_ctx *ctx)
{
	struct famfs_entry *files = calloc(CROWD, sizeof(*files));

	if (!CHECK(files != NULL))
		return;
	image_make(ctx, "a.img", 2 * SIZE, 32 * MIB);
	for (uint64_t i = 0; i < CROWD; i++) {
		files[i] = image_dir("");
		(void)snprintf(files[i].path, sizeof(files[i].path), "d%" PRIu64, i);
		if (i % 1000 == 7) {
			files[i] = numbered_file(i);
			add_extent(&files[i], 34 * MIB + i / 2000 * AU, AU);
		} else if (i % 3000 == 8) {
			files[i].mode = 040755;
		} else if (i % 5000 == 9) {
			memcpy(files[i].path, files[1].path, FAMFS_PATH_SIZE);
		}
	}
	image_put_all("a.img", files, CROWD);
	for (uint64_t i = 10; i < CROWD; i += 4000)
		image_u32("a.img", image_slot(i) + 16, 1);
	free(files);
}

UNIT_TEST(threads_find_the_same)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_check *one = NULL, *four = NULL;
	struct famfs_finding a, b;
	int more;

	make_crowd(ctx);
	famfs_ctx_set_threads(ctx, 1);
	REQUIRE(!famfs_check_new(ctx, "a.img", &one, NULL));
	famfs_ctx_set_threads(ctx, 4);
	REQUIRE(!famfs_check_new(ctx, "a.img", &four, NULL));
	CHECK_MEM(famfs_check_summary(one), famfs_check_summary(four),
		  sizeof(struct famfs_check_summary));
	CHECK_EQ(famfs_check_summary(one)->files, 33);
	CHECK_EQ(famfs_check_summary(one)->dirs, CROWD - 33 - 9);
	CHECK_EQ(famfs_check_summary(one)->bad, 9);
	/* 16 pairs of files, 7 names, 9 checksums; and 11 modes. */
	CHECK_EQ(famfs_check_summary(one)->errors, 16 + 7 + 9);
	CHECK_EQ(famfs_check_summary(one)->warnings, 11);
	do {
		more = famfs_check_next(one, &a, NULL);
		CHECK_EQ(famfs_check_next(four, &b, NULL), more);
		if (more != 1)
			break;
		CHECK_STR(a.code, b.code);
		CHECK_STR(a.text, b.text);
		CHECK_STR(a.path, b.path);
		CHECK_STR(a.other_path, b.other_path);
		CHECK_EQ(a.entry, b.entry);
		CHECK_EQ(a.other_entry, b.other_entry);
		CHECK_EQ(a.off, b.off);
	} while (more == 1);
	famfs_check_free(one);
	famfs_check_free(four);
	famfs_ctx_free(ctx);
}

UNIT_MAIN

/* SPDX-License-Identifier: Apache-2.0 */
#include "problem.h"
#include "unit.h"

/* The two sides of one thing share a code on purpose: an error and a warning. */
static bool may_share(enum problem a, enum problem b)
{
	return (a == PROBLEM_DD_SIZE && b == PROBLEM_DD_SIZE_SMALL) ||
	       (a == PROBLEM_PATH_META && b == PROBLEM_PATH_META_DIR) ||
	       (a == PROBLEM_MEDIA_ERROR && b == PROBLEM_MEDIA_ERROR_FREE);
}

static bool is_word(const char *code)
{
	return *code && strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(code);
}

UNIT_TEST(every_row)
{
	for (unsigned int i = 0; i < PROBLEM_NR; i++) {
		const struct problem_row *row = problem_row(i);

		UNIT_ROW("%u", i);
		REQUIRE(row->code && row->text);
		CHECK_MSG(is_word(row->code), "code \"%s\"", row->code);
		CHECK(row->text[0] && !strpbrk(row->text, "\n%"));
		CHECK(row->severity >= FAMFS_WARNING && row->severity <= FAMFS_FATAL);
		CHECK(row->values <= PROBLEM_U_BITS);
		for (unsigned int j = 0; j < i; j++) {
			const struct problem_row *other = problem_row(j);

			CHECK_MSG(strcmp(row->text, other->text), "the text of %u", j);
			CHECK_EQ(!strcmp(row->code, other->code), may_share(j, i));
			if (may_share(j, i))
				CHECK(row->severity != other->severity);
		}
	}
}

static struct famfs_finding render(struct problem_rec rec)
{
	struct famfs_finding finding;

	memset(&finding, 0xaa, sizeof(finding));
	problem_render(&rec, &finding);
	CHECK(memchr(finding.text, '\0', sizeof(finding.text)));
	CHECK(!strchr(finding.text, '\n'));
	CHECK_HAS(finding.text, problem_row(rec.problem)->text);
	CHECK_STR(finding.path, "");
	CHECK_STR(finding.other_path, "");
	return finding;
}

UNIT_TEST(words_of_each_kind)
{
	static const struct {
		struct problem_rec rec;
		const char *tail;
	} rows[] = {
		{ { .problem = PROBLEM_PATH_EMPTY, .value = 7 }, "an empty part" },
		{ { .problem = PROBLEM_MODE, .value = 33188 }, ": 33188" },
		{ { .problem = PROBLEM_ENTRY_SEQNUM, .value = 5, .expected = 4 },
		  ": 5, expected 4" },
		{ { .problem = PROBLEM_ENTRY_CRC, .value = 255, .expected = 4, .more = 9 },
		  ": 0xff, expected 0x4, and 9 more behind it" },
		{ { .problem = PROBLEM_EXTENT_MISALIGNED, .off = 0x1001, .len = 0x2000 },
		  ": offset 0x1001 length 0x2000" },
		{ { .problem = PROBLEM_OVERLAP,
		    .entry = 3,
		    .off = 16,
		    .len = 32,
		    .other = 2,
		    .more = 4 },
		  ": offset 0x10 length 0x20, by entry 2, and 4 more extents meet" },
		{ { .problem = PROBLEM_OVERLAP, .entry = 3, .off = 16, .len = 32, .other = 3 },
		  ", by itself" },
		{ { .problem = PROBLEM_PATH_DUPLICATE, .entry = 3, .other = 1 }, "entry 1" },
		{ { .problem = PROBLEM_FMAP_REJECTED, .value = 1 << 7 | 1 << 15 }, "), K15 (" },
		{ { .problem = PROBLEM_FMAP_UNSAFE, .value = 1 << 2 }, ": U2 (" },
	};

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct famfs_finding f = render(rows[i].rec);
		enum problem_values values = problem_row(rows[i].rec.problem)->values;

		UNIT_ROW("%zu", i);
		CHECK_HAS(f.text, rows[i].tail);
		CHECK_STR(f.code, problem_row(rows[i].rec.problem)->code);
		CHECK_EQ(f.severity, problem_row(rows[i].rec.problem)->severity);
		CHECK_EQ(f.entry, rows[i].rec.entry);
		CHECK_EQ(f.off, rows[i].rec.off);
		CHECK_EQ(f.len, rows[i].rec.len);
		CHECK_EQ(f.other_entry, rows[i].rec.other);
		CHECK_EQ(f.more, rows[i].rec.more);
		CHECK_EQ(f.value, rows[i].rec.value);
		CHECK_EQ(f.expected, rows[i].rec.expected);
		CHECK_EQ(f.has_expected, values == PROBLEM_EXPECTED || values == PROBLEM_HEX);
		CHECK_EQ(f.has_value, f.has_expected || values == PROBLEM_FOUND);
	}
}

/* The largest numbers and all bits at once fit, and the text keeps its end. */
UNIT_TEST(words_of_everything)
{
	for (unsigned int i = 0; i < PROBLEM_NR; i++) {
		struct problem_rec rec = {
			.entry = PROBLEM_NO_ENTRY,
			.problem = (uint16_t)i,
			.off = UINT64_MAX,
			.len = UINT64_MAX,
			.value = UINT64_MAX,
			.expected = UINT64_MAX,
			.other = UINT64_MAX - 1,
			.more = UINT64_MAX,
		};

		UNIT_ROW("%u", i);
		CHECK_EQ(render(rec).entry, FAMFS_NONE);
	}
}

UNIT_TEST(sorted_by_entry_and_then_by_problem)
{
	static const struct problem_rec recs[] = {
		{ .entry = 7, .problem = PROBLEM_MODE },
		{ .entry = PROBLEM_NO_ENTRY, .problem = PROBLEM_MEDIA_ERROR_FREE },
		{ .entry = 0, .problem = PROBLEM_OVERLAP, .off = 9 },
		{ .entry = 7, .problem = PROBLEM_ENTRY_CRC },
		{ .entry = 0, .problem = PROBLEM_OVERLAP, .off = 3 },
		{ .entry = PROBLEM_NO_ENTRY - 1, .problem = PROBLEM_MODE },
		{ .entry = PROBLEM_NO_ENTRY, .problem = PROBLEM_SB_CRC },
	};
	static const int want[] = { 6, 1, 4, 2, 3, 0, 5 };
	struct problem_list list = { 0 };

	problem_sort(&list);
	for (size_t i = 0; i < UNIT_NR(recs); i++)
		problem_add(&list, recs[i]);
	problem_sort(&list);
	REQUIRE(list.nr == UNIT_NR(recs));
	for (size_t i = 0; i < UNIT_NR(recs); i++) {
		UNIT_ROW("%zu", i);
		CHECK_EQ(list.recs[i].entry, recs[want[i]].entry);
		CHECK_EQ(list.recs[i].problem, recs[want[i]].problem);
		CHECK_EQ(list.recs[i].off, recs[want[i]].off);
	}
	problem_fini(&list);
	CHECK_EQ(list.nr, 0);
}

UNIT_TEST(lists_grow_and_move)
{
	struct problem_list a = { 0 }, b = { .failed = true };

	for (uint32_t i = 0; i < 1000; i++)
		problem_add(i % 2 ? &a : &b, (struct problem_rec){ .entry = i });
	CHECK_EQ(a.nr, 500);
	problem_move(&a, &b);
	REQUIRE(a.nr == 1000);
	CHECK_EQ(b.nr, 0);
	CHECK(!b.recs);
	CHECK(a.failed);
	for (uint32_t i = 0; i < 1000; i++)
		CHECK_EQ(a.recs[i].entry, i < 500 ? 2 * i + 1 : 2 * (i - 500));
	problem_fini(&a);
	problem_fini(&b);
}

UNIT_MAIN

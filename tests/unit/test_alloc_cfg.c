/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "alloc_cfg.h"
#include "unit.h"

#define MIB (1ULL << 20)

static int parse(const char *text, struct famfs_geometry *ret, struct famfs_err *err)
{
	return alloc_cfg_parse(text, strlen(text), ret, "cfg", err);
}

/* libyaml is not everywhere; then nothing of this can be seen. */
static bool can_parse(void)
{
	struct famfs_geometry g;

	return parse("x: y", &g, NULL) != -EOPNOTSUPP;
}

UNIT_TEST(what_is_written)
{
	const struct famfs_geometry g = { .nstrips = 3, .nbuckets = 6, .chunk_size = 4 * MIB };
	static const char expected[] = "interleaved_alloc:\n"
				       "  nbuckets: 6\n"
				       "  nstrips: 3\n"
				       "  chunk_size: 4m\n";
	static const char none[] = "interleaved_alloc:\n"
				   "  nbuckets: 0\n"
				   "  nstrips: 0\n"
				   "  chunk_size: 0\n";
	char buf[ALLOC_CFG_LEN];
	size_t len = sizeof(expected) - 1;

	CHECK_EQ(alloc_cfg_format(&g, buf, sizeof(buf)), 0);
	CHECK_MEM(buf, expected, len);
	for (size_t i = len; i < sizeof(buf); i++)
		if (buf[i] != '\n')
			CHECK_EQ(buf[i], '\n');
	CHECK_EQ(alloc_cfg_format(&(struct famfs_geometry){ 0 }, buf, sizeof(buf)), 0);
	CHECK_MEM(buf, none, sizeof(none) - 1);
	/* As long as it is, less indentation, too short. */
	CHECK_EQ(alloc_cfg_format(&g, buf, len), 0);
	CHECK_MEM(buf, expected, len);
	CHECK_EQ(alloc_cfg_format(&g, buf, len - 3), 0);
	CHECK_MEM(buf, "interleaved_alloc:\n nbuckets: 6\n", 32);
	CHECK_EQ(buf[len - 4], '\n');
	CHECK_EQ(alloc_cfg_format(&g, buf, len - 4), -EFBIG);
	CHECK_EQ(alloc_cfg_format(&g, buf, 0), -EFBIG);
}

UNIT_TEST(what_was_written_is_read)
{
	char buf[ALLOC_CFG_LEN];

	if (!can_parse())
		SKIP("no libyaml");
	for (uint64_t n = 1; n <= 16; n++) {
		for (uint64_t chunk = 2 * MIB; chunk <= 2048 * MIB; chunk *= 2) {
			const struct famfs_geometry g = { n, 4 * n, chunk };
			struct famfs_geometry got = { 0 };

			CHECK_EQ(alloc_cfg_format(&g, buf, sizeof(buf)), 0);
			CHECK_EQ(alloc_cfg_parse(buf, sizeof(buf), &got, "cfg", NULL), 0);
			CHECK_MEM(&got, &g, sizeof(g));
		}
	}
}

#define CFG(b, s, c)                                                                               \
	"interleaved_alloc:\n  nbuckets: " b "\n  nstrips: " s "\n  chunk_size: " c "\n"

UNIT_TEST(what_else_is_taken)
{
	static const struct {
		const char *text;
		struct famfs_geometry want;
	} rows[] = {
		{ CFG("8", "4", "2m"), { 4, 8, 2 * MIB } },
		{ CFG("8", "4", "2M"), { 4, 8, 2 * MIB } },
		{ CFG("8", "4", "2048k"), { 4, 8, 2 * MIB } },
		{ CFG("8", "4", "1g"), { 4, 8, 1024 * MIB } },
		{ CFG("8", "4", "2097152"), { 4, 8, 2 * MIB } },
		{ CFG("0x10", "010", "0x200000"), { 8, 16, 2 * MIB } },
		{ CFG("'8'", "\"4\"", "2m"), { 4, 8, 2 * MIB } },
		{ CFG("0", "0", "0"), { 0, 0, 0 } },
		/* Which values there may be is judged elsewhere. */
		{ CFG("1", "17", "3"), { 17, 1, 3 } },
		{ CFG("18446744073709551615", "0", "0"), { 0, UINT64_MAX, 0 } },
		{ "# a comment\n---\n" CFG("8", "4", "2m") "...\n", { 4, 8, 2 * MIB } },
		{ "{interleaved_alloc: {chunk_size: 2m, nstrips: 4, nbuckets: 8}}",
		  { 4, 8, 2 * MIB } },
	};

	if (!can_parse())
		SKIP("no libyaml");
	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct famfs_geometry got = { 7, 7, 7 };
		struct famfs_err err = { 0 };

		UNIT_ROW("%s", rows[i].text);
		CHECK_EQ(parse(rows[i].text, &got, &err), 0);
		CHECK_STR(err.message, "");
		CHECK_MEM(&got, &rows[i].want, sizeof(got));
	}
}

static const struct {
	const char *text, *message;
} refusals[] = {
	{ "", "not of the form" },
	{ "\n\n\n", "not of the form" },
	{ "interleaved_alloc", "not of the form" },
	{ "interleaved_alloc:", "not of the form" },
	{ "interleaved_alloc: 3", "not of the form" },
	{ "interleaved_alloc: [1, 2]", "not of the form" },
	{ "- interleaved_alloc", "not of the form" },
	{ "interleaved_alloc: {}", "has no nbuckets" },
	{ "interleaved_alloc: {nbuckets: 8}", "has no nstrips" },
	{ "interleaved_alloc: {nbuckets: 8, nstrips: 4}", "has no chunk_size" },
	{ "striped: {nbuckets: 8}", "key that is not known: \"striped\"" },
	{ CFG("8", "4", "2m") "  color: red\n", "key that is not known: \"color\"" },
	{ CFG("8", "4", "2m") "  nstrips: 5\n", "nstrips twice" },
	{ CFG("8", "4", "2m") "other: 5\n", "not of the form" },
	{ CFG("8", "4", "2m") "---\n" CFG("8", "4", "2m"), "not of the form" },
	{ CFG("8", "4", "2mb"), "chunk_size is no number: \"2mb\"" },
	{ CFG("8", "4", "2t"), "chunk_size is no number" },
	{ CFG("8", "4", "m"), "chunk_size is no number" },
	{ CFG("8", "4k", "2m"), "nstrips is no number" },
	{ CFG("-1", "4", "2m"), "nbuckets is no number" },
	{ CFG("+8", "4", "2m"), "nbuckets is no number" },
	{ CFG("8 9", "4", "2m"), "nbuckets is no number" },
	{ CFG("18446744073709551616", "4", "2m"), "nbuckets is no number" },
	{ CFG("8", "4", "17179869184g"), "chunk_size is no number" },
	{ CFG("0x", "4", "2m"), "nbuckets is no number" },
	{ CFG("~", "4", "2m"), "nbuckets is no number" },
	{ CFG("", "4", "2m"), "nbuckets is no number" },
	{ CFG("[8]", "4", "2m"), "not of the form" },
	{ CFG("{a: b}", "4", "2m"), "not of the form" },
	{ "interleaved_alloc: {nbuckets: &a 8, nstrips: *a, chunk_size: 2m}", "not of the form" },
	{ "interleaved_alloc: &a {nbuckets: *a}", "not of the form" },
	{ "&a interleaved_alloc: *a", "not of the form" },
	{ "? [a]\n: b", "not of the form" },
	{ "interleaved_alloc: {? [a] : b}", "a key that is no word" },
	{ "interleaved_alloc: {\"nbuck\\0ets\": 8}", "key that is not known: \"\"" },
	{ "interleaved_alloc: {\"a\\e[31mb\\n\": 8}", "key that is not known: \"a\\x1b[31mb\\n\"" },
	{ "interleaved_alloc: {\tnbuckets: 8", "" },
	{ "\x01\x02", "is no YAML: line 1" },
	{ "\xff\xfe", "" },
	{ "interleaved_alloc: b: c", "" },
	{ "%YAML 9.9\n--- x", "is no YAML" },
	{ "{", "" },
	{ "\"", "is no YAML" },
};

UNIT_TEST(what_is_refused)
{
	if (!can_parse())
		SKIP("no libyaml");
	for (size_t i = 0; i < UNIT_NR(refusals); i++) {
		struct famfs_geometry got = { 7, 7, 7 };
		struct famfs_err err = { 0 };

		UNIT_ROW("%s", refusals[i].text);
		CHECK_EQ(parse(refusals[i].text, &got, &err), -EUCLEAN);
		CHECK_HAS(err.message, refusals[i].message);
		CHECK_STR(err.object, "cfg");
		CHECK_EQ(got.nstrips, 7);
		CHECK_EQ(parse(refusals[i].text, &got, NULL), -EUCLEAN);
	}
}

/* The largest that is read, of what is costly to read. */
UNIT_TEST(large_and_odd)
{
	static const char *const units[] = { "[",   "{",   "a: ", "- ",    "&a ",
					     "*a ", "\"",  "? ",  "!<x> ", "{a: ",
					     "\n ", "|\n", "# ",  "\\",    "%A\n" };
	char *text = malloc(ALLOC_CFG_MAX);
	struct famfs_geometry got;

	REQUIRE(text);
	if (!can_parse()) {
		free(text);
		SKIP("no libyaml");
	}
	for (size_t i = 0; i < UNIT_NR(units); i++) {
		size_t len = strlen(units[i]);

		UNIT_ROW("%s", units[i]);
		for (size_t at = 0; at + len <= ALLOC_CFG_MAX; at += len)
			memcpy(text + at, units[i], len);
		CHECK_EQ(alloc_cfg_parse(text, ALLOC_CFG_MAX / len * len, &got, "", NULL),
			 -EUCLEAN);
	}
	free(text);
}

/* Every cut, and every byte changed: an answer each time, and a geometry only if there is one. */
UNIT_TEST(cut_and_changed)
{
	static const char good[] = CFG("8", "4", "2m");
	char text[sizeof(good)];
	int taken = 0, refused = 0;

	if (!can_parse())
		SKIP("no libyaml");
	for (size_t len = 0; len < sizeof(good); len++) {
		struct famfs_geometry got;
		int rc = alloc_cfg_parse(good, len, &got, "", NULL);

		UNIT_ROW("%zu bytes", len);
		CHECK(rc == -EUCLEAN || (rc == 0 && got.nstrips == 4 && got.nbuckets == 8));
	}
	for (size_t at = 0; at + 1 < sizeof(good); at++) {
		for (int byte = 0; byte < 256; byte++) {
			struct famfs_geometry got;
			int rc;

			memcpy(text, good, sizeof(good));
			text[at] = (char)byte;
			rc = alloc_cfg_parse(text, sizeof(good) - 1, &got, "", NULL);
			if (rc == 0)
				taken++;
			else if (rc == -EUCLEAN)
				refused++;
			else
				CHECK_EQ(rc, -EUCLEAN);
		}
	}
	CHECK_MSG(taken > 50 && refused > 10000, "%d taken, %d refused", taken, refused);
}

UNIT_MAIN

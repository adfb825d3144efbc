/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "path.h"
#include "path_plain.h"
#include "unit.h"

static const struct {
	const char *name;
	unsigned int problems;
} names[] = {
	{ "a", 0 },
	{ "dir/file", 0 },
	{ "a-name-of-more-than-8-bytes", 0 },
	{ "some/where/below/the/root.bin", 0 },
	{ ".hidden", 0 },
	{ "...", 0 },
	{ "a/.b/..c/d..", 0 },
	{ "a b~!\"#$%&'()*+,-:;<=>?@[\\]^_`{|}", 0 },
	{ "gr\xc3\xb6\xc3\x9f"
	  "e/\xe2\x82\xac/\xf0\x9f\x98\x80",
	  0 },
	{ "", PATH_EMPTY },
	{ "a/", PATH_EMPTY },
	{ "a//b", PATH_EMPTY },
	{ "a/b//", PATH_EMPTY },
	{ "/", PATH_ABSOLUTE | PATH_EMPTY },
	{ "//a", PATH_ABSOLUTE | PATH_EMPTY },
	{ "/etc/passwd", PATH_ABSOLUTE },
	{ "..", PATH_ESCAPE },
	{ "../a", PATH_ESCAPE },
	{ "a/../b", PATH_ESCAPE },
	{ "a/b/..", PATH_ESCAPE },
	{ ".", PATH_DOT },
	{ "./a", PATH_DOT },
	{ "a/./b", PATH_DOT },
	{ "a/.", PATH_DOT },
	{ "/.././/", PATH_ABSOLUTE | PATH_ESCAPE | PATH_DOT | PATH_EMPTY },
	{ "a\nb", PATH_CONTROL },
	{ "\x01", PATH_CONTROL },
	{ "\x1f", PATH_CONTROL },
	{ "del\x7f", PATH_CONTROL },
	{ "1234567\x7f", PATH_CONTROL },
	{ "12345678\x1fxxxxxxx", PATH_CONTROL },
	{ "12345678abc\x1f", PATH_CONTROL },
	{ "c1\xc2\x80", PATH_CONTROL },
	{ "c1\xc2\x9f", PATH_CONTROL },
	{ "nbsp\xc2\xa0", 0 },
	{ "\x80", PATH_UTF8 },
	{ "a\xff", PATH_UTF8 },
	{ "12345678\xff", PATH_UTF8 },
	{ "\xc3", PATH_UTF8 },
	{ "\xc3/a", PATH_UTF8 },
	{ "\xc0\xaf", PATH_UTF8 },
	{ "\xc1\xbf", PATH_UTF8 },
	{ "\xe0\x80\xaf", PATH_UTF8 },
	{ "\xe0\x9f\xbf", PATH_UTF8 },
	{ "\xe0\xa0\x80", 0 },
	{ "\xed\x9f\xbf", 0 },
	{ "\xed\xa0\x80", PATH_UTF8 },
	{ "\xed\xbf\xbf", PATH_UTF8 },
	{ "\xf0\x8f\xbf\xbf", PATH_UTF8 },
	{ "\xf0\x90\x80\x80", 0 },
	{ "\xf4\x8f\xbf\xbf", 0 },
	{ "\xf4\x90\x80\x80", PATH_UTF8 },
	{ "\xf8\x88\x80\x80\x80", PATH_UTF8 },
	{ "\xe2\x82", PATH_UTF8 },
	{ "\xff\n", PATH_UTF8 | PATH_CONTROL },
	{ ".meta", PATH_META_DIR },
	{ ".meta/.superblock", PATH_META },
	{ ".meta/.alloc.cfg", 0 },
	{ ".meta/.alloc.cfg2", PATH_META },
	{ ".meta/.alloc.cfg/x", PATH_META },
	{ ".meta/", PATH_META | PATH_EMPTY },
	{ "/.meta/x", PATH_META | PATH_ABSOLUTE },
	{ ".metadata", 0 },
	{ "a/.meta", 0 },
};

UNIT_TEST(problems_of_names)
{
	for (size_t i = 0; i < UNIT_NR(names); i++) {
		char field[FAMFS_PATH_SIZE] = { 0 };
		size_t len = strlen(names[i].name);
		char *exact = malloc(len + 1);

		REQUIRE(exact);
		UNIT_ROW("%zu", i);
		memcpy(field, names[i].name, len);
		CHECK_EQ(path_problems(field, sizeof(field)), names[i].problems);
		/* What lies behind the NUL plays no part. */
		memset(field + len + 1, 0xff, sizeof(field) - len - 1);
		CHECK_EQ(path_problems(field, sizeof(field)), names[i].problems);
		/* A field that the name fills: nothing behind it may be looked at. */
		memcpy(exact, names[i].name, len);
		CHECK_EQ(path_problems(exact, len), names[i].problems | PATH_UNTERMINATED);
		free(exact);
	}
}

/* A plain name has no problem and is taken apart rightly; all but a few good names are plain. */
static void plain_or_not(const char field[FAMFS_PATH_SIZE], bool want_plain)
{
	size_t len = 0, parent_len = 0;
	const char *slash;

	if (!path_is_plain(field, &len, &parent_len)) {
		CHECK(!want_plain);
		return;
	}
	CHECK_EQ(path_problems(field, FAMFS_PATH_SIZE), 0);
	CHECK_EQ(len, strnlen(field, FAMFS_PATH_SIZE));
	slash = strrchr(field, '/');
	CHECK_EQ(parent_len, slash ? (size_t)(slash - field) : 0);
}

UNIT_TEST(plain_names)
{
	static const char letters[] = "ab./\x1f\xc3 ";

	for (size_t i = 0; i < UNIT_NR(names); i++) {
		char field[FAMFS_PATH_SIZE] = { 0 };
		const char *name = names[i].name;
		bool want = !names[i].problems && name[0] != '.' && !strstr(name, "/.");

		UNIT_ROW("%zu", i);
		memcpy(field, name, strlen(name));
		for (const char *c = name; *c; c++)
			want = want && (unsigned char)*c < 0x7f;
		plain_or_not(field, want);
		memset(field + strlen(name) + 1, '/', sizeof(field) - strlen(name) - 1);
		plain_or_not(field, want);
	}
	/* Every short name of a few letters, at every place of the first words. */
	for (size_t at = 0; at < 17; at++) {
		for (unsigned int n = 0; n < 4096; n++) {
			char field[FAMFS_PATH_SIZE] = { 0 };

			memset(field, 'p', at);
			for (unsigned int k = 0; k < 4; k++)
				field[at + k] = letters[n >> 3 * k & 7];
			UNIT_ROW("%u at %zu", n, at);
			plain_or_not(field, false);
		}
	}
}

UNIT_TEST(plain_names_fill_their_field)
{
	char field[FAMFS_PATH_SIZE];

	memset(field, 'a', sizeof(field));
	plain_or_not(field, false);
	for (size_t len = 1; len < sizeof(field); len++) {
		memset(field, 'a', sizeof(field));
		field[len] = '\0';
		UNIT_ROW("%zu", len);
		plain_or_not(field, true);
		field[len - 1] = '/';
		plain_or_not(field, false);
		field[len - 1] = '\n';
		plain_or_not(field, false);
	}
}

UNIT_TEST(each_byte_at_each_place)
{
	for (size_t at = 0; at < 40; at++) {
		for (unsigned int byte = 1; byte < 256; byte++) {
			char field[FAMFS_PATH_SIZE] = { 0 };
			unsigned int want = 0;

			memset(field, 'x', 40);
			field[at] = (char)byte;
			if (byte < 0x20 || byte == 0x7f)
				want = PATH_CONTROL;
			else if (byte >= 0x80)
				want = PATH_UTF8;
			else if (byte == '/' && at == 0)
				want = PATH_ABSOLUTE;
			else if (byte == '/' && at == 39)
				want = PATH_EMPTY;
			UNIT_ROW("byte %#x at %zu", byte, at);
			CHECK_EQ(path_problems(field, sizeof(field)), want);
		}
	}
}

UNIT_TEST(full_fields)
{
	char field[FAMFS_PATH_SIZE];

	memset(field, 'a', sizeof(field));
	CHECK_EQ(path_problems(field, sizeof(field)), PATH_UNTERMINATED);
	field[79] = '\0';
	CHECK_EQ(path_problems(field, sizeof(field)), 0);
	CHECK_EQ(path_problems(field, 0), PATH_UNTERMINATED | PATH_EMPTY);
}

UNIT_TEST(clean_paths)
{
	static const struct {
		const char *user, *want;
	} rows[] = {
		{ "", "" },
		{ "/", "" },
		{ "///", "" },
		{ ".", "" },
		{ "/./.", "" },
		{ "a", "a" },
		{ "/a/b", "a/b" },
		{ "//a///b//", "a/b" },
		{ "./a/./b/.", "a/b" },
		{ "a/.b", "a/.b" },
		{ "...", "..." },
		{ "a/..b/c..", "a/..b/c.." },
		{ "a\nb", "a\nb" },
		{ "\xff", "\xff" },
		{ "/.meta/", ".meta" },
	};

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		char out[PATH_CLEAN_SIZE];

		UNIT_ROW("%s", rows[i].user);
		CHECK_EQ(path_clean(rows[i].user, out, NULL), 0);
		CHECK_STR(out, rows[i].want);
	}
}

UNIT_TEST(clean_refuses_dotdot)
{
	static const char *const rows[] = { "..", "/..", "a/../b", "a/..", "../a\n" };

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		char out[PATH_CLEAN_SIZE] = "kept";
		struct famfs_err err = { 0 };

		UNIT_ROW("%s", rows[i]);
		CHECK_EQ(path_clean(rows[i], out, &err), -EINVAL);
		CHECK_EQ(err.rc, -EINVAL);
		CHECK_HAS(err.message, "\"..\"");
		CHECK(!strchr(err.object, '\n'));
		CHECK_STR(out, "kept");
	}
}

UNIT_TEST(clean_lengths)
{
	char user[6000] = "", out[PATH_CLEAN_SIZE];
	struct famfs_err err = { 0 };

	memset(user, 'a', 79);
	CHECK_EQ(path_clean(user, out, &err), 0);
	CHECK_EQ(strlen(out), 79);
	user[79] = 'a';
	CHECK_EQ(path_clean(user, out, &err), -ENAMETOOLONG);
	CHECK_HAS(err.message, "80 bytes, at most 78: 2 bytes too long");
	CHECK_STR(err.object, user);
	/* Slashes that are not kept do not count. */
	memset(user, '/', 5000);
	memcpy(user + 5000, "x/", 3);
	CHECK_EQ(path_clean(user, out, NULL), 0);
	CHECK_STR(out, "x");
	/* Parts around the end of the buffer. */
	for (size_t cut = 70; cut < 90; cut++) {
		memset(user, 'b', 100);
		user[cut] = '/';
		user[100] = '\0';
		CHECK_EQ(path_clean(user, out, NULL), -ENAMETOOLONG);
		user[cut + 1] = '\0';
		CHECK_EQ(path_clean(user, out, NULL), cut < 80 ? 0 : -ENAMETOOLONG);
	}
	memset(user, '\x01', 5998);
	CHECK_EQ(path_clean(user, out, &err), -ENAMETOOLONG);
	CHECK(strlen(err.object) > FAMFS_OBJECT_SIZE - 8);
}

UNIT_TEST(may_write)
{
	char name[PATH_CLEAN_SIZE] = "";

	memset(name, 'n', 78);
	CHECK_EQ(path_may_write(name, "x", NULL), 0);
	CHECK_EQ(path_may_write("gr\xc3\xb6\xc3\x9f"
				"e",
				"x", NULL),
		 0);
	CHECK_EQ(path_may_write(".meta/.alloc.cfg", "x", NULL), 0);
	CHECK_EQ(path_may_write(".metal/x", "x", NULL), 0);
}

UNIT_TEST(may_not_write)
{
	static const struct {
		const char *clean;
		int rc;
		const char *message, *hint;
	} rows[] = {
		{ "1234567890123456789012345678901234567890123456789012345678901234567890123456789",
		  -ENAMETOOLONG, "79 bytes, at most 78: 1 byte too long", "shorter" },
		{ "", -EINVAL, "root", "name" },
		{ "a\nb", -EINVAL, "byte 2 of the path (0x0a) begins a control character", "a_b" },
		{ "a\xc2\x85"
		  "b",
		  -EINVAL, "byte 2 of the path (0xc2) begins a control", "a_b" },
		{ "dir/\xff\xfe", -EINVAL, "byte 5 of the path (0xff) is not valid UTF-8",
		  "nearest: dir/__" },
		{ "x\\\x7f", -EINVAL, "byte 3", "nearest: x\\\\_" },
		{ ".meta", -EINVAL, ".meta is always there", "another name" },
		{ ".meta/.log", -EINVAL, "not .meta/.log", "nearest: .meta/.alloc.cfg" },
		{ "a//b", -EINVAL, "clean", "slashes" },
		{ "/a", -EINVAL, "clean", "slashes" },
		{ "a/..", -EINVAL, "clean", ".." },
	};

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct famfs_err err = { 0 };

		UNIT_ROW("%zu", i);
		CHECK_EQ(path_may_write(rows[i].clean, "dev:/o", &err), rows[i].rc);
		CHECK_EQ(err.rc, rows[i].rc);
		CHECK_STR(err.object, "dev:/o");
		CHECK_HAS(err.message, rows[i].message);
		CHECK_HAS(err.hint, rows[i].hint);
		CHECK_EQ(path_may_write(rows[i].clean, "dev:/o", NULL), rows[i].rc);
	}
}

UNIT_TEST(escape)
{
	static const struct {
		const char *raw;
		size_t len;
		const char *want;
	} rows[] = {
		{ "plain nrt", 40, "plain nrt" },
		{ "a\nb\tc\rd\\e", 40, "a\\nb\\tc\\rd\\\\e" },
		{ "\x01\x7f\xff", 40, "\\x01\\x7f\\xff" },
		{ "\xc2\x85", 40, "\\xc2\\x85" },
		{ "\xc3\xb6\xc3", 40, "\xc3\xb6\\xc3" },
		{ "abc", 3, "ab" },
		{ "abc", 1, "" },
		{ "a\n", 3, "a" },
		{ "a\n", 4, "a\\n" },
		{ "a\x01", 5, "a" },
		{ "a\xc3\xb6", 3, "a" },
		{ "", 1, "" },
	};
	char all[256], buf[PATH_ESCAPED_SIZE];

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		UNIT_ROW("%zu", i);
		CHECK_STR(path_escape(rows[i].raw, buf, rows[i].len), rows[i].want);
	}
	memset(all, 0xff, FAMFS_PATH_SIZE);
	all[FAMFS_PATH_SIZE] = '\0';
	CHECK_EQ(strlen(path_escape(all, buf, sizeof(buf))), 4 * FAMFS_PATH_SIZE);
	buf[0] = 'k';
	CHECK_EQ(path_escape("x", buf, 0)[0], 'k');
}

UNIT_MAIN

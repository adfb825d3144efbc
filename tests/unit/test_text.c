/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "text.h"
#include "unit.h"

static const struct {
	const char *text;
	int rc;
	uint64_t size;
	const char *message;
} sizes[] = {
	{ "0", 0, 0, NULL },
	{ "1", 0, 1, NULL },
	{ "007", 0, 7, NULL },
	{ "4096", 0, 4096, NULL },
	{ "18446744073709551615", 0, UINT64_MAX, NULL },
	{ "1k", 0, 1024, NULL },
	{ "1K", 0, 1024, NULL },
	{ "1KiB", 0, 1024, NULL },
	{ "1kiB", 0, 1024, NULL },
	{ "2m", 0, 2 << 20, NULL },
	{ "2M", 0, 2 << 20, NULL },
	{ "2MiB", 0, 2 << 20, NULL },
	{ "3G", 0, 3ULL << 30, NULL },
	{ "3GiB", 0, 3ULL << 30, NULL },
	{ "1T", 0, 1ULL << 40, NULL },
	{ "1t", 0, 1ULL << 40, NULL },
	{ "1TiB", 0, 1ULL << 40, NULL },
	{ "16777215T", 0, 16777215ULL << 40, NULL },
	{ "16777215.5T", 0, (16777215ULL << 40) + (1ULL << 39), NULL },
	{ "1.5G", 0, 3ULL << 29, NULL },
	{ "1.50G", 0, 3ULL << 29, NULL },
	{ "0.5k", 0, 512, NULL },
	{ "0.0009765625k", 0, 1, NULL },
	{ "1.0", 0, 1, NULL },
	{ "0.25MiB", 0, 1 << 18, NULL },
	{ "1.000000000000000000T", 0, 1ULL << 40, NULL },
	{ "0", 0, 0, NULL },
	{ "0T", 0, 0, NULL },
	{ "4kb", -EINVAL, 0, "ambiguous" },
	{ "4kB", -EINVAL, 0, "ambiguous" },
	{ "4KB", -EINVAL, 0, "ambiguous" },
	{ "4Kb", -EINVAL, 0, "ambiguous" },
	{ "1MB", -EINVAL, 0, "ambiguous" },
	{ "1gb", -EINVAL, 0, "ambiguous" },
	{ "1TB", -EINVAL, 0, "ambiguous" },
	{ "1.5GB", -EINVAL, 0, "ambiguous" },
	{ "", -EINVAL, 0, "not a size" },
	{ " 1", -EINVAL, 0, "not a size" },
	{ "1 ", -EINVAL, 0, "not a size" },
	{ "1 k", -EINVAL, 0, "not a size" },
	{ "-1", -EINVAL, 0, "not a size" },
	{ "+1", -EINVAL, 0, "not a size" },
	{ "k", -EINVAL, 0, "not a size" },
	{ "x", -EINVAL, 0, "not a size" },
	{ "1x", -EINVAL, 0, "not a size" },
	{ "0x10", -EINVAL, 0, "not a size" },
	{ "1e3", -EINVAL, 0, "not a size" },
	{ "1b", -EINVAL, 0, "not a size" },
	{ "1B", -EINVAL, 0, "not a size" },
	{ "2Mi", -EINVAL, 0, "not a size" },
	{ "2Mib", -EINVAL, 0, "not a size" },
	{ "2MIB", -EINVAL, 0, "not a size" },
	{ "2MiBs", -EINVAL, 0, "not a size" },
	{ "2MBs", -EINVAL, 0, "not a size" },
	{ "2kk", -EINVAL, 0, "not a size" },
	{ "1P", -EINVAL, 0, "not a size" },
	{ "1\n", -EINVAL, 0, "not a size" },
	{ "1k\n", -EINVAL, 0, "not a size" },
	{ "1.", -EINVAL, 0, "not a size" },
	{ "1.k", -EINVAL, 0, "not a size" },
	{ ".5k", -EINVAL, 0, "not a size" },
	{ ".", -EINVAL, 0, "not a size" },
	{ "1,5k", -EINVAL, 0, "not a size" },
	{ "1.5.0k", -EINVAL, 0, "not a size" },
	{ "1.2.3", -EINVAL, 0, "" },
	{ "1..5k", -EINVAL, 0, "not a size" },
	{ "1.5", -EINVAL, 0, "not a whole number of bytes" },
	{ "0.3k", -EINVAL, 0, "not a whole number of bytes" },
	{ "1.0000000001k", -EINVAL, 0, "not a whole number of bytes" },
	{ "1.0000000000000000000000001k", -EINVAL, 0, "" },
	{ "18446744073709551616", -ERANGE, 0, "64 bits" },
	{ "99999999999999999999999999", -ERANGE, 0, "64 bits" },
	{ "16777216T", -ERANGE, 0, "64 bits" },
	{ "18014398509481984k", -ERANGE, 0, "64 bits" },
	{ "18446744073709551615k", -ERANGE, 0, "64 bits" },
};

UNIT_TEST(parse_sizes)
{
	for (size_t i = 0; i < UNIT_NR(sizes); i++) {
		struct famfs_err err = { .message = "kept" };
		uint64_t size = 12345;

		UNIT_ROW("%s", sizes[i].text);
		CHECK_EQ(famfs_size_parse(sizes[i].text, &size, &err), sizes[i].rc);
		CHECK_EQ(famfs_size_parse(sizes[i].text, &size, NULL), sizes[i].rc);
		if (sizes[i].rc == 0) {
			CHECK_EQ(size, sizes[i].size);
			CHECK_STR(err.message, "kept");
			continue;
		}
		CHECK_EQ(size, 12345);
		CHECK_EQ(err.rc, sizes[i].rc);
		CHECK_STR(err.object, sizes[i].text);
		CHECK_HAS(err.message, sizes[i].message);
	}
}

UNIT_TEST(ambiguous_units_say_what_would_do)
{
	struct famfs_err err = { 0 };
	uint64_t size;

	CHECK_EQ(famfs_size_parse("4kb", &size, &err), -EINVAL);
	CHECK_HAS(err.hint, "KiB");
}

UNIT_TEST(format_sizes)
{
	static const struct {
		uint64_t size;
		const char *want;
	} rows[] = {
		{ 0, "0" },
		{ 1, "1" },
		{ 512, "512" },
		{ 1023, "1023" },
		{ 1024, "1.0k" },
		{ 1025, "1.0k" },
		{ 1536, "1.5k" },
		{ (1 << 20) - 1, "1023.9k" },
		{ 1 << 20, "1.0M" },
		{ 1153433, "1.0M" },
		{ 1153434, "1.1M" },
		{ 0x200000, "2.0M" },
		{ 4ULL << 30, "4.0G" },
		{ 3ULL << 39, "1.5T" },
		{ 1ULL << 50, "1.0P" },
		{ UINT64_MAX, "15.9E" },
	};

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		char buf[16];

		UNIT_ROW("%" PRIu64, rows[i].size);
		CHECK(famfs_size_format(rows[i].size, buf, sizeof(buf)) == buf);
		CHECK_STR(buf, rows[i].want);
		CHECK_STR(text_size(rows[i].size).s, rows[i].want);
	}
	CHECK_STR(text_count(0, "byte").s, "0 bytes");
	CHECK_STR(text_count(1, "byte").s, "1 byte");
	CHECK_STR(text_count(UINT64_MAX, "bucket").s, "18446744073709551615 buckets");
}

/* One digit behind the point, rounded down: what is shown as free is there. */
UNIT_TEST(format_rounds_down)
{
	uint64_t value = 1;

	for (int i = 0; i < 2000; i++) {
		char buf[16], want[32];
		unsigned int step;
		uint64_t size, tenths;

		value = value * 6364136223846793005ULL + 1442695040888963407ULL;
		size = value >> (i % 54) | 1024;
		step = (63 - (unsigned int)__builtin_clzll(size)) / 10;
		tenths = (uint64_t)(((unsigned __int128)size * 10) >> (10 * step));
		(void)snprintf(want, sizeof(want), "%" PRIu64 ".%" PRIu64 "%c", tenths / 10,
			       tenths % 10, "kMGTPE"[step - 1]);
		UNIT_ROW("%" PRIu64, size);
		CHECK_STR(famfs_size_format(size, buf, sizeof(buf)), want);
	}
}

UNIT_TEST(whole_bytes_are_read_back)
{
	for (unsigned int shift = 0; shift < 64; shift++) {
		char buf[32];
		uint64_t size;

		(void)snprintf(buf, sizeof(buf), "%" PRIu64, UINT64_MAX >> shift);
		CHECK_EQ(famfs_size_parse(buf, &size, NULL), 0);
		CHECK_EQ(size, UINT64_MAX >> shift);
	}
}

UNIT_TEST(format_into_little_room)
{
	char buf[4] = "xxx";

	CHECK(famfs_size_format(1536, buf, 4) == buf);
	CHECK_STR(buf, "1.5");
	famfs_size_format(1536, buf, 1);
	CHECK_STR(buf, "");
}

UNIT_TEST(uuids)
{
	static const char text[] = "c15c0289-ec2d-4f01-8899-aabbccddeeff";
	static const uint8_t want[16] = { 0xc1, 0x5c, 0x02, 0x89, 0xec, 0x2d, 0x4f, 0x01,
					  0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
	char buf[FAMFS_UUID_STR];
	uint8_t uuid[16];

	CHECK_EQ(famfs_uuid_parse(text, uuid, NULL), 0);
	CHECK_MEM(uuid, want, 16);
	CHECK(famfs_uuid_format(uuid, buf) == buf);
	CHECK_STR(buf, text);
	CHECK_EQ(famfs_uuid_parse("C15C0289-EC2D-4F01-8899-AABBCCDDEEFF", uuid, NULL), 0);
	CHECK_STR(famfs_uuid_format(uuid, buf), text);
}

UNIT_TEST(no_uuids)
{
	static const char *const rows[] = {
		"",
		"x",
		"c15c0289-ec2d-4f01-8899-aabbccddeef",
		"c15c0289-ec2d-4f01-8899-aabbccddeefff",
		"c15c0289-ec2d-4f01-8899-aabbccddeeff\n",
		" c15c0289-ec2d-4f01-8899-aabbccddeef",
		"c15c0289ec2d4f018899aabbccddeeff0000",
		"c15c0289-ec2d-4f01-8899-aabbccddeefg",
		"c15c028-9ec2d-4f01-8899-aabbccddeeff",
		"------------------------------------",
	};

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		uint8_t uuid[16] = "kept", want[16] = "kept";
		struct famfs_err err = { 0 };

		UNIT_ROW("%s", rows[i]);
		CHECK_EQ(famfs_uuid_parse(rows[i], uuid, &err), -EINVAL);
		CHECK_HAS(err.message, "not a UUID");
		CHECK_MEM(uuid, want, 16);
	}
}

UNIT_MAIN

static const struct {
	const char *word, *quoted;
} words[] = {
	{ "/dev/dax0.0", "/dev/dax0.0" },
	{ "my-fs_1.img@2M", "my-fs_1.img@2M" },
	{ "a,b:/c+d%e", "a,b:/c+d%e" },
	{ "", "''" },
	{ "sp d/my i.img", "'sp d/my i.img'" },
	{ "a;reboot", "'a;reboot'" },
	{ "$HOME", "'$HOME'" },
	{ "a\\b", "'a\\b'" },
	{ "~", "'~'" },
	{ "#a", "'#a'" },
	{ "a=b", "'a=b'" },
	{ "it's", "'it'\\''s'" },
	{ "'", "''\\'''" },
	{ "\xc3\xbc.img", "'\xc3\xbc.img'" },
	{ "a\nb", "$'a\\012b'" },
	{ "\33[31m'\\1", "$'\\033[31m\\'\\\\1'" },
	{ "\x7f", "$'\\177'" },
	{ "\xc2\x85", "$'\\302\\205'" },
	{ "\xff\xc3", "$'\\377\\303'" },
	{ "\xe2\x80\xaeo", "$'\\342\\200\\256o'" },
	{ "\xe2\x81\xa6\xc3\xbc", "$'\\342\\201\\246\xc3\xbc'" },
	{ "\xe2\x80\x8e", "$'\\342\\200\\216'" },
	{ "\xe2\x80\xa8", "$'\\342\\200\\250'" },
};

UNIT_TEST(words_of_a_shell)
{
	char buf[128];

	for (size_t i = 0; i < UNIT_NR(words); i++) {
		UNIT_ROW("%zu: %s", i, words[i].quoted);
		CHECK(famfs_shell_quote(words[i].word, false, buf, sizeof(buf)) == buf);
		CHECK_STR(buf, words[i].quoted);
		famfs_shell_quote(words[i].word, true, buf, sizeof(buf));
		CHECK_STR(buf, words[i].quoted);
		CHECK(strlen(buf) < FAMFS_SHELL_SIZE(strlen(words[i].word)));
		CHECK_STR(text_shell(words[i].word).s, words[i].quoted);
	}
}

/* A word may begin with -, but a file that does would be taken for an option. */
UNIT_TEST(files_that_look_like_options)
{
	char buf[16];

	CHECK_STR(famfs_shell_quote("-x", false, buf, sizeof(buf)), "-x");
	CHECK_STR(famfs_shell_quote("-x", true, buf, sizeof(buf)), "./-x");
	CHECK_STR(famfs_shell_quote("-", true, buf, sizeof(buf)), "./-");
	CHECK_STR(famfs_shell_quote("-a b", true, buf, sizeof(buf)), "./'-a b'");
	CHECK_STR(famfs_shell_quote("-\n", true, buf, sizeof(buf)), "./$'-\\012'");
}

/* Half of a name could be that of another file. */
UNIT_TEST(words_that_do_not_fit)
{
	char buf[16], name[512] = "";

	CHECK_STR(famfs_shell_quote("12345", true, buf, 6), "12345");
	CHECK_STR(famfs_shell_quote("12345", true, buf, 5), "...");
	CHECK_STR(famfs_shell_quote("1 3", true, buf, 6), "'1 3'");
	CHECK_STR(famfs_shell_quote("1 3", true, buf, 5), "...");
	memset(name, 'a', 319);
	CHECK_STR(text_shell(name).s, name);
	name[319] = 'a';
	CHECK_STR(text_shell(name).s, "...");
}

/* What is promised to be enough is; and what is behind the buffer is left alone. */
UNIT_TEST(words_fill_their_buffer)
{
	char buf[FAMFS_SHELL_SIZE(3) + 1];

	for (size_t len = 0; len < sizeof(buf); len++) {
		UNIT_ROW("%zu", len);
		memset(buf, '#', sizeof(buf));
		famfs_shell_quote("-\xff\xff", true, buf, len);
		CHECK_EQ(buf[len], '#');
	}
	memset(buf, '#', sizeof(buf));
	CHECK_STR(famfs_shell_quote("\xff\xff\xff", true, buf, FAMFS_SHELL_SIZE(3)),
		  "$'\\377\\377\\377'");
	CHECK_STR(famfs_shell_quote("-\xff\xff", true, buf, FAMFS_SHELL_SIZE(3)),
		  "./$'-\\377\\377'");
}

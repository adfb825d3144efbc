/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "scratch.h"
#include "image.h"

#include "image_scrub.h"
#include "path.h"

/* A fixed key, so that a failure comes again. */
static const struct image_scrub scrub = { .key = "not secret here" };

static char *part_of(const char *part, size_t len, char buf[FAMFS_PATH_SIZE + 1])
{
	memcpy(buf, part, len);
	buf[len] = '\0';
	image_scrub_part(&scrub, buf, len);
	return buf;
}

UNIT_TEST(what_the_file_system_uses_stays)
{
	static const char *const rows[] = { "", ".", "..", ".meta", ".alloc.cfg" };
	char buf[FAMFS_PATH_SIZE + 1];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_STR(part_of(rows[i], strlen(rows[i]), buf), rows[i]);
}

UNIT_TEST(length_and_problems_stay_and_the_name_goes)
{
	static const char *const rows[] = {
		"secret",
		"weights-00001-of-00002.safetensors",
		"Caf\xc3\xa9 cr\xc3\xa8me", /* two bytes each */
		"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e.txt",
		"\xf0\x9f\x98\x80\xf0\x9f\x98\x81 faces",
		"latin\xe9s", /* no UTF-8 */
		"cut \xe6\x97",
		"\xed\xa0\x80 surrogate",
		"tab\tand\nline",
		"c1 \xc2\x85 control",
		"...",
		"with space",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char buf[FAMFS_PATH_SIZE + 1], again[FAMFS_PATH_SIZE + 1];
		size_t len = strlen(rows[i]);

		UNIT_ROW("%zu", i);
		part_of(rows[i], len, buf);
		CHECK_EQ(strlen(buf), len);
		CHECK(strcmp(buf, rows[i]) != 0);
		CHECK(!strchr(buf, '/'));
		CHECK_EQ(path_problems(buf, FAMFS_PATH_SIZE),
			 path_problems(rows[i], FAMFS_PATH_SIZE));
		CHECK_STR(part_of(rows[i], len, again), buf);
	}
}

UNIT_TEST(another_key_gives_another_name)
{
	struct image_scrub a, b;
	char one[] = "the same name", two[] = "the same name";

	CHECK_EQ(image_scrub_init(&a), 0);
	CHECK_EQ(image_scrub_init(&b), 0);
	image_scrub_part(&a, one, strlen(one));
	image_scrub_part(&b, two, strlen(two));
	CHECK(strcmp(one, two) != 0);
}

/* Of one and two characters all names of a kind are tried: each must come out once. */
static void all_different(const char *alphabet, size_t nr, size_t width, size_t chars)
{
	static char seen[4096][16];
	char name[FAMFS_PATH_SIZE + 1];
	size_t total = chars == 1 ? nr : nr * nr;

	for (size_t i = 0; i < total; i++) {
		memset(name, 0, sizeof(name));
		memcpy(name, alphabet + i % nr * width, width);
		if (chars == 2)
			memcpy(name + width, alphabet + i / nr * width, width);
		image_scrub_part(&scrub, name, width * chars);
		CHECK_EQ(strlen(name), width * chars);
		memcpy(seen[i], name, sizeof(seen[i]));
		for (size_t k = 0; k < i; k++) {
			if (!memcmp(seen[k], seen[i], sizeof(seen[i])))
				CHECK_MSG(false, "names %zu and %zu become one", k, i);
		}
	}
}

UNIT_TEST(different_names_stay_different)
{
	all_different("abcdefghijklmnopqrstuvwxyz", 26, 1, 1);
	all_different("abcdefghijklmnopqrstuvwxyz", 26, 1, 2);
	all_different("aB3 -.~[\x01", 9, 1, 2);
	all_different(" !\"#$%&'()*+,-.", 15, 1, 2);
	all_different("\xc2\xa0\xc3\xa9\xdf\xbf\xc4\x80", 4, 2, 2);
	all_different("\xe9\xff\x80\xc3", 4, 1, 2);
}

static struct fm_entry encode(const struct famfs_entry *entry, uint64_t index)
{
	struct famfs_entry copy = *entry;
	struct fm_entry raw;

	copy.seqnum = index;
	media_entry_encode(&copy, &raw);
	return raw;
}

UNIT_TEST(an_entry_keeps_all_but_its_name)
{
	struct famfs_entry entry = image_file("dir/sub/name.bin", IMAGE_DATA, AU), got;
	struct famfs_entry dir = image_dir("dir/sub");
	struct fm_entry raw = encode(&entry, 7), parent = encode(&dir, 6), empty = { 0 };

	image_scrub_entry(&scrub, &raw);
	image_scrub_entry(&scrub, &parent);
	CHECK(media_entry_ok(&raw, 7));
	CHECK(media_entry_ok(&parent, 6));
	media_entry_decode(&raw, 7, &got);
	CHECK_EQ(strlen(got.path), strlen(entry.path));
	CHECK(got.path[3] == '/' && got.path[7] == '/');
	CHECK(!strstr(got.path, "dir") && !strstr(got.path, "sub") && !strstr(got.path, "name"));
	CHECK_MEM(got.path, parent.fm_mkdir.fm_path, 7);
	CHECK_EQ(got.extents[0].off, IMAGE_DATA);
	CHECK_EQ(got.size, AU);
	CHECK_EQ(got.mode, 0644);
	image_scrub_entry(&scrub, &empty);
	CHECK(media_entry_is_zero(&empty));
}

UNIT_TEST(a_wrong_checksum_stays_wrong_and_stale_bytes_say_nothing)
{
	struct famfs_entry entry = image_file("a", IMAGE_DATA, AU);
	struct fm_entry raw = encode(&entry, 0);
	uint64_t wrong = le64_get(raw.fm_crc) ^ 0x100000000ULL;

	memcpy(raw.fm_file.fm_path + 10, "old secret", 10);
	raw.fm_crc = le64_of(wrong);
	image_scrub_entry(&scrub, &raw);
	CHECK(!media_entry_crc_ok(&raw));
	CHECK_MEM(raw.fm_file.fm_path + 10, "xxxxxxxxxx", 10);
	/* Of a type that is not known, nothing is. */
	raw.fm_type = le32_of(9);
	memcpy(raw.fm_union, "secret", 6);
	image_scrub_entry(&scrub, &raw);
	CHECK_MEM(raw.fm_union, "xxxxxx", 6);
	CHECK(!media_entry_crc_ok(&raw));
}

UNIT_TEST(a_name_without_end_stays_one)
{
	struct famfs_entry entry = image_file("a", IMAGE_DATA, AU);
	struct fm_entry raw = encode(&entry, 0);

	memset(raw.fm_file.fm_path, 'n', FAMFS_PATH_SIZE);
	image_scrub_entry(&scrub, &raw);
	CHECK(!memchr(raw.fm_file.fm_path, '\0', FAMFS_PATH_SIZE));
	CHECK(!memmem(raw.fm_file.fm_path, FAMFS_PATH_SIZE, "nnn", 3));
}

UNIT_MAIN

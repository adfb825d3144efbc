/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "scratch.h"

#include <errno.h>
#include <libdeflate.h>

#include "csum.h"
#include "pack_impl.h"

#define DEV_SIZE (64ULL << 20)

/* The bytes of the device that a pack should hold: the front of one, with runs of all kinds. */
#define FRONT_LEN (3 * PACK_CHUNK + 777U)
static uint8_t front[FRONT_LEN];

static void fill_front(void)
{
	memset(front, 0, sizeof(front));
	memcpy(front, "superblock", 10);
	memset(front + 5000, 0xaa, 300000);
	for (size_t i = 0; i < 40000; i++)
		front[PACK_CHUNK + 3 + i] = (uint8_t)(i * 2654435761U >> 13);
	front[FRONT_LEN - 1] = 1;
}

static struct famfs_image_info head(enum famfs_image_kind kind)
{
	struct famfs_image_info info = {
		.kind = kind,
		.has_super = true,
		.created = 1234567890,
		.dev_size = DEV_SIZE,
		.uuid = { 1, 2, 3 },
		.dev_uuid = { 4, 5, 6 },
		.system_uuid = { 7, 8, 9 },
		.device = "/dev/dax0.0",
	};

	return info;
}

static int open_new(const char *name)
{
	return open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

/* Begins a pack in @name. */
static struct pack_writer begin(const char *name, enum famfs_image_kind kind)
{
	struct famfs_image_info info = head(kind);
	struct pack_writer w = { .fd = open_new(name), .name = name };

	CHECK_EQ(pack_create(&w, &info, NULL), 0);
	return w;
}

static void end(struct pack_writer *w, bool whole)
{
	if (whole)
		CHECK_EQ(pack_finish(w, NULL), 0);
	pack_writer_fini(w);
	close(w->fd);
}

static void make(const char *name)
{
	struct pack_writer w = begin(name, FAMFS_IMAGE_METADATA);

	fill_front();
	for (size_t at = 0; at < FRONT_LEN; at += 1000000) {
		size_t part = FRONT_LEN - at < 1000000 ? FRONT_LEN - at : 1000000;

		CHECK_EQ(pack_add(&w, at, front + at, part, NULL), 0);
	}
	end(&w, true);
}

/* What reading the whole file gives: 0 or the error. */
static int verify(const char *name, struct famfs_image_info *ret_info, struct famfs_err *err)
{
	struct pack_reader r;
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	int rc = pack_open(&r, fd, 0, name, err);

	if (!rc)
		rc = pack_each(&r, NULL, NULL, ret_info, err);
	pack_reader_fini(&r);
	close(fd);
	return rc;
}

static size_t slurp(const char *name, uint8_t *buf, size_t cap)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, buf, cap);

	close(fd);
	CHECK(n > 0 && (size_t)n < cap);
	return n > 0 ? (size_t)n : 0;
}

static void spit(const char *name, const void *buf, size_t len)
{
	int fd = open_new(name);

	CHECK(write(fd, buf, len) == (ssize_t)len);
	close(fd);
}

UNIT_TEST(what_goes_in_comes_out)
{
	static uint8_t back[FRONT_LEN];
	struct famfs_image_info info = { 0 };
	struct pack_range range;
	struct pack_reader r;
	uint64_t at = 0;
	int fd, rc;

	make("a");
	memset(back, 0x55, sizeof(back));
	fd = open("a", O_RDONLY | O_CLOEXEC);
	CHECK(pack_is_one(fd, 0));
	CHECK(!pack_is_one(fd, 1));
	REQUIRE(pack_open(&r, fd, 0, "a", NULL) == 0);
	CHECK_EQ(r.info.kind, FAMFS_IMAGE_METADATA);
	CHECK_EQ(r.info.dev_size, DEV_SIZE);
	CHECK_EQ(r.info.created, 1234567890);
	CHECK_STR(r.info.device, "/dev/dax0.0");
	CHECK_MEM(r.info.system_uuid, head(FAMFS_IMAGE_UNDO).system_uuid, 16);
	CHECK_EQ(pack_each(&r, NULL, NULL, &info, NULL), 0);
	while ((rc = pack_next(&r, &range, NULL)) > 0) {
		CHECK_EQ(range.section.off, at);
		at += range.section.len;
		REQUIRE(at <= FRONT_LEN);
		if (range.bytes)
			memcpy(back + range.section.off, range.bytes, range.section.len);
		else
			memset(back + range.section.off, 0, range.section.len);
	}
	CHECK_EQ(rc, 0);
	CHECK_EQ(at, FRONT_LEN);
	CHECK_MEM(back, front, FRONT_LEN);
	CHECK_EQ(info.end, FRONT_LEN);
	CHECK_EQ(info.data_len + info.zero_len, FRONT_LEN);
	CHECK_EQ(info.sections, r.info.sections);
	CHECK_EQ(info.file_len, lseek(fd, 0, SEEK_END));
	/* What repeats became small, and not smaller than the bound. */
	CHECK(info.packed_len < 60000);
	CHECK(info.packed_len * PACK_RATIO >= info.data_len);
	pack_reader_fini(&r);
	close(fd);
}

UNIT_TEST(a_pack_may_begin_inside_a_file)
{
	static uint8_t file[1 << 20];
	struct famfs_image_info info;
	struct pack_reader r;
	size_t len;
	int fd;

	make("a");
	len = slurp("a", file + 4096, sizeof(file) - 4096);
	spit("b", file, len + 4096);
	fd = open("b", O_RDONLY | O_CLOEXEC);
	CHECK(pack_is_one(fd, 4096));
	CHECK_EQ(pack_open(&r, fd, 4096, "b", NULL), 0);
	CHECK_EQ(pack_each(&r, NULL, NULL, &info, NULL), 0);
	CHECK_EQ(info.file_len, len);
	pack_reader_fini(&r);
	close(fd);
}

/* A pack that is small enough to be tried byte by byte. */
static size_t make_small(uint8_t *buf, size_t cap)
{
	struct pack_writer w = begin("small", FAMFS_IMAGE_UNDO);
	uint8_t bytes[2000] = { 0 };

	for (size_t i = 0; i < 300; i++)
		bytes[100 + i] = (uint8_t)(i / 7);
	CHECK_EQ(pack_add(&w, 0, bytes, sizeof(bytes), NULL), 0);
	CHECK_EQ(pack_add(&w, 8192, "\1", 1, NULL), 0);
	CHECK_EQ(pack_add(&w, DEV_SIZE - 4, bytes, 4, NULL), 0);
	end(&w, true);
	return slurp("small", buf, cap);
}

UNIT_TEST(a_file_cut_anywhere_is_seen)
{
	uint8_t buf[4096];
	size_t len = make_small(buf, sizeof(buf));
	struct famfs_image_info info;
	struct famfs_err err = { 0 };

	CHECK_EQ(verify("small", &info, NULL), 0);
	CHECK_EQ(info.sections, 5);
	for (size_t cut = 0; cut < len; cut++) {
		UNIT_ROW("%zu of %zu bytes", cut, len);
		spit("cut", buf, cut);
		CHECK_EQ(verify("cut", &info, &err), -EUCLEAN);
		if (cut >= PACK_MAGIC_LEN)
			CHECK_HAS(err.message, "cut off");
	}
	buf[len] = 0;
	spit("more", buf, len + 1);
	CHECK_EQ(verify("more", &info, &err), -EUCLEAN);
	CHECK_HAS(err.message, "more follows");
}

UNIT_TEST(a_change_of_any_byte_is_seen)
{
	uint8_t buf[4096];
	size_t len = make_small(buf, sizeof(buf));
	struct famfs_image_info info;

	for (size_t at = 0; at < len; at++) {
		for (int bit = -1; bit < 8; bit++) {
			uint8_t flip = bit < 0 ? 0xff : (uint8_t)(1 << bit);

			UNIT_ROW("byte %zu ^ 0x%02x", at, flip);
			buf[at] ^= flip;
			spit("flip", buf, len);
			CHECK(verify("flip", &info, NULL) < 0);
			buf[at] ^= flip;
		}
	}
}

/* Packs written by somebody who knows the format and means no good. */
struct forge {
	uint8_t buf[8192];
	size_t len;
	uint64_t nr;
	uint32_t before;
};

static void forge_header(struct forge *f, enum famfs_image_kind kind)
{
	struct pack_writer w = begin("forged", kind);

	end(&w, false);
	f->nr = 0;
	f->len = slurp("forged", f->buf, sizeof(f->buf));
	f->before = le32_get(((struct fm_pack_header *)f->buf)->fm_crc);
}

static void forge_seal(struct forge *f)
{
	struct fm_pack_header *raw = (struct fm_pack_header *)f->buf;

	f->before = (uint32_t)csum_crc32(raw, offsetof(struct fm_pack_header, fm_crc));
	raw->fm_crc = le32_of(f->before);
}

static void forge_record(struct forge *f, uint32_t type, uint64_t off, uint64_t len,
			 const void *packed, size_t packed_len)
{
	struct fm_pack_record raw = {
		.fm_magic = le32_of(PACK_RECORD_MAGIC),
		.fm_type = le32_of(type),
		.fm_off = le64_of(off),
		.fm_len = le64_of(len),
		.fm_packed = le32_of((uint32_t)packed_len),
		.fm_before = le32_of(f->before),
	};
	static uint8_t bytes[2 * PACK_CHUNK];

	raw.fm_packed_crc = le32_of(packed_len ? (uint32_t)csum_crc32(packed, packed_len) : 0);
	if (type == PACK_STORED)
		raw.fm_bytes_crc = raw.fm_packed_crc;
	if (type == PACK_DEFLATE && len <= sizeof(bytes))
		raw.fm_bytes_crc = le32_of((uint32_t)csum_crc32(bytes, len));
	f->before = (uint32_t)csum_crc32(&raw, offsetof(struct fm_pack_record, fm_crc));
	raw.fm_crc = le32_of(f->before);
	memcpy(f->buf + f->len, &raw, sizeof(raw));
	if (packed_len)
		memcpy(f->buf + f->len + sizeof(raw), packed, packed_len);
	f->len += sizeof(raw) + packed_len;
	f->nr++;
}

static void forge_judge(struct forge *f, int rc, const char *words)
{
	struct famfs_image_info info;
	struct famfs_err err = { 0 };

	forge_record(f, PACK_END, f->nr, f->len + sizeof(struct fm_pack_record), NULL, 0);
	spit("forged", f->buf, f->len);
	CHECK_EQ(verify("forged", &info, &err), rc);
	CHECK_HAS(err.message, words);
}

UNIT_TEST(ranges_of_bad_will_are_refused)
{
	static const struct {
		enum famfs_image_kind kind;
		uint32_t type;
		uint64_t off, len;
		size_t packed;
		const char *words;
	} rows[] = {
		{ 2, PACK_ZEROS, 0, 4096, 0, "" },
		{ 2, PACK_ZEROS, 0, 0, 0, "lengths" },
		{ 2, PACK_ZEROS, 0, 4096, 1, "lengths" },
		{ 2, PACK_ZEROS, 0, DEV_SIZE, 0, "" },
		{ 2, PACK_ZEROS, 0, DEV_SIZE + 1, 0, "beyond" },
		{ 2, PACK_ZEROS, DEV_SIZE, 1, 0, "beyond" },
		{ 2, PACK_ZEROS, UINT64_MAX, 2, 0, "beyond" },
		{ 2, PACK_ZEROS, 1, UINT64_MAX, 0, "beyond" },
		{ 2, PACK_STORED, 0, 8, 7, "lengths" },
		{ 2, PACK_STORED, 0, 7, 8, "lengths" },
		{ 2, PACK_STORED, 0, 0, 0, "lengths" },
		{ 2, PACK_DEFLATE, 0, PACK_CHUNK + 1, 5000, "lengths" },
		{ 2, PACK_DEFLATE, 0, UINT64_MAX, 5000, "lengths" },
		{ 2, PACK_DEFLATE, 0, PACK_CHUNK, 4095, "lengths" },
		{ 2, PACK_DEFLATE, 0, 100, 100, "lengths" },
		{ 2, PACK_DEFLATE, 0, 100, 0, "lengths" },
		{ 2, PACK_DEFLATE, 0, 100, 50, "cannot be unpacked" },
		{ 2, 0, 0, 4096, 0, "lengths" },
		{ 2, 5, 0, 4096, 0, "lengths" },
		{ 1, PACK_ZEROS, 4096, 4096, 0, "one is missing" },
	};
	static uint8_t junk[6000];

	memset(junk, 0xff, sizeof(junk));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct forge f;

		UNIT_ROW("%zu", i);
		forge_header(&f, rows[i].kind);
		forge_record(&f, rows[i].type, rows[i].off, rows[i].len, junk, rows[i].packed);
		forge_judge(&f, *rows[i].words ? -EUCLEAN : 0, rows[i].words);
	}
}

UNIT_TEST(ranges_ascend_and_do_not_overlap)
{
	struct forge f;

	forge_header(&f, FAMFS_IMAGE_UNDO);
	forge_record(&f, PACK_ZEROS, 4096, 4096, NULL, 0);
	forge_record(&f, PACK_ZEROS, 0, 4096, NULL, 0);
	forge_judge(&f, -EUCLEAN, "overlap");
	forge_header(&f, FAMFS_IMAGE_UNDO);
	forge_record(&f, PACK_ZEROS, 4096, 4096, NULL, 0);
	forge_record(&f, PACK_ZEROS, 8191, 1, NULL, 0);
	forge_judge(&f, -EUCLEAN, "overlap");
	forge_header(&f, FAMFS_IMAGE_UNDO);
	forge_record(&f, PACK_ZEROS, 4096, 4096, NULL, 0);
	forge_record(&f, PACK_ZEROS, 8192, 1, NULL, 0);
	forge_record(&f, PACK_ZEROS, 9000, 1, NULL, 0);
	forge_judge(&f, 0, "");
}

UNIT_TEST(a_record_that_is_taken_out_or_moved_is_missed)
{
	const size_t one = sizeof(struct fm_pack_record), at = sizeof(struct fm_pack_header);
	struct famfs_image_info info;
	struct famfs_err err = { 0 };
	uint8_t record[sizeof(struct fm_pack_record)];
	struct forge f;

	forge_header(&f, FAMFS_IMAGE_UNDO);
	forge_record(&f, PACK_ZEROS, 0, 10, NULL, 0);
	forge_record(&f, PACK_ZEROS, 20, 10, NULL, 0);
	forge_record(&f, PACK_ZEROS, 40, 10, NULL, 0);
	forge_judge(&f, 0, "");
	memcpy(record, f.buf + at + one, one);
	memmove(f.buf + at + one, f.buf + at + 2 * one, 2 * one);
	spit("forged", f.buf, f.len - one);
	CHECK_EQ(verify("forged", &info, &err), -EUCLEAN);
	CHECK_HAS(err.message, "missing");
	/* The end that counts wrong. */
	forge_header(&f, FAMFS_IMAGE_UNDO);
	forge_record(&f, PACK_ZEROS, 0, 10, NULL, 0);
	f.nr = 0;
	forge_judge(&f, -EUCLEAN, "does not count");
}

/* Deflate data that is right, but not of the length that the record claims. */
UNIT_TEST(unpacked_bytes_have_the_length_that_is_claimed)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
	static const uint8_t zeros[2000];
	uint8_t packed[64] = { 0 };
	size_t n = libdeflate_deflate_compress(c, zeros, 1000, packed, sizeof(packed));
	struct forge f;

	libdeflate_free_compressor(c);
	REQUIRE(n > 0 && n < 32);
	forge_header(&f, FAMFS_IMAGE_UNDO);
	forge_record(&f, PACK_DEFLATE, 0, 1000, packed, 32);
	forge_judge(&f, 0, "");
	forge_header(&f, FAMFS_IMAGE_UNDO);
	forge_record(&f, PACK_DEFLATE, 0, 999, packed, 32);
	forge_judge(&f, -EUCLEAN, "cannot be unpacked");
	forge_header(&f, FAMFS_IMAGE_UNDO);
	forge_record(&f, PACK_DEFLATE, 0, 1001, packed, 32);
	forge_judge(&f, -EUCLEAN, "cannot be unpacked");
	/* Another thousand bytes than the sum is of. */
	packed[0] ^= 0x10;
	forge_header(&f, FAMFS_IMAGE_UNDO);
	forge_record(&f, PACK_DEFLATE, 0, 1000, packed, 32);
	packed[0] ^= 0x10;
	forge_judge(&f, -EUCLEAN, "unpacked");
}

UNIT_TEST(headers_of_other_makers_are_refused)
{
	struct fm_pack_header *raw;
	struct forge f;

	raw = (struct fm_pack_header *)f.buf;
	forge_header(&f, FAMFS_IMAGE_UNDO);
	raw->fm_version = le32_of(2);
	forge_seal(&f);
	forge_judge(&f, -EOPNOTSUPP, "version 2");
	forge_header(&f, FAMFS_IMAGE_UNDO);
	raw->fm_kind = le32_of(3);
	forge_seal(&f);
	forge_judge(&f, -EOPNOTSUPP, "kind of image 3");
	forge_header(&f, FAMFS_IMAGE_UNDO);
	raw->fm_flags = le32_of(16);
	forge_seal(&f);
	forge_judge(&f, -EOPNOTSUPP, "flag");
	/* Only of what a command leaves. */
	forge_header(&f, FAMFS_IMAGE_METADATA);
	raw->fm_flags = le32_of(4);
	forge_seal(&f);
	forge_judge(&f, -EOPNOTSUPP, "flag");
	forge_header(&f, FAMFS_IMAGE_UNDO);
	raw->fm_dev_size = le64_of(1ULL << 63);
	forge_seal(&f);
	forge_judge(&f, -EUCLEAN, "size");
	forge_header(&f, FAMFS_IMAGE_UNDO);
	raw->fm_dev_size = le64_of(0);
	forge_seal(&f);
	forge_judge(&f, -EUCLEAN, "size");
	forge_header(&f, FAMFS_IMAGE_UNDO);
	memset(raw->fm_device, 'a', sizeof(raw->fm_device));
	forge_seal(&f);
	forge_judge(&f, -EUCLEAN, "no end");
}

UNIT_TEST(other_files_are_no_packs)
{
	struct famfs_image_info info;
	struct famfs_err err = { 0 };

	spit("text", "\211FAMFSP\r\n and so on", 20);
	CHECK_EQ(verify("text", &info, &err), -EUCLEAN);
	CHECK_HAS(err.message, "no metadata image");
	spit("empty", "", 0);
	CHECK_EQ(verify("empty", &info, &err), -EUCLEAN);
}

UNIT_TEST(writing_out_of_order_or_off_the_device_is_refused)
{
	struct pack_writer w = begin("a", FAMFS_IMAGE_METADATA);

	CHECK_EQ(pack_add(&w, 1, "x", 1, NULL), -EINVAL);
	CHECK_EQ(pack_add(&w, 0, "x", 1, NULL), 0);
	CHECK_EQ(pack_add(&w, 0, "x", 1, NULL), -EINVAL);
	end(&w, true);
	w = begin("a", FAMFS_IMAGE_UNDO);
	CHECK_EQ(pack_add(&w, DEV_SIZE - 1, "xy", 2, NULL), -EINVAL);
	CHECK_EQ(pack_add(&w, UINT64_MAX, "xy", 2, NULL), -EINVAL);
	CHECK_EQ(pack_add(&w, DEV_SIZE - 2, "xy", 2, NULL), 0);
	CHECK_EQ(pack_add(&w, 0, "x", 1, NULL), -EINVAL);
	end(&w, true);
}

UNIT_TEST(a_full_disk_is_an_error)
{
	struct famfs_image_info info = head(FAMFS_IMAGE_UNDO);
	struct famfs_err err = { 0 };
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct pack_writer w = { .fd = fd, .name = "full" };

	if (fd < 0)
		SKIP("no /dev/full");
	CHECK_EQ(pack_create(&w, &info, &err), -ENOSPC);
	CHECK_HAS(err.hint, "make room");
	pack_writer_fini(&w);
	close(fd);
}

UNIT_MAIN

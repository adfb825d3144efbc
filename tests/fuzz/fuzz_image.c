/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metadata images and undo files from anywhere: record by record, and as devices. The input is the
 * file itself; a mutation keeps the chain of checksums right, mostly.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "csum.h"
#include "fs_judge.h"
#include "pack_impl.h"

static struct famfs_ctx *ctx;
static char path[32];
static int fd;

static int make_file(const char *name)
{
	int made = memfd_create(name, MFD_CLOEXEC);

	FUZZ_REQUIRE(made >= 0, "memfd_create");
	return made;
}

void fuzz_begin(void)
{
	FUZZ_REQUIRE(!setenv("FAMFS_SYSTEM_UUID", FUZZ_MASTER, 1) && !famfs_ctx_new(&ctx), "begin");
	famfs_ctx_set_threads(ctx, 1);
	fd = make_file("input");
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
}

/* Ranges ascend on the device, and do not come out of nothing. Return: as pack_next() at last. */
static int read_ranges(struct pack_reader *r, size_t size)
{
	struct pack_range range;
	uint64_t end = 0, bytes = 0;
	int rc;

	while ((rc = pack_next(r, &range, NULL)) > 0) {
		const struct famfs_image_section *s = &range.section;

		FUZZ_REQUIRE(s->off >= end && s->len <= r->info.dev_size - s->off,
			     "a range out of order, or off the device");
		FUZZ_REQUIRE(s->zeros == !range.bytes, "zeros or bytes");
		end = s->off + s->len;
		if (range.bytes) {
			bytes += s->len;
			/* All of them are there. */
			(void)csum_crc32(range.bytes, s->len);
		}
	}
	FUZZ_REQUIRE(bytes <= PACK_RATIO * (uint64_t)size, "%" PRIu64 " bytes out of %zu", bytes,
		     size);
	return rc;
}

static void judge_pack(size_t size)
{
	struct pack_reader r = { 0 };

	if (pack_open(&r, fd, 0, "input", NULL) == 0 && read_ranges(&r, size) == 0)
		FUZZ_REQUIRE(r.info.file_len == size, "%" PRIu64 " bytes of %zu are whole",
			     r.info.file_len, size);
	pack_reader_fini(&r);
}

/* What can be opened as a device is one to every reader. */
static void judge_device(void)
{
	struct judge judge;
	struct famfs *fs;

	judge_check(ctx, path, &judge);
	if (famfs_open(ctx, path, 0, &fs, NULL)) {
		FUZZ_REQUIRE(!judge.clean, "clean, but not to be opened");
		return;
	}
	judge_open(fs, false);
	famfs_close(fs);
}

void fuzz_one(const uint8_t *data, size_t size)
{
	FUZZ_REQUIRE(!ftruncate(fd, 0) && pwrite(fd, data, size, 0) == (ssize_t)size, "write");
	judge_pack(size);
	judge_device();
}

/* ------------------------------------------------------------------- mutations */

static void put32(uint8_t *at, uint32_t value)
{
	struct le32 raw = le32_of(value);

	memcpy(at, &raw, sizeof(raw));
}

static void put64(uint8_t *at, uint64_t value)
{
	struct le64 raw = le64_of(value);

	memcpy(at, &raw, sizeof(raw));
}

/* Puts the checksums of one record right. Return: where the next one begins, at most @end. */
static uint8_t *fix_record(uint8_t *at, uint8_t *data, uint8_t *end, uint32_t before,
			   uint64_t number)
{
	uint8_t *packed = at + sizeof(struct fm_pack_record);
	struct fm_pack_record rec;
	size_t len;

	memcpy(&rec, at, sizeof(rec));
	len = le32_get(rec.fm_packed);
	if (len > (size_t)(end - packed))
		len = (size_t)(end - packed);
	rec.fm_magic = le32_of(PACK_RECORD_MAGIC);
	rec.fm_before = le32_of(before);
	rec.fm_packed_crc = le32_of(csum_crc32(packed, len));
	if (le32_get(rec.fm_type) == PACK_STORED)
		rec.fm_bytes_crc = rec.fm_packed_crc;
	if (le32_get(rec.fm_type) == PACK_END) {
		rec.fm_off = le64_of(number);
		rec.fm_len = le64_of((uint64_t)(end - data));
	}
	rec.fm_crc = le32_of(csum_crc32(&rec, offsetof(struct fm_pack_record, fm_crc)));
	memcpy(at, &rec, sizeof(rec));
	return packed + len;
}

static void fix(uint8_t *data, size_t size)
{
	const size_t crc_off = offsetof(struct fm_pack_header, fm_crc);
	uint8_t *end = data + size, *at = data + sizeof(struct fm_pack_header);
	uint32_t before;

	if (size < sizeof(struct fm_pack_header))
		return;
	before = csum_crc32(data, crc_off);
	put32(data + crc_off, before);
	for (uint64_t number = 0; (size_t)(end - at) >= sizeof(struct fm_pack_record); number++) {
		uint8_t *crc = at + offsetof(struct fm_pack_record, fm_crc);
		struct le32 raw;

		at = fix_record(at, data, end, before, number);
		memcpy(&raw, crc, sizeof(raw));
		before = le32_get(raw);
	}
}

/* The metadata image of a small file system. */
static size_t make(uint8_t *data, size_t max, struct fuzz_random *random)
{
	struct famfs_image_info info = { .kind = 1 + (fuzz_below(random, 8) == 0) };
	int image = make_file("image"), out = make_file("pack");
	struct pack_writer w = { 0 };
	static struct fuzz_fs fs;
	uint8_t buf[4096];
	ssize_t len = 0;

	memset(&fs, 0, sizeof(fs));
	for (uint64_t nr = fuzz_below(random, 12); nr; nr--)
		fuzz_fs_mutate(&fs, random);
	fuzz_fs_fix(&fs);
	fuzz_fs_store(&fs, image);
	info.dev_size = fuzz_fs_size(&fs);
	if (!pack_create(&w, out, "pack", &info, NULL)) {
		for (uint64_t off = 0; off < FAMFS_LOG_OFF + FUZZ_LOG_LEN; off += sizeof(buf)) {
			if (pread(image, buf, sizeof(buf), (off_t)off) == (ssize_t)sizeof(buf))
				(void)pack_add(&w, off, buf, sizeof(buf), NULL);
		}
		(void)pack_finish(&w, NULL);
		len = pread(out, data, max, 0);
	}
	pack_writer_fini(&w);
	(void)close(image);
	(void)close(out);
	return len > 0 ? (size_t)len : 0;
}

/* A word of the header, or of some record. */
static void change_word(uint8_t *data, size_t size, struct fuzz_random *random)
{
	static const uint16_t header[] = { 8, 12, 16, 24, 32, 88, 344 };
	static const uint16_t record[] = { 0, 4, 8, 16, 24, 40 };
	uint8_t *at = data + sizeof(struct fm_pack_header), *end = data + size;
	uint64_t skip = fuzz_below(random, 8);

	if (skip == 0) {
		put32(data + header[fuzz_below(random, FUZZ_NR(header))],
		      (uint32_t)fuzz_below(random, 4));
		return;
	}
	while (--skip && (size_t)(end - at) >= 2 * sizeof(struct fm_pack_record)) {
		struct le32 packed;
		size_t left;

		memcpy(&packed, at + 24, sizeof(packed));
		at += sizeof(struct fm_pack_record);
		left = (size_t)(end - at) - sizeof(struct fm_pack_record);
		at += le32_get(packed) < left ? le32_get(packed) : left;
	}
	if ((size_t)(end - at) < sizeof(struct fm_pack_record))
		return;
	at += record[fuzz_below(random, FUZZ_NR(record))];
	if (fuzz_below(random, 2))
		put64(at, fuzz_value(random));
	else
		put32(at, (uint32_t)fuzz_below(random, 6));
}

size_t fuzz_mutate(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	struct fuzz_random random = { seed };
	uint64_t kind = fuzz_below(&random, 8);

	if (kind == 0)
		return make(data, max, &random);
	if (kind < 4 || size < sizeof(struct fm_pack_header))
		size = LLVMFuzzerMutate(data, size, max);
	else
		change_word(data, size, &random);
	if (fuzz_below(&random, 16))
		fix(data, size);
	return size;
}

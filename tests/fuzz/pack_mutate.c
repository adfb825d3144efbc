/* SPDX-License-Identifier: Apache-2.0 */
#include "pack_mutate.h"

#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "csum.h"
#include "fs_image.h"
#include "pack_impl.h"

int fuzz_pack_file(const char *name)
{
	int made = memfd_create(name, MFD_CLOEXEC);

	FUZZ_REQUIRE(made >= 0, "memfd_create");
	return made;
}

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
	int image = fuzz_pack_file("image"), out = fuzz_pack_file("pack");
	struct pack_writer w = { .fd = out, .name = "pack" };
	static struct fuzz_fs fs;
	uint8_t buf[4096];
	ssize_t len = 0;

	memset(&fs, 0, sizeof(fs));
	for (uint64_t nr = fuzz_below(random, 12); nr; nr--)
		fuzz_fs_mutate(&fs, random);
	fuzz_fs_fix(&fs);
	fuzz_fs_store(&fs, image);
	info.dev_size = fuzz_fs_size(&fs);
	if (info.kind == FAMFS_IMAGE_UNDO) {
		w.after.super = w.after.log = fuzz_below(random, 2);
		w.after.super_crc = le64_get(fs.super.fm_crc);
		w.after.header = fs.log;
	}
	if (!pack_create(&w, &info, NULL)) {
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

size_t fuzz_pack_mutate(uint8_t *data, size_t size, size_t max, unsigned int seed)
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

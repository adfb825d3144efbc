/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metadata images and undo files from anywhere: record by record, and as devices. The input is the
 * file itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "csum.h"
#include "fs_judge.h"
#include "pack_impl.h"
#include "pack_mutate.h"

static struct famfs_ctx *ctx;
static char path[32];
static int fd;

void fuzz_begin(void)
{
	ctx = fuzz_ctx();
	fd = fuzz_pack_file("input");
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

size_t fuzz_mutate(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	return fuzz_pack_mutate(data, size, max, seed);
}

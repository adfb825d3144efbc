/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metadata images and undo files from anywhere, restored. The input is one byte, how and to what,
 * and the file. What is refused leaves device and directory as they were; what is done is on the
 * device, and its undo file takes it back, byte for byte.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "csum.h"
#include "fs_judge.h"
#include "pack_impl.h"
#include "pack_mutate.h"

#define PAGE 4096U

/* The first byte of an input. */
enum how {
	HOW_FORCE = 1 << 0,
	HOW_NEW_UUID = 1 << 1,
	HOW_GROW = 1 << 2,
	HOW_DRY_RUN = 1 << 3,
	HOW_FS = 1 << 4,    /* there is a file system on the device */
	HOW_EMPTY = 1 << 5, /* the device is an empty image */
	HOW_LARGE = 1 << 6, /* the device is larger than what most inputs come from */
};

static struct famfs_ctx *ctx;
static char path[32], dir[256], undo[300];
static int input, device;

static void end(void)
{
	(void)unlink(undo);
	(void)rmdir(dir);
}

void fuzz_begin(void)
{
	const char *tmp = getenv("TMPDIR");

	ctx = fuzz_ctx();
	input = fuzz_pack_file("input");
	device = fuzz_pack_file("device");
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", device);
	(void)snprintf(dir, sizeof(dir), "%s/famfs-restore.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	FUZZ_REQUIRE(mkdtemp(dir) != NULL, "a directory");
	(void)snprintf(undo, sizeof(undo), "%s/undo", dir);
	(void)atexit(end);
}

static void make_device(unsigned int how)
{
	static struct fuzz_fs fs;

	FUZZ_REQUIRE(!ftruncate(device, 0), "a new device");
	if (how & HOW_EMPTY)
		return;
	memset(&fs, 0, sizeof(fs));
	fs.aus = how & HOW_LARGE ? 12 : 4;
	if (how & HOW_FS) {
		fuzz_fs_fix(&fs);
		fuzz_fs_store(&fs, device);
		return;
	}
	FUZZ_REQUIRE(!ftruncate(device, (off_t)fuzz_fs_size(&fs)), "its size");
}

/* A page of zeros is one that was never written. */
static uint64_t device_sum(void)
{
	static const uint8_t zeros[PAGE];
	uint8_t page[PAGE];
	uint64_t sum = 0;
	struct stat st;
	off_t at = 0;

	FUZZ_REQUIRE(!fstat(device, &st), "fstat");
	while ((at = lseek(device, at, SEEK_DATA)) >= 0) {
		ssize_t n = pread(device, page, sizeof(page), at);

		FUZZ_REQUIRE(n > 0, "pread");
		if (memcmp(page, zeros, (size_t)n))
			sum = sum * 1099511628211ULL + ((uint64_t)at << 20) +
			      csum_crc32(page, (size_t)n);
		at += n;
	}
	return sum ^ (uint64_t)st.st_size;
}

static int restore(int fd, unsigned int flags, struct famfs_restore_result *ret_result,
		   struct famfs_err *err)
{
	const struct famfs_image_source source = { .fd = fd, .name = "input" };
	const struct famfs_restore_opts opts = { .undo = undo, .flags = flags };

	*ret_result = (struct famfs_restore_result){ .undo = "" };
	return famfs_image_restore(ctx, &source, path, &opts, ret_result, err);
}

static unsigned int flags_of(unsigned int how)
{
	return (how & HOW_FORCE ? FAMFS_RESTORE_FORCE : 0U) |
	       (how & HOW_NEW_UUID ? FAMFS_RESTORE_NEW_UUID : 0U) |
	       (how & HOW_GROW ? FAMFS_RESTORE_GROW : 0U) |
	       (how & HOW_DRY_RUN ? FAMFS_RESTORE_DRY_RUN : 0U);
}

/* All that the file holds, but for the superblock where that was to be another one. */
static void judge_contents(bool whole)
{
	struct pack_reader r = { 0 };
	struct pack_range range;
	int rc = pack_open(&r, input, 0, "input", NULL);
	uint8_t *buf = malloc(PACK_CHUNK);

	FUZZ_REQUIRE(!rc && buf, "restored, and not to be opened: %d", rc);
	while ((rc = pack_next(&r, &range, NULL)) > 0) {
		uint64_t off = range.section.off, len = range.section.len;

		if (!range.bytes || (!whole && off < FAMFS_LOG_OFF))
			continue;
		FUZZ_REQUIRE(len <= PACK_CHUNK &&
				     pread(device, buf, len, (off_t)off) == (ssize_t)len &&
				     !memcmp(buf, range.bytes, len),
			     "%" PRIu64 " bytes at %" PRIu64 " are others", len, off);
	}
	FUZZ_REQUIRE(!rc, "restored, and not whole: %d", rc);
	free(buf);
	pack_reader_fini(&r);
}

/* What is there now is judged as any device is. */
static void judge_result(const struct famfs_restore_result *result)
{
	struct judge judge;
	struct famfs *fs;

	judge_check(ctx, path, &judge);
	if (famfs_open(ctx, path, 0, &fs, NULL)) {
		FUZZ_REQUIRE(!judge.clean, "clean, but not to be opened");
		return;
	}
	FUZZ_REQUIRE(result->super_valid, "a superblock that nobody restored");
	judge_open(fs, judge.clean && result->dev_size <= JUDGE_SIZE_MAX);
	famfs_close(fs);
}

static void judge_undo(const struct famfs_restore_result *result, uint64_t before)
{
	struct famfs_restore_result back;
	struct famfs_err err = { 0 };
	FILE *file;
	char kept[sizeof(undo) + 8];

	if (!result->undo[0]) {
		FUZZ_REQUIRE(access(undo, F_OK) < 0, "an undo file that nobody was told of");
		return;
	}
	(void)snprintf(kept, sizeof(kept), "%s.kept", undo);
	FUZZ_REQUIRE(!rename(undo, kept) && (file = fopen(kept, "re")) != NULL, "the undo file");
	FUZZ_REQUIRE(!restore(fileno(file), FAMFS_RESTORE_FORCE, &back, &err), "undo: %s",
		     err.message);
	FUZZ_REQUIRE(device_sum() == before, "the undo file brings other bytes");
	(void)fclose(file);
	(void)unlink(kept);
	(void)unlink(undo);
}

void fuzz_one(const uint8_t *data, size_t size)
{
	struct famfs_restore_result result;
	struct famfs_err err = { 0 };
	unsigned int how = size ? data[0] : 0;
	uint64_t before;
	int rc;

	if (!size)
		return;
	FUZZ_REQUIRE(!ftruncate(input, 0) &&
			     pwrite(input, data + 1, size - 1, 0) == (ssize_t)(size - 1),
		     "write");
	make_device(how);
	before = device_sum();
	rc = restore(input, flags_of(how), &result, &err);
	FUZZ_REQUIRE(rc == err.rc && rc <= 0, "%d, and the error says %d", rc, err.rc);
	if (rc || how & HOW_DRY_RUN) {
		FUZZ_REQUIRE(device_sum() == before, "not restored, but changed: %s", err.message);
		FUZZ_REQUIRE(access(undo, F_OK) < 0, "not restored, but an undo file is there");
		return;
	}
	judge_contents(!(how & (HOW_NEW_UUID | HOW_GROW)));
	judge_result(&result);
	judge_undo(&result, before);
}

size_t fuzz_mutate(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	struct fuzz_random random = { seed };

	if (!size || fuzz_below(&random, 8) == 0)
		data[0] = (uint8_t)fuzz_next(&random);
	return 1 + fuzz_pack_mutate(data + 1, size ? size - 1 : 0, max - 1, seed);
}

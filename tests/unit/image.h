/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images for tests of whole file systems: made by famfs_mkfs(), then changed byte by byte. Include
 * behind unit.h and scratch.h.
 */
#ifndef FAMFS_TESTS_IMAGE_H
#define FAMFS_TESTS_IMAGE_H

#include <errno.h>

#include "csum.h"
#include "media.h"

#define MIB           (1ULL << 20)
#define AU            FAMFS_AU
#define IMAGE_MASTER  "11111111-2222-3333-4444-555555555555"
#define IMAGE_CLIENT  "99999999-2222-3333-4444-555555555555"
#define IMAGE_LOG_LEN FAMFS_LOG_LEN_MIN
#define IMAGE_DATA    (FAMFS_LOG_OFF + IMAGE_LOG_LEN) /* first byte for files */

/* A context of the master, on a host without anything: no other processes, no settings. */
static inline struct famfs_ctx *image_ctx(void)
{
	struct famfs_ctx *ctx = NULL;

	CHECK_EQ(setenv("FAMFS_SYSTEM_UUID", IMAGE_MASTER, 1), 0);
	CHECK_EQ(famfs_ctx_new(&ctx), 0);
	CHECK_EQ(famfs_ctx_set_root(ctx, scratch_dir), 0);
	return ctx;
}

/* A new file system in a new sparse file. */
static inline void image_make(struct famfs_ctx *ctx, const char *name, uint64_t size,
			      uint64_t log_len)
{
	struct famfs_mkfs_opts opts = { .size = size, .log_len = log_len };
	struct famfs_err err = { 0 };

	(void)unlink(name);
	CHECK_MSG(famfs_mkfs(ctx, name, &opts, NULL, &err) == 0, "mkfs %s: %s", name, err.message);
}

static inline void image_read(const char *name, uint64_t off, void *buf, size_t len)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	CHECK_MSG(fd >= 0 && pread(fd, buf, len, (off_t)off) == (ssize_t)len, "read %s", name);
	if (fd >= 0)
		close(fd);
}

static inline void image_write(const char *name, uint64_t off, const void *buf, size_t len)
{
	int fd = open(name, O_WRONLY | O_CLOEXEC);

	CHECK_MSG(fd >= 0 && pwrite(fd, buf, len, (off_t)off) == (ssize_t)len, "write %s", name);
	if (fd >= 0)
		close(fd);
}

static inline void image_u64(const char *name, uint64_t off, uint64_t value)
{
	struct le64 raw = le64_of(value);

	image_write(name, off, &raw, sizeof(raw));
}

static inline void image_u32(const char *name, uint64_t off, uint32_t value)
{
	struct le32 raw = le32_of(value);

	image_write(name, off, &raw, sizeof(raw));
}

static inline uint64_t image_get64(const char *name, uint64_t off)
{
	struct le64 raw = { 0 };

	image_read(name, off, &raw, sizeof(raw));
	return le64_get(raw);
}

/* Makes the checksum at @off + @len right for the @len bytes at @off. */
static inline void image_fix(const char *name, uint64_t off, size_t len)
{
	uint8_t bytes[MEDIA_ENTRY_LEN];

	image_read(name, off, bytes, len);
	image_u64(name, off + len, csum_crc32(bytes, len));
}

static inline void image_fix_super(const char *name)
{
	image_fix(name, 0, 96);
}

static inline void image_fix_log(const char *name)
{
	image_fix(name, FAMFS_LOG_OFF, 24);
}

static inline uint64_t image_slot(uint64_t index)
{
	return FAMFS_LOG_OFF + 48 + index * 544;
}

static inline void image_fix_entry(const char *name, uint64_t index)
{
	image_fix(name, image_slot(index), 536);
}

/* next_seqnum and next_index */
static inline void image_counters(const char *name, uint64_t seqnum, uint64_t index)
{
	image_u64(name, FAMFS_LOG_OFF + 32, seqnum);
	image_u64(name, FAMFS_LOG_OFF + 40, index);
}

/* Puts an entry into a slot, whole and with a right checksum; the counters stay. */
static inline void image_put(const char *name, uint64_t index, const struct famfs_entry *entry)
{
	struct famfs_entry copy = *entry;
	struct fm_entry raw;

	copy.seqnum = index;
	media_entry_encode(&copy, &raw);
	image_write(name, image_slot(index), &raw, sizeof(raw));
}

/* Writes entries as one log. */
static inline void image_put_all(const char *name, const struct famfs_entry *entries, uint64_t nr)
{
	struct fm_entry *raw = calloc(nr, sizeof(*raw));

	if (!CHECK(raw != NULL))
		return;
	for (uint64_t i = 0; i < nr; i++) {
		struct famfs_entry entry = entries[i];

		entry.seqnum = i;
		media_entry_encode(&entry, &raw[i]);
	}
	image_write(name, image_slot(0), raw, nr * sizeof(*raw));
	image_counters(name, nr, nr);
	free(raw);
}

/* A file of one extent. */
static inline struct famfs_entry image_file(const char *path, uint64_t off, uint64_t len)
{
	struct famfs_entry entry = {
		.type = FAMFS_ENTRY_FILE,
		.mode = 0644,
		.size = len,
		.nextents = 1,
		.extents_nr = 1,
		.extents = { { 0, off, len } },
	};

	(void)snprintf(entry.path, sizeof(entry.path), "%s", path);
	return entry;
}

/* f0, f1, ... of one unit each, one behind the other. */
static inline void image_put_files(const char *name, uint64_t nr)
{
	char path[24];

	for (uint64_t i = 0; i < nr; i++) {
		struct famfs_entry file;

		(void)snprintf(path, sizeof(path), "f%" PRIu64, i);
		file = image_file(path, IMAGE_DATA + i * AU, AU);
		image_put(name, i, &file);
	}
	image_counters(name, nr, nr);
}

static inline struct famfs_entry image_dir(const char *path)
{
	struct famfs_entry entry = { .type = FAMFS_ENTRY_MKDIR, .mode = 0755 };

	(void)snprintf(entry.path, sizeof(entry.path), "%s", path);
	return entry;
}

/* A checksum of all bytes; holes are quick. */
static inline uint64_t image_sum(const char *name)
{
	static uint8_t buf[1 << 20];
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	off_t at = 0, end = 0;
	uint64_t sum = 0;

	CHECK_MSG(fd >= 0, "open %s", name);
	while (fd >= 0 && (at = lseek(fd, end, SEEK_DATA)) >= 0) {
		end = lseek(fd, at, SEEK_HOLE);
		for (ssize_t n; at < end; at += n) {
			size_t want = end - at < (off_t)sizeof(buf) ? (size_t)(end - at)
								    : sizeof(buf);

			n = pread(fd, buf, want, at);
			if (n <= 0)
				break;
			/* Blocks of zeros count as little as holes. */
			if (buf[0] || memcmp(buf, buf + 1, (size_t)n - 1))
				sum = sum * 31 + csum_crc32(buf, (size_t)n) + (uint64_t)at;
		}
	}
	if (fd >= 0)
		close(fd);
	return sum;
}

static inline struct famfs *image_open(struct famfs_ctx *ctx, const char *name, unsigned int flags)
{
	struct famfs_err err = { 0 };
	struct famfs *fs = NULL;

	CHECK_MSG(famfs_open(ctx, name, flags, &fs, &err) == 0, "open %s: %s", name, err.message);
	return fs;
}

/* Counts the findings of a check, and shows them when there should be none. */
static inline uint64_t image_check(struct famfs_ctx *ctx, const char *name, bool want_clean)
{
	struct famfs_check *check = NULL;
	struct famfs_finding finding;
	struct famfs_err err = { 0 };
	uint64_t nr = 0;

	if (!CHECK_MSG(famfs_check_new(ctx, name, &check, &err) == 0, "check: %s", err.message))
		return 0;
	for (; famfs_check_next(check, &finding, &err) > 0; nr++)
		if (want_clean)
			CHECK_MSG(false, "%s, entry %" PRIu64 " \"%s\": %s", finding.code,
				  finding.entry, finding.path, finding.text);
	famfs_check_free(check);
	return nr;
}

#endif

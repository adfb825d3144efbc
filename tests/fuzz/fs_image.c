/* SPDX-License-Identifier: Apache-2.0 */
#include "fs_image.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "csum.h"

/* The log, and behind it this much. */
#define AUS_MIN 4
#define AUS_MAX 32

struct cursor {
	const uint8_t *at;
	size_t left;
};

static uint16_t take(struct cursor *c, size_t bytes)
{
	uint16_t value = 0;

	for (size_t i = 0; i < bytes && c->left; i++, c->left--)
		value = (uint16_t)(value | *c->at++ << (8 * i));
	return value;
}

static void take_trimmed(struct cursor *c, size_t bytes, void *buf, size_t size)
{
	size_t len = take(c, bytes);

	if (len > size)
		len = size;
	if (len > c->left)
		len = c->left;
	memset(buf, 0, size);
	memcpy(buf, c->at, len);
	c->at += len;
	c->left -= len;
}

void fuzz_fs_parse(const uint8_t *data, size_t size, struct fuzz_fs *ret_fs)
{
	struct cursor c = { data, size };
	struct fuzz_fs *fs = ret_fs;

	memset(fs, 0, sizeof(*fs));
	fs->flags = (uint8_t)take(&c, 1);
	fs->aus = (uint8_t)take(&c, 1);
	fs->tail = (uint8_t)take(&c, 1);
	fs->action = (uint8_t)take(&c, 1);
	for (size_t i = 0; i < sizeof(fs->args); i++)
		fs->args[i] = (uint8_t)take(&c, 1);
	take_trimmed(&c, 1, &fs->super, sizeof(fs->super));
	take_trimmed(&c, 1, &fs->log, sizeof(fs->log));
	while (c.left && fs->nr < FUZZ_ENTRIES_MAX) {
		struct fuzz_entry *e = &fs->entries[fs->nr++];

		e->flags = (uint8_t)take(&c, 1);
		e->slot = take(&c, 2);
		take_trimmed(&c, 2, &e->raw, sizeof(e->raw));
	}
}

struct writer {
	uint8_t *at;
	size_t left;
};

static void put(struct writer *w, const void *buf, size_t len)
{
	memcpy(w->at, buf, len);
	w->at += len;
	w->left -= len;
}

static void put_number(struct writer *w, size_t bytes, uint64_t value)
{
	struct le64 raw = le64_of(value);

	put(w, &raw, bytes);
}

static void put_trimmed(struct writer *w, size_t bytes, const void *buf, size_t size)
{
	const uint8_t *p = buf;

	while (size && !p[size - 1])
		size--;
	put_number(w, bytes, size);
	put(w, buf, size);
}

size_t fuzz_fs_pack(const struct fuzz_fs *fs, uint8_t *data, size_t max)
{
	const size_t fixed = 10 + sizeof(fs->super) + sizeof(fs->log);
	struct writer w = { data, max };

	if (max < fixed)
		return 0;
	put(&w, fs, 8);
	put_trimmed(&w, 1, &fs->super, sizeof(fs->super));
	put_trimmed(&w, 1, &fs->log, sizeof(fs->log));
	for (unsigned int i = 0; i < fs->nr; i++) {
		const struct fuzz_entry *e = &fs->entries[i];

		if (w.left < 5 + sizeof(e->raw))
			break;
		put_number(&w, 1, e->flags);
		put_number(&w, 2, e->slot);
		put_trimmed(&w, 2, &e->raw, sizeof(e->raw));
	}
	return max - w.left;
}

uint64_t fuzz_fs_size(const struct fuzz_fs *fs)
{
	uint64_t aus = AUS_MIN + fs->aus % (AUS_MAX - AUS_MIN);

	return aus * FAMFS_AU + fs->tail % 16 * 4096ULL;
}

static void fix_super(struct fuzz_fs *fs)
{
	struct famfs_super super;

	media_super_decode(&fs->super, &super);
	if (!(fs->flags & FUZZ_FIELDS_GIVEN)) {
		(void)famfs_uuid_parse(FUZZ_MASTER, super.system_uuid, NULL);
		super.version = FAMFS_VERSION;
		super.log_off = FAMFS_LOG_OFF;
		super.log_len = FUZZ_LOG_LEN;
		super.alloc_unit = FAMFS_AU;
		super.omf_major = MEDIA_OMF_MAJOR;
		super.omf_minor = MEDIA_OMF_MINOR;
		super.dev_size = fuzz_fs_size(fs);
		media_super_encode(&super, &fs->super);
	}
	if (!(fs->flags & FUZZ_SUPER_GIVEN)) {
		fs->super.fm_magic = le64_of(MEDIA_SUPER_MAGIC);
		fs->super.fm_crc = le64_of(csum_crc32(&fs->super, 96));
	}
}

static void fix_log(struct fuzz_fs *fs)
{
	if (!(fs->flags & FUZZ_COUNTERS_GIVEN)) {
		fs->log.fm_next_seqnum = le64_of(fs->nr);
		fs->log.fm_next_index = le64_of(fs->nr);
	}
	if (!(fs->flags & FUZZ_FIELDS_GIVEN)) {
		fs->log.fm_len = le64_of(FUZZ_LOG_LEN);
		fs->log.fm_last_index = le64_of(media_log_slots(FUZZ_LOG_LEN) - 1);
	}
	if (!(fs->flags & FUZZ_LOG_GIVEN)) {
		fs->log.fm_magic = le64_of(MEDIA_LOG_MAGIC);
		fs->log.fm_crc = le64_of(csum_crc32(&fs->log, 24));
	}
}

void fuzz_fs_fix(struct fuzz_fs *fs)
{
	fix_super(fs);
	fix_log(fs);
	for (unsigned int i = 0; i < fs->nr; i++) {
		struct fuzz_entry *e = &fs->entries[i];

		if (!(e->flags & FUZZ_SEQNUM_GIVEN)) {
			e->slot = (uint16_t)i;
			e->raw.fm_seqnum = le64_of(i);
		}
		if (!(e->flags & FUZZ_CRC_GIVEN))
			e->raw.fm_crc = le64_of(csum_crc32(&e->raw, 536));
	}
}

static void store(int fd, uint64_t off, const void *buf, size_t len)
{
	FUZZ_REQUIRE(pwrite(fd, buf, len, (off_t)off) == (ssize_t)len, "the image is not written");
}

void fuzz_fs_store(const struct fuzz_fs *fs, int fd)
{
	uint64_t slots = media_log_slots(FUZZ_LOG_LEN);

	FUZZ_REQUIRE(!ftruncate(fd, 0) && !ftruncate(fd, (off_t)fuzz_fs_size(fs)),
		     "the image is not made");
	store(fd, 0, &fs->super, sizeof(fs->super));
	store(fd, FAMFS_LOG_OFF, &fs->log, sizeof(fs->log));
	for (unsigned int i = 0; i < fs->nr; i++)
		store(fd, media_slot_off(fs->entries[i].slot % slots), &fs->entries[i].raw,
		      sizeof(fs->entries[i].raw));
}

struct famfs_ctx *fuzz_ctx(void)
{
	struct famfs_ctx *ctx;

	FUZZ_REQUIRE(!setenv("FAMFS_SYSTEM_UUID", FUZZ_MASTER, 1) && !famfs_ctx_new(&ctx) &&
			     !famfs_ctx_set_root(ctx, "/nonexistent"),
		     "context");
	famfs_ctx_set_threads(ctx, 1);
	return ctx;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Changes to file systems that keep them file systems. */
#include <stddef.h>
#include <string.h>

#include "fs_image.h"

struct field {
	uint16_t off, bytes;
};

#define FIELD(type, field)                                                                         \
	{                                                                                          \
		offsetof(struct type, field), sizeof(((struct type *)0)->field)                    \
	}

static const struct field super_fields[] = {
	FIELD(fm_super, fm_magic),      FIELD(fm_super, fm_version),
	FIELD(fm_super, fm_log_offset), FIELD(fm_super, fm_log_len),
	FIELD(fm_super, fm_alloc_unit), FIELD(fm_super, fm_omf_major),
	FIELD(fm_super, fm_uuid),       FIELD(fm_super, fm_system_uuid),
	FIELD(fm_super, fm_crc),        FIELD(fm_super, fm_dev_size),
	FIELD(fm_super, fm_daxdev),
};

static const struct field log_fields[] = {
	FIELD(fm_log, fm_magic), FIELD(fm_log, fm_len),         FIELD(fm_log, fm_last_index),
	FIELD(fm_log, fm_crc),   FIELD(fm_log, fm_next_seqnum), FIELD(fm_log, fm_next_index),
};

static const struct field file_fields[] = {
	FIELD(fm_entry, fm_seqnum),
	FIELD(fm_entry, fm_type),
	FIELD(fm_entry, fm_pad),
	FIELD(fm_entry, fm_crc),
	FIELD(fm_entry, fm_file.fm_size),
	FIELD(fm_entry, fm_file.fm_size),
	FIELD(fm_entry, fm_file.fm_flags),
	FIELD(fm_entry, fm_file.fm_uid),
	FIELD(fm_entry, fm_file.fm_mode),
	FIELD(fm_entry, fm_file.fm_ext_type),
	FIELD(fm_entry, fm_file.fm_nextents),
	FIELD(fm_entry, fm_file.fm_nextents),
	FIELD(fm_entry, fm_file.fm_nstrips),
	FIELD(fm_entry, fm_file.fm_nstrips),
	FIELD(fm_entry, fm_file.fm_chunk_size),
	FIELD(fm_entry, fm_file.fm_chunk_size),
	FIELD(fm_entry, fm_mkdir.fm_mode),
	FIELD(fm_entry, fm_add_daxdev.fm_size),
	FIELD(fm_entry, fm_add_daxdev.fm_index),
};

static const char *const names[] = {
	"a",
	"b",
	"d",
	"d/a",
	"d/b",
	"d/e",
	"d/e/f",
	"",
	"/",
	"/a",
	"a/",
	"a//b",
	".",
	"..",
	"d/..",
	"d/./a",
	".meta",
	".meta/.alloc.cfg",
	".meta/x",
	"a\nb",
	"\x7f",
	"\xff\xfe",
	"\xed\xa0\x80",
	"\xc3\xa4",
	"123456789012345678901234567890123456789012345678901234567890123456789012345678",
	"1234567890123456789012345678901234567890123456789012345678901234567890123456789",
	"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
	"d/34567890123456789012345678901234567890123456789012345678901234567890123456789",
};

static void change_field(void *record, const struct field *field, struct fuzz_random *random)
{
	uint8_t *at = (uint8_t *)record + field->off;
	struct le64 value = le64_of(fuzz_value(random));

	if (field->bytes > sizeof(value) || fuzz_below(random, 4) == 0)
		at[fuzz_below(random, field->bytes)] ^= (uint8_t)(1 << fuzz_below(random, 8));
	else
		memcpy(at, &value, field->bytes);
}

static char *path_of(struct fm_entry *raw)
{
	return (char *)(uintptr_t)media_entry_path(raw);
}

static void change_path(struct fuzz_fs *fs, struct fm_entry *raw, struct fuzz_random *random)
{
	const char *name = names[fuzz_below(random, FUZZ_NR(names))];
	char *path = path_of(raw), *other;
	size_t len = strlen(name);

	if (!path)
		return;
	memset(path, 0, FAMFS_PATH_SIZE);
	if (fuzz_below(random, 3)) {
		memcpy(path, name, len < FAMFS_PATH_SIZE ? len : FAMFS_PATH_SIZE);
		return;
	}
	/* Beside, or below, another one. */
	other = path_of(&fs->entries[fuzz_below(random, fs->nr)].raw);
	if (!other || other == path)
		return;
	memcpy(path, other, FAMFS_PATH_SIZE);
	len = strnlen(path, FAMFS_PATH_SIZE);
	if (len + 2 < FAMFS_PATH_SIZE && fuzz_below(random, 2))
		memcpy(path + len, "/x", 2);
	else if (len)
		path[len - 1]++;
}

/* A short name that is likely to be new. */
static void new_path(struct fuzz_fs *fs, char path[FAMFS_PATH_SIZE], struct fuzz_random *random)
{
	size_t at = 0;

	memset(path, 0, FAMFS_PATH_SIZE);
	for (unsigned int i = 0; i < fs->nr && fuzz_below(random, 2); i++) {
		const struct fm_entry *raw = &fs->entries[i].raw;
		size_t len;

		if (le32_get(raw->fm_type) != FAMFS_ENTRY_MKDIR)
			continue;
		len = strnlen(raw->fm_mkdir.fm_path, FAMFS_PATH_SIZE);
		if (len < 60) {
			memcpy(path, raw->fm_mkdir.fm_path, len);
			at = len;
			path[at++] = '/';
		}
		break;
	}
	path[at] = (char)('a' + fuzz_below(random, 26));
}

static struct fm_extent extent(struct fuzz_random *random, uint64_t len)
{
	return (struct fm_extent){ .fm_offset = le64_of((2 + fuzz_below(random, 30)) * FAMFS_AU),
				   .fm_len = le64_of(len) };
}

static void make_file(struct fuzz_fs *fs, struct fm_entry *raw, struct fuzz_random *random)
{
	struct fm_file *file = &raw->fm_file;
	uint32_t nr = 1 + (uint32_t)fuzz_below(random, fuzz_below(random, 2) ? 3 : 16);
	uint64_t len = (1 + fuzz_below(random, 2)) * FAMFS_AU;
	bool strips = fuzz_below(random, 2);

	file->fm_flags = le32_of(MEDIA_FILE_FLAGS);
	file->fm_mode = le32_of(0644);
	file->fm_size = le64_of(nr * len - fuzz_below(random, 2) * fuzz_below(random, 3 * len));
	new_path(fs, file->fm_path, random);
	file->fm_ext_type = le32_of(strips);
	file->fm_nextents = le32_of(strips ? 1 : nr);
	if (strips) {
		file->fm_nstrips = le64_of(nr);
		file->fm_chunk_size = le64_of(fuzz_below(random, 4) ? FAMFS_AU : len);
	}
	for (uint32_t i = 0; i < nr; i++) {
		if (strips)
			file->fm_strips[i] = extent(random, len);
		else
			file->fm_simple[i] = extent(random, len);
	}
}

static void add_entry(struct fuzz_fs *fs, struct fuzz_random *random)
{
	struct fuzz_entry *e;

	if (fs->nr == FUZZ_ENTRIES_MAX)
		return;
	e = &fs->entries[fs->nr];
	memset(e, 0, sizeof(*e));
	switch (fuzz_below(random, 8)) {
	case 0:
		e->raw.fm_type = le32_of(FAMFS_ENTRY_ADD_DAXDEV);
		e->raw.fm_add_daxdev.fm_index = le32_of(1 + (uint32_t)fuzz_below(random, 2));
		e->raw.fm_add_daxdev.fm_uuid[0] = (uint8_t)fuzz_below(random, 3);
		break;
	case 1:
	case 2:
		e->raw.fm_type = le32_of(FAMFS_ENTRY_MKDIR);
		e->raw.fm_mkdir.fm_mode = le32_of(0755);
		new_path(fs, e->raw.fm_mkdir.fm_path, random);
		break;
	default:
		make_file(fs, &e->raw, random);
	}
	fs->nr++;
}

static void change_extent(struct fm_entry *raw, struct fuzz_random *random)
{
	bool strips = le32_get(raw->fm_file.fm_ext_type) == FAMFS_EXT_INTERLEAVE;
	struct fm_extent *extents = strips ? raw->fm_file.fm_strips : raw->fm_file.fm_simple;
	static const struct field fields[] = { FIELD(fm_extent, fm_devindex),
					       FIELD(fm_extent, fm_offset),
					       FIELD(fm_extent, fm_offset),
					       FIELD(fm_extent, fm_len), FIELD(fm_extent, fm_len) };

	change_field(&extents[fuzz_below(random, FAMFS_EXTENTS_MAX)],
		     &fields[fuzz_below(random, FUZZ_NR(fields))], random);
}

/* Repeats, removes or exchanges entries. */
static void shuffle_entries(struct fuzz_fs *fs, struct fuzz_random *random)
{
	unsigned int a = (unsigned int)fuzz_below(random, fs->nr);
	unsigned int b = (unsigned int)fuzz_below(random, fs->nr);
	struct fuzz_entry kept = fs->entries[a];

	switch (fuzz_below(random, 3)) {
	case 0:
		if (fs->nr < FUZZ_ENTRIES_MAX)
			fs->entries[fs->nr++] = kept;
		break;
	case 1:
		memmove(&fs->entries[a], &fs->entries[a + 1],
			(--fs->nr - a) * sizeof(fs->entries[0]));
		break;
	default:
		fs->entries[a] = fs->entries[b];
		fs->entries[b] = kept;
	}
}

static void change_entry(struct fuzz_fs *fs, struct fuzz_random *random)
{
	struct fuzz_entry *e = &fs->entries[fuzz_below(random, fs->nr)];

	switch (fuzz_below(random, 12)) {
	case 0:
		e->flags ^= (uint8_t)(1 << fuzz_below(random, 2));
		break;
	case 1:
		e->slot = (uint16_t)(fuzz_value(random) % 4000);
		break;
	case 2:
	case 3:
	case 4:
		change_path(fs, &e->raw, random);
		break;
	case 5:
	case 6:
	case 7:
		change_extent(&e->raw, random);
		break;
	case 8:
		(void)LLVMFuzzerMutate((uint8_t *)&e->raw, sizeof(e->raw), sizeof(e->raw));
		break;
	default:
		change_field(&e->raw, &file_fields[fuzz_below(random, FUZZ_NR(file_fields))],
			     random);
	}
}

static void change_header(struct fuzz_fs *fs, struct fuzz_random *random)
{
	switch (fuzz_below(random, 4)) {
	case 0:
		fs->flags ^= (uint8_t)(1 << fuzz_below(random, 4));
		break;
	case 1:
		change_field(&fs->super, &super_fields[fuzz_below(random, FUZZ_NR(super_fields))],
			     random);
		break;
	case 2:
		change_field(&fs->log, &log_fields[fuzz_below(random, FUZZ_NR(log_fields))],
			     random);
		break;
	default:
		fs->aus = (uint8_t)fuzz_next(random);
		fs->tail = (uint8_t)(fuzz_below(random, 3) ? 0 : fuzz_next(random));
	}
}

void fuzz_fs_mutate(struct fuzz_fs *fs, struct fuzz_random *random)
{
	switch (fs->nr ? fuzz_below(random, 10) : fuzz_below(random, 3)) {
	case 0:
		change_header(fs, random);
		break;
	case 1:
		add_entry(fs, random);
		break;
	case 2:
		fs->action = (uint8_t)fuzz_next(random);
		fs->args[fuzz_below(random, 4)] = (uint8_t)fuzz_next(random);
		break;
	case 3:
		shuffle_entries(fs, random);
		break;
	default:
		change_entry(fs, random);
	}
}

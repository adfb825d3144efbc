/* SPDX-License-Identifier: Apache-2.0 */
/* Media structures to host memory and back. */
#include <string.h>

#include "bits.h"
#include "csum.h"
#include "media.h"

_Static_assert(sizeof(((struct famfs_super *)0)->daxdev) ==
		       sizeof(((struct fm_super *)0)->fm_daxdev) + 1,
	       "daxdev");

void media_super_decode(const struct fm_super *raw, struct famfs_super *ret_super)
{
	struct famfs_super *sb = ret_super;

	memset(sb, 0, sizeof(*sb));
	sb->version = le64_get(raw->fm_version);
	sb->log_off = le64_get(raw->fm_log_offset);
	sb->log_len = le64_get(raw->fm_log_len);
	sb->alloc_unit = le64_get(raw->fm_alloc_unit);
	sb->omf_major = le32_get(raw->fm_omf_major);
	sb->omf_minor = le32_get(raw->fm_omf_minor);
	memcpy(sb->uuid, raw->fm_uuid, sizeof(sb->uuid));
	memcpy(sb->dev_uuid, raw->fm_dev_uuid, sizeof(sb->dev_uuid));
	memcpy(sb->system_uuid, raw->fm_system_uuid, sizeof(sb->system_uuid));
	sb->dev_size = le64_get(raw->fm_dev_size);
	memcpy(sb->daxdev, raw->fm_daxdev, sizeof(raw->fm_daxdev));
}

void media_super_encode(const struct famfs_super *super, struct fm_super *ret_raw)
{
	struct fm_super *raw = ret_raw;

	memset(raw, 0, sizeof(*raw));
	raw->fm_magic = le64_of(MEDIA_SUPER_MAGIC);
	raw->fm_version = le64_of(super->version);
	raw->fm_log_offset = le64_of(super->log_off);
	raw->fm_log_len = le64_of(super->log_len);
	raw->fm_alloc_unit = le64_of(super->alloc_unit);
	raw->fm_omf_major = le32_of(super->omf_major);
	raw->fm_omf_minor = le32_of(super->omf_minor);
	memcpy(raw->fm_uuid, super->uuid, sizeof(raw->fm_uuid));
	memcpy(raw->fm_dev_uuid, super->dev_uuid, sizeof(raw->fm_dev_uuid));
	memcpy(raw->fm_system_uuid, super->system_uuid, sizeof(raw->fm_system_uuid));
	media_super_seal(raw);
	raw->fm_dev_size = le64_of(super->dev_size);
	memcpy(raw->fm_daxdev, super->daxdev, strnlen(super->daxdev, sizeof(raw->fm_daxdev)));
}

bool media_super_crc_ok(const struct fm_super *raw)
{
	return le64_get(raw->fm_crc) == csum_crc32(raw, offsetof(struct fm_super, fm_crc));
}

void media_log_decode(const struct fm_log *raw, struct media_log *ret_log)
{
	ret_log->len = le64_get(raw->fm_len);
	ret_log->last_index = le64_get(raw->fm_last_index);
	ret_log->next_seqnum = le64_get(raw->fm_next_seqnum);
	ret_log->next_index = le64_get(raw->fm_next_index);
}

void media_log_encode(const struct media_log *log, struct fm_log *ret_raw)
{
	struct fm_log *raw = ret_raw;

	memset(raw, 0, sizeof(*raw));
	raw->fm_magic = le64_of(MEDIA_LOG_MAGIC);
	raw->fm_len = le64_of(log->len);
	raw->fm_last_index = le64_of(log->last_index);
	raw->fm_crc = le64_of(csum_crc32(raw, offsetof(struct fm_log, fm_crc)));
	raw->fm_next_seqnum = le64_of(log->next_seqnum);
	raw->fm_next_index = le64_of(log->next_index);
}

bool media_log_crc_ok(const struct fm_log *raw)
{
	return le64_get(raw->fm_crc) == csum_crc32(raw, offsetof(struct fm_log, fm_crc));
}

uint64_t media_log_slots(uint64_t len)
{
	if (len < sizeof(struct fm_log))
		return 0;
	return (len - sizeof(struct fm_log)) / sizeof(struct fm_entry);
}

uint64_t media_slot_off(uint64_t index)
{
	return MEDIA_LOG_SLOTS_OFF + index * sizeof(struct fm_entry);
}

static void path_decode(const char raw[FAMFS_PATH_SIZE], struct famfs_entry *entry)
{
	memcpy(entry->path, raw, FAMFS_PATH_SIZE);
	entry->path_unterminated = !memchr(raw, '\0', FAMFS_PATH_SIZE);
}

static void extents_decode(const struct fm_extent *raw, uint64_t nr, struct famfs_entry *entry)
{
	entry->extents_nr = nr < FAMFS_EXTENTS_MAX ? (uint32_t)nr : FAMFS_EXTENTS_MAX;
	for (uint32_t i = 0; i < entry->extents_nr; i++) {
		entry->extents[i].dev_index = le64_get(raw[i].fm_devindex);
		entry->extents[i].off = le64_get(raw[i].fm_offset);
		entry->extents[i].len = le64_get(raw[i].fm_len);
	}
}

static void file_decode(const struct fm_file *raw, struct famfs_entry *entry)
{
	entry->size = le64_get(raw->fm_size);
	entry->flags = le32_get(raw->fm_flags);
	entry->uid = le32_get(raw->fm_uid);
	entry->gid = le32_get(raw->fm_gid);
	entry->mode = le32_get(raw->fm_mode);
	path_decode(raw->fm_path, entry);
	entry->ext_type = le32_get(raw->fm_ext_type);
	entry->nextents = le32_get(raw->fm_nextents);
	if (entry->ext_type == FAMFS_EXT_SIMPLE) {
		extents_decode(raw->fm_simple, entry->nextents, entry);
	} else if (entry->ext_type == FAMFS_EXT_INTERLEAVE) {
		entry->nstrips = le64_get(raw->fm_nstrips);
		entry->chunk_size = le64_get(raw->fm_chunk_size);
		extents_decode(raw->fm_strips, entry->nextents ? entry->nstrips : 0, entry);
	}
}

void media_entry_decode(const struct fm_entry *raw, uint64_t index, struct famfs_entry *ret_entry)
{
	struct famfs_entry *entry = ret_entry;

	memset(entry, 0, sizeof(*entry));
	entry->index = index;
	entry->seqnum = le64_get(raw->fm_seqnum);
	entry->type = le32_get(raw->fm_type);
	switch (entry->type) {
	case FAMFS_ENTRY_FILE:
		file_decode(&raw->fm_file, entry);
		break;
	case FAMFS_ENTRY_MKDIR:
		entry->uid = le32_get(raw->fm_mkdir.fm_uid);
		entry->gid = le32_get(raw->fm_mkdir.fm_gid);
		entry->mode = le32_get(raw->fm_mkdir.fm_mode);
		path_decode(raw->fm_mkdir.fm_path, entry);
		break;
	case FAMFS_ENTRY_ADD_DAXDEV:
		entry->dd_size = le64_get(raw->fm_add_daxdev.fm_size);
		memcpy(entry->dd_uuid, raw->fm_add_daxdev.fm_uuid, sizeof(entry->dd_uuid));
		entry->dd_index = le32_get(raw->fm_add_daxdev.fm_index);
		break;
	default:
		break;
	}
}

static void file_encode(const struct famfs_entry *entry, struct fm_file *raw)
{
	struct fm_extent *extents = raw->fm_simple;

	raw->fm_size = le64_of(entry->size);
	raw->fm_flags = le32_of(MEDIA_FILE_FLAGS);
	raw->fm_uid = le32_of(entry->uid);
	raw->fm_gid = le32_of(entry->gid);
	raw->fm_mode = le32_of(entry->mode);
	memcpy(raw->fm_path, entry->path, strnlen(entry->path, FAMFS_PATH_SIZE - 1));
	raw->fm_ext_type = le32_of(entry->ext_type);
	raw->fm_nextents = le32_of(entry->nextents);
	if (entry->ext_type == FAMFS_EXT_INTERLEAVE) {
		raw->fm_nstrips = le64_of(entry->nstrips);
		raw->fm_chunk_size = le64_of(entry->chunk_size);
		extents = raw->fm_strips;
	}
	for (uint32_t i = 0; i < entry->extents_nr && i < FAMFS_EXTENTS_MAX; i++) {
		extents[i].fm_devindex = le64_of(entry->extents[i].dev_index);
		extents[i].fm_offset = le64_of(entry->extents[i].off);
		extents[i].fm_len = le64_of(entry->extents[i].len);
	}
}

void media_entry_encode(const struct famfs_entry *entry, struct fm_entry *ret_raw)
{
	struct fm_entry *raw = ret_raw;

	memset(raw, 0, sizeof(*raw));
	raw->fm_seqnum = le64_of(entry->seqnum);
	raw->fm_type = le32_of(entry->type);
	if (entry->type == FAMFS_ENTRY_FILE) {
		file_encode(entry, &raw->fm_file);
	} else {
		raw->fm_mkdir.fm_uid = le32_of(entry->uid);
		raw->fm_mkdir.fm_gid = le32_of(entry->gid);
		raw->fm_mkdir.fm_mode = le32_of(entry->mode);
		memcpy(raw->fm_mkdir.fm_path, entry->path,
		       strnlen(entry->path, FAMFS_PATH_SIZE - 1));
	}
	media_entry_seal(raw);
}

void media_entry_seal(struct fm_entry *raw)
{
	raw->fm_crc = le64_of(csum_crc32(raw, offsetof(struct fm_entry, fm_crc)));
}

void media_super_seal(struct fm_super *raw)
{
	raw->fm_crc = le64_of(csum_crc32(raw, offsetof(struct fm_super, fm_crc)));
}

const char *media_entry_path(const struct fm_entry *raw)
{
	switch (le32_get(raw->fm_type)) {
	case FAMFS_ENTRY_FILE:
		return raw->fm_file.fm_path;
	case FAMFS_ENTRY_MKDIR:
		return raw->fm_mkdir.fm_path;
	default:
		return NULL;
	}
}

bool media_entry_is_zero(const struct fm_entry *raw)
{
	return bits_none(raw, sizeof(*raw));
}

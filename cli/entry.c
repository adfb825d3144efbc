/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "cmd.h"

const char *entry_type_name(const struct famfs_entry *entry)
{
	switch (entry->type) {
	case FAMFS_ENTRY_FILE:
		return "file";
	case FAMFS_ENTRY_MKDIR:
		return "dir";
	case FAMFS_ENTRY_ADD_DAXDEV:
		return "daxdev";
	default:
		return "unknown";
	}
}

/* Paths are recorded without their first slash. */
void entry_path_text(struct text *t, const char *path)
{
	text_add(t, "/", 1);
	text_add(t, path, strlen(path));
}

/* "1 extent", "4x2.0M": 4 strips, dealt in chunks of 2 MiB. */
void entry_layout_text(struct text *t, const struct famfs_entry *entry)
{
	char buf[24];

	if (entry->type != FAMFS_ENTRY_FILE)
		text_addf(t, "-");
	else if (entry->ext_type == FAMFS_EXT_INTERLEAVE)
		text_addf(t, "%" PRIu64 "x%s", entry->nstrips,
			  famfs_size_format(entry->chunk_size, buf, sizeof(buf)));
	else
		text_addf(t, "%u extent%s", entry->extents_nr, plural(entry->extents_nr, "", "s"));
}

/* "offset 0xa00000 (10M) length 0x200000 (2.0M)" */
void extent_text(struct text *t, const struct famfs_extent *ext)
{
	char off[24], len[24];

	text_addf(t, "offset 0x%" PRIx64 " (%s) length 0x%" PRIx64 " (%s)", ext->off,
		  famfs_size_format(ext->off, off, sizeof(off)), ext->len,
		  famfs_size_format(ext->len, len, sizeof(len)));
	if (ext->dev_index)
		text_addf(t, " device %" PRIu64, ext->dev_index);
}

/* dev, off, len: JSON only. */
void extent_emit(struct emit *out, const struct famfs_extent *ext)
{
	emit_u64(out, "dev", NULL, ext->dev_index);
	emit_u64(out, "off", NULL, ext->off);
	emit_u64(out, "len", NULL, ext->len);
}

void extent_cells(struct emit *out, const struct famfs_extent *ext)
{
	char size[24], cell[80];
	int len;

	extent_emit(out, ext);
	len = snprintf(cell, sizeof(cell), "0x%" PRIx64 " (%s)", ext->off,
		       famfs_size_format(ext->off, size, sizeof(size)));
	if (ext->dev_index)
		snprintf(cell + len, sizeof(cell) - (size_t)len, " device %" PRIu64,
			 ext->dev_index);
	emit_text(out, "DEVICE OFFSET", cell);
	snprintf(cell, sizeof(cell), "0x%" PRIx64 " (%s)", ext->len,
		 famfs_size_format(ext->len, size, sizeof(size)));
	emit_text(out, "LENGTH", cell);
}

static void emit_extents(struct emit *out, const struct famfs_entry *entry)
{
	const char *word = entry->ext_type == FAMFS_EXT_INTERLEAVE ? "strip" : "extent";
	struct text value = { 0 };
	char label[24];
	uint32_t i;

	emit_list(out, "extents", EMIT_SILENT);
	for (i = 0; i < entry->extents_nr; i++) {
		emit_item(out);
		extent_emit(out, &entry->extents[i]);
		emit_item_end(out);
	}
	emit_list_end(out);
	if (out->json)
		return;
	for (i = 0; i < entry->extents_nr; i++) {
		value.len = 0;
		extent_text(&value, &entry->extents[i]);
		snprintf(label, sizeof(label), "%s %u", word, i);
		emit_text(out, label, value.s);
	}
	text_free(&value);
}

static void emit_file(struct emit *out, const struct famfs_entry *entry)
{
	bool interleaved = entry->ext_type == FAMFS_EXT_INTERLEAVE;
	char layout[64];

	emit_size(out, "size", "size", entry->size);
	emit_str(out, "ext_type", NULL, interleaved ? "interleaved" : "simple");
	if (!interleaved) {
		emit_text(out, "layout", "simple");
	} else {
		snprintf(layout, sizeof(layout), "interleaved over %" PRIu64 " %s", entry->nstrips,
			 plural(entry->nstrips, "strip", "strips"));
		emit_text(out, "layout", layout);
		emit_u64(out, "nstrips", NULL, entry->nstrips);
		emit_size(out, "chunk_size", "chunk", entry->chunk_size);
	}
	emit_extents(out, entry);
}

/* All fields, for JSON and for a block of text. */
void entry_emit(struct emit *out, const struct famfs_entry *entry)
{
	struct text path = { 0 };

	if (entry->type == FAMFS_ENTRY_ADD_DAXDEV) {
		emit_str(out, "type", "type", entry_type_name(entry));
		emit_u64(out, "index", "log entry", entry->index);
		emit_u64(out, "dev_index", "device index", entry->dd_index);
		emit_uuid(out, "dev_uuid", "device uuid", entry->dd_uuid);
		emit_size(out, "size", "size", entry->dd_size);
		return;
	}
	entry_path_text(&path, entry->path);
	emit_str(out, "path", "path", path.s);
	text_free(&path);
	emit_str(out, "type", "type", entry_type_name(entry));
	emit_mode(out, "mode", "mode", entry->mode);
	emit_u64(out, "uid", "uid", entry->uid);
	emit_u64(out, "gid", "gid", entry->gid);
	if (entry->index != FAMFS_NONE)
		emit_u64(out, "index", "log entry", entry->index);
	if (entry->type == FAMFS_ENTRY_FILE)
		emit_file(out, entry);
}

/* "K7", "U3", ...: the rules that @bits name, with their words for text. */
void emit_rules(struct emit *out, const char *key, char letter, uint32_t bits)
{
	const char *words;
	char rule[8];
	struct text line = { 0 };
	unsigned int n;

	emit_list(out, key, EMIT_SILENT);
	for (n = 1; n < 32; n++) {
		if (!(bits & (UINT32_C(1) << n)))
			continue;
		snprintf(rule, sizeof(rule), "%c%u", letter, n);
		emit_str(out, NULL, NULL, rule);
	}
	emit_list_end(out);
	for (n = 1; n < 32; n++) {
		if (!(bits & (UINT32_C(1) << n)))
			continue;
		words = letter == 'K' ? famfs_fmap_k_text(n) : famfs_fmap_u_text(n);
		line.len = 0;
		text_addf(&line, "%c%u: %s", letter, n, words ? words : "?");
		emit_text(out, key, line.s);
	}
	text_free(&line);
}

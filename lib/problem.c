/* SPDX-License-Identifier: Apache-2.0 */
/* The table of problems, and findings in words. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "problem.h"

#define ROW(id, code, severity, values, text, ...)                                                 \
	[PROBLEM_##id] = { code, FAMFS_##severity, PROBLEM_##values, text, __VA_ARGS__ }

/* How a row is repaired: the kind, what will be done, what was done. */
#define NOTHING          FAMFS_REPAIR_NONE, NULL, NULL
#define FOLLOWS          FAMFS_REPAIR_FOLLOWS, "remove it if nothing else mends it", "mended"
#define SAFE(will, done) FAMFS_REPAIR_SAFE, will, done
#define ASK(will, done)  FAMFS_REPAIR_ASK, will, done
#define REMOVE           ASK("remove the entry", "removed")
#define CLEAN_NAME       ASK("give it a clean name", "got a clean name")
#define SHRINK                                                                                     \
	ASK("shrink the file to what can be reached of it, or remove it if that is nothing",       \
	    "shrunk to what can be reached of it, or removed")
#define SUPER_FIELD ASK("put the right value into the superblock", "put right in the superblock")
#define SUPER_NEW   ASK("rebuild the superblock from the log and the device", "superblock rebuilt")
#define HEADER_NEW                                                                                 \
	SAFE("rebuild the log header from its entries and the superblock", "log header rebuilt")

static const struct problem_row rows[PROBLEM_NR] = {
	ROW(SB_MAGIC, "sb_magic", FATAL, HEX, "no famfs superblock: magic number", SUPER_NEW),
	ROW(SB_VERSION, "sb_version", ERROR, EXPECTED, "superblock of another format version",
	    SUPER_FIELD),
	ROW(SB_CRC, "sb_crc", ERROR, HEX, "wrong superblock checksum", SUPER_NEW),
	ROW(ALLOC_UNIT, "alloc_unit", ERROR, EXPECTED, "allocation unit that no tool accepts",
	    SUPER_FIELD),
	ROW(OMF_VERSION, "omf_version", WARNING, EXPECTED, "unknown major on-media version",
	    NOTHING),
	ROW(LOG_OFFSET, "log_offset", ERROR, EXPECTED, "wrong log offset in the superblock",
	    SUPER_FIELD),
	ROW(LOG_LEN, "log_len", ERROR, EXPECTED,
	    "superblock, log header and device disagree about the log's length",
	    ASK("take the length that entries and files leave room for",
		"superblock and log header now agree")),
	ROW(DD_SIZE, "dd_size", ERROR, EXPECTED, "recorded device size is not the device's size",
	    SAFE("record the device's size", "device's size recorded")),
	ROW(DD_SIZE_SMALL, "dd_size", WARNING, EXPECTED,
	    "the device is larger than recorded; the rest is not used", NOTHING),
	ROW(LOG_REWRITE, "log_rewrite", ERROR, HEX,
	    "the log is being rewritten, or a repair or restore was cut off: its undo file "
	    "brings everything back",
	    ASK("keep what is there now, and forget what only the undo file has",
		"what was there is kept")),
	ROW(LOG_MAGIC, "log_magic", ERROR, HEX, "wrong magic number in the log header", HEADER_NEW),
	ROW(LOG_HEADER_CRC, "log_header_crc", ERROR, HEX, "wrong log header checksum", HEADER_NEW),
	ROW(LAST_INDEX, "last_index", ERROR, EXPECTED, "last_index does not fit the log's length",
	    HEADER_NEW),
	ROW(NEXT_INDEX_RANGE, "next_index_range", ERROR, EXPECTED,
	    "next_index counts entries that are not there",
	    SAFE("count the entries that are there", "set to the entries that are there")),
	ROW(NEXT_SEQNUM, "next_seqnum", ERROR, EXPECTED,
	    "next_seqnum is not next_index: entries appended now would be unreadable",
	    SAFE("make both the same", "made the same")),
	ROW(TORN_TAIL, "torn_tail", ERROR, EXPECTED,
	    "an append was cut off between next_seqnum and next_index",
	    SAFE("publish the entry, which is whole", "entry published")),
	ROW(ENTRY_SEQNUM, "entry_seqnum", ERROR, EXPECTED, "wrong sequence number",
	    ASK("give the entry the number of its place", "renumbered")),
	ROW(ENTRY_CRC, "entry_crc", ERROR, HEX, "wrong checksum",
	    ASK("cut the log there: remove this entry and all behind it (see --salvage)",
		"removed")),
	ROW(ENTRY_TYPE, "entry_type", ERROR, FOUND, "entry type that no tool knows", REMOVE),
	ROW(PATH_UNTERMINATED, "path_unterminated", ERROR, PLAIN, "the name has no end",
	    ASK("cut the name to 78 bytes", "name cut")),
	ROW(PATH_EMPTY, "path_empty", ERROR, PLAIN, "the name is empty or has an empty part",
	    CLEAN_NAME),
	ROW(PATH_ABSOLUTE, "path_absolute", ERROR, PLAIN, "the name begins with a slash",
	    CLEAN_NAME),
	ROW(PATH_ESCAPE, "path_escape", ERROR, PLAIN,
	    "the name has a part \"..\" and could lead out of the file system", CLEAN_NAME),
	ROW(PATH_DOT, "path_dot", ERROR, PLAIN, "the name has a part \".\"", CLEAN_NAME),
	ROW(PATH_META, "path_meta", WARNING, PLAIN,
	    "the name is in .meta, which is kept for the file system itself", NOTHING),
	ROW(PATH_META_DIR, "path_meta", ERROR, PLAIN,
	    "the name is .meta, a directory that is always there", CLEAN_NAME),
	ROW(PATH_UTF8, "path_utf8", WARNING, PLAIN,
	    "the name is no valid UTF-8, on which some tools fail", NOTHING),
	ROW(PATH_CONTROL, "path_control", WARNING, PLAIN, "the name has control characters",
	    NOTHING),
	ROW(PATH_DUPLICATE, "path_duplicate", ERROR, PARTY, "the name was given before",
	    ASK("give the younger file another name; remove a repeated directory or entry",
		"renamed, or removed where it only repeated the older one")),
	ROW(PATH_NO_PARENT, "path_no_parent", ERROR, PLAIN,
	    "no earlier entry makes the directory it is in",
	    ASK("make the directory before it, or move it up where the log is full",
		"directory made before it, or moved up as the log is full")),
	ROW(PATH_UNDER_FILE, "path_under_file", ERROR, PARTY, "it lies below a file",
	    ASK("move it beside that file", "moved beside that file")),
	ROW(MODE, "mode", WARNING, FOUND, "mode with more than permission bits", NOTHING),
	ROW(SIZE_ZERO, "size_zero", ERROR, PLAIN, "a file of size 0 cannot be mapped",
	    ASK("let the file have all of its space, or remove it if it has none",
		"got the size of its space, or removed")),
	ROW(EXT_TYPE, "ext_type", ERROR, FOUND, "unknown extent type", REMOVE),
	ROW(NEXTENTS_RANGE, "nextents_range", ERROR, EXPECTED, "impossible number of extents",
	    REMOVE),
	ROW(NSTRIPS_RANGE, "nstrips_range", ERROR, EXPECTED, "impossible number of strips", REMOVE),
	ROW(CHUNK_SIZE, "chunk_size", ERROR, FOUND,
	    "chunk size that is no multiple of 2 MiB below 4 GiB", REMOVE),
	ROW(DEVINDEX, "devindex", ERROR, FOUND,
	    "an extent refers to another device, which is not followed: index", REMOVE),
	ROW(EXTENT_ZERO_OFFSET, "extent_zero_offset", ERROR, RANGE, "an extent at offset 0",
	    SHRINK),
	ROW(EXTENT_MISALIGNED, "extent_misaligned", ERROR, RANGE,
	    "an extent that is not aligned to 2 MiB", SHRINK),
	ROW(EXTENT_OVERFLOW, "extent_overflow", ERROR, RANGE,
	    "an extent whose end does not fit 64 bits", SHRINK),
	ROW(EXTENT_BEYOND_DEVICE, "extent_beyond_device", ERROR, RANGE,
	    "an extent beyond the end of the device", SHRINK),
	ROW(EXTENT_SHORT, "extent_short", ERROR, EXPECTED, "less space than the file's size needs",
	    SHRINK),
	ROW(OVERLAP_META, "overlap_meta", ERROR, RANGE,
	    "an extent that overlaps the superblock or the log", SHRINK),
	ROW(OVERLAP, "overlap", ERROR, PARTY, "an extent that overlaps another",
	    ASK("remove the younger file", "removed, as the younger one")),
	ROW(FMAP_REJECTED, "fmap_rejected", ERROR, K_BITS, "the kernel rejects the file's map",
	    FOLLOWS),
	ROW(FMAP_UNSAFE, "fmap_unsafe", ERROR, U_BITS,
	    "the kernel takes the file's map, and it is "
	    "unsafe",
	    FOLLOWS),
	ROW(DAXDEV_INDEX, "daxdev_index", ERROR, EXPECTED, "device index out of order", REMOVE),
	ROW(DAXDEV_UUID, "daxdev_uuid", ERROR, PARTY, "device UUID given before", REMOVE),
	ROW(MEDIA_ERROR, "media_error", ERROR, RANGE, "the memory has errors there", NOTHING),
	ROW(MEDIA_ERROR_FREE, "media_error", WARNING, RANGE,
	    "the memory has errors in space that no file uses", NOTHING),
};

const struct problem_row *problem_row(enum problem problem)
{
	return &rows[problem];
}

void problem_add(struct problem_list *list, struct problem_rec rec)
{
	struct problem_rec *recs;
	uint64_t cap;

	if (list->nr == list->cap) {
		cap = list->cap ? list->cap * 2 : 16;
		recs = reallocarray(list->recs, cap, sizeof(*recs));
		if (!recs) {
			list->failed = true;
			return;
		}
		list->recs = recs;
		list->cap = cap;
	}
	list->recs[list->nr++] = rec;
}

void problem_move(struct problem_list *to, struct problem_list *from)
{
	for (uint64_t i = 0; i < from->nr; i++)
		problem_add(to, from->recs[i]);
	to->failed |= from->failed;
	problem_fini(from);
}

void problem_fini(struct problem_list *list)
{
	free(list->recs);
	*list = (struct problem_list){ 0 };
}

static int compare(const void *a, const void *b)
{
	const struct problem_rec *x = a, *y = b;
	uint32_t xe = x->entry + 1, ye = y->entry + 1; /* no entry: first */

	if (xe != ye)
		return xe < ye ? -1 : 1;
	if (x->problem != y->problem)
		return x->problem < y->problem ? -1 : 1;
	return x->off < y->off ? -1 : x->off > y->off;
}

void problem_sort(struct problem_list *list)
{
	if (list->nr)
		qsort(list->recs, list->nr, sizeof(*list->recs), compare);
}

/* "K7 (...), K8 (...)" */
static void render_bits(uint64_t bits, char letter, const char *(*text)(unsigned int n), char *buf,
			size_t len)
{
	size_t at = 0;

	for (unsigned int n = 1; n < 32; n++) {
		int got;

		if (!(bits >> n & 1) || !text(n))
			continue;
		got = snprintf(buf + at, len - at, "%s%c%u (%s)", at ? ", " : "", letter, n,
			       text(n));
		if (got < 0 || (size_t)got >= len - at)
			return;
		at += (size_t)got;
	}
}

static void render_party(const struct problem_rec *rec, char *buf, size_t len)
{
	int at = 0;

	if (rec->len)
		at = snprintf(buf, len, "offset 0x%" PRIx64 " length 0x%" PRIx64 ", ", rec->off,
			      rec->len);
	if (rec->other == rec->entry)
		at += snprintf(buf + at, len - (size_t)at, "by itself");
	else
		at += snprintf(buf + at, len - (size_t)at, "by entry %" PRIu64, rec->other);
	if (rec->more)
		snprintf(buf + at, len - (size_t)at, ", and %" PRIu64 " more extent%s", rec->more,
			 rec->more == 1 ? " meets" : "s meet");
}

static void render_values(const struct problem_rec *rec, enum problem_values values, char *buf,
			  size_t len)
{
	buf[0] = '\0';
	switch (values) {
	case PROBLEM_PLAIN:
		break;
	case PROBLEM_FOUND:
		snprintf(buf, len, "%" PRIu64, rec->value);
		break;
	case PROBLEM_HEX:
		snprintf(buf, len, "0x%" PRIx64 ", expected 0x%" PRIx64, rec->value, rec->expected);
		break;
	case PROBLEM_EXPECTED:
		snprintf(buf, len, "%" PRIu64 ", expected %" PRIu64, rec->value, rec->expected);
		break;
	case PROBLEM_RANGE:
		snprintf(buf, len, "offset 0x%" PRIx64 " length 0x%" PRIx64, rec->off, rec->len);
		break;
	case PROBLEM_PARTY:
		render_party(rec, buf, len);
		break;
	case PROBLEM_K_BITS:
		render_bits(rec->value, 'K', famfs_fmap_k_text, buf, len);
		break;
	case PROBLEM_U_BITS:
		render_bits(rec->value, 'U', famfs_fmap_u_text, buf, len);
		break;
	}
}

void problem_render(const struct problem_rec *rec, struct famfs_finding *ret_finding)
{
	const struct problem_row *row = &rows[rec->problem];
	struct famfs_finding *f = ret_finding;
	char values[400];

	memset(f, 0, sizeof(*f));
	f->code = row->code;
	f->severity = row->severity;
	f->repair = row->repair;
	f->remedy = row->remedy;
	f->entry = rec->entry == PROBLEM_NO_ENTRY ? FAMFS_NONE : rec->entry;
	f->off = rec->off;
	f->len = rec->len;
	f->other_entry = rec->other;
	f->more = rec->more;
	f->has_expected = row->values == PROBLEM_HEX || row->values == PROBLEM_EXPECTED;
	f->has_value = f->has_expected || row->values == PROBLEM_FOUND;
	f->rejected = row->values == PROBLEM_K_BITS ? (uint32_t)rec->value : 0;
	f->unsafe = row->values == PROBLEM_U_BITS ? (uint32_t)rec->value : 0;
	f->value = rec->value;
	f->expected = rec->expected;
	render_values(rec, row->values, values, sizeof(values));
	snprintf(f->text, sizeof(f->text), "%s%s%s", row->text, values[0] ? ": " : "", values);
	if (rec->more && row->values != PROBLEM_PARTY) {
		size_t at = strlen(f->text);

		snprintf(f->text + at, sizeof(f->text) - at, ", and %" PRIu64 " more behind it",
			 rec->more);
	}
}

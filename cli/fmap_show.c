/* SPDX-License-Identifier: Apache-2.0 */
/* fmap messages, shown. */
#include <inttypes.h>
#include <string.h>

#include "fmap.h"

const char *fmap_file_type(uint32_t type)
{
	static const char *const names[] = { "regular", "superblock", "log" };

	return type < sizeof(names) / sizeof(names[0]) ? names[type] : "unknown";
}

static const char *layout(uint32_t ext_type)
{
	return ext_type == FAMFS_EXT_SIMPLE     ? "simple"
	     : ext_type == FAMFS_EXT_INTERLEAVE ? "interleaved"
						: "unknown";
}

void fmap_show_head(struct emit *out, const struct famfs_fmap_head *head)
{
	emit_int(out, "file_type", head->file_type);
	emit_text(out, "file type", fmap_file_type(head->file_type));
	emit_size(out, "file_size", "file size", head->file_size);
	emit_str(out, "ext_type", "layout", layout(head->ext_type));
	emit_u64(out, "nextents", "extents", head->nextents);
}

static void text_place(struct emit *out, const struct famfs_fmap_part *part)
{
	bool strip = part->kind == FAMFS_FMAP_STRIP;
	char label[24], value[160], off[24], len[24];

	snprintf(label, sizeof(label), "%s %u", strip ? "strip" : "extent",
		 strip ? part->strip : part->extent);
	snprintf(value, sizeof(value),
		 "device %" PRIu64 " offset 0x%" PRIx64 " (%s) length 0x%" PRIx64 " (%s)",
		 part->where.dev_index, part->where.off,
		 famfs_size_format(part->where.off, off, sizeof(off)), part->where.len,
		 famfs_size_format(part->where.len, len, sizeof(len)));
	emit_text(out, label, value);
}

static void text_part(struct emit *out, const struct famfs_fmap_part *part)
{
	char value[128], chunk[24];

	if (part->kind != FAMFS_FMAP_INTERLEAVED) {
		text_place(out, part);
		return;
	}
	snprintf(value, sizeof(value), "%u %s, chunks of %s, %" PRIu64 " %s", part->nstrips,
		 plural(part->nstrips, "strip", "strips"),
		 famfs_size_format(part->chunk_size, chunk, sizeof(chunk)), part->nbytes,
		 plural(part->nbytes, "byte", "bytes"));
	emit_text(out, "interleaved", value);
}

static void json_place(struct emit *out, const struct famfs_extent *where)
{
	emit_item(out);
	emit_u64(out, "dev", NULL, where->dev_index);
	emit_u64(out, "off", NULL, where->off);
	emit_u64(out, "len", NULL, where->len);
	emit_item_end(out);
}

/* An interleaved extent holds the list of its strips open until the next one begins. */
static void json_interleaved(struct emit *out, const struct famfs_fmap_part *part, bool first)
{
	if (!first) {
		emit_list_end(out);
		emit_item_end(out);
	}
	emit_item(out);
	emit_u64(out, "nstrips", NULL, part->nstrips);
	emit_u64(out, "chunk_size", NULL, part->chunk_size);
	emit_u64(out, "nbytes", NULL, part->nbytes);
	emit_list(out, "strips", EMIT_SILENT);
}

static void json_extents(struct emit *out, struct famfs_fmap_iter *iter)
{
	bool interleaved = iter->ext_type == FAMFS_EXT_INTERLEAVE, any = false;
	struct famfs_fmap_part part;

	emit_list(out, interleaved ? "interleaved" : "extents", EMIT_SILENT);
	while (famfs_fmap_iter_next(iter, &part, NULL) > 0) {
		if (part.kind == FAMFS_FMAP_INTERLEAVED)
			json_interleaved(out, &part, !any);
		else
			json_place(out, &part.where);
		any = true;
	}
	if (interleaved && any) {
		emit_list_end(out);
		emit_item_end(out);
	}
	emit_list_end(out);
}

void fmap_show_extents(struct emit *out, const void *msg, size_t len)
{
	struct famfs_fmap_iter iter;
	struct famfs_fmap_part part;

	if (famfs_fmap_iter_init(&iter, msg, len, NULL, NULL))
		return;
	if (out->json) {
		json_extents(out, &iter);
		return;
	}
	while (famfs_fmap_iter_next(&iter, &part, NULL) > 0)
		text_part(out, &part);
}

void fmap_hex(struct text *t, const void *msg, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *b = msg;
	char buf[512];
	size_t i, at = 0;

	text_add(t, "", 0);
	for (i = 0; i < len; i++) {
		buf[at++] = digits[b[i] >> 4];
		buf[at++] = digits[b[i] & 15];
		if (at == sizeof(buf) || i + 1 == len) {
			text_add(t, buf, at);
			at = 0;
		}
	}
}

void fmap_verdict_text(struct text *t, const struct famfs_fmap_verdict *v)
{
	uint32_t bits = v->kernel_rc ? v->rejected : v->unsafe;
	const char *words, *lead = ": ";
	unsigned int n;

	text_addf(t, "its map is %s",
		  v->kernel_rc ? "rejected by the kernel" : "accepted by the kernel, but unsafe");
	for (n = 1; n < 32; n++) {
		if (!(bits & (UINT32_C(1) << n)))
			continue;
		words = v->kernel_rc ? famfs_fmap_k_text(n) : famfs_fmap_u_text(n);
		text_addf(t, "%s%c%u (%s)", lead, v->kernel_rc ? 'K' : 'U', n, words ? words : "?");
		lead = ", ";
	}
}

void fmap_show_verdict(struct emit *out, const struct famfs_fmap_verdict *v)
{
	struct text line = { 0 };
	char stop[8];

	if (v->kernel_rc)
		text_addf(&line, "rejects it with -%s, at K%u", famfs_err_code(v->kernel_rc),
			  v->stop);
	else
		text_addf(&line, "accepts it%s", v->unsafe ? ", though it is unsafe" : "; safe");
	emit_text(out, "kernel", line.s);
	emit_int(out, "kernel_rc", v->kernel_rc);
	if (v->kernel_rc) {
		snprintf(stop, sizeof(stop), "K%u", v->stop);
		emit_str(out, "kernel_error", NULL, famfs_err_code(v->kernel_rc));
		emit_str(out, "stopped_by", NULL, stop);
	}
	emit_rules(out, "rejected", 'K', v->rejected);
	emit_rules(out, "unsafe", 'U', v->unsafe);
	text_free(&line);
}

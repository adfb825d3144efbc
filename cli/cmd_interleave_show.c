/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"

/* Rows are shown this many at a time, so that a long range needs no memory. */
enum { ROWS_AT_ONCE = 4096 };

struct show_opts {
	bool bytes;
};

enum { OPT_BYTES = OPT_COMMAND };

static const struct argp_option options[] = {
	{ "bytes", OPT_BYTES, NULL, 0, "Sizes in bytes, on terminals too", 0 },
	COLUMNS_OPTION,
	{ 0 },
};

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	struct show_opts *opts = env->opts;

	(void)arg;
	if (key != OPT_BYTES)
		return ARGP_ERR_UNKNOWN;
	opts->bytes = true;
	return 0;
}

/* @use: of each extent. Return: an exit code. */
static int use_of(struct cmd_env *env, const struct operand *op, const struct famfs_entry *entry,
		  struct famfs_extent_use *use)
{
	struct famfs_err err;
	uint32_t i;

	for (i = 0; i < entry->extents_nr; i++)
		if (famfs_extent_use(entry, i, &use[i], &err)) {
			snprintf(err.object, sizeof(err.object), "%s", op->text);
			return env_error(env, &err);
		}
	if (entry->extents_nr)
		return 0;
	return env_errorf(env, -EUCLEAN, op->text, "damaged map: it has no extents");
}

static void emit_extents(struct emit *out, const struct famfs_entry *entry,
			 const struct famfs_extent_use *use)
{
	bool interleaved = entry->ext_type == FAMFS_EXT_INTERLEAVE;
	uint32_t i;

	emit_list(out, "extents", EMIT_TABLE);
	for (i = 0; i < entry->extents_nr; i++) {
		emit_item(out);
		emit_u64(out, NULL, interleaved ? "STRIP" : "EXTENT", i);
		extent_cells(out, &entry->extents[i]);
		if (interleaved)
			emit_u64(out, "chunks", "CHUNKS", use[i].chunks);
		emit_size(out, "used", "USED", use[i].used);
		emit_size(out, "slack", "SLACK", use[i].slack);
		emit_item_end(out);
	}
	emit_list_end(out);
}

static void show_geometry(struct emit *out, const struct famfs_entry *entry,
			  const struct famfs_extent_use *use)
{
	bool interleaved = entry->ext_type == FAMFS_EXT_INTERLEAVE;
	uint64_t chunks = 0, slack = 0;
	char line[64];
	uint32_t i;

	for (i = 0; i < entry->extents_nr; i++) {
		chunks += use[i].chunks;
		slack += use[i].slack;
	}
	emit_size(out, "size", "size", entry->size);
	emit_str(out, "ext_type", NULL, interleaved ? "interleaved" : "simple");
	if (interleaved) {
		snprintf(line, sizeof(line), "interleaved over %" PRIu64 " %s", entry->nstrips,
			 plural(entry->nstrips, "strip", "strips"));
		emit_text(out, "layout", line);
		emit_u64(out, "nstrips", NULL, entry->nstrips);
		emit_size(out, "chunk_size", "chunk", entry->chunk_size);
		emit_u64(out, "chunks", "chunks", chunks);
	} else {
		snprintf(line, sizeof(line), "simple, %s",
			 entry->extents_nr == 1 ? "in one piece" : "in pieces");
		emit_text(out, "layout", line);
	}
	emit_extents(out, entry, use);
	emit_size(out, "slack", "slack", slack);
}

/* Where one byte lies: which chunk and strip, or which extent. */
static void emit_place(struct emit *out, const struct famfs_entry *entry, uint64_t off,
		       const struct famfs_extent *at)
{
	char cell[64];
	uint32_t i = 0;

	if (entry->ext_type == FAMFS_EXT_INTERLEAVE) {
		emit_u64(out, "chunk", "CHUNK", off / entry->chunk_size);
		i = (uint32_t)(off / entry->chunk_size % entry->nstrips);
		emit_u64(out, "strip", "STRIP", i);
	} else {
		/* The offset was resolved, so that there is such an extent. */
		for (; off >= entry->extents[i].len; i++)
			off -= entry->extents[i].len;
		emit_u64(out, "extent", "EXTENT", i);
	}
	snprintf(cell, sizeof(cell), "%" PRIu64 " device %" PRIu64, at->off, at->dev_index);
	emit_u64(out, "dev", NULL, at->dev_index);
	emit_u64(out, "off", at->dev_index ? NULL : "DEVICE OFFSET", at->off);
	if (at->dev_index)
		emit_text(out, "DEVICE OFFSET", cell);
	emit_u64(out, "len", "LENGTH", at->len);
}

static int show_pieces(struct cmd_env *env, const struct operand *op,
		       const struct famfs_entry *entry, const struct range *range)
{
	uint64_t off = range->off, end = range->off + range->len, rows = 0;
	struct famfs_extent at;
	struct famfs_err err;

	for (; off < end && !cmd_cancelled(); off += at.len) {
		if (famfs_resolve(entry, off, &at, &err)) {
			snprintf(err.object, sizeof(err.object), "%s", op->text);
			return env_error(env, &err);
		}
		if (at.len > end - off)
			at.len = end - off;
		emit_item(&env->out);
		emit_u64(&env->out, "file_off", "OFFSET", off);
		emit_place(&env->out, entry, off, &at);
		emit_item_end(&env->out);
		if (++rows % ROWS_AT_ONCE == 0)
			emit_rows_flush(&env->out);
	}
	return cmd_cancelled() ? EXIT_FAILED : 0;
}

/* All ranges are looked at before anything is shown of them. */
static int check_ranges(struct cmd_env *env, const struct operand *op,
			const struct famfs_entry *entry, const struct range *ranges, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (ranges[i].off >= entry->size || ranges[i].len > entry->size - ranges[i].off)
			return env_errorf(env, -ERANGE, op->text,
					  "range %.80s reaches behind the end: it has %" PRIu64
					  " %s",
					  ranges[i].text, entry->size,
					  plural(entry->size, "byte", "bytes"));
	return 0;
}

static int show(struct cmd_env *env, const struct operand *op, const struct famfs_entry *entry,
		const struct range *ranges)
{
	size_t nr = env->operands_nr - 1, i;
	struct famfs_extent_use use[FAMFS_EXTENTS_MAX];
	struct text path = { 0 };
	int code;

	code = use_of(env, op, entry, use);
	if (!code)
		code = check_ranges(env, op, entry, ranges, nr);
	if (code)
		return code;
	entry_path_text(&path, entry->path);
	emit_str(&env->out, "device", NULL, op->device);
	emit_str(&env->out, "path", NULL, path.s);
	text_free(&path);
	emit_text(&env->out, "file", op->text);
	show_geometry(&env->out, entry, use);
	if (!nr)
		return 0;
	emit_line(&env->out, "%s", "");
	emit_list(&env->out, "pieces", EMIT_TABLE);
	for (i = 0; i < nr && !code; i++)
		code = show_pieces(env, op, entry, &ranges[i]);
	emit_list_end(&env->out);
	return code;
}

static int run(struct cmd_env *env)
{
	const struct show_opts *opts = env->opts;
	struct operand op = operand_file(env, env->operands[0]);
	size_t nr = env->operands_nr - 1, i;
	struct range *ranges = env_keep(env, mem_calloc(nr + 1, sizeof(*ranges)));
	struct famfs_entry entry;
	struct famfs_err err;
	struct famfs *fs;
	int code;

	for (i = 0; i < nr; i++)
		ranges[i] = operand_range(env, env->operands[i + 1]);
	if (opts->bytes)
		env->out.human = false;
	if (famfs_open(env->ctx, op.device, 0, &fs, &err))
		return env_error(env, &err);
	if (famfs_lookup(fs, op.path, &entry, &err))
		code = env_error(env, &err);
	else if (entry.type != FAMFS_ENTRY_FILE)
		code = env_errorf(env, -EISDIR, op.text,
				  "is a directory, and only files have a layout");
	else
		code = show(env, &op, &entry, ranges);
	if (famfs_damage(fs, &err))
		code = env_error(env, &err);
	famfs_close(fs);
	return code;
}

const struct cmd cmd_interleave_show = {
	.name = "show",
	.group = "interleave",
	.summary = "Shows how a file is interleaved, and where ranges of it lie",
	.operands = "FILE [OFFSET[+LENGTH]...]",
	.example = "famfs interleave show /dev/dax0.0:/data/model 1G+16M",
	.columns = "STRIP,EXTENT,OFFSET,CHUNK,DEVICE-OFFSET,LENGTH,CHUNKS,USED,SLACK",
	.options = options,
	.parse = parse,
	.run = run,
	.opts_size = sizeof(struct show_opts),
	.operands_min = 1,
	.operands_max = UINT_MAX,
	.flags = CMD_JSON,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "fmap_source.h"

struct resolve_opts {
	bool reverse, physical;
};

enum { OPT_REVERSE = OPT_COMMAND, OPT_PHYSICAL };

static const struct argp_option options[] = {
	{ "reverse", OPT_REVERSE, NULL, 0,
	  "DEVICE OFFSET[+LENGTH]...: whose bytes are these, and which of the file's", 0 },
	{ "physical", OPT_PHYSICAL, NULL, 0,
	  "ADDRESS...: the same by physical address, on --device or the device that has it", 0 },
	COLUMNS_OPTION,
	{ 0 },
};

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	struct resolve_opts *opts = env->opts;

	(void)arg;
	switch (key) {
	case OPT_REVERSE:
		opts->reverse = true;
		return 0;
	case OPT_PHYSICAL:
		opts->physical = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ------------------------------------------------------------ file to device */

/* One row. @address: FAMFS_NONE where it is not known; @column: others have one. */
static void show_piece(struct emit *out, const struct famfs_fmap_piece *piece, bool column,
		       uint64_t address)
{
	emit_item(out);
	fmap_show_hex64(out, "file_off", "FILE OFFSET", piece->file_off);
	emit_u64(out, "dev", "DEVICE", piece->where.dev_index);
	fmap_show_hex64(out, "off", "OFFSET", piece->where.off);
	fmap_show_hex64(out, "len", "LENGTH", piece->where.len);
	if (address != FAMFS_NONE)
		fmap_show_hex64(out, "physical", "PHYSICAL", address);
	else if (column)
		emit_text(out, "PHYSICAL", "-");
	fmap_show_place(out, piece);
	emit_item_end(out);
}

/* What is one piece of the device may lie in several of the host's memory. */
static void show_physical(const struct fmap_source *s, struct famfs_fmap_piece piece, bool column)
{
	struct famfs_fmap_piece part;
	uint64_t address, run;

	while (piece.where.len) {
		part = piece;
		address = FAMFS_NONE;
		if (column && !piece.where.dev_index &&
		    !famfs_physical(s->fs, piece.where.off, &address, &run, NULL) &&
		    run < part.where.len)
			part.where.len = run;
		show_piece(&s->env->out, &part, column, address);
		piece.file_off += part.where.len;
		piece.where.off += part.where.len;
		piece.where.len -= part.where.len;
	}
}

static int fail(const struct fmap_source *s, struct famfs_err *err)
{
	snprintf(err->object, sizeof(err->object), "%s", s->env->operands[0]);
	return env_error(s->env, err);
}

static int resolve_range(const struct fmap_source *s, const struct range *range)
{
	struct famfs_fmap_piece piece;
	struct famfs_fmap_walk walk;
	struct famfs_err err;
	uint64_t address;
	bool column = s->fs && !famfs_physical(s->fs, 0, &address, NULL, NULL);
	uint64_t len = range->len;
	int rc = famfs_fmap_walk_init(&walk, s->msg.s, s->msg.len, &err);

	/* Without a length: one piece, as far as it goes. */
	if (!rc && !range->has_len && range->off < walk.file_size)
		len = walk.file_size - range->off;
	if (!rc)
		rc = famfs_fmap_walk_seek(&walk, range->off, len, &err);
	if (rc)
		return fail(s, &err);
	do {
		rc = famfs_fmap_walk_next(&walk, &piece, &err);
		if (rc > 0)
			show_physical(s, piece, column);
	} while (rc > 0 && range->has_len && !cmd_cancelled());
	return rc < 0 ? fail(s, &err) : 0;
}

static int resolve(struct cmd_env *env)
{
	struct fmap_source s = { .env = env };
	struct range range;
	struct text path = { 0 };
	int code = fmap_source_file(&s, env->operands[0]);
	size_t i;

	if (!code) {
		emit_str(&env->out, s.fs ? "device" : "message", NULL, s.device);
		if (s.fs) {
			entry_path_text(&path, s.entry.path);
			emit_str(&env->out, "path", NULL, path.s);
		}
		emit_list(&env->out, "pieces", EMIT_TABLE);
		for (i = 1; i < env->operands_nr && !cmd_cancelled(); i++) {
			range = operand_range(env, env->operands[i]);
			code |= resolve_range(&s, &range);
		}
		emit_list_end(&env->out);
	}
	text_free(&path);
	return fmap_source_close(&s) | code;
}

/* ------------------------------------------------------------ device to file */

static int reverse(struct cmd_env *env)
{
	struct fmap_source s = { .env = env };
	struct range range;
	int code = fmap_source_any(&s, env->operands[0]);
	size_t i;

	if (!code) {
		emit_str(&env->out, s.fs ? "device" : "message", NULL, s.device);
		emit_list(&env->out, "owners", EMIT_TABLE);
		for (i = 1; i < env->operands_nr && !cmd_cancelled(); i++) {
			range = operand_range(env, env->operands[i]);
			code |= fmap_reverse(&s, &range, FAMFS_NONE);
		}
		emit_list_end(&env->out);
	}
	return fmap_source_close(&s) | code;
}

static int physical_one(struct cmd_env *env, uint64_t address)
{
	struct fmap_source s = { .env = env };
	struct range range = { .len = 1 };
	char device[64];
	struct famfs_err err;
	int code;

	if (!env->device && famfs_physical_device(env->ctx, address, device, sizeof(device), &err))
		return env_error(env, &err);
	code = fmap_source_device(&s, env->device ? env->device : device);
	if (!code && famfs_physical_off(s.fs, address, &range.off, &err))
		code = env_error(env, &err);
	if (!code)
		code = fmap_reverse(&s, &range, address);
	return fmap_source_close(&s) | code;
}

static int physical(struct cmd_env *env)
{
	size_t i;
	int code = 0;

	emit_list(&env->out, "owners", EMIT_TABLE);
	for (i = 0; i < env->operands_nr && !cmd_cancelled(); i++)
		code |= physical_one(env, operand_number(env, "ADDRESS", env->operands[i]));
	emit_list_end(&env->out);
	return code;
}

static int run(struct cmd_env *env)
{
	const struct resolve_opts *opts = env->opts;
	size_t i;

	if (opts->reverse && opts->physical)
		env_usage(env, "--physical", NULL, "contradicts --reverse");
	if (!opts->physical && env->operands_nr < 2)
		env_usage(env, "", NULL, "an offset is missing");
	/* All words are looked at before anything is shown. */
	for (i = opts->physical ? 0 : 1; i < env->operands_nr; i++) {
		if (opts->physical)
			(void)operand_number(env, "ADDRESS", env->operands[i]);
		else
			(void)operand_range(env, env->operands[i]);
	}
	if (opts->physical)
		return physical(env);
	return opts->reverse ? reverse(env) : resolve(env);
}

const struct cmd cmd_fmap_resolve = {
	.name = "resolve",
	.group = "fmap",
	.summary = "Translates offsets of files to places on devices, and back",
	.operands = "FILE OFFSET[+LENGTH]...",
	.example = "famfs fmap resolve --reverse /dev/dax0.0 0x1300000",
	.columns = "FILE-OFFSET,DEVICE,OFFSET,LENGTH,PHYSICAL,KIND,FILE,PLACE",
	.options = options,
	.parse = parse,
	.run = run,
	.opts_size = sizeof(struct resolve_opts),
	.operands_min = 1,
	.operands_max = UINT_MAX,
	.flags = CMD_JSON,
};

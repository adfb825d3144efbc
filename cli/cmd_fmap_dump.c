/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fmap.h"
#include "listing.h"
#include "outfile.h"

enum format { FORMAT_DEFAULT, FORMAT_TEXT, FORMAT_JSON, FORMAT_RAW, FORMAT_HEX };

struct dump_opts {
	enum format format;
	const struct famfs_wire *wire;
	const char *output;
	bool force, recursive;
};

enum { OPT_FORMAT = OPT_COMMAND, OPT_FORCE, OPT_WIRE };

static const struct argp_option options[] = {
	{ "format", OPT_FORMAT, "FORMAT", 0,
	  "text (default), json, hex, or raw: the message itself", 0 },
	{ "wire", OPT_WIRE, "WIRE", 0, "v1 (default), or v2: interleaved files unrolled", 0 },
	{ "recursive", 'r', NULL, 0, "Everything below a directory; of a device: always", 0 },
	{ "output", 'o', "FILE", 0,
	  "Where raw bytes go, - for stdout (default); of several files a directory", 0 },
	{ "force", OPT_FORCE, NULL, 0, "Raw, even if the kernel rejects it or it is unsafe", 0 },
	{ 0 },
};

/* The message of one file, and what is thought of it. @several: it is one of a list. */
struct dump {
	struct cmd_env *env;
	struct operand op;
	struct famfs *fs;
	struct famfs_fmap_limits limits;
	struct famfs_entry entry;
	struct famfs_fmap_verdict verdict;
	struct famfs_reply msg;
	struct fmap_dir dir;
	bool several, safe;
};

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	static const char *const formats[] = { NULL, "text", "json", "raw", "hex" };
	struct dump_opts *opts = env->opts;
	int i;

	switch (key) {
	case OPT_FORMAT:
		for (i = FORMAT_TEXT; i <= FORMAT_HEX && strcmp(arg, formats[i]); i++)
			;
		if (i > FORMAT_HEX)
			env_usage_value(env, "--format", arg, NULL,
					"is not text, json, raw or hex");
		opts->format = (enum format)i;
		return 0;
	case OPT_WIRE:
		opts->wire = famfs_wire_find(arg);
		if (!opts->wire)
			env_usage_value(env, "--wire", arg, NULL, "is not v1 or v2");
		return 0;
	case 'r':
		opts->recursive = true;
		return 0;
	case 'o':
		opts->output = arg;
		return 0;
	case OPT_FORCE:
		opts->force = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ------------------------------------------------------------------- showing */

/* A failure of one file, whose name is the one that was given. */
static int fail(const struct dump *d, struct famfs_err *err)
{
	snprintf(err->object, sizeof(err->object), "%s", d->op.text);
	return env_error(d->env, err);
}

static int complain(const struct dump *d, bool kept_back)
{
	struct famfs_err err = { .rc = -EUCLEAN, .off = FAMFS_NONE, .entry = FAMFS_NONE };
	struct text t = { 0 };
	char shown[320];

	fmap_verdict_text(&t, &d->verdict);
	snprintf(err.message, sizeof(err.message), "%s", t.s);
	text_free(&t);
	snprintf(err.hint, sizeof(err.hint), "%sfamfs check --repair %s mends what can be mended",
		 kept_back ? "it is not handed out raw without --force; " : "",
		 famfs_shell_quote(d->op.device, true, shown, sizeof(shown)));
	return fail(d, &err);
}

static void show(const struct dump *d)
{
	const struct dump_opts *opts = d->env->opts;
	struct emit *out = &d->env->out;
	struct text path = { 0 }, hex = { 0 };
	struct famfs_fmap_iter iter;
	struct famfs_fmap_head head;

	if (famfs_fmap_iter_init(&iter, d->msg.buf, d->msg.len, &head, NULL))
		return;
	entry_path_text(&path, d->entry.path);
	if (!d->several)
		emit_str(out, "device", NULL, d->op.device);
	emit_str(out, "path", NULL, path.s);
	emit_str(out, NULL, "file", d->op.text);
	emit_str(out, "wire", "wire", opts->wire->name);
	emit_u64(out, "length", "message bytes", d->msg.len);
	fmap_show_head(out, &head);
	fmap_show_extents(out, d->msg.buf, d->msg.len);
	if (out->json)
		fmap_hex(&hex, d->msg.buf, d->msg.len);
	if (out->json)
		emit_str(out, "hex", NULL, hex.s);
	fmap_show_verdict(out, &d->verdict);
	text_free(&path);
	text_free(&hex);
}

/* One line; of several files with the name behind it. */
static void show_hex(const struct dump *d)
{
	struct text line = { 0 };

	fmap_hex(&line, d->msg.buf, d->msg.len);
	if (d->several) {
		text_addf(&line, "  /");
		text_add_safe(&line, d->entry.path, true);
	}
	text_addf(&line, "\n");
	fwrite(line.s, 1, line.len, stdout);
	text_free(&line);
}

static int write_raw(struct dump *d)
{
	const struct dump_opts *opts = d->env->opts;

	if (!d->safe && !opts->force)
		return complain(d, true);
	if (d->several)
		return fmap_write_below(d->env, &d->msg, &d->dir, d->entry.path);
	if (opts->output && strcmp(opts->output, "-"))
		return outfile_save(d->env, opts->output, d->op.device, d->msg.buf, d->msg.len);
	fwrite(d->msg.buf, 1, d->msg.len, stdout);
	return 0;
}

/* -------------------------------------------------------------------- making */

/* Into a buffer that grows. */
static int encode(struct dump *d, const struct famfs_wire *wire, struct famfs_err *err)
{
	int rc = famfs_fmap_encode(&d->entry, wire, &d->msg, err);

	if (rc != -ENOSPC)
		return rc;
	d->msg.buf = mem_grow(d->msg.buf, &d->msg.cap, d->msg.len, 1);
	return famfs_fmap_encode(&d->entry, wire, &d->msg, err);
}

/* The v1 message is judged: what makes a map unsafe is the same in all generations. */
static int make(struct dump *d)
{
	const struct dump_opts *opts = d->env->opts;
	struct famfs_err err;

	if (encode(d, NULL, &err))
		return fail(d, &err);
	famfs_fmap_judge(d->msg.buf, d->msg.len, &d->limits, &d->verdict);
	d->safe = !d->verdict.kernel_rc && !d->verdict.unsafe;
	if (encode(d, opts->wire, &err))
		return fail(d, &err);
	return 0;
}

static int dump_one(struct dump *d)
{
	const struct dump_opts *opts = d->env->opts;
	int code = make(d);

	if (code)
		return code;
	if (opts->format == FORMAT_RAW) {
		code = write_raw(d);
	} else if (opts->format == FORMAT_HEX) {
		show_hex(d);
	} else {
		if (d->several)
			emit_item(&d->env->out);
		show(d);
		if (d->several)
			emit_item_end(&d->env->out);
	}
	if (code)
		return code;
	return d->safe ? 0 : complain(d, false);
}

/* --------------------------------------------------------------- what to dump */

static bool wanted(const void *data, const struct famfs_entry *entry)
{
	const struct famfs_entry *top = data;

	return entry->type == FAMFS_ENTRY_FILE && path_below(entry->path, top->path);
}

/* Names a file of the list, and dumps it. */
static int dump_named(struct dump *d)
{
	struct text name = { 0 };
	int code;

	text_addf(&name, "%s:/%s", d->op.device, d->entry.path);
	d->op.text = name.s;
	code = dump_one(d);
	text_free(&name);
	return code;
}

static bool ends_early(const struct dump *d)
{
	return cmd_cancelled() || d->dir.hopeless;
}

static int dump_rows(struct dump *d, const struct listing *l)
{
	struct famfs_err err;
	int code = 0;
	size_t i;

	for (i = 0; i < l->nr && !ends_early(d); i++) {
		if (listing_entry(d->fs, &l->rows[i], &d->entry, &err))
			return env_error(d->env, &err);
		code |= dump_named(d);
	}
	return cmd_cancelled() ? EXIT_FAILED : code;
}

/* The superblock's and the log's own maps come last, so that no file can take their names. */
static int dump_meta(struct dump *d)
{
	static const char *const names[] = { ".meta/.superblock", ".meta/.log" };
	struct famfs_err err;
	int code = 0, i;

	for (i = 0; i < 2 && !ends_early(d); i++) {
		if (famfs_lookup_meta(d->fs, names[i], &d->entry, &err))
			return env_error(d->env, &err);
		code |= dump_named(d);
	}
	return code;
}

static int dump_below(struct dump *d)
{
	struct famfs_entry top = d->entry;
	struct listing l = { .env = d->env, .fs = d->fs, .wanted = wanted, .data = &top };
	int code = listing_collect(&l);

	if (!code)
		code = dump_rows(d, &l);
	if (!ends_early(d) && path_below(".meta/.log", top.path))
		code |= dump_meta(d);
	listing_free(&l);
	note_unusable(d->env, d->fs, d->op.device);
	return code;
}

static int dump_several(struct dump *d)
{
	const struct dump_opts *opts = d->env->opts;
	struct emit *out = &d->env->out;
	bool listed = opts->format == FORMAT_JSON || opts->format == FORMAT_TEXT;
	int code = 0;

	if (opts->output)
		code = fmap_dir_open(d->env, opts->output, d->op.device, &d->dir);
	if (code)
		return code;
	if (out->json)
		emit_str(out, "device", NULL, d->op.device);
	if (listed)
		emit_list(out, "fmaps", EMIT_BLOCK);
	code = d->entry.type == FAMFS_ENTRY_MKDIR ? dump_below(d) : dump_named(d);
	if (listed)
		emit_list_end(out);
	return code;
}

static int dump(struct dump *d)
{
	struct famfs_err err;

	famfs_limits(d->fs, &d->limits);
	if (famfs_lookup_meta(d->fs, d->op.path ? d->op.path : "/", &d->entry, &err))
		return env_error(d->env, &err);
	if (d->several)
		return dump_several(d);
	if (d->entry.type == FAMFS_ENTRY_MKDIR)
		return env_errorf(d->env, -EISDIR, d->op.text,
				  "is a directory, and only files have maps; add --recursive for "
				  "those below it");
	return dump_one(d);
}

/* What does not fit together; settles the format. */
static void check_options(struct cmd_env *env, bool several)
{
	struct dump_opts *opts = env->opts;

	if (opts->format == FORMAT_DEFAULT)
		opts->format = env->json ? FORMAT_JSON : FORMAT_TEXT;
	if (env->json && opts->format != FORMAT_JSON)
		env_usage(env, "--json", NULL, "contradicts --format");
	if (opts->format == FORMAT_JSON)
		env->json = env->out.json = true;
	if (opts->format != FORMAT_RAW && (opts->output || opts->force))
		env_usage(env, opts->output ? "--output" : "--force", "add --format=raw",
			  "is for raw maps only");
	if (opts->format != FORMAT_RAW || (opts->output && strcmp(opts->output, "-")))
		return;
	if (several)
		env_usage(env, "--format=raw", "add -o DIR",
			  "several messages are written to a directory");
	if (isatty(STDOUT_FILENO))
		env_usage(env, "--format=raw", "add -o FILE",
			  "raw bytes are not written to a terminal");
}

static int run(struct cmd_env *env)
{
	struct dump_opts *opts = env->opts;
	struct dump d = { .env = env, .dir = { .root = -1 } };
	struct operand *op;
	struct famfs_err err;
	int code;

	operand_list(env, &op);
	d.op = *op;
	d.several = opts->recursive || !d.op.path;
	if (!opts->wire)
		opts->wire = famfs_wire(FAMFS_WIRE_V1);
	check_options(env, d.several);
	if (famfs_open(env->ctx, d.op.device, 0, &d.fs, &err))
		return env_error(env, &err);
	code = dump(&d);
	if (famfs_damage(d.fs, &err))
		code = env_error(env, &err);
	famfs_close(d.fs);
	if (d.dir.root >= 0)
		close(d.dir.root);
	free(d.msg.buf);
	return code;
}

const struct cmd cmd_fmap_dump = {
	.name = "dump",
	.group = "fmap",
	.summary = "Shows the maps of files that the kernel gets",
	.operands = "[FILE|DEVICE]",
	.example = "famfs fmap dump --format=raw -o a.fmap /dev/dax0.0:/a",
	.options = options,
	.parse = parse,
	.run = run,
	.opts_size = sizeof(struct dump_opts),
	.operands_max = 1,
	.flags = CMD_JSON,
};

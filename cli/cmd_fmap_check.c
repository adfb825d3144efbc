/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "fmap.h"
#include "fmap_source.h"

struct check_opts {
	bool before_v8;
	const char *against;
	uint64_t device_size;
};

enum { OPT_KERNEL = OPT_COMMAND, OPT_AGAINST, OPT_DEVICE_SIZE };

static const struct argp_option options[] = {
	{ "kernel", OPT_KERNEL, "VERSION", 0,
	  "v10 (default), or v7: which errno it has; the same are rejected", 0 },
	{ "against", OPT_AGAINST, "DEVICE", 0,
	  "The device whose size, superblock and log the extents must respect", 0 },
	{ "device-size", OPT_DEVICE_SIZE, "SIZE", 0, "The size of a device that is not at hand",
	  0 },
	{ 0 },
};

/* One judgement. @fs: the device of --against. */
struct check {
	struct cmd_env *env;
	const char *file;
	struct text msg;
	struct famfs *fs;
	struct famfs_fmap_limits limits;
	struct famfs_fmap_verdict verdict;
};

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	struct check_opts *opts = env->opts;

	switch (key) {
	case OPT_KERNEL:
		opts->before_v8 = !strcmp(arg, "v7");
		if (!opts->before_v8 && strcmp(arg, "v10"))
			env_usage_value(env, "--kernel", arg, NULL, "is not v7 or v10");
		return 0;
	case OPT_AGAINST:
		opts->against = arg;
		return 0;
	case OPT_DEVICE_SIZE:
		opts->device_size = option_size(env, "--device-size", arg);
		if (!opts->device_size)
			env_usage_value(env, "--device-size", arg, NULL, "must be more than 0");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* -------------------------------------------------------------- whose space */

/* Has the file an extent in common with the message? */
static bool shares(const struct check *c, const struct famfs_entry *entry)
{
	struct famfs_fmap_iter iter;
	struct famfs_fmap_part part;
	uint32_t i;

	if (famfs_fmap_iter_init(&iter, c->msg.s, c->msg.len, NULL, NULL))
		return false;
	while (famfs_fmap_iter_next(&iter, &part, NULL) > 0) {
		for (i = 0; part.kind != FAMFS_FMAP_INTERLEAVED && i < entry->extents_nr; i++) {
			const struct famfs_extent *a = &part.where, *b = &entry->extents[i];

			/* Which of two begins first does not matter: ends are never computed. */
			if (a->dev_index == b->dev_index && a->len && b->len &&
			    (a->off - b->off < b->len || b->off - a->off < a->len))
				return true;
		}
	}
	return false;
}

/* The files that lie where the message says: one that was dumped shares space with its file. */
static int show_sharers(const struct check *c)
{
	struct emit *out = &c->env->out;
	struct famfs_entry entry;
	struct famfs_err err;
	uint64_t cursor = 0;
	struct text path = { 0 };
	int rc;

	emit_list(out, "files", EMIT_SILENT);
	while ((rc = famfs_next(c->fs, &cursor, &entry, &err)) > 0 && !cmd_cancelled()) {
		if (entry.type != FAMFS_ENTRY_FILE || !shares(c, &entry))
			continue;
		path.len = 0;
		entry_path_text(&path, entry.path);
		emit_str(out, NULL, NULL, path.s);
		if (!out->json) {
			struct text safe = { 0 };

			text_add_safe(&safe, path.s, true);
			emit_line(out, "%-14s %s", "file there", safe.s);
			text_free(&safe);
		}
	}
	emit_list_end(out);
	text_free(&path);
	if (rc < 0)
		return env_error(c->env, &err);
	if (famfs_damage(c->fs, &err))
		env_note(c->env, err.object, err.message, "other files may lie there, too");
	return 0;
}

/* ------------------------------------------------------------------ showing */

static void show_held(const struct check *c)
{
	const struct famfs_fmap_verdict *v = &c->verdict;
	struct emit *out = &c->env->out;
	struct famfs_fmap_iter iter;
	struct famfs_fmap_head head;
	char bitmap[24];

	if (famfs_fmap_iter_init(&iter, c->msg.s, c->msg.len, &head, NULL))
		return;
	if (out->json && v->kernel_rc)
		return;
	if (out->json)
		emit_object(out, "holds");
	fmap_show_head(out, &head);
	fmap_show_extents(out, c->msg.s, c->msg.len);
	emit_u64(out, "dev_bitmap", NULL, v->dev_bitmap);
	snprintf(bitmap, sizeof(bitmap), "0x%" PRIx64, v->dev_bitmap);
	if (!v->kernel_rc)
		emit_text(out, "device bitmap", bitmap);
	if (out->json)
		emit_object_end(out);
}

static void show(const struct check *c)
{
	const struct check_opts *opts = c->env->opts;
	struct emit *out = &c->env->out;

	emit_str(out, "file", "message", file_name(c->file));
	emit_u64(out, "length", "message bytes", c->msg.len);
	emit_str(out, "kernel", "kernel version", opts->before_v8 ? "v7" : "v10");
	if (c->limits.dev_size)
		emit_size(out, "device_size", "device size", c->limits.dev_size);
	if (c->limits.data_off)
		emit_size(out, "data_off", "data begins at", c->limits.data_off);
	show_held(c);
	fmap_show_verdict(out, &c->verdict);
	if (!c->verdict.kernel_rc && !c->limits.data_off)
		emit_text(out, "not judged",
			  c->limits.dev_size
				  ? "U3 with superblock and log: give --against"
				  : "U4, and U3 with superblock and log: give --against");
}

/* A message of the later generation would be judged by rules that are not its own. */
static void note_v2(const struct check *c)
{
	struct famfs_fmap_iter iter;
	struct famfs_fmap_head head;

	if (!famfs_fmap_iter_init(&iter, c->msg.s, c->msg.len, &head, NULL) &&
	    head.fmap_size == c->msg.len)
		env_note(c->env, file_name(c->file),
			 "seems to be a v2 message, and is judged as v1", NULL);
}

/* ------------------------------------------------------------------- judging */

static int open_device(struct check *c, const char *device)
{
	enum famfs_fmap_kernel kernel = c->limits.kernel;
	struct famfs_err err;

	if (famfs_open(c->env->ctx, operand_device(c->env, device), 0, &c->fs, &err)) {
		env_error(c->env, &err);
		return JUDGE_UNREADABLE;
	}
	famfs_limits(c->fs, &c->limits);
	c->limits.kernel = kernel;
	return 0;
}

/* What is named as a file inside of a famfs is looked for there by another command. */
static int require_saved(const struct check *c)
{
	struct famfs_err err = { .rc = -ENOENT, .off = FAMFS_NONE, .entry = FAMFS_NONE };

	if (!strstr(c->file, ":/") || !access(c->file, F_OK))
		return 0;
	snprintf(err.object, sizeof(err.object), "%s", c->file);
	snprintf(err.message, sizeof(err.message), "no such file with a message");
	snprintf(err.hint, sizeof(err.hint),
		 "famfs fmap dump judges the map of a file inside a famfs");
	return env_error(c->env, &err);
}

static int judge(struct check *c)
{
	const struct check_opts *opts = c->env->opts;
	int code = 0;

	if (require_saved(c) || fmap_read(c->env, c->file, &c->msg))
		return JUDGE_UNREADABLE;
	if (opts->against)
		code = open_device(c, opts->against);
	if (code)
		return code;
	famfs_fmap_judge(c->msg.s, c->msg.len, &c->limits, &c->verdict);
	note_v2(c);
	show(c);
	if (c->fs && show_sharers(c))
		return JUDGE_UNREADABLE;
	if (c->verdict.kernel_rc)
		return JUDGE_REJECTED;
	return c->verdict.unsafe ? JUDGE_UNSAFE : 0;
}

static int run(struct cmd_env *env)
{
	const struct check_opts *opts = env->opts;
	struct check c = {
		.env = env,
		.file = env->operands[0],
		.limits = {
			.dev_size = opts->device_size,
			.kernel = opts->before_v8 ? FAMFS_KERNEL_V7 : FAMFS_KERNEL_V10,
		},
	};
	int code;

	if (opts->against && opts->device_size)
		env_usage(env, "--device-size", NULL,
			  "contradicts --against, which tells the size");
	code = judge(&c);
	famfs_close(c.fs);
	text_free(&c.msg);
	return code;
}

const struct cmd cmd_fmap_check = {
	.name = "check",
	.group = "fmap",
	.summary = "Judges a v1 map: would the kernel take it, and is it safe",
	.operands = "FILE|-",
	.example = "famfs fmap check --against /dev/dax0.0 a.fmap",
	.options = options,
	.parse = parse,
	.run = run,
	.opts_size = sizeof(struct check_opts),
	.operands_min = 1,
	.operands_max = 1,
	.flags = CMD_JSON | CMD_JUDGE,
};

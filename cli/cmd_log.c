/* SPDX-License-Identifier: Apache-2.0 */
/* log show: the log as it is, or was. log follow: as it grows. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cmd.h"

struct log_opts {
	uint64_t since, until, count;
	bool since_given, until_given;
	uint32_t timeout_ms;
};

enum { OPT_SINCE = OPT_COMMAND, OPT_UNTIL, OPT_COUNT, OPT_TIMEOUT };

/* Seconds that fit the library's milliseconds. */
enum { TIMEOUT_MAX = 4000000 };

static const struct argp_option show_options[] = {
	{ "since", OPT_SINCE, "N", 0, "Only what came behind the first N entries", 0 },
	{ "until", OPT_UNTIL, "N", 0, "The log as it was when it had N entries", 0 },
	COLUMNS_OPTION,
	{ 0 },
};

static const struct argp_option follow_options[] = {
	{ "since", OPT_SINCE, "N", 0, "First what came behind the first N entries", 0 },
	{ "count", OPT_COUNT, "N", 0, "End after N entries", 0 },
	{ "timeout", OPT_TIMEOUT, "SECONDS", 0, "End with exit code 1 after so long without any",
	  0 },
	COLUMNS_OPTION,
	{ 0 },
};

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	struct log_opts *opts = env->opts;

	switch (key) {
	case OPT_SINCE:
		opts->since = option_index(env, "--since", arg, FAMFS_NONE - 1);
		opts->since_given = true;
		return 0;
	case OPT_UNTIL:
		opts->until = option_index(env, "--until", arg, FAMFS_NONE - 1);
		opts->until_given = true;
		return 0;
	case OPT_COUNT:
		opts->count = option_number(env, "--count", arg, FAMFS_NONE - 1);
		return 0;
	case OPT_TIMEOUT:
		opts->timeout_ms = (uint32_t)option_number(env, "--timeout", arg, TIMEOUT_MAX) *
				   1000;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* What a part of the log adds up to. */
struct log_sum {
	uint64_t entries, files, dirs, bytes;
};

static void add_up(struct log_sum *sum, const struct famfs_entry *entry)
{
	sum->entries++;
	sum->dirs += entry->type == FAMFS_ENTRY_MKDIR;
	if (entry->type != FAMFS_ENTRY_FILE)
		return;
	sum->files++;
	/* Sizes on hostile media must not make the sum wrap. */
	if (__builtin_add_overflow(sum->bytes, entry->size, &sum->bytes))
		sum->bytes = UINT64_MAX;
}

/* One row; the fields of a JSON object. */
static void show_entry(struct emit *out, const struct famfs_entry *entry)
{
	struct text layout = { 0 }, path = { 0 };

	if (out->json) {
		entry_emit(out, entry);
		return;
	}
	entry_layout_text(&layout, entry);
	if (entry->type == FAMFS_ENTRY_ADD_DAXDEV)
		text_addf(&path, "(device %u)", entry->dd_index);
	else
		entry_path_text(&path, entry->path);
	emit_u64(out, NULL, "ENTRY", entry->index);
	emit_text(out, "TYPE", entry_type_name(entry));
	emit_mode(out, NULL, "MODE", entry->mode);
	emit_u64(out, NULL, "UID", entry->uid);
	emit_u64(out, NULL, "GID", entry->gid);
	emit_size(out, NULL, "SIZE",
		  entry->type == FAMFS_ENTRY_ADD_DAXDEV ? entry->dd_size : entry->size);
	emit_text(out, "LAYOUT", layout.s);
	emit_str(out, NULL, "PATH", path.s);
	text_free(&layout);
	text_free(&path);
}

static int show_range(struct cmd_env *env, struct famfs *fs, uint64_t first, uint64_t end)
{
	struct log_sum sum = { 0 };
	struct famfs_entry entry;
	struct famfs_err err;
	struct emit *out = &env->out;
	int code = 0;

	emit_list(out, "entries", EMIT_TABLE);
	for (uint64_t i = first; i < end && !cmd_cancelled() && !code; i++) {
		if (famfs_log_entry(fs, i, &entry, &err)) {
			code = env_error(env, &err);
			break;
		}
		add_up(&sum, &entry);
		emit_item(out);
		show_entry(out, &entry);
		emit_item_end(out);
	}
	emit_list_end(out);
	emit_u64(out, "files", NULL, sum.files);
	emit_u64(out, "dirs", NULL, sum.dirs);
	emit_u64(out, "file_bytes", NULL, sum.bytes);
	return cmd_cancelled() ? EXIT_FAILED : code;
}

/* The points that the options name must be in the log. */
static void check_point(struct cmd_env *env, const char *option, uint64_t point, uint64_t entries)
{
	if (point <= entries)
		return;
	env_usage(env, option, NULL, "%" PRIu64 ": the log has %" PRIu64 " valid %s", point,
		  entries, plural(entries, "entry", "entries"));
}

static int show_open(struct cmd_env *env, struct famfs *fs, const char *device)
{
	const struct log_opts *opts = env->opts;
	struct famfs_info info;
	struct famfs_err err;
	uint64_t end;
	int code;

	if (famfs_info(fs, &info, &err))
		return env_error(env, &err);
	end = opts->until_given ? opts->until : info.log_good;
	check_point(env, "--until", end, info.log_good);
	check_point(env, "--since", opts->since, end);
	emit_str(&env->out, "device", NULL, device);
	emit_uuid(&env->out, "uuid", NULL, info.super.uuid);
	emit_u64(&env->out, "log_slots", NULL, info.log_slots);
	emit_u64(&env->out, "log_used", NULL, info.log_used);
	emit_u64(&env->out, "since", NULL, opts->since);
	emit_u64(&env->out, "until", NULL, end);
	code = show_range(env, fs, opts->since, end);
	/* What is asked for lies before the damage, or is cut off by it. */
	if (!code && !opts->until_given && famfs_damage(fs, &err))
		code = env_error(env, &err);
	return code;
}

static int run_show(struct cmd_env *env)
{
	const char *device = operand_only_device(env);
	struct famfs_err err;
	struct famfs *fs;
	int code;

	if (famfs_open(env->ctx, device, 0, &fs, &err))
		return env_error(env, &err);
	code = show_open(env, fs, device);
	famfs_close(fs);
	return code;
}

/* Where following stands. */
struct follow {
	struct cmd_env *env;
	struct famfs *fs;
	const char *device;
	uint64_t next, left; /* @left: entries until the end, if --count */
};

/* A row by itself. */
static void show_row(struct emit *out, const struct famfs_entry *entry)
{
	emit_list(out, NULL, EMIT_ROWS);
	emit_item(out);
	show_entry(out, entry);
	emit_item_end(out);
	emit_list_end(out);
}

/* Each entry is out before the next is waited for: others read it from a pipe. */
static int print_new(struct follow *f)
{
	const struct log_opts *opts = f->env->opts;
	struct famfs_entry entry;

	while ((!opts->count || f->left) && !famfs_log_entry(f->fs, f->next, &entry, NULL)) {
		struct emit line;

		emit_init(&line, f->env->json, f->env->out.human, f->env->out.color);
		line.table = f->env->out.table;
		if (line.json)
			show_entry(&line, &entry);
		else
			show_row(&line, &entry);
		emit_end(&line);
		f->next++;
		f->left--;
	}
	return fflush(stdout) ? EXIT_FAILED : 0;
}

static int follow(struct follow *f)
{
	const struct log_opts *opts = f->env->opts;
	struct famfs_err err;
	int rc, code;

	for (;;) {
		code = print_new(f);
		if (code || (opts->count && !f->left))
			return code;
		if (famfs_damage(f->fs, &err))
			return env_error(f->env, &err);
		rc = famfs_wait(f->fs, opts->timeout_ms ? opts->timeout_ms : UINT32_MAX, &err);
		if (rc < 0)
			return env_error(f->env, &err);
		if (rc == 0)
			return env_errorf(f->env, -ETIMEDOUT, f->device, "no new entry within %u s",
					  opts->timeout_ms / 1000);
	}
}

static int run_follow(struct cmd_env *env)
{
	const struct log_opts *opts = env->opts;
	struct follow f = { .env = env, .left = opts->count };
	struct famfs_info info;
	struct famfs_err err;
	int code;

	f.device = operand_only_device(env);
	if (famfs_open(env->ctx, f.device, 0, &f.fs, &err))
		return env_error(env, &err);
	if (famfs_info(f.fs, &info, &err)) {
		code = env_error(env, &err);
	} else {
		f.next = opts->since_given ? opts->since : info.log_good;
		check_point(env, "--since", f.next, info.log_good);
		code = follow(&f);
	}
	famfs_close(f.fs);
	return code;
}

const struct cmd cmd_log_show = {
	.name = "show",
	.group = "log",
	.summary = "Shows the log, as it is or as it was at an earlier point",
	.operands = "[DEVICE]",
	.example = "famfs log show --since 100 --until 120 /dev/dax0.0",
	.columns = "ENTRY,TYPE,MODE,UID,GID,SIZE,LAYOUT,PATH",
	.options = show_options,
	.parse = parse,
	.run = run_show,
	.opts_size = sizeof(struct log_opts),
	.operands_max = 1,
	.flags = CMD_JSON,
};

const struct cmd cmd_log_follow = {
	.name = "follow",
	.group = "log",
	.summary = "Prints what any host appends to the log, as it comes",
	.operands = "[DEVICE]",
	.example = "famfs log follow --json /dev/dax0.0 | jq -r .path",
	.columns = "ENTRY,TYPE,MODE,UID,GID,SIZE,LAYOUT,PATH",
	.options = follow_options,
	.parse = parse,
	.run = run_follow,
	.opts_size = sizeof(struct log_opts),
	.operands_max = 1,
	.flags = CMD_JSON,
};

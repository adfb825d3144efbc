/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "listing.h"

struct ls_opts {
	bool all, longer, recursive, bytes;
	bool listed; /* a directory was listed, so that a blank line comes first */
};

enum { OPT_BYTES = OPT_COMMAND };

static const struct argp_option options[] = {
	{ "all", 'a', NULL, 0, "Show the implied directory .meta too", 0 },
	{ "long", 'l', NULL, 0, "Mode, owner, group, size and layout", 0 },
	{ "recursive", 'R', NULL, 0, "What is in directories too", 0 },
	{ "bytes", OPT_BYTES, NULL, 0, "Sizes in bytes, on terminals too", 0 },
	COLUMNS_OPTION,
	{ 0 },
};

/* The listing of one operand. */
struct ls {
	struct cmd_env *env;
	struct ls_opts *opts;
	const struct operand *op;
	struct famfs *fs;
	bool several;           /* several devices */
	struct famfs_entry top; /* what the operand names */
	struct listing rows;
};

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	struct ls_opts *opts = env->opts;

	(void)arg;
	switch (key) {
	case 'a':
		opts->all = true;
		return 0;
	case 'l':
		opts->longer = true;
		return 0;
	case 'R':
		opts->recursive = true;
		return 0;
	case OPT_BYTES:
		opts->bytes = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static bool listed(const void *data, const struct famfs_entry *entry)
{
	const struct ls *ls = data;
	const char *rest;

	/* Devices have no name: they are shown with the root, where there is room to say what. */
	if (entry->type == FAMFS_ENTRY_ADD_DAXDEV)
		return !ls->top.path[0] && (ls->env->json || ls->opts->longer);
	rest = path_below(entry->path, ls->top.path);
	return rest && *rest && (ls->opts->recursive || !strchr(rest, '/'));
}

static void mode_text(const struct famfs_entry *entry, char buf[11])
{
	static const char letters[] = "rwxrwxrwx";
	int i;

	buf[0] = entry->type == FAMFS_ENTRY_MKDIR ? 'd'
	       : entry->type == FAMFS_ENTRY_FILE  ? '-'
						  : 'c';
	for (i = 0; i < 9; i++)
		buf[i + 1] = '-';
	buf[10] = '\0';
	if (entry->type == FAMFS_ENTRY_ADD_DAXDEV)
		return;
	for (i = 0; i < 9; i++)
		if (entry->mode & (0400U >> i))
			buf[i + 1] = letters[i];
	if (entry->mode & 04000)
		buf[3] = entry->mode & 0100 ? 's' : 'S';
	if (entry->mode & 02000)
		buf[6] = entry->mode & 0010 ? 's' : 'S';
	if (entry->mode & 01000)
		buf[9] = entry->mode & 0001 ? 't' : 'T';
}

static void show_long(struct emit *out, const struct famfs_entry *entry, const char *name)
{
	struct text layout = { 0 };
	char mode[11];

	mode_text(entry, mode);
	entry_layout_text(&layout, entry);
	emit_text(out, "MODE", mode);
	emit_u64(out, NULL, "UID", entry->uid);
	emit_u64(out, NULL, "GID", entry->gid);
	emit_size(out, NULL, "SIZE",
		  entry->type == FAMFS_ENTRY_ADD_DAXDEV ? entry->dd_size : entry->size);
	emit_text(out, "LAYOUT", layout.s);
	emit_str(out, NULL, "NAME", name);
	text_free(&layout);
}

static void show(struct ls *ls, const struct famfs_entry *entry, const char *name)
{
	struct emit *out = &ls->env->out;
	struct text device = { 0 };

	if (entry->type == FAMFS_ENTRY_ADD_DAXDEV) {
		text_addf(&device, "(device %u)", entry->dd_index);
		name = device.s;
	}
	emit_item(out);
	if (out->json) {
		if (ls->several)
			emit_str(out, "device", NULL, ls->op->device);
		entry_emit(out, entry);
	} else if (ls->opts->longer) {
		show_long(out, entry, name);
	} else {
		emit_str(out, NULL, "NAME", name);
	}
	emit_item_end(out);
	text_free(&device);
}

static int show_meta(struct ls *ls)
{
	struct famfs_entry entry;
	struct famfs_err err;

	if (famfs_lookup(ls->fs, ".meta", &entry, &err))
		return err.rc == -ENOENT ? 0 : env_error(ls->env, &err);
	show(ls, &entry, ".meta");
	return 0;
}

static int show_rows(struct ls *ls)
{
	struct famfs_entry entry;
	struct famfs_err err;
	size_t i;

	for (i = 0; i < ls->rows.nr && !cmd_cancelled(); i++) {
		if (listing_entry(ls->fs, &ls->rows.rows[i], &entry, &err))
			return env_error(ls->env, &err);
		show(ls, &entry, path_below(entry.path, ls->top.path));
	}
	return cmd_cancelled() ? EXIT_FAILED : 0;
}

static int show_directory(struct ls *ls, bool titled)
{
	struct text title = { 0 };
	int code;

	if (titled) {
		text_add_safe(&title, ls->op->text, true);
		emit_line(&ls->env->out, "%s%s:", ls->opts->listed ? "\n" : "", title.s);
		ls->opts->listed = true;
		text_free(&title);
	}
	ls->rows = (struct listing){ .env = ls->env, .fs = ls->fs, .wanted = listed, .data = ls };
	code = listing_collect(&ls->rows);
	if (!code && ls->opts->all && !ls->top.path[0])
		code = show_meta(ls);
	if (!code)
		code = show_rows(ls);
	emit_rows_flush(&ls->env->out);
	listing_free(&ls->rows);
	note_unusable(ls->env, ls->fs, ls->op->device);
	return code;
}

static int list(struct cmd_env *env, const struct operand *op, bool titled, bool several)
{
	struct ls ls = { .env = env, .opts = env->opts, .op = op, .several = several };
	struct famfs_err err;
	int code;

	if (famfs_open(env->ctx, op->device, 0, &ls.fs, &err))
		return env_error(env, &err);
	if (famfs_lookup(ls.fs, op->path ? op->path : "/", &ls.top, &err)) {
		code = env_error(env, &err);
	} else if (ls.top.type == FAMFS_ENTRY_MKDIR) {
		code = show_directory(&ls, titled);
	} else {
		show(&ls, &ls.top, op->text);
		emit_rows_flush(&env->out);
		ls.opts->listed = true;
		code = 0;
	}
	if (famfs_damage(ls.fs, &err))
		code = env_error(env, &err);
	famfs_close(ls.fs);
	return code;
}

static int run(struct cmd_env *env)
{
	struct ls_opts *opts = env->opts;
	struct operand *ops;
	size_t nr, i;
	bool several;
	int code = 0;

	nr = operand_list(env, &ops);
	several = operands_several(ops, nr);
	if (env->columns)
		opts->longer = true;
	if (opts->bytes)
		env->out.human = false;
	if (!several)
		emit_str(&env->out, "device", NULL, ops[0].device);
	emit_list(&env->out, "entries", EMIT_ROWS);
	for (i = 0; i < nr && !cmd_cancelled(); i++)
		code |= list(env, &ops[i], nr > 1, several);
	emit_list_end(&env->out);
	return code;
}

const struct cmd cmd_ls = {
	.name = "ls",
	.summary = "Lists files and directories",
	.operands = "[FILE|DEVICE...]",
	.example = "famfs ls -lR /dev/dax0.0",
	.columns = "MODE,UID,GID,SIZE,LAYOUT,NAME",
	.options = options,
	.parse = parse,
	.run = run,
	.opts_size = sizeof(struct ls_opts),
	.operands_max = UINT_MAX,
	.flags = CMD_JSON,
};

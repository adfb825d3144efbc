/* SPDX-License-Identifier: Apache-2.0 */
/* check --repair: who decides, and what is told about it. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

/* How the questions are answered. @all: from now on, 'y' or 'n' to everything. */
struct answers {
	struct cmd_env *env;
	const char *device;
	char all;
};

/* A line from the terminal. Return: its first letter in lower case, '\n' if empty, 0 at the end. */
static char read_letter(void)
{
	char first = 0, c;
	ssize_t n;

	while ((n = read(STDIN_FILENO, &c, 1)) == 1) {
		if (!first || first == ' ')
			first = c;
		if (c == '\n')
			break;
	}
	if (n < 0 || (n == 0 && !first))
		return 0;
	return first >= 'A' && first <= 'Z' ? (char)(first - 'A' + 'a') : first;
}

static int ask_terminal(struct answers *answers, const struct famfs_finding *f)
{
	const char *remedy = f->remedy;

	check_finding_text(&answers->env->out, answers->device, f, "");
	fflush(answers->env->out.out);
	for (;;) {
		fprintf(stderr, "  %s? [y/n, a: yes to all, q: no to all] ", remedy);
		switch (read_letter()) {
		case 'y':
			return 1;
		case 'n':
			return 0;
		case 'a':
			answers->all = 'y';
			return 1;
		case 'q':
			answers->all = 'n';
			return 0;
		case 0:
			fputc('\n', stderr);
			return -ECANCELED;
		default:
			break;
		}
		if (cmd_cancelled())
			return -ECANCELED;
	}
}

static int ask(void *data, const struct famfs_finding *f)
{
	struct answers *answers = data;
	const struct check_opts *opts = answers->env->opts;

	if (cmd_cancelled())
		return -ECANCELED;
	if (opts->preen)
		return f->repair == FAMFS_REPAIR_SAFE;
	if (opts->yes || answers->env->dry_run)
		return 1;
	if (answers->all)
		return answers->all == 'y';
	return ask_terminal(answers, f);
}

static void require_terminal(struct cmd_env *env)
{
	const struct check_opts *opts = env->opts;

	if (opts->preen || opts->yes || env->dry_run)
		return;
	if (env->json)
		env_usage(env, "", "give -p (safe repairs), -y (all) or -n (none)",
			  "--repair asks, and cannot with --json");
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		env_usage(env, "", "give -p (safe repairs), -y (all) or -n (none)",
			  "--repair asks, and there is no terminal");
}

/* What the result is called: done already, or only to be done. */
struct result {
	struct cmd_env *env;
	const char *device;
	struct famfs_repair *rep;
	bool committed, failed;
	uint64_t done, left;
	bool fatal;
};

static void finding_line(struct result *res, const struct famfs_finding *f, const char *done)
{
	struct text tail = { 0 };

	if (done && res->env->dry_run)
		text_addf(&tail, " -- would be repaired: %s", f->remedy ? f->remedy : done);
	else if (done)
		text_addf(&tail, " -- repaired: %s", done);
	else if (f->severity != FAMFS_WARNING)
		text_addf(&tail, " -- not repaired%s",
			  f->repair == FAMFS_REPAIR_NONE ? ": nothing can be done about it" : "");
	if (!res->env->quiet || f->severity != FAMFS_WARNING)
		check_finding_text(&res->env->out, res->device, f, tail.s ? tail.s : "");
	text_free(&tail);
}

static void finding_json(struct result *res, const struct famfs_finding *f, const char *done)
{
	struct emit *out = &res->env->out;

	emit_item(out);
	check_finding_json(out, f);
	emit_bool(out, "repaired", done && res->committed);
	if (done)
		emit_str(out, "done", NULL, done);
	emit_item_end(out);
}

static void show_findings(struct result *res)
{
	enum famfs_repair_status status;
	struct famfs_finding f;
	const char *done;

	emit_list(&res->env->out, "findings", EMIT_SILENT);
	while (famfs_repair_next(res->rep, &f, &status, &done)) {
		if (res->failed)
			done = NULL;
		if (f.severity != FAMFS_WARNING) {
			res->done += done != NULL;
			res->left += !done;
			res->fatal |= f.severity == FAMFS_FATAL && (!done || !res->committed);
		}
		if (res->env->json)
			finding_json(res, &f, done);
		else
			finding_line(res, &f, done);
	}
	emit_list_end(&res->env->out);
}

static const char *const change_names[] = {
	[FAMFS_CHANGE_REMOVED] = "removed",   [FAMFS_CHANGE_MADE] = "made",
	[FAMFS_CHANGE_RENAMED] = "renamed",   [FAMFS_CHANGE_RESIZED] = "resized",
	[FAMFS_CHANGE_REMAPPED] = "remapped", [FAMFS_CHANGE_FOUND] = "found",
};

static const char *type_name(uint32_t type)
{
	return type == FAMFS_ENTRY_FILE  ? "file"
	     : type == FAMFS_ENTRY_MKDIR ? "directory"
					 : "entry";
}

static void path_json(struct emit *out, const char *key, const char *raw)
{
	struct text path = { 0 };

	entry_path_text(&path, raw);
	emit_str(out, key, NULL, path.s);
	text_free(&path);
}

static void change_json(struct emit *out, const struct famfs_repair_change *c)
{
	emit_item(out);
	emit_str(out, "change", NULL, change_names[c->kind]);
	emit_str(out, "type", NULL, type_name(c->type));
	if (c->entry != FAMFS_NONE)
		emit_u64(out, "entry", NULL, c->entry);
	if (c->path[0])
		path_json(out, "path", c->path);
	if (c->kind == FAMFS_CHANGE_RENAMED)
		path_json(out, "new_path", c->new_path);
	if (c->type == FAMFS_ENTRY_FILE) {
		emit_u64(out, "size", NULL, c->size);
		if (c->kind != FAMFS_CHANGE_REMOVED)
			emit_u64(out, "new_size", NULL, c->new_size);
	}
	emit_item_end(out);
}

static void change_line(struct result *res, const struct famfs_repair_change *c)
{
	struct text line = { 0 };

	text_add_safe(&line, res->device, true);
	text_addf(&line, ": %s%s %s", res->env->dry_run ? "would be " : "", change_names[c->kind],
		  type_name(c->type));
	if (c->entry != FAMFS_NONE)
		text_addf(&line, " (entry %" PRIu64 ")", c->entry);
	if (c->path[0]) {
		text_addf(&line, ": /");
		text_add_safe(&line, c->path, true);
	}
	if (c->kind == FAMFS_CHANGE_RENAMED) {
		text_addf(&line, " -> /");
		text_add_safe(&line, c->new_path, true);
	}
	if (c->type == FAMFS_ENTRY_FILE && c->kind == FAMFS_CHANGE_REMOVED)
		text_addf(&line, ", %" PRIu64 " %s", c->size, plural(c->size, "byte", "bytes"));
	else if (c->size != c->new_size)
		text_addf(&line, ", %" PRIu64 " %s -> %" PRIu64, c->size,
			  plural(c->size, "byte", "bytes"), c->new_size);
	emit_line(&res->env->out, "%s", line.s);
	text_free(&line);
}

static void show_changes(struct result *res)
{
	struct famfs_repair_change change;

	emit_list(&res->env->out, "changes", EMIT_SILENT);
	while (!res->failed && famfs_repair_change_next(res->rep, &change)) {
		if (res->env->json)
			change_json(&res->env->out, &change);
		else
			change_line(res, &change);
	}
	emit_list_end(&res->env->out);
}

static void show_undo(struct result *res)
{
	const char *undo = famfs_repair_undo(res->rep);
	struct text line = { 0 };

	if (!undo)
		return;
	emit_str(&res->env->out, "undo", NULL, undo);
	text_add_safe(&line, res->device, true);
	text_addf(&line, ": to take everything back: famfs image restore ");
	text_add_shell(&line, undo, true);
	text_addf(&line, " ");
	text_add_shell(&line, res->device, true);
	emit_line(&res->env->out, "%s", line.s);
	text_free(&line);
}

static void show_summary(struct result *res)
{
	const char *would = res->env->dry_run ? "would be " : "";
	struct text line = { 0 };

	if (!res->done && !res->left) {
		check_summary_text(res->env, res->device, famfs_repair_before(res->rep));
		return;
	}
	text_add_safe(&line, res->device, true);
	text_addf(&line, ": %" PRIu64 " %s %srepaired, %" PRIu64 " left", res->done,
		  plural(res->done, "error", "errors"), would, res->left);
	emit_line(&res->env->out, "%s", line.s);
	text_free(&line);
}

static void show(struct result *res)
{
	const struct famfs_check_summary *before = famfs_repair_before(res->rep);
	bool clean = res->committed ? !famfs_repair_after(res->rep)->errors : !before->errors;

	emit_str(&res->env->out, "device", NULL, res->device);
	if (res->env->json)
		check_summary_json(&res->env->out, before, clean);
	show_findings(res);
	show_changes(res);
	emit_bool(&res->env->out, "dry_run", res->env->dry_run);
	emit_u64(&res->env->out, "repaired", NULL, res->committed ? res->done : 0);
	emit_u64(&res->env->out, "left", NULL, res->committed ? res->left : res->done + res->left);
	show_undo(res);
	if (!res->env->json)
		show_summary(res);
}

static int code_of(const struct result *res)
{
	if (res->fatal)
		return FSCK_OPERATIONAL;
	if (!res->committed)
		return res->done + res->left ? FSCK_UNCORRECTED : 0;
	return (res->done ? FSCK_CORRECTED : 0) | (res->left ? FSCK_UNCORRECTED : 0);
}

static int commit(struct result *res)
{
	struct famfs_err err;
	int rc = famfs_repair_commit(res->rep, &err);

	res->committed = !rc && !res->env->dry_run;
	res->failed = rc != 0;
	show(res);
	if (!rc)
		return code_of(res);
	env_error(res->env, &err);
	/* Who may not write has at least been told what is wrong. */
	return famfs_repair_refusal(res->rep, NULL) ? code_of(res) : FSCK_OPERATIONAL;
}

int check_repair(struct cmd_env *env, const char *device)
{
	const struct check_opts *opts = env->opts;
	struct answers answers = { .env = env, .device = device };
	struct result res = { .env = env, .device = device };
	struct famfs_repair_opts how = opts->how;
	struct famfs_err err;
	int rc;

	require_terminal(env);
	how.ask = ask;
	how.data = &answers;
	how.flags |= env->dry_run ? FAMFS_REPAIR_DRY_RUN : 0U;
	how.flags |= env->sync ? FAMFS_REPAIR_SYNC : 0U;
	/* Others wait for a repair that waits for nobody. */
	how.flags |= opts->preen || opts->yes ? FAMFS_REPAIR_LOCK : 0U;
	if (famfs_repair_new(env->ctx, device, &how, &res.rep, &err)) {
		env_error(env, &err);
		return cmd_cancelled() ? FSCK_CANCELLED : FSCK_OPERATIONAL;
	}
	rc = commit(&res);
	famfs_repair_free(res.rep);
	return rc;
}

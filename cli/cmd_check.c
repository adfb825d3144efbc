/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>

#include "cmd.h"

struct check_opts {
	bool repair_asked; /* -a, -p, -y: as boot scripts pass them */
	bool version_asked;
};

static const struct argp_option options[] = {
	{ NULL, 'a', NULL, OPTION_HIDDEN, "Taken for fsck(8): nothing is repaired", 0 },
	{ NULL, 'p', NULL, OPTION_HIDDEN, "As -a", 0 },
	{ NULL, 'y', NULL, OPTION_HIDDEN, "As -a", 0 },
	{ NULL, 'f', NULL, OPTION_HIDDEN, "Taken for fsck(8): everything is always checked", 0 },
	{ NULL, 'C', "FD", OPTION_HIDDEN, "Taken for fsck(8): no progress is shown", 0 },
	{ NULL, 'T', NULL, OPTION_HIDDEN, "Taken for fsck(8): there is no title", 0 },
	{ NULL, 'V', NULL, OPTION_HIDDEN, "As -v; alone: the version", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	struct check_opts *opts = env->opts;

	(void)arg;
	switch (key) {
	case 'a':
	case 'p':
	case 'y':
		opts->repair_asked = true;
		return 0;
	case 'f':
	case 'C':
	case 'T':
		return 0;
	case 'V':
		opts->version_asked = true;
		env->verbose++;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const char *severity_name(enum famfs_severity severity)
{
	return severity == FAMFS_WARNING ? "warning" : severity == FAMFS_ERROR ? "error" : "fatal";
}

static void finding_json(struct emit *out, const struct famfs_finding *f)
{
	struct text path = { 0 };

	emit_item(out);
	emit_str(out, "code", NULL, f->code);
	emit_str(out, "severity", NULL, severity_name(f->severity));
	if (f->entry != FAMFS_NONE)
		emit_u64(out, "entry", NULL, f->entry);
	if (f->path[0]) {
		entry_path_text(&path, f->path);
		emit_str(out, "path", NULL, path.s);
	}
	if (f->off != FAMFS_NONE) {
		emit_u64(out, "off", NULL, f->off);
		emit_u64(out, "len", NULL, f->len);
	}
	if (f->other_entry != FAMFS_NONE)
		emit_u64(out, "other_entry", NULL, f->other_entry);
	if (f->other_path[0]) {
		path.len = 0;
		entry_path_text(&path, f->other_path);
		emit_str(out, "other_path", NULL, path.s);
	}
	if (f->other_entry != FAMFS_NONE || f->more)
		emit_u64(out, "more", NULL, f->more);
	if (f->rejected)
		emit_rules(out, "rejected", 'K', f->rejected);
	if (f->unsafe)
		emit_rules(out, "unsafe", 'U', f->unsafe);
	if (f->has_value)
		emit_u64(out, "value", NULL, f->value);
	if (f->has_expected)
		emit_u64(out, "expected", NULL, f->expected);
	emit_str(out, "text", NULL, f->text);
	emit_item_end(out);
	text_free(&path);
}

static void finding_text(struct emit *out, const char *device, const struct famfs_finding *f)
{
	const char *start = f->severity == FAMFS_WARNING ? "\033[33m" : "\033[31m";
	struct text line = { 0 };

	text_add_safe(&line, device, true);
	text_addf(&line, ": ");
	if (f->entry != FAMFS_NONE)
		text_addf(&line, "entry %" PRIu64 ": ", f->entry);
	if (f->path[0]) {
		text_addf(&line, "/");
		text_add_safe(&line, f->path, true);
		text_addf(&line, ": ");
	}
	text_addf(&line, "%s%s%s%s: ", out->color ? start : "",
		  f->severity == FAMFS_WARNING ? "warning: " : "", f->code,
		  out->color ? "\033[m" : "");
	text_add_safe(&line, f->text, false);
	emit_line(out, "%s", line.s);
	text_free(&line);
}

static void summary_json(struct emit *out, const struct famfs_check_summary *sum)
{
	emit_bool(out, "clean", !sum->errors);
	emit_u64(out, "errors", NULL, sum->errors);
	emit_u64(out, "warnings", NULL, sum->warnings);
	emit_object(out, "summary");
	emit_u64(out, "files", NULL, sum->files);
	emit_u64(out, "dirs", NULL, sum->dirs);
	emit_u64(out, "others", NULL, sum->others);
	emit_u64(out, "bad", NULL, sum->bad);
	emit_u64(out, "log_len", NULL, sum->log_len);
	emit_u64(out, "log_slots", NULL, sum->log_slots);
	emit_u64(out, "log_used", NULL, sum->log_used);
	emit_u64(out, "size", NULL, sum->dev_size);
	emit_u64(out, "real_size", NULL, sum->real_size);
	emit_u64(out, "file_bytes", NULL, sum->file_bytes);
	if (sum->super_valid) {
		emit_uuid(out, "uuid", NULL, sum->super.uuid);
		emit_str(out, "role", NULL, sum->role == FAMFS_ROLE_MASTER ? "master" : "client");
	}
	emit_object_end(out);
}

static const char *plural(uint64_t nr, const char *one, const char *many)
{
	return nr == 1 ? one : many;
}

static void summary_text(struct cmd_env *env, const char *device,
			 const struct famfs_check_summary *sum)
{
	struct text line = { 0 };

	if (env->quiet && !sum->errors)
		return;
	text_add_safe(&line, device, true);
	if (sum->errors)
		text_addf(&line, ": %" PRIu64 " %s, ", sum->errors,
			  plural(sum->errors, "error", "errors"));
	else
		text_addf(&line, ": clean, ");
	if (sum->errors || sum->warnings)
		text_addf(&line, "%" PRIu64 " %s, ", sum->warnings,
			  plural(sum->warnings, "warning", "warnings"));
	if (sum->super_valid)
		text_addf(&line,
			  "%" PRIu64 " %s, %" PRIu64 " %s, %" PRIu64 " of %" PRIu64
			  " log entries used",
			  sum->files, plural(sum->files, "file", "files"), sum->dirs,
			  plural(sum->dirs, "directory", "directories"), sum->log_used,
			  sum->log_slots);
	else
		text_addf(&line, "no file system that can be examined");
	emit_line(&env->out, "%s", line.s);
	text_free(&line);
}

static void summary_more(struct emit *out, const struct famfs_check_summary *sum)
{
	if (!sum->super_valid)
		return;
	emit_text(out, "role", sum->role == FAMFS_ROLE_MASTER ? "master" : "client");
	emit_size(out, NULL, "size", sum->dev_size);
	emit_size(out, NULL, "real size", sum->real_size);
	emit_size(out, NULL, "log", sum->log_len);
	emit_size(out, NULL, "in files", sum->file_bytes);
	emit_uuid(out, NULL, "uuid", sum->super.uuid);
}

/* Returns whether a finding was fatal, or -1 after an error. */
static int show_findings(struct cmd_env *env, const char *device, struct famfs_check *check)
{
	struct famfs_finding finding;
	struct famfs_err err;
	int rc, fatal = 0;

	emit_list(&env->out, "findings", EMIT_SILENT);
	while (!cmd_cancelled() && (rc = famfs_check_next(check, &finding, &err)) != 0) {
		if (rc < 0) {
			env_error(env, &err);
			fatal = -1;
			break;
		}
		fatal |= finding.severity == FAMFS_FATAL;
		if (env->json)
			finding_json(&env->out, &finding);
		else if (!env->quiet || finding.severity != FAMFS_WARNING)
			finding_text(&env->out, device, &finding);
	}
	emit_list_end(&env->out);
	return fatal;
}

static int check_device(struct cmd_env *env, const char *device)
{
	const struct check_opts *opts = env->opts;
	const struct famfs_check_summary *sum;
	struct famfs_check *check;
	struct famfs_err err;
	int fatal, code;

	if (famfs_check_new(env->ctx, device, &check, &err)) {
		env_error(env, &err);
		return FSCK_OPERATIONAL;
	}
	sum = famfs_check_summary(check);
	emit_str(&env->out, "device", NULL, device);
	if (env->json)
		summary_json(&env->out, sum);
	fatal = show_findings(env, device, check);
	if (!env->json)
		summary_text(env, device, sum);
	if (!env->json && env->verbose && !env->quiet)
		summary_more(&env->out, sum);
	code = fatal ? FSCK_OPERATIONAL : sum->errors ? FSCK_UNCORRECTED : 0;
	if (opts->repair_asked && code)
		env_note(env, device, "nothing was repaired: this version only reports", "");
	famfs_check_free(check);
	return cmd_cancelled() ? FSCK_CANCELLED : code;
}

static int run(struct cmd_env *env)
{
	const struct check_opts *opts = env->opts;
	const char *device = env->device;

	if (opts->version_asked && !env->operands_nr) {
		emit_line(&env->out, "famfs " FAMFS_VERSION_STRING);
		return 0;
	}
	if (env->operands_nr)
		device = operand_device(env, env->operands[0]);
	if (!device)
		env_usage(env, "", NULL, "an operand is missing: DEVICE, or --device");
	return check_device(env, device);
}

const struct cmd cmd_check = {
	.name = "check",
	.alias = "fsck",
	.summary = "Checks everything, and says what is wrong; reads only",
	.operands = "DEVICE",
	.example = "famfs check /dev/dax0.0",
	.options = options,
	.parse = parse,
	.run = run,
	.opts_size = sizeof(struct check_opts),
	.operands_max = 1,
	.flags = CMD_JSON | CMD_DRYRUN | CMD_FSCK,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>

#include "check.h"

enum { OPT_REPAIR = OPT_COMMAND, OPT_UNDO, OPT_SALVAGE, OPT_UUID, OPT_DEV_UUID, OPT_FORCE };

static const struct argp_option options[] = {
	{ "repair", OPT_REPAIR, NULL, 0, "Mend what is wrong, asking before each repair", 0 },
	{ "preen", 'p', NULL, 0, "Only safe repairs, without asking", 0 },
	{ "yes", 'y', NULL, 0, "All repairs, without asking", 0 },
	{ "undo", OPT_UNDO, "FILE", 0, "Keep the old bytes here (beside the image)", 0 },
	{ "salvage", OPT_SALVAGE, NULL, 0, "Keep the good entries behind a bad one", 0 },
	{ "uuid", OPT_UUID, "UUID", 0, "For a rebuilt superblock (random)", 0 },
	{ "dev-uuid", OPT_DEV_UUID, "UUID", 0, "The device's, for a rebuilt superblock", 0 },
	{ "force", OPT_FORCE, NULL, 0, "Become master where another host may be", 0 },
	{ NULL, 'a', NULL, OPTION_HIDDEN, "As -p", 0 },
	{ NULL, 'f', NULL, OPTION_HIDDEN, "Taken for fsck(8): everything is always checked", 0 },
	{ NULL, 'C', "FD", OPTION_HIDDEN, "Taken for fsck(8): no progress is shown", 0 },
	{ NULL, 'T', NULL, OPTION_HIDDEN, "Taken for fsck(8): there is no title", 0 },
	{ NULL, 'V', NULL, OPTION_HIDDEN, "As -v; alone: the version", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	struct check_opts *opts = env->opts;

	switch (key) {
	case OPT_REPAIR:
		opts->repair = true;
		return 0;
	case 'a':
	case 'p':
		opts->repair = opts->preen = true;
		return 0;
	case 'y':
		opts->repair = opts->yes = true;
		return 0;
	case OPT_UNDO:
		opts->how.undo = arg;
		return 0;
	case OPT_SALVAGE:
		opts->how.flags |= FAMFS_REPAIR_SALVAGE;
		return 0;
	case OPT_UUID:
		opts->how.uuid = option_uuid(env, "--uuid", arg, opts->uuid);
		return 0;
	case OPT_DEV_UUID:
		opts->how.dev_uuid = option_uuid(env, "--dev-uuid", arg, opts->dev_uuid);
		return 0;
	case OPT_FORCE:
		opts->how.flags |= FAMFS_REPAIR_FORCE;
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

static const char *repair_name(enum famfs_repair_kind kind)
{
	static const char *const names[] = { "none", "safe", "ask", "follows" };

	return names[kind];
}

void check_finding_json(struct emit *out, const struct famfs_finding *f)
{
	struct text path = { 0 };

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
	emit_str(out, "repair", NULL, repair_name(f->repair));
	if (f->remedy)
		emit_str(out, "remedy", NULL, f->remedy);
	text_free(&path);
}

void check_finding_text(struct emit *out, const char *device, const struct famfs_finding *f,
			const char *tail)
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
	emit_line(out, "%s%s", line.s, tail);
	text_free(&line);
}

void check_summary_json(struct emit *out, const struct famfs_check_summary *sum, bool clean)
{
	emit_bool(out, "clean", clean);
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

void check_summary_text(struct cmd_env *env, const char *device,
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
		if (env->json) {
			emit_item(&env->out);
			check_finding_json(&env->out, &finding);
			emit_item_end(&env->out);
		} else if (!env->quiet || finding.severity != FAMFS_WARNING) {
			check_finding_text(&env->out, device, &finding, "");
		}
	}
	emit_list_end(&env->out);
	return fatal;
}

static int check_device(struct cmd_env *env, const char *device)
{
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
		check_summary_json(&env->out, sum, !sum->errors);
	fatal = show_findings(env, device, check);
	if (!env->json)
		check_summary_text(env, device, sum);
	if (!env->json && env->verbose && !env->quiet)
		summary_more(&env->out, sum);
	code = fatal ? FSCK_OPERATIONAL : sum->errors ? FSCK_UNCORRECTED : 0;
	famfs_check_free(check);
	return cmd_cancelled() ? FSCK_CANCELLED : code;
}

/* Options that only make sense together. */
static void judge_opts(struct cmd_env *env)
{
	const struct check_opts *opts = env->opts;
	bool more = opts->how.flags || opts->how.undo || opts->how.uuid || opts->how.dev_uuid;

	if (!opts->repair && more)
		env_usage(env, "", "add --repair, -p or -y",
			  "--undo, --salvage, --uuid, --dev-uuid and --force are for repairs");
	if (opts->preen && opts->yes)
		env_usage(env, "", "give one of them", "-p and -y exclude each other");
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
	judge_opts(env);
	return opts->repair ? check_repair(env, device) : check_device(env, device);
}

const struct cmd cmd_check = {
	.name = "check",
	.alias = "fsck",
	.summary = "Checks everything, and mends it with --repair",
	.operands = "[DEVICE]",
	.example = "famfs check --repair /dev/dax0.0",
	.options = options,
	.parse = parse,
	.run = run,
	.opts_size = sizeof(struct check_opts),
	.operands_max = 1,
	.flags = CMD_JSON | CMD_DRYRUN | CMD_SYNC | CMD_FSCK,
};

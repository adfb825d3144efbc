/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"

struct chmaster_opts {
	bool take, give_given, yes;
	uint8_t give[16];
	uint32_t watch_ms;
};

enum { OPT_TAKE = OPT_COMMAND, OPT_GIVE, OPT_WATCH };

enum { WATCH_MS = 3000, WATCH_MAX = 86400 };

static const struct argp_option options[] = {
	{ "take", OPT_TAKE, NULL, 0, "This host becomes the master", 0 },
	{ "give", OPT_GIVE, "UUID", 0, "The host with this system UUID becomes the master", 0 },
	{ "watch", OPT_WATCH, "SECONDS", 0,
	  "Before taking, see for so long that the log does not move (3)", 0 },
	{ "yes", 'y', NULL, 0, "Do not ask", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	struct chmaster_opts *opts = env->opts;

	switch (key) {
	case OPT_TAKE:
		opts->take = true;
		return 0;
	case OPT_GIVE:
		opts->give_given = true;
		if (famfs_uuid_parse(arg, opts->give, NULL))
			env_usage_value(env, "--give", arg, NULL, "is not a UUID");
		return 0;
	case OPT_WATCH:
		opts->watch_ms = (uint32_t)option_number(env, "--watch", arg, WATCH_MAX) * 1000;
		return 0;
	case 'y':
		opts->yes = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Who is the master, and who this host is. */
static int show(struct cmd_env *env, const char *device)
{
	struct famfs_info info;
	struct famfs_err err;
	struct famfs *fs;
	int code = 0;

	if (famfs_open(env->ctx, device, 0, &fs, &err))
		return env_error(env, &err);
	if (famfs_info(fs, &info, &err)) {
		code = env_error(env, &err);
	} else {
		emit_str(&env->out, "device", "device", device);
		emit_uuid(&env->out, "uuid", "uuid", info.super.uuid);
		emit_uuid(&env->out, "master", "master", info.super.system_uuid);
		emit_str(&env->out, "role", "this host",
			 info.role == FAMFS_ROLE_MASTER ? "master" : "client");
	}
	famfs_close(fs);
	return code;
}

/* Two masters would write over each other's entries: that is for a person to know. */
static bool confirmed(struct cmd_env *env, const char *device)
{
	const struct chmaster_opts *opts = env->opts;
	char answer[16] = "";

	if (opts->yes || env->dry_run || opts->give_given)
		return true;
	if (env->json || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		env_usage(env, "--take", "add --yes",
			  "asks whether the old master is down for good, and cannot here");
	fprintf(stderr,
		"%s: when two hosts write as the master, files are lost.\n"
		"Is the old master down, or will it not write any more? [y/N] ",
		device);
	if (!fgets(answer, sizeof(answer), stdin))
		fputc('\n', stderr);
	return answer[0] == 'y' || answer[0] == 'Y';
}

static void report(struct cmd_env *env, const char *device,
		   const struct famfs_chmaster_result *result)
{
	char old_master[FAMFS_UUID_STR], new_master[FAMFS_UUID_STR];
	struct emit *out = &env->out;

	famfs_uuid_format(result->old_master, old_master);
	famfs_uuid_format(result->new_master, new_master);
	emit_str(out, "device", NULL, device);
	emit_bool(out, "changed", result->changed);
	emit_bool(out, "dry_run", env->dry_run);
	emit_str(out, "old_master", NULL, old_master);
	emit_str(out, "new_master", NULL, new_master);
	if (env->quiet)
		return;
	if (!result->changed)
		emit_line(out, "%s: the master is %s already", device, old_master);
	else
		emit_line(out, "%s: the master %s %s, and was %s", device,
			  env->dry_run ? "would be" : "is now", new_master, old_master);
}

static int run(struct cmd_env *env)
{
	const struct chmaster_opts *opts = env->opts;
	const char *device = operand_only_device(env);
	struct famfs_chmaster_opts how = {
		.give = opts->give_given ? opts->give : NULL,
		.watch_ms = opts->watch_ms ? opts->watch_ms : WATCH_MS,
		.dry_run = env->dry_run,
	};
	struct famfs_chmaster_result result;
	struct famfs_err err;

	if (opts->take && opts->give_given)
		env_usage(env, "--give", NULL, "contradicts --take");
	if (!opts->take && !opts->give_given)
		return show(env, device);
	if (!confirmed(env, device))
		return env_errorf(env, -ECANCELED, device, "nothing was changed");
	if (famfs_chmaster(env->ctx, device, &how, &result, &err))
		return env_error(env, &err);
	report(env, device, &result);
	return 0;
}

const struct cmd cmd_chmaster = {
	.name = "chmaster",
	.summary = "Shows, takes or hands over the master's role",
	.operands = "[DEVICE]",
	.example = "famfs chmaster --take /dev/dax0.0",
	.options = options,
	.parse = parse,
	.run = run,
	.opts_size = sizeof(struct chmaster_opts),
	.operands_max = 1,
	.flags = CMD_JSON | CMD_DRYRUN,
};

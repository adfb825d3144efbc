/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"

struct mkdir_opts {
	bool has_mode, has_uid, has_gid;
	struct famfs_create_req req;
};

static const struct argp_option options[] = {
	{ "parents", 'p', NULL, 0, "Make missing parents; existing ones are fine", 0 },
	{ "mode", 'm', "MODE", 0, "Octal mode (0777 less the umask)", 0 },
	{ "uid", 'u', "USER", 0, "Owner, a number or a name (the effective one)", 0 },
	{ "gid", 'g', "GROUP", 0, "Group, a number or a name (the effective one)", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	struct mkdir_opts *opts = env->opts;

	switch (key) {
	case 'p':
		opts->req.flags |= FAMFS_CREATE_PARENTS;
		return 0;
	case 'm':
		opts->req.mode = option_mode(env, "--mode", arg);
		opts->has_mode = true;
		return 0;
	case 'u':
		opts->req.uid = option_id(env, "--uid", arg);
		opts->has_uid = true;
		return 0;
	case 'g':
		opts->req.gid = option_id(env, "--gid", arg);
		opts->has_gid = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int run(struct cmd_env *env)
{
	struct mkdir_opts *opts = env->opts;
	const struct place_opts place = { 0 };
	mode_t mask = umask(0);

	umask(mask);
	opts->req.flags |= FAMFS_CREATE_DIR;
	if (!opts->has_mode)
		opts->req.mode = 0777U & ~mask;
	/* As mkdir(1): a parent gets its default mode, and its owner can enter and fill it. */
	opts->req.parent_mode = (0777U & ~mask) | 0300U;
	if (!opts->has_uid)
		opts->req.uid = geteuid();
	if (!opts->has_gid)
		opts->req.gid = getegid();
	return place_operands(env, &opts->req, &place);
}

const struct cmd cmd_mkdir = {
	.name = "mkdir",
	.summary = "Makes directories",
	.operands = "FILE...",
	.example = "famfs mkdir -p /dev/dax0.0:/data/models",
	.options = options,
	.parse = parse,
	.run = run,
	.opts_size = sizeof(struct mkdir_opts),
	.operands_min = 1,
	.operands_max = UINT_MAX,
	.flags = CMD_JSON | CMD_DRYRUN | CMD_SYNC,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>

#include "file.h"
#include "owner.h"

struct mkdir_opts {
	struct owner owner;
	struct famfs_create_req req;
};

static const struct argp_option options[] = {
	{ "parents", 'p', NULL, 0, "Make missing parents; existing ones are fine", 0 },
	OWNER_OPTIONS_OF_MAKING("0777"),
	{ 0 },
};

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	struct mkdir_opts *opts = env->opts;

	if (key != 'p')
		return owner_parse(key, arg, env, &opts->owner);
	opts->req.flags |= FAMFS_CREATE_PARENTS;
	return 0;
}

static int run(struct cmd_env *env)
{
	struct mkdir_opts *opts = env->opts;
	const struct place_opts place = { 0 };

	opts->req.flags |= FAMFS_CREATE_DIR;
	owner_apply(&opts->owner, 0777, &opts->req);
	/* As mkdir(1): a parent gets its default mode, and its owner can enter and fill it. */
	opts->req.parent_mode = (0777U & ~file_mask()) | 0300U;
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

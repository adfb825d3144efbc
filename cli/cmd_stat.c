/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <string.h>

#include "cmd.h"

struct stat_opts {
	bool bytes;
};

enum { OPT_BYTES = OPT_COMMAND };

static const struct argp_option options[] = {
	{ "bytes", OPT_BYTES, NULL, 0, "Sizes in bytes, on terminals too", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	struct stat_opts *opts = env->opts;

	(void)arg;
	if (key != OPT_BYTES)
		return ARGP_ERR_UNKNOWN;
	opts->bytes = true;
	return 0;
}

static int stat_one(struct cmd_env *env, struct famfs *fs, const struct operand *op, bool several)
{
	struct famfs_entry entry;
	struct famfs_err err;

	if (famfs_lookup(fs, op->path, &entry, &err))
		return env_error(env, &err);
	emit_item(&env->out);
	if (several)
		emit_str(&env->out, "device", NULL, op->device);
	emit_text(&env->out, "file", op->text);
	entry_emit(&env->out, &entry);
	emit_item_end(&env->out);
	return 0;
}

/* One opening of the device for a run of operands on it. */
static int stat_device(struct cmd_env *env, const struct operand *list, size_t nr, bool several)
{
	struct famfs_err err;
	struct famfs *fs;
	size_t i;
	int code = 0;

	if (famfs_open(env->ctx, list[0].device, 0, &fs, &err))
		return env_error(env, &err);
	for (i = 0; i < nr; i++)
		code |= stat_one(env, fs, &list[i], several);
	if (famfs_damage(fs, &err))
		code |= env_error(env, &err);
	famfs_close(fs);
	return code;
}

static int run(struct cmd_env *env)
{
	struct stat_opts *opts = env->opts;
	struct operand *list;
	size_t nr, i, len;
	bool several;
	int code = 0;

	nr = operand_list(env, &list);
	for (i = 0; i < nr; i++)
		if (!list[i].path)
			list[i].path = "/";
	if (opts->bytes)
		env->out.human = false;
	several = operands_several(list, nr);
	if (!several)
		emit_str(&env->out, "device", NULL, list[0].device);
	emit_list(&env->out, "entries", EMIT_BLOCK);
	for (i = 0; i < nr; i += len) {
		for (len = 1; i + len < nr; len++)
			if (strcmp(list[i + len].device, list[i].device))
				break;
		code |= stat_device(env, list + i, len, several);
	}
	emit_list_end(&env->out);
	return code;
}

const struct cmd cmd_stat = {
	.name = "stat",
	.summary = "Shows all that is recorded about files and directories",
	.operands = "FILE...",
	.example = "famfs stat /dev/dax0.0:/data/model",
	.options = options,
	.parse = parse,
	.run = run,
	.opts_size = sizeof(struct stat_opts),
	.operands_min = 1,
	.operands_max = UINT_MAX,
	.flags = CMD_JSON,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "cmd.h"

struct mkfs_opts {
	struct famfs_mkfs_opts mkfs;
	uint8_t uuid[16], dev_uuid[16];
	bool old_v;
};

enum { OPT_UUID = OPT_COMMAND, OPT_DEV_UUID, OPT_DAXDEV };

static const struct argp_option options[] = {
	{ "loglen", 'l', "SIZE", 0, "Length of the log, a power of two (8M)", 0 },
	{ "size", 's', "SIZE", 0, "Make an image of this size", 0 },
	{ "uuid", OPT_UUID, "UUID", 0, "UUID of the file system (random)", 0 },
	{ "dev-uuid", OPT_DEV_UUID, "UUID", 0, "UUID of the device (random)", 0 },
	{ "daxdev", OPT_DAXDEV, "NAME", 0, "Device path to record (DEVICE)", 0 },
	{ "force", 'f', NULL, 0, "Overwrite what is there; let an image grow", 0 },
	{ "kill", 'k', NULL, 0, "With -f: only make the superblock invalid", 0 },
	{ NULL, 'V', NULL, OPTION_HIDDEN, "As -v; alone: the version", 0 },
	{ 0 },
};

static error_t parse_size(int key, char *arg, struct cmd_env *env)
{
	struct mkfs_opts *opts = env->opts;
	bool log = key == 'l';
	const char *option = log ? "--loglen" : "--size";
	uint64_t size = option_size(env, option, arg);

	if (!size)
		env_usage(env, option, NULL, "0 is no size");
	if (log)
		opts->mkfs.log_len = size;
	else
		opts->mkfs.size = size;
	return 0;
}

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	struct mkfs_opts *opts = env->opts;

	switch (key) {
	case 'l':
	case 's':
		return parse_size(key, arg, env);
	case OPT_UUID:
		opts->mkfs.uuid = option_uuid(env, "--uuid", arg, opts->uuid);
		return 0;
	case OPT_DEV_UUID:
		opts->mkfs.dev_uuid = option_uuid(env, "--dev-uuid", arg, opts->dev_uuid);
		return 0;
	case OPT_DAXDEV:
		opts->mkfs.daxdev = arg;
		return 0;
	case 'f':
		opts->mkfs.flags |= FAMFS_MKFS_FORCE;
		return 0;
	case 'k':
		opts->mkfs.flags |= FAMFS_MKFS_KILL;
		return 0;
	case 'V':
		opts->old_v = true;
		env->verbose++;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void show(struct cmd_env *env, const char *device, const struct famfs_mkfs_result *res)
{
	const struct famfs_super *super = &res->super;
	struct emit *out = &env->out;

	emit_str(out, "device", "device", device);
	emit_size(out, "size", "size", res->dev_size);
	emit_size(out, "log_len", "log", super->log_len);
	emit_u64(out, "log_slots", "log entries", res->log_slots);
	emit_uuid(out, "uuid", "uuid", super->uuid);
	emit_uuid(out, "dev_uuid", "device uuid", super->dev_uuid);
	emit_uuid(out, "system_uuid", "system uuid", super->system_uuid);
	emit_str(out, "daxdev", "recorded as", super->daxdev);
}

/*
 * $FAMFS_DEVICE is for looking at files; what it names is not made anew because an operand was
 * forgotten.
 */
static const char *mkfs_device(struct cmd_env *env)
{
	if (env->operands_nr > 1)
		env_usage(env, env->operands[1], NULL,
			  "one operand too many: takes one DEVICE; a size is given with --size");
	if (env->operands_nr)
		return operand_device(env, env->operands[0]);
	if (!env->device || env->device_from_env)
		env_usage(env, "", NULL, "an operand is missing: DEVICE");
	return env->device;
}

static int run(struct cmd_env *env)
{
	struct mkfs_opts *opts = env->opts;
	struct famfs_mkfs_result res = { 0 };
	struct famfs_err err;
	const char *device;
	bool kill = opts->mkfs.flags & FAMFS_MKFS_KILL;

	if (opts->old_v && !env->operands_nr) {
		emit_line(&env->out, "famfs " FAMFS_VERSION_STRING);
		return 0;
	}
	device = mkfs_device(env);
	if (kill && !(opts->mkfs.flags & FAMFS_MKFS_FORCE))
		env_usage(env, "--kill", "add --force to make a file system unusable",
			  "does nothing without --force");
	opts->mkfs.flags |= env->dry_run ? FAMFS_MKFS_DRY_RUN : 0U;
	opts->mkfs.flags |= env->sync ? FAMFS_MKFS_SYNC : 0U;
	if (famfs_mkfs(env->ctx, device, &opts->mkfs, &res, &err))
		return env_error(env, &err);
	if (!env->json && env->quiet)
		return 0;
	if (kill)
		emit_str(&env->out, "device", "device", device);
	else
		show(env, device, &res);
	if (env->json || res.replaced[0])
		emit_str(&env->out, "replaced", kill ? "killed" : "replaced", res.replaced);
	emit_bool(&env->out, "image_made", res.image_made);
	emit_bool(&env->out, "killed", kill);
	emit_bool(&env->out, "dry_run", env->dry_run);
	if (env->dry_run)
		emit_text(&env->out, "dry run", "nothing was written");
	return 0;
}

const struct cmd cmd_mkfs = {
	.name = "mkfs",
	.summary = "Makes a file system on a device or in an image",
	.operands = "DEVICE",
	.example = "famfs mkfs --size 1G /tmp/famfs.img",
	.options = options,
	.parse = parse,
	.run = run,
	.opts_size = sizeof(struct mkfs_opts),
	.operands_max = 2,
	.flags = CMD_JSON | CMD_DRYRUN | CMD_SYNC,
};

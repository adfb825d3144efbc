/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "cmd.h"

struct df_opts {
	bool bytes;
};

enum { OPT_BYTES = OPT_COMMAND };

static const struct argp_option options[] = {
	{ "bytes", OPT_BYTES, NULL, 0, "Sizes in bytes, on terminals too", 0 },
	COLUMNS_OPTION,
	{ 0 },
};

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	struct df_opts *opts = env->opts;

	(void)arg;
	if (key != OPT_BYTES)
		return ARGP_ERR_UNKNOWN;
	opts->bytes = true;
	return 0;
}

/* What only JSON shows. */
static void show_json(struct emit *out, const struct famfs_info *info)
{
	char omf[32];

	snprintf(omf, sizeof(omf), "%u.%u", info->super.omf_major, info->super.omf_minor);
	emit_str(out, "kind", NULL, info->kind == FAMFS_DEV_DAX ? "dax" : "image");
	emit_uuid(out, "dev_uuid", NULL, info->super.dev_uuid);
	emit_uuid(out, "system_uuid", NULL, info->super.system_uuid);
	emit_u64(out, "version", NULL, info->super.version);
	emit_str(out, "omf", NULL, omf);
	emit_u64(out, "real_size", NULL, info->real_size);
	emit_u64(out, "align", NULL, info->dev_align);
	emit_u64(out, "bad", NULL, info->bad);
	emit_u64(out, "file_bytes", NULL, info->file_bytes);
	emit_u64(out, "unusable", NULL, info->unusable);
	emit_u64(out, "log_len", NULL, info->log_len);
	emit_u64(out, "log_slots", NULL, info->log_slots);
	emit_u64(out, "log_used", NULL, info->log_used);
	emit_u64(out, "log_good", NULL, info->log_good);
	emit_bool(out, "torn_tail", info->torn_tail);
	emit_bool(out, "damaged", info->damaged);
}

static void show(struct emit *out, const char *device, const struct famfs_info *info)
{
	char log[48];

	snprintf(log, sizeof(log), "%" PRIu64 "/%" PRIu64, info->log_used, info->log_slots);
	emit_item(out);
	emit_str(out, "device", "DEVICE", device);
	emit_size(out, "size", "SIZE", info->dev_size);
	emit_size(out, "used", "USED", info->alloc_bytes);
	emit_size(out, "free", "FREE", info->free);
	emit_size(out, "largest_free", "LARGEST", info->largest_free);
	emit_u64(out, "files", "FILES", info->files);
	emit_u64(out, "dirs", "DIRS", info->dirs);
	emit_text(out, "LOG", log);
	emit_str(out, "role", "ROLE", info->role == FAMFS_ROLE_MASTER ? "master" : "client");
	emit_uuid(out, "uuid", "UUID", info->super.uuid);
	show_json(out, info);
	emit_item_end(out);
}

/* So that what is shown adds up. */
static void note_bad(const struct cmd_env *env, const char *device, const struct famfs_info *info)
{
	char size[32], text[96];

	if (!info->bad)
		return;
	snprintf(text, sizeof(text), "%s more hold no file and have media errors: not used",
		 famfs_size_format(info->bad, size, sizeof(size)));
	env_note(env, device, text, NULL);
}

static int df_one(struct cmd_env *env, const char *device)
{
	struct famfs_info info;
	struct famfs_err err;
	struct famfs *fs;
	int code = 0;

	if (famfs_open(env->ctx, device, 0, &fs, &err))
		return env_error(env, &err);
	if (famfs_info(fs, &info, &err))
		code = env_error(env, &err);
	else
		show(&env->out, device, &info);
	if (!code)
		note_bad(env, device, &info);
	if (famfs_damage(fs, &err))
		code = env_error(env, &err);
	famfs_close(fs);
	return code;
}

static int run(struct cmd_env *env)
{
	struct df_opts *opts = env->opts;
	int code = 0;
	size_t i;

	if (opts->bytes)
		env->out.human = false;
	if (!env->operands_nr && !env->device)
		env_usage(env, "", NULL, "an operand is missing: DEVICE, or --device");
	emit_list(&env->out, "filesystems", EMIT_TABLE);
	for (i = 0; i < env->operands_nr; i++)
		code |= df_one(env, operand_device(env, env->operands[i]));
	if (!env->operands_nr)
		code = df_one(env, env->device);
	emit_list_end(&env->out);
	return code;
}

const struct cmd cmd_df = {
	.name = "df",
	.summary = "Shows how full file systems are, and whose",
	.operands = "[DEVICE...]",
	.example = "famfs df /dev/dax0.0",
	.columns = "DEVICE,SIZE,USED,FREE,LARGEST,FILES,(DIRS),LOG,ROLE,(UUID)",
	.options = options,
	.parse = parse,
	.run = run,
	.opts_size = sizeof(struct df_opts),
	.operands_max = UINT_MAX,
	.flags = CMD_JSON,
};

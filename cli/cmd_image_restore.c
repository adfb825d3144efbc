/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "image.h"

enum { OPT_NEW_UUID = OPT_COMMAND, OPT_GROW, OPT_UNDO };

static const struct argp_option options[] = {
	{ "new-uuid", OPT_NEW_UUID, NULL, 0, "A copy: new UUIDs of file system and device", 0 },
	{ "grow", OPT_GROW, NULL, 0, "Use all of a larger device", 0 },
	{ "size", 's', "SIZE", 0, "Make an image of this size (that of the device dumped)", 0 },
	{ "undo", OPT_UNDO, "FILE", 0,
	  "Keep there what is written over (beside an image, or in the state directory)", 0 },
	{ "force", 'f', NULL, 0,
	  "Write over what is there; to a smaller device; from any host; let an image grow", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	struct famfs_restore_opts *opts = env->opts;

	switch (key) {
	case OPT_NEW_UUID:
		opts->flags |= FAMFS_RESTORE_NEW_UUID;
		return 0;
	case OPT_GROW:
		opts->flags |= FAMFS_RESTORE_GROW;
		return 0;
	case 's':
		opts->size = option_size(env, "--size", arg);
		if (!opts->size)
			env_usage(env, "--size", NULL, "0 is no size");
		return 0;
	case OPT_UNDO:
		opts->undo = arg;
		return 0;
	case 'f':
		opts->flags |= FAMFS_RESTORE_FORCE;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void show(struct cmd_env *env, const char *device, const struct famfs_restore_result *res,
		 const struct image_sections *sections)
{
	struct emit *out = &env->out;

	emit_str(out, "device", "device", device);
	emit_size(out, "size", "size", res->dev_size);
	emit_object(out, "image");
	if (env->json)
		image_show(out, &res->info);
	emit_object_end(out);
	emit_text(out, "restored",
		  res->info.kind == FAMFS_IMAGE_UNDO ? "undo file" : "metadata image");
	emit_bool(out, "super_valid", res->super_valid);
	if (res->super_valid) {
		emit_uuid(out, "uuid", "uuid", res->super.uuid);
		emit_uuid(out, "dev_uuid", "device uuid", res->super.dev_uuid);
		emit_size(out, "recorded_size", "recorded size", res->super.dev_size);
	}
	emit_u64(out, "sections_nr", "sections", res->info.sections);
	emit_u64(out, "changed", "bytes changed", res->changed);
	if (env->json || res->replaced[0])
		emit_str(out, "replaced", "replaced", res->replaced);
	emit_bool(out, "image_made", res->image_made);
	if (env->json || res->undo[0])
		emit_str(out, "undo", "undo file", res->undo);
	emit_bool(out, "dry_run", env->dry_run);
	if (env->dry_run)
		emit_text(out, "dry run", "nothing was written");
	image_show_sections(out, sections, env->verbose);
}

static int run(struct cmd_env *env)
{
	struct famfs_restore_opts *opts = env->opts;
	struct image_operands ops = image_operands(env, false, true);
	struct image_sections sections = { 0 };
	struct famfs_restore_result res = { 0 };
	struct famfs_image_source source;
	struct famfs_err err;
	int code = image_source(env, ops.file, &source);

	if (code)
		return code;
	opts->flags |= env->dry_run ? FAMFS_RESTORE_DRY_RUN : 0U;
	opts->flags |= env->sync ? FAMFS_RESTORE_SYNC : 0U;
	opts->section = image_add_section;
	opts->data = &sections;
	if (famfs_image_restore(env->ctx, &source, ops.device, opts, &res, &err))
		code = env_error(env, &err);
	else if (env->json || !env->quiet)
		show(env, ops.device, &res, &sections);
	if (source.fd != STDIN_FILENO)
		close(source.fd);
	free(sections.list);
	return code;
}

const struct cmd cmd_image_restore = {
	.name = "restore",
	.group = "image",
	.summary = "Writes a metadata image or an undo file to a device",
	.operands = "FILE|- DEVICE",
	.example = "famfs image restore fs.fmi /dev/dax0.0",
	.options = options,
	.parse = parse,
	.run = run,
	.opts_size = sizeof(struct famfs_restore_opts),
	.operands_min = 1,
	.operands_max = 2,
	.flags = CMD_JSON | CMD_DRYRUN | CMD_SYNC,
};

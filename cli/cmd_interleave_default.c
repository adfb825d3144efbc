/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "geometry.h"

/* Where it is kept, as it is shown. */
#define CFG_PATH "/.meta/.alloc.cfg"

struct default_opts {
	bool none;
	const char *undo;
	struct famfs_create_req req; /* the geometry */
};

enum { OPT_NONE = OPT_COMMAND, OPT_UNDO };

static const struct argp_option options[] = {
	{ "nstrips", 'N', "N", 0, "Interleave over N strips, 1 to 16", 0 },
	{ "nbuckets", 'B', "N", 0, "Take strips from N slices of the device", 0 },
	{ "chunksize", 'C', "SIZE", 0, "Deal chunks of SIZE (2M), a power of two", 0 },
	{ "none", OPT_NONE, NULL, 0, "Do not interleave", 0 },
	{ "undo", OPT_UNDO, "FILE", 0, "Keep what is written over in FILE", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	struct default_opts *opts = env->opts;

	if (!geometry_parse(key, arg, env, &opts->req))
		return 0;
	switch (key) {
	case OPT_NONE:
		opts->none = true;
		return 0;
	case OPT_UNDO:
		opts->undo = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void emit_geometry(struct emit *out, const struct famfs_geometry *g)
{
	struct text line = { 0 };

	geometry_text(&line, g);
	emit_text(out, "default", line.s);
	geometry_emit(out, g);
	text_free(&line);
}

/* Whether the existing tools will do the same. */
static void judge_existing(struct cmd_env *env, struct famfs *fs, const struct famfs_geometry *g)
{
	struct famfs_err err;
	int rc = famfs_default_existing(fs, g, &err);

	emit_bool(&env->out, "existing_tools_use_it", !rc);
	if (rc)
		env_note(env, err.object, err.message, err.hint);
}

static int show(struct cmd_env *env, struct famfs *fs, const char *device)
{
	struct famfs_geometry g = { 0 };
	struct famfs_err err;
	int rc = famfs_default_get(fs, &g, &err);

	if (rc && rc != -ENOENT)
		return env_error(env, &err);
	emit_str(&env->out, "device", "device", device);
	emit_bool(&env->out, "set", !rc);
	emit_geometry(&env->out, &g);
	emit_text(&env->out, "kept in", rc ? "nowhere: none was set" : CFG_PATH);
	if (!rc)
		judge_existing(env, fs, &g);
	return 0;
}

static int set(struct cmd_env *env, struct famfs *fs, const char *device)
{
	const struct default_opts *opts = env->opts;
	struct famfs_geometry g = { opts->req.nstrips, opts->req.nbuckets, opts->req.chunk_size };
	const struct famfs_default_opts how = {
		.undo = opts->undo,
		.uid = geteuid(),
		.gid = getegid(),
		.dry_run = env->dry_run,
	};
	struct famfs_default_result *result = env_keep(env, mem_calloc(1, sizeof(*result)));
	struct emit *out = &env->out;
	struct famfs_err err;

	if (famfs_default_set(fs, &g, &how, result, &err))
		return env_error(env, &err);
	emit_str(out, "device", "device", device);
	emit_bool(out, "set", true);
	emit_geometry(out, &g);
	emit_text(out, "kept in", CFG_PATH);
	emit_bool(out, "changed", result->changed);
	emit_bool(out, "dry_run", env->dry_run);
	if (!result->changed)
		emit_text(out, "written", "nothing: it is so already");
	else if (env->dry_run)
		emit_text(out, "written", "nothing: --dry-run");
	else if (result->made)
		emit_text(out, "written", "a new file");
	if (result->undo[0] || out->json)
		emit_str(out, "undo", "undo file", result->undo);
	judge_existing(env, fs, &g);
	return 0;
}

static int run(struct cmd_env *env)
{
	const struct default_opts *opts = env->opts;
	const char *device = operand_only_device(env);
	bool given = geometry_given(&opts->req), setting = given || opts->none;
	unsigned int flags = (setting ? FAMFS_OPEN_WRITE : 0U) | (env->sync ? FAMFS_OPEN_SYNC : 0U);
	struct famfs_err err;
	struct famfs *fs;
	int code;

	if (given && opts->none)
		env_usage(env, "--none", NULL, "contradicts --nstrips, --nbuckets and --chunksize");
	if (opts->undo && !setting)
		env_usage(env, "--undo", NULL,
			  "is for setting a default: add -N, -B, -C or --none");
	if (famfs_open(env->ctx, device, flags, &fs, &err))
		return env_error(env, &err);
	code = setting ? set(env, fs, device) : show(env, fs, device);
	if (!setting && famfs_damage(fs, &err))
		code = env_error(env, &err);
	famfs_close(fs);
	return code;
}

const struct cmd cmd_interleave_default = {
	.name = "default",
	.group = "interleave",
	.summary = "Shows or sets the geometry of files that are given none",
	.operands = "[DEVICE]",
	.example = "famfs interleave default -N 8 -B 8 -C 2M /dev/dax0.0",
	.options = options,
	.parse = parse,
	.run = run,
	.opts_size = sizeof(struct default_opts),
	.operands_max = 1,
	.flags = CMD_JSON | CMD_DRYRUN | CMD_SYNC,
};

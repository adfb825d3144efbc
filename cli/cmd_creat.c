/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "geometry.h"
#include "owner.h"
#include "seed.h"

struct creat_opts {
	bool has_size;
	bool atomic, randomize;
	uint32_t seed;
	unsigned int threads;
	const char *from;
	struct owner owner;
	struct famfs_create_req req;
};

enum { OPT_CONTIGUOUS = OPT_COMMAND, OPT_NO_ZERO, OPT_FROM, OPT_ATOMIC, OPT_RANDOMIZE, OPT_SEED };

static const struct argp_option options[] = {
	{ "size", 's', "SIZE", 0, "Size of each file: 4096, 512k, 1.5G", 0 },
	OWNER_OPTIONS_OF_MAKING("0666"),
	GEOMETRY_OPTIONS,
	{ "contiguous", OPT_CONTIGUOUS, NULL, 0, "In one extent or not at all", 0 },
	{ "no-zero", OPT_NO_ZERO, NULL, 0, "Leave what the space holds", 0 },
	{ "randomize", OPT_RANDOMIZE, NULL, 0, "Fill with the bytes that --seed makes", 0 },
	{ "seed", OPT_SEED, "N", 0, "Of --randomize: 64 bits, the low 32 count", 0 },
	{ "threads", 't', "N", 0, "Use at most N threads (one per CPU)", 0 },
	{ "from", OPT_FROM, "MANIFEST", 0, "Files from JSON records, - for stdin", 0 },
	{ "atomic", OPT_ATOMIC, NULL, 0, "All files or none", 0 },
	{ 0 },
};

static error_t parse_flag(int key, char *arg, struct cmd_env *env)
{
	struct creat_opts *opts = env->opts;

	switch (key) {
	case OPT_CONTIGUOUS:
		opts->req.flags |= FAMFS_CREATE_CONTIGUOUS;
		return 0;
	case OPT_NO_ZERO:
		opts->req.flags |= FAMFS_CREATE_NO_ZERO;
		return 0;
	case OPT_FROM:
		opts->from = arg;
		return 0;
	case OPT_RANDOMIZE:
		opts->randomize = true;
		return 0;
	case OPT_SEED:
		opts->seed = option_seed(env, arg);
		return 0;
	case 't':
		opts->threads = (unsigned int)option_number(env, "--threads", arg, THREADS_MAX);
		return 0;
	case OPT_ATOMIC:
		opts->atomic = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	struct creat_opts *opts = env->opts;

	if (!geometry_parse(key, arg, env, &opts->req) || !owner_parse(key, arg, env, &opts->owner))
		return 0;
	if (key != 's')
		return parse_flag(key, arg, env);
	opts->req.size = option_size(env, "--size", arg);
	opts->has_size = true;
	return 0;
}

/* The device of --from: the only operand, or --device. */
static const char *from_device(struct cmd_env *env)
{
	if (env->operands_nr > 1)
		env_usage(env, env->operands[1], NULL,
			  "one operand too many: --from takes its files from the manifest");
	return operand_only_device(env);
}

static int run_manifest(struct cmd_env *env, struct creat_opts *opts)
{
	struct place_opts place = { .atomic = opts->atomic, .summary = true, .timing = true };
	struct place_job job = { .device = from_device(env) };
	uint64_t start = clock_ns();
	int code;

	if (manifest_read(env, opts->from, &opts->req, opts->seed, &job))
		return EXIT_FAILED;
	place.parse_ns = clock_ns() - start;
	code = place_run(env, &job, 1, &place);
	free(job.reqs);
	free(job.seeds);
	return code;
}

static int run(struct cmd_env *env)
{
	struct creat_opts *opts = env->opts;
	struct place_opts place = { .atomic = opts->atomic, .timing = true, .seed = opts->seed };

	owner_apply(&opts->owner, 0666, &opts->req);
	famfs_ctx_set_threads(env->ctx, opts->threads);
	geometry_check(env, &opts->req);
	if (opts->randomize && !opts->seed)
		env_usage(env, "--randomize", "write --seed N, such as --seed 42",
			  "needs a seed, so that the bytes can be verified");
	if (opts->seed && !opts->randomize)
		env_usage(env, "--seed", NULL, "needs --randomize");
	if (opts->seed && (opts->req.flags & FAMFS_CREATE_NO_ZERO))
		env_usage(env, "--no-zero", NULL, "contradicts --randomize");
	if (opts->from)
		return run_manifest(env, opts);
	if (!env->operands_nr)
		env_usage(env, "", NULL, "an operand is missing: FILE...");
	if (!opts->has_size)
		env_usage(env, "--size", "write -s SIZE, such as -s 4G", "is missing");
	return place_operands(env, &opts->req, &place);
}

const struct cmd cmd_creat = {
	.name = "creat",
	.summary = "Places files: takes space for them and records them",
	.operands = "-s SIZE FILE... | --from MANIFEST DEVICE",
	.example = "famfs creat -s 4G -N 8 /dev/dax0.0:/data/model",
	.options = options,
	.parse = parse,
	.run = run,
	.opts_size = sizeof(struct creat_opts),
	.operands_max = UINT_MAX,
	.flags = CMD_JSON | CMD_DRYRUN | CMD_SYNC,
};

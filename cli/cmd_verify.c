/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <string.h>

#include "seed.h"
#include "verify.h"

enum { OPT_SEED = OPT_COMMAND, OPT_MAKE, OPT_MANIFEST, OPT_RESUME };

static const struct argp_option options[] = {
	{ "seed", OPT_SEED, "N", 0, "Against the bytes of creat --randomize --seed N", 0 },
	{ "manifest", OPT_MANIFEST, "SUMS", 0, "Against SHA-256 sums, - for stdin", 0 },
	{ "make-manifest", OPT_MAKE, NULL, 0, "Write such sums, as sha256sum does", 0 },
	{ "output", 'o', "SUMS", 0, "Where --make-manifest writes (stdout)", 0 },
	{ "resume", OPT_RESUME, NULL, 0, "Keep what -o SUMS has, add what is missing", 0 },
	{ "threads", 't', "N", 0, "Use at most N threads (one per CPU)", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	struct verify_opts *opts = env->opts;

	switch (key) {
	case OPT_SEED:
		opts->seed = option_seed(env, arg);
		return 0;
	case OPT_MANIFEST:
		opts->manifest = arg;
		return 0;
	case OPT_MAKE:
		opts->make = true;
		return 0;
	case 'o':
		opts->output = arg;
		return 0;
	case OPT_RESUME:
		opts->resume = true;
		return 0;
	case 't':
		opts->threads = (unsigned int)option_number(env, "--threads", arg, THREADS_MAX);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void check_options(struct cmd_env *env)
{
	struct verify_opts *opts = env->opts;
	int ways = !!opts->seed + !!opts->manifest + opts->make;

	if (!ways)
		env_usage(env, "", "give --seed N, --manifest SUMS or --make-manifest",
			  "nothing is given to compare with");
	if (ways > 1)
		env_usage(env, "", "give one of --seed, --manifest and --make-manifest",
			  "contradicting options");
	if (opts->output && !opts->make)
		env_usage(env, "--output", NULL, "needs --make-manifest");
	if (opts->output && !strcmp(opts->output, "-"))
		opts->output = NULL;
	if (opts->resume && !opts->output)
		env_usage(env, "--resume", NULL, "needs --make-manifest and -o SUMS");
}

static int run(struct cmd_env *env)
{
	const struct verify_opts *opts = env->opts;

	check_options(env);
	famfs_ctx_set_threads(env->ctx, opts->threads);
	if (opts->make)
		return verify_make(env);
	return opts->manifest ? verify_manifest(env) : verify_seed(env);
}

const struct cmd cmd_verify = {
	.name = "verify",
	.summary = "Compares files with the bytes of a seed, or with checksums",
	.operands = "FILE...|DEVICE",
	.example = "famfs verify --make-manifest -o SUMS /dev/dax0.0",
	.options = options,
	.parse = parse,
	.run = run,
	.opts_size = sizeof(struct verify_opts),
	.operands_max = UINT_MAX,
	.flags = CMD_JSON,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cp.h"
#include "cp_tar.h"
#include "file.h"
#include "geometry.h"

enum {
	OPT_CONTIGUOUS = OPT_COMMAND,
	OPT_SIZE,
	OPT_SPARSE,
	OPT_OVERWRITE,
	OPT_KEEP,
	OPT_EMPTY,
	OPT_TAR,
};

static const struct argp_option options[] = {
	{ "recursive", 'r', NULL, 0, "Directories with what is in them", 0 },
	{ "preserve", 'p', NULL, 0, "Modes and owners as the sources'", 0 },
	{ "dereference", 'L', NULL, 0, "Follow symbolic links in directories", 0 },
	{ "threads", 't', "N", 0, "At most N threads (one per CPU)", 0 },
	OWNER_OPTIONS("Octal mode; directories add x to r", "Owner, a number or a name",
		      "Group, a number or a name"),
	{ "nstrips", 'N', "N", 0, "In: interleave over N strips, 1 to 16", 0 },
	{ "nbuckets", 'B', "N", 0, "In: take strips from N slices", 0 },
	{ "chunksize", 'C', "SIZE", 0, "In: deal chunks of SIZE (2M)", 0 },
	{ "contiguous", OPT_CONTIGUOUS, NULL, 0, "In: each file in one extent", 0 },
	{ "size", OPT_SIZE, "SIZE", 0, "In: what standard input must have", 0 },
	{ "overwrite", OPT_OVERWRITE, NULL, 0, "In: new bytes, equal size; not atomic", 0 },
	{ "sparse", OPT_SPARSE, NULL, 0, "Out: pages of zeros become holes", 0 },
	{ "keep-going", OPT_KEEP, NULL, 0, "Go on behind what fails", 0 },
	{ "empty", OPT_EMPTY, "skip", 0, "Say nothing of empty files", 0 },
	{ "tar", OPT_TAR, NULL, 0, "The local side is a tar archive, or -", 0 },
	{ 0 },
};

static error_t parse_long(int key, char *arg, struct cmd_env *env)
{
	struct cp_opts *opts = env->opts;

	switch (key) {
	case OPT_CONTIGUOUS:
		opts->req.flags |= FAMFS_CREATE_CONTIGUOUS;
		return 0;
	case OPT_SIZE:
		opts->size = option_size(env, "--size", arg);
		opts->has_size = true;
		return 0;
	case OPT_SPARSE:
		opts->sparse = true;
		return 0;
	case OPT_OVERWRITE:
		opts->overwrite = true;
		return 0;
	case OPT_KEEP:
		opts->keep_going = true;
		return 0;
	case OPT_TAR:
		opts->tar = true;
		return 0;
	case OPT_EMPTY:
		if (strcmp(arg, "skip"))
			env_usage_value(env, "--empty", arg, NULL, "is not skip");
		opts->skip_empty = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	struct cp_opts *opts = env->opts;

	if (!geometry_parse(key, arg, env, &opts->req) || !owner_parse(key, arg, env, &opts->owner))
		return 0;
	switch (key) {
	case 'r':
		opts->recursive = true;
		return 0;
	case 'p':
		opts->preserve = true;
		return 0;
	case 'L':
		opts->follow = true;
		return 0;
	case 't':
		opts->threads = (unsigned int)option_number(env, "--threads", arg, THREADS_MAX);
		return 0;
	default:
		return parse_long(key, arg, env);
	}
}

/* Options that the direction of the copy leaves without a meaning. */
static void check_direction(struct cmd_env *env, const struct operand *dst)
{
	const struct cp_opts *opts = env->opts;

	geometry_check(env, &opts->req);
	if (dst->path && opts->sparse)
		env_usage(env, "--sparse", NULL, "is for copying out of a famfs");
	if (dst->path)
		return;
	if (geometry_given(&opts->req) || (opts->req.flags & FAMFS_CREATE_CONTIGUOUS))
		env_usage(env, dst->text, "a file inside is DEVICE:/path",
			  "is local, and a layout is for copying into a famfs");
	if (opts->overwrite)
		env_usage(env, "--overwrite", NULL,
			  "is for copying into a famfs; local files are replaced anyway");
	if (env->json && !strcmp(dst->text, "-"))
		env_usage(env, "--json", NULL, "needs standard output, and so does -");
}

static void check_sources(struct cmd_env *env, const struct operand *src, size_t nr,
			  const struct operand *dst)
{
	const struct cp_opts *opts = env->opts;
	size_t i, inputs = 0;

	for (i = 0; i < nr; i++) {
		if (!src[i].path && !dst->path)
			env_usage(env, src[i].text, "a file inside is DEVICE:/path; else use cp",
				  "is local, and so is %.200s", dst->text);
		inputs += !src[i].path && !strcmp(src[i].text, "-");
	}
	if (inputs > 1)
		env_usage(env, "-", NULL, "standard input can be read once only");
	if (opts->has_size && !inputs)
		env_usage(env, "--size", NULL, "is the size of standard input, and - is no source");
}

static void walk(struct cp *cp, const struct operand *src, size_t nr)
{
	size_t i;

	for (i = 0; i < nr && !cp->stop && !cmd_cancelled(); i++) {
		if (src[i].path)
			cp_walk_famfs(cp, &src[i]);
		else if (!strcmp(src[i].text, "-"))
			cp_walk_stdin(cp);
		else
			cp_walk_local(cp, src[i].text);
	}
}

static int copy(struct cp *cp, const struct operand *src, size_t nr, const struct operand *dst)
{
	int code = cp_dest_open(cp, dst);

	if (code)
		return code;
	if (nr > 1 && !cp->into && cp->stream < 0)
		return env_errorf(cp->env, -ENOTDIR, cp->dst_text,
				  "is no directory, and several sources need one");
	walk(cp, src, nr);
	/* Into a famfs the second one finds the first, and says whether it differs. */
	if (nr > 1 && cp->stream < 0 && (!cp->dst.fs || cp->opts->overwrite))
		cp_refuse_doubles(cp);
	progress_init(&cp->progress, cp->env, cp->dst.fs ? "copying in" : "copying out");
	if (!cp->stop && !cmd_cancelled() && cp->dst.fs)
		cp_in(cp);
	else if (!cp->stop && !cmd_cancelled())
		cp_out(cp);
	return cp_report(cp);
}

static int run(struct cmd_env *env)
{
	struct cp cp = { .env = env, .opts = env->opts, .root = -1, .stream = -1, .input = -1 };
	size_t nr = env->operands_nr - 1, i;
	struct operand *src = mem_calloc(nr, sizeof(*src));
	struct operand dst = operand_split(env, env->operands[nr]);
	int code;

	for (i = 0; i < nr; i++)
		src[i] = operand_split(env, env->operands[i]);
	check_direction(env, &dst);
	check_sources(env, src, nr, &dst);
	cp.mask = file_mask();
	if (cp.opts->threads)
		famfs_ctx_set_threads(env->ctx, cp.opts->threads);
	/* Standard output is for the bytes. */
	if (!dst.path && !strcmp(dst.text, "-"))
		env->out.out = stderr;
	code = cp.opts->tar ? cp_tar(env, src, nr, &dst) : copy(&cp, src, nr, &dst);
	cp_free(&cp);
	free(src);
	return code || cmd_cancelled() ? EXIT_FAILED : 0;
}

const struct cmd cmd_cp = {
	.name = "cp",
	.summary = "Copies files into a famfs, out of it, and between two",
	.operands = "SOURCE... DEST",
	.example = "famfs cp -r models /dev/dax0.0:/",
	.options = options,
	.parse = parse,
	.run = run,
	.opts_size = sizeof(struct cp_opts),
	.operands_min = 2,
	.operands_max = UINT_MAX,
	.flags = CMD_JSON | CMD_DRYRUN | CMD_SYNC,
};

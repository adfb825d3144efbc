/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "image.h"
#include "outfile.h"

struct dump_opts {
	bool force, scrub;
};

enum { OPT_SCRUB = OPT_COMMAND };

static const struct argp_option options[] = {
	{ "scrub-names", OPT_SCRUB, NULL, 0,
	  "Make the names of files and devices unrecognisable; what is wrong with them stays", 0 },
	{ "force", 'f', NULL, 0, "Replace FILE if it is there", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	struct dump_opts *opts = env->opts;

	(void)arg;
	switch (key) {
	case OPT_SCRUB:
		opts->scrub = true;
		return 0;
	case 'f':
		opts->force = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void show(struct cmd_env *env, const struct image_operands *ops,
		 const struct famfs_dump_result *res)
{
	struct emit *out = &env->out;

	if (!res->info.has_super)
		env_note(env, ops->device,
			 res->log_len_guessed
				 ? "no valid superblock, and nothing that tells the log's length"
				 : "no valid superblock; it was dumped as it is",
			 "famfs check tells what is wrong with it");
	if (!strcmp(ops->file, "-") || (env->quiet && !env->json))
		return;
	emit_str(out, "file", "file", ops->file);
	image_show(out, &res->info);
	emit_size(out, "log_len", "log", res->log_len);
	emit_bool(out, "log_len_guessed", res->log_len_guessed);
	emit_size(out, "file_len", "file size", res->info.file_len);
}

static int run(struct cmd_env *env)
{
	const struct dump_opts *opts = env->opts;
	struct image_operands ops = image_operands(env, true, false);
	struct outfile file = { .replace = opts->force };
	struct famfs_dump_opts dump = { .flags = opts->scrub ? FAMFS_DUMP_SCRUB_NAMES : 0U };
	struct famfs_dump_result res;
	struct famfs_err err;
	int code, finished;

	if (env->json && !strcmp(ops.file, "-"))
		env_usage(env, "--json", "give a file",
			  "cannot share standard output with the image");
	if (!strcmp(ops.file, "-") && isatty(STDOUT_FILENO))
		env_usage(env, "-", "redirect it, or give a file",
			  "raw bytes are not written to a terminal");
	code = outfile_open(env, &file, ops.file, ops.device);
	if (code)
		return code;
	dump.fd = file.fd;
	dump.name = file.name;
	if (famfs_image_dump(env->ctx, ops.device, &dump, &res, &err)) {
		if (err.rc == -EPIPE)
			file_reader_gone();
		code = env_error(env, &err);
	}
	finished = outfile_finish(env, &file, !code);
	code = code ? code : finished;
	if (!code)
		show(env, &ops, &res);
	return code;
}

const struct cmd cmd_image_dump = {
	.name = "dump",
	.group = "image",
	.summary = "Writes superblock and log to one small file; reads only",
	.operands = "DEVICE FILE|-",
	.example = "famfs image dump /dev/dax0.0 fs.fmi",
	.options = options,
	.parse = parse,
	.run = run,
	.opts_size = sizeof(struct dump_opts),
	.operands_min = 1,
	.operands_max = 2,
	.flags = CMD_JSON,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "cmd.h"

struct flush_opts {
	enum famfs_flush_mode mode;
	unsigned int threads;
};

static const struct argp_option options[] = {
	{ "write-back", 'w', NULL, 0, "Only write back: what is cached here stays cached", 0 },
	{ "threads", 't', "N", 0, "Threads (default: one for each CPU)", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	struct flush_opts *opts = env->opts;

	switch (key) {
	case 'w':
		opts->mode = FAMFS_FLUSH_WRITE_BACK;
		return 0;
	case 't':
		opts->threads = (unsigned int)option_number(env, "--threads", arg, THREADS_MAX);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* What is told while a file is worked on. */
struct flushing {
	struct progress progress;
	uint64_t done, total;
};

static void show_progress(void *data, uint64_t bytes)
{
	struct flushing *f = data;

	f->done += bytes;
	progress_show(&f->progress, f->done, f->total);
}

static int flush_entry(struct cmd_env *env, struct famfs *fs, const struct operand *op,
		       const struct famfs_entry *entry)
{
	const struct flush_opts *opts = env->opts;
	struct flushing f = { .total = entry->size };
	const struct famfs_data_opts data = {
		.threads = opts->threads,
		.progress = show_progress,
		.data = &f,
	};
	struct famfs_err err;
	int rc;

	progress_init(&f.progress, env, "flushing");
	f.progress.name = op->text;
	rc = famfs_flush(fs, entry, opts->mode, &data, &err);
	progress_clear(&f.progress);
	if (rc)
		return env_error(env, &err);
	emit_item(&env->out);
	emit_str(&env->out, "device", NULL, op->device);
	emit_str(&env->out, "path", NULL, entry->path);
	emit_u64(&env->out, "size", NULL, entry->size);
	emit_item_end(&env->out);
	return 0;
}

static int flush_one(struct cmd_env *env, const struct operand *op)
{
	struct famfs_entry entry;
	struct famfs_err err;
	struct famfs *fs;
	int code;

	if (famfs_open(env->ctx, op->device, 0, &fs, &err))
		return env_error(env, &err);
	if (famfs_lookup(fs, op->path, &entry, &err)) {
		code = env_error(env, &err);
		/* It may be behind what can be read. */
		if (famfs_damage(fs, &err))
			code |= env_error(env, &err);
	} else if (entry.type != FAMFS_ENTRY_FILE) {
		code = env_errorf(env, -EISDIR, op->text, "is a directory; name its files");
	} else {
		code = flush_entry(env, fs, op, &entry);
	}
	famfs_close(fs);
	return code;
}

static int run(struct cmd_env *env)
{
	int code = 0;

	emit_list(&env->out, "flushed", EMIT_SILENT);
	for (size_t i = 0; i < env->operands_nr && !cmd_cancelled(); i++) {
		struct operand op = operand_file(env, env->operands[i]);

		code |= flush_one(env, &op);
	}
	emit_list_end(&env->out);
	return code;
}

const struct cmd cmd_flush = {
	.name = "flush",
	.summary = "Writes the cache lines of files back, and drops them",
	.operands = "FILE...",
	.example = "famfs flush /dev/dax0.0:/data/model",
	.options = options,
	.parse = parse,
	.run = run,
	.opts_size = sizeof(struct flush_opts),
	.operands_min = 1,
	.operands_max = UINT_MAX,
	.flags = CMD_JSON,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

enum { CHUNK = 1 << 20 };

struct cat_opts {
	bool has_length;
	uint64_t off, len;
};

enum { OPT_OFFSET = OPT_COMMAND, OPT_LENGTH };

static const struct argp_option options[] = {
	{ "offset", OPT_OFFSET, "SIZE", 0, "From this byte of each file on", 0 },
	{ "length", OPT_LENGTH, "SIZE", 0, "At most so many bytes of each file", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	struct cat_opts *opts = env->opts;

	switch (key) {
	case OPT_OFFSET:
		opts->off = option_size(env, "--offset", arg);
		return 0;
	case OPT_LENGTH:
		opts->len = option_size(env, "--length", arg);
		opts->has_length = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* @buf: CHUNK bytes. @stop: the output failed: nothing more is read. */
struct cat {
	struct cmd_env *env;
	struct famfs *fs;
	char *buf;
	bool stop;
	struct progress progress;
};

/* Bytes that are seen tell how far it is, and what they are piped to may use this terminal too. */
static void begin_progress(struct cat *cat, const char *name)
{
	struct stat st;

	progress_init(&cat->progress, cat->env, "copying");
	if (cat->env->progress == WHEN_AUTO && (fstat(STDOUT_FILENO, &st) || !S_ISREG(st.st_mode)))
		cat->progress.shown = false;
	cat->progress.name = name;
}

static int output_failed(struct cat *cat, int rc)
{
	cat->stop = true;
	progress_clear(&cat->progress);
	if (rc == -EPIPE)
		file_reader_gone();
	if (cmd_cancelled())
		return EXIT_FAILED;
	return env_errorf(cat->env, rc, "standard output", "%s", strerror(-rc));
}

static int input_failed(struct cat *cat, const struct famfs_err *err)
{
	progress_clear(&cat->progress);
	return env_error(cat->env, err);
}

/* What standard output is may be the end of another file, so the bytes go there in order. */
static int copy(struct cat *cat, const struct famfs_entry *entry)
{
	const struct cat_opts *opts = cat->env->opts;
	uint64_t at = opts->off, left = at < entry->size ? entry->size - at : 0, total;
	struct famfs_err err;
	size_t len;
	int rc;

	if (opts->has_length && opts->len < left)
		left = opts->len;
	for (total = left; left && !cmd_cancelled(); left -= len, at += len) {
		progress_show(&cat->progress, total - left, total);
		len = left < CHUNK ? (size_t)left : CHUNK;
		if (famfs_read(cat->fs, entry, at, cat->buf, len, &err))
			return input_failed(cat, &err);
		rc = file_write_all(STDOUT_FILENO, cat->buf, len);
		if (rc)
			return output_failed(cat, rc);
	}
	progress_clear(&cat->progress);
	if (left)
		return EXIT_FAILED;
	return famfs_unmoved(cat->fs, entry, &err) ? env_error(cat->env, &err) : 0;
}

static int cat_one(struct cat *cat, const struct operand *op)
{
	struct famfs_entry entry;
	struct famfs_err err;

	if (famfs_lookup(cat->fs, op->path, &entry, &err))
		return env_error(cat->env, &err);
	if (entry.type != FAMFS_ENTRY_FILE)
		return env_errorf(cat->env, -EISDIR, op->text, "is a directory");
	begin_progress(cat, op->text);
	return copy(cat, &entry);
}

/* Disks may be written to, but not what is read. */
static bool output_is(const char *device)
{
	struct stat st;

	return !fstat(STDOUT_FILENO, &st) && !S_ISBLK(st.st_mode) &&
	       file_is_device(STDOUT_FILENO, device);
}

/* One opening of the device for a run of operands on it. */
static int cat_device(struct cat *cat, const struct operand *list, size_t nr)
{
	struct cmd_env *env = cat->env;
	struct famfs_err err;
	size_t i;
	int code = 0;

	if (output_is(list[0].device)) {
		cat->stop = true;
		return env_errorf(env, -EINVAL, "standard output", "is the file system itself");
	}
	if (famfs_open(env->ctx, list[0].device, 0, &cat->fs, &err))
		return env_error(env, &err);
	for (i = 0; i < nr && !cat->stop && !cmd_cancelled(); i++)
		code |= cat_one(cat, &list[i]);
	if (!cat->stop && famfs_damage(cat->fs, &err))
		code |= env_error(env, &err);
	famfs_close(cat->fs);
	return cmd_cancelled() ? EXIT_FAILED : code;
}

static int run(struct cmd_env *env)
{
	size_t nr = env->operands_nr, i, len;
	struct operand *list = env_keep(env, mem_calloc(nr, sizeof(*list)));
	struct cat cat = { .env = env, .buf = env_keep(env, mem_calloc(CHUNK, 1)) };
	int code = 0;

	for (i = 0; i < nr; i++)
		list[i] = operand_file(env, env->operands[i]);
	for (i = 0; i < nr && !cat.stop && !cmd_cancelled(); i += len) {
		for (len = 1; i + len < nr; len++)
			if (strcmp(list[i + len].device, list[i].device))
				break;
		code |= cat_device(&cat, list + i, len);
	}
	return code;
}

const struct cmd cmd_cat = {
	.name = "cat",
	.summary = "Writes the bytes of files to standard output",
	.operands = "FILE...",
	.example = "famfs cat --offset 1M --length 4k /dev/dax0.0:/data/model | od -c",
	.options = options,
	.parse = parse,
	.run = run,
	.opts_size = sizeof(struct cat_opts),
	.operands_min = 1,
	.operands_max = UINT_MAX,
};

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

/* Nothing more can be written, so nothing more is read. */
static int output_failed(struct cmd_env *env, int rc)
{
	if (rc == -EPIPE)
		file_reader_gone();
	if (cmd_cancelled())
		return EXIT_FAILED;
	return env_errorf(env, rc, "standard output", "%s", strerror(-rc));
}

/*
 * What standard output is may be the end of another file, so the bytes go there in order. @buf:
 * CHUNK bytes. Sets *@stop when the output failed.
 */
static int copy(struct cmd_env *env, struct famfs *fs, const struct famfs_entry *entry, char *buf,
		bool *stop)
{
	const struct cat_opts *opts = env->opts;
	uint64_t at = opts->off, left = at < entry->size ? entry->size - at : 0;
	struct famfs_err err;
	size_t len;
	int rc;

	if (opts->has_length && opts->len < left)
		left = opts->len;
	for (; left && !cmd_cancelled(); left -= len, at += len) {
		len = left < CHUNK ? (size_t)left : CHUNK;
		if (famfs_read(fs, entry, at, buf, len, &err))
			return env_error(env, &err);
		rc = file_write_all(STDOUT_FILENO, buf, len);
		if (rc) {
			*stop = true;
			return output_failed(env, rc);
		}
	}
	if (left)
		return EXIT_FAILED;
	return famfs_unmoved(fs, entry, &err) ? env_error(env, &err) : 0;
}

static int cat_one(struct cmd_env *env, struct famfs *fs, const struct operand *op, char *buf,
		   bool *stop)
{
	struct famfs_entry entry;
	struct famfs_err err;

	if (famfs_lookup(fs, op->path, &entry, &err))
		return env_error(env, &err);
	if (entry.type != FAMFS_ENTRY_FILE)
		return env_errorf(env, -EISDIR, op->text, "is a directory");
	return copy(env, fs, &entry, buf, stop);
}

/* Disks may be written to, but not what is read. */
static bool output_is(const char *device)
{
	struct stat st;

	return !fstat(STDOUT_FILENO, &st) && !S_ISBLK(st.st_mode) &&
	       file_is_device(STDOUT_FILENO, device);
}

/* One opening of the device for a run of operands on it. */
static int cat_device(struct cmd_env *env, const struct operand *list, size_t nr, char *buf,
		      bool *stop)
{
	struct famfs_err err;
	struct famfs *fs;
	size_t i;
	int code = 0;

	if (output_is(list[0].device)) {
		*stop = true;
		return env_errorf(env, -EINVAL, "standard output", "is the file system itself");
	}
	if (famfs_open(env->ctx, list[0].device, 0, &fs, &err))
		return env_error(env, &err);
	for (i = 0; i < nr && !*stop && !cmd_cancelled(); i++)
		code |= cat_one(env, fs, &list[i], buf, stop);
	if (!*stop && famfs_damage(fs, &err))
		code |= env_error(env, &err);
	famfs_close(fs);
	return cmd_cancelled() ? EXIT_FAILED : code;
}

static int run(struct cmd_env *env)
{
	size_t nr = env->operands_nr, i, len;
	struct operand *list = env_keep(env, mem_calloc(nr, sizeof(*list)));
	char *buf = env_keep(env, mem_calloc(CHUNK, 1));
	bool stop = false;
	int code = 0;

	for (i = 0; i < nr; i++)
		list[i] = operand_file(env, env->operands[i]);
	for (i = 0; i < nr && !stop && !cmd_cancelled(); i += len) {
		for (len = 1; i + len < nr; len++)
			if (strcmp(list[i + len].device, list[i].device))
				break;
		code |= cat_device(env, list + i, len, buf, &stop);
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

/* SPDX-License-Identifier: Apache-2.0 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

enum format { FORMAT_DEFAULT, FORMAT_TEXT, FORMAT_JSON, FORMAT_RAW };

struct dump_opts {
	enum format format;
	const char *output;
	bool force;
};

enum { OPT_FORMAT = OPT_COMMAND, OPT_FORCE };

static const struct argp_option options[] = {
	{ "format", OPT_FORMAT, "FORMAT", 0, "text (default), json, or raw: the message itself",
	  0 },
	{ "output", 'o', "FILE", 0, "Where raw bytes go, - for stdout (default)", 0 },
	{ "force", OPT_FORCE, NULL, 0, "Raw, even if the kernel rejects it or it is unsafe", 0 },
	{ 0 },
};

/* The message of one file, and what is thought of it. */
struct dump {
	struct operand op;
	struct famfs_entry entry;
	struct famfs_fmap_verdict verdict;
	uint8_t msg[FAMFS_FMAP_V1_MAX];
	size_t len;
	bool safe;
	int damage; /* exit code for a log that is not good to its end */
};

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	struct dump_opts *opts = env->opts;

	switch (key) {
	case OPT_FORMAT:
		if (!strcmp(arg, "text"))
			opts->format = FORMAT_TEXT;
		else if (!strcmp(arg, "json"))
			opts->format = FORMAT_JSON;
		else if (!strcmp(arg, "raw"))
			opts->format = FORMAT_RAW;
		else
			env_usage(env, "--format", NULL, "\"%.40s\" is not text, json or raw", arg);
		return 0;
	case 'o':
		opts->output = arg;
		return 0;
	case OPT_FORCE:
		opts->force = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static uint32_t get32(const struct dump *d, size_t at)
{
	uint32_t v = 0;

	if (at + sizeof(v) <= d->len)
		memcpy(&v, d->msg + at, sizeof(v));
	return le32toh(v);
}

static uint64_t get64(const struct dump *d, size_t at)
{
	uint64_t v = 0;

	if (at + sizeof(v) <= d->len)
		memcpy(&v, d->msg + at, sizeof(v));
	return le64toh(v);
}

/* @nr simple extents of 24 bytes from @at on: those of a file, or the strips of one. */
static void show_extents(struct emit *out, const struct dump *d, size_t at, uint32_t nr,
			 const char *key)
{
	const char *word = strcmp(key, "strips") ? "extent" : "strip";
	char label[24], value[128], off[24], len[24];
	uint32_t i;

	emit_list(out, key, EMIT_SILENT);
	for (i = 0; i < nr && at + 24 * (i + 1U) <= d->len; i++) {
		emit_item(out);
		emit_u64(out, "dev", NULL, get32(d, at + 24 * i));
		emit_u64(out, "off", NULL, get64(d, at + 24 * i + 8));
		emit_u64(out, "len", NULL, get64(d, at + 24 * i + 16));
		emit_item_end(out);
	}
	emit_list_end(out);
	for (i = 0; !out->json && i < nr && at + 24 * (i + 1U) <= d->len; i++) {
		uint64_t o = get64(d, at + 24 * i + 8), l = get64(d, at + 24 * i + 16);

		snprintf(label, sizeof(label), "%s %u", word, i);
		snprintf(value, sizeof(value),
			 "device %u offset 0x%" PRIx64 " (%s) length 0x%" PRIx64 " (%s)",
			 get32(d, at + 24 * i), o, famfs_size_format(o, off, sizeof(off)), l,
			 famfs_size_format(l, len, sizeof(len)));
		emit_text(out, label, value);
	}
}

static void show_interleaved(struct emit *out, const struct dump *d, uint32_t nr)
{
	size_t at = 32;
	uint32_t i, nstrips;
	char value[128], chunk[24];

	emit_list(out, "interleaved", out->json ? EMIT_SILENT : EMIT_BLOCK);
	for (i = 0; i < nr && at + 24 <= d->len; i++) {
		nstrips = get32(d, at);
		emit_item(out);
		emit_u64(out, "nstrips", NULL, nstrips);
		emit_u64(out, "chunk_size", NULL, get32(d, at + 4));
		emit_u64(out, "nbytes", NULL, get64(d, at + 8));
		snprintf(value, sizeof(value), "%u strips, chunks of %s, %" PRIu64 " bytes",
			 nstrips, famfs_size_format(get32(d, at + 4), chunk, sizeof(chunk)),
			 get64(d, at + 8));
		emit_text(out, "interleaved", value);
		show_extents(out, d, at + 24, nstrips, "strips");
		emit_item_end(out);
		at += 24 + 24 * (size_t)nstrips;
	}
	emit_list_end(out);
}

/* What is wrong with the map, in one line. */
static void verdict_text(struct text *t, const struct famfs_fmap_verdict *v)
{
	uint32_t bits = v->kernel_rc ? v->rejected : v->unsafe;
	const char *words, *lead = ": ";
	unsigned int n;

	text_addf(t, "its map is %s",
		  v->kernel_rc ? "rejected by the kernel" : "accepted by the kernel, but unsafe");
	for (n = 1; n < 32; n++) {
		if (!(bits & (UINT32_C(1) << n)))
			continue;
		words = v->kernel_rc ? famfs_fmap_k_text(n) : famfs_fmap_u_text(n);
		text_addf(t, "%s%c%u (%s)", lead, v->kernel_rc ? 'K' : 'U', n, words ? words : "?");
		lead = ", ";
	}
}

static int complain(struct cmd_env *env, const struct dump *d, const char *tail)
{
	struct text t = { 0 };
	int code;

	verdict_text(&t, &d->verdict);
	code = env_errorf(env, -EUCLEAN, d->op.text, "%s%s", t.s, tail);
	text_free(&t);
	return code;
}

static void show_verdict(struct emit *out, const struct dump *d)
{
	const struct famfs_fmap_verdict *v = &d->verdict;
	struct text line = { 0 };

	if (v->kernel_rc)
		text_addf(&line, "rejects it with -%s", famfs_err_code(v->kernel_rc));
	else
		text_addf(&line, "accepts it%s", v->unsafe ? ", though it is unsafe" : "; safe");
	emit_text(out, "kernel", line.s);
	emit_int(out, "kernel_rc", v->kernel_rc);
	emit_rules(out, "rejected", 'K', v->rejected);
	emit_rules(out, "unsafe", 'U', v->unsafe);
	text_free(&line);
}

static void show(struct emit *out, const struct dump *d)
{
	uint32_t nextents = get32(d, 8);
	bool interleaved = get32(d, 4) == FAMFS_EXT_INTERLEAVE;
	struct text path = { 0 }, hex = { 0 };
	size_t i;

	entry_path_text(&path, d->entry.path);
	emit_str(out, "device", NULL, d->op.device);
	emit_str(out, "path", NULL, path.s);
	emit_text(out, "file", d->op.text);
	emit_str(out, "wire", "wire", "v1");
	emit_u64(out, "length", "message bytes", d->len);
	emit_int(out, "file_type", d->msg[0]);
	emit_text(out, "file type", d->msg[0] ? "not regular" : "regular");
	emit_size(out, "file_size", "file size", get64(d, 16));
	emit_str(out, "ext_type", "layout", interleaved ? "interleaved" : "simple");
	emit_u64(out, "nextents", "extents", nextents);
	if (interleaved)
		show_interleaved(out, d, nextents);
	else
		show_extents(out, d, 32, nextents, "extents");
	for (i = 0; i < d->len; i++)
		text_addf(&hex, "%02x", d->msg[i]);
	emit_str(out, "hex", NULL, hex.s);
	show_verdict(out, d);
	text_free(&path);
	text_free(&hex);
}

static int write_file(struct cmd_env *env, const struct dump *d, const char *file)
{
	struct stat st;
	int fd, rc;

	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
	if (fd < 0)
		return env_errorf(env, -errno, file, "%s", strerror(errno));
	if (isatty(fd) || file_is_device(fd, d->op.device)) {
		rc = env_errorf(env, -EINVAL, file, "is %s; raw bytes are not written there",
				isatty(fd) ? "a terminal" : "a device or the file system itself");
		close(fd);
		return rc;
	}
	rc = !fstat(fd, &st) && S_ISREG(st.st_mode) && ftruncate(fd, 0) ? -errno : 0;
	if (!rc)
		rc = file_write_all(fd, d->msg, d->len);
	if (close(fd) && !rc)
		rc = -errno;
	return rc ? env_errorf(env, rc, file, "%s", strerror(-rc)) : 0;
}

static int write_raw(struct cmd_env *env, const struct dump *d)
{
	const struct dump_opts *opts = env->opts;

	if (!d->safe && !opts->force)
		return complain(env, d, "; it is not handed out raw without --force");
	if (opts->output && strcmp(opts->output, "-"))
		return write_file(env, d, opts->output);
	fwrite(d->msg, 1, d->len, stdout);
	return 0;
}

/* Looks the file up, makes its message and has it judged. */
static int make(struct cmd_env *env, struct dump *d)
{
	struct famfs_fmap_limits limits = { 0 };
	struct famfs_info info;
	struct famfs_err err;
	struct famfs *fs;
	int code = 0;

	if (famfs_open(env->ctx, d->op.device, 0, &fs, &err))
		return env_error(env, &err);
	if (famfs_lookup(fs, d->op.path, &d->entry, &err) || famfs_info(fs, &info, &err)) {
		code = env_error(env, &err);
	} else if (d->entry.type != FAMFS_ENTRY_FILE) {
		code = env_errorf(env, -EISDIR, d->op.text,
				  "is a directory, and only files have maps");
	} else if (famfs_fmap_encode(&d->entry, d->msg, sizeof(d->msg), &d->len, &err)) {
		code = env_errorf(env, err.rc, d->op.text, "%s", err.message);
	} else {
		limits.dev_size = info.dev_size;
		limits.data_off = FAMFS_LOG_OFF + info.log_len;
		famfs_fmap_judge(d->msg, d->len, &limits, &d->verdict);
		d->safe = !d->verdict.kernel_rc && !d->verdict.unsafe;
	}
	if (famfs_damage(fs, &err))
		d->damage = env_error(env, &err);
	famfs_close(fs);
	return code;
}

/* What does not fit together; settles the format. */
static void check_options(struct cmd_env *env)
{
	struct dump_opts *opts = env->opts;

	if (opts->format == FORMAT_DEFAULT)
		opts->format = env->json ? FORMAT_JSON : FORMAT_TEXT;
	if (env->json && opts->format != FORMAT_JSON)
		env_usage(env, "--json", NULL, "contradicts --format");
	if (opts->format == FORMAT_JSON)
		env->json = env->out.json = true;
	if (opts->format != FORMAT_RAW && (opts->output || opts->force))
		env_usage(env, opts->output ? "--output" : "--force", "add --format=raw",
			  "is for raw maps only");
	if (opts->format == FORMAT_RAW && (!opts->output || !strcmp(opts->output, "-")) &&
	    isatty(STDOUT_FILENO))
		env_usage(env, "--format=raw", "add -o FILE",
			  "raw bytes are not written to a terminal");
}

static int run(struct cmd_env *env)
{
	const struct dump_opts *opts = env->opts;
	struct dump d = { 0 };
	int code;

	d.op = operand_file(env, env->operands[0]);
	check_options(env);
	code = make(env, &d);
	if (code)
		return code;
	if (opts->format == FORMAT_RAW)
		code = write_raw(env, &d);
	else
		show(&env->out, &d);
	if (code)
		return code;
	return d.safe ? d.damage : complain(env, &d, "");
}

const struct cmd cmd_fmap_dump = {
	.name = "dump",
	.group = "fmap",
	.summary = "Shows the map of a file that the kernel gets",
	.operands = "FILE",
	.example = "famfs fmap dump --format=raw -o a.fmap /dev/dax0.0:/a",
	.options = options,
	.parse = parse,
	.run = run,
	.opts_size = sizeof(struct dump_opts),
	.operands_min = 1,
	.operands_max = 1,
	.flags = CMD_JSON,
};

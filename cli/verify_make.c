/* SPDX-License-Identifier: Apache-2.0 */
/* verify --make-manifest. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "listing.h"
#include "verify.h"

/* What an operand names: a file, or a directory with all that is below it. */
struct top {
	char path[FAMFS_PATH_SIZE + 1];
	bool dir;
};

/* @fd: where lines go, or -1. @have: by row: whether the file that is resumed has it. */
struct make {
	struct cmd_env *env;
	struct famfs *fs;
	const char *name;
	int fd;
	struct top *tops;
	size_t tops_nr;
	struct listing rows;
	bool *have;
	uint64_t kept, made, failed;
};

static bool wanted(const void *data, const struct famfs_entry *entry)
{
	const struct make *m = data;
	const char *rest;
	size_t i;

	if (entry->type != FAMFS_ENTRY_FILE)
		return false;
	for (i = 0; i < m->tops_nr; i++) {
		rest = m->tops[i].dir ? path_below(entry->path, m->tops[i].path) : NULL;
		if (rest || !strcmp(entry->path, m->tops[i].path))
			return true;
	}
	return false;
}

/* What the operands name; those that name nothing are told, and the others are done. */
static void find_tops(struct make *m, const struct operand *list, size_t nr)
{
	struct famfs_entry entry;
	struct famfs_err err;
	size_t i;

	m->tops = mem_calloc(nr, sizeof(*m->tops));
	for (i = 0; i < nr; i++) {
		struct top *top = &m->tops[m->tops_nr];

		if (famfs_lookup(m->fs, list[i].path ? list[i].path : "/", &entry, &err)) {
			env_error(m->env, &err);
			m->failed++;
			continue;
		}
		memcpy(top->path, entry.path, sizeof(top->path));
		top->dir = entry.type != FAMFS_ENTRY_FILE;
		m->tops_nr++;
	}
}

static int open_output(struct make *m, const char *file, const char *device, bool resume)
{
	struct stat st;
	int flags = O_CREAT | O_CLOEXEC | O_NOCTTY | (resume ? O_RDWR : O_WRONLY);
	const char *why = NULL;

	m->name = file;
	m->fd = open(file, flags, 0666);
	if (m->fd < 0)
		return env_errorf(m->env, -errno, file, "%s", strerror(errno));
	if (fstat(m->fd, &st))
		return env_errorf(m->env, -errno, file, "%s", strerror(errno));
	if (file_is_device(m->fd, device))
		why = "is a device or the file system itself";
	else if (resume && !S_ISREG(st.st_mode))
		why = "is no regular file, so nothing in it can be resumed";
	if (why)
		return env_errorf(m->env, -EINVAL, file, "%s", why);
	if (!resume && S_ISREG(st.st_mode) && ftruncate(m->fd, 0))
		return env_errorf(m->env, -errno, file, "%s", strerror(errno));
	return 0;
}

static int compare_row(const void *key, const void *row)
{
	return strcmp(key, ((const struct listing_row *)row)->u.path);
}

static void mark(struct make *m, const char *path)
{
	struct listing_row *row;

	while (path[0] == '/' || (path[0] == '.' && path[1] == '/'))
		path++;
	if (!m->rows.nr)
		return;
	row = bsearch(path, m->rows.rows, m->rows.nr, sizeof(*row), compare_row);
	if (!row || m->have[row - m->rows.rows])
		return;
	m->have[row - m->rows.rows] = true;
	m->kept++;
}

/* Keeps the whole lines of the file; a last one that was cut short is taken away. */
static int resume(struct make *m)
{
	struct text text = { 0 };
	uint8_t sum[FAMFS_SHA256_LEN];
	uint64_t nr = 0;
	char *line, *end, *path;
	off_t keep;
	int code = file_read_fd(m->env, m->fd, m->name, &text);

	line = text.s;
	while (!code && (end = memchr(line, '\n', text.len - (size_t)(line - text.s))) != NULL) {
		nr++;
		path = sums_parse(line, (size_t)(end - line), sum);
		if (!path)
			code = env_errorf(m->env, -EINVAL, m->name,
					  "line %llu is no line of checksums: nothing is resumed",
					  (unsigned long long)nr);
		else
			mark(m, path);
		line = end + 1;
	}
	keep = line - text.s;
	text_free(&text);
	if (code)
		return code;
	if (ftruncate(m->fd, keep) || lseek(m->fd, keep, SEEK_SET) < 0)
		return env_errorf(m->env, -errno, m->name, "%s", strerror(errno));
	return 0;
}

static void emit_result(struct make *m, const struct digest_item *item)
{
	struct emit *out = &m->env->out;
	struct text path = { 0 };
	char hex[DIGEST_HEX + 1];

	entry_path_text(&path, item->path);
	emit_item(out);
	emit_str(out, "path", NULL, path.s);
	emit_str(out, "status", NULL, item->err ? "failed" : "ok");
	if (item->err) {
		emit_err(out, item->err);
	} else {
		emit_u64(out, "size", NULL, item->size);
		emit_str(out, "sha256", NULL, digest_hex(item->sum, hex));
	}
	emit_item_end(out);
	text_free(&path);
}

/* Each line goes out whole and at once, so that a run that ends early can be resumed. */
static bool made(void *data, const struct digest_item *item)
{
	struct make *m = data;
	struct text line = { 0 };
	int rc = 0;

	emit_result(m, item);
	if (item->err) {
		m->failed++;
		env_error(m->env, item->err);
		return true;
	}
	sums_add(&line, item->sum, item->path);
	if (m->fd >= 0)
		rc = file_write_all(m->fd, line.s, line.len);
	else if (!m->env->json)
		fwrite(line.s, 1, line.len, stdout);
	text_free(&line);
	if (rc == -EPIPE)
		file_reader_gone();
	if (rc && !cmd_cancelled())
		env_errorf(m->env, rc, m->name, "%s", strerror(-rc));
	m->made += !rc;
	m->failed += !!rc;
	return !rc && !ferror(stdout);
}

static int hash_all(struct make *m)
{
	const struct verify_opts *opts = m->env->opts;
	struct digest digest = { .env = m->env, .fs = m->fs, .done = made, .data = m };
	struct famfs_entry entry;
	struct famfs_err err;
	size_t i;
	int code;

	digest.threads = opts->threads;
	digest.items = mem_calloc(m->rows.nr, sizeof(*digest.items));
	for (i = 0; i < m->rows.nr; i++) {
		if (m->have[i])
			continue;
		digest.items[digest.nr++].path = m->rows.rows[i].u.path;
		if (listing_entry(m->fs, &m->rows.rows[i], &entry, &err)) {
			free(digest.items);
			return env_error(m->env, &err);
		}
		digest.total += entry.size;
	}
	emit_list(&m->env->out, "results", EMIT_SILENT);
	code = digest_run(&digest);
	emit_list_end(&m->env->out);
	free(digest.items);
	return code;
}

static int make_sums(struct make *m, const char *device)
{
	const struct verify_opts *opts = m->env->opts;
	int code;

	m->rows = (struct listing){ .env = m->env, .fs = m->fs, .wanted = wanted, .data = m };
	code = listing_collect(&m->rows);
	if (!code && opts->output)
		code = open_output(m, opts->output, device, opts->resume);
	m->have = mem_calloc(m->rows.nr, sizeof(*m->have));
	if (!code && opts->resume)
		code = resume(m);
	if (!code)
		code = hash_all(m);
	if (m->fd >= 0 && close(m->fd) && !code)
		code = env_errorf(m->env, -errno, m->name, "%s", strerror(errno));
	listing_free(&m->rows);
	free(m->have);
	return code;
}

int verify_make(struct cmd_env *env)
{
	struct make m = { .env = env, .fd = -1 };
	struct operand *list;
	struct famfs_err err;
	size_t nr = operand_list(env, &list);
	int code;

	if (operands_several(list, nr))
		env_usage(env, "--make-manifest", "make a manifest for each device",
			  "the operands are on several devices");
	if (famfs_open(env->ctx, list[0].device, 0, &m.fs, &err))
		return env_error(env, &err);
	emit_str(&env->out, "device", NULL, list[0].device);
	find_tops(&m, list, nr);
	code = make_sums(&m, list[0].device);
	free(m.tops);
	emit_u64(&env->out, "made", NULL, m.made);
	emit_u64(&env->out, "kept", NULL, m.kept);
	emit_u64(&env->out, "failed", NULL, m.failed);
	note_unusable(env, m.fs, list[0].device);
	if (famfs_damage(m.fs, &err))
		code = env_error(env, &err);
	famfs_close(m.fs);
	return code || m.failed ? EXIT_FAILED : 0;
}

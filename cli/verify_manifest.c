/* SPDX-License-Identifier: Apache-2.0 */
/* verify --manifest. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "verify.h"

struct compared {
	struct cmd_env *env;
	struct famfs *fs;
	const char *name;
	struct digest_item *items;
	size_t nr, cap;
	uint64_t wrong_lines;
	uint64_t ok, differing, missing, failed;
};

enum { COMPLAINTS_MAX = 20 };

static void wrong_line(struct compared *c, uint64_t nr)
{
	c->failed++;
	if (++c->wrong_lines <= COMPLAINTS_MAX)
		env_errorf(c->env, -EINVAL, c->name,
			   "line %" PRIu64 " is no line of SHA-256 checksums", nr);
}

/* The items point into @text. */
static void parse_lines(struct compared *c, struct text *text)
{
	char *line = text->s, *stop = text->s + text->len, *end, *path;
	uint8_t sum[FAMFS_SHA256_LEN];
	uint64_t nr = 0, more;

	for (; line < stop; line = end + 1) {
		end = memchr(line, '\n', (size_t)(stop - line));
		if (!end)
			end = stop;
		nr++;
		path = sums_parse(line, (size_t)(end - line), sum);
		if (!path) {
			wrong_line(c, nr);
			continue;
		}
		c->items = mem_grow(c->items, &c->cap, c->nr + 1, sizeof(*c->items));
		c->items[c->nr] = (struct digest_item){ .path = path };
		memcpy(c->items[c->nr++].want, sum, sizeof(sum));
	}
	more = c->wrong_lines > COMPLAINTS_MAX ? c->wrong_lines - COMPLAINTS_MAX : 0;
	if (more)
		env_errorf(c->env, -EINVAL, c->name, "%" PRIu64 " more %s wrong", more,
			   plural(more, "line is", "lines are"));
}

static void emit_result(struct compared *c, const struct digest_item *item, const char *status)
{
	struct emit *out = &c->env->out;
	struct text path = { 0 };
	char hex[DIGEST_HEX + 1];

	entry_path_text(&path, item->path + strspn(item->path, "/"));
	emit_item(out);
	emit_str(out, "path", NULL, path.s);
	emit_str(out, "status", NULL, status);
	emit_str(out, "expected", NULL, digest_hex(item->want, hex));
	if (!item->err) {
		emit_u64(out, "size", NULL, item->size);
		emit_str(out, "sha256", NULL, digest_hex(item->sum, hex));
	} else if (item->err->rc != -ENOENT) {
		emit_err(out, item->err);
	}
	emit_item_end(out);
	text_free(&path);
}

static bool compared(void *data, const struct digest_item *item)
{
	struct compared *c = data;
	bool same = !item->err && !memcmp(item->want, item->sum, sizeof(item->sum));
	bool missing = item->err && item->err->rc == -ENOENT;
	const char *word = same ? "OK" : missing ? "MISSING" : "FAILED";
	struct text name = { 0 };

	if (same)
		c->ok++;
	else if (missing)
		c->missing++;
	else if (item->err)
		c->failed++;
	else
		c->differing++;
	emit_result(c, item, same ? "ok" : missing ? "missing" : item->err ? "failed" : "differs");
	if (item->err && !missing)
		env_error(c->env, item->err);
	if (item->err && item->err->rc == -ECANCELED)
		return false;
	text_add_safe(&name, item->path, true);
	if (!same || c->env->verbose)
		emit_line(&c->env->out, "%s: %s", name.s, word);
	text_free(&name);
	return !ferror(stdout);
}

static int compare_all(struct compared *c)
{
	const struct verify_opts *opts = c->env->opts;
	struct digest digest = {
		.env = c->env,
		.fs = c->fs,
		.items = c->items,
		.nr = c->nr,
		.threads = opts->threads,
		.done = compared,
		.data = c,
	};
	struct famfs_entry entry;
	size_t i;

	for (i = 0; i < c->nr; i++)
		if (!famfs_lookup(c->fs, c->items[i].path, &entry, NULL))
			digest.total += entry.size;
	return digest_run(&digest);
}

static void show_counts(struct compared *c)
{
	struct emit *out = &c->env->out;

	emit_u64(out, "ok", NULL, c->ok);
	emit_u64(out, "differing", NULL, c->differing);
	emit_u64(out, "missing", NULL, c->missing);
	emit_u64(out, "failed", NULL, c->failed);
	if (!c->env->quiet)
		emit_line(out,
			  "%" PRIu64 " OK, %" PRIu64 " differ, %" PRIu64 " missing, %" PRIu64
			  " failed",
			  c->ok, c->differing, c->missing, c->failed);
}

static int compare_device(struct compared *c, const char *device)
{
	struct famfs_err err;
	int code;

	if (famfs_open(c->env->ctx, device, 0, &c->fs, &err))
		return env_error(c->env, &err);
	emit_str(&c->env->out, "device", NULL, device);
	emit_list(&c->env->out, "results", EMIT_SILENT);
	code = compare_all(c);
	emit_list_end(&c->env->out);
	show_counts(c);
	if (famfs_damage(c->fs, &err))
		code = env_error(c->env, &err);
	famfs_close(c->fs);
	return code || c->differing || c->missing || c->failed ? EXIT_FAILED : 0;
}

int verify_manifest(struct cmd_env *env)
{
	const struct verify_opts *opts = env->opts;
	struct compared c = { .env = env, .name = file_name(opts->manifest) };
	struct text text = { 0 };
	const char *device = env->device;
	int code;

	if (env->operands_nr > 1)
		env_usage(env, env->operands[1], NULL,
			  "one operand too many: --manifest takes its files from the manifest");
	if (env->operands_nr)
		device = operand_device(env, env->operands[0]);
	if (!device)
		env_usage(env, "", NULL, "an operand is missing: DEVICE, or --device");
	code = file_read(env, opts->manifest, &text);
	if (!code)
		parse_lines(&c, &text);
	if (!code && !c.nr && !c.failed)
		code = env_errorf(env, -EINVAL, c.name, "has no checksums");
	if (!code)
		code = compare_device(&c, device);
	text_free(&text);
	free(c.items);
	return code;
}

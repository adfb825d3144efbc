/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "again.h"
#include "verify.h"

struct seeded {
	struct cmd_env *env;
	struct famfs *fs;
	struct again again;
	bool several; /* several devices */
	uint64_t ok, differing, failed;
	uint64_t done, total; /* bytes on this device */
	struct progress progress;
};

static void progressed(void *data, uint64_t bytes)
{
	struct seeded *s = data;

	s->done += bytes;
	progress_show(&s->progress, s->done, s->total);
}

static void show_text(struct seeded *s, const struct operand *op, uint64_t off)
{
	struct text name = { 0 };

	text_add_safe(&name, op->device, true);
	text_addf(&name, ":/");
	text_add_safe(&name, op->path + strspn(op->path, "/"), true);
	if (off != FAMFS_NONE)
		emit_line(&s->env->out, "%s: differs at offset %" PRIu64, name.s, off);
	else if (s->env->verbose)
		emit_line(&s->env->out, "%s: OK", name.s);
	text_free(&name);
}

/* @err: why the file could not be read, or NULL; @off: where it differs, or FAMFS_NONE. */
static void show(struct seeded *s, const struct operand *op, const struct famfs_err *err,
		 uint64_t off)
{
	struct emit *out = &s->env->out;

	progress_clear(&s->progress);
	if (err)
		s->failed++;
	else if (off == FAMFS_NONE)
		s->ok++;
	else
		s->differing++;
	emit_item(out);
	if (s->several)
		emit_str(out, "device", NULL, op->device);
	emit_str(out, "path", NULL, op->path);
	emit_str(out, "status", NULL, err ? "failed" : off == FAMFS_NONE ? "ok" : "differs");
	if (err)
		emit_err(out, err);
	else if (off != FAMFS_NONE)
		emit_u64(out, "off", NULL, off);
	emit_item_end(out);
	if (err)
		env_error(s->env, err);
	else
		show_text(s, op, off);
}

static int verify_entry(struct seeded *s, const struct operand *op, const struct famfs_entry *entry,
			uint64_t *ret_off, struct famfs_err *err)
{
	const struct verify_opts *opts = s->env->opts;
	const struct famfs_data_opts data = { .progress = progressed, .data = s };

	if (entry->type == FAMFS_ENTRY_FILE)
		return famfs_verify_random(s->fs, entry, opts->seed, &data, ret_off, err);
	*err = (struct famfs_err){ .rc = -EISDIR, .off = FAMFS_NONE, .entry = FAMFS_NONE };
	snprintf(err->object, sizeof(err->object), "%s", op->text);
	snprintf(err->message, sizeof(err->message), "is a directory");
	return err->rc;
}

static void verify_one(struct seeded *s, const struct operand *op)
{
	struct again_file file;
	struct famfs_err err;
	uint64_t off;
	int rc;

	s->progress.name = op->text;
	do {
		off = FAMFS_NONE;
		rc = again_find(&s->again, op->path, &file, &err);
		if (!rc)
			rc = verify_entry(s, op, &file.entry, &off, &err);
	} while (!again_settled(&s->again, &file, &rc, &err));
	show(s, op, rc ? &err : NULL, off);
}

/* One opening of the device for a run of operands on it. */
static int verify_device(struct seeded *s, const struct operand *list, size_t nr)
{
	struct famfs_entry entry;
	struct famfs_err err;
	size_t i;
	int code = 0;

	if (famfs_open(s->env->ctx, list[0].device, 0, &s->fs, &err)) {
		s->failed += nr;
		return env_error(s->env, &err);
	}
	again_init(&s->again, s->fs);
	s->done = s->total = 0;
	for (i = 0; i < nr; i++)
		if (!famfs_lookup(s->fs, list[i].path, &entry, NULL))
			s->total += entry.size;
	for (i = 0; i < nr && !cmd_cancelled(); i++)
		verify_one(s, &list[i]);
	if (famfs_damage(s->fs, &err))
		code = env_error(s->env, &err);
	famfs_close(s->fs);
	return code;
}

int verify_seed(struct cmd_env *env)
{
	size_t nr = env->operands_nr, i, len;
	struct operand *list = env_keep(env, mem_calloc(nr, sizeof(*list)));
	struct seeded s = { .env = env };
	int code = 0;

	if (!nr)
		env_usage(env, "", NULL, "an operand is missing: FILE...");
	for (i = 0; i < nr; i++)
		list[i] = operand_file(env, env->operands[i]);
	s.several = operands_several(list, nr);
	progress_init(&s.progress, env, "verifying");
	if (!s.several)
		emit_str(&env->out, "device", NULL, list[0].device);
	emit_list(&env->out, "results", EMIT_SILENT);
	for (i = 0; i < nr && !cmd_cancelled(); i += len) {
		for (len = 1; i + len < nr; len++)
			if (strcmp(list[i + len].device, list[i].device))
				break;
		code |= verify_device(&s, list + i, len);
	}
	emit_list_end(&env->out);
	emit_u64(&env->out, "ok", NULL, s.ok);
	emit_u64(&env->out, "differing", NULL, s.differing);
	emit_u64(&env->out, "failed", NULL, s.failed);
	return code || s.differing || s.failed || cmd_cancelled() ? EXIT_FAILED : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What became of each item: one line when it fails, a result in the end. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "cp.h"

static int __attribute__((format(printf, 4, 0)))
err_setv(struct famfs_err *err, int rc, const char *object, const char *fmt, va_list args)
{
	*err = (struct famfs_err){ .rc = rc, .off = FAMFS_NONE, .entry = FAMFS_NONE };
	snprintf(err->object, sizeof(err->object), "%s", object);
	vsnprintf(err->message, sizeof(err->message), fmt, args);
	return rc;
}

int cp_err(struct famfs_err *err, int rc, const char *object, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	err_setv(err, rc, object, fmt, args);
	va_end(args);
	return rc;
}

int cp_hint(struct famfs_err *err, int rc, const char *hint)
{
	snprintf(err->hint, sizeof(err->hint), "%s", hint);
	return rc;
}

/* Every line names the source; when something else is to blame, that too. */
static void show_error(struct cp *cp, struct cp_item *item, const struct famfs_err *err)
{
	struct famfs_err named = *err;

	if (strcmp(err->object, item->source)) {
		snprintf(named.object, sizeof(named.object), "%s", item->source);
		snprintf(named.message, sizeof(named.message), "%.300s%s%.460s", err->object,
			 err->object[0] ? ": " : "", err->message);
	}
	progress_clear(&cp->progress);
	env_error(cp->env, &named);
	if (cp->env->json && !item->error)
		item->error = kept_error_new(&named);
	cp->code = EXIT_FAILED;
}

/* What a signal ended did not fail: it is as if it had not been begun. */
void cp_fail(struct cp *cp, struct cp_item *item, const struct famfs_err *err)
{
	bool stops = !cp->stop && !cp->opts->keep_going;
	struct famfs_err hinted = *err;

	cp->stop |= stops;
	if (cmd_cancelled() && (err->rc == -ECANCELED || err->rc == -EINTR)) {
		cp->stop = true;
		return;
	}
	/* cp(1) goes on, so who is used to it is told. */
	if (stops && cp->nr > 1 && !cp->opts->tar && !err->hint[0])
		snprintf(hinted.hint, sizeof(hinted.hint), "--keep-going copies the others");
	show_error(cp, item, &hinted);
	item->status = CP_FAILED;
}

void cp_failf(struct cp *cp, struct cp_item *item, int rc, const char *fmt, ...)
{
	struct famfs_err err;
	va_list args;

	va_start(args, fmt);
	err_setv(&err, rc, item->source, fmt, args);
	va_end(args);
	cp_fail(cp, item, &err);
}

/* What can have no copy: named, a failure in the end, and no reason to stop. */
void cp_skip(struct cp *cp, struct cp_item *item, const char *why)
{
	struct famfs_err err;

	cp_err(&err, -EINVAL, item->source, "%s", why);
	show_error(cp, item, &err);
	item->status = CP_SKIPPED;
}

static void show_text(struct cp *cp, const struct cp_item *item)
{
	struct text source = { 0 }, dest = { 0 }, safe = { 0 };

	progress_clear(&cp->progress);
	text_add_safe(&source, item->source, false);
	cp_dest_text(cp, item, &dest);
	text_add_safe(&safe, dest.s, false);
	if (item->status == CP_SKIPPED)
		emit_line(&cp->env->out, "skipped %s: %s is the same", source.s, safe.s);
	else
		emit_line(&cp->env->out, "%s %s to %s", cp->env->dry_run ? "would copy" : "copied",
			  source.s, safe.s);
	text_free(&source);
	text_free(&dest);
	text_free(&safe);
}

void cp_done(struct cp *cp, struct cp_item *item, enum cp_status status)
{
	item->status = status;
	if (status == CP_COPIED && !item->dir)
		cp->bytes_copied += item->size;
	if (!cp->env->quiet && (cp->env->verbose || cp->env->dry_run))
		show_text(cp, item);
}

void cp_progress(struct cp *cp)
{
	uint64_t done = cp->bytes_done < cp->bytes_total ? cp->bytes_done : cp->bytes_total;

	cp->progress.name = cp->current;
	progress_show(&cp->progress, done, cp->bytes_total);
}

/* Directories are in the results only when they failed: they have no bytes. */
static bool is_result(const struct cp_item *item)
{
	if (item->status == CP_PENDING || item->status == CP_PRESENT)
		return false;
	return !item->dir || item->status != CP_COPIED;
}

static void show_result(struct cp *cp, const struct cp_item *item)
{
	static const char *const names[] = { NULL, NULL, "copied", "skipped", "failed" };
	struct emit *out = &cp->env->out;
	struct text dest = { 0 };

	emit_item(out);
	emit_str(out, "source", NULL, item->source);
	/* What was not found at all has no name there. */
	if (*item->dest || cp->stream >= 0) {
		cp_dest_text(cp, item, &dest);
		emit_str(out, "path", NULL, dest.s);
		text_free(&dest);
	}
	emit_str(out, "status", NULL, names[item->status]);
	emit_u64(out, "size", NULL, item->size);
	if (item->error)
		emit_kept(out, item->error);
	emit_item_end(out);
}

/* Returns the exit code. */
int cp_report(struct cp *cp)
{
	struct cmd_env *env = cp->env;
	uint64_t count[CP_FAILED + 1] = { 0 };
	char size[24];
	size_t i;

	progress_clear(&cp->progress);
	emit_list(&env->out, "results", EMIT_SILENT);
	for (i = 0; i < cp->nr; i++) {
		const struct cp_item *item = cp->items[i];

		if (is_result(item) || item->status == CP_PENDING)
			count[item->status]++;
		if (is_result(item) && env->json)
			show_result(cp, item);
	}
	emit_list_end(&env->out);
	emit_u64(&env->out, "copied", NULL, count[CP_COPIED]);
	emit_u64(&env->out, "skipped", NULL, count[CP_SKIPPED]);
	emit_u64(&env->out, "failed", NULL, count[CP_FAILED]);
	emit_u64(&env->out, "not_begun", NULL, count[CP_PENDING]);
	emit_u64(&env->out, "bytes", NULL, cp->bytes_copied);
	emit_bool(&env->out, "dry_run", env->dry_run);
	if (env->verbose && !env->quiet)
		emit_line(&env->out,
			  "%" PRIu64 " %s (%s), %" PRIu64 " skipped, %" PRIu64 " failed, %" PRIu64
			  " not begun",
			  count[CP_COPIED], env->dry_run ? "would be copied" : "copied",
			  famfs_size_format(cp->bytes_copied, size, sizeof(size)),
			  count[CP_SKIPPED], count[CP_FAILED], count[CP_PENDING]);
	return cp->code || count[CP_PENDING] ? EXIT_FAILED : 0;
}

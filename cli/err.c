/* SPDX-License-Identifier: Apache-2.0 */
/* Errors and notes: one line on stderr each, or one JSON object each with --json. */
#include <inttypes.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

static void json_add_text(struct text *line, const char *key, const char *raw)
{
	struct text clean = { 0 };

	text_add_utf8(&clean, raw);
	text_addf(line, ",\"%s\":\"", key);
	text_add_json(line, clean.s);
	text_addf(line, "\"");
	text_free(&clean);
}

/* Without json-c, whose objects need memory that may be what is missing. */
static void json_print(const char *kind, const char *code, const struct famfs_err *err)
{
	struct text line = { 0 };

	if (code)
		json_add_text(&line, "code", code);
	json_add_text(&line, "object", err->object);
	json_add_text(&line, "message", err->message);
	json_add_text(&line, "hint", err->hint);
	if (err->off != FAMFS_NONE)
		text_addf(&line, ",\"off\":%" PRIu64, err->off);
	if (err->entry != FAMFS_NONE)
		text_addf(&line, ",\"entry\":%" PRIu64, err->entry);
	fprintf(stderr, "{\"%s\":{%s}}\n", kind, line.s + 1);
	text_free(&line);
}

static void text_print(const struct cmd_env *env, const struct famfs_err *err)
{
	struct text line = { 0 };

	text_addf(&line, "%s: ", env->name);
	if (err->object[0]) {
		text_add_safe(&line, err->object, false);
		text_addf(&line, ": ");
	}
	text_add_safe(&line, err->message, false);
	if (err->hint[0]) {
		text_addf(&line, "; ");
		text_add_safe(&line, err->hint, false);
	}
	text_addf(&line, "\n");
	fputs(line.s, stderr);
	text_free(&line);
}

static void error_print(const struct cmd_env *env, const struct famfs_err *err)
{
	if (env->json)
		json_print("error", famfs_err_code(err->rc), err);
	else
		text_print(env, err);
}

/* A cancelled command says so once, when it ends, and not for each call that it interrupted. */
int env_error(const struct cmd_env *env, const struct famfs_err *err)
{
	if (!cmd_cancelled() || (err->rc != -ECANCELED && err->rc != -EINTR))
		error_print(env, err);
	return EXIT_FAILED;
}

static void err_set(struct famfs_err *err, int rc, const char *object, const char *hint)
{
	*err = (struct famfs_err){ .rc = rc, .off = FAMFS_NONE, .entry = FAMFS_NONE };
	snprintf(err->object, sizeof(err->object), "%s", object ? object : "");
	snprintf(err->hint, sizeof(err->hint), "%s", hint ? hint : "");
}

int env_errorf(const struct cmd_env *env, int rc, const char *object, const char *fmt, ...)
{
	struct famfs_err err;
	va_list args;

	err_set(&err, rc, object, NULL);
	va_start(args, fmt);
	vsnprintf(err.message, sizeof(err.message), fmt, args);
	va_end(args);
	return env_error(env, &err);
}

void env_cancelled(const struct cmd_env *env)
{
	struct famfs_err err;

	err_set(&err, -EINTR, NULL, NULL);
	snprintf(err.message, sizeof(err.message), "cancelled");
	error_print(env, &err);
}

void env_note(const struct cmd_env *env, const char *object, const char *message, const char *hint)
{
	struct famfs_err err;

	if (env->quiet)
		return;
	err_set(&err, 0, object, hint);
	snprintf(err.message, sizeof(err.message), "%s", message);
	if (env->json)
		json_print("warning", NULL, &err);
	else
		text_print(env, &err);
}

static int env_usage_code(const struct cmd_env *env)
{
	return env->cmd && (env->cmd->flags & CMD_FSCK) ? FSCK_USAGE : EXIT_USAGE;
}

static _Noreturn void __attribute__((format(printf, 3, 0)))
usage(const struct cmd_env *env, struct famfs_err *err, const char *fmt, va_list args)
{
	if (!err->hint[0])
		snprintf(err->hint, sizeof(err->hint), "see %s --help", env->name);
	vsnprintf(err->message, sizeof(err->message), fmt, args);
	env_error(env, err);
	exit(env_usage_code(env));
}

void env_usage(const struct cmd_env *env, const char *object, const char *hint, const char *fmt,
	       ...)
{
	struct famfs_err err;
	va_list args;

	err_set(&err, -EINVAL, object, hint);
	va_start(args, fmt);
	usage(env, &err, fmt, args);
}

void env_usage_value(const struct cmd_env *env, const char *option, const char *value,
		     const char *hint, const char *fmt, ...)
{
	struct famfs_err err;
	char shown[128];
	va_list args;

	err_set(&err, -EINVAL, NULL, hint);
	snprintf(err.object, sizeof(err.object), "%s %s", option,
		 famfs_shell_quote(value, false, shown, sizeof(shown)));
	va_start(args, fmt);
	usage(env, &err, fmt, args);
}

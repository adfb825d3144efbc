/* SPDX-License-Identifier: Apache-2.0 */
/* The option --columns of every command that prints tables. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "cmd.h"

enum { WIDTH = 80 };

/* Whether the command has a column called @near->word; if not, the nearest is found. */
static bool is_declared(struct cmd_env *env, struct near *near)
{
	const char *columns = env->cmd->columns, *name;
	size_t len;
	bool optional;

	while ((name = table_next_name(&columns, &len, &optional))) {
		if (table_name_is(near->word, name, len))
			return true;
		near_try(near, env_keep(env, mem_strndup(name, len)));
	}
	return false;
}

static _Noreturn void unknown_column(struct cmd_env *env, const struct near *near,
				     const char *typed)
{
	struct text all = { 0 };
	char hint[64];

	if (near->best) {
		snprintf(hint, sizeof(hint), "did you mean %s?", near->best);
		env_usage_value(env, "--columns", typed, hint, "no such column");
	}
	columns_text(&all, env->cmd->columns, 0);
	env_usage_value(env, "--columns", typed, NULL, "no such column; there are %s", all.s);
}

void columns_choose(struct cmd_env *env, const char *names)
{
	const char *list = names, *name;
	size_t len, nr = 0;
	bool optional;

	for (; (name = table_next_name(&list, &len, &optional)); nr++) {
		char *typed = env_keep(env, mem_strndup(name, len));
		char *word = env_keep(env, mem_strndup(name, len)), *c;
		struct near near = { .word = word };

		/* Names are compared in capitals, in which the nearest is looked for. */
		for (c = word; *c; c++)
			*c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
		if (optional || !is_declared(env, &near))
			unknown_column(env, &near, typed);
	}
	if (!nr || nr > TABLE_COLUMNS)
		env_usage(env, "--columns", NULL, "takes 1 to %d names", TABLE_COLUMNS);
	env->columns = names;
}

void columns_text(struct text *t, const char *columns, size_t indent)
{
	size_t len, line = t->len;
	const char *name;
	bool optional;

	while ((name = table_next_name(&columns, &len, &optional))) {
		if (indent && t->len - line + len + 1 > WIDTH - indent) {
			text_addf(t, "\n%*s", (int)indent, "");
			line = t->len;
		}
		text_add(t, name, len);
		text_addf(t, "%s", *columns ? "," : "");
	}
}

unsigned int terminal_columns(int fd)
{
	struct winsize size;

	return ioctl(fd, TIOCGWINSZ, &size) ? 0 : size.ws_col;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Help, from the tables. */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

enum { NAME_WIDTH = 18 };

/* Without argp's note on the arguments of short options, unless the user wants it. */
static void print_options(struct argp *argp, unsigned int flags, const char *name)
{
	char copy[64];

	setenv("ARGP_HELP_FMT", "no-dup-args-note", 0);
	snprintf(copy, sizeof(copy), "%s", name);
	argp_help(argp, stdout, flags, copy);
}

static void list_commands(const char *group)
{
	const struct cmd *const *c;
	char name[64];

	for (c = cmd_table(); *c; c++) {
		if ((*c)->flags & CMD_HIDDEN)
			continue;
		if (group && (!(*c)->group || strcmp((*c)->group, group)))
			continue;
		snprintf(name, sizeof(name), "%s%s%s", (*c)->group ? (*c)->group : "",
			 (*c)->group ? " " : "", (*c)->name);
		printf("  %-*s %s\n", NAME_WIDTH, name, (*c)->summary);
	}
}

void help_group(const char *group)
{
	printf("Usage: famfs %s COMMAND [OPTION...] [OPERAND...]\n\n", group);
	list_commands(group);
	puts("\nMore: famfs COMMAND --help");
}

void help_all(void)
{
	struct argp argp = { .options = global_options };

	puts("Usage: famfs [GLOBAL OPTION...] COMMAND [OPTION...] [OPERAND...]\n"
	     "Makes and examines famfs file systems in shared memory, and in images of it.\n");
	list_commands(NULL);
	puts("\nGlobal options, on either side of COMMAND:");
	print_options(&argp, ARGP_HELP_LONG, "famfs");
	puts("\nA file inside is DEVICE:/path, or :/path with --device or $FAMFS_DEVICE.\n"
	     "More: famfs COMMAND --help");
}

/* Without the optional [OPTION...] of argp's own usage line, so that ours says what is needed. */
void help_command(const struct cmd_env *env, unsigned int full)
{
	const struct cmd *cmd = env->cmd;
	struct argp argp = { .options = cmd->options };
	struct text columns = { 0 };

	if (!full && !cmd->options) {
		printf("Usage: %s %s\n", env->name, cmd->operands);
		return;
	}
	if (!full) {
		argp.args_doc = cmd->operands;
		print_options(&argp, ARGP_HELP_USAGE, env->name);
		return;
	}
	printf("Usage: %s [OPTION...] %s\n%s.\n\n", env->name, cmd->operands, cmd->summary);
	if (cmd->options)
		print_options(&argp, ARGP_HELP_LONG, env->name);
	printf("%sGlobal options: -d -j -q -v -n%s, see famfs --help.\n", cmd->options ? "\n" : "",
	       cmd->flags & CMD_SYNC ? " --sync" : "");
	if (cmd->columns) {
		columns_text(&columns, cmd->columns, sizeof("Columns: ") - 1);
		printf("Columns: %s\n", columns.s);
		text_free(&columns);
	}
	if (cmd->example)
		printf("Example: %s\n", cmd->example);
}

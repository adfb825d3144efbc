/* SPDX-License-Identifier: Apache-2.0 */
/* Help, from the tables. */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

enum { NAME_WIDTH = 18, TOPIC_WIDTH = 15 };

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

/* The commands by what they are for, on few lines. */
static void list_topics(void)
{
	static const char *const topics[][2] = {
		{ "Make and fill", "mkfs, mkdir, creat, cp" },
		{ "Look inside", "ls, tree, stat, cat, df" },
		{ "Prove and mend", "check, verify" },
		{ "Layout", "interleave plan|show|map|default" },
		{ "Kernel's maps", "fmap dump|check|resolve" },
		{ "Log and copies", "log show|follow, image dump|restore|show" },
		{ "Hosts", "list, flush, chmaster" },
	};
	size_t i;

	for (i = 0; i < sizeof(topics) / sizeof(topics[0]); i++)
		printf("  %-*s %s\n", TOPIC_WIDTH, topics[i][0], topics[i][1]);
}

/* Those of every program are left out, so that the rest fits a screen. */
static void list_global_options(void)
{
	struct argp_option own[32];
	struct argp argp = { .options = own };
	size_t nr = 0;
	const struct argp_option *opt;

	for (opt = global_options; opt->name && nr + 1 < sizeof(own) / sizeof(own[0]); opt++)
		if (opt->group >= 0)
			own[nr++] = *opt;
	own[nr] = (struct argp_option){ 0 };
	print_options(&argp, ARGP_HELP_LONG, "famfs");
}

void help_all(bool full)
{
	struct argp argp = { .options = global_options };

	puts("Usage: famfs [GLOBAL OPTION...] COMMAND [OPTION...] [OPERAND...]\n"
	     "Makes and examines famfs file systems in shared memory, and in images of it.\n"
	     "A file inside is DEVICE:/path, or :/path with --device or $FAMFS_DEVICE.\n");
	if (full)
		list_commands(NULL);
	else
		list_topics();
	puts("\nGlobal options, on either side of COMMAND:");
	if (full)
		print_options(&argp, ARGP_HELP_LONG, "famfs");
	else
		list_global_options();
	printf("More: %sfamfs COMMAND --help, famfs help COMMAND\n",
	       full ? "" : "famfs --help -v, ");
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
	printf("%sGlobal options: -d%s -q -v%s%s, see famfs --help.\n", cmd->options ? "\n" : "",
	       cmd->flags & CMD_JSON ? " -j" : "", cmd->flags & CMD_DRYRUN ? " -n" : "",
	       cmd->flags & CMD_SYNC ? " --sync" : "");
	if (cmd->columns) {
		columns_text(&columns, cmd->columns, sizeof("Columns: ") - 1);
		printf("Columns: %s\n", columns.s);
		text_free(&columns);
	}
	if (cmd->example)
		printf("Example: %s\n", cmd->example);
}

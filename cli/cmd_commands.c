/* SPDX-License-Identifier: Apache-2.0 */
/* All commands and options as JSON, for completions and for checks of the manual. */
#include "cmd.h"

static void show_options(struct emit *out, const char *key, const struct argp_option *opt)
{
	char letter[2] = "";

	emit_list(out, key, EMIT_SILENT);
	for (; opt && (opt->name || opt->key || opt->doc); opt++) {
		emit_item(out);
		if (opt->name)
			emit_str(out, "long", NULL, opt->name);
		letter[0] = (char)opt->key;
		if (option_is_short(opt))
			emit_str(out, "short", NULL, letter);
		if (opt->arg)
			emit_str(out, "arg", NULL, opt->arg);
		emit_str(out, "doc", NULL, opt->doc);
		emit_bool(out, "hidden", opt->flags & OPTION_HIDDEN);
		emit_item_end(out);
	}
	emit_list_end(out);
}

static void show_command(struct emit *out, const struct cmd *cmd)
{
	struct text columns = { 0 };

	emit_item(out);
	emit_str(out, "name", NULL, cmd->name);
	if (cmd->group)
		emit_str(out, "group", NULL, cmd->group);
	if (cmd->alias)
		emit_str(out, "alias", NULL, cmd->alias);
	emit_str(out, "summary", NULL, cmd->summary);
	emit_str(out, "operands", NULL, cmd->operands);
	if (cmd->columns) {
		columns_text(&columns, cmd->columns, 0);
		emit_str(out, "columns", NULL, columns.s);
		text_free(&columns);
	}
	emit_bool(out, "json", cmd->flags & CMD_JSON);
	emit_bool(out, "dry_run", cmd->flags & CMD_DRYRUN);
	emit_bool(out, "sync", cmd->flags & CMD_SYNC);
	emit_bool(out, "set_mode", !(cmd->flags & CMD_KEEPS_MODE));
	show_options(out, "options", cmd->options);
	emit_item_end(out);
}

static int run(struct cmd_env *env)
{
	const struct cmd *const *c;

	env->out.json = true;
	show_options(&env->out, "global_options", global_options);
	emit_list(&env->out, "commands", EMIT_SILENT);
	for (c = cmd_table(); *c; c++)
		if (!((*c)->flags & CMD_HIDDEN))
			show_command(&env->out, *c);
	emit_list_end(&env->out);
	return 0;
}

const struct cmd cmd_commands = {
	.name = "__commands",
	.summary = "Prints all commands and options as JSON",
	.operands = "",
	.run = run,
	.flags = CMD_JSON | CMD_HIDDEN | CMD_KEEPS_MODE,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the last of the words of a command line may become, for the completions of all shells. The
 * first line says whether files of this host may, too: "files" or "none". Whatever is wrong is for
 * the command itself to say: here it is no candidate.
 */
#include <glob.h>
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "complete.h"

/* The values of options, by what they are called. */
static const struct {
	const char *arg;
	const char *const *values;
} choices[] = {
	{ "WHEN", (const char *const[]){ "auto", "always", "never", NULL } },
	{ "FORMAT", (const char *const[]){ "text", "json", "hex", "raw", NULL } },
	{ "WIRE", (const char *const[]){ "v1", "v2", NULL } },
	{ "VERSION", (const char *const[]){ "v7", "v10", NULL } },
	{ "SET", (const char *const[]){ "auto", "ascii", "unicode", NULL } },
	{ "skip", (const char *const[]){ "skip", NULL } },
};

/* What is known of the line up to the word that is completed. */
struct line {
	struct cmd_env *env;
	const char *group;
	const struct cmd *cmd;
	const struct argp_option *pending; /* its value comes next */
	bool ended;                        /* by "--": no options any more */
	bool lost;                         /* an unknown command */
};

void complete_offer(const char *prefix, const char *word, const char *what)
{
	fputs(prefix, stdout);
	fputs(word, stdout);
	putchar('\t');
	puts(what);
}

static bool begins(const char *word, const char *start)
{
	return !strncmp(word, start, strlen(start));
}

/* -------------------------------------------------------- the words before */

static void note_value(struct line *line, const struct argp_option *opt, const char *value)
{
	if (opt->key == 'd')
		line->env->device = value;
}

static void read_option(struct line *line, const char *word)
{
	const char *value;
	const struct argp_option *opt = option_of(line->cmd, word, &value);

	if (!opt || !opt->arg)
		return;
	if (value)
		note_value(line, opt, value);
	else
		line->pending = opt;
}

/* Behind help come the words of a command, too. */
static void read_operand(struct line *line, const char *word)
{
	if (!line->cmd) {
		line->cmd = cmd_find(line->group, word);
		if (line->cmd)
			return;
	} else if (line->cmd != &cmd_help) {
		return;
	}
	line->lost = line->group || !cmd_group_exists(word);
	line->group = word;
}

static void read_word(struct line *line, const char *word)
{
	if (line->pending) {
		note_value(line, line->pending, word);
		line->pending = NULL;
	} else if (line->ended || word[0] != '-' || !word[1]) {
		read_operand(line, word);
	} else if (!strcmp(word, "--")) {
		line->ended = line->cmd;
	} else {
		read_option(line, word);
	}
}

/* ---------------------------------------------------------- what it may be */

static bool takes(const struct cmd *cmd, const char *what)
{
	return strstr(cmd->operands, what);
}

static void offer_devices(const char *prefix, const char *word)
{
	glob_t found;
	size_t i;

	puts("files");
	if (glob("/dev/dax*", 0, NULL, &found))
		return;
	for (i = 0; i < found.gl_pathc; i++)
		if (begins(found.gl_pathv[i], word))
			complete_offer(prefix, found.gl_pathv[i], "device");
	globfree(&found);
}

/* The names behind the last comma. */
static void offer_columns(const char *columns, const char *prefix, const char *value)
{
	const char *comma = strrchr(value, ','), *last = comma ? comma + 1 : value, *name;
	struct text offer = { 0 };
	bool optional;
	size_t len;

	puts("none");
	while ((name = table_next_name(&columns, &len, &optional))) {
		if (strncasecmp(name, last, strlen(last)))
			continue;
		offer.len = 0;
		text_add(&offer, value, (size_t)(last - value));
		text_add(&offer, name, len);
		complete_offer(prefix, offer.s, "column");
	}
	text_free(&offer);
}

/* @prefix: what of the word stands before the value. */
static void offer_values(const struct cmd *cmd, const struct argp_option *opt, const char *prefix,
			 const char *value)
{
	const char *const *v = NULL;
	size_t i;

	if (!strcmp(opt->arg, "DEVICE")) {
		offer_devices(prefix, value);
		return;
	}
	if (!strcmp(opt->arg, "COLUMNS") && cmd && cmd->columns) {
		offer_columns(cmd->columns, prefix, value);
		return;
	}
	puts(option_takes_file(opt) ? "files" : "none");
	for (i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
		if (!strcmp(choices[i].arg, opt->arg))
			v = choices[i].values;
	for (; v && *v; v++)
		if (begins(*v, value))
			complete_offer(prefix, *v, opt->arg);
}

/* Global options that the command refuses are not offered with it. */
static bool applies(const struct cmd *cmd, const struct argp_option *opt)
{
	if (!cmd)
		return true;
	if (!strcmp(opt->name, "json"))
		return cmd->flags & CMD_JSON;
	if (!strcmp(opt->name, "dry-run"))
		return cmd->flags & CMD_DRYRUN;
	if (!strcmp(opt->name, "set-mode"))
		return !(cmd->flags & CMD_KEEPS_MODE);
	return strcmp(opt->name, "sync") || cmd->flags & CMD_SYNC;
}

static void offer_table(const struct cmd *cmd, const struct argp_option *opt, const char *word)
{
	struct text name = { 0 };

	for (; opt && (opt->name || opt->key); opt++) {
		if (!opt->name || (opt->flags & OPTION_HIDDEN))
			continue;
		name.len = 0;
		text_addf(&name, "--%s", opt->name);
		if (begins(name.s, word) && (opt->group < 0 || applies(cmd, opt)))
			complete_offer("", name.s, opt->doc);
	}
	text_free(&name);
}

static void offer_options(const struct line *line, const char *word)
{
	const struct argp_option *opt = NULL;
	const char *value = NULL;
	char *prefix;

	if (begins(word, "--") && strchr(word, '='))
		opt = option_of(line->cmd, word, &value);
	if (opt && opt->arg) {
		prefix = env_keep(line->env, mem_strndup(word, (size_t)(value - word)));
		offer_values(line->cmd, opt, prefix, value);
		return;
	}
	puts("none");
	if (line->cmd)
		offer_table(line->cmd, line->cmd->options, word);
	offer_table(line->cmd, global_options, word);
}

/* The commands of @group; without one, groups too, each once. */
static void offer_commands(const char *group, const char *word)
{
	const char *last = "";
	const struct cmd *const *c;

	puts("none");
	for (c = cmd_table(); *c; c++) {
		if ((*c)->flags & CMD_HIDDEN)
			continue;
		if (group ? (*c)->group && !strcmp((*c)->group, group) : !(*c)->group) {
			if (begins((*c)->name, word))
				complete_offer("", (*c)->name, (*c)->summary);
		} else if (!group && strcmp((*c)->group, last)) {
			last = (*c)->group;
			if (begins(last, word))
				complete_offer("", last, "commands of this group");
		}
	}
}

/* The name of a whole image leads to what is in it. */
static void offer_root(const char *word)
{
	struct stat st;

	if (*word && !stat(word, &st) && (S_ISREG(st.st_mode) || S_ISCHR(st.st_mode)))
		complete_offer(word, ":/", "what is in it");
}

static void offer_operands(const struct line *line, const char *word)
{
	const struct cmd *cmd = line->cmd;
	bool local = begins(word, "./") || begins(word, "../") || !strstr(word, ":/");
	bool inside = (takes(cmd, "FILE") && !takes(cmd, "FILE|-")) || takes(cmd, "DEST");

	if (!local && inside) {
		puts("none");
		complete_inside(line->env, word);
	} else if (takes(cmd, "DEVICE") || takes(cmd, "FILE") || takes(cmd, "DEST")) {
		offer_devices("", word);
		if (inside)
			offer_root(word);
	} else {
		puts("none");
	}
}

static void offer(const struct line *line, const char *word)
{
	if (line->lost)
		puts("none");
	else if (line->pending)
		offer_values(line->cmd, line->pending, "", word);
	else if (word[0] == '-' && !line->ended)
		offer_options(line, word);
	else if (!line->cmd || line->cmd == &cmd_help)
		offer_commands(line->group, word);
	else
		offer_operands(line, word);
}

static int run(struct cmd_env *env)
{
	struct line line = { .env = env };
	size_t i;

	for (i = 0; i + 1 < env->operands_nr; i++)
		read_word(&line, env->operands[i]);
	offer(&line, env->operands[i]);
	return 0;
}

const struct cmd cmd_complete = {
	.name = "__complete",
	.summary = "Prints what the last of the words may become",
	.operands = "-- WORD...",
	.run = run,
	.operands_min = 1,
	.operands_max = UINT_MAX,
	.flags = CMD_HIDDEN | CMD_KEEPS_MODE,
};

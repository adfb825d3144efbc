/* SPDX-License-Identifier: Apache-2.0 */
/* The famfs program: finds the command, parses, runs it, and sees that its output arrived. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"

static const struct cmd *const commands[] = {
	&cmd_mkfs,
	&cmd_creat,
	&cmd_mkdir,
	&cmd_cp,
	&cmd_ls,
	&cmd_stat,
	&cmd_df,
	&cmd_fmap_dump,
	&cmd_fmap_check,
	&cmd_fmap_resolve,
	&cmd_check,
	&cmd_cat,
	&cmd_tree,
	&cmd_verify,
	&cmd_interleave_plan,
	&cmd_interleave_show,
	&cmd_interleave_map,
	&cmd_interleave_default,
	&cmd_log_show,
	&cmd_log_follow,
	&cmd_image_dump,
	&cmd_image_restore,
	&cmd_image_show,
	&cmd_list,
	&cmd_flush,
	&cmd_chmaster,
	&cmd_help,
	&cmd_commands,
	&cmd_complete,
	NULL,
};

static volatile sig_atomic_t caught;
static struct famfs_ctx *volatile cancel_ctx;

const struct cmd *const *cmd_table(void)
{
	return commands;
}

const struct cmd *cmd_find(const char *group, const char *name)
{
	const struct cmd *const *c;

	for (c = commands; *c; c++) {
		if (group ? !(*c)->group || strcmp((*c)->group, group) : !!(*c)->group)
			continue;
		if (!strcmp((*c)->name, name) || ((*c)->alias && !strcmp((*c)->alias, name)))
			return *c;
	}
	return NULL;
}

bool cmd_cancelled(void)
{
	return caught;
}

/* A second signal finds the default action again and ends the program at once. */
static void on_signal(int sig)
{
	caught = sig;
	if (cancel_ctx)
		famfs_cancel(cancel_ctx);
}

static void catch_signals(struct famfs_ctx *ctx)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };
	struct sigaction old;
	size_t i;

	cancel_ctx = ctx;
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (!sigaction(signals[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
}

/*
 * A device opened while stdin, stdout or stderr is closed would get its number, and messages would
 * be written to it. What stands in for them fails on use.
 */
static void hold_standard_fds(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_PATH);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

bool cmd_group_exists(const char *name)
{
	const struct cmd *const *c;

	for (c = commands; *c; c++)
		if ((*c)->group && !strcmp((*c)->group, name))
			return true;
	return false;
}

void cmd_unknown(struct cmd_env *env, const char *group, const char *word)
{
	const struct cmd *const *c;
	struct near near = { .word = word };
	char hint[64];

	for (c = commands; *c; c++) {
		if ((*c)->flags & CMD_HIDDEN)
			continue;
		if (group ? (*c)->group && !strcmp((*c)->group, group) : !(*c)->group) {
			near_try(&near, (*c)->name);
			if ((*c)->alias)
				near_try(&near, (*c)->alias);
		} else if (!group) {
			near_try(&near, (*c)->group);
		}
	}
	if (near.best)
		snprintf(hint, sizeof(hint), "did you mean %s?", near.best);
	env_usage(env, word, near.best ? hint : NULL, "unknown command");
}

static void print_version(void)
{
	puts("famfs " FAMFS_VERSION_STRING);
}

/* What was asked for in front of a command, or instead of one. */
static int answer(struct cmd_env *env, const char *group)
{
	switch (env->asked) {
	case ASKED_VERSION:
		print_version();
		break;
	case ASKED_USAGE:
		puts("Usage: famfs [GLOBAL OPTION...] COMMAND [OPTION...] [OPERAND...]");
		break;
	default:
		if (group)
			help_group(group);
		else
			help_all(env->verbose);
	}
	return 0;
}

/* Reads up to the command; returns the number of words in front of it, or -1 when all is done. */
static int find_command(struct cmd_env *env, int argc, char **argv)
{
	const char *group = NULL;
	int at = 0, next;

	for (;;) {
		next = at + options_scan(env, argc - at, argv + at, true);
		options_parse(env, next - at, argv + at);
		if (env->asked && (next >= argc || group)) {
			answer(env, group);
			return -1;
		}
		if (next >= argc)
			env_usage(env, "", NULL,
				  group ? "no command of this group is given"
					: "no command is given");
		if (group || !cmd_group_exists(argv[next]))
			break;
		group = argv[next];
		snprintf(env->name, sizeof(env->name), "famfs %.40s", group);
		at = next;
	}
	env->cmd = cmd_find(group, argv[next]);
	if (!env->cmd)
		cmd_unknown(env, group, argv[next]);
	snprintf(env->name, sizeof(env->name), "famfs %s%s%s", group ? group : "", group ? " " : "",
		 argv[next]);
	return next;
}

static void check_flags(struct cmd_env *env)
{
	unsigned int flags = env->cmd->flags;

	if (env->json && !(flags & CMD_JSON))
		env_usage(env, "--json", NULL, "this command does not take it");
	if (env->dry_run && !(flags & CMD_DRYRUN))
		env_usage(env, "--dry-run", NULL, "this command does not take it");
	if (env->sync && !(flags & CMD_SYNC))
		env_usage(env, "--sync", NULL, "this command does not take it");
	if (env->set_mode && flags & CMD_KEEPS_MODE)
		env_usage(env, "--set-mode", NULL, "this command does not take it");
	if (env->json && env->columns)
		env_usage(env, "--columns", "JSON has them all", "contradicts --json");
}

static void check_operands(struct cmd_env *env)
{
	const struct cmd *cmd = env->cmd;

	if (env->operands_nr < cmd->operands_min)
		env_usage(env, "", NULL, "an operand is missing: %s", cmd->operands);
	if (env->operands_nr > cmd->operands_max)
		env_usage(env, env->operands[cmd->operands_max], NULL,
			  "one operand too many: takes %s",
			  cmd->operands[0] ? cmd->operands : "none");
}

static void debug_line(void *data, const char *message)
{
	const struct cmd_env *env = data;
	struct text line = { 0 };

	text_addf(&line, "%s: debug: ", env->name);
	text_add_safe(&line, message, false);
	text_addf(&line, "\n");
	fputs(line.s, stderr);
	text_free(&line);
}

static bool wants_color(const struct cmd_env *env)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (env->color != WHEN_AUTO)
		return env->color == WHEN_ALWAYS;
	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && term && *term &&
	       strcmp(term, "dumb");
}

/* Why stdout failed. When that was some writes ago, its errno is lost: another byte tells it. */
static int output_error(bool failed_before)
{
	struct pollfd fd = { .fd = STDOUT_FILENO, .events = POLLOUT };

	if (!failed_before)
		return errno ? errno : EIO;
	if (poll(&fd, 1, 0) == 1 && (fd.revents & POLLERR))
		return EPIPE;
	errno = 0;
	return write(STDOUT_FILENO, "\n", 1) < 0 && errno ? errno : EIO;
}

/* When nothing could be done as was asked. */
static int failed(const struct cmd_env *env)
{
	if (env->cmd && (env->cmd->flags & CMD_JUDGE))
		return JUDGE_UNREADABLE;
	return env->cmd && (env->cmd->flags & CMD_FSCK) ? FSCK_OPERATIONAL : EXIT_FAILED;
}

/* Written results that did not arrive are a failure; a reader that went away ends us quietly. */
static int finish_output(struct cmd_env *env, int code)
{
	bool before = ferror(stdout);
	int rc;

	errno = 0;
	if (!fflush(stdout) && !before && !env->out.failed && !fclose(stdout))
		return code;
	if (env->out.failed) {
		env_errorf(env, -ENOMEM, "standard output", "out of memory for the results");
	} else {
		rc = output_error(before);
		if (rc == EPIPE)
			file_reader_gone();
		env_errorf(env, -rc, "standard output", "%s", strerror(rc));
	}
	return failed(env);
}

/* Modes that were changed are put back; one that cannot be is told, whatever else there was. */
static int restore_modes(struct cmd_env *env, int code)
{
	struct famfs_err err;
	int rc;

	while ((rc = famfs_modes_restore(env->ctx, &err))) {
		if (rc == -EBUSY) {
			env_note(env, err.object, err.message, NULL);
			continue;
		}
		env_error(env, &err);
		code = code ? code : failed(env);
	}
	return code;
}

static int run(struct cmd_env *env)
{
	int code;

	if (famfs_ctx_new(&env->ctx)) {
		env_errorf(env, -ENOMEM, "", "out of memory");
		return failed(env);
	}
	if (env->verbose > 1)
		famfs_ctx_set_debug(env->ctx, debug_line, env);
	famfs_ctx_allow_mode_change(env->ctx, env->set_mode);
	catch_signals(env->ctx);
	emit_init(&env->out, env->json, isatty(STDOUT_FILENO), wants_color(env));
	env->out.table = (struct table){
		.declared = env->cmd->columns,
		.chosen = env->columns,
		.line_max = terminal_columns(STDOUT_FILENO),
		.bold = env->out.color,
	};
	code = env->cmd->run(env);
	emit_end(&env->out);
	code = restore_modes(env, code);
	cancel_ctx = NULL;
	famfs_ctx_free(env->ctx);
	return code;
}

static int cancelled(struct cmd_env *env)
{
	env_cancelled(env);
	return env->cmd->flags & CMD_FSCK ? FSCK_CANCELLED : 128 + caught;
}

static int command(struct cmd_env *env, int argc, char **argv)
{
	int code;

	mem_exit_code(failed(env));
	env->opts = mem_calloc(1, env->cmd->opts_size);
	options_scan(env, argc, argv, false);
	options_parse(env, argc, argv);
	if (env->asked == ASKED_VERSION) {
		print_version();
		return 0;
	}
	if (env->asked) {
		help_command(env, env->asked == ASKED_HELP);
		return 0;
	}
	check_flags(env);
	check_operands(env);
	code = run(env);
	if (caught && code)
		code = cancelled(env);
	return code;
}

void *env_keep(struct cmd_env *env, void *memory)
{
	env->kept = mem_grow(env->kept, &env->kept_cap, env->kept_nr + 1, sizeof(*env->kept));
	return env->kept[env->kept_nr++] = memory;
}

static void env_free(struct cmd_env *env)
{
	while (env->kept_nr)
		free(env->kept[--env->kept_nr]);
	free(env->kept);
	free(env->operands);
	free(env->opts);
}

/* mkfs.famfs and fsck.famfs are this program by another name. */
static const struct cmd *command_by_name(const char *base)
{
	if (!strcmp(base, "mkfs.famfs"))
		return &cmd_mkfs;
	return strcmp(base, "fsck.famfs") ? NULL : &cmd_check;
}

int main(int argc, char **argv)
{
	struct cmd_env env = { .name = "famfs", .device = getenv("FAMFS_DEVICE") };
	const char *base = argc ? strrchr(argv[0], '/') : NULL;
	int at = 0, code = 0;

	if (!argc)
		return EXIT_USAGE;
	hold_standard_fds();
	/* Writing fails with an error instead, which can be told and cleaned up after. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	env.device_from_env = true;
	if (env.device && !*env.device)
		env.device = NULL;
	base = base ? base + 1 : argv[0];
	/* Until the command is known: 1 may be its judgement, and this is no command's. */
	mem_exit_code(FSCK_OPERATIONAL);
	env.cmd = command_by_name(base);
	if (env.cmd)
		snprintf(env.name, sizeof(env.name), "%s", base);
	else
		at = find_command(&env, argc, argv);
	if (at >= 0)
		code = command(&env, argc - at, argv + at);
	code = finish_output(&env, code);
	env_free(&env);
	return code;
}

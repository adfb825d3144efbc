/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd.h"

/* Whether man(1) is there and has the page. */
static bool page_exists(const char *page)
{
	int status, null;
	pid_t pid = fork();

	if (pid < 0)
		return false;
	if (!pid) {
		null = open("/dev/null", O_RDWR);
		if (null < 0 || dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
			_exit(1);
		execlp("man", "man", "-w", "8", page, (char *)NULL);
		_exit(1);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status);
}

/* Becomes man(1); returns where there is none, or no such page. */
static void show_page(const struct cmd *cmd)
{
	char page[64] = "famfs";

	if (cmd)
		snprintf(page, sizeof(page), "famfs-%s%s%s", cmd->group ? cmd->group : "",
			 cmd->group ? "-" : "", cmd->name);
	if (!page_exists(page))
		return;
	signal(SIGPIPE, SIG_DFL);
	execlp("man", "man", "8", page, (char *)NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* As it is said to who runs it: @second may be NULL. */
static _Noreturn void unknown(struct cmd_env *env, const char *first, const char *second)
{
	const char *group = cmd_group_exists(first) ? first : NULL;

	snprintf(env->name, sizeof(env->name), "famfs%s%.40s", group ? " " : "",
		 group ? group : "");
	cmd_unknown(env, group, group ? second : first);
}

static int run(struct cmd_env *env)
{
	char **words = env->operands;
	const char *first = env->operands_nr ? words[0] : NULL;
	struct cmd_env about = *env;

	if (!first) {
		show_page(NULL);
		help_all(true);
		return 0;
	}
	about.cmd = env->operands_nr > 1 ? cmd_find(first, words[1]) : cmd_find(NULL, first);
	if (!about.cmd && env->operands_nr > 1 && cmd_find(NULL, first))
		env_usage(env, words[1], NULL, "%s is a command of one word", first);
	if (!about.cmd && (env->operands_nr > 1 || !cmd_group_exists(first)))
		unknown(env, first, words[1]);
	if (!about.cmd) {
		help_group(first);
		return 0;
	}
	show_page(about.cmd);
	snprintf(about.name, sizeof(about.name), "famfs %s%s%s",
		 about.cmd->group ? about.cmd->group : "", about.cmd->group ? " " : "",
		 about.cmd->name);
	help_command(&about, true);
	return 0;
}

const struct cmd cmd_help = {
	.name = "help",
	.summary = "Shows the manual page of a command",
	.operands = "[COMMAND]",
	.example = "famfs help creat",
	.run = run,
	.operands_max = 2,
	.flags = CMD_KEEPS_MODE,
};

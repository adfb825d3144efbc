/* SPDX-License-Identifier: Apache-2.0 */
/*
 * atcall CALL N ACTION COMMAND...: runs a command, and when one of its threads is about to make the
 * N-th system call CALL ("any": any in the table below), does something while it stands still:
 * ACTION is "kill", as kill -9 would, or a line of shell, with the command's process as $PID.
 *
 * Exit code: that of the command, or 128 and its signal; 77 when it ended well before that call.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/ptrace.h>

enum { NOT_REACHED = 77, FAILED = 3 };

/* What reads, maps, changes, locks and names files. */
/* clang-format off */
static const struct {
	const char *name;
	unsigned long nr;
} calls[] = {
	{ "openat", SYS_openat },
	{ "read", SYS_read },
	{ "write", SYS_write },
	{ "pread64", SYS_pread64 },
	{ "pwrite64", SYS_pwrite64 },
	{ "copy_file_range", SYS_copy_file_range },
	{ "fallocate", SYS_fallocate },
	{ "ftruncate", SYS_ftruncate },
	{ "fsync", SYS_fsync },
	{ "fdatasync", SYS_fdatasync },
	{ "flock", SYS_flock },
	{ "fcntl", SYS_fcntl },
	{ "fchmod", SYS_fchmod },
	{ "mkdirat", SYS_mkdirat },
	{ "linkat", SYS_linkat },
#ifdef SYS_renameat
	{ "renameat", SYS_renameat },
#endif
	{ "renameat2", SYS_renameat2 },
	{ "unlinkat", SYS_unlinkat },
	{ "madvise", SYS_madvise },
	{ "munmap", SYS_munmap },
};
/* clang-format on */

struct trace {
	const char *call, *action;
	unsigned long left; /* calls until the one that is meant */
	bool reached;
	pid_t pid;
};

static void die(const char *what)
{
	perror(what);
	exit(FAILED);
}

static bool is_meant(const struct trace *trace, unsigned long nr)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (calls[i].nr == nr)
			return !strcmp(trace->call, "any") || !strcmp(trace->call, calls[i].name);
	}
	return false;
}

static void act(struct trace *trace)
{
	char pid[24];

	trace->reached = true;
	if (!strcmp(trace->action, "kill")) {
		(void)kill(trace->pid, SIGKILL);
		return;
	}
	(void)snprintf(pid, sizeof(pid), "%d", (int)trace->pid);
	if (setenv("PID", pid, 1) || system(trace->action))
		die(trace->action);
}

static void look(struct trace *trace, pid_t thread)
{
	struct ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(info), &info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY || !is_meant(trace, info.entry.nr))
		return;
	if (trace->left && --trace->left == 0)
		act(trace);
}

static void start(struct trace *trace, char **argv)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
	int status;

	trace->pid = fork();
	if (trace->pid < 0)
		die("fork");
	if (trace->pid == 0) {
		(void)signal(SIGINT, SIG_DFL);
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			die("ptrace");
		(void)execvp(argv[0], argv);
		die(argv[0]);
	}
	if (waitpid(trace->pid, &status, 0) != trace->pid || !WIFSTOPPED(status))
		exit(FAILED);
	if (ptrace(PTRACE_SETOPTIONS, trace->pid, NULL, options) < 0 ||
	    ptrace(PTRACE_SYSCALL, trace->pid, NULL, 0) < 0)
		die("ptrace");
}

/* Return: how the command ended. */
static int follow(struct trace *trace)
{
	int status, sig;
	pid_t thread;

	for (;;) {
		thread = waitpid(-1, &status, __WALL);
		if (thread < 0)
			die("waitpid");
		if (!WIFSTOPPED(status)) {
			if (thread == trace->pid)
				return status;
			continue;
		}
		sig = WSTOPSIG(status);
		if (sig == (SIGTRAP | 0x80))
			look(trace, thread);
		if ((sig & 0x7f) == SIGTRAP || sig == SIGSTOP)
			sig = 0;
		(void)ptrace(PTRACE_SYSCALL, thread, NULL, (long)sig);
	}
}

int main(int argc, char **argv)
{
	struct trace trace = { 0 };
	int status, code;

	if (argc < 5) {
		(void)fprintf(stderr, "usage: atcall CALL N ACTION COMMAND...\n");
		return 2;
	}
	trace.call = argv[1];
	trace.left = strtoul(argv[2], NULL, 10);
	trace.action = argv[3];
	start(&trace, argv + 4);
	status = follow(&trace);
	code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return code == 0 && !trace.reached ? NOT_REACHED : code;
}

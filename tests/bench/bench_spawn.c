/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_spawn [-m] COMMAND...: runs a command with its output discarded. Prints the nanoseconds
 * from its start to its end; with -m, the most anonymous memory that it held at once, in KiB.
 */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

extern char **environ;

static void finish(int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	(void)fprintf(stderr, "bench_spawn: the command failed, wait status 0x%x\n",
		      (unsigned int)status);
	exit(1);
}

static uint64_t run_timed(char **argv)
{
	posix_spawn_file_actions_t actions;
	uint64_t start, took;
	int status = 0;
	pid_t pid;

	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	start = now_ns();
	if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ))
		die(argv[0]);
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	took = now_ns() - start;
	finish(status);
	return took;
}

/* Exact, unlike the counters of /proc/PID/status. */
static uint64_t anonymous_kib(pid_t pid)
{
	unsigned long long kib = 0;
	char path[64], line[256];
	FILE *in;

	(void)snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	in = fopen(path, "re");
	if (!in)
		return 0;
	while (fgets(line, sizeof(line), in))
		if (sscanf(line, "Anonymous: %llu", &kib) == 1)
			break;
	(void)fclose(in);
	return kib;
}

static pid_t start_traced(char **argv)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT |
			     PTRACE_O_EXITKILL;
	int status, null;
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		null = open("/dev/null", O_WRONLY);
		(void)dup2(null, STDOUT_FILENO);
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			die("ptrace");
		(void)execvp(argv[0], argv);
		die(argv[0]);
	}
	/* It stops when it becomes the command. */
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		exit(1);
	if (ptrace(PTRACE_SETOPTIONS, pid, NULL, options) < 0 ||
	    ptrace(PTRACE_SYSCALL, pid, NULL, 0) < 0)
		die("ptrace");
	return pid;
}

/*
 * Memory is given back by system calls only, and each thread stops before and behind each of them:
 * no peak is missed.
 */
static uint64_t run_watched(char **argv)
{
	pid_t pid = start_traced(argv), stopped;
	uint64_t peak = 0, now;
	int status = 0, sig;

	for (;;) {
		stopped = waitpid(-1, &status, __WALL);
		if (stopped < 0)
			die("waitpid");
		if (!WIFSTOPPED(status)) {
			if (stopped != pid)
				continue;
			finish(status);
			return peak;
		}
		now = anonymous_kib(pid);
		if (now > peak)
			peak = now;
		sig = WSTOPSIG(status);
		if ((sig & 0x7f) == SIGTRAP || sig == SIGSTOP)
			sig = 0;
		(void)ptrace(PTRACE_SYSCALL, stopped, NULL, (long)sig);
	}
}

int main(int argc, char **argv)
{
	bool watch = argc > 1 && strcmp(argv[1], "-m") == 0;

	argv += 1 + watch;
	if (!argv[0]) {
		(void)fprintf(stderr, "usage: bench_spawn [-m] COMMAND...\n");
		return 2;
	}
	printf("%llu\n", (unsigned long long)(watch ? run_watched(argv) : run_timed(argv)));
	return 0;
}

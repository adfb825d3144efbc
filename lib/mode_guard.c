/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guardian: a process of its own session that no signal of a terminal reaches, with nothing
 * open but the record and a socket. At the socket's end without a word, it puts the mode back.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "err.h"
#include "mode_impl.h"

/* Between two looks at a device that somebody else has opened meanwhile. */
#define WAIT_NS 500000000L

static void close_all_but(int a, int b)
{
	unsigned int low = (unsigned int)(a < b ? a : b), high = (unsigned int)(a < b ? b : a);

	if (low > 0)
		(void)close_range(0, low - 1, 0);
	if (high > low + 1)
		(void)close_range(low + 1, high - 1, 0);
	(void)close_range(high + 1, UINT32_MAX, 0);
}

static ssize_t read_word(int socket, char *word)
{
	ssize_t n;

	do {
		n = read(socket, word, 1);
	} while (n < 0 && errno == EINTR);
	return n;
}

/* Return: 1: somebody else has it open. */
static int try_put_back(const struct famfs_ctx *ctx, const struct mode_change *change)
{
	int rc, dir;

	/* Commands that came meanwhile hold it; so does one that died, until its end. */
	if (mode_flock(change->fd, LOCK_EX) < 0 ||
	    !mode_record_is_there(ctx, change->record.name, change->fd))
		return 0;
	dir = mode_dir_lock(ctx, LOCK_EX);
	if (dir < 0)
		return 0;
	rc = mode_put_back(ctx, change, false, NULL);
	if (rc == -EBUSY)
		(void)mode_flock(change->fd, LOCK_SH);
	(void)close(dir);
	return rc == -EBUSY;
}

static void watch(const struct famfs_ctx *ctx, const struct mode_change *change, int socket)
{
	const struct timespec wait = { .tv_nsec = WAIT_NS };
	struct famfs_ctx quiet = *ctx;
	char word;

	quiet.debug_fn = NULL;
	close_all_but(change->fd, socket);
	(void)prctl(PR_SET_NAME, "famfs-mode");
	if (send(socket, "r", 1, MSG_NOSIGNAL) != 1 || read_word(socket, &word) > 0)
		return;
	while (try_put_back(&quiet, change))
		(void)nanosleep(&wait, NULL);
}

/* Forked twice: it is no child of this program, which waits for its own. */
static _Noreturn void become_guardian(const struct famfs_ctx *ctx, const struct mode_change *change,
				      int socket)
{
	pid_t pid;

	(void)setsid();
	pid = fork();
	if (pid == 0)
		watch(ctx, change, socket);
	_exit(pid < 0);
}

int mode_guard_start(const struct famfs_ctx *ctx, struct mode_change *change)
{
	sigset_t all, old;
	char word;
	int ends[2], rc = 0;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	/* What the terminal sends to the group must not reach it before it has its own. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &old);
	pid = fork();
	if (pid == 0)
		become_guardian(ctx, change, ends[1]);
	if (pid < 0)
		rc = -errno;
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	(void)close(ends[1]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (!rc && read_word(ends[0], &word) != 1)
		rc = -EAGAIN;
	if (rc < 0)
		(void)close(ends[0]);
	else
		change->guard = ends[0];
	return rc;
}

void mode_guard_dismiss(const struct mode_change *change)
{
	if (change->guard >= 0)
		(void)send(change->guard, "d", 1, MSG_NOSIGNAL);
	/* Not only when it has ended, too: the lock is of both. */
	(void)mode_flock(change->fd, LOCK_UN);
}

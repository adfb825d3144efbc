/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "guard.h"

struct frame {
	sigjmp_buf env;
	struct frame *below;
	void *addr;
};

/*
 * The innermost guarded call of this thread. Initial-exec: the handler may look at it in a thread
 * that never did before, and must not allocate then.
 */
static __thread struct frame *volatile top __attribute__((tls_model("initial-exec")));

static pthread_mutex_t users_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int users;
static bool installed;
static struct sigaction previous;

/*
 * The pages that the kernel said to be lost, the newest in place of the oldest. One word each, for
 * the handler stores them: the page's address, and in its low bits the binary logarithm of how many
 * bytes around it went with it. 0: none.
 */
#define LOST_MAX  64U
#define LOST_LOW  4095U
#define LOST_BITS (sizeof(uintptr_t) * 8)

static atomic_uintptr_t lost[LOST_MAX];
static atomic_uint lost_nr;

static void note_lost(const siginfo_t *info)
{
	uintptr_t bits = (uintptr_t)info->si_addr_lsb;

	if (bits == 0 || bits >= LOST_BITS)
		bits = 12;
	atomic_store(&lost[atomic_fetch_add(&lost_nr, 1) % LOST_MAX],
		     ((uintptr_t)info->si_addr & ~(uintptr_t)LOST_LOW) | bits);
}

/* Whether the page of @word is of the range; @ret_first: from where on. */
static bool is_in(uintptr_t word, const void *at, size_t len, uintptr_t *ret_first)
{
	uintptr_t span = (uintptr_t)1 << (word & LOST_LOW);
	uintptr_t page = word & ~(uintptr_t)LOST_LOW, from = page & ~(span - 1);
	uintptr_t first = (uintptr_t)at, last = first + len - 1;

	if (!word || !len || last < from || first > from + (span - 1))
		return false;
	*ret_first = page >= first && page <= last ? page : from > first ? from : first;
	return true;
}

bool guard_lost(const void *at, size_t len, void **ret_addr)
{
	unsigned int nr = atomic_load(&lost_nr);
	uintptr_t first;

	for (unsigned int i = 0; i < nr && i < LOST_MAX; i++) {
		if (!is_in(atomic_load(&lost[i]), at, len, &first))
			continue;
		*ret_addr = (void *)first;
		return true;
	}
	return false;
}

void guard_forget(const void *at, size_t len)
{
	unsigned int nr = atomic_load(&lost_nr);
	uintptr_t first;

	for (unsigned int i = 0; i < nr && i < LOST_MAX; i++) {
		if (is_in(atomic_load(&lost[i]), at, len, &first))
			atomic_store(&lost[i], 0);
	}
}

/* Early, of memory that nobody need have touched yet. */
static bool is_news(const siginfo_t *info)
{
	return info->si_code == BUS_MCEERR_AO;
}

/* What would have happened without us. */
static void pass_on(int sig, siginfo_t *info, void *context)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };

	if (previous.sa_flags & SA_SIGINFO) {
		previous.sa_sigaction(sig, info, context);
		return;
	}
	if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
		previous.sa_handler(sig);
		return;
	}
	if (previous.sa_handler == SIG_IGN && info->si_code <= 0)
		return;
	/* Nobody dies of news: who touches that memory gets an error. */
	if (is_news(info))
		return;
	/* A fault comes again when the handler returns, then without us; a sent signal does not. */
	(void)sigaction(sig, &dfl, NULL);
	if (info->si_code <= 0)
		(void)raise(sig);
}

/* Signals that were sent, and early news of errors elsewhere, are no faults of the guarded call. */
static bool is_fault(const siginfo_t *info)
{
	return info->si_code > 0 && !is_news(info);
}

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	struct frame *frame = top;

	if (is_news(info))
		note_lost(info);
	if (!frame || !is_fault(info)) {
		pass_on(sig, info, context);
		return;
	}
	frame->addr = info->si_addr;
	siglongjmp(frame->env, 1);
}

static bool is_ours(const struct sigaction *action)
{
	return (action->sa_flags & SA_SIGINFO) && action->sa_sigaction == on_sigbus;
}

/* SA_NODEFER: the handler is left by a jump that restores no signal mask, so none may be set. */
static int install(void)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK };

	action.sa_sigaction = on_sigbus;
	(void)sigemptyset(&action.sa_mask);
	/* Known before the handler can run. */
	if (sigaction(SIGBUS, NULL, &previous) < 0 || sigaction(SIGBUS, &action, NULL) < 0)
		return -errno;
	installed = true;
	return 0;
}

int guard_get(void)
{
	int rc = 0;

	(void)pthread_mutex_lock(&users_lock);
	if (!installed)
		rc = install();
	if (rc == 0)
		users++;
	(void)pthread_mutex_unlock(&users_lock);
	return rc;
}

/* A handler that was put on top of ours, and may pass on to it, is left alone: ours stays then. */
void guard_put(void)
{
	struct sigaction now;

	(void)pthread_mutex_lock(&users_lock);
	if (--users == 0 && sigaction(SIGBUS, NULL, &now) == 0 && is_ours(&now) &&
	    sigaction(SIGBUS, &previous, NULL) == 0)
		installed = false;
	(void)pthread_mutex_unlock(&users_lock);
}

static void leave(const struct frame *frame)
{
	atomic_signal_fence(memory_order_seq_cst);
	top = frame->below;
}

int guard_call(int (*fn)(void *arg), void *arg, void **ret_addr)
{
	struct frame frame;
	int rc;

	frame.below = top;
	if (sigsetjmp(frame.env, 0) != 0) {
		leave(&frame);
		*ret_addr = frame.addr;
		return -EIO;
	}
	top = &frame;
	atomic_signal_fence(memory_order_seq_cst);
	rc = fn(arg);
	leave(&frame);
	return rc;
}

/* Not by guard_call(): this one is called for every log entry. */
int guard_copy(void *dst, const void *src, size_t len, void **ret_addr)
{
	struct frame frame;

	frame.below = top;
	if (sigsetjmp(frame.env, 0) != 0) {
		leave(&frame);
		*ret_addr = frame.addr;
		return -EIO;
	}
	top = &frame;
	atomic_signal_fence(memory_order_seq_cst);
	memcpy(dst, src, len);
	leave(&frame);
	return 0;
}

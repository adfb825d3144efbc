/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard.h"
#include "unit.h"
#include "faults.h"

#define PAGE 4096U

/* Two mapped pages, of which the file has only the first: the second faults. */
static uint8_t *short_map(void)
{
	uint8_t *map;
	int fd = memfd_create("short", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, PAGE) < 0)
		return NULL;
	map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return map == MAP_FAILED ? NULL : map;
}

/* A store, since valgrind leaves out loads whose value nobody wants. */
static int touch(void *arg)
{
	volatile uint8_t *byte = arg;

	*byte = (uint8_t)(*byte + 1);
	return *byte;
}

/* Without a handler of its own a process dies of a fault outside, as it would without us. */
static int death_of(void (*doing)(uint8_t *map))
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		uint8_t *map = short_map();

		sigaction(SIGBUS, &dfl, NULL);
		alarm(20);
		if (map && guard_get() == 0)
			doing(map);
		_exit(3);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static void fault_outside(uint8_t *map)
{
	(void)touch(map + PAGE);
}

static void send_outside(uint8_t *map)
{
	(void)map;
	kill(getpid(), SIGBUS);
}

static void fault_while_ignored(uint8_t *map)
{
	guard_put();
	signal(SIGBUS, SIG_IGN);
	if (guard_get() == 0) {
		kill(getpid(), SIGBUS);
		(void)touch(map + PAGE);
	}
}

UNIT_TEST(faults_outside_kill_as_before)
{
	CHECK_EQ(death_of(fault_outside), SIGBUS);
	CHECK_EQ(death_of(send_outside), SIGBUS);
	CHECK_EQ(death_of(fault_while_ignored), SIGBUS);
}

UNIT_TEST(copies_what_is_there)
{
	uint8_t *map = short_map();
	char buf[64];
	void *addr = NULL;

	REQUIRE(map != NULL);
	CHECK_EQ(guard_get(), 0);
	CHECK_EQ(guard_copy(map + 100, "media", 6, &addr), 0);
	CHECK_EQ(guard_copy(buf, map + 100, 6, &addr), 0);
	CHECK_STR(buf, "media");
	CHECK(addr == NULL);
	guard_put();
	munmap(map, 2 * PAGE);
}

UNIT_TEST(fault_becomes_an_error_with_its_address)
{
	uint8_t *map = short_map();
	char buf[64];
	void *addr = NULL;

	FAULTS_REQUIRE_ADDRESSES();
	REQUIRE(map != NULL);
	CHECK_EQ(guard_get(), 0);
	for (unsigned int i = 0; i < 3; i++) {
		addr = NULL;
		CHECK_EQ(guard_copy(buf, map + PAGE + 8, sizeof(buf), &addr), -EIO);
		CHECK_EQ((uintptr_t)addr & ~(uintptr_t)(PAGE - 1), (uintptr_t)map + PAGE);
		CHECK_EQ(guard_copy(map + PAGE - 8, buf, sizeof(buf), &addr), -EIO);
		CHECK_EQ(guard_call(touch, map + PAGE, &addr), -EIO);
		CHECK(addr == map + PAGE);
	}
	map[7] = 9;
	CHECK_EQ(guard_call(touch, map + 7, &addr), 10);
	guard_put();
	munmap(map, 2 * PAGE);
}

struct nested {
	uint8_t *good, *bad;
	int inner_rc;
	bool fault_after;
};

static int call_inside(void *arg)
{
	struct nested *n = arg;
	void *addr;

	n->inner_rc = guard_call(touch, n->bad, &addr);
	if (n->fault_after)
		(void)touch(n->bad);
	return 5;
}

UNIT_TEST(calls_nest)
{
	uint8_t *map = short_map();
	struct nested n;
	void *addr;

	FAULTS_REQUIRE_ADDRESSES();
	REQUIRE(map != NULL);
	n = (struct nested){ .good = map, .bad = map + PAGE };
	CHECK_EQ(guard_get(), 0);
	CHECK_EQ(guard_call(call_inside, &n, &addr), 5);
	CHECK_EQ(n.inner_rc, -EIO);
	n.fault_after = true;
	CHECK_EQ(guard_call(call_inside, &n, &addr), -EIO);
	CHECK(addr == n.bad);
	guard_put();
	munmap(map, 2 * PAGE);
}

static void *fault_often(void *arg)
{
	uint8_t *map = arg;
	uintptr_t wrong = 0;

	for (unsigned int i = 0; i < 2000; i++) {
		void *addr = NULL;

		if (guard_call(touch, map + PAGE, &addr) != -EIO || addr != map + PAGE)
			wrong++;
		if (guard_call(touch, map, &addr) < 0)
			wrong++;
	}
	return (void *)wrong;
}

UNIT_TEST(each_thread_has_its_own_frames)
{
	pthread_t threads[4];
	uint8_t *maps[4];

	FAULTS_REQUIRE_ADDRESSES();
	CHECK_EQ(guard_get(), 0);
	for (unsigned int i = 0; i < 4; i++) {
		maps[i] = short_map();
		REQUIRE(maps[i] != NULL);
		REQUIRE(pthread_create(&threads[i], NULL, fault_often, maps[i]) == 0);
	}
	for (unsigned int i = 0; i < 4; i++) {
		void *wrong = NULL;

		pthread_join(threads[i], &wrong);
		CHECK_EQ((uintptr_t)wrong, 0);
		munmap(maps[i], 2 * PAGE);
	}
	guard_put();
}

/* In a thread with an alternate stack the handler runs there, and is left from there. */
static void *fault_on_altstack(void *arg)
{
	stack_t stack = { .ss_size = 64 << 10 };
	stack_t none = { .ss_flags = SS_DISABLE };
	void *rc;

	stack.ss_sp = malloc(stack.ss_size);
	if (!stack.ss_sp || sigaltstack(&stack, NULL) < 0)
		return (void *)1;
	rc = fault_often(arg);
	(void)sigaltstack(&none, NULL);
	free(stack.ss_sp);
	return rc;
}

UNIT_TEST(works_on_an_alternate_stack)
{
	uint8_t *map = short_map();
	pthread_t thread;
	void *wrong = NULL;

	FAULTS_REQUIRE_ADDRESSES();
	REQUIRE(map != NULL);
	CHECK_EQ(guard_get(), 0);
	REQUIRE(pthread_create(&thread, NULL, fault_on_altstack, map) == 0);
	pthread_join(thread, &wrong);
	CHECK_EQ((uintptr_t)wrong, 0);
	guard_put();
	munmap(map, 2 * PAGE);
}

static sigjmp_buf own_env;
static volatile sig_atomic_t own_calls;

static void own_handler(int sig)
{
	(void)sig;
	own_calls++;
}

static void own_jump(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)info, (void)context;
	own_calls++;
	siglongjmp(own_env, 1);
}

UNIT_TEST(faults_of_others_go_to_their_handler)
{
	struct sigaction own = { .sa_flags = SA_SIGINFO | SA_NODEFER };
	struct sigaction before, after;
	uint8_t *map = short_map();
	void *addr;

	REQUIRE(map != NULL);
	own.sa_sigaction = own_jump;
	own_calls = 0;
	sigaction(SIGBUS, &own, &before);
	CHECK_EQ(guard_get(), 0);
	if (sigsetjmp(own_env, 1) == 0)
		(void)touch(map + PAGE);
	CHECK_EQ(own_calls, 1);
	CHECK_EQ(guard_call(touch, map + PAGE, &addr), -EIO);
	CHECK_EQ(own_calls, 1);
	guard_put();
	sigaction(SIGBUS, &before, &after);
	CHECK(after.sa_sigaction == own_jump);
	munmap(map, 2 * PAGE);
}

static int raise_it(void *arg)
{
	return raise(*(int *)arg);
}

UNIT_TEST(sent_signals_are_no_faults)
{
	struct sigaction own = { .sa_handler = own_handler };
	struct sigaction before;
	void *addr;

	own_calls = 0;
	sigaction(SIGBUS, &own, &before);
	CHECK_EQ(guard_get(), 0);
	CHECK_EQ(guard_call(raise_it, (int[]){ SIGBUS }, &addr), 0);
	CHECK_EQ(own_calls, 1);
	guard_put();
	sigaction(SIGBUS, &before, NULL);
}

/* Outside a guarded call nobody dies of it, and inside the call is not cut short. */
UNIT_TEST(lost_memory_is_remembered)
{
	static uint8_t area[8 * PAGE] __attribute__((aligned(8 * PAGE)));
	struct sigaction before, now;
	void *addr = NULL;

	sigaction(SIGBUS, NULL, &before);
	CHECK_EQ(guard_get(), 0);
	CHECK(!guard_lost(area, sizeof(area), &addr));
	faults_lose(area + 2 * PAGE + 7, 12);
	faults_lose(area + 5 * PAGE, 13);
	CHECK(!guard_lost(area, 2 * PAGE, &addr));
	CHECK(!guard_lost(area + 3 * PAGE, PAGE, &addr));
	CHECK(!guard_lost(area + 6 * PAGE, 2 * PAGE, &addr));
	CHECK(!guard_lost(area + 2 * PAGE, 0, &addr));
	CHECK(guard_lost(area, sizeof(area), &addr) && addr == area + 2 * PAGE);
	CHECK(guard_lost(area + 3 * PAGE - 1, 1, &addr) && addr == area + 3 * PAGE - 1);
	/* Its neighbour went with it. */
	CHECK(guard_lost(area + 4 * PAGE, 1, &addr) && addr == area + 4 * PAGE);
	CHECK(guard_lost(area + 4 * PAGE, 2 * PAGE, &addr) && addr == area + 5 * PAGE);
	guard_forget(area + 2 * PAGE, PAGE);
	CHECK(guard_lost(area, sizeof(area), &addr) && addr == area + 5 * PAGE);
	guard_forget(area, sizeof(area));
	CHECK(!guard_lost(area, sizeof(area), &addr));
	/* Ours is still there for the next one. */
	sigaction(SIGBUS, NULL, &now);
	CHECK(now.sa_sigaction != before.sa_sigaction);
	guard_put();
}

static int lose_and_return(void *arg)
{
	faults_lose(arg, 0);
	return 7;
}

/* More than can be kept: the newest are. */
UNIT_TEST(much_is_lost)
{
	const uintptr_t base = (uintptr_t)1 << 40;
	void *addr = NULL;

	CHECK_EQ(guard_get(), 0);
	CHECK_EQ(guard_call(lose_and_return, (void *)base, &addr), 7);
	CHECK(guard_lost((void *)(base + PAGE - 1), 1, &addr));
	for (uintptr_t i = 1; i <= 100; i++)
		faults_lose((void *)(base + i * PAGE), 12);
	for (uintptr_t i = 50; i <= 100; i++)
		CHECK(guard_lost((void *)(base + i * PAGE), PAGE, &addr));
	guard_forget((void *)base, 200 * PAGE);
	CHECK(!guard_lost((void *)base, 200 * PAGE, &addr));
	guard_put();
}

UNIT_TEST(news_reach_an_own_handler)
{
	struct sigaction own = { .sa_handler = own_handler };
	struct sigaction before;
	uint8_t *map = short_map();
	void *addr = NULL;

	REQUIRE(map != NULL);
	own_calls = 0;
	sigaction(SIGBUS, &own, &before);
	CHECK_EQ(guard_get(), 0);
	faults_lose(map, 12);
	CHECK_EQ(own_calls, 1);
	CHECK(guard_lost(map, 1, &addr));
	guard_forget(map, PAGE);
	guard_put();
	sigaction(SIGBUS, &before, NULL);
	munmap(map, 2 * PAGE);
}

UNIT_TEST(users_are_counted)
{
	struct sigaction before, during, after;

	sigaction(SIGBUS, NULL, &before);
	CHECK_EQ(guard_get(), 0);
	sigaction(SIGBUS, NULL, &during);
	CHECK(during.sa_sigaction != before.sa_sigaction);
	CHECK_EQ(guard_get(), 0);
	guard_put();
	sigaction(SIGBUS, NULL, &after);
	CHECK(after.sa_sigaction == during.sa_sigaction);
	guard_put();
	sigaction(SIGBUS, NULL, &after);
	CHECK(after.sa_sigaction == before.sa_sigaction);
	CHECK_EQ(after.sa_flags & SA_SIGINFO, before.sa_flags & SA_SIGINFO);
}

UNIT_TEST(a_handler_on_top_of_ours_stays)
{
	struct sigaction own = { .sa_handler = own_handler };
	struct sigaction before, ours, after;

	sigaction(SIGBUS, NULL, &before);
	CHECK_EQ(guard_get(), 0);
	sigaction(SIGBUS, &own, &ours);
	guard_put();
	sigaction(SIGBUS, NULL, &after);
	CHECK(after.sa_handler == own_handler);
	/* It goes away, and ours is the one that counts again. */
	CHECK_EQ(guard_get(), 0);
	sigaction(SIGBUS, &ours, NULL);
	guard_put();
	sigaction(SIGBUS, NULL, &after);
	CHECK(after.sa_sigaction == before.sa_sigaction);
}

UNIT_MAIN

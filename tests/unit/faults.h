/* SPDX-License-Identifier: Apache-2.0 */
/* For tests whose accesses fault. Include behind unit.h. */
#ifndef FAMFS_TESTS_FAULTS_H
#define FAMFS_TESTS_FAULTS_H

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit.h"

/*
 * Under valgrind (3.19) the stack does not grow for a signal's frame that crosses a page: it is
 * made large enough before.
 */
__attribute__((constructor)) static void faults_grow_stack(void)
{
	volatile char room[256 << 10];

	for (size_t i = 0; i < sizeof(room); i += 1024)
		room[i] = 0;
}

static sigjmp_buf faults_env;
static void *volatile faults_addr;

static inline void faults_note(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	faults_addr = info->si_addr;
	siglongjmp(faults_env, 1);
}

/*
 * What the kernel does when it finds 2^@bits bytes around @at lost: it calls the handler, in a
 * thread that may do anything else just then. Sent for real, valgrind would take it for a fault.
 */
static inline void faults_lose(void *at, short bits)
{
	struct sigaction now;
	siginfo_t info = { .si_signo = SIGBUS, .si_code = BUS_MCEERR_AO };

	info.si_addr = at;
	info.si_addr_lsb = bits;
	sigaction(SIGBUS, NULL, &now);
	if (CHECK(now.sa_flags & SA_SIGINFO))
		now.sa_sigaction(SIGBUS, &info, NULL);
}

/*
 * Whether a fault tells its address: QEMU's emulation of a big-endian program exchanges the halves.
 */
static inline bool faults_tell_addresses(void)
{
	struct sigaction note = { .sa_flags = SA_SIGINFO | SA_NODEFER }, before;
	int fd = memfd_create("fault", MFD_CLOEXEC);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	close(fd);
	if (map == MAP_FAILED)
		return false;
	note.sa_sigaction = faults_note;
	sigaction(SIGBUS, &note, &before);
	if (sigsetjmp(faults_env, 1) == 0)
		*(volatile char *)map = 1;
	sigaction(SIGBUS, &before, NULL);
	munmap(map, page);
	return faults_addr == map;
}

#define FAULTS_REQUIRE_ADDRESSES()                                                                 \
	do {                                                                                       \
		if (!faults_tell_addresses())                                                      \
			SKIP("this emulator tells wrong addresses of faults");                     \
	} while (0)

#endif

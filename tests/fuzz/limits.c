/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an input may cost: 1 s of processor time, 64 MiB of memory at any moment, and nothing that
 * stays behind, neither memory (the sanitizer tells) nor open files.
 */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define SECONDS_MAX 1.0
#define MEMORY_MAX  (64LL << 20)

#if defined(__SANITIZE_ADDRESS__)
#define COUNTS_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COUNTS_MEMORY 1
#endif
#endif

static int report_fd = STDERR_FILENO;

#ifdef COUNTS_MEMORY
/* The sanitizers' interface, whose headers are not installed with every compiler. */
int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void *, size_t),
					      void (*free_hook)(const volatile void *));
size_t __sanitizer_get_allocated_size(const volatile void *);

static atomic_llong memory, memory_most;

static void on_malloc(const volatile void *at, size_t len)
{
	long long now = atomic_fetch_add(&memory, (long long)len) + (long long)len;

	(void)at;
	if (now > atomic_load(&memory_most))
		atomic_store(&memory_most, now);
}

static void on_free(const volatile void *at)
{
	if (at)
		atomic_fetch_sub(&memory, (long long)__sanitizer_get_allocated_size(at));
}
#endif

__attribute__((weak)) void fuzz_begin(void) {}

__attribute__((weak)) size_t fuzz_mutate(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	(void)seed;
	return LLVMFuzzerMutate ? LLVMFuzzerMutate(data, size, max) : size;
}

void fuzz_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	(void)dprintf(report_fd, "%s:%d: ", file, line);
	va_start(ap, fmt);
	(void)vdprintf(report_fd, fmt, ap);
	va_end(ap);
	(void)dprintf(report_fd, "\n");
	abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	report_fd = dup(STDERR_FILENO);
#ifdef COUNTS_MEMORY
	(void)__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
#endif
	fuzz_begin();
	return 0;
}

/* Not of the wall clock, on which other programs have their part. */
static double seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int next_fd(void)
{
	int fd = dup(report_fd);

	(void)close(fd);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	double before = seconds(), took;
	int fd = next_fd();

#ifdef COUNTS_MEMORY
	atomic_store(&memory, 0);
	atomic_store(&memory_most, 0);
#endif
	fuzz_one(data, size);
	took = seconds() - before;
	FUZZ_REQUIRE(took <= SECONDS_MAX, "%zu bytes of input took %.2f s", size, took);
	FUZZ_REQUIRE(next_fd() == fd, "a file was left open");
#ifdef COUNTS_MEMORY
	FUZZ_REQUIRE(atomic_load(&memory_most) <= MEMORY_MAX,
		     "%zu bytes of input took %lld bytes of memory", size,
		     atomic_load(&memory_most));
#endif
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	return fuzz_mutate(data, size, max, seed);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for large tables, and page tables filled ahead. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pages.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22 /* Linux 5.14 */
#define MADV_POPULATE_WRITE 23
#endif

#define HUGE (1UL << 21)

/* Below this much, malloc's memory is as good. */
#define SMALL (1UL << 16)

/* What is mapped for so much, and 0 for what is small. False: more than there can be. */
static bool mapped_len(size_t nr, size_t size, size_t *ret_len)
{
	size_t len, end;

	if (__builtin_mul_overflow(nr, size, &len) || __builtin_add_overflow(len, HUGE - 1, &end))
		return false;
	if (len >= HUGE)
		len = end & ~(HUGE - 1);
	*ret_len = len < SMALL ? 0 : len;
	return true;
}

/* All of the mapping that @at is in, or the kernel would make two of it, and realloc() copy. */
void pages_want_huge(void *at, size_t len)
{
	uintptr_t skew;

	if (len < HUGE)
		return;
	skew = (uintptr_t)at % (uintptr_t)sysconf(_SC_PAGESIZE);
	(void)madvise((char *)at - skew, len + skew, MADV_HUGEPAGE);
}

void *pages_alloc(size_t nr, size_t size)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	size_t len;
	void *pages;

	if (!mapped_len(nr, size, &len))
		return NULL;
	if (!len)
		return calloc(nr ? nr : 1, size);
	/*
	 * A small page that is read before it is written to costs two faults, and the second one
	 * interrupts the other CPUs.
	 */
	if (len < HUGE)
		flags |= MAP_POPULATE;
	pages = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (pages == MAP_FAILED)
		return NULL;
	pages_want_huge(pages, len);
	return pages;
}

void pages_free(void *pages, size_t nr, size_t size)
{
	size_t len;

	if (!mapped_len(nr, size, &len) || !len)
		free(pages);
	else if (pages)
		(void)munmap(pages, len);
}

void pages_populate(const void *at, size_t len, bool store)
{
	uintptr_t begin = (uintptr_t)at, skew = begin % (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)madvise((void *)(begin - skew), len + skew,
		      store ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for large tables. */
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "pages.h"

/* A huge page. Below this much, malloc's memory is as good. */
#define HUGE (1UL << 21)

/* Whole huge pages, and 0 for what is too small for them. False: more than there can be. */
static bool huge_len(size_t nr, size_t size, size_t *ret_len)
{
	size_t len, end;

	if (__builtin_mul_overflow(nr, size, &len) || __builtin_add_overflow(len, HUGE - 1, &end))
		return false;
	*ret_len = len < HUGE ? 0 : end & ~(HUGE - 1);
	return true;
}

void *pages_alloc(size_t nr, size_t size)
{
	size_t len;
	void *pages;

	if (!huge_len(nr, size, &len))
		return NULL;
	if (!len)
		return calloc(nr ? nr : 1, size);
	pages = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED)
		return NULL;
	/* Only advice: without huge pages it works all the same. */
	(void)madvise(pages, len, MADV_HUGEPAGE);
	return pages;
}

void pages_free(void *pages, size_t nr, size_t size)
{
	size_t len;

	if (!huge_len(nr, size, &len) || !len)
		free(pages);
	else if (pages)
		(void)munmap(pages, len);
}

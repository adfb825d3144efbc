/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for large tables, and page tables filled ahead. */
#ifndef PAGES_H
#define PAGES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * @nr members of @size bytes, all zero, or NULL. Large tables come in huge pages where the host
 * lends them: a page fault for 2 MiB instead of one for 4 KiB. pages_free() wants the same numbers.
 */
void *pages_alloc(size_t nr, size_t size);
void pages_free(void *pages, size_t nr, size_t size);

/* A table that realloc() gave: in huge pages from now on, if it is large. Only advice. */
void pages_want_huge(void *at, size_t len);

/*
 * What is mapped at @len bytes from @at is found now, all at once, so that reading (or @store)
 * meets no page faults. Only advice: what is not there is found when it is touched.
 */
void pages_populate(const void *at, size_t len, bool store);

#endif

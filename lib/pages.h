/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for large tables. */
#ifndef PAGES_H
#define PAGES_H

#include <stddef.h>

/*
 * @nr members of @size bytes, all zero, or NULL. Large tables come in huge pages where the host
 * lends them: a page fault for 2 MiB instead of one for 4 KiB. pages_free() wants the same numbers.
 */
void *pages_alloc(size_t nr, size_t size);
void pages_free(void *pages, size_t nr, size_t size);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Getting stores to memory that other hosts see: the operations, chosen once by what the CPU says.
 * The only place with such instructions.
 */
#ifndef PERSIST_H
#define PERSIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * @store: as memcpy(), into the caches; in no order among its words.
 * @writeback: starts the write-back of every cache line that holds a byte of the range.
 * @invalidate: writes back and drops those lines, and returns when later loads will come from
 *	memory.
 * @fence: when it returns, earlier stores, streaming stores and write-backs of this thread have
 *	reached memory before anything later.
 * @zero: fills with zeros by streaming stores; to be fenced by the caller.
 * @copy: as memcpy(), by streaming stores where that is faster; written back, to be fenced by the
 *	caller.
 * @publish16: stores v[0] and v[1] at @dst (16-byte aligned), together where the CPU promises that,
 *	else v[0] before v[1]; memory may get either of them first.
 * @whole: publish16() stores both together.
 */
struct persist_ops {
	const char *name;
	void (*store)(void *dst, const void *src, size_t len);
	void (*writeback)(const void *addr, size_t len);
	void (*invalidate)(const void *addr, size_t len);
	void (*fence)(void);
	void (*zero)(void *dst, size_t len);
	void (*copy)(void *dst, const void *src, size_t len);
	void (*publish16)(void *dst, const uint64_t v[2]);
	bool whole;
};

/* For memory behind the CPU's caches: clwb, clflushopt, dc cvap, ... */
const struct persist_ops *persist_cpu(void);

/* For the page cache, which is coherent: no write-back, order only. */
const struct persist_ops *persist_page_cache(void);

#endif

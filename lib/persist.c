/* SPDX-License-Identifier: Apache-2.0 */
/* The chooser, and the operations for the page cache. */
#include <string.h>

#include "persist_impl.h"

static void writeback_nothing(const void *addr, size_t len)
{
	(void)addr;
	(void)len;
}

/* The page cache is coherent, but a weakly ordered CPU could still load too early. */
static void order_loads(const void *addr, size_t len)
{
	(void)addr;
	(void)len;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
}

static void order_stores(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void zero_plain(void *dst, size_t len)
{
	memset(dst, 0, len);
}

void persist_store(void *dst, const void *src, size_t len)
{
	memcpy(dst, src, len);
}

void persist_publish_in_order(void *dst, const uint64_t v[2])
{
	volatile uint64_t *word = dst;

	word[0] = v[0];
	order_stores();
	word[1] = v[1];
}

static const struct persist_ops page_cache_whole = {
	.name = "page cache",
	.store = persist_store,
	.writeback = writeback_nothing,
	.invalidate = order_loads,
	.fence = order_stores,
	.zero = zero_plain,
	.copy = persist_store,
	.publish16 = persist_arch_store16,
	.whole = true,
};

static const struct persist_ops page_cache_in_order = {
	.name = "page cache, 8-byte stores",
	.store = persist_store,
	.writeback = writeback_nothing,
	.invalidate = order_loads,
	.fence = order_stores,
	.zero = zero_plain,
	.copy = persist_store,
	.publish16 = persist_publish_in_order,
};

const struct persist_ops *persist_cpu(void)
{
	return persist_arch_cpu();
}

const struct persist_ops *persist_page_cache(void)
{
	return persist_arch_has_store16() ? &page_cache_whole : &page_cache_in_order;
}

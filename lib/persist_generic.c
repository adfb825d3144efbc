/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CPU whose cache instructions are not known here: order can be kept among this host's CPUs, but
 * nothing can be written back for other hosts. The name tells the user.
 */
#if !defined(__x86_64__) && !defined(__aarch64__)

#include <string.h>

#include "persist_impl.h"

static void writeback_none(const void *addr, size_t len)
{
	(void)addr;
	(void)len;
}

static void invalidate_none(const void *addr, size_t len)
{
	(void)addr;
	(void)len;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void fence_cpu(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void zero_plain(void *dst, size_t len)
{
	memset(dst, 0, len);
}

static const struct persist_ops ops_none = {
	.name = "none",
	.store = persist_store,
	.writeback = writeback_none,
	.invalidate = invalidate_none,
	.fence = fence_cpu,
	.zero = zero_plain,
	.copy = persist_store,
	.publish16 = persist_publish_in_order,
};

const struct persist_ops *persist_arch_cpu(void)
{
	return &ops_none;
}

bool persist_arch_has_store16(void)
{
	return false;
}

void persist_arch_store16(void *dst, const uint64_t v[2])
{
	persist_publish_in_order(dst, v);
}

#endif

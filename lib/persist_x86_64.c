/* SPDX-License-Identifier: Apache-2.0 */
#if defined(__x86_64__)

#include <cpuid.h>
#include <emmintrin.h>
#include <string.h>

#include "persist_impl.h"

#define LINE 64U

/*
 * The operand of each instruction is the byte that the loop stands on, given to the compiler as a
 * memory operand: which register holds the address is then never our guess (tests/lint/080-flush.sh
 * looks at the result).
 */
#define DEFINE_LINES(fn, insn)                                                                     \
	static void fn(const void *addr, size_t len)                                               \
	{                                                                                          \
		uintptr_t end = (uintptr_t)addr + len;                                             \
		uintptr_t at = (uintptr_t)addr & ~(uintptr_t)(LINE - 1);                           \
                                                                                                   \
		if (len == 0)                                                                      \
			return;                                                                    \
		__asm__ volatile("" ::: "memory");                                                 \
		for (; at < end; at += LINE)                                                       \
			__asm__ volatile(insn " %0" : "+m"(*(volatile char *)at));                 \
	}

DEFINE_LINES(lines_clwb, "clwb")
DEFINE_LINES(lines_clflushopt, "clflushopt")
DEFINE_LINES(lines_clflush, "clflush")

static void fence_stores(void)
{
	__asm__ volatile("sfence" ::: "memory");
}

/* SFENCE would not keep later loads from being answered before the lines are gone. */
static void fence_all(void)
{
	__asm__ volatile("mfence" ::: "memory");
}

static void invalidate_clflushopt(const void *addr, size_t len)
{
	lines_clflushopt(addr, len);
	fence_all();
}

static void invalidate_clflush(const void *addr, size_t len)
{
	lines_clflush(addr, len);
	fence_all();
}

/* Whole lines only: a line that is streamed completely is never read from memory first. */
static void stream_zero_lines(char *dst, size_t len)
{
	const __m128i zero = _mm_setzero_si128();

	for (size_t i = 0; i < len; i += LINE) {
		__m128i *line = (__m128i *)(void *)(dst + i);

		_mm_stream_si128(line, zero);
		_mm_stream_si128(line + 1, zero);
		_mm_stream_si128(line + 2, zero);
		_mm_stream_si128(line + 3, zero);
	}
}

/* The lines at the ends that are ours in part only are stored plainly and written back. */
static inline void zero_with(void *dst, size_t len, void (*writeback)(const void *, size_t))
{
	char *p = dst;
	size_t head = (LINE - ((uintptr_t)p & (LINE - 1))) & (LINE - 1);
	size_t body;

	if (head > len)
		head = len;
	if (head > 0) {
		memset(p, 0, head);
		writeback(p, head);
	}
	body = (len - head) & ~(size_t)(LINE - 1);
	stream_zero_lines(p + head, body);
	if (head + body < len) {
		memset(p + head + body, 0, len - head - body);
		writeback(p + head + body, len - head - body);
	}
}

static void zero_clwb(void *dst, size_t len)
{
	zero_with(dst, len, lines_clwb);
}

static void zero_clflushopt(void *dst, size_t len)
{
	zero_with(dst, len, lines_clflushopt);
}

static void zero_clflush(void *dst, size_t len)
{
	zero_with(dst, len, lines_clflush);
}

/* As with zeros: whole lines are streamed, the ends are stored plainly. */
static void stream_copy_lines(char *dst, const char *src, size_t len)
{
	for (size_t i = 0; i < len; i += LINE) {
		__m128i *to = (__m128i *)(void *)(dst + i);
		const __m128i *from = (const __m128i *)(const void *)(src + i);
		__m128i a = _mm_loadu_si128(from), b = _mm_loadu_si128(from + 1);
		__m128i c = _mm_loadu_si128(from + 2), d = _mm_loadu_si128(from + 3);

		_mm_stream_si128(to, a);
		_mm_stream_si128(to + 1, b);
		_mm_stream_si128(to + 2, c);
		_mm_stream_si128(to + 3, d);
	}
}

static inline void copy_with(void *dst, const void *src, size_t len,
			     void (*writeback)(const void *, size_t))
{
	const char *from = src;
	char *to = dst;
	size_t head = (LINE - ((uintptr_t)to & (LINE - 1))) & (LINE - 1);
	size_t body;

	if (head > len)
		head = len;
	if (head > 0) {
		memcpy(to, from, head);
		writeback(to, head);
	}
	body = (len - head) & ~(size_t)(LINE - 1);
	stream_copy_lines(to + head, from + head, body);
	if (head + body < len) {
		memcpy(to + head + body, from + head + body, len - head - body);
		writeback(to + head + body, len - head - body);
	}
}

static void copy_clwb(void *dst, const void *src, size_t len)
{
	copy_with(dst, src, len, lines_clwb);
}

static void copy_clflushopt(void *dst, const void *src, size_t len)
{
	copy_with(dst, src, len, lines_clflushopt);
}

static void copy_clflush(void *dst, const void *src, size_t len)
{
	copy_with(dst, src, len, lines_clflush);
}

void persist_arch_store16(void *dst, const uint64_t v[2])
{
	__m128i both = _mm_loadu_si128((const __m128i *)(const void *)v);

	__asm__ volatile("movdqa %1, %0" : "=m"(*(__m128i *)dst) : "x"(both) : "memory");
}

enum flush { FLUSH_CLFLUSH, FLUSH_CLFLUSHOPT, FLUSH_CLWB, FLUSH_NR };

#define OPS(insn, inval, both, label)                                                              \
	{                                                                                          \
		.name = label, .store = persist_store, .writeback = lines_##insn,                  \
		.invalidate = invalidate_##inval, .fence = fence_stores, .zero = zero_##insn,      \
		.copy = copy_##insn,                                                               \
		.publish16 = both ? persist_arch_store16 : persist_publish_in_order,               \
		.whole = both,                                                                     \
	}

static const struct persist_ops ops_whole[FLUSH_NR] = {
	[FLUSH_CLFLUSH] = OPS(clflush, clflush, true, "clflush"),
	[FLUSH_CLFLUSHOPT] = OPS(clflushopt, clflushopt, true, "clflushopt"),
	[FLUSH_CLWB] = OPS(clwb, clflushopt, true, "clwb"),
};

static const struct persist_ops ops_in_order[FLUSH_NR] = {
	[FLUSH_CLFLUSH] = OPS(clflush, clflush, false, "clflush, 8-byte stores"),
	[FLUSH_CLFLUSHOPT] = OPS(clflushopt, clflushopt, false, "clflushopt, 8-byte stores"),
	[FLUSH_CLWB] = OPS(clwb, clflushopt, false, "clwb, 8-byte stores"),
};

static enum flush best_flush(void)
{
	unsigned int a = 0, b = 0, c = 0, d = 0;

	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & bit_CLFLUSHOPT))
		return FLUSH_CLFLUSH;
	return b & bit_CLWB ? FLUSH_CLWB : FLUSH_CLFLUSHOPT;
}

/* The makers promise whole aligned 16-byte stores for the CPUs that have AVX, used or not. */
bool persist_arch_has_store16(void)
{
	unsigned int a = 0, b = 0, c = 0, d = 0;

	return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_AVX);
}

const struct persist_ops *persist_arch_cpu(void)
{
	const struct persist_ops *table = persist_arch_has_store16() ? ops_whole : ops_in_order;

	return &table[best_flush()];
}

#endif

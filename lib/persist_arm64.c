/* SPDX-License-Identifier: Apache-2.0 */
#if defined(__aarch64__)

#include <string.h>
#include <sys/auxv.h>

#include "persist_impl.h"

/* Linux's names for what getauxval(AT_HWCAP) tells, in case the headers are older than the CPU. */
#ifndef HWCAP_DCPOP
#define HWCAP_DCPOP (1UL << 16)
#endif
#ifndef HWCAP_USCAT
#define HWCAP_USCAT (1UL << 25)
#endif

#define STEP 4096U

static uintptr_t line_size(void)
{
	uint64_t ctr;

	__asm__("mrs %0, ctr_el0" : "=r"(ctr));
	return (uintptr_t)4 << ((ctr >> 16) & 15);
}

#define DEFINE_LINES(fn, insn)                                                                     \
	static void fn(const void *addr, size_t len)                                               \
	{                                                                                          \
		uintptr_t line = line_size();                                                      \
		uintptr_t end = (uintptr_t)addr + len;                                             \
		uintptr_t at = (uintptr_t)addr & ~(line - 1);                                      \
                                                                                                   \
		for (; len > 0 && at < end; at += line)                                            \
			__asm__ volatile(insn ::"r"(at) : "memory");                               \
	}

/* "dc cvap", spelled so that an assembler for the base architecture takes it. */
DEFINE_LINES(lines_cvap, "sys #3, c7, c12, #1, %0")
DEFINE_LINES(lines_cvac, "dc cvac, %0")
DEFINE_LINES(lines_civac, "dc civac, %0")

static void fence_all(void)
{
	__asm__ volatile("dsb sy" ::: "memory");
}

static void invalidate_civac(const void *addr, size_t len)
{
	lines_civac(addr, len);
	fence_all();
}

/* There is no store around the caches: each step is written back while it is still near. */
static inline void zero_with(void *dst, size_t len, void (*writeback)(const void *, size_t))
{
	char *p = dst;

	while (len > 0) {
		size_t step = len < STEP ? len : STEP;

		memset(p, 0, step);
		writeback(p, step);
		p += step;
		len -= step;
	}
}

static void zero_cvap(void *dst, size_t len)
{
	zero_with(dst, len, lines_cvap);
}

static void zero_cvac(void *dst, size_t len)
{
	zero_with(dst, len, lines_cvac);
}

static inline void copy_with(void *dst, const void *src, size_t len,
			     void (*writeback)(const void *, size_t))
{
	const char *from = src;
	char *to = dst;

	while (len > 0) {
		size_t step = len < STEP ? len : STEP;

		memcpy(to, from, step);
		writeback(to, step);
		from += step;
		to += step;
		len -= step;
	}
}

static void copy_cvap(void *dst, const void *src, size_t len)
{
	copy_with(dst, src, len, lines_cvap);
}

static void copy_cvac(void *dst, const void *src, size_t len)
{
	copy_with(dst, src, len, lines_cvac);
}

void persist_arch_store16(void *dst, const uint64_t v[2])
{
	__asm__ volatile("stp %1, %2, [%0]" ::"r"(dst), "r"(v[0]), "r"(v[1]) : "memory");
}

#define OPS(insn, both, label)                                                                     \
	{                                                                                          \
		.name = label, .store = persist_store, .writeback = lines_##insn,                  \
		.invalidate = invalidate_civac, .fence = fence_all, .zero = zero_##insn,           \
		.copy = copy_##insn,                                                               \
		.publish16 = both ? persist_arch_store16 : persist_publish_in_order,               \
		.whole = both,                                                                     \
	}

static const struct persist_ops ops_cvap = OPS(cvap, true, "dc cvap");
static const struct persist_ops ops_cvac = OPS(cvac, true, "dc cvac");
static const struct persist_ops ops_cvap_in_order = OPS(cvap, false, "dc cvap, 8-byte stores");
static const struct persist_ops ops_cvac_in_order = OPS(cvac, false, "dc cvac, 8-byte stores");

/* With LSE2 an aligned pair is stored whole. */
bool persist_arch_has_store16(void)
{
	return (getauxval(AT_HWCAP) & HWCAP_USCAT) != 0;
}

const struct persist_ops *persist_arch_cpu(void)
{
	bool cvap = (getauxval(AT_HWCAP) & HWCAP_DCPOP) != 0;

	if (persist_arch_has_store16())
		return cvap ? &ops_cvap : &ops_cvac;
	return cvap ? &ops_cvap_in_order : &ops_cvac_in_order;
}

#endif

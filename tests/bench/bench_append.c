/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_append NR: the limit of appending. Stores NR log entries into shared memory that is mapped
 * and touched, each with its number and checksum, writes each back and fences. Prints nanoseconds.
 */
#include <libdeflate.h>
#include <string.h>
#include <sys/mman.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "bench.h"

enum { ENTRY = 544, COVERED = 536, FIRST = 48, LINE = 64 };

typedef void (*flush_fn)(const void *addr, size_t len);

#if defined(__x86_64__)
#define DEFINE_FLUSH(fn, insn)                                                                     \
	static void fn(const void *addr, size_t len)                                               \
	{                                                                                          \
		uintptr_t at = (uintptr_t)addr & ~(uintptr_t)(LINE - 1);                           \
                                                                                                   \
		for (; at < (uintptr_t)addr + len; at += LINE)                                     \
			__asm__ volatile(insn " %0" : "+m"(*(volatile char *)at));                 \
		__asm__ volatile("sfence" ::: "memory");                                           \
	}

DEFINE_FLUSH(flush_clwb, "clwb")
DEFINE_FLUSH(flush_clflushopt, "clflushopt")
DEFINE_FLUSH(flush_clflush, "clflush")

static flush_fn best_flush(void)
{
	unsigned int a = 0, b = 0, c = 0, d = 0;

	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & bit_CLFLUSHOPT))
		return flush_clflush;
	return b & bit_CLWB ? flush_clwb : flush_clflushopt;
}
#elif defined(__aarch64__)
static void flush_cvac(const void *addr, size_t len)
{
	uintptr_t at = (uintptr_t)addr & ~(uintptr_t)(LINE - 1);

	for (; at < (uintptr_t)addr + len; at += LINE)
		__asm__ volatile("dc cvac, %0" ::"r"(at) : "memory");
	__asm__ volatile("dsb ishst" ::: "memory");
}

static flush_fn best_flush(void)
{
	return flush_cvac;
}
#else
static void flush_none(const void *addr, size_t len)
{
	(void)addr;
	(void)len;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static flush_fn best_flush(void)
{
	return flush_none;
}
#endif

static void append(unsigned char *dst, unsigned char *entry, uint64_t number, flush_fn flush)
{
	uint64_t crc;

	memcpy(entry, &number, sizeof(number));
	crc = libdeflate_crc32(0, entry, COVERED);
	memcpy(entry + COVERED, &crc, sizeof(crc));
	memcpy(dst, entry, ENTRY);
	flush(dst, ENTRY);
}

int main(int argc, char **argv)
{
	size_t nr = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	size_t len = FIRST + nr * ENTRY;
	unsigned char entry[ENTRY];
	flush_fn flush = best_flush();
	unsigned char *log;
	uint64_t start;

	if (nr == 0 || nr > 1U << 24) {
		(void)fprintf(stderr, "usage: bench_append NR\n");
		return 2;
	}
	log = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (log == MAP_FAILED)
		die("mmap");
	memset(log, 1, len);
	memset(entry, 0x5a, sizeof(entry));
	start = now_ns();
	for (size_t i = 0; i < nr; i++)
		append(log + FIRST + i * ENTRY, entry, i, flush);
	printf("%llu\n", (unsigned long long)(now_ns() - start));
	return 0;
}

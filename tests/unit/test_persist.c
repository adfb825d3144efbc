/* SPDX-License-Identifier: Apache-2.0 */
#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include "persist.h"
#include "unit.h"

#define PAGE 4096U

static const struct persist_ops *const *all_ops(void)
{
	static const struct persist_ops *ops[3];

	ops[0] = persist_cpu();
	ops[1] = persist_page_cache();
	return ops;
}

UNIT_TEST(tables_are_complete)
{
	for (const struct persist_ops *const *ops = all_ops(); *ops; ops++) {
		UNIT_ROW("%s", (*ops)->name);
		CHECK((*ops)->name[0] != '\0');
		CHECK((*ops)->writeback && (*ops)->invalidate && (*ops)->fence);
		CHECK((*ops)->store && (*ops)->zero && (*ops)->copy && (*ops)->publish16);
	}
	UNIT_ROW("both");
	CHECK_EQ(strncmp(persist_page_cache()->name, "page cache", 10), 0);
}

UNIT_TEST(the_choice_does_not_change)
{
	CHECK(persist_cpu() == persist_cpu());
	CHECK(persist_page_cache() == persist_page_cache());
	CHECK(persist_cpu() != persist_page_cache());
}

/*
 * By bits of CPUID: leaf 7, EBX 23 clflushopt, 24 clwb; leaf 1, ECX 28 AVX. Under valgrind they are
 * those of valgrind's CPU.
 */
UNIT_TEST(best_instruction_is_chosen)
{
#if defined(__x86_64__)
	unsigned int eax = 0, ebx = 0, ecx = 0, edx = 0;
	const char *want = "clflush";

	(void)__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx);
	if (ebx >> 23 & 1)
		want = ebx >> 24 & 1 ? "clwb" : "clflushopt";
	(void)__get_cpuid(1, &eax, &ebx, &ecx, &edx);
	CHECK_EQ(strcspn(persist_cpu()->name, ","), strlen(want));
	CHECK_EQ(strncmp(persist_cpu()->name, want, strlen(want)), 0);
	CHECK_EQ(strchr(persist_cpu()->name, ',') == NULL, ecx >> 28 & 1);
	CHECK_EQ(strchr(persist_page_cache()->name, ',') == NULL, ecx >> 28 & 1);
#elif defined(__aarch64__)
	const char *want = getauxval(AT_HWCAP) & HWCAP_DCPOP ? "dc cvap" : "dc cvac";

	CHECK_EQ(strncmp(persist_cpu()->name, want, strlen(want)), 0);
	CHECK_EQ(strchr(persist_cpu()->name, ',') == NULL, getauxval(AT_HWCAP) >> 25 & 1);
	CHECK_EQ(strchr(persist_page_cache()->name, ',') == NULL, getauxval(AT_HWCAP) >> 25 & 1);
#else
	CHECK_STR(persist_cpu()->name, "none");
#endif
}

static void zero_case(const struct persist_ops *ops, uint8_t *page, size_t at, size_t len)
{
	bool good = true;

	memset(page, 0xa5, PAGE);
	ops->zero(page + at, len);
	ops->fence();
	for (size_t i = 0; i < PAGE; i++)
		good &= page[i] == (i >= at && i < at + len ? 0 : 0xa5);
	CHECK_MSG(good, "%s: zero of %zu bytes at %zu", ops->name, len, at);
}

UNIT_TEST(zero_touches_its_range_only)
{
	static const size_t lens[] = { 0,   1,   2,   15,  16,  63,  64,   65,
				       100, 127, 128, 129, 512, 544, 1000, 2048 };
	static _Alignas(64) uint8_t page[PAGE];

	for (const struct persist_ops *const *ops = all_ops(); *ops; ops++)
		for (size_t at = 0; at < 130; at++)
			for (size_t i = 0; i < UNIT_NR(lens); i++)
				zero_case(*ops, page, at, lens[i]);
}

/* The last page is not there: an instruction for a line that is not in the range would fault. */
UNIT_TEST(no_line_outside_is_touched)
{
	uint8_t *map = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	REQUIRE(map != MAP_FAILED);
	REQUIRE(mprotect(map + PAGE, PAGE, PROT_READ | PROT_WRITE) == 0);
	for (const struct persist_ops *const *ops = all_ops(); *ops; ops++) {
		for (size_t len = 0; len <= 200; len++) {
			uint8_t *last = map + 2 * PAGE - len;

			memset(map + PAGE, 0x5a, PAGE);
			(*ops)->writeback(map + PAGE, len);
			(*ops)->writeback(last, len);
			(*ops)->invalidate(map + PAGE, len);
			(*ops)->invalidate(last, len);
			(*ops)->fence();
			CHECK_EQ(map[PAGE], 0x5a);
			CHECK_EQ(map[2 * PAGE - 1], 0x5a);
			(*ops)->zero(last, len);
			(*ops)->fence();
			CHECK_EQ(map[2 * PAGE - 1], len ? 0 : 0x5a);
		}
		(*ops)->writeback(map + 2 * PAGE, 0);
		(*ops)->invalidate(map + 2 * PAGE, 0);
	}
	munmap(map, 3 * PAGE);
}

struct pair {
	_Alignas(16) volatile uint64_t word[2];
	const struct persist_ops *ops;
	atomic_bool stop;
};

UNIT_TEST(publish16_stores_both)
{
	static _Alignas(16) uint64_t dst[4];
	const uint64_t v[2] = { 0x0123456789abcdef, 0xfedcba9876543210 };

	for (const struct persist_ops *const *ops = all_ops(); *ops; ops++) {
		memset(dst, 0xff, sizeof(dst));
		(*ops)->publish16(dst + 2, v);
		(*ops)->fence();
		CHECK_EQ(dst[0], UINT64_MAX);
		CHECK_EQ(dst[1], UINT64_MAX);
		CHECK_EQ(dst[2], v[0]);
		CHECK_EQ(dst[3], v[1]);
	}
}

static void *publish_many(void *arg)
{
	struct pair *pair = arg;

	for (uint64_t i = 1; !pair->stop; i++)
		pair->ops->publish16((void *)pair->word, (const uint64_t[2]){ i, i });
	return NULL;
}

/* word[0] is never seen behind word[1]: together, or first. */
UNIT_TEST(publish16_is_never_seen_backwards)
{
	for (const struct persist_ops *const *ops = all_ops(); *ops; ops++) {
		struct pair pair = { .ops = *ops };
		pthread_t thread;
		unsigned int backwards = 0;

		REQUIRE(pthread_create(&thread, NULL, publish_many, &pair) == 0);
		while (pair.word[0] == 0)
			sched_yield();
		for (unsigned int i = 0; i < 200000; i++) {
			uint64_t second = pair.word[1];
			uint64_t first;

			__atomic_thread_fence(__ATOMIC_ACQUIRE);
			first = pair.word[0];
			backwards += first < second;
		}
		pair.stop = true;
		pthread_join(thread, NULL);
		CHECK_EQ(backwards, 0);
		CHECK_EQ(pair.word[0], pair.word[1]);
	}
}

UNIT_MAIN

/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "pages.h"
#include "unit.h"

#define PAGE  4096U
#define PAGES 4096U

static long faults(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_SELF, &usage) ? -1 : usage.ru_minflt;
}

/* Does the kernel fill page tables when asked to? Emulators of system calls only say so. */
static bool populates(void)
{
	const char *under = getenv("FAMFS_TEST_UNDER");
	void *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool works = page != MAP_FAILED && !madvise(page, PAGE, 22 /* MADV_POPULATE_READ */);

	if (page != MAP_FAILED)
		(void)munmap(page, PAGE);
	return works && (!under || strcmp(under, "qemu") != 0);
}

UNIT_TEST(tables)
{
	static const size_t sizes[] = { 0, 1, 1000, 1 << 16, 3 << 20 };

	for (size_t i = 0; i < UNIT_NR(sizes); i++) {
		uint8_t *table = pages_alloc(sizes[i], 3), sum = 0;

		UNIT_ROW("%zu", sizes[i]);
		REQUIRE(table);
		for (size_t at = 0; at < sizes[i] * 3; at++)
			sum |= table[at];
		CHECK_EQ(sum, 0);
		memset(table, 0xff, sizes[i] * 3);
		pages_free(table, sizes[i], 3);
	}
	CHECK(!pages_alloc(SIZE_MAX, 2));
	CHECK(!pages_alloc(SIZE_MAX, 1));
	pages_free(NULL, 100000, 3);
}

/* A table keeps its bytes however often it grows, and whatever the kernel makes of the advice. */
UNIT_TEST(growing)
{
	size_t nr = 1 << 10, more;
	uint32_t *table = malloc(nr * sizeof(*table));

	for (size_t i = 0; table && i < nr; i++)
		table[i] = (uint32_t)i;
	for (; table && nr < 1 << 22; nr = more) {
		more = nr * 2;
		table = reallocarray(table, more, sizeof(*table));
		if (table)
			pages_want_huge(table, more * sizeof(*table));
		for (size_t i = nr; table && i < more; i++)
			table[i] = (uint32_t)i;
	}
	REQUIRE(table);
	for (size_t i = 0; i < nr; i++)
		REQUIRE(table[i] == i);
	free(table);
}

/* From a byte in the middle of a page to one in the middle of another. */
static void touch(bool store)
{
	size_t len = (size_t)PAGES * PAGE;
	int fd = memfd_create("pages", MFD_CLOEXEC);
	long before;
	uint8_t *at;

	REQUIRE(fd >= 0 && !ftruncate(fd, (off_t)len));
	at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	REQUIRE(at != MAP_FAILED);
	pages_populate(at + 5, len - 10, store);
	before = faults();
	for (size_t i = 0; i < len; i += PAGE)
		if (store)
			((volatile uint8_t *)at)[i] = 1;
		else
			(void)((volatile uint8_t *)at)[i];
	CHECK_MSG(faults() - before < PAGES / 4, "%ld faults", faults() - before);
	(void)munmap(at, len);
	(void)close(fd);
}

UNIT_TEST(populated_for_reading)
{
	if (!populates())
		SKIP("page tables are not filled ahead here");
	touch(false);
}

UNIT_TEST(populated_for_storing)
{
	if (!populates())
		SKIP("page tables are not filled ahead here");
	touch(true);
}

UNIT_TEST(nothing_there)
{
	uint8_t *at = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	REQUIRE(at != MAP_FAILED);
	CHECK(!munmap(at, PAGE));
	pages_populate(at, PAGE, false);
	pages_populate(NULL, 0, true);
	pages_populate((void *)(UINTPTR_MAX - 10), 100, true);
}

UNIT_MAIN

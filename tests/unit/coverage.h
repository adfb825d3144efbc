/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For builds that count lines: a child that ends by _exit(), as those of the library do, tells what
 * it ran before it is gone. Include behind unit.h.
 */
#ifndef FAMFS_TESTS_COVERAGE_H
#define FAMFS_TESTS_COVERAGE_H

#ifdef COVERAGE

void __gcov_dump(void);
_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

_Noreturn void __wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}

#endif

#endif

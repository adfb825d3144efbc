/* SPDX-License-Identifier: Apache-2.0 */
/* For tests whose accesses fault. Include behind unit.h. */
#ifndef FAMFS_TESTS_FAULTS_H
#define FAMFS_TESTS_FAULTS_H

/*
 * Under valgrind (3.19) the stack does not grow for a signal's frame that crosses a page: it is
 * made large enough before.
 */
__attribute__((constructor)) static void faults_grow_stack(void)
{
	volatile char room[256 << 10];

	for (size_t i = 0; i < sizeof(room); i += 1024)
		room[i] = 0;
}

#endif

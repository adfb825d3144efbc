/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the programs that tests/bench/run measures with. */
#ifndef FAMFS_TESTS_BENCH_H
#define FAMFS_TESTS_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

static inline void die(const char *what)
{
	perror(what);
	exit(1);
}

#endif /* FAMFS_TESTS_BENCH_H */

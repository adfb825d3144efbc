/* SPDX-License-Identifier: Apache-2.0 */
#include "famfs.h"
#include "fuzz.h"

/* SplitMix64 */
uint64_t fuzz_next(struct fuzz_random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

uint64_t fuzz_below(struct fuzz_random *random, uint64_t nr)
{
	return fuzz_next(random) % nr;
}

uint64_t fuzz_value(struct fuzz_random *random)
{
	uint64_t near = fuzz_below(random, 5) - 2;

	switch (fuzz_below(random, 6)) {
	case 0:
		return near;
	case 1:
		return (1ULL << fuzz_below(random, 64)) + near;
	case 2:
		return fuzz_below(random, 40) * FAMFS_AU + near;
	case 3:
		return fuzz_below(random, 40) * FAMFS_AU;
	case 4:
		return -(fuzz_below(random, 8) * FAMFS_AU) + near;
	default:
		return fuzz_below(random, 300);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of a file system that is clean, and of any other. */
#ifndef FAMFS_TESTS_FUZZ_FS_JUDGE_H
#define FAMFS_TESTS_FUZZ_FS_JUDGE_H

#include "fs_image.h"

/* The largest device that what is in use is counted of. */
#define JUDGE_SIZE_MAX (64 * FAMFS_AU)

/* What `check` says. @first: the first error, for people. */
struct judge {
	bool clean; /* no errors: exit status 0 */
	uint64_t errors;
	char first[600];
};

void judge_check(struct famfs_ctx *ctx, const char *device, struct judge *ret_judge);

/* Lists, looks up, maps and resolves everything; on a clean file system all of it must work. */
void judge_open(struct famfs *fs, bool clean);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Who uses a device or an image, as far as /proc tells: mounts, and processes. */
#ifndef USERS_H
#define USERS_H

#include <sys/stat.h>

#include "famfs.h"

/*
 * Is a file system mounted from this file? By /proc/self/mounts (source field). @path: one name of
 * it. With @ret_where of FAMFS_FILE_PATH_SIZE bytes, or NULL: where. Return: 1, 0 also where there
 * is no /proc, -errno if it is there and could not be read.
 */
int users_mounted(const struct famfs_ctx *ctx, const struct stat *st, const char *path,
		  char *ret_where);

/* The same in the mount namespace of any process that we may look into. */
int users_mounted_anywhere(const struct famfs_ctx *ctx, const struct stat *st, const char *path,
			   char *ret_where);

/* The refusal when one of these could not tell. */
int users_unknown(const char *device, int rc, struct famfs_err *err);

/* The processes that hold a file open, or have it mapped. */
struct users {
	uint64_t nr;     /* of them, ours too */
	uint64_t unseen; /* processes that we may not, or could not, look into */
	struct famfs_user first[FAMFS_USERS_MAX];
};
void users_scan(const struct famfs_ctx *ctx, const struct stat *st, struct users *ret_users);

#endif

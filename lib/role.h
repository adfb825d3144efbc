/* SPDX-License-Identifier: Apache-2.0 */
/* Whose host this is: the system UUID that decides between master and client (FORMAT.md 3.7). */
#ifndef ROLE_H
#define ROLE_H

#include "famfs.h"

/*
 * The host's system UUID: $FAMFS_SYSTEM_UUID, else /opt/famfs/system_uuid, else
 * $XDG_STATE_HOME/famfs/system_uuid (~/.local/state). @make: where there is none, make one, in the
 * first of these places that can be written; without it, -ENOENT (which means: a client).
 * Return: 0, -ENOENT, -EINVAL (a file or variable that holds no UUID), another -errno.
 */
int role_system_uuid(const struct famfs_ctx *ctx, bool make, uint8_t ret_uuid[16],
		     struct famfs_err *err);

/* The role of this host for a file system. Never makes a UUID. */
enum famfs_role role_of(const struct famfs_ctx *ctx, const struct famfs_super *super);

/*
 * Only the master writes. @device is what the error names. Return: 0; -EPERM: a client, or a host
 * without an identity; what keeps the identity from being read.
 */
int role_require_master(const struct famfs_ctx *ctx, const struct famfs_super *super,
			const char *device, struct famfs_err *err);

/*
 * $XDG_STATE_HOME/famfs or ~/.local/state/famfs, below the context's root, for what this user's
 * commands keep. Return: 0, -ENOENT (neither variable is set), -ENAMETOOLONG.
 */
int role_state_dir(const struct famfs_ctx *ctx, char *buf, size_t len);

/* Makes that directory. Return: 0, -errno. */
int role_make_state_dir(const char *dir);

#endif

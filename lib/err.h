/* SPDX-License-Identifier: Apache-2.0 */
/* Filling in the caller's error. Every function takes NULL for @err and returns @rc. */
#ifndef ERR_H
#define ERR_H

#include <errno.h>

#include "famfs.h"

/* Sets code, object and message; clears hint, offset and entry. */
int err_set(struct famfs_err *err, int rc, const char *object, const char *fmt, ...)
	FAMFS_PRINTF(4, 5);

/* Adds what to do about it: return err_hint(err, err_set(err, -EX, obj, "..."), "try ..."). */
int err_hint(struct famfs_err *err, int rc, const char *fmt, ...) FAMFS_PRINTF(3, 4);

/* Adds where on the media it is; FAMFS_NONE leaves a place open. */
int err_at(struct famfs_err *err, int rc, uint64_t off, uint64_t entry);

/* Names a file inside: object becomes "DEVICE:/path". */
int err_inside(struct famfs_err *err, int rc, const char *device, const char *path);

/* For out-of-memory: says so in the standard words. */
int err_nomem(struct famfs_err *err);

#endif

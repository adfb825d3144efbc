/* SPDX-License-Identifier: Apache-2.0 */
/* Filling in the caller's error. */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"

int err_set(struct famfs_err *err, int rc, const char *object, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return rc;
	err->rc = rc;
	err->off = FAMFS_NONE;
	err->entry = FAMFS_NONE;
	err->hint[0] = '\0';
	snprintf(err->object, sizeof(err->object), "%s", object ? object : "");
	va_start(ap, fmt);
	vsnprintf(err->message, sizeof(err->message), fmt, ap);
	va_end(ap);
	return rc;
}

int err_hint(struct famfs_err *err, int rc, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return rc;
	va_start(ap, fmt);
	vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
	return rc;
}

int err_at(struct famfs_err *err, int rc, uint64_t off, uint64_t entry)
{
	if (!err)
		return rc;
	err->off = off;
	err->entry = entry;
	return rc;
}

int err_inside(struct famfs_err *err, int rc, const char *device, const char *path)
{
	while (*path == '/')
		path++;
	if (err)
		snprintf(err->object, sizeof(err->object), "%s:/%s", device, path);
	return rc;
}

int err_nomem(struct famfs_err *err)
{
	return err_set(err, -ENOMEM, "", "out of memory");
}

const char *famfs_err_code(int rc)
{
	const char *name = rc > INT_MIN ? strerrorname_np(abs(rc)) : NULL;

	return name ? name : "EIO";
}

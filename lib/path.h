/* SPDX-License-Identifier: Apache-2.0 */
/* What a name inside a file system may be. */
#ifndef PATH_H
#define PATH_H

#include "famfs.h"

/* What can be wrong with a name on the media. */
enum path_problem {
	PATH_EMPTY = 1 << 0,        /* no name, or an empty part: "a//b", "a/" */
	PATH_ABSOLUTE = 1 << 1,     /* begins with a slash */
	PATH_ESCAPE = 1 << 2,       /* a part ".." */
	PATH_DOT = 1 << 3,          /* a part "." */
	PATH_UNTERMINATED = 1 << 4, /* no NUL in the field */
	PATH_UTF8 = 1 << 5,         /* no valid UTF-8 */
	PATH_CONTROL = 1 << 6,      /* control characters: below U+0020, U+007F to U+009F */
	PATH_META = 1 << 7,         /* in .meta, and not .meta/.alloc.cfg */
	PATH_META_DIR = 1 << 8,     /* .meta itself, which is there without an entry */
};

/* All problems of the name in a field of @field_len bytes, as bits of enum path_problem. */
unsigned int path_problems(const char *raw, size_t field_len);

#define PATH_CLEAN_SIZE FAMFS_PATH_SIZE /* the longest name with a NUL on the media */

/*
 * A path as a user gives it, made relative: no leading, trailing or repeated slashes, no "." parts;
 * "" is the root.
 * Return: 0; -EINVAL: it has a ".." part; -ENAMETOOLONG. The error's object is the path, escaped.
 */
int path_clean(const char *user, char out[PATH_CLEAN_SIZE], struct famfs_err *err);

/*
 * May a file or directory be made at this cleaned path?
 * Return: 0; -ENAMETOOLONG: more than FAMFS_PATH_WRITE_MAX bytes; -EINVAL: not valid UTF-8, a
 * control character, in .meta and not .meta/.alloc.cfg, the root, or not clean.
 */
int path_may_write(const char *clean, const char *object, struct famfs_err *err);

#define PATH_ESCAPED_SIZE (4 * FAMFS_PATH_SIZE + 1) /* enough for every name on the media */

/*
 * Makes a name fit for a message: control characters, backslashes and bytes that are no UTF-8
 * become \n, \t, \r, \\ or \xNN. What does not fit @len bytes is left off, between characters.
 * Return: @buf.
 */
const char *path_escape(const char *raw, char *buf, size_t len);

#endif

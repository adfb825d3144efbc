/* SPDX-License-Identifier: Apache-2.0 */
/* Small texts inside messages; the public part (sizes, UUIDs) is in famfs.h. */
#ifndef TEXT_H
#define TEXT_H

#include "famfs.h"

/* A size for people in memory of its own, for use as a printf argument. */
struct text_size {
	char s[16];
};
struct text_size text_size(uint64_t size);

/* "1 byte", "2 bytes", likewise: of a noun that takes an s. */
struct text_count {
	char s[48];
};
struct text_count text_count(uint64_t nr, const char *noun);

/*
 * Decodes one character of @left bytes, at least 1. Return: its length, 0 if it is no valid UTF-8:
 * too long for its value, a surrogate, above U+10FFFF, or cut off.
 */
size_t text_char(const unsigned char *s, size_t left, uint32_t *ret_char);

/* Control characters: below U+0020, U+007F to U+009F. */
static inline bool text_is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f);
}

/*
 * The name of a file in a command that is shown to be typed: famfs_shell_quote(). One that takes
 * too much of a hint becomes "...": half of a name could be that of another file.
 */
struct text_shell {
	char s[320];
};
struct text_shell text_shell(const char *name);

#endif

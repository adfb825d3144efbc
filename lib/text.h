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

#endif

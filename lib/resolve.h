/* SPDX-License-Identifier: Apache-2.0 */
/* Where the bytes of a file lie (FMAP.md 5). */
#ifndef RESOLVE_H
#define RESOLVE_H

#include "famfs.h"

/* famfs_resolve() without words for what is wrong. Return: 0, -ERANGE, -EUCLEAN. */
int resolve(const struct famfs_entry *entry, uint64_t off, struct famfs_extent *ret_extent);

/* Bytes at the end of extent @i that no byte of the file lies in. */
uint64_t resolve_slack(const struct famfs_entry *entry, uint32_t i);

#endif

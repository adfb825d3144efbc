/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of a file system, in the order of their names. */
#ifndef FAMFS_CLI_LISTING_H
#define FAMFS_CLI_LISTING_H

#include "cmd.h"

/* Where an entry is in the log, and its path. */
struct listing_row {
	uint64_t cursor; /* for famfs_next() */
	union {
		size_t at; /* in struct listing.names, while that grows */
		const char *path;
	} u;
};

/**
 * struct listing - what is wanted of a file system, by name.
 * @wanted: which entries; @data is given to it.
 * @by_parts: what is in a directory comes right behind it; else the order of the paths' bytes.
 * @rows: @nr of them, once collected.
 */
struct listing {
	struct cmd_env *env;
	struct famfs *fs;
	bool (*wanted)(const void *data, const struct famfs_entry *entry);
	const void *data;
	bool by_parts;
	struct listing_row *rows;
	size_t nr, cap;
	struct text names;
};

/* Return: 0, or EXIT_FAILED when the reason is printed. The caller frees the listing either way. */
int listing_collect(struct listing *l);
void listing_free(struct listing *l);

/* listing_entry() - the entry of a row. Return: 0, or a negative errno: -ESTALE if it is gone. */
int listing_entry(struct famfs *fs, const struct listing_row *row, struct famfs_entry *ret_entry,
		  struct famfs_err *err);

/* path_below() - the part of @path below the directory @top, or NULL if it is not there. */
const char *path_below(const char *path, const char *top);

/* note_unusable() - tells of entries that cannot be listed. */
void note_unusable(struct cmd_env *env, struct famfs *fs, const char *device);

#endif

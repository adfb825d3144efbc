/* SPDX-License-Identifier: Apache-2.0 */
/* Where fmap resolve translates by: a file in a famfs, a whole famfs, or a saved message. */
#ifndef FAMFS_CLI_FMAP_SOURCE_H
#define FAMFS_CLI_FMAP_SOURCE_H

#include "fmap.h"

/**
 * struct fmap_source - what is translated by.
 * @fs: NULL for a saved message. @device: its name, also that of a saved message, for people.
 * @entry: the file, with @fs. @msg: its message, unless it is a whole famfs.
 */
struct fmap_source {
	struct cmd_env *env;
	const char *device;
	struct famfs *fs;
	struct famfs_entry entry;
	struct text msg;
};

/*
 * fmap_read() - adds a saved message, "-" for standard input; what is larger than any message of
 * either generation is refused before it is read. Return: as the others.
 */
int fmap_read(struct cmd_env *env, const char *file, struct text *ret_msg);

/*
 * Return: 0, or EXIT_FAILED when the reason is printed. The caller closes the source either way.
 * fmap_source_file() - DEVICE:/path, or a saved message. fmap_source_any() - the same, or a DEVICE.
 * fmap_source_close() - fails when only part of a device's log was read: what is told is then not
 *	the whole of it, and what is called free may not be.
 */
int fmap_source_device(struct fmap_source *s, const char *device);
int fmap_source_file(struct fmap_source *s, const char *operand);
int fmap_source_any(struct fmap_source *s, const char *operand);
int fmap_source_close(struct fmap_source *s);

/* fmap_show_place() - a column and keys: the extent or strip of a piece. */
void fmap_show_place(struct emit *out, const struct famfs_fmap_piece *piece);

/* fmap_show_hex64() - a number: hexadecimal in text. */
void fmap_show_hex64(struct emit *out, const char *key, const char *label, uint64_t value);

/* fmap_reverse() - whose a range is; rows of the list that is open. @physical: or FAMFS_NONE. */
int fmap_reverse(struct fmap_source *s, const struct range *range, uint64_t physical);

#endif

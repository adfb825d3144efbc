/* SPDX-License-Identifier: Apache-2.0 */
/* What the fmap commands share: messages shown and written, and what is thought of them. */
#ifndef FAMFS_CLI_FMAP_H
#define FAMFS_CLI_FMAP_H

#include "cmd.h"

/* fmap_file_type() - "regular", "superblock", "log", "unknown". */
const char *fmap_file_type(uint32_t type);

/* fmap_show_head() - the header's fields. fmap_show_extents() - what follows, as far as it goes. */
void fmap_show_head(struct emit *out, const struct famfs_fmap_head *head);
void fmap_show_extents(struct emit *out, const void *msg, size_t len);

/* fmap_hex() - adds the bytes as hexadecimal digits. */
void fmap_hex(struct text *t, const void *msg, size_t len);

/* fmap_verdict_text() - what is wrong with a map, in one line. */
void fmap_verdict_text(struct text *t, const struct famfs_fmap_verdict *v);

/* fmap_show_verdict() - the same as fields. */
void fmap_show_verdict(struct emit *out, const struct famfs_fmap_verdict *v);

/*
 * fmap_write_below() - a message below the directory @root, called @dir, under a name made from
 * @path: the tree stays what it is, control characters become \n and \xNN.
 * Return: 0, or EXIT_FAILED when the reason is printed.
 */
struct fmap_dir {
	int root;
	const char *name;   /* as given */
	const char *device; /* is not written over */
	bool hopeless;      /* what went wrong would go wrong with every file */
};
int fmap_write_below(struct cmd_env *env, const struct famfs_reply *msg, struct fmap_dir *dir,
		     const char *path);

/* fmap_dir_open() - opens the directory of that name, made if it is missing. */
int fmap_dir_open(struct cmd_env *env, const char *name, const char *device,
		  struct fmap_dir *ret_dir);

#endif

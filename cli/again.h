/* SPDX-License-Identifier: Apache-2.0 */
/* Reading files while another command repairs or restores the log: each is what it was, or gone. */
#ifndef FAMFS_CLI_AGAIN_H
#define FAMFS_CLI_AGAIN_H

#include <stdbool.h>

#include "cmd.h"

/* struct again - what is known of the log. @waited: it was damaged, and that did not pass. */
struct again {
	struct famfs *fs;
	bool waited;
	unsigned int tries; /* how often the log was seen to be rewritten */
};

void again_init(struct again *again, struct famfs *fs);

/*
 * again_settled() - does what came of a file stand? Only if it still lies where it was read; else
 * the log is read anew, and the file is to be looked up and read again.
 * @entry: as it was found; NULL: it was not, and @*rc and @*err tell why.
 * @rc, @err: what reading it gave. A file that is missing while the log is damaged fails with that
 *	instead, for it may be behind the damage; one that never stands still with -ESTALE.
 */
bool again_settled(struct again *again, const char *path, const struct famfs_entry *entry, int *rc,
		   struct famfs_err *err);

/*
 * again_unmoved() - of a file that was read only once: does it still lie where it was read? Without
 * that the bytes may be another file's. @name: of the file, for people. Return: 0, -ESTALE.
 */
int again_unmoved(struct famfs *fs, const struct famfs_entry *entry, const char *name,
		  struct famfs_err *err);

#endif

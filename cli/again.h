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

/**
 * struct again_file - a file as it was looked for.
 * @found: @entry is set. @since: again.tries then.
 */
struct again_file {
	const char *path;
	struct famfs_entry entry;
	bool found;
	unsigned int since;
};

void again_init(struct again *again, struct famfs *fs);

/* again_find() - looks a file up, to be read. @path: borrowed. Return: as famfs_lookup(). */
int again_find(struct again *again, const char *path, struct again_file *ret_file,
	       struct famfs_err *err);

/*
 * again_settled() - does what came of a file stand? Only if it still lies where it was read; else
 * the log is read anew, and the file is to be looked up and read again.
 * @rc, @err: what finding or reading it gave. A file that is missing while the log is damaged
 *	fails with that instead, for it may be behind the damage; one that never stands still with
 *	-ESTALE.
 */
bool again_settled(struct again *again, const struct again_file *file, int *rc,
		   struct famfs_err *err);

#endif

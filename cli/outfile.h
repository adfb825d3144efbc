/* SPDX-License-Identifier: Apache-2.0 */
/* A file that is made whole or not at all. */
#ifndef FAMFS_CLI_OUTFILE_H
#define FAMFS_CLI_OUTFILE_H

#include <sys/types.h>

#include "below.h"
#include "cmd.h"

/**
 * struct outfile - a file being written to @fd.
 * @name: for messages. @last: what it is called once it is whole; NULL for pipes and the like.
 * @mode, @uid, @gid: that it gets; @mode 0: for its owner only, who is this process.
 */
struct outfile {
	int fd;
	const char *name, *last;
	char *target;
	bool replace;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	struct below_file file;
};

/*
 * outfile_open() - begins @file, "-" for standard output; one that is there only with @replace, and
 * never @device itself. Symbolic links stay, what they lead to is written. Returns 0, or
 * EXIT_FAILED when the reason is printed.
 */
int outfile_open(struct cmd_env *env, struct outfile *out, const char *file, const char *device);

/* outfile_finish() - gives the file its name if it is @whole, else removes what there is of it. */
int outfile_finish(struct cmd_env *env, struct outfile *out, bool whole);

/*
 * outfile_save() - makes @len bytes the contents of @file, or leaves what is there; "-" is standard
 * output. Returns 0, or EXIT_FAILED when the reason is printed.
 */
int outfile_save(struct cmd_env *env, const char *file, const char *device, const void *buf,
		 size_t len);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* cp --tar: a tree of a famfs out of a tar archive, or into one. */
#ifndef FAMFS_CLI_CP_TAR_H
#define FAMFS_CLI_CP_TAR_H

#include "cp.h"

/* cp_tar() - one of the two below, by which side is local. Return: an exit code. */
int cp_tar(struct cmd_env *env, const struct operand *src, size_t nr, const struct operand *dst);

/*
 * cp_tar_in() - unpacks into the directory @dst, which is made if only it is missing.
 * @archive: a file, or "-" for standard input. Return: an exit code.
 */
int cp_tar_in(struct cmd_env *env, const char *archive, const struct operand *dst,
	      const struct cp_opts *opts);

/*
 * cp_tar_out() - packs what is in the directory @src, or one file. @archive: a file, which appears
 * when it is complete, or "-" for standard output. Return: an exit code.
 */
int cp_tar_out(struct cmd_env *env, const struct operand *src, const char *archive,
	       const struct cp_opts *opts);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What a word of a command line may become. */
#ifndef FAMFS_CLI_COMPLETE_H
#define FAMFS_CLI_COMPLETE_H

#include "cmd.h"

/* complete_offer() - a candidate on a line of its own, with what it is behind a tab. */
void complete_offer(const char *prefix, const char *word, const char *what);

/*
 * complete_inside() - offers what is in the directory that @word, DEVICE:/path, names, and begins
 * so. Says nothing of what cannot be read.
 */
void complete_inside(struct cmd_env *env, const char *word);

#endif

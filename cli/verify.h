/* SPDX-License-Identifier: Apache-2.0 */
/* The ways in which verify looks at the bytes of files. */
#ifndef FAMFS_CLI_VERIFY_H
#define FAMFS_CLI_VERIFY_H

#include "digest.h"
#include "kept.h"

struct verify_opts {
	bool make, resume;
	const char *manifest, *output;
	uint32_t seed;
	unsigned int threads;
};

int verify_seed(struct cmd_env *env);
int verify_make(struct cmd_env *env);
int verify_manifest(struct cmd_env *env);

/*
 * sums_parse() - one line of a manifest as sha256sum -c reads it: a sum, a blank, a blank or a
 * star, a name; with a backslash in front when the name is escaped.
 * @line: changed: the name is unescaped in place. @len: without the newline.
 * Return: the name, or NULL if this is no such line.
 */
char *sums_parse(char *line, size_t len, uint8_t ret_sum[FAMFS_SHA256_LEN]);

/* sums_add() - adds such a line, with its newline. */
void sums_add(struct text *t, const uint8_t sum[FAMFS_SHA256_LEN], const char *path);

#endif

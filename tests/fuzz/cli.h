/* SPDX-License-Identifier: Apache-2.0 */
/* A command's surroundings, and an empty file system for it to work on. */
#ifndef FAMFS_TESTS_FUZZ_CLI_H
#define FAMFS_TESTS_FUZZ_CLI_H

#include "../../cli/cmd.h"

#include "fuzz.h"

/* @image: a file system of 64 MiB. @input: a file with the bytes of the input. */
struct fuzz_cli {
	char image[32], input[32];
	int image_fd, input_fd;
};

void fuzz_cli_begin(struct fuzz_cli *cli);

/* An empty file system, and the input in its file. */
void fuzz_cli_reset(struct fuzz_cli *cli, const uint8_t *data, size_t size);

void fuzz_cli_env(struct cmd_env *env, const struct cmd *cmd, void *opts);
void fuzz_cli_free(struct cmd_env *env);

#endif

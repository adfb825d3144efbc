/* SPDX-License-Identifier: Apache-2.0 */
/* The seed of creat --randomize and verify --seed. */
#ifndef FAMFS_CLI_SEED_H
#define FAMFS_CLI_SEED_H

#include "cmd.h"

/*
 * seed_parse() - a 64-bit integer: decimal or 0x, with a sign or none. Its low 32 bits count.
 * Return: NULL, or why @text is no seed.
 */
const char *seed_parse(const char *text, uint32_t *ret_seed);

/* option_seed() - the value of --seed; ends the program when it is none. */
uint32_t option_seed(struct cmd_env *env, const char *arg);

#endif

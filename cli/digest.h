/* SPDX-License-Identifier: Apache-2.0 */
/* The SHA-256 of many files, by several threads, told in order. */
#ifndef FAMFS_CLI_DIGEST_H
#define FAMFS_CLI_DIGEST_H

#include "cmd.h"

enum { DIGEST_HEX = 2 * FAMFS_SHA256_LEN };

/**
 * struct digest_item - one file.
 * @path: in the file system.
 * @want: what a manifest says.
 * @size, @sum: as found. @err: why there is no sum, or NULL.
 */
struct digest_item {
	const char *path;
	uint64_t size;
	uint8_t want[FAMFS_SHA256_LEN];
	uint8_t sum[FAMFS_SHA256_LEN];
	bool ready;
	struct famfs_err *err;
};

/**
 * struct digest - the work on all of them.
 * @total: bytes, for the progress; 0: not known.
 * @done: called in the calling thread for each item in order; false ends the work. The item's @err
 *	is freed after that.
 */
struct digest {
	struct cmd_env *env;
	struct famfs *fs;
	struct digest_item *items;
	size_t nr;
	uint64_t total;
	unsigned int threads; /* 0: one per CPU */
	bool (*done)(void *data, const struct digest_item *item);
	void *data;
};

/* Return: 0, or EXIT_FAILED when the work ended early. */
int digest_run(struct digest *digest);

/* DIGEST_HEX digits and a NUL. */
const char *digest_hex(const uint8_t sum[FAMFS_SHA256_LEN], char buf[DIGEST_HEX + 1]);

#endif

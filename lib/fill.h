/* SPDX-License-Identifier: Apache-2.0 */
/* Filling the space of a file that is not logged yet. */
#ifndef FILL_H
#define FILL_H

#include "data.h"
#include "famfs.h"

/*
 * @threads: 1 where several files are filled at once. @clean: what lies behind the bytes of each
 * extent is zero already.
 */
struct famfs_fill {
	struct famfs_ctx *ctx;
	struct dev *dev;
	const struct famfs_entry *entry;
	unsigned int threads;
	bool clean;
	uint64_t known; /* new space on devdax: bytes from the start on that are stored or zeroed */
	void (*progress)(void *data, uint64_t bytes);
	void *progress_data;
};

/* Before anything is stored: what will not be stored reads as zeros. */
int fill_prepare(struct famfs_fill *fill, struct famfs_err *err);

/* After it: devdax, zeroes what is left out at the end. */
int fill_finish(struct famfs_fill *fill, struct famfs_err *err);

/* The work of filling the whole file by @op. */
struct data_job fill_job(struct famfs_fill *fill, data_op op, void *arg);

/* Stores bytes of the file that the work is about. */
int fill_store(struct data_worker *worker, uint64_t dev_off, const void *buf, size_t len);

#endif

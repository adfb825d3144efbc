/* SPDX-License-Identifier: Apache-2.0 */
/* Work on the bytes of a file, in pieces, by several threads. */
#ifndef DATA_H
#define DATA_H

#include "ctx.h"
#include "dev.h"
#include "famfs.h"

/* What a thread has for itself. */
struct data_worker {
	struct data_job *job;
	uint8_t *buf;  /* DATA_BUF bytes */
	uint8_t *buf2; /* DATA_BUF_EXTRA bytes more */
	bool calling;  /* the thread that asked for the work: it alone tells the progress */
	bool alone;    /* no other thread works on the file */
	struct famfs_err err;
	int rc;
};

#define DATA_BUF       (256U << 10)
#define DATA_PIECE     (8U << 20) /* what a thread takes at a time */
#define DATA_BUF_EXTRA 64U

/*
 * One piece of a run of the device: file bytes [@off, @off + @len) are device bytes from @dev_off
 * on; @len is at most job->part. Return: 0, or -errno with worker->err, which ends the work.
 */
typedef int (*data_op)(struct data_worker *worker, uint64_t off, uint64_t dev_off, size_t len);

struct data_job {
	struct famfs_ctx *ctx;
	struct dev *dev;
	const char *dev_name;
	const struct famfs_entry *entry;
	uint64_t off, len; /* the range of the file */
	size_t part;       /* most bytes the operation is given; 0: DATA_BUF, at most DATA_PIECE */
	data_op op;
	void *arg;            /* the operation's own */
	bool writes;          /* every thread fences what it wrote */
	unsigned int threads; /* 0: as the context says; 1: pieces come in order */
	void (*progress)(void *data, uint64_t bytes);
	void *progress_data;

	/* Kept by data_run(). */
	uint64_t taken, done, told;
	uint64_t stop_at; /* nothing at or behind this byte is looked at any more */
};

/* Return: 0; what an operation failed with; -EUCLEAN, -ENOMEM, -ECANCELED. */
int data_run(struct data_job *job, struct famfs_err *err);

/* Several threads look for the smallest number. */
static inline void data_lower(uint64_t *number, uint64_t to)
{
	uint64_t now = __atomic_load_n(number, __ATOMIC_RELAXED);

	while (to < now && !__atomic_compare_exchange_n(number, &now, to, false, __ATOMIC_RELAXED,
							__ATOMIC_RELAXED))
		;
}

/* From inside an operation: no byte at or behind @off matters any more. */
void data_stop_at(struct data_job *job, uint64_t off);

/* Are the bytes of the range there, in a file? Return: 0, -EINVAL, -ERANGE. */
int data_check_range(const struct famfs *fs, const struct famfs_entry *entry, uint64_t off,
		     uint64_t len, struct famfs_err *err);

static inline bool data_on_device(const struct dev *dev, const struct famfs_extent *extent)
{
	return extent->off <= dev->size && extent->len <= dev->size - extent->off;
}

/* Of an extent that maps byte @off of a file, and is not all on the device: what is missing. */
int data_behind_end(const struct dev *dev, uint64_t off, const struct famfs_extent *extent,
		    struct famfs_err *err);

/* Makes an error one about a file: DEVICE:/path. */
int data_error(const struct data_job *job, int rc, struct famfs_err *err);

#endif

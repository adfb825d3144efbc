/* SPDX-License-Identifier: Apache-2.0 */
/* The cache lines of a file. */
#include "data.h"
#include "fs.h"

/* Bytes that a thread takes at a time: work enough for it, and progress is told in between. */
#define PART (16U << 20)

static int write_back_op(struct data_worker *worker, uint64_t off, uint64_t dev_off, size_t len)
{
	(void)off;
	return dev_writeback(worker->job->dev, dev_off, len, &worker->err);
}

static int drop_op(struct data_worker *worker, uint64_t off, uint64_t dev_off, size_t len)
{
	(void)off;
	return dev_invalidate(worker->job->dev, dev_off, len, &worker->err);
}

int famfs_flush(struct famfs *fs, const struct famfs_entry *entry, enum famfs_flush_mode mode,
		const struct famfs_data_opts *opts, struct famfs_err *err)
{
	struct data_job job = {
		.ctx = fs->ctx,
		.dev = fs->dev,
		.dev_name = fs->dev->name,
		.entry = entry,
		.len = entry->size,
		.part = PART,
		.op = mode == FAMFS_FLUSH_WRITE_BACK ? write_back_op : drop_op,
		.writes = true,
		.threads = opts ? opts->threads : 0,
		.progress = opts ? opts->progress : NULL,
		.progress_data = opts ? opts->data : NULL,
	};
	int rc = data_check_range(fs, entry, 0, entry->size, err);

	if (rc)
		return rc;
	if (fs->dev->kind == FAMFS_DEV_IMAGE)
		return dev_finish(fs->dev, err);
	rc = dev_map(fs->dev, fs->dev->size, err);
	return rc ? rc : data_run(&job, err);
}

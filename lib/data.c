/* SPDX-License-Identifier: Apache-2.0 */
/* Work on the bytes of a file, in pieces, by several threads. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "data.h"
#include "err.h"
#include "fs.h"
#include "resolve.h"

#define THREADS_MAX 64

int data_error(const struct data_job *job, int rc, struct famfs_err *err)
{
	char shown[PATH_ESCAPED_SIZE];

	path_escape(job->entry->path, shown, sizeof(shown));
	return err_inside(err, rc, job->dev_name, shown);
}

void data_stop_at(struct data_job *job, uint64_t off)
{
	data_lower(&job->stop_at, off);
}

/* One contiguous run of the device, in parts that fit the worker's buffers. */
static int do_run(struct data_worker *worker, uint64_t off, uint64_t dev_off, uint64_t len)
{
	uint64_t most = worker->job->part ? worker->job->part : DATA_BUF;
	int rc = 0;

	while (len > 0 && !rc) {
		size_t part = (size_t)(len < most ? len : most);

		rc = worker->job->op(worker, off, dev_off, part);
		off += part;
		dev_off += part;
		len -= part;
	}
	return rc;
}

int data_behind_end(const struct dev *dev, uint64_t off, const struct famfs_extent *extent,
		    struct famfs_err *err)
{
	uint64_t there = extent->off < dev->size ? dev->size - extent->off : 0;

	return err_set(err, -EUCLEAN, "", "byte %llu lies behind the end of the device",
		       (unsigned long long)(off + there));
}

/* The first extent, from the job's first byte on, that cannot be followed. Return: as resolve(). */
static int find_bad(const struct data_job *job, uint64_t *ret_off, struct famfs_extent *ret_extent)
{
	uint64_t off = job->off;
	int rc;

	for (;; off += ret_extent->len) {
		rc = resolve(job->entry, off, ret_extent);
		if (rc || ret_extent->dev_index || !data_on_device(job->dev, ret_extent))
			break;
	}
	*ret_off = off;
	return rc;
}

/* Names the first byte that is not there, whichever piece each thread met first. */
static int bad_map(struct data_worker *worker)
{
	struct data_job *job = worker->job;
	struct famfs_extent extent;
	uint64_t off;
	int rc = find_bad(job, &off, &extent);

	if (rc)
		rc = err_set(&worker->err, -EUCLEAN, "", "damaged map: it has no byte %llu",
			     (unsigned long long)off);
	else if (!extent.dev_index)
		rc = data_behind_end(job->dev, off, &extent, &worker->err);
	else
		rc = err_set(&worker->err, -EUCLEAN, "",
			     "byte %llu lies on device %llu, which is "
			     "not followed",
			     (unsigned long long)off, (unsigned long long)extent.dev_index);
	return data_error(job, rc, &worker->err);
}

static int do_piece(struct data_worker *worker, uint64_t off, uint64_t len)
{
	struct data_job *job = worker->job;
	struct famfs_extent extent;
	int rc;

	while (len > 0) {
		rc = resolve(job->entry, off, &extent);
		if (rc || extent.dev_index || !data_on_device(job->dev, &extent))
			return bad_map(worker);
		if (extent.len > len)
			extent.len = len;
		rc = do_run(worker, off, extent.off, extent.len);
		if (rc)
			return rc;
		off += extent.len;
		len -= extent.len;
	}
	return 0;
}

static void tell_progress(struct data_worker *worker, uint64_t len)
{
	struct data_job *job = worker->job;
	uint64_t done = __atomic_add_fetch(&job->done, len, __ATOMIC_RELAXED);

	if (!worker->calling || !job->progress || done <= job->told)
		return;
	job->progress(job->progress_data, done - job->told);
	job->told = done;
}

static int work(struct data_worker *worker)
{
	struct data_job *job = worker->job;
	uint64_t at, len;
	int rc = 0;

	while (!rc) {
		at = __atomic_fetch_add(&job->taken, DATA_PIECE, __ATOMIC_RELAXED);
		if (at >= job->len ||
		    job->off + at >= __atomic_load_n(&job->stop_at, __ATOMIC_RELAXED))
			break;
		if (ctx_cancelled(job->ctx))
			return err_set(&worker->err, -ECANCELED, job->dev_name, "cancelled");
		len = job->len - at < DATA_PIECE ? job->len - at : DATA_PIECE;
		rc = do_piece(worker, job->off + at, len);
		if (!rc)
			tell_progress(worker, len);
	}
	/* What is behind a failure need not be done by the others either. */
	if (rc)
		data_stop_at(job, 0);
	return rc;
}

static void *run_worker(void *arg)
{
	struct data_worker *worker = arg;
	uint8_t *buf = aligned_alloc(CACHE_LINE, 2 * DATA_BUF + DATA_BUF_EXTRA);

	if (!buf) {
		worker->rc = err_nomem(&worker->err);
		return NULL;
	}
	worker->buf = buf;
	worker->buf2 = buf + DATA_BUF;
	worker->rc = work(worker);
	if (!worker->rc && worker->job->writes)
		worker->rc = dev_data_fence(worker->job->dev, &worker->err);
	free(buf);
	return NULL;
}

static unsigned int count_threads(const struct data_job *job)
{
	uint64_t pieces = job->len / DATA_PIECE + (job->len % DATA_PIECE != 0);
	unsigned int nr = job->threads ? job->threads : ctx_threads(job->ctx, pieces);

	if (nr > pieces)
		nr = (unsigned int)pieces;
	if (nr > THREADS_MAX)
		nr = THREADS_MAX;
	return nr ? nr : 1;
}

/* Of the first thread that failed; one that was only stopped did not. */
static int first_failure(const struct data_worker *workers, unsigned int nr, struct famfs_err *err)
{
	for (unsigned int i = 0; i < nr; i++) {
		if (!workers[i].rc)
			continue;
		if (err)
			*err = workers[i].err;
		return workers[i].rc;
	}
	return 0;
}

int data_run(struct data_job *job, struct famfs_err *err)
{
	unsigned int want = count_threads(job), nr = 1;
	struct data_worker *workers = calloc(want, sizeof(*workers));
	pthread_t threads[THREADS_MAX];
	int rc;

	if (!workers)
		return err_nomem(err);
	job->taken = job->done = job->told = 0;
	job->stop_at = UINT64_MAX;
	/* devdax is mapped here: one thread maps, the others find it so. */
	rc = job->dev->kind == FAMFS_DEV_DAX ? dev_map(job->dev, job->dev->size, err) : 0;
	for (unsigned int i = 0; i < want; i++)
		workers[i].job = job;
	/* Fewer threads than wanted only take longer. */
	while (!rc && nr < want && !pthread_create(&threads[nr], NULL, run_worker, &workers[nr]))
		nr++;
	workers[0].calling = true;
	workers[0].alone = want == 1;
	if (!rc)
		run_worker(&workers[0]);
	for (unsigned int i = 1; i < nr; i++)
		pthread_join(threads[i], NULL);
	if (!rc)
		rc = first_failure(workers, nr, err);
	if (!rc && job->progress && job->told < job->done)
		job->progress(job->progress_data, job->done - job->told);
	free(workers);
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a file to memory and to file descriptors. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bits.h"
#include "data.h"
#include "err.h"
#include "fs.h"
#include "pages.h"
#include "resolve.h"
#include "text.h"

#define PAGE   4096U
#define WINDOW (2U << 20) /* what is written at once */

struct copy_out {
	int fd;
	bool in_order; /* a pipe, a terminal: no offsets */
	bool sparse;
	const char *name;
};

static int sink_failed(struct data_worker *worker, const struct copy_out *out, uint64_t off, int rc)
{
	rc = err_set(&worker->err, rc, out->name, "cannot be written at offset %llu: %s",
		     (unsigned long long)(off - worker->job->off), strerror(-rc));
	if (rc == -ENOSPC || rc == -EDQUOT)
		rc = err_hint(&worker->err, rc, "make room there and repeat the command");
	return rc;
}

/* Writes what it can of @len bytes. Return: 0 or -errno; *@ret_done bytes are written. */
static int write_some(const struct data_job *job, const uint8_t *from, uint64_t off, size_t len,
		      size_t *ret_done)
{
	const struct copy_out *out = job->arg;
	size_t done = 0;
	int rc = 0;

	while (done < len && !rc) {
		off_t at = (off_t)(off + done - job->off);
		ssize_t n = out->in_order ? write(out->fd, from + done, len - done)
					  : pwrite(out->fd, from + done, len - done, at);

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			rc = -errno;
		else if (ctx_cancelled(job->ctx))
			rc = -ECANCELED;
	}
	*ret_done = done;
	return rc;
}

static int send(struct data_worker *worker, const uint8_t *from, uint64_t off, size_t len)
{
	const struct copy_out *out = worker->job->arg;
	size_t done;
	int rc = write_some(worker->job, from, off, len, &done);

	if (rc == -ECANCELED)
		return err_set(&worker->err, rc, out->name, "cancelled");
	return rc ? sink_failed(worker, out, off + done, rc) : 0;
}

/* Leaves holes where whole pages are zeros; the file was made as long as it will be before. */
static int send_sparse(struct data_worker *worker, const uint8_t *from, uint64_t off, size_t len)
{
	size_t begin = 0, at = 0;
	int rc = 0;

	while (at < len && !rc) {
		size_t page = len - at < PAGE ? len - at : PAGE;

		if (bits_none(from + at, page)) {
			rc = send(worker, from + begin, off + begin, at - begin);
			begin = at + page;
		}
		at += page;
	}
	return rc ? rc : send(worker, from + begin, off + begin, len - begin);
}

static int read_and_send(struct data_worker *worker, uint64_t off, uint64_t dev_off, size_t len)
{
	struct data_job *job = worker->job;
	const struct copy_out *out = job->arg;
	int rc = dev_data_read(job->dev, dev_off, worker->buf, len, &worker->err);

	if (rc)
		return data_error(job, rc, &worker->err);
	if (out->sparse)
		return send_sparse(worker, worker->buf, off, len);
	return send(worker, worker->buf, off, len);
}

struct sending {
	struct data_worker *worker;
	uint64_t off;
	size_t len, done;
};

static int send_in_place(void *arg, uint8_t *at)
{
	struct sending *s = arg;

	/* Else the kernel zeroes a new large page before it finds that the source is not mapped. */
	pages_populate(at, s->len, false);
	return write_some(s->worker->job, at, s->off, s->len, &s->done);
}

/*
 * What can be written from where it lies, or copied by the kernel. Return: how many bytes were;
 * what is wrong with the others is told when they go through the buffer.
 */
static size_t send_at_once(struct data_worker *worker, uint64_t off, uint64_t dev_off, size_t len)
{
	struct data_job *job = worker->job;
	const struct copy_out *out = job->arg;
	struct sending sending = { .worker = worker, .off = off, .len = len };
	struct famfs_err ignored;

	if (out->sparse)
		return 0;
	(void)dev_data_in_place(job->dev, dev_off, len, false, send_in_place, &sending, &ignored);
	if (!sending.done && !out->in_order && worker->alone)
		return dev_data_give(job->dev, dev_off, out->fd, off - job->off, len);
	return sending.done;
}

static int copy_out_op(struct data_worker *worker, uint64_t off, uint64_t dev_off, size_t len)
{
	size_t at = send_at_once(worker, off, dev_off, len);
	int rc = 0;

	while (at < len && !rc) {
		size_t part = len - at < DATA_BUF ? len - at : DATA_BUF;

		rc = read_and_send(worker, off + at, dev_off + at, part);
		at += part;
	}
	return rc;
}

int data_check_range(const struct famfs *fs, const struct famfs_entry *entry, uint64_t off,
		     uint64_t len, struct famfs_err *err)
{
	char shown[PATH_ESCAPED_SIZE];
	int rc;

	if (entry->type == FAMFS_ENTRY_FILE && off <= entry->size && len <= entry->size - off)
		return 0;
	path_escape(entry->path, shown, sizeof(shown));
	if (entry->type != FAMFS_ENTRY_FILE)
		rc = err_set(err, -EINVAL, "", "is not a file");
	else
		rc = err_set(err, -ERANGE, "", "a range of %s at offset %llu lies beyond its end",
			     text_count(len, "byte").s, (unsigned long long)off);
	return err_inside(err, rc, fs->dev->name, shown);
}

/* A seekable sink gets its length at once, so that a short copy is never taken for a whole one. */
static int prepare_sink(struct copy_out *out, uint64_t len, struct famfs_err *err)
{
	struct stat st;

	out->in_order = fstat(out->fd, &st) || !S_ISREG(st.st_mode);
	if (out->in_order) {
		out->sparse = false;
		return 0;
	}
	if (!ftruncate(out->fd, 0) && !ftruncate(out->fd, (off_t)len))
		return 0;
	return err_set(err, -errno, out->name, "cannot be made %s long: %s",
		       text_count(len, "byte").s, strerror(errno));
}

int famfs_copy_out(struct famfs *fs, const struct famfs_entry *entry, uint64_t off, uint64_t len,
		   int fd, const struct famfs_data_opts *opts, struct famfs_err *err)
{
	const struct famfs_data_opts none = { 0 };
	const struct famfs_data_opts *o = opts ? opts : &none;
	struct copy_out out = { .fd = fd, .sparse = o->sparse, .name = o->name ? o->name : "" };
	struct data_job job = {
		.ctx = fs->ctx,
		.dev = fs->dev,
		.dev_name = fs->dev->name,
		.entry = entry,
		.off = off,
		.len = len,
		.part = WINDOW,
		.op = copy_out_op,
		.arg = &out,
		.threads = o->threads,
		.progress = o->progress,
		.progress_data = o->data,
	};
	int rc = data_check_range(fs, entry, off, len, err);

	if (!rc)
		rc = prepare_sink(&out, len, err);
	if (rc)
		return rc;
	/* What is written from where it lies is written under the lock of the file. */
	if (out.in_order || dev_data_maps(fs->dev))
		job.threads = 1;
	return data_run(&job, err);
}

int famfs_read(struct famfs *fs, const struct famfs_entry *entry, uint64_t off, void *buf,
	       size_t len, struct famfs_err *err)
{
	struct famfs_extent extent;
	char shown[PATH_ESCAPED_SIZE];
	char *to = buf;
	int rc = data_check_range(fs, entry, off, len, err);

	while (!rc && len > 0) {
		size_t part;

		rc = famfs_resolve(entry, off, &extent, err);
		if (!rc && extent.dev_index)
			rc = err_set(err, -EUCLEAN, "", "lies on another device");
		if (!rc && !data_on_device(fs->dev, &extent))
			rc = data_behind_end(fs->dev, off, &extent, err);
		if (rc)
			break;
		part = extent.len < len ? (size_t)extent.len : len;
		rc = dev_data_read(fs->dev, extent.off, to, part, err);
		to += part;
		off += part;
		len -= part;
	}
	if (!rc)
		return 0;
	return err_inside(err, rc, fs->dev->name, path_escape(entry->path, shown, sizeof(shown)));
}

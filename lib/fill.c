/* SPDX-License-Identifier: Apache-2.0 */
/* Filling the space of a file that is not logged yet. */
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data.h"
#include "err.h"
#include "fill.h"
#include "fs.h"
#include "pages.h"
#include "resolve.h"
#include "text.h"

/* What the kernel copies at once; a mapping is better set up for more. */
#define WINDOW (2U << 20)

const struct famfs_entry *famfs_fill_entry(const struct famfs_fill *fill)
{
	return fill->entry;
}

/*
 * What lies behind the last byte is zeroed here; what comes before it is stored by the caller, or
 * zeroed when it turns out to be left out.
 */
int fill_prepare(struct famfs_fill *fill, struct famfs_err *err)
{
	const struct famfs_entry *entry = fill->entry;
	int rc = 0;

	for (uint32_t i = 0; i < entry->extents_nr && !rc && !fill->clean; i++) {
		const struct famfs_extent *extent = &entry->extents[i];
		uint64_t len = resolve_slack(entry, i);

		if (len)
			rc = dev_zero(fill->dev, extent->off + extent->len - len, len, NULL, NULL,
				      err);
	}
	return rc;
}

struct data_job fill_job(struct famfs_fill *fill, data_op op, void *arg)
{
	return (struct data_job){
		.ctx = fill->ctx,
		.dev = fill->dev,
		.dev_name = fill->dev->name,
		.entry = fill->entry,
		.len = fill->entry->size,
		.op = op,
		.arg = arg,
		.writes = true,
		.threads = fill->threads,
		.progress = fill->progress,
		.progress_data = fill->progress_data,
	};
}

int fill_store(struct data_worker *worker, uint64_t dev_off, const void *buf, size_t len)
{
	struct data_job *job = worker->job;
	int rc = dev_data_write(job->dev, dev_off, buf, len, &worker->err);

	return rc ? data_error(job, rc, &worker->err) : 0;
}

static int zero_op(struct data_worker *worker, uint64_t off, uint64_t dev_off, size_t len)
{
	struct data_job *job = worker->job;
	int rc = dev_zero(job->dev, dev_off, len, NULL, NULL, &worker->err);

	(void)off;
	return rc ? data_error(job, rc, &worker->err) : 0;
}

/* Bytes up to @off that nobody stored become zeros; those up to @end are about to be stored. */
static int zero_gap(struct famfs_fill *fill, uint64_t off, uint64_t end, struct famfs_err *err)
{
	struct data_job job = fill_job(fill, zero_op, NULL);
	int rc = 0;

	job.off = fill->known;
	job.len = off > fill->known ? off - fill->known : 0;
	job.progress = NULL;
	if (job.len)
		rc = data_run(&job, err);
	if (!rc && end > fill->known)
		fill->known = end;
	return rc;
}

int fill_finish(struct famfs_fill *fill, struct famfs_err *err)
{
	return zero_gap(fill, fill->entry->size, fill->entry->size, err);
}

/* -------------------------------------------------------------- from memory */

struct from_memory {
	const uint8_t *buf;
	uint64_t off;
};

static int memory_op(struct data_worker *worker, uint64_t off, uint64_t dev_off, size_t len)
{
	const struct from_memory *from = worker->job->arg;

	return fill_store(worker, dev_off, from->buf + (off - from->off), len);
}

int famfs_fill_write(struct famfs_fill *fill, uint64_t off, const void *buf, size_t len,
		     struct famfs_err *err)
{
	struct from_memory from = { .buf = buf, .off = off };
	struct data_job job = fill_job(fill, memory_op, &from);
	int rc;

	if (off > fill->entry->size || len > fill->entry->size - off)
		return data_error(&job,
				  err_set(err, -ERANGE, "",
					  "a range of %s at offset %llu lies beyond its end",
					  text_count(len, "byte").s, (unsigned long long)off),
				  err);
	job.off = off;
	job.len = len;
	job.threads = 1;
	rc = zero_gap(fill, off, off + len, err);
	return rc ? rc : data_run(&job, err);
}

/* ---------------------------------------------------------- from a descriptor */

struct from_fd {
	int fd;
	bool in_order; /* a pipe, a terminal: no offsets, and nothing that could become shorter */
	const char *name;
	uint64_t size; /* that was said before */
};

/* @rc: of a source that is not as long as it was said. */
static int source_other(const struct from_fd *from, int rc, struct famfs_err *err)
{
	return from->in_order ? rc : err_hint(err, rc, "copy it again when nobody changes it");
}

static int source_short(const struct from_fd *from, uint64_t off, struct famfs_err *err)
{
	int rc;

	if (from->in_order)
		rc = err_set(err, -ESTALE, from->name, "has %s, not %llu",
			     text_count(off, "byte").s, (unsigned long long)from->size);
	else
		rc = err_set(err, -ESTALE, from->name,
			     "became shorter while it was copied: it ends at byte %llu",
			     (unsigned long long)off);
	return source_other(from, rc, err);
}

/* Reads @len bytes, at most DATA_BUF, and stores them. */
static int read_and_store(struct data_worker *worker, uint64_t off, uint64_t dev_off, size_t len)
{
	const struct from_fd *from = worker->job->arg;
	size_t got = 0;

	while (got < len) {
		ssize_t n = from->in_order ? read(from->fd, worker->buf + got, len - got)
					   : pread(from->fd, worker->buf + got, len - got,
						   (off_t)(off + got));

		if (n < 0 && errno == EINTR && !ctx_cancelled(worker->job->ctx))
			continue;
		if (n < 0 && errno == EINTR)
			return err_set(&worker->err, -ECANCELED, from->name, "cancelled");
		if (n < 0)
			return err_set(&worker->err, -errno, from->name,
				       "cannot be read at offset %llu: %s",
				       (unsigned long long)(off + got), strerror(errno));
		if (n == 0)
			return source_short(from, off + got, &worker->err);
		got += (size_t)n;
	}
	return fill_store(worker, dev_off, worker->buf, len);
}

/* In place: one copy, from the source's own pages. Return: true if that was possible. */
static bool store_mapped(struct data_worker *worker, uint64_t off, uint64_t dev_off, size_t len,
			 int *ret_rc)
{
	const struct from_fd *from = worker->job->arg;
	void *window = mmap(NULL, len, PROT_READ, MAP_SHARED, from->fd, (off_t)off);
	int rc;

	if (window == MAP_FAILED)
		return false;
	pages_populate(window, len, false);
	rc = dev_data_write(worker->job->dev, dev_off, window, len, &worker->err);
	munmap(window, len);
	/* The source has no such page any more: reading tells what is wrong with it. */
	if (rc == -EFAULT)
		return false;
	*ret_rc = rc ? data_error(worker->job, rc, &worker->err) : 0;
	return true;
}

/* What the kernel can copy by itself is copied so; the rest goes through the worker's buffer. */
static int fd_op(struct data_worker *worker, uint64_t off, uint64_t dev_off, size_t len)
{
	struct data_job *job = worker->job;
	const struct from_fd *from = job->arg;
	size_t at = 0;
	int rc = 0;

	if (!from->in_order && dev_data_maps(job->dev) &&
	    store_mapped(worker, off, dev_off, len, &rc))
		return rc;
	if (!from->in_order)
		at = dev_data_take(job->dev, dev_off, from->fd, off, len, worker->alone);
	while (at < len && !rc) {
		size_t part = len - at < DATA_BUF ? len - at : DATA_BUF;

		rc = read_and_store(worker, off + at, dev_off + at, part);
		at += part;
	}
	return rc;
}

/* Is there more than was expected? */
static int check_end(const struct from_fd *from, struct famfs_err *err)
{
	char more;
	ssize_t n = from->in_order ? read(from->fd, &more, 1)
				   : pread(from->fd, &more, 1, (off_t)from->size);

	if (n <= 0)
		return 0;
	return source_other(from,
			    err_set(err, -ESTALE, from->name, "has more than the %s expected",
				    text_count(from->size, "byte").s),
			    err);
}

int famfs_fill_from_fd(struct famfs_fill *fill, int fd, const char *name, struct famfs_err *err)
{
	struct from_fd from = { .fd = fd, .name = name ? name : "", .size = fill->entry->size };
	struct data_job job = fill_job(fill, fd_op, &from);
	struct stat st;
	int rc;

	from.in_order = fstat(fd, &st) || !S_ISREG(st.st_mode);
	if (from.in_order)
		job.threads = 1;
	job.part = dev_data_maps(job.dev) ? DATA_PIECE : WINDOW;
	rc = data_run(&job, err);
	if (!rc)
		fill->known = fill->entry->size;
	return rc ? rc : check_end(&from, err);
}

/* --------------------------------------------------------- from another file */

struct from_file {
	struct famfs *fs;
	const struct famfs_entry *entry;
};

static int file_op(struct data_worker *worker, uint64_t off, uint64_t dev_off, size_t len)
{
	const struct from_file *from = worker->job->arg;
	int rc = famfs_read(from->fs, from->entry, off, worker->buf, len, &worker->err);

	return rc ? rc : fill_store(worker, dev_off, worker->buf, len);
}

int famfs_fill_from_file(struct famfs_fill *fill, struct famfs *src_fs,
			 const struct famfs_entry *src, struct famfs_err *err)
{
	struct from_file from = { .fs = src_fs, .entry = src };
	struct data_job job = fill_job(fill, file_op, &from);
	int rc = 0;

	if (src->size != fill->entry->size)
		return data_error(&job,
				  err_set(err, -ESTALE, "", "the source has %s, not %llu",
					  text_count(src->size, "byte").s,
					  (unsigned long long)fill->entry->size),
				  err);
	/* The threads only read: the source is mapped for all of them before. */
	if (src_fs->dev->kind == FAMFS_DEV_DAX)
		rc = dev_map(src_fs->dev, src_fs->dev->size, err);
	if (!rc)
		rc = data_run(&job, err);
	if (!rc)
		fill->known = fill->entry->size;
	return rc;
}

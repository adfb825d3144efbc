/* SPDX-License-Identifier: Apache-2.0 */
#include "tar_read.h"

#ifdef HAVE_LIBARCHIVE

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cp.h"
#include "file.h"

enum { READ_SIZE = 1 << 20, ZEROS_SIZE = 1 << 16, POLL_MS = 100 };

static int failed(struct tar_reader *r, const char *what, struct famfs_err *err)
{
	const char *why = r->lib.error_string(r->a);

	r->broken = true;
	if (cmd_cancelled())
		return cp_err(err, -ECANCELED, what, "cancelled");
	if (r->rc)
		return cp_err(err, r->rc, r->name, "cannot be read: %s", strerror(-r->rc));
	return cp_err(err, -EBADMSG, what, "%s: %s",
		      r->begun ? "damaged, or cut off" : "not a tar archive",
		      why ? why : "no reason is given");
}

/*
 * Reads once there is something. The signal that cancels the command can go to another thread than
 * this one, or come just before it would wait, so it does not wait without an end. Return: as
 * read(2).
 */
static ssize_t read_fd(struct tar_reader *r)
{
	struct pollfd fd = { .fd = r->fd, .events = POLLIN };
	ssize_t got;
	int ready;

	for (;;) {
		ready = poll(&fd, 1, POLL_MS);
		got = ready > 0 ? read(r->fd, r->buf, READ_SIZE) : ready;
		if (cmd_cancelled()) {
			errno = ECANCELED;
			return -1;
		}
		if (ready && (got >= 0 || errno != EINTR))
			return got;
	}
}

static la_ssize_t read_some(struct archive *a, void *data, const void **ret_buf)
{
	struct tar_reader *r = data;
	ssize_t got = read_fd(r);

	(void)a;
	if (got < 0) {
		r->rc = -errno;
		return ARCHIVE_FATAL;
	}
	r->done += (uint64_t)got;
	r->progress(r->data);
	*ret_buf = r->buf;
	return got;
}

void tar_drain(struct tar_reader *r)
{
	struct stat st;

	if (fstat(r->fd, &st) || !S_ISFIFO(st.st_mode))
		return;
	while (read_fd(r) > 0)
		;
}

static int open_file(struct cmd_env *env, struct tar_reader *r, const char *archive)
{
	struct stat st;

	r->name = file_name(archive);
	r->fd = STDIN_FILENO;
	if (strcmp(archive, "-"))
		r->fd = open(archive, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (r->fd < 0)
		return env_errorf(env, -errno, archive, "%s", strerror(errno));
	if (!fstat(r->fd, &st) && S_ISREG(st.st_mode))
		r->total = (uint64_t)st.st_size;
	return 0;
}

int tar_open(struct cmd_env *env, struct tar_reader *r, const char *archive)
{
	struct tar_lib *lib = &r->lib;
	struct famfs_err err;

	r->fd = -1;
	if (tar_lib_load(env, lib) || open_file(env, r, archive))
		return EXIT_FAILED;
	r->buf = mem_calloc(1, READ_SIZE);
	r->a = lib->read_new();
	if (!r->a)
		return env_errorf(env, -ENOMEM, r->name, "out of memory");
	lib->read_support_format_tar(r->a);
	lib->read_support_filter_bzip2(r->a);
	lib->read_support_filter_gzip(r->a);
	lib->read_support_filter_xz(r->a);
	lib->read_support_filter_zstd(r->a);
	if (lib->read_open(r->a, r, NULL, read_some, NULL) >= ARCHIVE_WARN)
		return 0;
	failed(r, r->name, &err);
	return env_error(env, &err);
}

void tar_close(struct tar_reader *r)
{
	if (r->a)
		r->lib.read_free(r->a);
	if (r->fd > STDERR_FILENO)
		close(r->fd);
	free(r->buf);
}

/* An archive ends with blocks of zeros; without them something is missing, if only they. */
static int at_end(struct tar_reader *r, int64_t before, struct famfs_err *err)
{
	r->broken = true;
	if (r->lib.filter_bytes(r->a, 0) != before)
		return 0;
	return cp_err(err, -EBADMSG, r->name, "cut off: it has no end mark");
}

int tar_next(struct tar_reader *r, struct archive_entry **ret_entry, struct famfs_err *err)
{
	int64_t before;
	int rc;

	if (r->begun && r->lib.read_data_skip(r->a) < ARCHIVE_WARN)
		return failed(r, r->name, err);
	before = r->lib.filter_bytes(r->a, 0);
	rc = r->lib.read_next_header(r->a, ret_entry);
	if (rc == ARCHIVE_EOF)
		return at_end(r, before, err);
	if (rc < ARCHIVE_WARN)
		return failed(r, r->name, err);
	r->begun = true;
	return 1;
}

int tar_bytes(struct tar_reader *r, const char *what, char *buf, size_t len, struct famfs_err *err)
{
	la_ssize_t got;

	while (len) {
		if (cmd_cancelled())
			return cp_err(err, -ECANCELED, what, "cancelled");
		got = r->lib.read_data(r->a, buf, len);
		if (got < 0)
			return failed(r, what, err);
		/* What is missing at the end is a hole. */
		if (!got) {
			memset(buf, 0, len);
			return 0;
		}
		buf += got;
		len -= (size_t)got;
	}
	return 0;
}

static int store_zeros(struct famfs_fill *fill, uint64_t off, uint64_t end, struct famfs_err *err)
{
	static const char zeros[ZEROS_SIZE];
	size_t len;
	int rc = 0;

	for (; off < end && !rc; off += len) {
		if (cmd_cancelled())
			return cp_err(err, -ECANCELED, "", "cancelled");
		len = end - off < ZEROS_SIZE ? (size_t)(end - off) : ZEROS_SIZE;
		rc = famfs_fill_write(fill, off, zeros, len, err);
	}
	return rc;
}

int tar_fill(struct tar_reader *r, const char *what, struct famfs_fill *fill, bool zeros,
	     struct famfs_err *err)
{
	uint64_t at = 0, size = famfs_fill_entry(fill)->size, off;
	const void *block;
	la_int64_t start;
	size_t len;
	int rc = 0, got;

	while (!rc) {
		if (cmd_cancelled())
			return cp_err(err, -ECANCELED, what, "cancelled");
		got = r->lib.read_data_block(r->a, &block, &len, &start);
		if (got == ARCHIVE_EOF)
			break;
		if (got < ARCHIVE_WARN)
			return failed(r, what, err);
		off = (uint64_t)start;
		if (start < 0 || off < at || off > size || len > size - off)
			return cp_err(err, -EBADMSG, what, "damaged: more bytes than its size");
		if (zeros)
			rc = store_zeros(fill, at, off, err);
		if (!rc && len)
			rc = famfs_fill_write(fill, off, block, len, err);
		at = off + len;
	}
	return !rc && zeros ? store_zeros(fill, at, size, err) : rc;
}

#endif

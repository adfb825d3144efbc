/* SPDX-License-Identifier: Apache-2.0 */
/* Where an image is read from: all of it is looked at before anything is done with it. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctx.h"
#include "err.h"
#include "image_impl.h"

#define BUF_LEN 65536U

static int cannot_read(const struct famfs_image_source *source, int rc, struct famfs_err *err)
{
	return err_set(err, rc, source->name, "cannot be read: %s", strerror(-rc));
}

static int make_temp(struct famfs_err *err)
{
	const char *dir = getenv("TMPDIR");
	int fd;

	if (!dir || *dir != '/')
		dir = "/tmp";
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	return err_hint(err,
			err_set(err, -errno, dir, "no temporary file can be made: %s",
				strerror(errno)),
			"set TMPDIR to a directory where one can be, or give a file, not a pipe");
}

static int keep(const struct famfs_image_source *source, int to, const uint8_t *buf, size_t len,
		struct famfs_err *err)
{
	ssize_t n;
	int rc;

	for (size_t done = 0; done < len; done += (size_t)n) {
		n = write(to, buf + done, len - done);
		if (n < 0 && errno == EINTR) {
			n = 0;
		} else if (n <= 0) {
			rc = n < 0 ? -errno : -EIO;
			return err_set(err, rc, source->name,
				       "cannot be copied to a temporary file: %s", strerror(-rc));
		}
	}
	return 0;
}

/* Return: 1 for more, 0 at the end, -errno. */
static int copy_some(struct famfs_ctx *ctx, const struct famfs_image_source *source, int to,
		     struct famfs_err *err)
{
	uint8_t buf[BUF_LEN];
	ssize_t n = read(source->fd, buf, sizeof(buf));
	int rc;

	if (ctx_cancelled(ctx))
		return err_set(err, -ECANCELED, source->name, "cancelled");
	if (n < 0)
		return errno == EINTR ? 1 : cannot_read(source, -errno, err);
	rc = keep(source, to, buf, (size_t)n, err);
	return rc ? rc : n > 0;
}

int image_seekable(struct famfs_ctx *ctx, const struct famfs_image_source *source, int *ret_fd,
		   struct famfs_err *err)
{
	int fd, rc;

	if (lseek(source->fd, 0, SEEK_CUR) >= 0) {
		*ret_fd = source->fd;
		return 0;
	}
	if (errno != ESPIPE)
		return cannot_read(source, -errno, err);
	fd = make_temp(err);
	if (fd < 0)
		return fd;
	while ((rc = copy_some(ctx, source, fd, err)) > 0)
		;
	if (rc)
		(void)close(fd);
	else
		*ret_fd = fd;
	return rc;
}

void image_release(const struct famfs_image_source *source, int fd)
{
	if (fd >= 0 && fd != source->fd)
		(void)close(fd);
}

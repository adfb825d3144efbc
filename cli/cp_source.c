/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a source: of a local file, of a file in a famfs, of standard input. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cp.h"

/* The descriptor to read from; standard input keeps its own. */
static int open_source(struct cp *cp, struct cp_item *item, struct famfs_err *err)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	struct stat st;
	int fd;

	if (item->kind == CP_STDIN)
		return cp->input;
	fd = open(item->source, flags | (item->follow ? 0 : O_NOFOLLOW));
	if (fd < 0)
		return cp_err(err, -errno, item->source, "%s", strerror(errno));
	if (fstat(fd, &st) || st.st_dev != item->dev || st.st_ino != item->ino) {
		close(fd);
		return cp_hint(err,
			       cp_err(err, -ESTALE, item->source, "is another file than before"),
			       CP_HINT_CHANGED);
	}
	if ((uint64_t)st.st_size == item->size)
		return fd;
	close(fd);
	return cp_hint(err,
		       cp_err(err, -ESTALE, item->source, "its size was %llu and is %llu now",
			      (unsigned long long)item->size, (unsigned long long)st.st_size),
		       CP_HINT_CHANGED);
}

static void close_source(const struct cp *cp, int fd)
{
	if (fd >= 0 && fd != cp->input)
		close(fd);
}

/* A handle is for one thread at a time. */
static int fill_from_famfs(struct cp_item *item, struct famfs_fill *fill, struct famfs_err *err)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	int rc = famfs_fill_from_file(fill, item->side->fs, item->entry, err);

	if (rc)
		return rc;
	pthread_mutex_lock(&lock);
	rc = famfs_unmoved(item->side->fs, item->entry, err);
	pthread_mutex_unlock(&lock);
	return rc;
}

int cp_source_fill(struct cp *cp, struct cp_item *item, struct famfs_fill *fill,
		   struct famfs_err *err)
{
	int fd, rc;

	cp->current = item->source;
	if (item->kind == CP_FAMFS)
		return fill_from_famfs(item, fill, err);
	fd = open_source(cp, item, err);
	if (fd < 0)
		return fd;
	rc = famfs_fill_from_fd(fill, fd, item->source, err);
	close_source(cp, fd);
	return rc;
}

/* Reads @len bytes on; Return: 0, 1 at an early end, or a negative errno. */
static int read_on(const struct cp_item *item, int fd, char *buf, size_t len, struct famfs_err *err)
{
	ssize_t got;

	while (len) {
		got = read(fd, buf, len);
		if (got < 0 && errno == EINTR && !cmd_cancelled())
			continue;
		if (got < 0)
			return cp_err(err, -errno, item->source, "%s", strerror(errno));
		if (!got)
			return 1;
		buf += got;
		len -= (size_t)got;
	}
	return 0;
}

struct source {
	struct cp *cp;
	struct cp_item *item;
	int fd;
};

static int read_source(void *arg, uint64_t off, char *buf, size_t len, struct famfs_err *err)
{
	const struct source *s = arg;
	const struct cp_item *item = s->item;
	int rc;

	if (cmd_cancelled())
		return cp_err(err, -ECANCELED, item->source, "cancelled");
	if (item->kind != CP_FAMFS)
		return read_on(item, s->fd, buf, len, err);
	rc = famfs_read(item->side->fs, item->entry, off, buf, len, err);
	/* These are the last ones, and no more is asked for. */
	if (!rc && off + len == item->size)
		rc = famfs_unmoved(item->side->fs, item->entry, err);
	return rc;
}

static int fill_source(void *arg, struct famfs_fill *space, struct famfs_err *err)
{
	const struct source *s = arg;

	return cp_source_fill(s->cp, s->item, space, err);
}

void cp_source_settle(struct cp *cp, struct cp_item *item, const struct famfs_entry *entry)
{
	struct source s = { .cp = cp, .item = item, .fd = -1 };
	const struct cp_bytes bytes = {
		.read = read_source,
		.fill = fill_source,
		.arg = &s,
		.once = item->kind == CP_STDIN && lseek(cp->input, 0, SEEK_CUR) < 0,
		.open_ended = item->kind == CP_STDIN,
		.counted = true,
	};
	struct famfs_err err;

	cp->current = item->source;
	if (item->kind != CP_FAMFS) {
		s.fd = open_source(cp, item, &err);
		if (s.fd < 0) {
			cp_fail(cp, item, &err);
			cp->bytes_done += item->size;
			return;
		}
	}
	cp_settle(cp, item, entry, &bytes);
	close_source(cp, s.fd);
}

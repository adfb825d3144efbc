/* SPDX-License-Identifier: Apache-2.0 */
/* Who else uses a device on this host: the writers' lock, reservations, mounts. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dev_impl.h"
#include "users.h"

/* While we waited, the image may have been replaced by another file of its name. */
static int check_same(const struct dev *dev, struct famfs_err *err)
{
	struct stat ours, there;

	if (dev->kind != FAMFS_DEV_IMAGE || fstat(dev->fd, &ours) < 0)
		return 0;
	if (stat(dev->path, &there) == 0 && there.st_dev == ours.st_dev &&
	    there.st_ino == ours.st_ino)
		return 0;
	return err_hint(err,
			err_set(err, -ESTALE, dev->name, "was removed or replaced by another file"),
			"try again");
}

int dev_lock(struct dev *dev, bool wait, struct famfs_err *err)
{
	int rc;

	if (dev->locked)
		return 0;
	while (flock(dev->fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return err_hint(err,
					err_set(err, -EBUSY, dev->name,
						"another command is writing to it"),
					"try again when that is done: lslocks shows it");
		if (errno != EINTR)
			return err_set(err, -errno, dev->name, "cannot be locked: %s",
				       strerror(errno));
		if (ctx_cancelled(dev->ctx))
			return err_set(err, -ECANCELED, dev->name, "cancelled");
	}
	rc = check_same(dev, err);
	/* Who held the lock before may have made the image, or let it grow. */
	if (rc == 0)
		rc = dev_refresh_size(dev, err);
	if (rc < 0)
		(void)flock(dev->fd, LOCK_UN);
	else
		dev->locked = true;
	return rc;
}

void dev_unlock(struct dev *dev)
{
	if (dev->locked)
		(void)flock(dev->fd, LOCK_UN);
	dev->locked = false;
}

/* A range of the file system as one of the file. Return: false where locks do not reach. */
static bool as_flock(const struct dev *dev, uint64_t off, uint64_t len, struct flock *ret)
{
	uint64_t start, end;

	if (__builtin_add_overflow(dev->base, off, &start) ||
	    __builtin_add_overflow(start, len, &end) || end > INT64_MAX)
		return false;
	*ret = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
	ret->l_start = (off_t)start;
	ret->l_len = (off_t)len;
	return true;
}

int dev_hold(struct dev *dev, uint64_t off, uint64_t len, struct famfs_err *err)
{
	struct flock lock;
	int rc;

	/* To fcntl(), length 0 is everything. */
	if (len == 0)
		return 0;
	if (!as_flock(dev, off, len, &lock))
		return err_set(err, -ERANGE, dev->name, "no range at offset %llu can be reserved",
			       (unsigned long long)off);
	if (fcntl(dev->fd, F_OFD_SETLK, &lock) == 0)
		return 0;
	rc = errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
	(void)err_set(err, rc, dev->name, "cannot reserve %llu bytes at offset %llu: %s",
		      (unsigned long long)len, (unsigned long long)off,
		      rc == -EBUSY ? "another command is filling them" : strerror(-rc));
	return err_at(err, rc, off, FAMFS_NONE);
}

void dev_drop(struct dev *dev, uint64_t off, uint64_t len)
{
	struct flock lock;

	if (len == 0 || !as_flock(dev, off, len, &lock))
		return;
	lock.l_type = F_UNLCK;
	(void)fcntl(dev->fd, F_OFD_SETLK, &lock);
}

/* Any lock of another handle in [start, end) of the file: 1 found, 0 none, -errno. */
static int query(const struct dev *dev, int64_t start, int64_t end, struct flock *ret)
{
	*ret = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
	ret->l_start = start;
	ret->l_len = end - start;
	if (fcntl(dev->fd, F_OFD_GETLK, ret) < 0)
		return -errno;
	return ret->l_type != F_UNLCK;
}

/*
 * The kernel names one lock of the range asked for, not the first: ask again for what lies before
 * it, until nothing does.
 */
static int query_first(const struct dev *dev, int64_t start, struct flock *ret)
{
	int64_t end = INT64_MAX;
	struct flock lock;
	int found = 0;
	int rc = 0;

	while (start < end && (rc = query(dev, start, end, &lock)) > 0) {
		*ret = lock;
		found = 1;
		end = lock.l_start;
	}
	return rc < 0 ? rc : found;
}

int dev_held_next(struct dev *dev, uint64_t off, uint64_t *ret_off, uint64_t *ret_len,
		  struct famfs_err *err)
{
	struct flock ask, lock;
	uint64_t start, end;
	int rc;

	if (!as_flock(dev, off, 1, &ask))
		return 0;
	rc = query_first(dev, ask.l_start, &lock);
	if (rc < 0)
		return err_set(err, rc, dev->name, "cannot ask for reservations: %s",
			       strerror(-rc));
	if (rc == 0)
		return 0;
	start = (uint64_t)lock.l_start;
	end = lock.l_len == 0 ? INT64_MAX : start + (uint64_t)lock.l_len;
	start = start > dev->base ? start - dev->base : 0;
	end -= dev->base;
	*ret_off = start;
	*ret_len = end - start;
	return 1;
}

int dev_is_mounted(const struct dev *dev)
{
	struct stat ours;

	if (fstat(dev->fd, &ours))
		return -errno;
	return users_mounted(dev->ctx, &ours, dev->path, NULL);
}

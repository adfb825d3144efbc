/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of files: by the mapping on devdax, by read and write on images. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dev_impl.h"
#include "guard.h"

struct copying {
	const struct persist_ops *ops;
	void *dst;
	const void *src;
	size_t len;
};

static int do_copy(void *arg)
{
	const struct copying *c = arg;

	c->ops->copy(c->dst, c->src, c->len);
	return 0;
}

/* The range must be there; on devdax it must be mapped. */
static int prepare(struct dev *dev, uint64_t off, uint64_t len, struct famfs_err *err)
{
	int rc = dev_check_range(dev, off, len, dev->size, err);

	if (rc == 0 && dev->kind == FAMFS_DEV_DAX)
		rc = dev_map(dev, dev->size, err);
	return rc;
}

static int image_failed(const struct dev *dev, uint64_t off, const char *doing, ssize_t n,
			struct famfs_err *err)
{
	int rc = n < 0 ? -errno : -EIO;

	if (n == 0)
		rc = err_set(err, rc, dev->name,
			     "nothing at offset %llu: the image shrank while it was in use",
			     (unsigned long long)off);
	else
		rc = err_set(err, rc, dev->name, "cannot be %s at offset %llu: %s", doing,
			     (unsigned long long)off, strerror(-rc));
	if (rc == -ENOSPC || rc == -EDQUOT)
		rc = err_hint(err, rc, "make room on the disk under the image: df %s", dev->path);
	return err_at(err, rc, off, FAMFS_NONE);
}

int dev_data_read(struct dev *dev, uint64_t off, void *buf, size_t len, struct famfs_err *err)
{
	char *to = buf;
	int rc = prepare(dev, off, len, err);

	if (rc || dev->kind == FAMFS_DEV_DAX)
		return rc ? rc : dev_read(dev, off, buf, len, err);
	while (len > 0) {
		ssize_t n = pread(dev->fd, to, len, (off_t)(dev->base + off));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return image_failed(dev, off, "read", n, err);
		to += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* A store behind the end would make a cut image grow again, as if nothing were lost. */
static bool has_shrunk(const struct dev *dev, uint64_t end)
{
	struct stat st;

	return fstat(dev->fd, &st) < 0 || dev->base + end > (uint64_t)st.st_size;
}

static int image_write(struct dev *dev, uint64_t off, const char *from, size_t len,
		       struct famfs_err *err)
{
	if (has_shrunk(dev, off + len))
		return image_failed(dev, off, "stored to", 0, err);
	while (len > 0) {
		ssize_t n = pwrite(dev->fd, from, len, (off_t)(dev->base + off));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return image_failed(dev, off, "stored to", n, err);
		from += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int dev_data_write(struct dev *dev, uint64_t off, const void *buf, size_t len,
		   struct famfs_err *err)
{
	struct copying copy = { .ops = dev->ops, .src = buf, .len = len };
	void *addr;
	int rc = dev_check_write(dev, err);

	if (rc == 0)
		rc = prepare(dev, off, len, err);
	if (rc || dev->kind == FAMFS_DEV_IMAGE)
		return rc ? rc : image_write(dev, off, buf, len, err);
	copy.dst = dev->map + off;
	if (guard_call(do_copy, &copy, &addr) == 0)
		return 0;
	if ((uintptr_t)addr - (uintptr_t)buf < len)
		return err_set(err, -EFAULT, dev->name, "what was to be stored is not there");
	return dev_fault(dev, "stored to", off, addr, err);
}

size_t dev_data_take(struct dev *dev, uint64_t off, int fd, uint64_t fd_off, size_t len)
{
	off_t from = (off_t)fd_off, to = (off_t)(dev->base + off);
	struct famfs_err ignored;
	size_t done = 0;

	if (dev->kind != FAMFS_DEV_IMAGE || dev_check_write(dev, &ignored) ||
	    dev_check_range(dev, off, len, dev->size, &ignored) || has_shrunk(dev, off + len))
		return 0;
	while (done < len) {
		ssize_t n = copy_file_range(fd, &from, dev->fd, &to, len - done, 0);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

static int do_compare(void *arg)
{
	const struct copying *c = arg;

	return memcmp(c->dst, c->src, c->len) != 0;
}

int dev_data_compare(struct dev *dev, uint64_t off, const void *buf, size_t len, void *scratch,
		     struct famfs_err *err)
{
	struct copying compare = { .src = buf, .len = len };
	void *addr;
	int rc;

	if (dev->kind == FAMFS_DEV_IMAGE) {
		rc = dev_data_read(dev, off, scratch, len, err);
		return rc ? rc : memcmp(scratch, buf, len) != 0;
	}
	rc = prepare(dev, off, len, err);
	if (rc)
		return rc;
	compare.dst = dev->map + off;
	rc = guard_call(do_compare, &compare, &addr);
	return rc < 0 ? dev_fault(dev, "read", off, addr, err) : rc;
}

int dev_data_fence(struct dev *dev, struct famfs_err *err)
{
	dev->ops->fence();
	if (dev->kind != FAMFS_DEV_IMAGE || !(dev->flags & DEV_SYNC))
		return 0;
	return dev_finish(dev, err);
}

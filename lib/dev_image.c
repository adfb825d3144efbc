/* SPDX-License-Identifier: Apache-2.0 */
/* Images: regular files, through the page cache. */
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dev_impl.h"
#include "guard.h"
#include "pages.h"

#define ZERO_STEP  (1ULL << 30) /* between two looks at famfs_cancel() */
#define WRITE_STEP (1ULL << 20)

static int disk_error(const struct dev *dev, int rc, const char *doing, struct famfs_err *err)
{
	rc = err_set(err, rc, dev->name, "cannot %s: %s", doing, strerror(-rc));
	if (rc == -ENOSPC || rc == -EDQUOT)
		return err_hint(err, rc, "make room on the disk under the image: df %s",
				text_shell(dev->path).s);
	if (rc == -EFBIG)
		return err_hint(err, rc, "larger than its file system or ulimit -f allows");
	return rc;
}

/* The mapping begins at a page of the file, which may lie before the base. */
static uint64_t lead_in(const struct dev *dev)
{
	return dev->base % dev->align;
}

int dev_refresh_size(struct dev *dev, struct famfs_err *err)
{
	struct stat st;

	if (dev->kind != FAMFS_DEV_IMAGE)
		return 0;
	if (fstat(dev->fd, &st) < 0)
		return disk_error(dev, -errno, "tell its size", err);
	dev->size = (uint64_t)st.st_size > dev->base ? (uint64_t)st.st_size - dev->base : 0;
	return 0;
}

int dev_image_map(struct dev *dev, uint64_t len, struct famfs_err *err)
{
	int prot = dev->flags & DEV_WRITE ? PROT_READ | PROT_WRITE : PROT_READ;
	uint64_t lead = lead_in(dev);
	off_t from = (off_t)(dev->base - lead);
	void *map = MAP_FAILED;
	int rc = dev_refresh_size(dev, err);

	if (rc < 0 || len == 0)
		return rc;
	if (len > dev->size)
		return dev_too_short(dev, len, err);
	/* A sparse image may be larger than the address space. */
	if (dev->direct)
		map = mmap(NULL, lead + dev->size, prot, MAP_SHARED, dev->fd, from);
	if (map != MAP_FAILED)
		len = dev->size;
	else
		map = mmap(NULL, lead + len, prot, MAP_SHARED, dev->fd, from);
	if (map == MAP_FAILED)
		return disk_error(dev, -errno, "be mapped", err);
	guard_forget(map, lead + len);
	if (dev->map)
		dev_image_unmap(dev);
	dev->map = (uint8_t *)map + lead;
	dev->map_len = len;
	return 0;
}

void dev_image_unmap(struct dev *dev)
{
	uint64_t lead = lead_in(dev);

	(void)munmap(dev->map - lead, lead + dev->map_len);
	dev->map = NULL;
	dev->map_len = 0;
}

int dev_image_msync(struct dev *dev, struct famfs_err *err)
{
	uint64_t lead = lead_in(dev);

	if (msync(dev->map - lead, lead + dev->map_len, MS_SYNC) == 0)
		return 0;
	return disk_error(dev, -errno, "be written to disk", err);
}

int dev_resize(struct dev *dev, uint64_t size, struct famfs_err *err)
{
	uint64_t end;
	int rc = dev_check_write(dev, err);

	if (rc < 0)
		return rc;
	if (dev->kind != FAMFS_DEV_IMAGE)
		return err_set(err, -EINVAL, dev->name, "a device has the size that it has");
	rc = dev_refresh_size(dev, err);
	if (rc < 0)
		return rc;
	if (size < dev->size)
		return err_set(err, -EINVAL, dev->name, "has %s, and is not made smaller (%s)",
			       text_size(dev->size).s, text_size(size).s);
	if (__builtin_add_overflow(dev->base, size, &end) || end > INT64_MAX)
		return disk_error(dev, -EFBIG, "grow", err);
	if (size > dev->size && ftruncate(dev->fd, (off_t)end) < 0)
		return disk_error(dev, -errno, "grow", err);
	dev->size = size;
	return 0;
}

/* One fallocate(), again after signals that cancel nothing. */
static int allocate(struct dev *dev, int mode, uint64_t off, uint64_t len)
{
	if (mode & FALLOC_FL_PUNCH_HOLE)
		__atomic_store_n(&dev->filled, 0, __ATOMIC_RELAXED);
	while (fallocate(dev->fd, mode, (off_t)(dev->base + off), (off_t)len) < 0) {
		if (errno != EINTR)
			return -errno;
		if (ctx_cancelled(dev->ctx))
			return -ECANCELED;
	}
	return 0;
}

static bool not_supported(int rc)
{
	return rc == -EOPNOTSUPP || rc == -ENOSYS;
}

/* The stores that follow then meet no page faults; without it they only take longer. */
static void populate(const struct dev *dev, uint64_t off, uint64_t len)
{
	if (dev->map && off + len <= dev->map_len)
		pages_populate(dev->map + off, len, true);
}

int dev_reserve(struct dev *dev, uint64_t off, uint64_t len, struct famfs_err *err)
{
	int rc;

	if (dev->kind != FAMFS_DEV_IMAGE || len == 0)
		return 0;
	rc = dev_check_write(dev, err);
	if (rc == 0)
		rc = dev_check_range(dev, off, len, dev->size, err);
	if (rc < 0)
		return rc;
	rc = allocate(dev, FALLOC_FL_KEEP_SIZE, off, len);
	if (not_supported(rc)) {
		ctx_debug(dev->ctx, "%s: its file system reserves nothing", dev->name);
		return 0;
	}
	if (rc == 0) {
		populate(dev, off, len);
		return 0;
	}
	(void)disk_error(dev, rc, "reserve disk blocks", err);
	return err_at(err, rc, off, FAMFS_NONE);
}

static int write_zeros(const struct dev *dev, uint64_t off, uint64_t len)
{
	char *zeros = calloc(1, WRITE_STEP);
	int rc = zeros ? 0 : -ENOMEM;

	while (rc == 0 && len > 0) {
		size_t want = len < WRITE_STEP ? len : WRITE_STEP;
		ssize_t n = pwrite(dev->fd, zeros, want, (off_t)(dev->base + off));

		if (n > 0) {
			off += (uint64_t)n;
			len -= (uint64_t)n;
		} else if (n == 0 || errno != EINTR) {
			rc = n == 0 ? -EIO : -errno;
		}
		if (len > 0 && ctx_cancelled(dev->ctx))
			rc = -ECANCELED;
	}
	free(zeros);
	return rc;
}

/* A hole reads as zeros and takes no disk: an image stays as sparse as what is stored in it. */
int dev_image_zero(struct dev *dev, const struct dev_zero *zero, struct famfs_err *err)
{
	const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	uint64_t done = 0;

	while (done < zero->len) {
		uint64_t step = zero->len - done < ZERO_STEP ? zero->len - done : ZERO_STEP;
		uint64_t off = zero->off + done;
		int rc = ctx_cancelled(dev->ctx) ? -ECANCELED : allocate(dev, mode, off, step);

		if (not_supported(rc))
			rc = write_zeros(dev, off, step);
		if (rc < 0) {
			(void)disk_error(dev, rc, "be zeroed", err);
			return err_at(err, rc, off, FAMFS_NONE);
		}
		done += step;
		if (zero->progress)
			zero->progress(zero->data, step);
	}
	return 0;
}

void dev_release(struct dev *dev, uint64_t off, uint64_t len)
{
	if (dev->kind == FAMFS_DEV_IMAGE && len > 0)
		(void)allocate(dev, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off, len);
}

int dev_finish(struct dev *dev, struct famfs_err *err)
{
	if (dev->kind != FAMFS_DEV_IMAGE)
		return dev_fence(dev, err);
	if (!(dev->flags & DEV_WRITE) || fdatasync(dev->fd) == 0)
		return 0;
	return disk_error(dev, -errno, "be written to disk", err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of files: in the mapping on devdax, and on images of large pages where they are there
 * already; else by read and write, which find pages for holes faster than faults do.
 */
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dev_impl.h"
#include "guard.h"
#include "pages.h"

/* Less is read sooner than mapped. */
#define WINDOW_MIN (1U << 20)

static bool has_holes(const struct dev *dev)
{
	return dev->kind == FAMFS_DEV_IMAGE && !dev->metadata_only;
}

/* The range must be there; on devdax it must be mapped. */
static int prepare(struct dev *dev, uint64_t off, uint64_t len, struct famfs_err *err)
{
	int rc = dev_require_data(dev, err);

	if (rc == 0)
		rc = dev_check_range(dev, off, len, dev->size, err);
	if (rc == 0 && dev->kind == FAMFS_DEV_DAX)
		rc = dev_map(dev, dev->size, err);
	return rc;
}

/* The page cache of large pages is memory as well: what is streamed does not pass the caches. */
static const struct persist_ops *data_ops(const struct dev *dev)
{
	return dev->direct ? dev->direct : dev->ops;
}

/*
 * Are the bytes there? The kernel looks through all pages up to the next hole: what it found is
 * remembered. When a hole is made there meanwhile, its pages are only found more slowly.
 */
static bool is_filled(struct dev *dev, uint64_t off, uint64_t end)
{
	uint64_t known = __atomic_load_n(&dev->filled, __ATOMIC_RELAXED), first, hole;
	off_t at;

	if (off >= (known >> 32) * FAMFS_AU && end <= (uint32_t)known * FAMFS_AU)
		return true;
	at = lseek(dev->fd, (off_t)(dev->base + off), SEEK_HOLE);
	if (at < (off_t)(dev->base + end))
		return false;
	first = off / FAMFS_AU + (off % FAMFS_AU != 0);
	hole = ((uint64_t)at - dev->base) / FAMFS_AU;
	if (hole > first && hole <= UINT32_MAX)
		__atomic_store_n(&dev->filled, first << 32 | hole, __ATOMIC_RELAXED);
	return true;
}

static bool is_direct(struct dev *dev, uint64_t off, uint64_t len)
{
	if (dev->kind == FAMFS_DEV_DAX)
		return true;
	return dev->direct && off + len <= dev->map_len && is_filled(dev, off, off + len);
}

bool dev_data_maps(const struct dev *dev)
{
	return dev->kind == FAMFS_DEV_DAX || dev->direct != NULL;
}

struct in_place {
	int (*fn)(void *arg, uint8_t *at);
	void *arg;
	uint8_t *at;
};

static int do_in_place(void *arg)
{
	const struct in_place *p = arg;

	return p->fn(p->arg, p->at);
}

/* @ret_addr: where it faulted, or NULL. */
static int in_place(struct dev *dev, struct in_place *p, uint64_t off, size_t len, void **ret_addr,
		    struct famfs_err *err)
{
	int rc = prepare(dev, off, len, err);

	*ret_addr = NULL;
	if (rc)
		return rc;
	if (!is_direct(dev, off, len))
		return -EOPNOTSUPP;
	p->at = dev->map + off;
	rc = guard_call(do_in_place, p, ret_addr);
	return guard_lost(p->at, len, ret_addr) ? -EIO : rc;
}

int dev_data_in_place(struct dev *dev, uint64_t off, size_t len, bool store,
		      int (*fn)(void *arg, uint8_t *at), void *arg, struct famfs_err *err)
{
	struct in_place p = { .fn = fn, .arg = arg };
	void *addr;
	int rc = store ? dev_check_write(dev, err) : 0;

	if (!rc)
		rc = in_place(dev, &p, off, len, &addr, err);
	if (rc != -EIO || !addr)
		return rc;
	return dev_fault(dev, store ? "stored to" : "read", off, addr, err);
}

/* The bytes of an image, mapped for as long as they are looked at. */
static int in_window(struct dev *dev, struct in_place *p, uint64_t off, size_t len,
		     struct famfs_err *err)
{
	size_t lead = (dev->base + off) % dev->align;
	void *window, *addr = NULL;
	int rc;

	if (!has_holes(dev) || len < WINDOW_MIN || !is_filled(dev, off, off + len))
		return -EOPNOTSUPP;
	window = mmap(NULL, lead + len, PROT_READ, MAP_SHARED, dev->fd,
		      (off_t)(dev->base + off - lead));
	if (window == MAP_FAILED)
		return -EOPNOTSUPP;
	guard_forget(window, lead + len);
	pages_populate(window, lead + len, false);
	p->at = (uint8_t *)window + lead;
	rc = guard_call(do_in_place, p, &addr);
	if (guard_lost(p->at, len, &addr))
		rc = -EIO;
	if (rc == -EIO && (uint8_t *)addr > p->at)
		off += (uint64_t)((uint8_t *)addr - p->at);
	munmap(window, lead + len);
	return rc == -EIO && addr ? dev_fault(dev, "read", off, NULL, err) : rc;
}

int dev_data_look(struct dev *dev, uint64_t off, size_t len, int (*fn)(void *arg, uint8_t *at),
		  void *arg, struct famfs_err *err)
{
	struct in_place p = { .fn = fn, .arg = arg };
	int rc = dev_data_in_place(dev, off, len, false, fn, arg, err);

	return rc == -EOPNOTSUPP ? in_window(dev, &p, off, len, err) : rc;
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
		rc = err_hint(err, rc, "make room on the disk under the image: df %s",
			      text_shell(dev->path).s);
	return err_at(err, rc, off, FAMFS_NONE);
}

static int image_read(struct dev *dev, uint64_t off, void *buf, size_t len, struct famfs_err *err)
{
	char *to = buf;

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

int dev_data_read(struct dev *dev, uint64_t off, void *buf, size_t len, struct famfs_err *err)
{
	int rc = prepare(dev, off, len, err);

	if (rc)
		return rc;
	if (is_direct(dev, off, len))
		return dev_read(dev, off, buf, len, err);
	return image_read(dev, off, buf, len, err);
}

int dev_scan(struct dev *dev, uint64_t off, void *buf, size_t len, struct famfs_err *err)
{
	int rc = dev_check_range(dev, off, len, dev->size, err);

	if (rc || dev->kind == FAMFS_DEV_IMAGE)
		return rc ? rc : image_read(dev, off, buf, len, err);
	rc = dev_map(dev, dev->size, err);
	if (!rc)
		rc = dev_invalidate(dev, off, len, err);
	return rc ? rc : dev_read(dev, off, buf, len, err);
}

static uint64_t next_data(const struct dev *dev, uint64_t off, uint64_t end)
{
	off_t at;

	if (off >= end)
		return end;
	at = lseek(dev->fd, (off_t)(dev->base + off), SEEK_DATA);
	if (at < 0)
		return errno == ENXIO ? end : off;
	return (uint64_t)at - dev->base < end ? (uint64_t)at - dev->base : end;
}

uint64_t dev_skip_hole(const struct dev *dev, uint64_t off, uint64_t end)
{
	if (!has_holes(dev))
		return off < end ? off : end;
	return next_data(dev, off, end);
}

static bool has_shrunk(const struct dev *dev, uint64_t end)
{
	struct stat st;

	return fstat(dev->fd, &st) < 0 || dev->base + end > (uint64_t)st.st_size;
}

uint64_t dev_blank(const struct dev *dev, uint64_t off, uint64_t end, uint64_t step)
{
	uint64_t len;

	if (dev->kind != FAMFS_DEV_IMAGE || off >= end)
		return 0;
	len = next_data(dev, off, end) - off;
	if (len < end - off)
		return len - len % step;
	/* What was cut off is no hole: whoever reads it is told. */
	return has_shrunk(dev, end) ? 0 : len;
}

uint64_t dev_skip_data(const struct dev *dev, uint64_t off, uint64_t end)
{
	off_t at;

	if (!has_holes(dev) || off >= end)
		return end;
	at = lseek(dev->fd, (off_t)(dev->base + off), SEEK_HOLE);
	return at >= 0 && (uint64_t)at - dev->base < end ? (uint64_t)at - dev->base : end;
}

/* By halves: is there anything behind the middle? */
uint64_t dev_last_data(const struct dev *dev, uint64_t off, uint64_t end)
{
	uint64_t high = end;

	while (off < high) {
		uint64_t mid = off + (high - off) / 2, at = dev_skip_hole(dev, mid, end);

		if (at >= high)
			high = mid;
		else
			off = at + 1;
	}
	return off < end ? off : end;
}

static int image_write(struct dev *dev, uint64_t off, const char *from, size_t len,
		       struct famfs_err *err)
{
	/* A store behind the end would make a cut image grow again, as if nothing were lost. */
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

struct storing {
	const struct persist_ops *ops;
	const void *buf;
	size_t len;
};

static int do_store(void *arg, uint8_t *at)
{
	const struct storing *s = arg;

	s->ops->copy(at, s->buf, s->len);
	return 0;
}

int dev_data_write(struct dev *dev, uint64_t off, const void *buf, size_t len,
		   struct famfs_err *err)
{
	struct storing storing = { .ops = data_ops(dev), .buf = buf, .len = len };
	struct in_place p = { .fn = do_store, .arg = &storing };
	void *addr;
	int rc = dev_check_write(dev, err);

	if (!rc)
		rc = in_place(dev, &p, off, len, &addr, err);
	if (rc == -EOPNOTSUPP)
		return image_write(dev, off, buf, len, err);
	if (rc != -EIO || !addr)
		return rc;
	if ((uintptr_t)addr - (uintptr_t)buf < len)
		return err_set(err, -EFAULT, dev->name, "what was to be stored is not there");
	return dev_fault(dev, "stored to", off, addr, err);
}

/* One file system may let both files have the same blocks. */
static size_t clone_range(struct dev *dev, uint64_t off, int fd, uint64_t fd_off, size_t len)
{
	const struct file_clone_range range = {
		.src_fd = fd,
		.src_offset = fd_off,
		.src_length = len,
		.dest_offset = dev->base + off,
	};

	return ioctl(dev->fd, FICLONERANGE, &range) ? 0 : len;
}

static size_t kernel_copy(int from_fd, off_t from, int to_fd, off_t to, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = copy_file_range(from_fd, &from, to_fd, &to, len - done, 0);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

/* Several threads are faster when each reads while another writes: the file that is written in is
 * locked, and only once. */
size_t dev_data_take(struct dev *dev, uint64_t off, int fd, uint64_t fd_off, size_t len, bool alone)
{
	struct famfs_err ignored;

	if (dev->kind != FAMFS_DEV_IMAGE || dev_check_write(dev, &ignored) ||
	    dev_check_range(dev, off, len, dev->size, &ignored) || has_shrunk(dev, off + len))
		return 0;
	if (!alone)
		return clone_range(dev, off, fd, fd_off, len);
	return kernel_copy(fd, (off_t)fd_off, dev->fd, (off_t)(dev->base + off), len);
}

size_t dev_data_give(struct dev *dev, uint64_t off, int fd, uint64_t fd_off, size_t len)
{
	struct famfs_err ignored;

	if (dev->kind != FAMFS_DEV_IMAGE || dev_check_range(dev, off, len, dev->size, &ignored))
		return 0;
	return kernel_copy(dev->fd, (off_t)(dev->base + off), fd, (off_t)fd_off, len);
}

int dev_data_fence(struct dev *dev, struct famfs_err *err)
{
	data_ops(dev)->fence();
	if (dev->kind != FAMFS_DEV_IMAGE || !(dev->flags & DEV_SYNC))
		return 0;
	return dev_finish(dev, err);
}

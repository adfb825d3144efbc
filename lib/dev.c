/* SPDX-License-Identifier: Apache-2.0 */
/* Guarded accesses to what is mapped. */
#include <string.h>
#include <sys/stat.h>

#include "dev_impl.h"
#include "guard.h"
#include "text.h"

/* Of most CPUs; with another one lines are fetched twice, or some not. */

int dev_check_range(const struct dev *dev, uint64_t off, uint64_t len, uint64_t limit,
		    struct famfs_err *err)
{
	if (off <= limit && len <= limit - off)
		return 0;
	(void)err_set(err, -ERANGE, dev->name, "a range of %s at offset %llu lies outside (%s)",
		      text_count(len, "byte").s, (unsigned long long)off,
		      text_count(limit, "byte").s);
	return err_at(err, -ERANGE, off, FAMFS_NONE);
}

int dev_check_write(const struct dev *dev, struct famfs_err *err)
{
	if (dev->flags & DEV_WRITE)
		return 0;
	return err_set(err, -EROFS, dev->name, "was opened for reading only");
}

int dev_too_short(const struct dev *dev, uint64_t len, struct famfs_err *err)
{
	const char *what = dev->kind == FAMFS_DEV_DAX ? "device too small" : "truncated image";
	int rc = err_set(err, -EUCLEAN, dev->name, "%s: %s, at least %llu are needed", what,
			 text_count(dev->size, "byte").s, (unsigned long long)len);

	if (dev->kind == FAMFS_DEV_IMAGE)
		rc = err_hint(err, rc, "copy it again from where it is whole");
	return err_at(err, rc, dev->size, FAMFS_NONE);
}

static bool has_shrunk(const struct dev *dev, uint64_t off, uint64_t *ret_size)
{
	struct stat st;

	if (dev->kind != FAMFS_DEV_IMAGE || fstat(dev->fd, &st) < 0)
		return false;
	*ret_size = (uint64_t)st.st_size > dev->base ? (uint64_t)st.st_size - dev->base : 0;
	return off >= *ret_size;
}

/* Taken from its driver while it was in use: every page of the mapping is gone. */
static bool is_unbound(const struct dev *dev)
{
	struct dax_info info;
	struct stat st;

	if (dev->kind != FAMFS_DEV_DAX || fstat(dev->fd, &st) < 0 || !S_ISCHR(st.st_mode))
		return false;
	return dax_mode(dev->ctx, st.st_rdev, &info, NULL) < 0 ||
	       dax_require_devdax(&info, dev->name, NULL) < 0;
}

int dev_fault(const struct dev *dev, const char *doing, uint64_t off, const void *addr,
	      struct famfs_err *err)
{
	uintptr_t first = (uintptr_t)dev->map;
	uintptr_t at = (uintptr_t)addr;
	unsigned long long where;
	uint64_t size;
	int rc = -EIO;

	/* The kernel may round the address down to the page. */
	if (at >= first + off && at - first < dev->map_len)
		off = at - first;
	where = off;
	if (has_shrunk(dev, off, &size))
		rc = err_hint(err,
			      err_set(err, rc, dev->name,
				      "nothing at offset %llu: the image shrank to %s while "
				      "it was in use",
				      where, text_count(size, "byte").s),
			      "somebody truncated it: copy it again from where it is whole");
	else if (dev->kind == FAMFS_DEV_IMAGE)
		rc = err_hint(
			err,
			err_set(err, rc, dev->name,
				"cannot be %s at offset %llu: the disk under the image is full "
				"or failed",
				doing, where),
			"df %s; dmesg", text_shell(dev->path).s);
	else if (is_unbound(dev))
		rc = err_hint(err,
			      err_set(err, rc, dev->name,
				      "cannot be %s at offset %llu: the device was taken from its "
				      "driver",
				      doing, where),
			      "famfs list --all shows its mode");
	else
		rc = err_hint(err,
			      err_set(err, rc, dev->name,
				      "cannot be %s at offset %llu: media error", doing, where),
			      "ndctl list --media-errors shows what the host knows");
	return err_at(err, rc, off, FAMFS_NONE);
}

int dev_map(struct dev *dev, uint64_t len, struct famfs_err *err)
{
	if (len <= dev->map_len && dev->map)
		return 0;
	if (dev->kind == FAMFS_DEV_IMAGE)
		return dev_image_map(dev, len, err);
	if (len > dev->size)
		return dev_too_short(dev, len, err);
	return dev_dax_map(dev, err);
}

int dev_read(struct dev *dev, uint64_t off, void *buf, size_t len, struct famfs_err *err)
{
	void *addr;
	int rc = dev_check_range(dev, off, len, dev->map_len, err);

	if (rc < 0 || (guard_copy(buf, dev->map + off, len, &addr) == 0 &&
		       !guard_lost(dev->map + off, len, &addr)))
		return rc;
	return dev_fault(dev, "read", off, addr, err);
}

struct words {
	const uint8_t *at;
	struct le64 *to;
	size_t stride, nr;
};

static int do_read_words(void *arg)
{
	const struct words *w = arg;

	for (size_t i = 0; i < w->nr; i++)
		memcpy(&w->to[i], w->at + i * w->stride, sizeof(*w->to));
	return 0;
}

int dev_read_words(struct dev *dev, uint64_t off, size_t stride, struct le64 *words, size_t nr,
		   struct famfs_err *err)
{
	struct words w = { .to = words, .stride = stride, .nr = nr };
	size_t len = nr ? (nr - 1) * stride + sizeof(*words) : 0;
	void *addr;
	int rc = dev_check_range(dev, off, len, dev->map_len, err);

	if (rc < 0)
		return rc;
	w.at = dev->map + off;
	if (guard_call(do_read_words, &w, &addr) == 0 && !guard_lost(w.at, len, &addr))
		return 0;
	return dev_fault(dev, "read", off, addr, err);
}

static int check_store(const struct dev *dev, uint64_t off, uint64_t len, struct famfs_err *err)
{
	int rc = dev_check_write(dev, err);

	return rc ? rc : dev_check_range(dev, off, len, dev->map_len, err);
}

struct access {
	const struct persist_ops *ops;
	uint8_t *at;
	size_t len;
	const void *from;
	const uint64_t *v;
};

static int do_store(void *arg)
{
	const struct access *a = arg;

	a->ops->store(a->at, a->from, a->len);
	return 0;
}

static int do_publish(void *arg)
{
	const struct access *a = arg;

	a->ops->publish16(a->at, a->v);
	return 0;
}

static int do_writeback(void *arg)
{
	const struct access *a = arg;

	a->ops->writeback(a->at, a->len);
	return 0;
}

static int do_invalidate(void *arg)
{
	const struct access *a = arg;

	a->ops->invalidate(a->at, a->len);
	return 0;
}

int dev_store(struct dev *dev, uint64_t off, const void *buf, size_t len, struct famfs_err *err)
{
	struct access a = { .ops = dev->ops, .len = len, .from = buf };
	void *addr;
	int rc = check_store(dev, off, len, err);

	if (rc < 0)
		return rc;
	a.at = dev->map + off;
	if (guard_call(do_store, &a, &addr) == 0 && !guard_lost(a.at, a.len, &addr))
		return 0;
	return dev_fault(dev, "stored to", off, addr, err);
}

int dev_publish16(struct dev *dev, uint64_t off, const uint64_t v[2], struct famfs_err *err)
{
	struct access a = { .ops = dev->ops, .len = 16, .v = v };
	void *addr;
	int rc = check_store(dev, off, a.len, err);

	if (rc < 0)
		return rc;
	if (off % a.len != 0)
		return err_set(err, -EINVAL, dev->name, "offset %llu is no multiple of 16",
			       (unsigned long long)off);
	a.at = dev->map + off;
	if (guard_call(do_publish, &a, &addr) == 0 && !guard_lost(a.at, a.len, &addr))
		return 0;
	return dev_fault(dev, "stored to", off, addr, err);
}

int dev_writeback(struct dev *dev, uint64_t off, size_t len, struct famfs_err *err)
{
	struct access a = { .ops = dev->ops, .len = len };
	void *addr;
	int rc = dev_check_range(dev, off, len, dev->map_len, err);

	/* An image needs none, and so cannot fault. */
	if (rc < 0 || dev->kind == FAMFS_DEV_IMAGE)
		return rc;
	a.at = dev->map + off;
	if (guard_call(do_writeback, &a, &addr) == 0)
		return 0;
	return dev_fault(dev, "written back", off, addr, err);
}

int dev_invalidate(struct dev *dev, uint64_t off, size_t len, struct famfs_err *err)
{
	struct access a = { .ops = dev->ops, .len = len };
	void *addr;
	int rc = dev_check_range(dev, off, len, dev->map_len, err);

	if (rc < 0)
		return rc;
	a.at = dev->map + off;
	if (guard_call(do_invalidate, &a, &addr) == 0)
		return 0;
	return dev_fault(dev, "read", off, addr, err);
}

int dev_fence(struct dev *dev, struct famfs_err *err)
{
	dev->ops->fence();
	if (dev->kind == FAMFS_DEV_IMAGE && (dev->flags & DEV_SYNC) && dev->map)
		return dev_image_msync(dev, err);
	return 0;
}

int dev_zero(struct dev *dev, uint64_t off, uint64_t len,
	     void (*progress)(void *data, uint64_t bytes), void *data, struct famfs_err *err)
{
	struct dev_zero zero = { .off = off, .len = len, .progress = progress, .data = data };
	int rc = dev_check_write(dev, err);

	if (rc == 0)
		rc = dev_check_range(dev, off, len, dev->size, err);
	if (rc < 0)
		return rc;
	if (dev->kind == FAMFS_DEV_IMAGE)
		return dev_image_zero(dev, &zero, err);
	return dev_dax_zero(dev, &zero, err);
}

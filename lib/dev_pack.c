/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A metadata image as a device: unpacked to memory, as long as the device was that it was taken
 * from. Pages of zeros take no memory.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bits.h"
#include "dev_impl.h"
#include "pack.h"

#define PAGE 4096U

static int cannot_unpack(const struct dev *dev, int rc, struct famfs_err *err)
{
	return err_set(err, rc, dev->name, "cannot be unpacked to memory: %s", strerror(-rc));
}

struct unpack {
	const struct dev *dev;
	int fd;
};

/* All but what is zero there already, page by page of the device. */
static int put(void *data, const struct pack_range *range, struct famfs_err *err)
{
	const struct unpack *to = data;
	uint64_t off = range->section.off, len = range->bytes ? range->section.len : 0;
	const uint8_t *from = range->bytes;

	while (len > 0) {
		uint64_t page = PAGE - off % PAGE;
		size_t part = len < page ? (size_t)len : (size_t)page;

		errno = 0;
		if (!bits_none(from, part) &&
		    pwrite(to->fd, from, part, (off_t)off) != (ssize_t)part)
			return cannot_unpack(to->dev, errno ? -errno : -EIO, err);
		from += part;
		off += part;
		len -= part;
	}
	if (ctx_cancelled(to->dev->ctx))
		return err_set(err, -ECANCELED, to->dev->name, "cancelled");
	return 0;
}

static int unpack(const struct dev *dev, struct pack_reader *r, int fd, struct famfs_err *err)
{
	struct unpack to = { .dev = dev, .fd = fd };

	if (ftruncate(fd, (off_t)r->info.dev_size) < 0)
		return cannot_unpack(dev, -errno, err);
	return pack_each(r, put, &to, NULL, err);
}

static int refuse_kind(const struct dev *dev, const struct famfs_image_info *info,
		       struct famfs_err *err)
{
	int rc;

	if (info->kind != FAMFS_IMAGE_METADATA) {
		rc = err_set(err, -ENODEV, dev->name, "is an undo file, no device");
		return err_hint(err, rc, "famfs image restore %s DEVICE brings back what is in it",
				text_shell(dev->name).s);
	}
	if (dev->flags & DEV_WRITE) {
		rc = err_set(err, -EROFS, dev->name, "is a metadata image, which is only read");
		return err_hint(err, rc, "famfs image restore %s DEVICE puts it on a device",
				text_shell(dev->name).s);
	}
	return 0;
}

static int take(struct dev *dev, struct pack_reader *r, struct famfs_err *err)
{
	int fd, rc = refuse_kind(dev, &r->info, err);

	if (rc)
		return rc;
	fd = memfd_create("famfs-metadata", MFD_CLOEXEC);
	if (fd < 0)
		return cannot_unpack(dev, -errno, err);
	rc = unpack(dev, r, fd, err);
	if (rc) {
		(void)close(fd);
		return rc;
	}
	(void)close(dev->fd);
	dev->fd = fd;
	dev->base = 0;
	dev->size = r->info.dev_size;
	dev->direct = NULL;
	dev->metadata_only = true;
	dev->origin = r->info;
	return 0;
}

int dev_pack_take(struct dev *dev, struct famfs_err *err)
{
	struct pack_reader r;
	int rc = pack_open(&r, dev->fd, dev->base, dev->name, err);

	if (!rc)
		rc = take(dev, &r, err);
	pack_reader_fini(&r);
	return rc;
}

int dev_require_data(const struct dev *dev, struct famfs_err *err)
{
	if (!dev->metadata_only)
		return 0;
	return err_hint(err,
			err_set(err, -EOPNOTSUPP, dev->name,
				"is a metadata image: the bytes of files are not in it"),
			"read them from the device that it was taken from");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What else is on a device. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bits.h"
#include "ctx.h"
#include "err.h"
#include "probe.h"

#define PROBE_LEN 0x100000ULL
#define COPY_LEN  4096

static int read_any(struct dev *dev, uint64_t off, void *buf, size_t len, struct famfs_err *err)
{
	if (dev->kind == FAMFS_DEV_DAX)
		return dev_read(dev, off, buf, len, err);
	if (pread(dev->fd, buf, len, (off_t)(dev->base + off)) != (ssize_t)len)
		return err_at(err, err_set(err, -EIO, dev->name, "cannot read"), off, FAMFS_NONE);
	return 0;
}

/* A range in parts; the first answer of @fn that is not 0 ends it. */
static int each_part(struct dev *dev, uint64_t off, uint64_t len,
		     int (*fn)(void *data, const char *buf, size_t part, uint64_t off), void *data,
		     struct famfs_err *err)
{
	char buf[COPY_LEN];
	int rc = 0;

	for (uint64_t end = off + len; off < end && !rc; off += sizeof(buf)) {
		size_t part = end - off < sizeof(buf) ? (size_t)(end - off) : sizeof(buf);

		rc = read_any(dev, off, buf, part, err);
		if (!rc)
			rc = fn(data, buf, part, off);
	}
	return rc;
}

static int has_data(void *data, const char *buf, size_t part, uint64_t off)
{
	(void)data;
	(void)off;
	return !bits_none(buf, part);
}

/* Nothing here can name what is there: that there is something must do. */
static int probe_blindly(struct dev *dev, char *buf, size_t len, struct famfs_err *err)
{
	uint64_t probed = dev->size < PROBE_LEN ? dev->size : PROBE_LEN;
	int rc = each_part(dev, 0, probed, has_data, NULL, err);

	if (!rc)
		rc = each_part(dev, dev->size - probed, probed, has_data, NULL, err);
	if (rc > 0)
		snprintf(buf, len, "data that cannot be named without libblkid");
	return rc < 0 ? rc : 0;
}

#ifdef HAVE_LIBBLKID
#include <blkid/blkid.h>

/* The functions used, loaded when first needed: most commands have no use for them. */
struct blkid_lib {
	void *handle;
	__typeof__(blkid_new_probe) *new_probe;
	__typeof__(blkid_free_probe) *free_probe;
	__typeof__(blkid_probe_set_device) *set_device;
	__typeof__(blkid_probe_enable_superblocks) *enable_superblocks;
	__typeof__(blkid_probe_enable_partitions) *enable_partitions;
	__typeof__(blkid_do_safeprobe) *do_safeprobe;
	__typeof__(blkid_probe_lookup_value) *lookup_value;
};

static bool load(struct blkid_lib *lib)
{
	lib->handle = dlopen(FAMFS_SONAME_BLKID, RTLD_NOW | RTLD_LOCAL);
	if (!lib->handle)
		return false;
	lib->new_probe = dlsym(lib->handle, "blkid_new_probe");
	lib->free_probe = dlsym(lib->handle, "blkid_free_probe");
	lib->set_device = dlsym(lib->handle, "blkid_probe_set_device");
	lib->enable_superblocks = dlsym(lib->handle, "blkid_probe_enable_superblocks");
	lib->enable_partitions = dlsym(lib->handle, "blkid_probe_enable_partitions");
	lib->do_safeprobe = dlsym(lib->handle, "blkid_do_safeprobe");
	lib->lookup_value = dlsym(lib->handle, "blkid_probe_lookup_value");
	return lib->new_probe && lib->free_probe && lib->set_device && lib->enable_superblocks &&
	       lib->enable_partitions && lib->do_safeprobe && lib->lookup_value;
}

/* A device cannot be read(2): a sparse copy of its two ends can. */
struct copying {
	struct dev *dev;
	int fd;
	struct famfs_err *err;
};

static int copy_part(void *data, const char *buf, size_t part, uint64_t off)
{
	const struct copying *c = data;

	if (pwrite(c->fd, buf, part, (off_t)off) == (ssize_t)part)
		return 0;
	return err_set(c->err, -EIO, c->dev->name, "cannot copy its ends: %s", strerror(errno));
}

static int copy_range(struct dev *dev, int fd, uint64_t off, uint64_t len, struct famfs_err *err)
{
	struct copying copying = { .dev = dev, .fd = fd, .err = err };

	return each_part(dev, off, len, copy_part, &copying, err);
}

static int copy_ends(struct dev *dev, int fd, struct famfs_err *err)
{
	uint64_t len = dev->size < PROBE_LEN ? dev->size : PROBE_LEN;
	int rc;

	if (ftruncate(fd, (off_t)dev->size))
		return err_set(err, -errno, dev->name, "cannot copy its ends: %s", strerror(errno));
	rc = copy_range(dev, fd, 0, len, err);
	return rc ? rc : copy_range(dev, fd, dev->size - len, len, err);
}

static void recognise(const struct blkid_lib *lib, int fd, char *buf, size_t len)
{
	blkid_probe probe = lib->new_probe();
	const char *type;

	if (!probe)
		return;
	if (!lib->set_device(probe, fd, 0, 0)) {
		lib->enable_superblocks(probe, 1);
		lib->enable_partitions(probe, 1);
		switch (lib->do_safeprobe(probe)) {
		case 0:
			if (!lib->lookup_value(probe, "TYPE", &type, NULL))
				snprintf(buf, len, "%s file system or volume", type);
			else if (!lib->lookup_value(probe, "PTTYPE", &type, NULL))
				snprintf(buf, len, "%s partition table", type);
			break;
		case -2:
			snprintf(buf, len, "several file systems at once");
			break;
		default:
			break;
		}
	}
	lib->free_probe(probe);
}

int probe_foreign(struct dev *dev, char *buf, size_t len, struct famfs_err *err)
{
	struct blkid_lib lib = { 0 };
	int fd, rc = 0;

	buf[0] = '\0';
	if (!load(&lib)) {
		ctx_debug(dev->ctx, "%s is missing: other file systems are not told apart",
			  FAMFS_SONAME_BLKID);
		if (lib.handle)
			dlclose(lib.handle);
		return probe_blindly(dev, buf, len, err);
	}
	fd = memfd_create("famfs-probe", MFD_CLOEXEC);
	if (fd < 0)
		rc = err_set(err, -errno, dev->name,
			     "cannot be looked at: no file in memory can be made: %s",
			     strerror(errno));
	if (!rc)
		rc = copy_ends(dev, fd, err);
	if (!rc)
		recognise(&lib, fd, buf, len);
	if (fd >= 0)
		close(fd);
	dlclose(lib.handle);
	return rc;
}

#else

int probe_foreign(struct dev *dev, char *buf, size_t len, struct famfs_err *err)
{
	buf[0] = '\0';
	return probe_blindly(dev, buf, len, err);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What is on a device that is about to be written over, and who uses it. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "dax.h"
#include "err.h"
#include "media.h"
#include "occupant.h"
#include "probe.h"
#include "role.h"
#include "super.h"
#include "text.h"
#include "users.h"

int occupant_famfs(struct dev *dev, char *buf, size_t len, struct famfs_err *err)
{
	char uuid[FAMFS_UUID_STR], master[FAMFS_UUID_STR];
	struct famfs_super super;
	unsigned int problems;
	int rc = super_read(dev, &super, &problems, err);

	buf[0] = '\0';
	if (rc)
		return rc;
	if (problems & SUPER_CUT_OFF)
		snprintf(buf, len, "a famfs whose restore was cut off");
	if (problems & SUPER_BAD_MAGIC)
		return 0;
	if (problems & SUPER_BAD_VERSION)
		snprintf(buf, len, "a famfs file system of format version %" PRIu64, super.version);
	else if (problems)
		snprintf(buf, len, "a damaged famfs file system");
	else if (role_of(dev->ctx, &super) == FAMFS_ROLE_MASTER)
		snprintf(buf, len, "famfs file system %s of this host",
			 famfs_uuid_format(super.uuid, uuid));
	else
		snprintf(buf, len, "famfs file system %s of another host (system UUID %s)",
			 famfs_uuid_format(super.uuid, uuid),
			 famfs_uuid_format(super.system_uuid, master));
	return 0;
}

/*
 * Another famfs in the same file, of which this one would be a part, or the other way round: one at
 * byte 0 when this begins later, one behind an NVDIMM's label when this begins at byte 0.
 */
static void recognise_nested(const struct dev *dev, char *buf, size_t len)
{
	uint64_t at = dev->base ? 0 : FAMFS_LOG_OFF;
	struct le64 magic;

	if (dev->kind == FAMFS_DEV_IMAGE &&
	    pread(dev->fd, &magic, sizeof(magic), (off_t)at) == (ssize_t)sizeof(magic) &&
	    le64_get(magic) == MEDIA_SUPER_MAGIC)
		snprintf(buf, len,
			 "a famfs file system that begins at byte %" PRIu64 " of the file", at);
}

int occupant_any(struct dev *dev, char *buf, size_t len, struct famfs_err *err)
{
	int rc;

	buf[0] = '\0';
	if (dev->size < FAMFS_LOG_OFF)
		return 0;
	rc = occupant_famfs(dev, buf, len, err);
	if (!rc && !buf[0])
		recognise_nested(dev, buf, len);
	if (!rc && !buf[0])
		rc = probe_foreign(dev, buf, len, err);
	return rc;
}

int occupant_require_idle(struct dev *dev, struct famfs_err *err)
{
	char where[FAMFS_FILE_PATH_SIZE];
	uint64_t off, len;
	struct stat st;
	int rc;

	/* Also in containers: what is done to it is more than a mount could bear. */
	rc = fstat(dev->fd, &st) ? -errno : users_mounted_anywhere(dev->ctx, &st, dev->path, where);
	if (rc < 0)
		return users_unknown(dev->name, rc, err);
	if (rc) {
		rc = err_set(err, -EBUSY, dev->name, "is mounted at %s", where);
		return err_hint(err, rc, "umount %s", text_shell(where).s);
	}
	rc = dev_held_next(dev, 0, &off, &len, err);
	if (rc <= 0)
		return rc;
	return err_hint(err,
			err_set(err, -EBUSY, dev->name,
				"another command is filling space at offset %" PRIu64, off),
			"try again when that is done: lslocks shows it");
}

/* Keeps the range that comes first. */
static void take_first(void *data, uint64_t off, uint64_t len)
{
	struct famfs_extent *first = data;

	if (off < first->off)
		*first = (struct famfs_extent){ .off = off, .len = len };
}

int occupant_require_memory(struct dev *dev, uint64_t end, uint64_t *ret_bad, struct famfs_err *err)
{
	struct famfs_extent first = { .off = FAMFS_NONE };
	char name[64] = "NAMESPACE";
	int rc = 0;

	*ret_bad = 0;
	if (dev->kind == FAMFS_DEV_DAX)
		rc = dax_media_errors(dev->ctx, &dev->dax, take_first, &first, err);
	if (rc || first.off >= end)
		return rc;
	*ret_bad = first.off;
	rc = err_set(err, -EIO, dev->name,
		     "media errors where superblock and log would be: %s at offset %" PRIu64,
		     text_size(first.len).s, first.off);
	(void)dax_namespace(dev->ctx, dev->dax.name, name, sizeof(name));
	return err_hint(err, err_at(err, rc, first.off, FAMFS_NONE),
			"to have the memory mended, if it can be: ndctl clear-errors %s", name);
}

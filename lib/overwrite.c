/* SPDX-License-Identifier: Apache-2.0 */
/* New bytes for a file that is there, in place. */
#include "err.h"
#include "fill.h"
#include "fs.h"

/* Metadata has its own writers; a map that is not whole and safe must not be written through. */
static int require_writable(struct famfs *fs, const struct famfs_entry *entry,
			    struct famfs_err *err)
{
	int rc;

	if (entry->file_type == FAMFS_FILE_REGULAR)
		return fs_require_safe(fs, entry, err);
	rc = err_set(err, -EPERM, "", "is metadata, which is not written as a file");
	return err_inside(err, rc, fs->dev->name, entry->path);
}

static int hold(struct dev *dev, const struct famfs_entry *entry, struct famfs_err *err)
{
	int rc = 0;

	for (uint32_t i = 0; i < entry->extents_nr && !rc; i++)
		rc = dev_hold(dev, entry->extents[i].off, entry->extents[i].len, err);
	return rc;
}

int famfs_overwrite(struct famfs *fs, const struct famfs_entry *entry,
		    int (*fill)(void *data, struct famfs_fill *fill, struct famfs_err *err),
		    const struct famfs_data_opts *opts, struct famfs_err *err)
{
	struct famfs_fill to = {
		.ctx = fs->ctx, .dev = fs->dev, .entry = entry, .known = UINT64_MAX
	};
	void *data = opts ? opts->data : NULL;
	int rc = fs_begin_write(fs, err);

	if (rc)
		return rc;
	if (opts) {
		to.threads = opts->threads;
		to.progress = opts->progress;
		to.progress_data = opts->data;
	}
	rc = require_writable(fs, entry, err);
	if (!rc)
		rc = hold(fs->dev, entry, err);
	/* Others may append meanwhile; the reservation keeps mkfs away. */
	dev_unlock(fs->dev);
	if (!rc)
		rc = fill(data, &to, err);
	if (!rc)
		rc = dev_data_fence(fs->dev, err);
	if (!rc)
		rc = dev_finish(fs->dev, err);
	dev_drop(fs->dev, 0, fs->dev->size);
	return rc;
}

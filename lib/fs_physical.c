/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a device and physical addresses of the host. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "err.h"
#include "fs.h"

/* Asks the host once. */
static int load_ranges(struct famfs *fs, struct famfs_err *err)
{
	struct stat st;
	int rc;

	if (!fs->ranges_known && fs->dev->kind == FAMFS_DEV_DAX && !fstat(fs->dev->fd, &st))
		fs->ranges_nr = dax_ranges(fs->ctx, st.st_rdev, &fs->dev->dax, fs->ranges);
	fs->ranges_known = true;
	if (fs->ranges_nr)
		return 0;
	if (fs->dev->kind == FAMFS_DEV_IMAGE)
		return err_set(err, -ENODATA, fs->dev->name, "an image has no physical addresses");
	rc = err_set(err, -ENODATA, fs->dev->name, "the host does not tell its physical address");
	return err_hint(err, rc, "it tells root only");
}

int famfs_physical(struct famfs *fs, uint64_t off, uint64_t *ret_address, uint64_t *ret_len,
		   struct famfs_err *err)
{
	uint64_t before = 0, in;
	int rc = load_ranges(fs, err);

	for (uint32_t i = 0; !rc && i < fs->ranges_nr; i++) {
		in = off - before;
		if (in < fs->ranges[i].len) {
			*ret_address = fs->ranges[i].address + in;
			if (ret_len)
				*ret_len = fs->ranges[i].len - in;
			return 0;
		}
		before += fs->ranges[i].len;
	}
	return rc ? rc
		  : err_set(err, -ERANGE, fs->dev->name, "offset %" PRIu64 " is behind its end",
			    off);
}

int famfs_physical_off(struct famfs *fs, uint64_t address, uint64_t *ret_off, struct famfs_err *err)
{
	uint64_t before = 0;
	int rc = load_ranges(fs, err);

	for (uint32_t i = 0; !rc && i < fs->ranges_nr; i++) {
		uint64_t in = address - fs->ranges[i].address;

		if (in < fs->ranges[i].len) {
			*ret_off = before + in;
			return 0;
		}
		before += fs->ranges[i].len;
	}
	return rc ? rc
		  : err_set(err, -ERANGE, fs->dev->name,
			    "physical address 0x%" PRIx64 " is not in it", address);
}

int famfs_physical_device(const struct famfs_ctx *ctx, uint64_t address, char *ret_device,
			  size_t len, struct famfs_err *err)
{
	char object[32], name[64];
	int rc = dax_find_address(ctx, address, name, sizeof(name)), n;

	(void)snprintf(object, sizeof(object), "0x%" PRIx64, address);
	if (rc)
		return err_hint(err,
				err_set(err, rc, object,
					"no DAX device of this host is known to "
					"have this physical address"),
				"run it as root, who alone sees addresses; write hexadecimal "
				"with 0x");
	n = snprintf(ret_device, len, "/dev/%s", name);
	if (n < 0 || (size_t)n >= len)
		return err_set(err, -ENAMETOOLONG, object, "/dev/%s does not fit", name);
	return 0;
}

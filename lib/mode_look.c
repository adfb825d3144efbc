/* SPDX-License-Identifier: Apache-2.0 */
/* What lists say about a mode that was changed. */
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "err.h"
#include "mode_impl.h"

/* Does nobody hold it? The look takes no lock that anybody would wait for long. */
static bool is_left(int fd)
{
	if (mode_flock(fd, LOCK_EX | LOCK_NB) < 0)
		return false;
	(void)mode_flock(fd, LOCK_UN);
	return true;
}

void mode_look(const struct famfs_ctx *ctx, dev_t rdev, const struct dax_info *info,
	       struct famfs_device *device)
{
	struct mode_record record;
	int fd = mode_record_open(ctx, info->name);

	device->change = FAMFS_CHANGE_NONE;
	if (fd < 0) {
		if (fd == -EACCES)
			device->change = FAMFS_CHANGE_UNSEEN;
		return;
	}
	if (mode_record_read(fd, info->name, &record) == 0 && record.rdev == rdev &&
	    strcmp(record.driver, info->driver) != 0) {
		device->change = is_left(fd) ? FAMFS_CHANGE_LEFT : FAMFS_CHANGE_NOW;
		device->change_pid = record.pid;
		device->mode_before = dax_mode_of_driver(record.driver);
		mode_remedy(&record, info->driver, device->put_back, sizeof(device->put_back));
	}
	(void)close(fd);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The mode of a DAX device: changed for a while where the context allows it, and put back. */
#ifndef MODE_H
#define MODE_H

#include <sys/stat.h>

#include "dax.h"

/* A device that is about to be opened. */
struct mode_target {
	const struct stat *st; /* of its node */
	const char *path;      /* the node */
	const char *device;    /* as the caller named it: the object of errors */
	bool write;
};

/*
 * Before a DAX device is opened: waits for one whose mode is just being put back. Where the context
 * allows it, a device in the wrong mode is brought into devdax mode; a guardian puts it back when
 * this process ends, and famfs_modes_restore() before that. Whether it is in devdax mode then, the
 * caller looks.
 * @ret_fd: while this is open, nobody puts the mode back that the device had; -1: there is no need.
 * Return: 0; -EBUSY: somebody else uses it; -EPERM: it cannot be known whether; -EACCES, -ENOENT,
 * -EIO, ...: the mode cannot be changed, and is what it was.
 */
int mode_enter(struct famfs_ctx *ctx, const struct mode_target *target, int *ret_fd,
	       struct famfs_err *err);

/* What is recorded about a device's mode, for lists: sets the parts of @device that tell. */
void mode_look(const struct famfs_ctx *ctx, dev_t rdev, const struct dax_info *info,
	       struct famfs_device *device);

#endif

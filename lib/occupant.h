/* SPDX-License-Identifier: Apache-2.0 */
/* What is on a device that is about to be written over, and who uses it. */
#ifndef OCCUPANT_H
#define OCCUPANT_H

#include "dev.h"

/* Names a famfs that is there, whole or damaged; "" if there is none. Return: 0, -errno. */
int occupant_famfs(struct dev *dev, char *buf, size_t len, struct famfs_err *err);

/* Names whatever is recognised: a famfs, one beside or around it, anything else. */
int occupant_any(struct dev *dev, char *buf, size_t len, struct famfs_err *err);

/* -EBUSY for a device that is mounted, or has space reserved by another command. */
int occupant_require_idle(struct dev *dev, struct famfs_err *err);

/*
 * -EIO for a device whose memory is known to be bad before @end: metadata has one place only.
 * *@ret_bad: where, if so.
 */
int occupant_require_memory(struct dev *dev, uint64_t end, uint64_t *ret_bad,
			    struct famfs_err *err);

#endif

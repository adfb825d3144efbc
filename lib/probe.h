/* SPDX-License-Identifier: Apache-2.0 */
/* What else is on a device: file systems, partition tables, RAID members, ... by libblkid. */
#ifndef PROBE_H
#define PROBE_H

#include "dev.h"

/*
 * Looks at the first and last MiB. @buf receives, for people, what was recognised ("ext4 file
 * system", "gpt partition table"), or "". Without libblkid all but zeros is "data".
 * Return: 0, -EIO, -ENOMEM and what memfd_create(2) gives.
 */
int probe_foreign(struct dev *dev, char *buf, size_t len, struct famfs_err *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The ways in which `list` shows a device. */
#ifndef FAMFS_CLI_LIST_H
#define FAMFS_CLI_LIST_H

#include "cmd.h"

const char *list_mode(const struct famfs_device *device);
const char *list_mode_before(const struct famfs_device *device); /* NULL: it was not changed */
const char *list_content(const struct famfs_device *device);
const char *list_role(const struct famfs_device *device);

/* As KEY=VALUE lines, for a shell's eval and for udev's IMPORT; @first: no empty line before. */
void list_export(struct emit *out, const struct famfs_device *device, bool first);

#endif

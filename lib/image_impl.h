/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of image*.c. */
#ifndef IMAGE_IMPL_H
#define IMAGE_IMPL_H

#include "dev.h"
#include "pack.h"

/*
 * A descriptor of the image that can be read at offsets: the source's own, or that of an unnamed
 * temporary file with all that a pipe gave. Released with image_release().
 */
int image_seekable(struct famfs_ctx *ctx, const struct famfs_image_source *source, int *ret_fd,
		   struct famfs_err *err);
void image_release(const struct famfs_image_source *source, int fd);

/* Takes the UUIDs of a valid superblock. */
void image_set_super(struct famfs_image_info *info, const struct famfs_super *super);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of dev*.c. */
#ifndef DEV_IMPL_H
#define DEV_IMPL_H

#include "ctx.h"
#include "dev.h"
#include "err.h"
#include "mode.h"
#include "text.h"

/* Space that is being zeroed, piece by piece. */
struct dev_zero {
	uint64_t off, len;
	void (*progress)(void *data, uint64_t bytes); /* may be NULL */
	void *data;
};

/* Refuses what does not lie in [0, @limit). Return: 0 or -ERANGE. */
int dev_check_range(const struct dev *dev, uint64_t off, uint64_t len, uint64_t limit,
		    struct famfs_err *err);

/* Refuses to change what was opened for reading. Return: 0 or -EROFS. */
int dev_check_write(const struct dev *dev, struct famfs_err *err);

/* -EUCLEAN for a device that ends before @len. */
int dev_too_short(const struct dev *dev, uint64_t len, struct famfs_err *err);

/* The words for a fault at @addr in an access to @off; @doing: "read", "stored". Return: -EIO. */
int dev_fault(const struct dev *dev, const char *doing, uint64_t off, const void *addr,
	      struct famfs_err *err);

int dev_image_map(struct dev *dev, uint64_t len, struct famfs_err *err);
void dev_image_unmap(struct dev *dev);
int dev_image_zero(struct dev *dev, const struct dev_zero *zero, struct famfs_err *err);
int dev_image_msync(struct dev *dev, struct famfs_err *err);

/* Puts the device that a metadata image stands for in the place of its file. */
int dev_pack_take(struct dev *dev, struct famfs_err *err);
/* -EOPNOTSUPP for a metadata image. */
int dev_require_data(const struct dev *dev, struct famfs_err *err);

int dev_dax_map(struct dev *dev, struct famfs_err *err);
int dev_dax_zero(struct dev *dev, const struct dev_zero *zero, struct famfs_err *err);

#endif

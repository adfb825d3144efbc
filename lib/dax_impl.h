/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of dax*.c: reading sysfs, and the libraries as tables of functions. */
#ifndef DAX_IMPL_H
#define DAX_IMPL_H

#include <daxctl/libdaxctl.h>
#ifdef HAVE_LIBNDCTL
#include <ndctl/libndctl.h>
#endif

#include "ctx.h"
#include "dax.h"

#define DAX_SYSFS_TEXT 4096 /* an attribute is at most one page */

/* Last part of what the link @path (below the context's root) points to. Return: 0 or -errno. */
int dax_sysfs_link(const struct famfs_ctx *ctx, const char *path, char *ret_name, size_t len);

/* An attribute as text without the line end. Return: 0 or -errno. */
int dax_sysfs_text(const struct famfs_ctx *ctx, const char *path, char *buf, size_t len);

/* An attribute that is one number, decimal or 0x. Return: 0, -EINVAL (no number), -errno. */
int dax_sysfs_u64(const struct famfs_ctx *ctx, const char *path, uint64_t *ret_value);

/* Stores to an attribute. Return: 0 or -errno. */
int dax_sysfs_store(const struct famfs_ctx *ctx, const char *path, const char *text);

/* A number below the device's node in sysfs, such as "size". Return: as dax_sysfs_u64(). */
int dax_node_u64(const struct famfs_ctx *ctx, dev_t rdev, const char *attr, uint64_t *ret_value);

/* The real prototypes, so that a call through the table is checked as a direct one would be. */
struct dax_daxctl {
	void *handle;
	__typeof__(daxctl_new) *new;
	__typeof__(daxctl_unref) *unref;
	__typeof__(daxctl_set_log_fn) *set_log_fn;
	__typeof__(daxctl_region_get_first) *region_get_first;
	__typeof__(daxctl_region_get_next) *region_get_next;
	__typeof__(daxctl_dev_get_first) *dev_get_first;
	__typeof__(daxctl_dev_get_next) *dev_get_next;
	__typeof__(daxctl_dev_get_devname) *dev_get_devname;
	__typeof__(daxctl_dev_get_size) *dev_get_size;
	__typeof__(daxctl_dev_get_align) *dev_get_align;
	__typeof__(daxctl_dev_get_resource) *dev_get_resource;
	__typeof__(daxctl_dev_get_target_node) *dev_get_target_node;
	/* Each may be missing, and then is NULL. */
	__typeof__(daxctl_dev_disable) *dev_disable;
	__typeof__(daxctl_dev_enable_devdax) *dev_enable_devdax;
	__typeof__(daxctl_dev_enable_ram) *dev_enable_ram;
#ifdef HAVE_DAXCTL_FAMFS
	__typeof__(daxctl_dev_enable_famfs) *dev_enable_famfs;
#else
	int (*dev_enable_famfs)(struct daxctl_dev *dev); /* not in every header */
#endif
};

/* Return: 0, -ENOENT when the library or one of its functions is not there. */
int dax_daxctl_load(const struct famfs_ctx *ctx, struct dax_daxctl *ret_lib);
void dax_daxctl_unload(struct dax_daxctl *lib);

/*
 * Calls @fn with the library's view of a device. Return: what @fn returned; -ENOENT: the library,
 * or the device in it, is not there.
 */
int dax_daxctl_call(const struct famfs_ctx *ctx, const char *name,
		    int (*fn)(const struct dax_daxctl *lib, struct daxctl_dev *dev, void *data),
		    void *data);

#ifdef HAVE_LIBNDCTL
struct dax_ndctl {
	void *handle;
	__typeof__(ndctl_new) *new;
	__typeof__(ndctl_unref) *unref;
	__typeof__(ndctl_set_log_fn) *set_log_fn;
	__typeof__(ndctl_bus_get_first) *bus_get_first;
	__typeof__(ndctl_bus_get_next) *bus_get_next;
	__typeof__(ndctl_region_get_first) *region_get_first;
	__typeof__(ndctl_region_get_next) *region_get_next;
	__typeof__(ndctl_region_get_resource) *region_get_resource;
	__typeof__(ndctl_region_get_size) *region_get_size;
	__typeof__(ndctl_region_get_first_badblock) *region_get_first_badblock;
	__typeof__(ndctl_region_get_next_badblock) *region_get_next_badblock;
};

int dax_ndctl_load(const struct famfs_ctx *ctx, struct dax_ndctl *ret_lib);
void dax_ndctl_unload(struct dax_ndctl *lib);
#endif

#endif

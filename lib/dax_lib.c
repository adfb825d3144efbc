/* SPDX-License-Identifier: Apache-2.0 */
/* libdaxctl and libndctl, loaded when asked for: most commands never pay for them. */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "dax_impl.h"

#ifndef FAMFS_SONAME_DAXCTL
#define FAMFS_SONAME_DAXCTL "libdaxctl.so.1"
#endif
#ifndef FAMFS_SONAME_NDCTL
#define FAMFS_SONAME_NDCTL "libndctl.so.6"
#endif

struct symbol {
	const char *name;
	size_t slot; /* where in the table its address goes */
	bool optional;
};

static int load(const struct famfs_ctx *ctx, const char *soname, const struct symbol *symbols,
		char *table, void **ret_handle)
{
	void *handle = dlopen(soname, RTLD_NOW | RTLD_LOCAL);

	if (!handle) {
		ctx_debug(ctx, "%s", dlerror());
		return -ENOENT;
	}
	for (; symbols->name; symbols++) {
		void *fn = dlsym(handle, symbols->name);

		if (!fn && !symbols->optional) {
			ctx_debug(ctx, "%s has no %s", soname, symbols->name);
			(void)dlclose(handle);
			return -ENOENT;
		}
		memcpy(table + symbols->slot, &fn, sizeof(fn));
	}
	*ret_handle = handle;
	return 0;
}

#define DAXCTL(fn) "daxctl_" #fn, offsetof(struct dax_daxctl, fn)

int dax_daxctl_load(const struct famfs_ctx *ctx, struct dax_daxctl *ret_lib)
{
	static const struct symbol symbols[] = {
		{ DAXCTL(new), false },
		{ DAXCTL(unref), false },
		{ DAXCTL(set_log_fn), false },
		{ DAXCTL(region_get_first), false },
		{ DAXCTL(region_get_next), false },
		{ DAXCTL(dev_get_first), false },
		{ DAXCTL(dev_get_next), false },
		{ DAXCTL(dev_get_devname), false },
		{ DAXCTL(dev_get_size), false },
		{ DAXCTL(dev_get_align), false },
		{ DAXCTL(dev_get_resource), false },
		{ DAXCTL(dev_get_target_node), false },
		{ DAXCTL(dev_disable), true },
		{ DAXCTL(dev_enable_devdax), true },
		{ DAXCTL(dev_enable_ram), true },
		{ DAXCTL(dev_enable_famfs), true },
		{ NULL, 0, false },
	};

	return load(ctx, FAMFS_SONAME_DAXCTL, symbols, (char *)ret_lib, &ret_lib->handle);
}

void dax_daxctl_unload(struct dax_daxctl *lib)
{
	(void)dlclose(lib->handle);
}

#ifdef HAVE_LIBNDCTL

#define NDCTL(fn) "ndctl_" #fn, offsetof(struct dax_ndctl, fn)

int dax_ndctl_load(const struct famfs_ctx *ctx, struct dax_ndctl *ret_lib)
{
	static const struct symbol symbols[] = {
		{ NDCTL(new), false },
		{ NDCTL(unref), false },
		{ NDCTL(set_log_fn), false },
		{ NDCTL(bus_get_first), false },
		{ NDCTL(bus_get_next), false },
		{ NDCTL(region_get_first), false },
		{ NDCTL(region_get_next), false },
		{ NDCTL(region_get_resource), false },
		{ NDCTL(region_get_size), false },
		{ NDCTL(region_get_first_badblock), false },
		{ NDCTL(region_get_next_badblock), false },
		{ NULL, 0, false },
	};

	return load(ctx, FAMFS_SONAME_NDCTL, symbols, (char *)ret_lib, &ret_lib->handle);
}

void dax_ndctl_unload(struct dax_ndctl *lib)
{
	(void)dlclose(lib->handle);
}

#endif

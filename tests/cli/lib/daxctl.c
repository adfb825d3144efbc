// SPDX-License-Identifier: Apache-2.0
/*
 * A libdaxctl that knows one device, dax0.0 of a tree that stands for /sys, and binds it as the
 * kernel would. With FAMFS it is a new one, which knows the famfs mode. Built by 595-set-mode.bats.
 */
#include <stddef.h>
#include <unistd.h>

#define DRIVER "/sys/bus/dax/devices/dax0.0/driver"

static int one;

int daxctl_new(void **ctx)
{
	*ctx = &one;
	return 0;
}

void *daxctl_unref(void *ctx)
{
	(void)ctx;
	return NULL;
}

void daxctl_set_log_fn(void *ctx, void (*fn)(void))
{
	(void)ctx, (void)fn;
}

void *daxctl_region_get_first(void *ctx)
{
	return ctx;
}

void *daxctl_region_get_next(void *region)
{
	(void)region;
	return NULL;
}

void *daxctl_dev_get_first(void *region)
{
	return region;
}

void *daxctl_dev_get_next(void *dev)
{
	(void)dev;
	return NULL;
}

const char *daxctl_dev_get_devname(void *dev)
{
	(void)dev;
	return "dax0.0";
}

unsigned long long daxctl_dev_get_size(void *dev)
{
	(void)dev;
	return 64ULL << 20;
}

unsigned long daxctl_dev_get_align(void *dev)
{
	(void)dev;
	return 2UL << 20;
}

unsigned long long daxctl_dev_get_resource(void *dev)
{
	(void)dev;
	return 0;
}

int daxctl_dev_get_target_node(void *dev)
{
	(void)dev;
	return -1;
}

int daxctl_dev_disable(void *dev)
{
	(void)dev;
	return unlink(DRIVER);
}

int daxctl_dev_enable_devdax(void *dev)
{
	(void)dev;
	return symlink("../../../bus/dax/drivers/device_dax", DRIVER);
}

#ifdef FAMFS
int daxctl_dev_enable_famfs(void *dev)
{
	(void)dev;
	return symlink("../../../bus/dax/drivers/fsdev_dax", DRIVER);
}
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A DAX bus that is a tree of files, and what the kernel does when its attributes are stored to.
 * All of its state is in files, so that processes share it. Include behind unit.h and scratch.h.
 */
#ifndef FAMFS_TESTS_DAX_BUS_H
#define FAMFS_TESTS_DAX_BUS_H

#include <errno.h>
#include <signal.h>

#include "ctx.h"

#define BUS_NAME   "dax0.0"
#define BUS_DEVICE "root/sys/devices/" BUS_NAME
#define BUS_RECORD "root/run/famfs/" BUS_NAME ".mode"
#define BUS_NODE   "/dev/zero" /* stands for the memory */
#define BUS_NUMBER "1:5"

/* The parts of a path in the tree put together, as a process in any directory has it. */
static inline const char *bus_path(const char *a, const char *b, const char *c, const char *d)
{
	static char paths[4][2 * PATH_MAX];
	static unsigned int turn;
	char *path = paths[turn++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s%s%s%s", scratch_dir, a, b, c, d);
	return path;
}

static inline bool bus_is(const char *driver)
{
	char target[PATH_MAX] = "";
	ssize_t n = readlink(bus_path(BUS_DEVICE "/driver", "", "", ""), target,
			     sizeof(target) - 1);
	const char *last = n > 0 ? strrchr(target, '/') : NULL;

	return strcmp(last ? last + 1 : "", driver) == 0;
}

static inline bool bus_has(const char *a, const char *b, const char *c, const char *d)
{
	return access(bus_path(a, b, c, d), F_OK) == 0;
}

/* Has the next stores to an attribute fail, or what else @name stands for. */
static inline void bus_flag(const char *name, bool on)
{
	if (on)
		scratch_file(bus_path("root/flags/", name, "", ""), "");
	else
		(void)unlink(bus_path("root/flags/", name, "", ""));
}

static inline void bus_bind(const char *driver)
{
	(void)unlink(bus_path(BUS_DEVICE "/driver", "", "", ""));
	if (*driver)
		scratch_link(bus_path(BUS_DEVICE "/driver", "", "", ""),
			     bus_path("root/sys/bus/dax/drivers/", driver, "", ""));
}

/* What an ID makes the driver take; device_dax takes all. */
static inline int bus_attach(const char *driver)
{
	if (!bus_is("") || (strcmp(driver, "device_dax") && !bus_has("root/ids/", driver, "", "")))
		return -ENODEV;
	bus_bind(driver);
	return 0;
}

static inline int bus_memory(const char *path, const char *text)
{
	char file[2 * PATH_MAX];

	if (!strcmp(text, "offline") && strstr(path, "memory33/") &&
	    bus_has("root/flags/pinned", "", "", ""))
		return -EBUSY;
	(void)snprintf(file, sizeof(file), "%s/root%s", scratch_dir, path);
	scratch_file(file, !strcmp(text, "offline") ? "offline\n" : "online\n");
	return 0;
}

/* When a process gets a signal, or cancels its work: before so many more stores. */
static struct {
	pid_t pid;
	int stores;
	int sig; /* 0: it cancels */
} bus_end;

static inline void bus_count(struct famfs_ctx *ctx)
{
	if (getpid() != bus_end.pid || bus_end.stores-- != 0)
		return;
	if (bus_end.sig)
		(void)raise(bus_end.sig);
	else
		famfs_cancel(ctx);
}

static inline int bus_store(const struct famfs_ctx *ctx, const char *path, const char *text)
{
	char driver[64], attr[64];

	bus_count((struct famfs_ctx *)(uintptr_t)ctx);
	if (strstr(path, "/memory/"))
		return bus_memory(path, text);
	if (sscanf(path, "/sys/bus/dax/drivers/%63[^/]/%63s", driver, attr) != 2 ||
	    strcmp(text, BUS_NAME) != 0)
		return -EINVAL;
	if (bus_has("root/flags/", driver, "-", attr))
		return bus_has("root/flags/again", "", "", "") ? -EAGAIN : -EIO;
	if (!strcmp(attr, "remove_id"))
		return unlink(bus_path("root/ids/", driver, "", "")) ? -errno : 0;
	if (!strcmp(attr, "unbind")) {
		if (!bus_is(driver))
			return -ENODEV;
		bus_bind("");
		/* Somebody is quick. */
		if (bus_has("root/flags/opened", "", "", ""))
			scratch_link(bus_path("root/proc/7/fd/3", "", "", ""), BUS_NODE);
		return 0;
	}
	if (!strcmp(attr, "new_id"))
		scratch_file(bus_path("root/ids/", driver, "", ""), "");
	return bus_attach(driver);
}

/* A host with one device that is bound to @driver, and blocks 32 to 34 of memory. */
static inline void bus_make(const char *driver)
{
	static const char *const drivers[] = { "device_dax", "fsdev_dax", "kmem", "strange" };
	static const char *const attrs[] = { "bind", "unbind", "new_id", "remove_id" };

	CHECK_EQ(nftw("root", scratch_rm, 16, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT, true);
	scratch_dax(BUS_NUMBER, BUS_NAME, *driver ? driver : NULL, "402653184\n");
	scratch_file(BUS_DEVICE "/dev", BUS_NUMBER "\n");
	scratch_file(BUS_DEVICE "/resource", "0x100000000\n");
	scratch_link("root/sys/bus/dax/devices/" BUS_NAME, "../../../devices/" BUS_NAME);
	for (size_t i = 0; i < UNIT_NR(drivers); i++) {
		for (size_t j = 0; j < UNIT_NR(attrs); j++)
			scratch_file(bus_path("root/sys/bus/dax/drivers/", drivers[i], "/",
					      attrs[j]),
				     "");
	}
	scratch_file("root/sys/devices/system/memory/block_size_bytes", "8000000\n");
	for (char n = '2'; n <= '4'; n++) {
		char name[] = { 'm', 'e', 'm', 'o', 'r', 'y', '3', n, 0 };

		scratch_file(bus_path("root/sys/devices/system/memory/", name, "/state", ""),
			     "online\n");
		scratch_file(bus_path("root/sys/devices/system/memory/", name, "/valid_zones", ""),
			     "Movable Normal\n");
	}
	if (*driver && strcmp(driver, "device_dax"))
		scratch_file(bus_path("root/ids/", driver, "", ""), "");
	scratch_file("root/proc/self/mounts", "");
	scratch_file("root/flags/none", "");
	scratch_dirs("root/proc/7/fd/");
	scratch_dirs("root/run/");
	scratch_dirs("root/ids/");
	scratch_link("root" BUS_NODE, BUS_NODE);
}

static inline struct famfs_ctx *bus_ctx(bool set_mode)
{
	struct famfs_ctx *ctx = NULL;

	if (famfs_ctx_new(&ctx) < 0 || famfs_ctx_set_root(ctx, bus_path("root", "", "", "")) < 0)
		abort();
	famfs_ctx_allow_mode_change(ctx, set_mode);
	ctx->sysfs_store = bus_store;
	return ctx;
}

/* Waits for what another process does. */
static inline bool bus_becomes(const char *driver)
{
	for (int i = 0; i < 2000; i++) {
		if (bus_is(driver) && !bus_has(BUS_RECORD, "", "", ""))
			return true;
		usleep(10000);
	}
	return false;
}

#endif

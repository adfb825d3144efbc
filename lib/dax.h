/* SPDX-License-Identifier: Apache-2.0 */
/* What the host says about a DAX device: sysfs; libdaxctl and libndctl, loaded when needed. */
#ifndef DAX_H
#define DAX_H

#include <sys/types.h>

#include "famfs.h"

struct dax_info {
	char name[64]; /* "dax0.0" */
	enum famfs_mode mode;
	char driver[64];      /* as the sysfs link says; "" if unbound */
	uint64_t size, align; /* bytes */
	uint64_t resource;    /* physical address, or FAMFS_NONE */
	int numa_node;        /* the memory's own; -1: not known */
};

/* Without sysfs (a bare container) nothing tells which device is what. */
bool dax_sysfs_is_here(const struct famfs_ctx *ctx);

/* Is this character device one of the dax bus? (by /sys/dev/char/MAJ:MIN/subsystem) */
bool dax_is_device(const struct famfs_ctx *ctx, dev_t rdev);

/* The mode of a device that is bound to @driver ("": none). */
enum famfs_mode dax_mode_of_driver(const char *driver);

/* The mode, from the sysfs driver link alone: cheap, and asked again just before mmap. */
int dax_mode(const struct famfs_ctx *ctx, dev_t rdev, struct dax_info *ret_info,
	     struct famfs_err *err);

/*
 * Everything else, through libdaxctl (size, alignment, resource, node), as the host tells it: a
 * device that nobody gave memory to has size 0.
 */
int dax_describe(const struct famfs_ctx *ctx, dev_t rdev, struct dax_info *ret_info,
		 struct famfs_err *err);

/* The same of a device that can be used. -ENODEV: it has no memory, or a strange alignment. */
int dax_probe(const struct famfs_ctx *ctx, dev_t rdev, struct dax_info *ret_info,
	      struct famfs_err *err);

/* Refuses every mode but devdax, with the command that helps. Return: 0 or -ENOTSUP / -ENODEV. */
int dax_require_devdax(const struct dax_info *info, const char *device, struct famfs_err *err);

/*
 * How fast the memory of a NUMA node is for the CPUs that are nearest to it, where the firmware
 * told the kernel (sysfs, the node's access classes). What is not known is 0.
 */
struct dax_speed {
	uint64_t read_bandwidth, write_bandwidth; /* MB/s */
	uint64_t read_latency, write_latency;     /* ns */
};
void dax_node_speed(const struct famfs_ctx *ctx, int node, struct dax_speed *ret_speed);

/*
 * Media errors known to the host, as ranges of the device, through libndctl (a region's bad
 * blocks), or from sysfs where the library cannot be had or the context has another root. @fn is
 * called for each; offsets and lengths in bytes from the device's start.
 * Return: 0 (also when there is nothing to ask), -errno.
 */
int dax_media_errors(const struct famfs_ctx *ctx, const struct dax_info *info,
		     void (*fn)(void *data, uint64_t off, uint64_t len), void *data,
		     struct famfs_err *err);

#define DAX_RANGES_MAX 32

/* A part of a device in the host's physical address space; the parts follow each other in it. */
struct dax_range {
	uint64_t address, len;
};

/*
 * Where the device's memory lies: by the kernel's list of its parts, else by @info->resource.
 * Return: how many parts; 0: the host does not tell.
 */
uint32_t dax_ranges(const struct famfs_ctx *ctx, dev_t rdev, const struct dax_info *info,
		    struct dax_range ranges[DAX_RANGES_MAX]);

/*
 * Calls @fn for each device of the dax bus, by name; it may stop that by a value other than 0.
 * Return: that, 0 (also for a host without the bus), -errno.
 */
int dax_each(const struct famfs_ctx *ctx, int (*fn)(void *data, const char *name, dev_t rdev),
	     void *data);

/*
 * Where a device belongs: its region ("region0", "hmem.0"), and whether its memory keeps what it
 * holds, in the kernel's words: "cpu_cache" or "memory_controller" (what is flushed at power loss),
 * "pmem" (the kernel does not say more), "volatile"; "" where the host does not tell.
 */
struct dax_place {
	char region[64];
	char persistence[32];
};
void dax_place(const struct famfs_ctx *ctx, const char *name, struct dax_place *ret_place);

/* The name ("dax0.0") of the device that has an address. Return: 0, -ENODATA, -ENAMETOOLONG. */
int dax_find_address(const struct famfs_ctx *ctx, uint64_t address, char *ret_name, size_t len);

/* The namespace of persistent memory that a DAX device has. Return: 0, -errno (other memory). */
int dax_namespace(const struct famfs_ctx *ctx, const char *name, char *ret_name, size_t len);

/*
 * The namespace behind a persistent-memory disk (/dev/pmemN), as "namespace0.0", for hints.
 * Return: 0 or -errno (some other disk).
 */
int dax_block_namespace(const struct famfs_ctx *ctx, dev_t rdev, char *ret_name, size_t len);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that plays a devdax device for everything that opens it by name, so that whole commands
 * run on it: a file, mapped once, and operations that listen. Include behind image.h and trace.h.
 */
#ifndef FAMFS_TESTS_STAGE_H
#define FAMFS_TESTS_STAGE_H

#include <sys/mman.h>

#include "dev.h"
#include "guard.h"

#define STAGE_NAME "memory"
#define STAGE_SIZE (32 * MIB)

static uint8_t *stage_mem;
static const struct persist_ops *stage_ops;
static struct dev stage_dev; /* what the trace counts its offsets from */
/* Called before bytes of the memory are read; may be NULL. */
static void (*stage_reader)(uint64_t off, uint64_t len);

int __real_dev_open(struct famfs_ctx *ctx, const char *device, unsigned int flags,
		    struct dev **ret_dev, struct famfs_err *err);
int __wrap_dev_open(struct famfs_ctx *ctx, const char *device, unsigned int flags,
		    struct dev **ret_dev, struct famfs_err *err);
void __real_dev_close(struct dev *dev);
void __wrap_dev_close(struct dev *dev);
int __real_dev_read(struct dev *dev, uint64_t off, void *buf, size_t len, struct famfs_err *err);
int __wrap_dev_read(struct dev *dev, uint64_t off, void *buf, size_t len, struct famfs_err *err);

int __wrap_dev_open(struct famfs_ctx *ctx, const char *device, unsigned int flags,
		    struct dev **ret_dev, struct famfs_err *err)
{
	int rc = __real_dev_open(ctx, device, flags, ret_dev, err);

	if (rc || strcmp(device, STAGE_NAME) != 0)
		return rc;
	(*ret_dev)->kind = FAMFS_DEV_DAX;
	(*ret_dev)->dax.resource = FAMFS_NONE;
	(*ret_dev)->align = AU;
	(*ret_dev)->ops = stage_ops;
	(*ret_dev)->map = stage_mem;
	(*ret_dev)->map_len = STAGE_SIZE;
	return 0;
}

/* The mapping is the test's own. */
void __wrap_dev_close(struct dev *dev)
{
	if (dev && dev->map == stage_mem)
		dev->map = NULL;
	__real_dev_close(dev);
}

int __wrap_dev_read(struct dev *dev, uint64_t off, void *buf, size_t len, struct famfs_err *err)
{
	if (dev->map == stage_mem && stage_reader)
		stage_reader(off, len);
	return __real_dev_read(dev, off, buf, len, err);
}

/* New memory, every byte of it @fill: what somebody left there. */
static inline void stage_begin(uint8_t fill)
{
	int fd;

	scratch_image(STAGE_NAME, STAGE_SIZE);
	fd = open(STAGE_NAME, O_RDWR | O_CLOEXEC);
	stage_mem = mmap(NULL, STAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd < 0 || stage_mem == MAP_FAILED)
		abort();
	close(fd);
	memset(stage_mem, fill, STAGE_SIZE);
	stage_ops = persist_page_cache();
	stage_dev.map = stage_mem;
	trace_dev = &stage_dev;
}

static inline void stage_end(void)
{
	munmap(stage_mem, STAGE_SIZE);
	stage_mem = NULL;
	stage_reader = NULL;
	(void)unlink(STAGE_NAME);
}

#endif

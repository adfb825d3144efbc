/* SPDX-License-Identifier: Apache-2.0 */
/* The library context. */
#ifndef CTX_H
#define CTX_H

#include <limits.h>
#include <pthread.h>
#include <signal.h>

#include "famfs.h"

struct famfs_ctx {
	famfs_debug_fn debug_fn;
	void *debug_data;
	char root[PATH_MAX];  /* "" or the directory that stands for / */
	unsigned int threads; /* 0: one per CPU */
	int cancelled;        /* set from signal handlers and other threads */
	/* The modes of devices that were changed for this context, where that is allowed. */
	bool set_mode;
	pthread_mutex_t modes_lock;
	struct mode_change *modes;
	void (*modes_end)(struct famfs_ctx *ctx); /* once there are any */
	/* Tests: what a store to a sysfs file does, in place of the kernel. Return: 0, -errno. */
	int (*sysfs_store)(const struct famfs_ctx *ctx, const char *path, const char *text);
};

/* Gives one line to the debug function, if there is one. */
void ctx_debug(const struct famfs_ctx *ctx, const char *fmt, ...) FAMFS_PRINTF(2, 3);

/* Threads to use for work that splits into at most @parts: 1 or more. */
unsigned int ctx_threads(const struct famfs_ctx *ctx, uint64_t parts);

/* Writes root + @path into @buf. Return: 0 or -ENAMETOOLONG. */
int ctx_path(const struct famfs_ctx *ctx, const char *path, char *buf, size_t len);

/* Return: true once famfs_cancel() was called. */
static inline bool ctx_cancelled(const struct famfs_ctx *ctx)
{
	return __atomic_load_n(&ctx->cancelled, __ATOMIC_RELAXED) != 0;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The library context. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctx.h"

/* More threads than this gain nothing: the memory is the limit. */
#define THREADS_MAX 16

int famfs_ctx_new(struct famfs_ctx **ret_ctx)
{
	struct famfs_ctx *ctx = calloc(1, sizeof(*ctx));

	if (!ctx)
		return -ENOMEM;
	(void)pthread_mutex_init(&ctx->modes_lock, NULL);
	*ret_ctx = ctx;
	return 0;
}

void famfs_ctx_free(struct famfs_ctx *ctx)
{
	if (!ctx)
		return;
	if (ctx->modes_end)
		ctx->modes_end(ctx);
	(void)pthread_mutex_destroy(&ctx->modes_lock);
	free(ctx);
}

void famfs_ctx_set_debug(struct famfs_ctx *ctx, famfs_debug_fn fn, void *data)
{
	ctx->debug_fn = fn;
	ctx->debug_data = data;
}

int famfs_ctx_set_root(struct famfs_ctx *ctx, const char *root)
{
	size_t len = root ? strlen(root) : 0;

	if (len >= sizeof(ctx->root))
		return -ENAMETOOLONG;
	memcpy(ctx->root, root ? root : "", len + 1);
	return 0;
}

void famfs_ctx_set_threads(struct famfs_ctx *ctx, unsigned int threads)
{
	ctx->threads = threads;
}

void famfs_ctx_allow_mode_change(struct famfs_ctx *ctx, bool allow)
{
	ctx->set_mode = allow;
}

void famfs_cancel(struct famfs_ctx *ctx)
{
	__atomic_store_n(&ctx->cancelled, 1, __ATOMIC_RELAXED);
}

void ctx_debug(const struct famfs_ctx *ctx, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	if (!ctx->debug_fn)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	ctx->debug_fn(ctx->debug_data, line);
}

unsigned int ctx_threads(const struct famfs_ctx *ctx, uint64_t parts)
{
	uint64_t n = ctx->threads;

	if (n == 0) {
		long cpus = sysconf(_SC_NPROCESSORS_ONLN);

		n = cpus > 0 ? (uint64_t)cpus : 1;
	}
	if (n > THREADS_MAX)
		n = THREADS_MAX;
	if (n > parts)
		n = parts;
	return n ? (unsigned int)n : 1;
}

int ctx_path(const struct famfs_ctx *ctx, const char *path, char *buf, size_t len)
{
	int n = snprintf(buf, len, "%s%s", ctx->root, path);

	return n < 0 || (size_t)n >= len ? -ENAMETOOLONG : 0;
}

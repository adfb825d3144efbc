/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device whose write-backs, fences and publishing stores are written down, with a picture of the
 * memory at the time, or whose every store is told to a listener. An image plays the devdax device.
 * Include behind unit.h and scratch.h.
 */
#ifndef FAMFS_TESTS_TRACE_H
#define FAMFS_TESTS_TRACE_H

#include "dev.h"

enum trace_kind {
	TRACE_STORE,
	TRACE_WRITEBACK,
	TRACE_FENCE,
	TRACE_PUBLISH,
	TRACE_ZERO,
	TRACE_COPY
};

/* @v: what was published; @counters: next_seqnum and next_index just before it happened. */
struct trace_event {
	enum trace_kind kind;
	uint64_t off, len;
	uint64_t v[2];
	uint64_t counters[2];
	uint64_t magic;
};

static struct dev *trace_dev;
static struct trace_event trace_events[4096];
static unsigned int trace_nr;

/* Told before it happens, in any thread, instead of being written down here. @bytes may be NULL. */
static void (*trace_listener)(enum trace_kind kind, uint64_t off, uint64_t len, const void *bytes);

static inline void trace_add(enum trace_kind kind, const void *at, size_t len, const void *bytes)
{
	uint64_t off = at ? (uint64_t)((const uint8_t *)at - trace_dev->map) : 0;
	struct trace_event *event = &trace_events[trace_nr];

	if (trace_listener) {
		trace_listener(kind, off, len, bytes);
		return;
	}
	if (kind == TRACE_STORE)
		return;
	*event = (struct trace_event){ .kind = kind, .off = off, .len = len };
	memcpy(event->counters, trace_dev->map + FAMFS_LOG_OFF + 32, sizeof(event->counters));
	memcpy(&event->magic, trace_dev->map, sizeof(event->magic));
	if (kind == TRACE_PUBLISH)
		memcpy(event->v, bytes, sizeof(event->v));
	if (trace_nr < UNIT_NR(trace_events) - 1)
		trace_nr++;
}

static inline void trace_store(void *at, const void *from, size_t len)
{
	trace_add(TRACE_STORE, at, len, from);
	memcpy(at, from, len);
}

static inline void trace_writeback(const void *at, size_t len)
{
	trace_add(TRACE_WRITEBACK, at, len, NULL);
}

static inline void trace_invalidate(const void *at, size_t len)
{
	(void)at, (void)len;
}

static inline void trace_fence(void)
{
	trace_add(TRACE_FENCE, NULL, 0, NULL);
}

static inline void trace_zero(void *at, size_t len)
{
	trace_add(TRACE_ZERO, at, len, NULL);
	memset(at, 0, len);
}

static inline void trace_copy(void *at, const void *from, size_t len)
{
	trace_add(TRACE_COPY, at, len, from);
	memcpy(at, from, len);
}

static inline void trace_publish16(void *at, const uint64_t v[2])
{
	trace_add(TRACE_PUBLISH, at, 16, v);
	memcpy(at, v, 16);
}

static const struct persist_ops trace_ops = {
	.name = "trace",
	.store = trace_store,
	.writeback = trace_writeback,
	.invalidate = trace_invalidate,
	.fence = trace_fence,
	.zero = trace_zero,
	.copy = trace_copy,
	.publish16 = trace_publish16,
	.whole = true,
};

/* From here on @dev is devdax memory to its users; one thread only. */
static inline void trace_begin(struct dev *dev)
{
	CHECK_EQ(dev_map(dev, dev->size, NULL), 0);
	famfs_ctx_set_threads(dev->ctx, 1);
	dev->kind = FAMFS_DEV_DAX;
	dev->ops = &trace_ops;
	trace_dev = dev;
	trace_nr = 0;
}

static inline void trace_end(struct dev *dev)
{
	dev->kind = FAMFS_DEV_IMAGE;
	dev->ops = persist_page_cache();
	trace_dev = NULL;
}

#endif

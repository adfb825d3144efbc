/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that a command does to memory, with the bytes, in the order in which it was done.
 * Include behind stage.h and model.h.
 */
#ifndef FAMFS_TESTS_RECORD_H
#define FAMFS_TESTS_RECORD_H

#include <pthread.h>

enum record_kind { RECORD_STORE, RECORD_WRITEBACK, RECORD_FENCE, RECORD_REPORTED };

/*
 * @bytes: NULL for zeros. @whole: one vector store. @of_data: by streaming stores, or the
 * write-back that belongs to them. RECORD_REPORTED: @len results were reported as success so far.
 */
struct record_event {
	enum record_kind kind;
	unsigned int thread;
	uint64_t off, len;
	uint8_t *bytes;
	bool whole, of_data;
};

struct record {
	struct record_event *events;
	size_t nr, cap;
};

/* How both words of a publishing store get to memory. */
enum record_publish {
	PUBLISH_WHOLE,    /* together */
	PUBLISH_IN_ORDER, /* by two stores: CPUs that promise no more */
	PUBLISH_TORN,     /* one vector store of which memory keeps either half */
};

static struct record *record_to;
static enum record_publish record_publish_as;
static pthread_mutex_t record_lock = PTHREAD_MUTEX_INITIALIZER;

/* Threads by the order in which they are first seen. A number is never given to a second thread. */
static unsigned int record_threads, record_generation;
static __thread unsigned int record_thread, record_thread_generation;

/* Threads that must all have come to store before one of them may go on; 0: they need not. */
static unsigned int record_meet;
static pthread_cond_t record_met = PTHREAD_COND_INITIALIZER;

static inline void record_push(struct record_event event, const void *bytes)
{
	struct record *r = record_to;

	if (record_thread_generation != record_generation) {
		record_thread_generation = record_generation;
		record_thread = record_threads++;
		if (record_thread >= MODEL_THREADS)
			abort();
	}
	event.thread = record_thread;
	if (bytes) {
		event.bytes = model_alloc(NULL, event.len, 1);
		memcpy(event.bytes, bytes, event.len);
	}
	if (r->nr == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 64;
		r->events = model_alloc(r->events, r->cap, sizeof(*r->events));
	}
	r->events[r->nr++] = event;
}

static inline void record_wait_for_others(void)
{
	while (record_threads < record_meet)
		pthread_cond_wait(&record_met, &record_lock);
	pthread_cond_broadcast(&record_met);
}

/* Streaming stores, and stores with their write-back: nothing is certain before the fence. */
static inline void record_data(uint64_t off, uint64_t len, const void *bytes)
{
	struct record_event event = {
		.kind = RECORD_STORE, .off = off, .len = len, .of_data = true
	};

	record_push(event, bytes);
	event.kind = RECORD_WRITEBACK;
	record_push(event, NULL);
	record_wait_for_others();
}

static inline void record_listen(enum trace_kind kind, uint64_t off, uint64_t len,
				 const void *bytes)
{
	struct record_event event = { .off = off, .len = len };

	pthread_mutex_lock(&record_lock);
	switch (kind) {
	case TRACE_ZERO:
	case TRACE_COPY:
		record_data(off, len, bytes);
		break;
	case TRACE_STORE:
	case TRACE_PUBLISH:
		event.kind = RECORD_STORE;
		event.whole = kind == TRACE_PUBLISH && record_publish_as == PUBLISH_WHOLE;
		record_push(event, bytes);
		break;
	case TRACE_WRITEBACK:
		event.kind = RECORD_WRITEBACK;
		record_push(event, NULL);
		break;
	case TRACE_FENCE:
		event.kind = RECORD_FENCE;
		record_push(event, NULL);
		break;
	}
	pthread_mutex_unlock(&record_lock);
}

/* From the command's report: that many results were success so far. */
static inline void record_reported(uint64_t nr)
{
	pthread_mutex_lock(&record_lock);
	if (record_to)
		record_push((struct record_event){ .kind = RECORD_REPORTED, .len = nr }, NULL);
	pthread_mutex_unlock(&record_lock);
}

/* What the CPUs without a whole 16-byte store do in its place. */
static inline void record_publish_in_order(void *at, const uint64_t v[2])
{
	uint64_t *words = at;

	trace_store(words, &v[0], sizeof(v[0]));
	trace_store(words + 1, &v[1], sizeof(v[1]));
}

static inline void record_begin(struct record *r, enum record_publish publish)
{
	static struct persist_ops ops;

	*r = (struct record){ .events = NULL };
	ops = trace_ops;
	if (publish == PUBLISH_IN_ORDER)
		ops.publish16 = record_publish_in_order;
	ops.whole = publish != PUBLISH_IN_ORDER;
	record_publish_as = publish;
	record_to = r;
	record_threads = record_meet = 0;
	record_generation++;
	trace_listener = record_listen;
	stage_ops = &ops;
}

static inline void record_end(void)
{
	record_to = NULL;
	trace_listener = NULL;
	stage_ops = persist_page_cache();
}

static inline void record_free(struct record *r)
{
	for (size_t i = 0; i < r->nr; i++)
		free(r->events[i].bytes);
	free(r->events);
}

static inline void record_apply(const struct record_event *event, struct model *m)
{
	switch (event->kind) {
	case RECORD_STORE:
		model_store(m, event->off, event->len, event->bytes, event->whole);
		break;
	case RECORD_WRITEBACK:
		model_writeback(m, event->thread, event->off, event->len);
		break;
	case RECORD_FENCE:
		model_fence(m, event->thread);
		break;
	case RECORD_REPORTED:
		break;
	}
}

/* For people: "write-back of 544 bytes at 2097200". */
static inline void record_describe(const struct record_event *event, char *buf, size_t len)
{
	static const char *const names[] = { "store", "write-back", "fence", "report" };

	(void)snprintf(buf, len, "%s%s of %" PRIu64 " bytes at %" PRIu64 " by thread %u",
		       event->of_data ? "data " : "", names[event->kind], event->len, event->off,
		       event->thread);
}

#endif

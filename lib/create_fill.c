/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of files that are being made: zeros, or what the caller fills in. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "create_impl.h"
#include "ctx.h"
#include "err.h"
#include "fill.h"
#include "place.h"

/* Larger files are filled one after the other, each by all threads; smaller ones side by side. */
#define LARGE       (32ULL << 20)
#define THREADS_MAX 16

static uint64_t space_of(const struct famfs_entry *entry)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < entry->extents_nr; i++)
		sum += entry->extents[i].len;
	return sum;
}

static void progress(void *data, uint64_t bytes)
{
	struct create *c = data;

	c->zeroed += bytes;
	if (c->ops.progress)
		c->ops.progress(c->ops.data, c->zeroed, c->zero_total);
}

static int zero_entry(struct create *c, const struct famfs_entry *entry, struct famfs_err *err)
{
	char shown[PATH_ESCAPED_SIZE];
	int rc = 0;

	for (uint32_t i = 0; i < entry->extents_nr && !rc; i++)
		rc = dev_zero(c->fs->dev, entry->extents[i].off, entry->extents[i].len, progress, c,
			      err);
	if (!rc)
		return 0;
	return err_inside(err, rc, c->fs->dev->name,
			  path_escape(entry->path, shown, sizeof(shown)));
}

static int zero_all(struct create *c, struct famfs_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < c->plan.items_nr && !rc; i++) {
		if (plan_needs_zero(&c->plan, &c->plan.items[i]))
			rc = zero_entry(c, plan_entry(&c->plan, &c->plan.items[i]), err);
	}
	return rc;
}

/* Small files, handed out to threads one by one. */
struct pool {
	struct create *c;
	size_t next;
	uint64_t done; /* bytes of space */
	int rc;        /* what stops everything */
	pthread_mutex_t lock;
	struct famfs_err err;
};

struct pool_thread {
	struct pool *pool;
	bool calling;
};

static void stop_pool(struct pool *pool, int rc, const struct famfs_err *why)
{
	pthread_mutex_lock(&pool->lock);
	if (!pool->rc) {
		pool->err = *why;
		__atomic_store_n(&pool->rc, rc, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&pool->lock);
}

/* Fills one file. Return: 0 also when the file alone failed, with the reason in its item. */
static int fill_item(struct create *c, struct plan_item *item, struct famfs_fill *fill,
		     struct famfs_err *why)
{
	char shown[PATH_ESCAPED_SIZE];
	int rc;

	fill->ctx = c->fs->ctx;
	fill->dev = c->fs->dev;
	fill->entry = plan_entry(&c->plan, item);
	fill->clean = item->clean;
	/* For a function that fails without a word. */
	err_set(why, -EIO, "", "its bytes could not be read");
	err_inside(why, -EIO, c->fs->dev->name,
		   path_escape(fill->entry->path, shown, sizeof(shown)));
	rc = fill_prepare(fill, why);
	if (!rc)
		rc = c->ops.fill(c->ops.data, item->req, fill, why);
	if (!rc)
		rc = fill_finish(fill, why);
	if (!rc)
		rc = dev_data_fence(c->fs->dev, why);
	if (!rc || rc == -ECANCELED || rc == -ENOMEM)
		return rc;
	item->err = malloc(sizeof(*item->err));
	if (!item->err)
		return err_nomem(why);
	*item->err = *why;
	item->err->rc = rc;
	return 0;
}

static bool is_large(const struct plan *plan, const struct plan_item *item)
{
	return plan_entry(plan, item)->size >= LARGE;
}

static void *run_pool(void *arg)
{
	struct pool_thread *thread = arg;
	struct pool *pool = thread->pool;
	struct plan *plan = &pool->c->plan;
	struct famfs_err why = { 0 };
	size_t i;

	while (!__atomic_load_n(&pool->rc, __ATOMIC_RELAXED) &&
	       (i = __atomic_fetch_add(&pool->next, 1, __ATOMIC_RELAXED)) < plan->items_nr) {
		struct famfs_fill fill = { .threads = 1 };
		uint64_t done;
		int rc = 0;

		if (!plan_needs_zero(plan, &plan->items[i]) || is_large(plan, &plan->items[i]))
			continue;
		if (ctx_cancelled(pool->c->fs->ctx))
			rc = err_set(&why, -ECANCELED, pool->c->fs->dev->name, "cancelled");
		if (!rc)
			rc = fill_item(pool->c, &plan->items[i], &fill, &why);
		if (rc)
			stop_pool(pool, rc, &why);
		done = __atomic_add_fetch(&pool->done, space_of(plan_entry(plan, &plan->items[i])),
					  __ATOMIC_RELAXED);
		if (thread->calling && done > pool->c->zeroed)
			progress(pool->c, done - pool->c->zeroed);
	}
	return NULL;
}

static int fill_small(struct create *c, struct famfs_err *err)
{
	struct pool pool = { .c = c, .done = c->zeroed, .lock = PTHREAD_MUTEX_INITIALIZER };
	struct pool_thread other = { .pool = &pool }, own = { .pool = &pool, .calling = true };
	unsigned int want = ctx_threads(c->fs->ctx, c->plan.items_nr), nr = 0;
	pthread_t threads[THREADS_MAX];

	while (nr + 1 < want && nr < THREADS_MAX &&
	       !pthread_create(&threads[nr], NULL, run_pool, &other))
		nr++;
	run_pool(&own);
	while (nr > 0)
		pthread_join(threads[--nr], NULL);
	if (pool.done > c->zeroed)
		progress(c, pool.done - c->zeroed);
	pthread_mutex_destroy(&pool.lock);
	if (pool.rc && err)
		*err = pool.err;
	return pool.rc;
}

static int fill_large(struct create *c, struct famfs_err *err)
{
	struct plan *plan = &c->plan;
	struct famfs_err why;
	int rc = 0;

	for (size_t i = 0; i < plan->items_nr && !rc; i++) {
		struct famfs_fill fill = { .progress = progress, .progress_data = c };
		uint64_t before = c->zeroed, space;

		if (!plan_needs_zero(plan, &plan->items[i]) || !is_large(plan, &plan->items[i]))
			continue;
		rc = fill_item(c, &plan->items[i], &fill, &why);
		space = space_of(plan_entry(plan, &plan->items[i]));
		if (!rc && c->zeroed - before < space)
			progress(c, space - (c->zeroed - before));
	}
	if (rc && err)
		*err = why;
	return rc;
}

/* What was stored for a file that will not be takes no disk. */
static void release(struct create *c, const struct famfs_entry *entry)
{
	for (uint32_t i = 0; i < entry->extents_nr; i++)
		dev_release(c->fs->dev, entry->extents[i].off, entry->extents[i].len);
}

static void release_all(struct create *c)
{
	for (size_t i = 0; i < c->plan.items_nr; i++) {
		if (plan_needs_zero(&c->plan, &c->plan.items[i]))
			release(c, plan_entry(&c->plan, &c->plan.items[i]));
	}
}

/* The items whose bytes could not be had give their space back, and are not logged. */
static void end_failed(struct create *c)
{
	for (size_t i = 0; i < c->plan.items_nr; i++) {
		struct plan_item *item = &c->plan.items[i];
		struct famfs_entry *entry;

		if (item->status != FAMFS_CREATED || !item->err)
			continue;
		entry = &c->plan.entries[item->first + item->nr - 1];
		release(c, entry);
		place_undo(&c->fs->space, entry);
		entry->extents_nr = 0;
		item->status = FAMFS_FAILED;
		item->nr = 0;
	}
}

/*
 * Holes behind the ends of small files are punched by one thread: several wait for each other.
 * What cannot be done is tried again, and told, when the file is filled.
 */
static void punch_ahead(struct create *c)
{
	struct famfs_err ignored;

	for (size_t i = 0; i < c->plan.items_nr && c->fs->dev->kind == FAMFS_DEV_IMAGE; i++) {
		struct plan_item *item = &c->plan.items[i];
		struct famfs_fill fill = { .ctx = c->fs->ctx, .dev = c->fs->dev };

		if (!plan_needs_zero(&c->plan, item) || is_large(&c->plan, item))
			continue;
		fill.entry = plan_entry(&c->plan, item);
		item->clean = !fill_prepare(&fill, &ignored);
	}
}

int create_fill_all(struct create *c, struct famfs_err *err)
{
	int rc;

	if (!c->ops.fill)
		return zero_all(c, err);
	punch_ahead(c);
	rc = fill_small(c, err);
	if (!rc)
		rc = fill_large(c, err);
	if (rc)
		release_all(c);
	else
		end_failed(c);
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "again.h"
#include "digest.h"

enum { POOL_MAX = 64, TICK_NS = 100000000 };

/* @lock guards all but @bytes, and the handle where entries are looked up. */
struct pool {
	struct digest *digest;
	struct again again;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t next;
	unsigned int working;
	bool stop;
	uint64_t bytes; /* hashed so far, by all */
	struct progress progress;
};

const char *digest_hex(const uint8_t sum[FAMFS_SHA256_LEN], char buf[DIGEST_HEX + 1])
{
	size_t i;

	for (i = 0; i < FAMFS_SHA256_LEN; i++)
		snprintf(buf + 2 * i, 3, "%02x", sum[i]);
	return buf;
}

static void count_bytes(void *data, uint64_t bytes)
{
	struct pool *pool = data;

	__atomic_fetch_add(&pool->bytes, bytes, __ATOMIC_RELAXED);
}

static void keep_error(struct digest_item *item, const struct famfs_err *err)
{
	item->err = mem_calloc(1, sizeof(*item->err));
	*item->err = *err;
}

static int find(struct pool *pool, const char *path, struct again_file *ret_file,
		struct famfs_err *err)
{
	int rc;

	pthread_mutex_lock(&pool->lock);
	rc = again_find(&pool->again, path, ret_file, err);
	pthread_mutex_unlock(&pool->lock);
	return rc;
}

static int hash_entry(struct pool *pool, struct digest_item *item, const struct famfs_entry *entry,
		      struct famfs_err *err)
{
	struct famfs_data_opts opts = { .threads = 1, .progress = count_bytes, .data = pool };

	if (entry->type != FAMFS_ENTRY_FILE) {
		*err = (struct famfs_err){ .rc = -EISDIR, .off = FAMFS_NONE, .entry = FAMFS_NONE };
		snprintf(err->object, sizeof(err->object), "/%s",
			 item->path + strspn(item->path, "/"));
		snprintf(err->message, sizeof(err->message), "is a directory");
		return err->rc;
	}
	item->size = entry->size;
	return famfs_sha256(pool->digest->fs, entry, &opts, item->sum, err);
}

/* What was hashed is the file's only if that still lies there. */
static void hash(struct pool *pool, struct digest_item *item)
{
	struct again_file file;
	struct famfs_err err;
	bool settled;
	int rc;

	do {
		rc = find(pool, item->path, &file, &err);
		if (!rc)
			rc = hash_entry(pool, item, &file.entry, &err);
		pthread_mutex_lock(&pool->lock);
		settled = again_settled(&pool->again, &file, &rc, &err);
		pthread_mutex_unlock(&pool->lock);
	} while (!settled);
	if (rc)
		keep_error(item, &err);
}

/* What would go wrong with every other file too. */
static bool is_final(const struct famfs_err *err)
{
	return err && (err->rc == -ECANCELED || err->rc == -EOPNOTSUPP);
}

static void *work(void *arg)
{
	struct pool *pool = arg;
	struct digest_item *item;

	pthread_mutex_lock(&pool->lock);
	while (!pool->stop && pool->next < pool->digest->nr) {
		item = &pool->digest->items[pool->next++];
		pool->progress.name = item->path;
		pthread_mutex_unlock(&pool->lock);
		hash(pool, item);
		pthread_mutex_lock(&pool->lock);
		item->ready = true;
		pool->stop |= is_final(item->err);
		pthread_cond_signal(&pool->changed);
	}
	pool->working--;
	pthread_cond_signal(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static void wait_a_moment(struct pool *pool)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += TICK_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&pool->changed, &pool->lock, &until);
	progress_show(&pool->progress, __atomic_load_n(&pool->bytes, __ATOMIC_RELAXED),
		      pool->digest->total);
}

/* Tells what is ready, in order; returns whether all was told. */
static bool tell(struct pool *pool)
{
	struct digest *digest = pool->digest;
	struct digest_item *item;
	size_t told = 0;
	bool more = true;

	pthread_mutex_lock(&pool->lock);
	while (told < digest->nr && more && !cmd_cancelled()) {
		item = &digest->items[told];
		if (!item->ready && !pool->working)
			break;
		if (!item->ready) {
			wait_a_moment(pool);
			continue;
		}
		pthread_mutex_unlock(&pool->lock);
		progress_clear(&pool->progress);
		more = digest->done(digest->data, item) && !is_final(item->err);
		told++;
		pthread_mutex_lock(&pool->lock);
	}
	pool->stop = true;
	pthread_mutex_unlock(&pool->lock);
	return told == digest->nr && more;
}

static unsigned int threads_wanted(const struct digest *digest)
{
	unsigned int nr = digest->threads;
	cpu_set_t cpus;

	if (!nr)
		nr = sched_getaffinity(0, sizeof(cpus), &cpus) ? 1 : (unsigned int)CPU_COUNT(&cpus);
	if (nr > POOL_MAX)
		nr = POOL_MAX;
	return nr > digest->nr ? (unsigned int)digest->nr : nr;
}

/* Signals are for the calling thread, which may wait for a slow reader of the results. */
static unsigned int start(struct pool *pool, pthread_t *threads)
{
	unsigned int want = threads_wanted(pool->digest), nr = 0;
	sigset_t set, old;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, &old);
	pthread_mutex_lock(&pool->lock);
	while (nr < want && !pthread_create(&threads[nr], NULL, work, pool))
		nr++;
	pool->working = nr;
	pthread_mutex_unlock(&pool->lock);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return nr;
}

int digest_run(struct digest *digest)
{
	struct pool pool = { .digest = digest, .lock = PTHREAD_MUTEX_INITIALIZER };
	pthread_t threads[POOL_MAX];
	pthread_condattr_t attr;
	unsigned int nr;
	size_t i;
	bool all;

	if (!digest->nr)
		return 0;
	again_init(&pool.again, digest->fs);
	progress_init(&pool.progress, digest->env, "verifying");
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&pool.changed, &attr);
	nr = start(&pool, threads);
	if (!nr)
		return env_errorf(digest->env, -EAGAIN, "", "no thread can be started");
	all = tell(&pool);
	for (i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
	progress_clear(&pool.progress);
	for (i = 0; i < digest->nr; i++)
		free(digest->items[i].err);
	return all ? 0 : EXIT_FAILED;
}

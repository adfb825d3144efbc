/* SPDX-License-Identifier: Apache-2.0 */
/* devdax: the memory itself. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "dev_impl.h"
#include "guard.h"

#define ZERO_STEP   (8ULL << 20) /* what a thread takes at a time */
#define THREADS_MAX 64

/*
 * The whole device, once. Its mode is looked at again: mapping a device that lost its driver while
 * we held it open would crash the kernel.
 */
int dev_dax_map(struct dev *dev, struct famfs_err *err)
{
	int prot = dev->flags & DEV_WRITE ? PROT_READ | PROT_WRITE : PROT_READ;
	struct dax_info now;
	struct stat st;
	void *map;
	int rc;

	if (fstat(dev->fd, &st) < 0)
		return err_set(err, -errno, dev->name, "is gone: %s", strerror(errno));
	rc = dax_mode(dev->ctx, st.st_rdev, &now, err);
	if (rc == 0)
		rc = dax_require_devdax(&now, dev->name, err);
	if (rc < 0)
		return rc;
	map = mmap(NULL, dev->size, prot, MAP_SHARED, dev->fd, 0);
	if (map == MAP_FAILED)
		return err_set(err, -errno, dev->name, "cannot be mapped: %s", strerror(errno));
	guard_forget(map, dev->size);
	/* A child that was forked meanwhile would have the device in use. */
	(void)madvise(map, dev->size, MADV_DONTFORK);
	dev->map = map;
	dev->map_len = dev->size;
	return 0;
}

struct zeroing {
	struct dev *dev;
	const struct dev_zero *zero;
	atomic_uint_fast64_t taken; /* bytes handed out to threads */
	atomic_uint_fast64_t done;
	atomic_uint_fast64_t bad_off; /* where the first fault was; FAMFS_NONE: nowhere */
	atomic_bool stop;
	uint64_t told; /* progress given; the calling thread's alone */
};

struct piece {
	const struct dev *dev;
	uint64_t off, len;
};

static int zero_piece(void *arg)
{
	const struct piece *piece = arg;

	piece->dev->ops->zero(piece->dev->map + piece->off, piece->len);
	return 0;
}

/* Takes the next piece. Return: false when there is none, or no reason to go on. */
static bool take_piece(struct zeroing *work, struct piece *piece)
{
	uint64_t at = atomic_fetch_add(&work->taken, ZERO_STEP);
	uint64_t left;

	if (at >= work->zero->len || ctx_cancelled(work->dev->ctx) || atomic_load(&work->stop))
		return false;
	left = work->zero->len - at;
	piece->dev = work->dev;
	piece->off = work->zero->off + at;
	piece->len = left < ZERO_STEP ? left : ZERO_STEP;
	return true;
}

static void note_fault(struct zeroing *work, uint64_t off, const void *addr)
{
	uintptr_t first = (uintptr_t)work->dev->map;
	uintptr_t at = (uintptr_t)addr;
	uint_fast64_t nowhere = FAMFS_NONE;

	if (at >= first + off && at - first < work->dev->map_len)
		off = at - first;
	(void)atomic_compare_exchange_strong(&work->bad_off, &nowhere, off);
	atomic_store(&work->stop, true);
}

/* @progress is given by the calling thread only: the caller's function sees no other. */
static void zero_pieces(struct zeroing *work, bool progress)
{
	const struct dev_zero *zero = work->zero;
	const struct dev *dev = work->dev;
	struct piece piece;
	void *addr;

	while (take_piece(work, &piece)) {
		uint64_t done;

		if (guard_call(zero_piece, &piece, &addr) < 0 ||
		    guard_lost(dev->map + piece.off, piece.len, &addr)) {
			note_fault(work, piece.off, addr);
			break;
		}
		done = atomic_fetch_add(&work->done, piece.len) + piece.len;
		if (progress && zero->progress && done > work->told) {
			zero->progress(zero->data, done - work->told);
			work->told = done;
		}
	}
	/* Streaming stores are fenced by the thread that made them. */
	dev->ops->fence();
}

static void *zero_thread(void *arg)
{
	zero_pieces(arg, false);
	return NULL;
}

int dev_dax_zero(struct dev *dev, const struct dev_zero *zero, struct famfs_err *err)
{
	struct zeroing work = { .dev = dev, .zero = zero };
	pthread_t threads[THREADS_MAX];
	unsigned int want = ctx_threads(dev->ctx, zero->len / ZERO_STEP);
	unsigned int nr = 0;
	int rc = dev_map(dev, dev->size, err);

	if (rc < 0)
		return rc;
	atomic_init(&work.bad_off, FAMFS_NONE);
	/* Fewer threads than wanted only take longer. */
	while (nr + 1 < want && nr < THREADS_MAX &&
	       pthread_create(&threads[nr], NULL, zero_thread, &work) == 0)
		nr++;
	zero_pieces(&work, true);
	while (nr > 0)
		(void)pthread_join(threads[--nr], NULL);
	if (atomic_load(&work.bad_off) != FAMFS_NONE)
		return dev_fault(dev, "stored to", atomic_load(&work.bad_off), NULL, err);
	if (atomic_load(&work.done) < zero->len)
		return err_set(err, -ECANCELED, dev->name, "zeroing was cancelled");
	if (zero->progress && work.told < zero->len)
		zero->progress(zero->data, zero->len - work.told);
	return 0;
}

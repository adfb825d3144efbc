/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device: a devdax character device or an image file, mapped and guarded (DESIGN.md 5). All
 * offsets are bytes from byte 0 of the file system.
 */
#ifndef DEV_H
#define DEV_H

#include "dax.h"
#include "famfs.h"
#include "le.h"
#include "persist.h"

#define CACHE_LINE 64

enum dev_flags {
	DEV_WRITE = 1 << 0,
	DEV_MAKE = 1 << 1, /* an image that is not there is made, empty */
	DEV_SYNC = 1 << 2, /* image: msync at each fence */
};

struct dev {
	struct famfs_ctx *ctx;
	enum famfs_dev_kind kind;
	unsigned int flags;
	int fd;
	char *name;     /* as the caller gave it: the object of every error */
	char *path;     /* without "@OFFSET" */
	uint64_t base;  /* byte of the file where the file system begins */
	uint64_t size;  /* bytes from there to the end */
	uint64_t align; /* of mappings */
	bool made;      /* this open made the image file */
	bool locked;
	uint8_t *map; /* NULL until dev_map() */
	uint64_t map_len;
	const struct persist_ops *ops;
	/* Image: mapped as a whole, its bytes are best reached there, and how; else NULL. */
	const struct persist_ops *direct;
	/* Image: AUs known to have no hole, first << 32 | end; threads change it at once. */
	uint64_t filled;
	struct dax_info dax; /* devdax only */
	int mode_fd; /* devdax: keeps its mode from being put back; -1: it was not changed */
	/* A metadata image, in memory: only read, without the bytes of files; its header. */
	bool metadata_only;
	struct famfs_image_info origin;
};

/*
 * Opens; maps nothing yet. Refuses, each with its own words and the command that helps: a
 * directory, FIFO, socket, block device, other character device, a device in the wrong mode, an
 * OFFSET that is no multiple of 4096 or lies behind the end. Regular files are images; a metadata
 * image stands for the device that it was taken from, and is refused with DEV_WRITE.
 */
int dev_open(struct famfs_ctx *ctx, const char *device, unsigned int flags, struct dev **ret_dev,
	     struct famfs_err *err);
/*
 * Would dev_open() with DEV_MAKE make an image? 1 yes, 0 something is there, -errno: neither,
 * as dev_open() would say it. Nothing is made.
 */
int dev_would_make(struct famfs_ctx *ctx, const char *device, struct famfs_err *err);
void dev_close(struct dev *dev); /* NULL is fine; drops locks */

/* The name as one that can be used in any directory, cut to fit @len bytes. */
void dev_full_name(const struct dev *dev, char *buf, size_t len);

/*
 * Maps at least [0, len). devdax: the whole device, once, after looking at the mode again. Images:
 * just that, and again when more is asked for. -EUCLEAN: the device is shorter than @len (a
 * truncated image).
 */
int dev_map(struct dev *dev, uint64_t len, struct famfs_err *err);

/* Image: looks at the file's size again, which others may have changed; sets dev->size. */
int dev_refresh_size(struct dev *dev, struct famfs_err *err);

/* Image: the file's new size, as a hole; sets dev->size. -EINVAL for less than it has. */
int dev_resize(struct dev *dev, uint64_t size, struct famfs_err *err);

/*
 * Image: reserves the disk blocks of a range that is about to be stored to, so that a full disk is
 * -ENOSPC here and not a fault (-EIO) at the store. The file does not grow. On file systems that
 * cannot reserve, and for devdax: nothing.
 */
int dev_reserve(struct dev *dev, uint64_t off, uint64_t len, struct famfs_err *err);

/* Image: the disk blocks of a range that nobody needs any more are free again, if that can be. */
void dev_release(struct dev *dev, uint64_t off, uint64_t len);

/*
 * Guarded accesses to the mapped part. -EIO names the device and the offset; -ERANGE outside of
 * what is mapped, -EROFS for a store without DEV_WRITE.
 */
int dev_read(struct dev *dev, uint64_t off, void *buf, size_t len, struct famfs_err *err);
/* @nr words, @stride bytes apart. */
int dev_read_words(struct dev *dev, uint64_t off, size_t stride, struct le64 *words, size_t nr,
		   struct famfs_err *err);
int dev_store(struct dev *dev, uint64_t off, const void *buf, size_t len, struct famfs_err *err);
int dev_publish16(struct dev *dev, uint64_t off, const uint64_t v[2], struct famfs_err *err);
int dev_writeback(struct dev *dev, uint64_t off, size_t len, struct famfs_err *err);
int dev_invalidate(struct dev *dev, uint64_t off, size_t len, struct famfs_err *err);
int dev_fence(struct dev *dev, struct famfs_err *err);

/* Has a mapped range fetched into the caches that will soon be read. Never faults. */
static inline void dev_prefetch(const struct dev *dev, uint64_t off, size_t len)
{
	if (off > dev->map_len || len > dev->map_len - off)
		return;
	for (size_t at = 0; at < len; at += CACHE_LINE)
		__builtin_prefetch(dev->map + off + at);
}

/*
 * Makes a range zero: by streaming stores of several threads on devdax; on images as a hole, so
 * that they stay sparse: dev_reserve() what is then stored. Written back and fenced when it
 * returns. @progress may be NULL; only the calling thread calls it, and the sum of its @bytes is
 * @len. -ECANCELED after famfs_cancel().
 */
int dev_zero(struct dev *dev, uint64_t off, uint64_t len,
	     void (*progress)(void *data, uint64_t bytes), void *data, struct famfs_err *err);

/*
 * Copies what is in memory now, without stale cache lines, of ranges that may be long and mostly
 * zero: no page of an image is made for them, as a look through the mapping would on a tmpfs.
 */
int dev_scan(struct dev *dev, uint64_t off, void *buf, size_t len, struct famfs_err *err);

/*
 * Holes of a sparse image, which are zeros that cost nothing: the first byte from @off on that is
 * in none, and the end of the last such bytes, below @end. Where holes cannot be told: @off, @end.
 */
uint64_t dev_skip_hole(const struct dev *dev, uint64_t off, uint64_t end);
/* Where the next hole begins, from @off on; @end: there is none below it. */
uint64_t dev_skip_data(const struct dev *dev, uint64_t off, uint64_t end);
uint64_t dev_last_data(const struct dev *dev, uint64_t off, uint64_t end);
/*
 * Bytes from @off on that are zero for certain without being read: those of a hole, in whole steps
 * or up to @end. Unlike above, also of a metadata image, whose holes are not those of its device.
 */
uint64_t dev_blank(const struct dev *dev, uint64_t off, uint64_t end, uint64_t step);

/*
 * The bytes of files, anywhere on the device; whole or an error. What is written is written back
 * as well; the thread that wrote calls dev_data_fence() before anything is published. -EFAULT: what
 * was to be stored could not be read.
 */
int dev_data_read(struct dev *dev, uint64_t off, void *buf, size_t len, struct famfs_err *err);
int dev_data_write(struct dev *dev, uint64_t off, const void *buf, size_t len,
		   struct famfs_err *err);
int dev_data_fence(struct dev *dev, struct famfs_err *err);

/*
 * Where the bytes are best reached in the mapping, calls @fn with their address, guarded. What it
 * stores, it streams or writes back itself. Return: what @fn returned; -EOPNOTSUPP, without words:
 * they are to be read and written; -EIO at a fault; -EROFS.
 */
int dev_data_in_place(struct dev *dev, uint64_t off, size_t len, bool store,
		      int (*fn)(void *arg, uint8_t *at), void *arg, struct famfs_err *err);

/* To look at, also where they are mapped for this alone: large parts of images without holes. */
int dev_data_look(struct dev *dev, uint64_t off, size_t len, int (*fn)(void *arg, uint8_t *at),
		  void *arg, struct famfs_err *err);

/* Is a file that is copied into this device best mapped, too? */
bool dev_data_maps(const struct dev *dev);

/*
 * Images: has the kernel copy from a file or to one. @alone: no other thread does. Return: how many
 * bytes it did, perhaps none.
 */
size_t dev_data_take(struct dev *dev, uint64_t off, int fd, uint64_t fd_off, size_t len,
		     bool alone);
size_t dev_data_give(struct dev *dev, uint64_t off, int fd, uint64_t fd_off, size_t len);

/*
 * The writers' lock of this host: flock(LOCK_EX) on the device node. @wait: block; else -EBUSY.
 * -ESTALE: an image that was removed or replaced meanwhile. Locking twice is fine.
 */
int dev_lock(struct dev *dev, bool wait, struct famfs_err *err);
void dev_unlock(struct dev *dev);

/*
 * Reservations: space that is being filled while the writers' lock is free for others. They are OFD
 * range locks, so they vanish with their process. dev_hold() is called under the lock.
 * dev_held_next() finds the first range that another handle holds and that reaches beyond @off:
 * 1 found, 0 none, -errno.
 */
int dev_hold(struct dev *dev, uint64_t off, uint64_t len, struct famfs_err *err);
void dev_drop(struct dev *dev, uint64_t off, uint64_t len);
int dev_held_next(struct dev *dev, uint64_t off, uint64_t *ret_off, uint64_t *ret_len,
		  struct famfs_err *err);

/* End of a command that wrote: images: one fdatasync. Return: 0 or -EIO, -ENOSPC. */
int dev_finish(struct dev *dev, struct famfs_err *err);

/* Is a file system mounted from this device? Return: as users_mounted(). */
int dev_is_mounted(const struct dev *dev);

#endif

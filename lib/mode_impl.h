/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of mode*.c. */
#ifndef MODE_IMPL_H
#define MODE_IMPL_H

#include <sys/types.h>

#include "ctx.h"
#include "mode.h"
#include "users.h"

/* What a device was before its mode was changed. */
struct mode_record {
	char name[64];
	char driver[64]; /* "": bound to none */
	char memory[24]; /* system-ram: "online", "online_movable" or "offline"; else "" */
	dev_t rdev;
	int pid; /* who changed it */
};

/* A mode that was changed, and who sees that it is put back. */
struct mode_change {
	struct mode_change *next;
	struct mode_record record;
	struct stat st; /* of the node */
	char *path;     /* of the node, and the object of errors */
	int fd;         /* the record: locked (shared) while the changed mode is needed */
	int guard;      /* socket to the guardian */
};

/*
 * mode_record.c: a record is a file in /run/famfs for each device whose mode was changed. All who
 * use the device hold a shared lock on it; one that can be locked alone was left behind. Who writes
 * records or modes holds the directory's lock meanwhile, and never waits for a record then.
 */
/*
 * @how: LOCK_EX, LOCK_EX | LOCK_NB. Return: a descriptor to close; -EAGAIN: another has it;
 * -EUCLEAN: others than root could have put records there; -errno.
 */
int mode_dir_lock(const struct famfs_ctx *ctx, int how);
/* Return: a descriptor to close; -ENOENT; -EUCLEAN: it is none that root made; -errno. */
int mode_record_open(const struct famfs_ctx *ctx, const char *name);
int mode_record_read(int fd, const char *name, struct mode_record *ret_record);
/* Puts it there, with a shared lock. Return: a descriptor, -errno. */
int mode_record_write(const struct famfs_ctx *ctx, const struct mode_record *record);
/* Is it (still) the record of that device? */
bool mode_record_is_there(const struct famfs_ctx *ctx, const char *name, int fd);
void mode_record_remove(const struct famfs_ctx *ctx, const char *name);
/* flock(), whatever signals come. */
int mode_flock(int fd, int how);

/*
 * mode_bus.c: @lib: through libdaxctl where it can. Return: 0: the device's driver link says so;
 * -errno.
 */
int mode_unbind(const struct famfs_ctx *ctx, const struct dax_info *now, dev_t rdev, bool lib);
int mode_bind(const struct famfs_ctx *ctx, const char *name, dev_t rdev, const char *driver,
	      bool lib);
/* The commands that bind a device which is bound to @now ("": none) as it was. */
void mode_remedy(const struct mode_record *record, const char *now, char *buf, size_t len);

/* mode_memory.c: the memory blocks of a device in system-ram mode. */
int mode_memory_state(const struct famfs_ctx *ctx, dev_t rdev, char ret_state[24]);
/* All or none. Return: 0, -EBUSY and whatever the kernel says when it is in use. */
int mode_memory_offline(const struct famfs_ctx *ctx, dev_t rdev, const char *state);
int mode_memory_online(const struct famfs_ctx *ctx, dev_t rdev, const char *state);

/* mode_use.c: -EBUSY, -EPERM: it is not known that nobody has the device open or mounted. */
int mode_require_unused(const struct famfs_ctx *ctx, const struct mode_target *target,
			struct famfs_err *err);
/*
 * Brings a device back to what its record says, and removes the record. The directory is locked.
 * Return: 0; -EBUSY: in use, so nothing is done; -errno.
 */
int mode_put_back(const struct famfs_ctx *ctx, const struct mode_change *change, bool lib,
		  struct famfs_err *err);

/* mode_guard.c: a process that puts the mode back when this one ends without having done so. */
int mode_guard_start(const struct famfs_ctx *ctx, struct mode_change *change);
void mode_guard_dismiss(const struct mode_change *change); /* there is nothing left to do */

#endif

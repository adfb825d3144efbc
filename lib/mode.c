/* SPDX-License-Identifier: Apache-2.0 */
/* Changing the mode of a device before it is opened, and what a context has changed. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "err.h"
#include "mode_impl.h"

static void wait_a_little(void)
{
	const struct timespec wait = { .tv_nsec = 10000000 };

	(void)nanosleep(&wait, NULL);
}

static void free_change(struct mode_change *change)
{
	if (change->guard >= 0)
		(void)close(change->guard);
	if (change->fd >= 0)
		(void)close(change->fd);
	free(change->path);
	free(change);
}

static struct mode_change *new_change(const struct mode_target *target,
				      const struct mode_record *record)
{
	struct mode_change *change = calloc(1, sizeof(*change));

	if (!change)
		return NULL;
	change->fd = change->guard = -1;
	change->record = *record;
	change->record.pid = getpid();
	change->st = *target->st;
	change->path = strdup(target->path);
	if (change->path)
		return change;
	free_change(change);
	return NULL;
}

static int cannot_change(const struct mode_target *target, const char *what, int rc,
			 struct famfs_err *err)
{
	rc = err_set(err, rc, target->device, "its mode cannot be changed: %s: %s", what,
		     strerror(-rc));
	if (rc == -EACCES || rc == -EPERM || rc == -EROFS)
		return err_hint(err, rc, "run the command as root");
	return rc;
}

/* Memory that the kernel uses goes back to it, with all that was written to it. */
static int refuse_ram(const struct mode_target *target, const struct dax_info *now,
		      struct famfs_err *err)
{
	int rc = err_set(err, -ENOTSUP, target->device,
			 "in system-ram mode: what is written would be lost when the memory goes "
			 "back to the kernel");

	return err_hint(err, rc, "daxctl reconfigure-device --mode=devdax --force %s", now->name);
}

static int free_memory(const struct famfs_ctx *ctx, const struct mode_target *target,
		       const struct mode_record *record, struct famfs_err *err)
{
	int rc = mode_memory_offline(ctx, record->rdev, record->memory);

	if (!rc)
		return 0;
	rc = err_set(err, rc, target->device,
		     "in system-ram mode, and its memory cannot be taken offline: %s",
		     strerror(-rc));
	return err_hint(err, rc, "end what uses the memory, or try: daxctl offline-memory %s",
			record->name);
}

/* From whatever mode into devdax; the guardian watches already. */
static int rebind(const struct famfs_ctx *ctx, const struct mode_target *target,
		  const struct mode_record *record, struct famfs_err *err)
{
	struct dax_info now;
	int rc = dax_mode(ctx, record->rdev, &now, err);

	if (!rc && now.mode == FAMFS_MODE_SYSTEM_RAM)
		rc = free_memory(ctx, target, record, err);
	if (rc < 0)
		return rc;
	if (now.driver[0]) {
		rc = mode_unbind(ctx, &now, record->rdev, true);
		if (rc < 0)
			return cannot_change(target, "driver/unbind", rc, err);
	}
	/* Somebody may have opened it since the first look. */
	rc = mode_require_unused(ctx, target, err);
	if (rc < 0)
		return rc;
	rc = mode_bind(ctx, record->name, record->rdev, "device_dax", true);
	if (rc == -ENOENT)
		return err_hint(
			err,
			err_set(err, rc, target->device,
				"its mode cannot be changed: there is no driver device_dax"),
			"modprobe device_dax");
	return rc ? cannot_change(target, "device_dax/bind", rc, err) : 0;
}

/* Undoes a change that failed half-way; the error is told already. */
static void take_back(const struct famfs_ctx *ctx, const struct mode_change *change)
{
	if (mode_put_back(ctx, change, true, NULL) == 0)
		mode_guard_dismiss(change);
}

static void end_all(struct famfs_ctx *ctx)
{
	while (famfs_modes_restore(ctx, NULL))
		;
}

/* @record: what is to be put back at the end. */
static int change_mode(struct famfs_ctx *ctx, const struct mode_target *target,
		       const struct mode_record *record, struct famfs_err *err)
{
	struct mode_change *change = new_change(target, record);
	struct dax_info now;
	int rc;

	if (!change)
		return err_nomem(err);
	change->fd = mode_record_write(ctx, &change->record);
	rc = change->fd < 0 ? cannot_change(target, "no record in /run/famfs", change->fd, err) : 0;
	if (!rc) {
		rc = mode_guard_start(ctx, change);
		if (rc < 0)
			(void)cannot_change(target, "no guardian", rc, err);
	}
	if (!rc)
		rc = dax_mode(ctx, record->rdev, &now, err);
	if (!rc && now.mode != FAMFS_MODE_DEVDAX)
		rc = rebind(ctx, target, &change->record, err);
	if (rc < 0) {
		if (change->fd >= 0)
			take_back(ctx, change);
		free_change(change);
		return rc;
	}
	ctx_debug(ctx, "%s: in devdax mode for now, driver before: %s", target->device,
		  record->driver);
	change->next = ctx->modes;
	ctx->modes = change;
	ctx->modes_end = end_all;
	return 0;
}

static int begin(struct famfs_ctx *ctx, const struct mode_target *target,
		 const struct dax_info *now, struct famfs_err *err)
{
	struct mode_record record = { .rdev = target->st->st_rdev };
	int rc;

	if (now->mode == FAMFS_MODE_SYSTEM_RAM && target->write)
		return refuse_ram(target, now, err);
	rc = mode_require_unused(ctx, target, err);
	if (!rc && now->mode == FAMFS_MODE_SYSTEM_RAM) {
		rc = mode_memory_state(ctx, record.rdev, record.memory);
		if (rc < 0)
			(void)cannot_change(target, "its memory is not found", rc, err);
	}
	if (rc < 0)
		return rc;
	memcpy(record.name, now->name, sizeof(record.name));
	memcpy(record.driver, now->driver, sizeof(record.driver));
	return change_mode(ctx, target, &record, err);
}

/*
 * A record that nobody holds: of a command that was killed together with its guardian. What it
 * changed, this one puts back at its end. Return: 1: done; 0: it is void.
 */
static int adopt(struct famfs_ctx *ctx, const struct mode_target *target,
		 const struct dax_info *now, int fd, struct famfs_err *err)
{
	struct mode_record record;
	int rc;

	if (mode_record_read(fd, now->name, &record) < 0 || record.rdev != target->st->st_rdev ||
	    !strcmp(record.driver, now->driver))
		return 0;
	if (!strcmp(record.driver, "kmem") && target->write)
		return refuse_ram(target, now, err);
	rc = now->mode == FAMFS_MODE_DEVDAX ? 0 : mode_require_unused(ctx, target, err);
	if (!rc)
		rc = change_mode(ctx, target, &record, err);
	return rc ? rc : 1;
}

/* The directory is locked. Return: 0; 1: the mode is just being put back; -errno. */
static int enter_locked(struct famfs_ctx *ctx, const struct mode_target *target, int *ret_fd,
			struct famfs_err *err)
{
	struct dax_info now;
	int fd, rc = dax_mode(ctx, target->st->st_rdev, &now, err);

	if (rc < 0)
		return rc;
	fd = mode_record_open(ctx, now.name);
	if (fd >= 0 && mode_flock(fd, LOCK_EX | LOCK_NB) < 0) {
		rc = mode_flock(fd, LOCK_SH | LOCK_NB);
		if (rc < 0)
			(void)close(fd);
		*ret_fd = rc < 0 ? -1 : fd;
		return rc < 0;
	}
	if (fd >= 0) {
		rc = adopt(ctx, target, &now, fd, err);
		if (rc == 0)
			mode_record_remove(ctx, now.name);
		(void)close(fd);
		if (rc != 0)
			return rc < 0 ? rc : 0;
	}
	return now.mode == FAMFS_MODE_DEVDAX ? 0 : begin(ctx, target, &now, err);
}

static int no_directory(const struct mode_target *target, int rc, struct famfs_err *err)
{
	if (rc != -EUCLEAN)
		return cannot_change(target, "/run/famfs", rc, err);
	rc = err_set(err, -EPERM, target->device,
		     "its mode cannot be changed: others than root can write to /run/famfs");
	return err_hint(err, rc, "see who made it: ls -ld /run/famfs");
}

/* Return: 0; 1: not now; -errno. */
static int try_enter(struct famfs_ctx *ctx, const struct mode_target *target, int *ret_fd,
		     struct famfs_err *err)
{
	int rc, dir = mode_dir_lock(ctx, LOCK_EX | LOCK_NB);

	if (dir < 0)
		return dir == -EAGAIN ? 1 : no_directory(target, dir, err);
	(void)pthread_mutex_lock(&ctx->modes_lock);
	rc = enter_locked(ctx, target, ret_fd, err);
	(void)pthread_mutex_unlock(&ctx->modes_lock);
	(void)close(dir);
	return rc;
}

/* Return: false: it is not wanted any more. */
static bool wait_for_others(const struct famfs_ctx *ctx)
{
	wait_a_little();
	return !ctx_cancelled(ctx);
}

static int enter_changing(struct famfs_ctx *ctx, const struct mode_target *target, int *ret_fd,
			  struct famfs_err *err)
{
	int rc;

	while ((rc = try_enter(ctx, target, ret_fd, err)) > 0)
		if (!wait_for_others(ctx))
			return err_set(err, -ECANCELED, target->device, "cancelled");
	return rc;
}

/*
 * Holds the record that there is. Who may not read it cannot hold it, but is seen by the owner.
 * Return: 0, -ECANCELED.
 */
static int join(const struct famfs_ctx *ctx, const char *name, int *ret_fd)
{
	int fd, rc;

	while ((fd = mode_record_open(ctx, name)) >= 0) {
		rc = mode_flock(fd, LOCK_SH | LOCK_NB);
		if (!rc && mode_record_is_there(ctx, name, fd)) {
			*ret_fd = fd;
			return 0;
		}
		(void)close(fd);
		if (rc && rc != -EAGAIN)
			return 0;
		if (rc && !wait_for_others(ctx))
			return -ECANCELED;
	}
	return 0;
}

int mode_enter(struct famfs_ctx *ctx, const struct mode_target *target, int *ret_fd,
	       struct famfs_err *err)
{
	struct dax_info now;
	int fd, rc = dax_mode(ctx, target->st->st_rdev, &now, err);

	*ret_fd = -1;
	if (rc < 0)
		return rc;
	if (!ctx->set_mode) {
		rc = join(ctx, now.name, ret_fd);
		return rc ? err_set(err, rc, target->device, "cancelled") : 0;
	}
	fd = mode_record_open(ctx, now.name);
	if (fd >= 0)
		(void)close(fd);
	if ((fd == -ENOENT || fd == -EUCLEAN) && now.mode == FAMFS_MODE_DEVDAX)
		return 0;
	return enter_changing(ctx, target, ret_fd, err);
}

/* Return: 0; -EBUSY: the guardian goes on; -errno: nobody does. */
static int restore_one(const struct famfs_ctx *ctx, const struct mode_change *change,
		       struct famfs_err *err)
{
	int dir, rc;

	if (mode_flock(change->fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(err, -EBUSY, change->path,
			       "stays in devdax mode until other commands that use it have ended");
	dir = mode_dir_lock(ctx, LOCK_EX);
	if (dir < 0)
		return err_set(err, dir, change->path, "cannot be put back: /run/famfs: %s",
			       strerror(-dir));
	rc = mode_put_back(ctx, change, true, err);
	if (rc == -EBUSY && err) {
		err->hint[0] = '\0';
		rc = err_set(err, rc, change->path,
			     "stays in devdax mode until all that have it open have closed it");
	}
	if (rc != -EBUSY)
		mode_guard_dismiss(change);
	(void)close(dir);
	return rc;
}

int famfs_modes_restore(struct famfs_ctx *ctx, struct famfs_err *err)
{
	int rc = 0;

	(void)pthread_mutex_lock(&ctx->modes_lock);
	while (ctx->modes && !rc) {
		struct mode_change *change = ctx->modes;

		ctx->modes = change->next;
		rc = restore_one(ctx, change, err);
		free_change(change);
	}
	(void)pthread_mutex_unlock(&ctx->modes_lock);
	return rc;
}

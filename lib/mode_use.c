/* SPDX-License-Identifier: Apache-2.0 */
/* Only what nobody else uses changes its mode; and back again. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "mode_impl.h"
#include "text.h"

/* The kernel's own number of the namespace that all processes are in. */
#define ALL_PROCESSES "pid:[4026531836]"

static bool sees_processes(const struct famfs_ctx *ctx)
{
	char path[PATH_MAX];

	return ctx_path(ctx, "/proc/self", path, sizeof(path)) == 0 && access(path, F_OK) == 0;
}

/* In a container those of the host are not to be seen. Old kernels know no namespaces. */
static bool sees_all_processes(const struct famfs_ctx *ctx)
{
	char path[PATH_MAX], namespace[64];
	ssize_t n = -1;

	if (ctx_path(ctx, "/proc/self/ns/pid", path, sizeof(path)) == 0)
		n = readlink(path, namespace, sizeof(namespace) - 1);
	if (n < 0)
		return true;
	namespace[n] = '\0';
	return strcmp(namespace, ALL_PROCESSES) == 0;
}

static int refuse_open(const struct mode_target *target, const struct users *users,
		       struct famfs_err *err)
{
	const struct famfs_user *first = &users->first[0];
	int rc = err_set(err, -EBUSY, target->device,
			 "is open in process %d (%s)%s: its mode is not changed", first->pid,
			 first->command, users->nr > 1 ? " and in others" : "");

	return err_hint(err, rc, "end what uses it: famfs list --long %s",
			text_shell(target->path).s);
}

int mode_require_unused(const struct famfs_ctx *ctx, const struct mode_target *target,
			struct famfs_err *err)
{
	char where[FAMFS_FILE_PATH_SIZE];
	struct users users;
	int rc = users_mounted_anywhere(ctx, target->st, target->path, where);

	if (rc < 0)
		return users_unknown(target->device, rc, err);
	if (rc) {
		rc = err_set(err, -EBUSY, target->device,
			     "is mounted at %s: its mode is not changed", where);
		return err_hint(err, rc, "umount %s", text_shell(where).s);
	}
	users_scan(ctx, target->st, &users);
	if (users.nr)
		return refuse_open(target, &users, err);
	if (!sees_processes(ctx))
		return err_hint(err,
				err_set(err, -EPERM, target->device,
					"it cannot be seen who has it open: its mode is not "
					"changed"),
				"mount -t proc proc /proc");
	if (!sees_all_processes(ctx))
		return err_hint(err,
				err_set(err, -EPERM, target->device,
					"may be open outside of this container, whose processes "
					"are all that is seen: its mode is not changed"),
				"run the command on the host");
	if (!users.unseen)
		return 0;
	rc = err_set(err, -EPERM, target->device,
		     "may be open in one of those processes that cannot be looked into, %" PRIu64
		     " in all: its mode is not changed",
		     users.unseen);
	return err_hint(err, rc, "run the command as root");
}

static int stays(const struct mode_change *change, const struct dax_info *now, int rc,
		 struct famfs_err *err)
{
	char remedy[FAMFS_HINT_SIZE];

	mode_remedy(&change->record, now->driver, remedy, sizeof(remedy));
	rc = err_set(err, rc, change->path, "could not be put back to driver %s: %s",
		     change->record.driver[0] ? change->record.driver : "none", strerror(-rc));
	return err_hint(err, rc, "%s", remedy);
}

/* Bound as it was, and its memory as it was. */
static int bind_back(const struct famfs_ctx *ctx, const struct mode_record *record,
		     const struct dax_info *now, bool lib)
{
	int rc = 0;

	if (strcmp(now->driver, record->driver) != 0) {
		if (now->driver[0])
			rc = mode_unbind(ctx, now, record->rdev, lib);
		if (!rc && record->driver[0])
			rc = mode_bind(ctx, record->name, record->rdev, record->driver, lib);
	}
	if (!rc && record->memory[0])
		rc = mode_memory_online(ctx, record->rdev, record->memory);
	return rc;
}

int mode_put_back(const struct famfs_ctx *ctx, const struct mode_change *change, bool lib,
		  struct famfs_err *err)
{
	const struct mode_target target = { .st = &change->st,
					    .path = change->path,
					    .device = change->path };
	struct dax_info now;
	int rc = dax_mode(ctx, change->record.rdev, &now, err);

	/* With the device goes what was to be done to it. */
	if (rc == -ENODEV && dax_sysfs_is_here(ctx)) {
		mode_record_remove(ctx, change->record.name);
		return 0;
	}
	if (rc < 0)
		return rc;
	if (now.driver[0] && strcmp(now.driver, change->record.driver) != 0)
		rc = mode_require_unused(ctx, &target, err);
	if (rc < 0)
		return -EBUSY;
	rc = bind_back(ctx, &change->record, &now, lib);
	if (rc < 0 && dax_mode(ctx, change->record.rdev, &now, NULL) == 0)
		return stays(change, &now, rc, err);
	if (rc == 0)
		mode_record_remove(ctx, change->record.name);
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Out of a famfs: local files and directories, below the destination. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "below.h"
#include "cp.h"

/* ---------------------------------------------------------------- directories */

/*
 * Modes come last. Until then a copy that is cut off leaves what the same copy, begun again, can go
 * on in: its user may write there, and others may do what they may in the end, unless the directory
 * is to be another owner's.
 */
static mode_t first_mode(const struct cp *cp, const struct cp_item *item)
{
	return (cp->opts->preserve ? 0 : item->mode & cp_plain_bits(item)) | S_IRWXU;
}

/*
 * A directory that is there keeps its mode and owner, unless they are wanted. One that nobody may
 * write in, and that is as it is to be, may come from this copy, begun before: it is opened again.
 */
static void take_present(struct cp *cp, struct cp_item *item, int dir, const char *name,
			 mode_t mode)
{
	const struct cp_opts *opts = cp->opts;
	bool wanted = opts->preserve || opts->owner.has_mode;
	/* Whether its group is handed on is the place's matter. */
	bool ours = wanted || !((mode ^ item->mode) & ~(mode_t)S_ISGID);

	item->status = CP_PRESENT;
	if (cp->env->dry_run)
		return;
	if (!wanted)
		item->mode = mode;
	item->unfinished = wanted || opts->owner.has_uid || opts->owner.has_gid;
	if (!ours || !faccessat(dir, name, R_OK | W_OK | X_OK, AT_EACCESS))
		return;
	/* Where that cannot be done, what is to be written in it tells why. */
	if (!fchmodat(dir, name, mode | S_IRWXU, AT_SYMLINK_NOFOLLOW))
		item->unfinished = true;
}

static void make_in(struct cp *cp, struct cp_item *item, int dir, const char *name)
{
	struct stat st;

	if (!fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW)) {
		if (S_ISDIR(st.st_mode))
			take_present(cp, item, dir, name, st.st_mode & 07777U);
		else
			cp_failf(cp, item, -ENOTDIR, "%s exists and is no directory", item->dest);
	} else if (!cp->env->dry_run && mkdirat(dir, name, first_mode(cp, item))) {
		cp_failf(cp, item, -errno, "%s cannot be made: %s", item->dest, strerror(errno));
	} else {
		item->unfinished = !cp->env->dry_run;
		cp_done(cp, item, CP_COPIED);
	}
}

static void make_dir(struct cp *cp, struct cp_item *item)
{
	const char *name;
	int dir;

	/* The root of a famfs, whose mode and owner are recorded nowhere. */
	if (!*item->dest) {
		item->status = CP_PRESENT;
		return;
	}
	dir = below_open_parent(cp->root, item->dest, false, &name);
	if (dir >= 0) {
		make_in(cp, item, dir, name);
		close(dir);
	} else if (cp->env->dry_run && dir == -ENOENT) {
		/* A dry run makes no directories, and so finds none. */
		cp_done(cp, item, CP_COPIED);
	} else {
		cp_failf(cp, item, dir, "%s", strerror(-dir));
	}
}

/* ------------------------------------------------------------- mode and owner */

/*
 * Who may not give files away keeps them, as with cp -p; then nobody may run them as someone else.
 */
static int set_attributes(const struct cp *cp, const struct cp_item *item, int fd, uint32_t mode)
{
	const struct cp_opts *opts = cp->opts;
	uid_t uid = opts->preserve || opts->owner.has_uid ? item->uid : (uid_t)-1;
	gid_t gid = opts->preserve || opts->owner.has_gid ? item->gid : (gid_t)-1;

	if ((uid != (uid_t)-1 || gid != (gid_t)-1) && fchown(fd, uid, gid)) {
		if (errno != EPERM || opts->owner.has_uid || opts->owner.has_gid)
			return -errno;
		mode &= cp_plain_bits(item);
	}
	return fchmod(fd, mode) ? -errno : 0;
}

/* Where nothing else is wanted, what is made in a directory that hands its group on does so too. */
static int finish_dir(const struct cp *cp, const struct cp_item *item, int fd)
{
	uint32_t mode = item->mode;
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!cp->opts->preserve && !cp->opts->owner.has_mode)
		mode |= st.st_mode & (mode_t)S_ISGID;
	return set_attributes(cp, item, fd, mode);
}

/* Directories get their modes last: one that may not be written in could not be filled. */
static void finish_dirs(struct cp *cp)
{
	size_t i;

	for (i = cp->nr; i-- > 0;) {
		struct cp_item *item = cp->items[i];
		const char *name;
		int dir, fd, rc;

		if (!item->unfinished)
			continue;
		dir = below_open_parent(cp->root, item->dest, false, &name);
		fd = dir < 0 ? dir : openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
		rc = fd >= 0 ? finish_dir(cp, item, fd) : dir < 0 ? dir : -errno;
		if (fd >= 0)
			close(fd);
		if (dir >= 0)
			close(dir);
		if (rc)
			cp_failf(cp, item, rc, "mode and owner: %s", strerror(-rc));
	}
}

/* ----------------------------------------------------------------------- files */

void cp_out_progressed(void *data, uint64_t bytes)
{
	struct cp *cp = data;

	cp->bytes_done += bytes;
	cp_progress(cp);
}

static int write_file(struct cp *cp, struct cp_item *item, int fd, struct famfs_err *err)
{
	struct text name = { 0 };
	struct famfs_data_opts opts = {
		.progress = cp_out_progressed,
		.data = cp,
		.sparse = cp->opts->sparse,
	};
	int rc;

	cp_dest_text(cp, item, &name);
	opts.name = name.s;
	rc = famfs_copy_out(item->side->fs, item->entry, 0, item->size, fd, &opts, err);
	text_free(&name);
	return rc ? rc : famfs_unmoved(item->side->fs, item->entry, err);
}

/* A file that was there keeps its mode, unless one is wanted. */
static int existing(const struct cp *cp, const struct cp_item *item, int dir, const char *name,
		    uint32_t *mode)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (st.st_dev == item->side->dev && st.st_ino == item->side->ino)
		return -EBUSY;
	if (S_ISREG(st.st_mode) && !cp->opts->preserve && !cp->opts->owner.has_mode)
		*mode = st.st_mode & 0777U;
	return 0;
}

/* Return: 0; else *@err or, when that is not set, the errno tells why. */
static int copy_in_dir(struct cp *cp, struct cp_item *item, int dir, const char *name,
		       struct famfs_err *err)
{
	struct below_file tmp;
	uint32_t mode = item->mode;
	int rc = existing(cp, item, dir, name, &mode);

	if (rc || cp->env->dry_run)
		return rc;
	rc = below_file_open(&tmp, dir);
	if (rc)
		return rc;
	rc = write_file(cp, item, tmp.fd, err);
	if (!rc)
		rc = set_attributes(cp, item, tmp.fd, mode);
	if (!rc)
		rc = below_file_publish(&tmp, name);
	below_file_close(&tmp);
	return rc;
}

static void copy_file(struct cp *cp, struct cp_item *item)
{
	struct famfs_err err = { .rc = 0 };
	struct text dest = { 0 };
	const char *name;
	int dir, rc;

	dir = rc = below_open_parent(cp->root, item->dest, false, &name);
	if (dir >= 0) {
		rc = copy_in_dir(cp, item, dir, name, &err);
		close(dir);
	} else if (rc == -ENOENT && cp->env->dry_run) {
		rc = 0;
	}
	if (rc && !err.rc) {
		cp_dest_text(cp, item, &dest);
		cp_err(&err, rc, dest.s, "%s",
		       rc == -EBUSY ? "is the image that is copied from" : strerror(-rc));
		text_free(&dest);
	}
	if (rc)
		cp_fail(cp, item, &err);
	else
		cp_done(cp, item, CP_COPIED);
}

static size_t count_files(struct cp *cp)
{
	size_t i, nr = 0;

	for (i = 0; i < cp->nr; i++) {
		if (cp->items[i]->status != CP_PENDING || cp->items[i]->dir)
			continue;
		cp->bytes_total += cp->items[i]->size;
		nr++;
	}
	return nr;
}

static void copy_stream(struct cp *cp, struct cp_item *item, bool only)
{
	struct famfs_err err;

	if (item->dir)
		cp_skip(cp, item, "is a directory, which cannot be written to a stream");
	else if (!cp->env->dry_run && cp_stream(cp, item, only, &err))
		cp_fail(cp, item, &err);
	else
		cp_done(cp, item, CP_COPIED);
}

void cp_out(struct cp *cp)
{
	size_t i, files = count_files(cp);

	for (i = 0; i < cp->nr && !cp->stop && !cmd_cancelled(); i++) {
		struct cp_item *item = cp->items[i];

		if (item->status != CP_PENDING)
			continue;
		cp->current = item->source;
		if (cp->stream >= 0)
			copy_stream(cp, item, files == 1);
		else if (item->dir)
			make_dir(cp, item);
		else
			copy_file(cp, item);
	}
	finish_dirs(cp);
}

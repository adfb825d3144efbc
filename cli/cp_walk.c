/* SPDX-License-Identifier: Apache-2.0 */
/* Walks local sources. Links are followed to what was named, and with --dereference everywhere. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cp.h"

/*
 * A directory being walked, and those above it, a link to which is a loop. The outermost has no
 * item and stands for the command line.
 */
struct walk {
	struct cp *cp;
	const struct walk *above;
	struct cp_item *item;
};

struct names {
	char **names;
	size_t nr, cap;
};

/* Where a source goes: the caller frees it. */
char *cp_dest_name(struct cp *cp, struct cp_item *item, const char *source_name)
{
	if (!cp->into && cp->slash && !item->dir) {
		cp_failf(cp, item, -ENOTDIR, "%s is no directory", cp->dst_text);
		return NULL;
	}
	return cp->into ? cp_join(cp->base, source_name) : cp_join(cp->base, "");
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_free(struct names *n)
{
	while (n->nr)
		free(n->names[--n->nr]);
	free(n->names);
}

/* Reads a directory, in the order of bytes; takes @fd. */
static int names_read(int fd, struct names *n)
{
	DIR *dir = fdopendir(fd);
	struct dirent *d;
	int rc;

	if (!dir) {
		rc = -errno;
		close(fd);
		return rc;
	}
	for (errno = 0; (d = readdir(dir)); errno = 0) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		n->names = mem_grow(n->names, &n->cap, n->nr + 1, sizeof(char *));
		n->names[n->nr++] = mem_strndup(d->d_name, strlen(d->d_name));
	}
	rc = -errno;
	closedir(dir);
	if (n->nr)
		qsort(n->names, n->nr, sizeof(char *), by_bytes);
	return rc;
}

static void walk_dir(const struct walk *w, int fd);

static bool is_loop(const struct walk *w, const struct stat *st)
{
	for (; w->item; w = w->above)
		if (w->item->dev == st->st_dev && w->item->ino == st->st_ino)
			return true;
	return false;
}

/*
 * What lies below a name that cannot be recorded cannot be either; its directory alone is tried, so
 * that the reason is told once.
 */
static bool too_deep(const struct cp_item *item)
{
	return strlen(item->dest) > FAMFS_PATH_WRITE_MAX;
}

/* @name: below @at; the whole path for a source as given. */
static void visit_dir(const struct walk *above, struct cp_item *item, int at, const char *name)
{
	struct cp *cp = above->cp;
	const struct walk w = { .cp = cp, .above = above, .item = item };
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (item->follow ? 0 : O_NOFOLLOW);
	struct famfs_err err;
	struct stat st;
	int fd;

	if (too_deep(item))
		return;
	fd = openat(at, name, flags);
	if (fd < 0 || fstat(fd, &st)) {
		cp_failf(cp, item, -errno, "%s", strerror(errno));
		if (fd >= 0)
			close(fd);
		return;
	}
	if (st.st_dev != item->dev || st.st_ino != item->ino) {
		close(fd);
		cp_err(&err, -ESTALE, item->source, "changed while it was looked through");
		cp_hint(&err, err.rc, CP_HINT_CHANGED);
		cp_fail(cp, item, &err);
		return;
	}
	walk_dir(&w, fd);
}

/* Some files, as those of /proc, do not tell how much is in them. */
static bool tells_no_size(const struct cp_item *item, int at, const char *name)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (item->follow ? 0 : O_NOFOLLOW);
	int fd = openat(at, name, flags);
	char byte;
	bool has = fd >= 0 && read(fd, &byte, 1) == 1;

	if (fd >= 0)
		close(fd);
	return has;
}

static void visit_empty(struct cp *cp, struct cp_item *item, int at, const char *name)
{
	if (tells_no_size(item, at, name))
		cp_failf(cp, item, -EINVAL,
			 "has bytes but tells no size; copy it from standard input, as -");
	else if (cp->opts->skip_empty)
		item->status = CP_SKIPPED;
	else
		cp_skip(cp, item, "is empty, which a famfs cannot hold");
}

/* An item of known type; the directory is entered. */
static void visit(const struct walk *above, struct cp_item *item, const struct stat *st, int at,
		  const char *name)
{
	struct cp *cp = above->cp;

	item->dev = st->st_dev;
	item->ino = st->st_ino;
	item->dir = S_ISDIR(st->st_mode);
	item->size = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0;
	cp_set_mode(cp, item, st->st_mode, st->st_uid, st->st_gid);
	if (item->dir && !cp->opts->recursive)
		cp_skip(cp, item, "is a directory, which is copied with -r only");
	else if (item->dir && is_loop(above, st))
		cp_failf(cp, item, -ELOOP, "is a directory that it lies in: a loop");
	else if (item->dir)
		visit_dir(above, item, at, name);
	else if (S_ISLNK(st->st_mode))
		cp_skip(cp, item, "is a symbolic link, which a famfs cannot hold");
	else if (!S_ISREG(st->st_mode))
		cp_skip(cp, item, "is a special file, which a famfs cannot hold");
	else if (!item->size)
		visit_empty(cp, item, at, name);
	else if (item->dev == cp->dst.dev && item->ino == cp->dst.ino)
		cp_failf(cp, item, -EINVAL, "is the image that is copied to");
}

/* Looks at one name of a directory. */
static void visit_name(const struct walk *w, int fd, const char *name)
{
	struct cp *cp = w->cp;
	char *source = cp_join(w->item->source, name), *dest = cp_join(w->item->dest, name);
	struct cp_item *item = cp_add(cp, CP_LOCAL, source, dest);
	struct stat st;

	free(source);
	free(dest);
	item->follow = cp->opts->follow;
	if (fstatat(fd, name, &st, item->follow ? 0 : AT_SYMLINK_NOFOLLOW))
		cp_failf(cp, item, -errno, "%s", strerror(errno));
	else
		visit(w, item, &st, fd, name);
}

/* Takes @fd. */
static void walk_dir(const struct walk *w, int fd)
{
	struct names n = { 0 };
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0), rc = copy < 0 ? -errno : names_read(copy, &n);
	size_t i;

	if (rc)
		cp_failf(w->cp, w->item, rc, "%s", strerror(-rc));
	for (i = 0; !rc && i < n.nr && !w->cp->stop && !cmd_cancelled(); i++)
		visit_name(w, fd, n.names[i]);
	names_free(&n);
	close(fd);
}

void cp_walk_local(struct cp *cp, const char *operand)
{
	struct cp_item *item = cp_add(cp, CP_LOCAL, operand, "");
	const struct walk top = { .cp = cp };
	char *name, *dest;
	struct stat st;

	item->follow = true;
	if (stat(operand, &st)) {
		cp_failf(cp, item, -errno, "%s", strerror(errno));
		return;
	}
	item->dir = S_ISDIR(st.st_mode);
	name = cp_last_part(operand);
	dest = cp_dest_name(cp, item, name);
	free(name);
	if (!dest)
		return;
	free(item->dest);
	item->dest = dest;
	visit(&top, item, &st, AT_FDCWD, operand);
}

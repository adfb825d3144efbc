/* SPDX-License-Identifier: Apache-2.0 */
/* Sources that are not local files: what is in a famfs, and standard input. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cp.h"
#include "file.h"
#include "listing.h"

enum { SPOOL_SIZE = 1 << 18 };

/* The open famfs of a device; each is opened once. Says why not, and returns NULL. */
static struct cp_side *side_of(struct cp *cp, struct cp_item *item, const char *device)
{
	struct cp_side *side;
	struct famfs_err err;
	struct famfs *fs;

	for (side = cp->sides; side; side = side->next)
		if (!strcmp(side->device, device))
			return side;
	if (famfs_open(cp->env->ctx, device, 0, &fs, &err)) {
		cp_fail(cp, item, &err);
		return NULL;
	}
	side = mem_calloc(1, sizeof(*side));
	side->device = device;
	side->fs = fs;
	cp_side_identify(side);
	side->next = cp->sides;
	cp->sides = side;
	/* What is good can be copied; that it is not all is a failure all the same. */
	if (famfs_damage(fs, &err))
		cp->code = env_error(cp->env, &err);
	return side;
}

static void set_entry(struct cp *cp, struct cp_item *item, const struct famfs_entry *entry)
{
	item->dir = entry->type == FAMFS_ENTRY_MKDIR;
	cp_set_mode(cp, item, entry->mode, entry->uid, entry->gid);
	if (item->dir)
		return;
	item->size = entry->size;
	item->entry = mem_calloc(1, sizeof(*entry));
	*item->entry = *entry;
}

/* What the file system keeps about itself is not part of a copy of its root. */
static bool wanted(const void *data, const struct famfs_entry *entry)
{
	const char *top = data;

	if (entry->type != FAMFS_ENTRY_FILE && entry->type != FAMFS_ENTRY_MKDIR)
		return false;
	if (!*top && (!strcmp(entry->path, ".meta") || path_below(entry->path, ".meta")))
		return false;
	return path_below(entry->path, top);
}

/* @top: the entry that @dir was made from, which is copied with all below it. */
static void add_below(struct cp *cp, const struct cp_item *dir, const struct famfs_entry *top)
{
	struct listing l = { .env = cp->env, .fs = dir->side->fs, .wanted = wanted };
	struct famfs_entry entry;
	struct famfs_err err;
	size_t i;

	l.data = top->path;
	l.by_parts = true;
	if (listing_collect(&l)) {
		cp->code = EXIT_FAILED;
		cp->stop = true;
	}
	for (i = 0; i < l.nr && !cp->stop && !cmd_cancelled(); i++) {
		const char *rest = path_below(l.rows[i].u.path, top->path);
		char *source = cp_join(dir->source, rest), *dest = cp_join(dir->dest, rest);
		struct cp_item *item = cp_add(cp, CP_FAMFS, source, dest);
		int rc = listing_entry(dir->side->fs, &l.rows[i], &entry, &err);

		free(source);
		free(dest);
		item->side = dir->side;
		if (rc)
			cp_failf(cp, item, rc, "changed while it was read");
		else
			set_entry(cp, item, &entry);
	}
	listing_free(&l);
}

/* Onto itself, or a directory into itself: found before anything is begun. */
static bool is_itself(struct cp *cp, struct cp_item *item, const struct famfs_entry *entry)
{
	if (!cp->dst.fs || !cp_side_same(item->side, &cp->dst))
		return false;
	if (!strcmp(entry->path, item->dest))
		cp_failf(cp, item, -EINVAL, "cannot be copied onto itself");
	else if (item->dir && path_below(item->dest, entry->path))
		cp_failf(cp, item, -EINVAL, "is a directory, which cannot be copied into itself");
	else
		return false;
	return true;
}

void cp_walk_famfs(struct cp *cp, const struct operand *op)
{
	struct cp_item *item = cp_add(cp, CP_FAMFS, op->text, "");
	struct famfs_entry entry;
	struct famfs_err err;
	char *name, *dest;

	item->side = side_of(cp, item, op->device);
	if (!item->side)
		return;
	if (famfs_lookup(item->side->fs, op->path, &entry, &err)) {
		cp_fail(cp, item, &err);
		return;
	}
	set_entry(cp, item, &entry);
	if (item->dir && !cp->opts->recursive) {
		cp_skip(cp, item, "is a directory, which is copied with -r only");
		return;
	}
	name = cp_last_part(entry.path);
	dest = cp_dest_name(cp, item, name);
	free(name);
	if (!dest)
		return;
	free(item->dest);
	item->dest = dest;
	if (!is_itself(cp, item, &entry) && item->dir)
		add_below(cp, item, &entry);
}

/* A file without a name, below $TMPDIR. */
static int spool_open(struct cp *cp, struct cp_item *item)
{
	const char *dir = getenv("TMPDIR");
	char path[PATH_MAX];
	int fd;

	dir = dir && *dir ? dir : "/tmp";
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "%.4000s/famfs-cp.XXXXXX", dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	else
		cp_failf(cp, item, -errno, "no temporary file in %s: %s; set TMPDIR", dir,
			 strerror(errno));
	return fd;
}

static void spool_copy(struct cp *cp, struct cp_item *item)
{
	char *buf = mem_calloc(1, SPOOL_SIZE);
	int rc = 0, failed = 0;
	ssize_t got;

	while (!rc) {
		got = read(STDIN_FILENO, buf, SPOOL_SIZE);
		if (got < 0 && errno == EINTR && !cmd_cancelled())
			continue;
		failed = got < 0 ? errno : 0;
		if (got <= 0)
			break;
		rc = file_write_all(cp->input, buf, (size_t)got);
		item->size += (uint64_t)got;
	}
	free(buf);
	if (failed) {
		cp_failf(cp, item, -failed, "cannot be read: %s", strerror(failed));
		return;
	}
	if (!rc && lseek(cp->input, 0, SEEK_SET))
		rc = -errno;
	if (rc)
		cp_failf(cp, item, rc, "cannot be spooled in $TMPDIR: %s", strerror(-rc));
}

/* The size must be known before space is taken: what tells none is stored first. */
static void spool(struct cp *cp, struct cp_item *item)
{
	cp->input = spool_open(cp, item);
	if (cp->input >= 0)
		spool_copy(cp, item);
}

void cp_walk_stdin(struct cp *cp)
{
	struct cp_item *item = cp_add(cp, CP_STDIN, "standard input", cp->base);
	const struct cp_opts *opts = cp->opts;
	struct stat st;
	bool file;

	cp_set_mode(cp, item, 0666, geteuid(), getegid());
	cp->input = STDIN_FILENO;
	if (cp->into) {
		cp_failf(cp, item, -EISDIR, "needs a name, and %s is a directory", cp->dst_text);
		return;
	}
	/* Files of /proc have no size, though bytes. */
	file = !fstat(STDIN_FILENO, &st) && S_ISREG(st.st_mode) && st.st_size;
	if (file && !lseek(STDIN_FILENO, 0, SEEK_CUR))
		item->size = (uint64_t)st.st_size;
	else if (opts->has_size && !file)
		item->size = opts->size;
	else
		spool(cp, item);
	if (item->status != CP_PENDING || cp->stop)
		return;
	if (opts->has_size && item->size != opts->size)
		cp_failf(cp, item, -ESTALE, "has %llu bytes, not %llu",
			 (unsigned long long)item->size, (unsigned long long)opts->size);
	else if (!item->size && opts->skip_empty)
		item->status = CP_SKIPPED;
	else if (!item->size)
		cp_skip(cp, item, "is empty, which a famfs cannot hold");
}

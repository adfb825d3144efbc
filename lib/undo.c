/* SPDX-License-Identifier: Apache-2.0 */
/* Undo files: which ranges, and their bytes into a pack. */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctx.h"
#include "err.h"
#include "pack.h"
#include "role.h"
#include "super.h"
#include "undo.h"

#define SUPER_PAGE 4096 /* the superblock and what lies beside it */
#define NAMES_MAX  100  /* names tried within a second */

struct range {
	uint64_t off, end;
};

struct undo {
	struct dev *dev;
	int fd;
	bool committed;
	char path[PATH_MAX];
	struct range *ranges;
	size_t nr, cap;
};

static int cannot_make(const char *path, int rc, struct famfs_err *err)
{
	if (rc == -EEXIST)
		return err_hint(err,
				err_set(err, rc, path,
					"is there already, and an undo file replaces nothing"),
				"give another name with --undo");
	rc = err_set(err, rc, path, "the undo file cannot be made: %s", strerror(-rc));
	return err_hint(err, rc, "give another place with --undo");
}

static int make(struct undo *undo)
{
	undo->fd = open(undo->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return undo->fd < 0 ? -errno : 0;
}

static int make_at(struct undo *undo, const char *path)
{
	size_t len = strlen(path);

	if (len >= sizeof(undo->path))
		return -ENAMETOOLONG;
	memcpy(undo->path, path, len + 1);
	return make(undo);
}

/* PREFIX.TIME.undo; the second of a second has a number. */
static int make_named(struct undo *undo, const char *prefix)
{
	time_t now = time(NULL);
	char when[32], number[16] = "";
	struct tm tm;
	int rc = -EEXIST, n;

	if (!gmtime_r(&now, &tm) || !strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm))
		return -EOVERFLOW;
	for (unsigned int i = 1; rc == -EEXIST && i < NAMES_MAX; i++) {
		if (i > 1)
			(void)snprintf(number, sizeof(number), "-%u", i);
		n = snprintf(undo->path, sizeof(undo->path), "%s.%s%s.undo", prefix, when, number);
		rc = n < 0 || (size_t)n >= sizeof(undo->path) ? -ENAMETOOLONG : make(undo);
	}
	return rc;
}

static int make_in_state_dir(struct undo *undo)
{
	const char *slash = strrchr(undo->dev->path, '/');
	const char *base = slash ? slash + 1 : undo->dev->path;
	char prefix[PATH_MAX];
	size_t len;
	int rc = role_state_dir(undo->dev->ctx, prefix, sizeof(prefix));

	if (!rc)
		rc = role_make_state_dir(prefix);
	if (rc)
		return rc;
	len = strlen(prefix);
	if (len + 1 + strlen(base) >= sizeof(prefix))
		return -ENAMETOOLONG;
	(void)snprintf(prefix + len, sizeof(prefix) - len, "/%s", base);
	return make_named(undo, prefix);
}

static int make_somewhere(struct undo *undo)
{
	int rc;

	if (undo->dev->kind == FAMFS_DEV_DAX)
		return make_in_state_dir(undo);
	rc = make_named(undo, undo->dev->path);
	if (rc == -EACCES || rc == -EPERM || rc == -EROFS || rc == -ENAMETOOLONG)
		rc = make_in_state_dir(undo);
	return rc;
}

int undo_begin(struct dev *dev, const char *path, struct undo **ret_undo, struct famfs_err *err)
{
	struct undo *undo = calloc(1, sizeof(*undo));
	int rc;

	if (!undo)
		return err_nomem(err);
	undo->dev = dev;
	undo->fd = -1;
	rc = path ? make_at(undo, path) : make_somewhere(undo);
	if (rc)
		rc = cannot_make(path ? path : *undo->path ? undo->path : dev->name, rc, err);
	if (!rc)
		rc = undo_save(undo, 0, dev->size < SUPER_PAGE ? dev->size : SUPER_PAGE, err);
	if (rc) {
		undo_close(undo);
		return rc;
	}
	*ret_undo = undo;
	return 0;
}

int undo_save(struct undo *undo, uint64_t off, uint64_t len, struct famfs_err *err)
{
	struct range *last = undo->nr ? &undo->ranges[undo->nr - 1] : NULL;
	struct range range = { .off = off };

	if (__builtin_add_overflow(off, len, &range.end) || range.end > undo->dev->size)
		return err_set(err, -ERANGE, undo->dev->name,
			       "%llu bytes at offset %llu lie outside (%llu bytes)",
			       (unsigned long long)len, (unsigned long long)off,
			       (unsigned long long)undo->dev->size);
	if (last && off >= last->off && off <= last->end) {
		last->end = range.end > last->end ? range.end : last->end;
		return 0;
	}
	if (undo->nr == undo->cap) {
		size_t cap = undo->cap ? 2 * undo->cap : 16;
		struct range *more = reallocarray(undo->ranges, cap, sizeof(*more));

		if (!more)
			return err_nomem(err);
		undo->ranges = more;
		undo->cap = cap;
	}
	undo->ranges[undo->nr++] = range;
	return 0;
}

static int by_offset(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->off < y->off ? -1 : x->off > y->off;
}

/* In order, and what meets is one. */
static void merge(struct undo *undo)
{
	size_t nr = 0;

	qsort(undo->ranges, undo->nr, sizeof(*undo->ranges), by_offset);
	for (size_t i = 1; i < undo->nr; i++) {
		struct range *last = &undo->ranges[nr], *next = &undo->ranges[i];

		if (next->off > last->end)
			undo->ranges[++nr] = *next;
		else if (next->end > last->end)
			last->end = next->end;
	}
	undo->nr = nr + 1;
}

static int fill_info(struct undo *undo, struct famfs_image_info *info, struct famfs_err *err)
{
	struct famfs_super super;
	unsigned int problems;
	int rc = super_read(undo->dev, &super, &problems, err);

	if (rc)
		return rc;
	*info = (struct famfs_image_info){
		.kind = FAMFS_IMAGE_UNDO,
		.created = (uint64_t)time(NULL),
		.dev_size = undo->dev->size,
		.has_super = problems == 0,
	};
	dev_full_name(undo->dev, info->device, sizeof(info->device));
	if (problems)
		return 0;
	memcpy(info->uuid, super.uuid, sizeof(info->uuid));
	memcpy(info->dev_uuid, super.dev_uuid, sizeof(info->dev_uuid));
	memcpy(info->system_uuid, super.system_uuid, sizeof(info->system_uuid));
	return 0;
}

static int write_range(struct undo *undo, struct pack_writer *w, const struct range *range,
		       uint8_t *buf, struct famfs_err *err)
{
	int rc = 0;

	for (uint64_t at = range->off; at < range->end && !rc;) {
		size_t part = range->end - at < PACK_CHUNK ? (size_t)(range->end - at) : PACK_CHUNK;

		if (ctx_cancelled(undo->dev->ctx))
			return err_set(err, -ECANCELED, undo->dev->name, "cancelled");
		rc = dev_scan(undo->dev, at, buf, part, err);
		if (!rc)
			rc = pack_add(w, at, buf, part, err);
		at += part;
	}
	return rc;
}

static int write_pack(struct undo *undo, struct pack_writer *w, struct famfs_err *err)
{
	uint8_t *buf = malloc(PACK_CHUNK);
	struct famfs_image_info info;
	int rc = buf ? fill_info(undo, &info, err) : err_nomem(err);

	if (!rc)
		rc = pack_create(w, undo->fd, undo->path, &info, err);
	for (size_t i = 0; i < undo->nr && !rc; i++)
		rc = write_range(undo, w, &undo->ranges[i], buf, err);
	free(buf);
	return rc ? rc : pack_finish(w, err);
}

/* Contents and name are on the disk before anything is written over. */
static int sync_all(const struct undo *undo, struct famfs_err *err)
{
	const char *slash = strrchr(undo->path, '/');
	char dir[PATH_MAX] = ".";
	int rc = fsync(undo->fd) ? -errno : 0, fd;

	if (slash) {
		memcpy(dir, undo->path, (size_t)(slash - undo->path) + 1);
		dir[slash - undo->path + 1] = '\0';
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* A file system that cannot sync directories says EINVAL. */
	if (!rc && (fd < 0 || (fsync(fd) && errno != EINVAL)))
		rc = -errno;
	if (fd >= 0)
		(void)close(fd);
	return rc ? err_set(err, rc, undo->path, "cannot be written to disk: %s", strerror(-rc))
		  : 0;
}

int undo_commit(struct undo *undo, struct famfs_err *err)
{
	struct pack_writer w = { .fd = -1 };
	int rc;

	merge(undo);
	rc = write_pack(undo, &w, err);
	pack_writer_fini(&w);
	if (!rc)
		rc = sync_all(undo, err);
	undo->committed = !rc;
	return rc;
}

const char *undo_path(const struct undo *undo)
{
	return undo->path;
}

void undo_close(struct undo *undo)
{
	if (!undo)
		return;
	if (undo->fd >= 0) {
		(void)close(undo->fd);
		if (!undo->committed)
			(void)unlink(undo->path);
	}
	free(undo->ranges);
	free(undo);
}

void undo_discard(struct undo *undo)
{
	if (undo)
		undo->committed = false;
	undo_close(undo);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tar_group.h"

#ifdef HAVE_LIBARCHIVE

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* -------------------------------------------------------------------- bytes */

/* With @zeros everything is stored, else holes are left out. */
static int fill_slot(struct tar_in *in, const struct slot *slot, struct famfs_fill *fill,
		     bool zeros, struct famfs_err *err)
{
	struct cp_item *item = slot->item;

	in->cp.current = item->source;
	if (slot->bytes)
		return famfs_fill_write(fill, 0, slot->bytes, (size_t)item->size, err);
	if (item->entry)
		return famfs_fill_from_file(fill, in->cp.dst.fs, item->entry, err);
	return tar_fill(&in->r, item->source, fill, zeros, err);
}

/* Called in several threads; only one slot of a group has its bytes in the archive. */
static int fill(void *data, size_t nr, struct famfs_fill *space, struct famfs_err *err)
{
	struct tar_in *in = data;

	/* New space of an image reads as zeros, that of a device has what was there before. */
	return fill_slot(in, &in->slots[nr], space, in->dax, err);
}

struct source {
	struct tar_in *in;
	const struct slot *slot;
};

static int read_slot(void *arg, uint64_t off, char *buf, size_t len, struct famfs_err *err)
{
	const struct source *s = arg;
	const struct slot *slot = s->slot;

	if (slot->bytes)
		memcpy(buf, slot->bytes + off, len);
	else if (slot->item->entry)
		return famfs_read(s->in->cp.dst.fs, slot->item->entry, off, buf, len, err);
	else
		return tar_bytes(&s->in->r, slot->item->source, buf, len, err);
	return 0;
}

static int fill_again(void *arg, struct famfs_fill *space, struct famfs_err *err)
{
	const struct source *s = arg;

	return fill_slot(s->in, s->slot, space, true, err);
}

void tar_group_settle(struct tar_in *in, const struct slot *slot)
{
	struct source s = { .in = in, .slot = slot };
	const struct cp_bytes bytes = {
		.read = read_slot,
		.fill = fill_again,
		.arg = &s,
		.once = !slot->bytes && !slot->item->entry,
	};
	struct famfs_entry entry;
	struct famfs_err err;

	if (famfs_lookup(in->cp.dst.fs, slot->item->dest, &entry, &err))
		cp_fail(&in->cp, slot->item, &err);
	else
		cp_settle(&in->cp, slot->item, &entry, &bytes);
}

/* ------------------------------------------------------------------- groups */

static void done(void *data, size_t nr, enum famfs_create_status status,
		 const struct famfs_entry *entry, const struct famfs_err *err)
{
	struct tar_in *in = data;
	struct slot *slot = &in->slots[nr];

	(void)entry;
	in->failures += status == FAMFS_FAILED;
	/* What lies in a directory that could not be made tells why. */
	if (!slot->item)
		return;
	if (status == FAMFS_FAILED)
		cp_fail(&in->cp, slot->item, err);
	else if (status == FAMFS_CREATED)
		cp_done(&in->cp, slot->item, CP_COPIED);
	else if (slot->item->dir)
		slot->item->status = CP_PRESENT;
	else
		slot->exists = true;
}

void tar_group_reset(struct tar_in *in)
{
	while (in->nr)
		free(in->slots[--in->nr].parent);
	in->used = 0;
	in->parent = NULL;
	in->failures = 0;
}

static void create(struct tar_in *in)
{
	const struct famfs_create_ops ops = {
		.done = done,
		.fill = fill,
		.data = in,
		.dry_run = in->cp.env->dry_run,
	};
	struct famfs_err err;

	if (!famfs_create(in->cp.dst.fs, in->reqs, in->nr, &ops, &err) || in->failures)
		return;
	/* What concerns no file by itself: a lost role, a fault under the log. */
	progress_clear(&in->cp.progress);
	in->cp.code = env_error(in->cp.env, &err);
	in->cp.stop = true;
}

void tar_group_make(struct tar_in *in)
{
	size_t i;

	if (in->nr && !in->ended)
		create(in);
	for (i = 0; i < in->nr && !in->ended && !cmd_cancelled(); i++) {
		if (!in->slots[i].exists)
			continue;
		/* In a dry run those were compared before, but for what the archive has twice. */
		if (in->cp.env->dry_run)
			cp_done(&in->cp, in->slots[i].item, CP_SKIPPED);
		else
			tar_group_settle(in, &in->slots[i]);
	}
	in->ended |= in->cp.stop;
	tar_group_reset(in);
}

static struct slot *add_slot(struct tar_in *in, struct cp_item *item, const char *path)
{
	struct famfs_create_req *req;
	struct slot *slot;

	in->slots = mem_grow(in->slots, &in->slots_cap, in->nr + 1, sizeof(*in->slots));
	in->reqs = mem_grow(in->reqs, &in->reqs_cap, in->nr + 1, sizeof(*in->reqs));
	slot = &in->slots[in->nr];
	req = &in->reqs[in->nr++];
	*slot = (struct slot){ .item = item };
	*req = in->opts.req;
	req->path = path;
	req->flags = FAMFS_CREATE_DIR | FAMFS_CREATE_PARENTS;
	req->mode = req->parent_mode = 0755 & ~in->cp.mask;
	req->uid = in->opts.owner.has_uid ? in->opts.owner.uid : geteuid();
	req->gid = in->opts.owner.has_gid ? in->opts.owner.gid : getegid();
	return slot;
}

/* Directories that the archive does not name, or only later. */
static void add_parent(struct tar_in *in, const char *dest)
{
	const char *slash = strrchr(dest, '/');
	char *parent;

	if (!slash)
		return;
	parent = mem_strndup(dest, (size_t)(slash - dest));
	if (in->parent && !strcmp(parent, in->parent)) {
		free(parent);
		return;
	}
	add_slot(in, NULL, parent)->parent = parent;
	in->parent = parent;
}

struct slot *tar_group_add(struct tar_in *in, struct cp_item *item)
{
	struct famfs_create_req *req;
	struct slot *slot;

	if (in->nr >= GROUP_FILES && !in->cp.env->dry_run)
		tar_group_make(in);
	add_parent(in, item->dest);
	slot = add_slot(in, item, item->dest);
	req = &in->reqs[in->nr - 1];
	if (!item->dir)
		req->flags = in->opts.req.flags;
	req->size = item->size;
	req->mode = item->mode;
	req->uid = item->uid;
	req->gid = item->gid;
	return slot;
}

#endif

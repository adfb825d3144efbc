/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken from an archive: requests that are made together, and where their bytes are. */
#ifndef FAMFS_CLI_TAR_GROUP_H
#define FAMFS_CLI_TAR_GROUP_H

#include "cp.h"
#include "tar_read.h"

#ifdef HAVE_LIBARCHIVE

/* Requests of a group, and bytes of files kept for it. */
enum { GROUP_FILES = 256, GROUP_BYTES = 16 << 20 };

/*
 * One request of a group.
 * @item: NULL for the directory @parent, which the archive may not have.
 * @bytes: in memory; NULL for those of a linked file (item->entry), or those the archive is at.
 */
struct slot {
	struct cp_item *item;
	char *parent;
	const char *bytes;
	bool exists;
};

/**
 * struct tar_in - one unpacking.
 * @buf, @used: GROUP_BYTES for the bytes of small files, and how many are taken.
 * @parent: of the last request: it is there. @dax: new space has the bytes of old files.
 * @noted: absolute names were told of. @ended: a group failed, and no other is made.
 * @failures: requests of the group that failed.
 */
struct tar_in {
	struct cp cp;
	struct cp_opts opts;
	struct tar_reader r;
	struct slot *slots;
	struct famfs_create_req *reqs;
	size_t nr, slots_cap, reqs_cap;
	char *buf;
	size_t used;
	const char *parent;
	bool dax, noted, ended;
	uint64_t failures;
};

/* tar_group_add() - @item is made with the next group, and its parents, should they be missing. */
struct slot *tar_group_add(struct tar_in *in, struct cp_item *item);

/* tar_group_make() - makes what was collected. */
void tar_group_make(struct tar_in *in);
void tar_group_reset(struct tar_in *in);

/* tar_group_settle() - compares a file with that which has its name and size, or overwrites it. */
void tar_group_settle(struct tar_in *in, const struct slot *slot);

#endif
#endif

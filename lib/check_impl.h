/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the checker. */
#ifndef CHECK_IMPL_H
#define CHECK_IMPL_H

#include "log.h"
#include "names.h"
#include "problem.h"
#include "space.h"

/*
 * What the walk over the entries leaves for the walk over the names: 16 bytes an entry.
 * @name: hash of the name, its lowest bit set for a directory; 0: no name that counts.
 * @parent: hash of the directory it is in, lowest bit clear; 0: the root.
 */
struct check_name {
	uint64_t name, parent;
};

#define CHECK_IS_DIR 1ULL

struct check_counts {
	uint64_t files, dirs, others, bad;
	uint64_t file_bytes;
};

struct famfs_check {
	struct famfs_ctx *ctx;
	struct dev *dev;
	struct log log;
	struct famfs_check_summary summary;
	bool super_seen, log_seen; /* a magic number, and a log, were there */
	struct problem_list list;
	uint64_t next;     /* finding that comes next */
	uint64_t end;      /* entries that are looked at */
	uint64_t data_off; /* first byte that files may use */
	struct names names;
	struct check_name *name_of; /* @end of them */
	struct space space;
	bool overlap; /* some extents meet: find out which */
};

/* Walks entries [first, end) with a batch, findings and counts of its own. */
struct check_walk {
	struct famfs_check *check;
	uint64_t first, end;
	struct fm_entry *batch;
	struct problem_list list;
	struct check_counts counts;
	bool overlap;
	int rc;
	struct famfs_err err;
};

/* Superblock and log header. Return: 1 go on, 0 nothing more can be examined, -errno. */
int check_super(struct famfs_check *check, struct famfs_err *err);

/* Every entry by itself; from several threads. The result is in @walk. */
void check_entries(struct check_walk *walk);

/* Duplicates, and parents that are missing or come later. Return: 0, -ENOMEM. */
int check_names(struct famfs_check *check, struct famfs_err *err);

/* Who overlaps whom. Return: 0, -errno. */
int check_overlaps(struct famfs_check *check, struct famfs_err *err);

/* ADD_DAXDEV entries among each other. Return: 0, -errno. */
int check_daxdevs(struct famfs_check *check, struct famfs_err *err);

/* Media errors of the device, and the files they hit. Return: 0, -errno. */
int check_media(struct famfs_check *check, struct famfs_err *err);

/* Calls @fn for each valid FILE entry. Return: 0, what @fn returned if not 0, -errno. */
int check_each_file(struct famfs_check *check,
		    int (*fn)(void *data, const struct famfs_entry *entry), void *data,
		    struct famfs_err *err);

#endif

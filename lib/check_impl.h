/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the checker. */
#ifndef CHECK_IMPL_H
#define CHECK_IMPL_H

#include "log.h"
#include "names.h"
#include "problem.h"
#include "space.h"

/*
 * What the walk over the entries leaves for the walk over the names: 16 bytes an entry. Names are
 * compared by their 64-bit hashes: they are keyed at random for each check, so that a file system
 * cannot be made to collide, and 500,000 names do so by accident once in 10^8 checks.
 * @name: hash of the name, its lowest bit set for a directory; 0: no name that counts.
 * @parent: hash of the directory it is in; 0: the root. Its lowest bit is set when an earlier entry
 *	of the same walk is in it, too: if the directory is good there, it is good here.
 */
struct check_name {
	uint64_t name, parent;
};

#define CHECK_IS_DIR   1ULL
#define CHECK_REPEATED 1ULL

/* Directories that a walk remembers having seen names in. */
#define CHECK_PARENTS 1024

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
	uint64_t next;              /* finding that comes next */
	uint64_t end;               /* entries that are looked at */
	uint64_t data_off;          /* first byte that files may use */
	struct names_key key;       /* of the hashes of names */
	struct check_name *name_of; /* @end of them */
	struct space space;
	bool overlap; /* some extents meet: find out which */
};

/* The work of one thread of several, with findings and counts of its own. */
struct check_walk {
	struct famfs_check *check;
	void (*run)(struct check_walk *walk);
	unsigned int part, parts;
	uint64_t first, end; /* its entries */
	uint64_t parents[CHECK_PARENTS];
	struct problem_list list;
	struct check_counts counts;
	bool overlap;
	int rc;
	struct famfs_err err;
};

/* Examines what is on @dev, which stays the caller's. Return: 0, -errno. */
int check_dev(struct famfs_ctx *ctx, struct dev *dev, struct famfs_check **ret_check,
	      struct famfs_err *err);
void check_free(struct famfs_check *check); /* NULL is fine */

/* Superblock and log header. Return: 1 go on, 0 nothing more can be examined, -errno. */
int check_super(struct famfs_check *check, struct famfs_err *err);

/* Every entry by itself; what check_names() needs is left in name_of. */
void check_entries(struct check_walk *walk);

/* Duplicates, and parents that are missing or come later. */
void check_names(struct check_walk *walk);

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

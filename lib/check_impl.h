/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the checker. */
#ifndef CHECK_IMPL_H
#define CHECK_IMPL_H

#include "bits.h"
#include "log.h"
#include "names.h"
#include "problem.h"
#include "space.h"

/*
 * What the walk over the entries leaves for the walk over the names: 8 bytes an entry. Names are
 * compared by their 64-bit hashes: they are keyed at random for each check, so that a file system
 * cannot be made to collide, and 500,000 names do so by accident once in 10^8 checks.
 * @name: hash of the name; 0: no name that counts. CHECK_IS_DIR: it is a directory's;
 *	CHECK_LOOK_AT: a directory's, or the first one in its directory.
 * @parent: hash of the directory it is in; 0: the root, or an earlier entry of the same walk is in
 *	it, too; if the directory is good there, it is good here. When something is wrong with the
 *	names, check_parents() tells all of them.
 */
/* Below the hash, in both: what makes it unlike 0. */
#define CHECK_MARKS   7ULL
#define CHECK_PRESENT 4ULL

/* All bits that a mode may have. */
#define CHECK_MODE_BITS 07777

#define CHECK_IS_DIR  1ULL
#define CHECK_LOOK_AT 2ULL

/* Directories that a walk remembers having seen names in: pairs, by their hashes. */
#define CHECK_PARENTS 2048

/*
 * Bits of names, by their hashes: what proves that no name is there twice without a table of all
 * of them, which would be larger than the caches. Names whose bits meet others', some by chance,
 * are looked at in full.
 */
struct check_filter {
	uint64_t words;  /* a power of two; 0: no memory for it */
	uint64_t *again; /* bits that met another; all threads set them */
};

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
	uint64_t next;                 /* finding that comes next */
	uint64_t end;                  /* entries that are looked at */
	uint64_t data_off;             /* first byte that files may use */
	struct names_key key;          /* of the hashes of names */
	uint64_t *name_of, *parent_of; /* of each entry up to @end, as above */
	struct check_filter filter;
	struct check_walk *walks; /* one for each thread */
	unsigned int walks_nr;
	uint64_t aus; /* whole AUs of the device */
	bool overlap; /* some extents meet: find out which */
};

/* The work of one thread of several, with findings and counts of its own. */
struct check_walk {
	struct famfs_check *check;
	void (*run)(struct check_walk *walk);
	unsigned int part;
	uint64_t first, end; /* its entries */
	uint64_t parents[CHECK_PARENTS][2];
	struct space space; /* what its entries take */
	uint64_t *seen;     /* bits of the names in its entries */
	uint64_t seeing;    /* hash whose bit is being fetched, or 0 */
	uint64_t *suspects; /* entries whose name or parent must be looked at in full */
	uint64_t suspects_nr;
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

/* Makes and ends what the walks share and have. Return: 0, -ENOMEM. */
int check_walks_init(struct famfs_check *check);
void check_walks_fini(struct famfs_check *check);

/* Is there memory for all bits? Without it, every name is looked at in full. */
bool check_filter_ok(const struct famfs_check *check);
void check_filter_fini(struct famfs_check *check);

/* Runs a part of the work in all threads. Return: 0, -errno. */
int check_walks_run(struct famfs_check *check, void (*run)(struct check_walk *walk),
		    struct famfs_err *err);

/* Every entry by itself; what check_names() needs is left in name_of. In several threads. */
void check_entries(struct check_walk *walk);

/*
 * What is left for check_names(). @parent_len: of the directory's part of @path. The bits of a name
 * are set with the next one, since the memory needs some time, and those of the last at the end.
 */
void check_keep_name(struct check_walk *walk, uint64_t index, const char *path, size_t len,
		     size_t parent_len);
void check_see_last(struct check_walk *walk);

void check_count_file(struct check_walk *walk, uint64_t size);

/* The directory's part of a name, without the slash; 0: the root, or one that needs no entry. */
size_t check_parent_len(const char *path, size_t len);

/* The directories of all names, as they are in the log now, once some name was found wrong. */
void check_parents(struct check_walk *walk);

/*
 * Takes an extent. Return: true if another one of the walk has something of it, or did before: who
 * meets whom is then found out without the map of the space.
 */
static inline bool check_take(struct check_walk *walk, uint64_t off, uint64_t len)
{
	uint64_t au = off / FAMFS_AU, bit, *word;

	if (walk->overlap)
		return true;
	if (len != FAMFS_AU || off % FAMFS_AU || au >= walk->space.aus)
		return space_take_seen(&walk->space, off, len);
	word = &walk->space.words[au / BITS_WORD];
	bit = 1ULL << au % BITS_WORD;
	if (*word & bit)
		return true;
	*word |= bit;
	return false;
}

/* An entry with nothing wrong? False when it must be looked at in full. */
bool check_plain_file(struct check_walk *walk, const struct fm_entry *raw, uint64_t index);

/* Duplicates, and parents that are missing or come later. Return: 0, -errno. */
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

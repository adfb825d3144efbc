/* SPDX-License-Identifier: Apache-2.0 */
/* An open file system: the device, its log as far as it is good, and the names in it. */
#ifndef FS_H
#define FS_H

#include "dev.h"
#include "famfs.h"
#include "log.h"
#include "names.h"
#include "path.h"
#include "space.h"

/* A name with one of these cannot be looked up. */
#define FS_PATH_UNUSABLE                                                                           \
	(PATH_EMPTY | PATH_ABSOLUTE | PATH_ESCAPE | PATH_DOT | PATH_UNTERMINATED | PATH_META_DIR)

#define FS_META_DIR   ".meta"
#define FS_META_SUPER ".meta/.superblock"
#define FS_META_LOG   ".meta/.log"

struct famfs {
	struct famfs_ctx *ctx;
	struct dev *dev;
	unsigned int flags; /* enum famfs_open_flags */
	struct famfs_super super;
	struct log log;
	uint64_t last_crc; /* of entry @good - 1 */
	uint64_t sum;      /* of the checksums of all entries below @good */
	uint64_t unknown;  /* number of an entry of a type that is not known, or FAMFS_NONE */
	uint64_t good;     /* entries read so far, all valid */
	bool stopped;      /* entry number @good is invalid: nothing behind it is read */
	bool changed;      /* an entry was met that is not what was read: read all of them */
	uint64_t loads;    /* how often the log was read from its start */
	uint64_t look_due, whole_due; /* famfs_wait(): not before; nanoseconds of the clock */
	struct names names;
	uint64_t files, dirs, unusable;
	uint64_t file_bytes;
	struct space space;     /* for writing only */
	bool held_seen;         /* space counts as taken that others only had reserved */
	struct fm_entry *batch; /* LOG_BATCH entries */
	struct dax_range ranges[DAX_RANGES_MAX]; /* where the device's memory lies */
	uint32_t ranges_nr;
	bool ranges_known;
	/*
	 * Entries that are about to be appended: they have numbers from log.count on.
	 */
	const struct famfs_entry *staged;
	uint64_t staged_nr;
};

/* Reads superblock and log anew, from the start. */
int fs_load(struct famfs *fs, struct famfs_err *err);

/*
 * Finds a cleaned path: 1 and the entry's number, FAMFS_NONE for the root and .meta; 0; -errno;
 * -ESTALE: its entry has become another's.
 * Staged entries are found too.
 */
int fs_find(struct famfs *fs, const char *path, uint64_t *ret_index, bool *ret_dir,
	    struct famfs_err *err);

/* Decodes an entry that fs_find() found. */
int fs_entry(struct famfs *fs, uint64_t index, struct famfs_entry *ret_entry,
	     struct famfs_err *err);

/* Calls @fn for each entry that was read. Return: 0, what @fn returned if not 0, -EIO. */
int fs_each_entry(struct famfs *fs, int (*fn)(void *data, const struct famfs_entry *entry),
		  void *data, struct famfs_err *err);

/* Is it still the file system whose log was read, and this host's? -ESTALE, -EPERM. */
int fs_require_same(struct famfs *fs, struct famfs_err *err);

/* Are these superblocks of one and the same file system? */
bool fs_is_same(const struct famfs_super *a, const struct famfs_super *b);

/* Takes the writers' lock and reads what others did: 0 with dev_unlock() to come, or -errno. */
int fs_lock_write(struct famfs *fs, struct famfs_err *err);

/* The same at the beginning of a call: opened for writing, and not mounted. */
int fs_begin_write(struct famfs *fs, struct famfs_err *err);

/* Goes on with the sum over all entries, by which a later look knows the log again. */
int fs_note_appended(struct famfs *fs, uint64_t from, struct famfs_err *err);

/*
 * Is the log the one that was read, and perhaps longer now? A file system that was made anew can
 * have the UUIDs of the old one; it does not have its last entry in the same place.
 */
int fs_is_continued(struct famfs *fs, bool *ret_continued, struct famfs_err *err);

/*
 * Was the log rewritten since it was read, or while it was? By the last entry alone, or @whole: by
 * the checksums of all.
 */
int fs_is_torn(struct famfs *fs, bool whole, bool *ret_torn, struct famfs_err *err);

/* Refuses what was read when the log was rewritten since. Return: 0, -ESTALE, -EIO. */
int fs_require_unchanged(struct famfs *fs, struct famfs_err *err);

/* Return: -ESTALE. */
int fs_stale(const struct famfs *fs, struct famfs_err *err);

/*
 * As famfs_refresh(). Not @whole: while nothing is new, what was read is known again by its last
 * entry alone, which does not tell of a repair that left number and place to all entries.
 */
int fs_refresh(struct famfs *fs, bool whole, struct famfs_err *err);

/* Would the kernel accept the file's map, and is it safe on this device? -EUCLEAN and why not. */
int fs_require_safe(struct famfs *fs, const struct famfs_entry *entry, struct famfs_err *err);

/* The implied file of the superblock or the log, as the existing tools show it (FORMAT.md 10). */
void fs_meta_entry(const struct famfs *fs, enum famfs_file_type type,
		   struct famfs_entry *ret_entry);

/* Takes an entry's extents, and the superblock and log, out of the free space. */
void fs_take_extents(struct space *space, const struct famfs_entry *entry);
/* The same where files are placed: it is noted too which are strips, in a bitmap of their own. */
void fs_take_entry(struct space *space, const struct famfs_entry *entry);
void fs_take_meta(const struct famfs *fs, struct space *space);

/* Takes all that the media says out of an empty free space; reservations of others do not count. */
int fs_take_all(struct famfs *fs, struct space *space, struct famfs_err *err);

/* Takes what others have reserved: 1 if there was any, 0, -errno. */
int fs_take_held(struct famfs *fs, struct space *space, struct famfs_err *err);

/* Takes what the host knows as bad memory, as far as it tells us. */
int fs_take_bad(struct famfs *fs, struct space *space, struct famfs_err *err);

/* An entry that is not understood may give or take space: nothing is placed beside it. -EUCLEAN. */
int fs_require_known(const struct famfs *fs, struct famfs_err *err);

/* There is no slot left. Return: -ENOSPC. */
int fs_refuse_full_log(const struct famfs *fs, const char *object, struct famfs_err *err);

#endif

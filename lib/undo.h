/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Undo files: what a command is about to write over, so that `famfs image restore` can bring it
 * back, byte for byte, also after the command was cut off in the middle. The order is:
 *
 *	undo_begin()	makes the file, so that what is in the way is told early
 *	undo_save()	for each range that will be stored to
 *	undo_expect()	what will be there at the end
 *	undo_commit()	only when this has returned 0 may the first store to the media happen
 *	undo_close()	at the end; or undo_discard() when nothing was stored after all
 *
 * The superblock is always saved too: who restores makes it invalid first and writes it last.
 */
#ifndef UNDO_H
#define UNDO_H

#include "dev.h"
#include "media.h"

struct undo;

/*
 * Makes a new file, never over another one, that only its owner may read; it appears under its name
 * when it is whole, where the file system can do so. @path: where; NULL:
 * beside an image, else (or where that directory cannot be written) in the state directory, named
 * after the device and the time. @dev: open and locked by the caller, kept.
 * Return: 0; -EEXIST: @path is there already; -EACCES, -ENOSPC, ... as open(2); -ENOMEM; -EIO.
 */
int undo_begin(struct dev *dev, const char *path, struct undo **ret_undo, struct famfs_err *err);

/* Notes a range; ranges may come in any order and overlap. Return: 0, -ERANGE, -ENOMEM. */
int undo_save(struct undo *undo, uint64_t off, uint64_t len, struct famfs_err *err);

/*
 * What the command will have made of superblock, log header and entries, so that a restore can tell
 * whether more was done since. @super: NULL: it stays as it is. @log: NULL: it does not matter.
 * @sum: of the entries (log_sum()); NULL: they stay.
 */
struct undo_after {
	const struct fm_super *super;
	const struct fm_log *log;
	const uint64_t *sum;
};

/* Return: 0, -EIO. */
int undo_expect(struct undo *undo, const struct undo_after *after, struct famfs_err *err);

/*
 * Writes what is in the ranges now, and has file and directory on the disk when it returns 0.
 * Return: 0; -ENOSPC, ... as write(2); -EEXIST: another has the name by now; -EIO: a fault on the
 * device; -ECANCELED; -ENOMEM.
 */
int undo_commit(struct undo *undo, struct famfs_err *err);

/* Where it is when it is committed, for people; belongs to @undo. */
const char *undo_path(const struct undo *undo);

/* Frees; a file that was not committed is removed. NULL is fine. */
void undo_close(struct undo *undo);

/* Frees and removes the file. NULL is fine. */
void undo_discard(struct undo *undo);

#endif

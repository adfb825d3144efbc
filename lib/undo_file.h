/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file that an undo file is written to: it has no name until it is whole, so that whoever is
 * cut off while writing it leaves nothing. Where the file system has no files without names, it has
 * its own from the beginning; what is cut short there is refused by who reads it.
 */
#ifndef UNDO_FILE_H
#define UNDO_FILE_H

#include <limits.h>

#include "dev.h"

/*
 * @path: what it will be called; of that @name is the last part, in @dir.
 * @stem: bytes of @path in front of a number that makes it unique; 0: the user chose the name.
 * @named: it has its name already. @published: whole and on the disk, so it stays.
 */
struct undo_file {
	int fd, dir;
	bool named, published;
	size_t stem;
	char path[PATH_MAX];
	const char *name;
};

/* Finds a place and a name, and makes the file. @path: as undo_begin(). */
int undo_file_open(struct undo_file *file, const struct dev *dev, const char *path,
		   struct famfs_err *err);

/* Contents, then name, then directory reach the disk. -EEXIST: another has the name by now. */
int undo_file_publish(struct undo_file *file, struct famfs_err *err);

/* Closes it; what was not published is gone. */
void undo_file_close(struct undo_file *file);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Placing a file: which space it gets, and in which shape (DESIGN.md 5). */
#ifndef PLACE_H
#define PLACE_H

#include "famfs.h"
#include "space.h"

/*
 * Takes space for a request's file and fills in the entry's size and map. @dev_size: usable bytes.
 * @object: what errors are about.
 * Return: 0; -EINVAL: a rule of sizes or geometry; -ENOSPC: no room, with what would fit.
 */
int place_file(struct space *space, uint64_t dev_size, const struct famfs_create_req *req,
	       const char *object, struct famfs_entry *entry, struct famfs_err *err);

/* Gives an entry's space back. */
void place_undo(struct space *space, const struct famfs_entry *entry);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Trying out where files would go, on a copy of the free space. */
#ifndef PLAN_H
#define PLAN_H

#include "fs.h"

struct planner {
	struct famfs *fs;
	struct space space;
	uint64_t dev_size;           /* usable bytes, whole AUs */
	uint64_t free, largest_free; /* before anything is tried */
};

/* Everything that would make famfs_create() refuse any file is refused here. */
int planner_init(struct planner *p, struct famfs *fs, struct famfs_err *err);
void planner_fini(struct planner *p);

/* Where a file would go; the space is free again afterwards. Return: as place_file(). */
int planner_try(struct planner *p, const struct famfs_create_req *req, struct famfs_plan *ret_plan,
		struct famfs_err *err);

/* The same with what would be left, which takes a walk over all of the space. */
int planner_measure(struct planner *p, const struct famfs_create_req *req,
		    struct famfs_plan *ret_plan, struct famfs_err *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of famfs_create() share. */
#ifndef CREATE_IMPL_H
#define CREATE_IMPL_H

#include "create_plan.h"

/* One famfs_create() call. */
struct create {
	struct famfs *fs;
	const struct famfs_create_req *reqs;
	size_t nr;
	struct famfs_create_ops ops;
	struct plan plan;
	bool held;                   /* space is reserved */
	bool published;              /* the group in hand is in the log */
	bool any_published;          /* one of the groups is */
	uint64_t reserved;           /* slots below this have disk, as far as it was asked for */
	size_t reported;             /* requests whose result was told */
	uint64_t zeroed, zero_total; /* for the progress: bytes of space */
	struct famfs_err *first;     /* where the first failure of a request goes */
	int first_rc;
};

/*
 * Zeroes or fills the space of every planned file that asks for it. What goes wrong with one file
 * is the failure of its item, whose space is given back. Return: 0, -ECANCELED, -ENOMEM, and
 * without a fill function -errno.
 */
int create_fill_all(struct create *c, struct famfs_err *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* --nstrips, --nbuckets, --chunksize, and geometries in words. */
#ifndef FAMFS_CLI_GEOMETRY_H
#define FAMFS_CLI_GEOMETRY_H

#include "cmd.h"

/* Their lines in a command's options. */
/* clang-format off */
#define GEOMETRY_OPTIONS \
	{ "nstrips", 'N', "N", 0, "Interleave over N strips, 1 to 16", 0 }, \
	{ "nbuckets", 'B', "N", 0, "Take strips from N slices of the device", 0 }, \
	{ "chunksize", 'C', "SIZE", 0, "Deal chunks of SIZE (2M), a power of two", 0 }
/* clang-format on */

/* One of the three, by its letter; ARGP_ERR_UNKNOWN for others. */
error_t geometry_parse(int key, const char *arg, struct cmd_env *env, struct famfs_create_req *req);

/* The same for a command that shows why a geometry is refused: numbers may be too large. */
error_t geometry_parse_any(int key, const char *arg, struct cmd_env *env,
			   struct famfs_create_req *req);

bool geometry_given(const struct famfs_create_req *req);

/* Ends the program when a geometry and --contiguous are given. */
void geometry_check(const struct cmd_env *env, const struct famfs_create_req *req);

/* "-N 4 -B 8 -C 2M", as it can be typed, or "not interleaved". */
void geometry_text(struct text *t, const struct famfs_geometry *geometry);

/* nstrips, nbuckets, chunk_size: JSON only. */
void geometry_emit(struct emit *out, const struct famfs_geometry *geometry);

/*
 * Gives the file system's default to those requests that have no geometry of their own. One that
 * cannot be used is no reason to fail, as it is none to the existing tools: that is said, unless
 * quiet.
 */
void geometry_default(const struct cmd_env *env, struct famfs *fs, struct famfs_create_req *reqs,
		      size_t nr);

#endif

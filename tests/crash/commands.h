/* SPDX-License-Identifier: Apache-2.0 */
/* What several of the commands are made of. Include behind crash.h. */
#ifndef FAMFS_TESTS_COMMANDS_H
#define FAMFS_TESTS_COMMANDS_H

#define OLD_SALT 7

static inline void crash_reported(void *data, size_t req_index, enum famfs_create_status status,
				  const struct famfs_entry *entry, const struct famfs_err *err)
{
	(void)data, (void)entry, (void)err;
	CHECK_EQ(status, FAMFS_CREATED);
	record_reported(req_index + 1);
}

/* @fill: NULL for zeros; @data is given to it. */
static inline int crash_create(const struct famfs_create_req *reqs, size_t nr, filling_fn fill,
			       void *data)
{
	struct famfs_create_ops ops = { .done = crash_reported, .fill = fill, .data = data };
	struct famfs_err err = { 0 };
	struct famfs *fs = NULL;
	int rc = famfs_open(judge.ctx, STAGE_NAME, FAMFS_OPEN_WRITE, &fs, &err);

	if (!rc)
		rc = famfs_create(fs, reqs, nr, &ops, &err);
	famfs_close(fs);
	CHECK_MSG(rc == 0, "%s: %s", err.object, err.message);
	return rc;
}

static inline void crash_make_empty(void)
{
	struct famfs_mkfs_opts opts = { .log_len = IMAGE_LOG_LEN };

	CHECK_EQ(famfs_mkfs(judge.ctx, STAGE_NAME, &opts, NULL, NULL), 0);
}

/* A directory and a file in it are there. */
static inline void crash_make_some(void)
{
	struct famfs_create_req dir = create_req("dir", 0), file = create_req("dir/old", 5000);
	struct famfs *fs;

	crash_make_empty();
	fs = image_open(judge.ctx, STAGE_NAME, FAMFS_OPEN_WRITE);
	CHECK_EQ(famfs_create(fs, &dir, 1, NULL, NULL), 0);
	(void)filling_make(fs, &file, OLD_SALT);
	famfs_close(fs);
}

#endif

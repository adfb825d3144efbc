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

/* And a second file. */
static inline void crash_make_three(void)
{
	struct famfs_create_req req = create_req("dir/third", AU);
	struct famfs *fs;

	crash_make_some();
	fs = image_open(judge.ctx, STAGE_NAME, FAMFS_OPEN_WRITE);
	CHECK_EQ(famfs_create(fs, &req, 1, NULL, NULL), 0);
	famfs_close(fs);
}

/* Whatever can be repaired is. */
static inline int crash_yes(void *data, const struct famfs_finding *finding)
{
	(void)data, (void)finding;
	return 1;
}

static inline int crash_repair(const char *undo, struct famfs_err *err)
{
	const struct famfs_repair_opts opts = { .ask = crash_yes, .undo = undo };
	struct famfs_repair *rep = NULL;
	int rc;

	(void)unlink(undo);
	rc = famfs_repair_new(judge.ctx, STAGE_NAME, &opts, &rep, err);
	if (!rc)
		rc = famfs_repair_commit(rep, err);
	famfs_repair_free(rep);
	return rc;
}

/* A name that was given before: the entries behind it are renumbered by a repair. */
static inline void crash_break_name(void)
{
	struct famfs_entry twice = image_dir("dir");

	crash_make_three();
	image_put(STAGE_NAME, 1, &twice);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judging a state that is neither old nor new, and marked as that: nobody takes it for a file
 * system, the undo file takes it back byte for byte, and the same command again completes it.
 * Include behind crash.h and commands.h.
 */
#ifndef FAMFS_TESTS_MARKED_H
#define FAMFS_TESTS_MARKED_H

#define FRONT        IMAGE_DATA /* superblock and log */
#define MARKED_EVERY 256        /* of the runs of one point in time, behind the first ones */

static uint8_t marked_front[FRONT];

static inline int marked_restore(const char *file, const char *undo, unsigned int flags,
				 struct famfs_err *err)
{
	const struct famfs_restore_opts opts = { .undo = undo, .flags = flags };
	struct famfs_image_source source = { .fd = open(file, O_RDONLY | O_CLOEXEC), .name = file };
	int rc;

	(void)unlink(undo);
	rc = famfs_image_restore(judge.ctx, &source, STAGE_NAME, &opts, NULL, err);
	if (source.fd >= 0)
		(void)close(source.fd);
	return rc;
}

/* Nobody adds to it, and no new file system is put over it unasked. */
static inline bool marked_is_left_alone(void)
{
	struct famfs_mkfs_opts opts = { .log_len = IMAGE_LOG_LEN };
	struct famfs_create_req req = create_req("next", 0);
	struct famfs *fs = NULL;
	int rc = famfs_open(judge.ctx, STAGE_NAME, FAMFS_OPEN_WRITE, &fs, NULL);

	if (!rc)
		rc = famfs_create(fs, &req, 1, NULL, NULL);
	famfs_close(fs);
	if (!rc)
		return judge_bad("a log that is being rewritten is appended to");
	return famfs_mkfs(judge.ctx, STAGE_NAME, &opts, NULL, NULL) == -EEXIST ||
	       judge_bad("a new file system is made over what an undo file can bring back");
}

static inline bool marked_goes_back(const char *undo)
{
	struct famfs_err err = { 0 };

	if (marked_restore(undo, "taken", 0, &err))
		return judge_bad("the undo file: %s: %s", err.object, err.message);
	return !memcmp(stage_mem, crash_base, STAGE_SIZE) ||
	       judge_bad("the undo file did not bring every byte back");
}

/* The first runs at each point, and then some: what is left open is settled one way or another. */
static inline bool marked_is_chosen(void)
{
	static const enum explore_settling ways[] = { SETTLE_OLDEST, SETTLE_NEWEST };
	uint64_t run = explore.run;

	if (run >= 4 && run % MARKED_EVERY)
		return false;
	explore_settle(run < UNIT_NR(ways) ? ways[run] : SETTLE_RANDOM);
	return true;
}

/* @undo: the command's undo file. @again: the command once more, and whether it ends well. */
static inline bool marked_judge(const char *undo, bool (*again)(void))
{
	if (!marked_is_left_alone())
		return false;
	if (!marked_is_chosen())
		return true;
	memcpy(marked_front, stage_mem, FRONT);
	if (!marked_goes_back(undo))
		return false;
	memcpy(stage_mem, marked_front, FRONT);
	return again();
}

#endif

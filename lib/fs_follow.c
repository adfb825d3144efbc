/* SPDX-License-Identifier: Apache-2.0 */
/* The log as it is appended to. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "ctx.h"
#include "err.h"
#include "fs.h"

/* Between two looks at the log's header; the checksums of all entries are part of each 50th. */
#define LOOK_NS     20000000L
#define LOOKS_WHOLE 50U

int famfs_log_entry(struct famfs *fs, uint64_t index, struct famfs_entry *ret_entry,
		    struct famfs_err *err)
{
	if (index < fs->good)
		return fs_entry(fs, index, ret_entry, err);
	return err_set(err, -ENOENT, fs->dev->name,
		       "no entry %" PRIu64 ": the log has %" PRIu64 " that are valid", index,
		       fs->good);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

/* One look. Return: as famfs_wait(). */
static int look(struct famfs *fs, bool whole, struct famfs_err *err)
{
	uint64_t loads = fs->loads, good = fs->good;
	bool stopped = fs->stopped;
	int rc = fs_refresh(fs, whole, err);

	/* Making a file system takes the old superblock away first. */
	if (rc == -EUCLEAN) {
		rc = err_set(err, rc, fs->dev->name,
			     "the superblock is no longer valid: the file system is being made "
			     "anew, or was ended");
		return err_hint(err, rc, "begin again with what is there then");
	}
	if (rc)
		return rc;
	/* A log that ends at a bad entry is read anew each time. */
	if (fs->loads != loads && !(stopped && fs->good >= good)) {
		rc = err_set(err, -ESTALE, fs->dev->name,
			     "was made anew, or its log rewritten, by another command or host");
		return err_hint(err, rc, "begin again with what is there now");
	}
	return fs->good > good || fs->stopped != stopped;
}

int famfs_wait(struct famfs *fs, uint32_t timeout_ms, struct famfs_err *err)
{
	const struct timespec pause = { .tv_nsec = LOOK_NS };
	uint64_t end = now_ns() + (uint64_t)timeout_ms * 1000000U;
	bool last;
	int rc;

	for (unsigned int looks = 1;; looks++) {
		last = timeout_ms != UINT32_MAX && now_ns() >= end;
		rc = look(fs, last || looks % LOOKS_WHOLE == 0, err);
		if (rc || last)
			return rc;
		if (ctx_cancelled(fs->ctx))
			return err_set(err, -ECANCELED, fs->dev->name, "cancelled");
		/* A signal ends it early, which does no harm. */
		(void)nanosleep(&pause, NULL);
	}
}

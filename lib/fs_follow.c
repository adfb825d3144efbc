/* SPDX-License-Identifier: Apache-2.0 */
/* The log as it is appended to. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "ctx.h"
#include "err.h"
#include "fs.h"

/* Between two looks at the log's header, and between two at the checksums of all entries. */
#define LOOK_NS  20000000U
#define WHOLE_NS 1000000000U

/* A look at a long log takes long: the pause behind it is so many times as long. */
#define REST       10U
#define REST_WHOLE 200U

int famfs_log_entry(struct famfs *fs, uint64_t index, struct famfs_entry *ret_entry,
		    struct famfs_err *err)
{
	if (index < fs->good)
		return fs_entry(fs, index, ret_entry, err);
	return err_set(err, -ENOENT, fs->dev->name,
		       "no entry %" PRIu64 ": of valid ones the log has %" PRIu64, index, fs->good);
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

static uint64_t at_least(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static int timed_look(struct famfs *fs, bool last, struct famfs_err *err)
{
	uint64_t began = now_ns(), now;
	bool whole = last || began >= fs->whole_due;
	int rc = look(fs, whole, err);

	now = now_ns();
	fs->look_due = now + at_least(LOOK_NS, REST * (now - began));
	if (whole)
		fs->whole_due = now + at_least(WHOLE_NS, REST_WHOLE * (now - began));
	return rc;
}

/* Until the next look is due, or @end has come. Return: 0, -ECANCELED. */
static int rest(const struct famfs *fs, uint64_t end, struct famfs_err *err)
{
	uint64_t until = fs->look_due < end ? fs->look_due : end, now;

	while (!ctx_cancelled(fs->ctx)) {
		struct timespec pause = { 0 };

		now = now_ns();
		if (now >= until)
			return 0;
		/* A signal that cancels comes before the sleep, too: it is never long. */
		pause.tv_nsec = (long)(until - now < LOOK_NS ? until - now : LOOK_NS);
		(void)nanosleep(&pause, NULL);
	}
	return err_set(err, -ECANCELED, fs->dev->name, "cancelled");
}

int famfs_wait(struct famfs *fs, uint32_t timeout_ms, struct famfs_err *err)
{
	uint64_t end = UINT64_MAX;
	bool last;
	int rc;

	if (timeout_ms != UINT32_MAX)
		end = now_ns() + (uint64_t)timeout_ms * 1000000U;
	do {
		rc = rest(fs, end, err);
		if (rc)
			return rc;
		last = now_ns() >= end;
		rc = timed_look(fs, last, err);
	} while (!rc && !last);
	return rc;
}

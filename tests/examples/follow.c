// SPDX-License-Identifier: Apache-2.0
/*
 * follow DEVICE: tells of each file and directory, those that are there and those that any host
 * makes from then on, until it is interrupted. Nothing is locked, and nothing is written.
 */
#include <errno.h>
#include <famfs.h>
#include <signal.h>
#include <stdio.h>

static struct famfs_ctx *ctx;

static void interrupted(int sig)
{
	(void)sig;
	famfs_cancel(ctx);
}

static int tell_new(struct famfs *fs, uint64_t *cursor, struct famfs_err *err)
{
	struct famfs_entry entry;
	int rc;

	while ((rc = famfs_next(fs, cursor, &entry, err)) > 0) {
		if (entry.type == FAMFS_ENTRY_FILE)
			printf("file %s %llu\n", entry.path, (unsigned long long)entry.size);
		else if (entry.type == FAMFS_ENTRY_MKDIR)
			printf("directory %s\n", entry.path);
	}
	if (!rc && fflush(stdout))
		return -EIO;
	return rc;
}

static int follow(struct famfs *fs, struct famfs_err *err)
{
	uint64_t cursor = 0;
	int rc;

	do {
		rc = tell_new(fs, &cursor, err);
		if (rc)
			return rc;
		rc = famfs_wait(fs, UINT32_MAX, err);
		if (rc == -ESTALE) {
			printf("made anew\n");
			cursor = 0;
			rc = 1;
		}
	} while (rc >= 0);
	return rc;
}

int main(int argc, char **argv)
{
	struct famfs_err err = { 0 };
	struct famfs *fs;
	int rc;

	if (argc != 2) {
		fprintf(stderr, "usage: follow DEVICE\n");
		return 2;
	}
	if (famfs_ctx_new(&ctx))
		return 1;
	signal(SIGINT, interrupted);
	signal(SIGTERM, interrupted);
	rc = famfs_open(ctx, argv[1], 0, &fs, &err);
	if (!rc) {
		rc = follow(fs, &err);
		famfs_close(fs);
	}
	if (rc && rc != -ECANCELED)
		fprintf(stderr, "follow: %s: %s\n", err.object, err.message);
	famfs_ctx_free(ctx);
	return rc && rc != -ECANCELED;
}

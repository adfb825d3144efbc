/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile superblock and log, perhaps repaired first, through everything that reads them, then
 * through creat. What `check` calls clean must open undamaged, have only maps that are accepted and
 * safe, and no two files in one place; creat must work on it, leave what was there alone, and leave
 * it clean.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fs_judge.h"

/* One byte more than may be written. */
#define LONG_NAME "1234567890123456789012345678901234567890123456789012345678901234567890123456789"

static struct famfs_ctx *ctx;
static char image[32], undo[4096];
static int image_fd;

/* The metadata that no command but a repair may change. */
struct metadata {
	uint8_t super[4096];
	uint8_t slots[40 * MEDIA_ENTRY_LEN];
};

void fuzz_begin(void)
{
	const char *dir = getenv("TMPDIR");

	ctx = fuzz_ctx();
	image_fd = memfd_create("famfs", MFD_CLOEXEC);
	FUZZ_REQUIRE(image_fd >= 0, "memfd_create: %s", strerror(errno));
	(void)snprintf(image, sizeof(image), "/proc/self/fd/%d", image_fd);
	(void)snprintf(undo, sizeof(undo), "%s/famfs-fuzz.%d.undo", dir ? dir : "/tmp",
		       (int)getpid());
}

size_t fuzz_mutate(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	struct fuzz_random random = { seed };
	struct fuzz_fs fs;
	uint64_t nr = 1 + fuzz_below(&random, 4);

	if (fuzz_below(&random, 16) == 0)
		return LLVMFuzzerMutate(data, size, max);
	fuzz_fs_parse(data, size, &fs);
	while (nr--)
		fuzz_fs_mutate(&fs, &random);
	return fuzz_fs_pack(&fs, data, max);
}

static void read_metadata(struct metadata *ret)
{
	FUZZ_REQUIRE(pread(image_fd, ret->super, sizeof(ret->super), 0) == sizeof(ret->super) &&
			     pread(image_fd, ret->slots, sizeof(ret->slots),
				   (off_t)MEDIA_LOG_SLOTS_OFF) == sizeof(ret->slots),
		     "read");
}

/* Slots from @first on may have been written to. */
static void require_same(const struct metadata *before, uint64_t first)
{
	struct metadata now;
	size_t len = sizeof(now.slots);

	if (first < len / MEDIA_ENTRY_LEN)
		len = first * MEDIA_ENTRY_LEN;
	read_metadata(&now);
	FUZZ_REQUIRE(!memcmp(before->super, now.super, sizeof(now.super)),
		     "creat changed the superblock");
	FUZZ_REQUIRE(!memcmp(before->slots, now.slots, len), "creat changed an older entry");
}

/* The requests that the input asks for. @names: room for their paths. */
static size_t requests(const struct fuzz_fs *fs, struct famfs_create_req reqs[2])
{
	static const char *const paths[] = { "new", "d/new", "a",      "p/q/r", ".meta/.alloc.cfg",
					     "d",   "/b/",   LONG_NAME };
	const uint8_t *args = fs->args;
	struct famfs_create_req *req = &reqs[0];

	*req = (struct famfs_create_req){ .path = paths[fs->action % 8], .mode = 0644 };
	req->size = 1 + args[0] % 48 * (FAMFS_AU / 4) + args[1];
	if (fs->action & 8)
		req->flags |= FAMFS_CREATE_DIR | (args[3] & 1 ? FAMFS_CREATE_PARENTS : 0);
	else if (fs->action & 16)
		req->flags |= FAMFS_CREATE_CONTIGUOUS;
	else if (fs->action & 32)
		req->nstrips = args[2] % 18, req->nbuckets = args[3] % 20,
		req->chunk_size = args[1] % 4 * FAMFS_AU;
	if (fs->action & 64)
		req->flags |= FAMFS_CREATE_NO_ZERO;
	reqs[1] = (struct famfs_create_req){ .path = "second", .size = 4096, .mode = 0600 };
	return fs->action & 128 ? 2 : 1;
}

static bool refusal_is_fair(int rc)
{
	return rc == -ENOSPC || rc == -ENAMETOOLONG || rc == -EEXIST || rc == -ENOTDIR ||
	       rc == -EISDIR || rc == -ENOENT || rc == -EINVAL;
}

/* Was the system UUID of the superblock changed to another host's? */
static bool is_master(const struct famfs *fs, struct famfs_info *ret_info)
{
	return !famfs_info((struct famfs *)(uintptr_t)fs, ret_info, NULL) &&
	       ret_info->role == FAMFS_ROLE_MASTER;
}

/* A small file beside the others works on a clean file system as long as there is room. */
static void require_room_is_used(struct famfs *fs, const struct famfs_info *info)
{
	struct famfs_create_req req = { .path = "one more", .size = 1, .mode = 0644 };
	bool room = info->free && info->log_used < info->log_slots;
	struct famfs_err err = { 0 };
	int rc = famfs_create(fs, &req, 1, NULL, &err);

	FUZZ_REQUIRE(rc == (room ? 0 : -ENOSPC),
		     "creat on a clean file system with %" PRIu64 " bytes free: %d, %s", info->free,
		     rc, err.message);
}

static void create(struct famfs *fs, const struct fuzz_fs *input, const struct judge *before)
{
	struct famfs_create_req reqs[2];
	size_t nr = requests(input, reqs);
	struct famfs_err err = { 0 };
	struct metadata old;
	struct famfs_info info;
	struct judge after;
	bool master = is_master(fs, &info);
	int rc;

	read_metadata(&old);
	rc = famfs_create(fs, reqs, nr, NULL, &err);
	require_same(&old, info.log_used < info.log_slots ? info.log_used : 0);
	judge_check(ctx, image, &after);
	/* A torn tail is made good by the next append. */
	FUZZ_REQUIRE(after.errors <= before->errors, "creat (%d) made new damage: %s", rc,
		     after.first);
	if (!before->clean)
		return;
	FUZZ_REQUIRE(rc == 0 || refusal_is_fair(rc) || (!master && rc == -EPERM),
		     "creat on a clean file system: %d, %s", rc, err.message);
	FUZZ_REQUIRE(!master || !famfs_info(fs, &info, NULL), "info");
	if (master)
		require_room_is_used(fs, &info);
}

/* A handle from before must see the same as one that is opened now. */
static void require_refresh(struct famfs *old)
{
	struct famfs_info a = { 0 }, b = { 0 };
	struct famfs *fresh;
	struct famfs_err err;

	FUZZ_REQUIRE(!famfs_open(ctx, image, 0, &fresh, &err), "open again: %s", err.message);
	FUZZ_REQUIRE(!famfs_refresh(old, &err), "refresh: %s", err.message);
	FUZZ_REQUIRE(!famfs_info(old, &a, NULL) && !famfs_info(fresh, &b, NULL), "info");
	FUZZ_REQUIRE(a.log_good == b.log_good && a.files == b.files && a.dirs == b.dirs &&
			     a.unusable == b.unusable && a.file_bytes == b.file_bytes &&
			     a.free == b.free && a.damaged == b.damaged &&
			     a.torn_tail == b.torn_tail,
		     "a refreshed handle sees something else than a new one");
	famfs_close(fresh);
}

static void write_to(const struct fuzz_fs *input, const struct judge *before, struct famfs *reader)
{
	struct judge after;
	struct famfs *fs;
	struct famfs_err err;

	if (famfs_open(ctx, image, FAMFS_OPEN_WRITE, &fs, &err)) {
		FUZZ_REQUIRE(!before->clean, "clean, but not to be opened for writing: %s",
			     err.message);
		return;
	}
	create(fs, input, before);
	famfs_close(fs);
	require_refresh(reader);
	judge_check(ctx, image, &after);
	FUZZ_REQUIRE(!before->clean || after.clean, "no longer clean after creat: %s", after.first);
	judge_open(reader, after.clean);
}

static int answer(void *data, const struct famfs_finding *finding)
{
	return finding->repair == FAMFS_REPAIR_SAFE || *(const bool *)data;
}

/*
 * Nothing that can be mended is left when all of it should be, unless something else cannot be.
 * Return: whether an error is left.
 */
static bool judge_repair(struct famfs_repair *rep, bool all)
{
	bool refused = famfs_repair_refusal(rep, NULL), left = false;
	enum famfs_repair_status status;
	struct famfs_finding finding;
	const char *done;

	while (famfs_repair_next(rep, &finding, &status, &done) > 0) {
		FUZZ_REQUIRE((status == FAMFS_REPAIR_DONE) == (done != NULL), "done, and what");
		FUZZ_REQUIRE(!all || done || refused || left || finding.repair == FAMFS_REPAIR_NONE,
			     "%s can be mended, should be, and is not: %s", finding.code,
			     finding.text);
		left |= !done && finding.severity != FAMFS_WARNING;
	}
	return left;
}

/* Safe repairs, or all; afterwards a check finds what the repair said, and nothing else. */
static void repair(const struct fuzz_fs *input)
{
	bool all = input->args[3] & 2, left;
	struct famfs_repair_opts opts = {
		.ask = answer,
		.data = &all,
		.undo = undo,
		.flags = FAMFS_REPAIR_FORCE | (input->args[3] & 4 ? FAMFS_REPAIR_SALVAGE : 0),
	};
	struct famfs_repair *rep;
	struct judge after;
	uint64_t said;
	int rc;

	if (famfs_repair_new(ctx, image, &opts, &rep, NULL))
		return;
	left = judge_repair(rep, all);
	said = famfs_repair_after(rep)->errors;
	(void)unlink(undo);
	rc = famfs_repair_commit(rep, NULL);
	(void)unlink(undo);
	famfs_repair_free(rep);
	if (rc)
		return;
	judge_check(ctx, image, &after);
	FUZZ_REQUIRE(after.errors == said,
		     "%" PRIu64 " errors after a repair that said %" PRIu64 ": %s", after.errors,
		     said, after.first);
	FUZZ_REQUIRE(left || after.clean, "not clean after everything was mended: %s", after.first);
}

void fuzz_one(const uint8_t *data, size_t size)
{
	struct fuzz_fs input;
	struct judge before;
	struct famfs *reader;
	struct famfs_err err;

	fuzz_fs_parse(data, size, &input);
	fuzz_fs_fix(&input);
	fuzz_fs_store(&input, image_fd);
	if (input.args[3] & 1)
		repair(&input);
	judge_check(ctx, image, &before);
	if (famfs_open(ctx, image, 0, &reader, &err)) {
		FUZZ_REQUIRE(!before.clean, "clean, but not to be opened: %s", err.message);
		return;
	}
	judge_open(reader, before.clean);
	write_to(&input, &before, reader);
	famfs_close(reader);
}

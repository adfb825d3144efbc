/* SPDX-License-Identifier: Apache-2.0 */
/* Crashes while bytes are copied in. */
#include "crash.h"
#include "commands.h"

#define SOURCE   "source"
#define NEW_SALT 11
#define LARGE    (16 * MIB)

/* From a local file, whose pages are copied. */
static int copy_in(void)
{
	struct famfs_create_req req = create_req("dir/new", AU + 4097);
	int fd, rc;

	filling_local(SOURCE, NEW_SALT, req.size);
	fd = open(SOURCE, O_RDONLY | O_CLOEXEC);
	rc = crash_create(&req, 1, filling_fd, &fd);
	close(fd);
	return rc;
}

static int copy_in_strips(void)
{
	struct famfs_create_req req = create_req("dir/new", 2 * AU + 1);
	uint32_t salt = NEW_SALT;

	req.nstrips = 2;
	return crash_create(&req, 1, filling_salt, &salt);
}

/* Two files by two threads, and neither ends before the other has begun. */
static int copy_in_two(void)
{
	struct famfs_create_req reqs[] = { create_req("a", AU + 1), create_req("b", AU - 100) };
	uint32_t salt = NEW_SALT;

	famfs_ctx_set_threads(judge.ctx, 2);
	record_meet = 2;
	return crash_create(reqs, UNIT_NR(reqs), filling_salt, &salt);
}

/* The middle is left out: it reads as zeros. */
static int fill_ends(void *data, size_t req_index, struct famfs_fill *fill, struct famfs_err *err)
{
	uint8_t buf[4096];
	int rc;

	(void)data, (void)req_index;
	filling_bytes(NEW_SALT, 0, buf, sizeof(buf));
	rc = famfs_fill_write(fill, 100, buf, sizeof(buf), err);
	return rc ? rc : famfs_fill_write(fill, AU + 1, buf, 100, err);
}

static int copy_in_ends(void)
{
	struct famfs_create_req req = create_req("dir/new", 2 * AU - 500);

	return crash_create(&req, 1, fill_ends, NULL);
}

UNIT_TEST(cp_in)
{
	static const struct crash_case cases[] = {
		{ "cp in", crash_make_some, copy_in, PUBLISH_WHOLE, { .step = 1 } },
		{ "cp in, in order",
		  crash_make_some,
		  copy_in,
		  PUBLISH_IN_ORDER,
		  { .step = 1, .torn = true } },
		{ "cp in, interleaved",
		  crash_make_some,
		  copy_in_strips,
		  PUBLISH_WHOLE,
		  { .step = 1 } },
		{ "cp in of 2 by two threads",
		  crash_make_some,
		  copy_in_two,
		  PUBLISH_WHOLE,
		  { .step = 2 } },
		{ "cp in with a hole",
		  crash_make_some,
		  copy_in_ends,
		  PUBLISH_WHOLE,
		  { .step = 1 } },
	};
	size_t missed = 0;

	for (size_t i = 0; i < UNIT_NR(cases); i++)
		crash_test(&cases[i]);
	for (size_t i = 0; i < UNIT_NR(cases); i++)
		missed += crash_test_needed(&cases[i]);
	crash_tell_missed(missed, UNIT_NR(cases));
}

static void make_large(void)
{
	struct famfs_create_req req = create_req("large", LARGE);
	struct famfs *fs;

	crash_make_some();
	fs = image_open(judge.ctx, STAGE_NAME, FAMFS_OPEN_WRITE);
	(void)filling_make(fs, &req, OLD_SALT);
	famfs_close(fs);
}

static int store_new(void *data, struct famfs_fill *fill, struct famfs_err *err)
{
	return famfs_fill_from_fd(fill, *(const int *)data, SOURCE, err);
}

static int overwrite(const char *path, unsigned int threads)
{
	struct famfs_data_opts opts = { .threads = threads };
	struct famfs_entry entry;
	struct famfs_err err = { 0 };
	struct famfs *fs = image_open(judge.ctx, STAGE_NAME, FAMFS_OPEN_WRITE);
	int fd, rc = famfs_lookup(fs, path, &entry, &err);

	filling_local(SOURCE, NEW_SALT, entry.size);
	fd = open(SOURCE, O_RDONLY | O_CLOEXEC);
	opts.data = &fd;
	if (!rc)
		rc = famfs_overwrite(fs, &entry, store_new, &opts, &err);
	close(fd);
	famfs_close(fs);
	CHECK_MSG(rc == 0, "%s", err.message);
	record_reported(1);
	return rc;
}

static int overwrite_small(void)
{
	return overwrite("dir/old", 1);
}

static int overwrite_large(void)
{
	record_meet = 2;
	return overwrite("large", 2);
}

/* A mixture of both until success is reported, the new bytes from then on; nothing else changes. */
UNIT_TEST(cp_overwrite)
{
	static const struct crash_case cases[] = {
		{ "cp --overwrite",
		  crash_make_some,
		  overwrite_small,
		  PUBLISH_WHOLE,
		  { .step = 1, .loose = true } },
		{ "cp --overwrite by two threads",
		  make_large,
		  overwrite_large,
		  PUBLISH_WHOLE,
		  { .step = 1, .loose = true } },
	};
	size_t missed = 0;

	for (size_t i = 0; i < UNIT_NR(cases); i++)
		crash_test(&cases[i]);
	for (size_t i = 0; i < UNIT_NR(cases); i++)
		missed += crash_test_needed(&cases[i]);
	crash_tell_missed(missed, UNIT_NR(cases));
}

UNIT_MAIN

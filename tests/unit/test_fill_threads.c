/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Write-backs and streaming stores are fenced by the thread that made them: no other thread's fence
 * will do. An image plays the devdax device; its operations count the threads that owe a fence.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "famfs.h"
#include "fs.h"
#include "random.h"
#include "unit.h"
#include "scratch.h"
#include "image.h"
#include "create.h"
#include "filling.h"

#define SIZE (256 * MIB)
#define NR   40

static _Thread_local bool owes;
static atomic_int debtors, publishings;
static atomic_uint_fast64_t copied;

static void note_store(const void *at, size_t len)
{
	(void)at, (void)len;
	if (!owes)
		atomic_fetch_add(&debtors, 1);
	owes = true;
}

static void store(void *at, const void *from, size_t len)
{
	note_store(at, len);
	memcpy(at, from, len);
}

static void invalidate(const void *at, size_t len)
{
	(void)at, (void)len;
}

static void fence(void)
{
	if (owes)
		atomic_fetch_sub(&debtors, 1);
	owes = false;
}

static void zero(void *at, size_t len)
{
	note_store(at, len);
	memset(at, 0, len);
}

static void copy(void *at, const void *from, size_t len)
{
	note_store(at, len);
	memcpy(at, from, len);
	atomic_fetch_add(&copied, len);
}

/* Not even this thread owes one. */
static void publish16(void *at, const uint64_t v[2])
{
	CHECK_EQ(atomic_load(&debtors), 0);
	atomic_fetch_add(&publishings, 1);
	memcpy(at, v, 16);
}

static const struct persist_ops counting = {
	.name = "counting",
	.store = store,
	.writeback = note_store,
	.invalidate = invalidate,
	.fence = fence,
	.zero = zero,
	.copy = copy,
	.publish16 = publish16,
	.whole = true,
};

/* A file system on memory that counts. */
static struct famfs *open_new(struct famfs_ctx *ctx)
{
	struct famfs *fs;

	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	fs = image_open(ctx, "a.img", FAMFS_OPEN_WRITE);
	if (!fs || dev_map(fs->dev, fs->dev->size, NULL))
		return NULL;
	famfs_ctx_set_threads(ctx, 4);
	fs->dev->kind = FAMFS_DEV_DAX;
	fs->dev->ops = &counting;
	atomic_store(&debtors, 0);
	atomic_store(&publishings, 0);
	atomic_store(&copied, 0);
	return fs;
}

static void end(struct famfs_ctx *ctx, struct famfs *fs)
{
	fs->dev->kind = FAMFS_DEV_IMAGE;
	fs->dev->ops = persist_page_cache();
	famfs_close(fs);
	CHECK_EQ(image_check(ctx, "a.img", true), 0);
	famfs_ctx_free(ctx);
}

static int fill_seed(void *data, size_t req_index, struct famfs_fill *fill, struct famfs_err *err)
{
	(void)data;
	return famfs_fill_random(fill, req_index + 1, err);
}

static void check_random(struct famfs *fs, const char *path, uint64_t seed)
{
	struct famfs_data_opts opts = { .threads = 1 };
	struct famfs_entry entry;
	uint64_t off = 0;

	if (!CHECK_EQ(famfs_lookup(fs, path, &entry, NULL), 0))
		return;
	CHECK_EQ(famfs_verify_random(fs, &entry, seed, &opts, &off, NULL), 0);
	CHECK_EQ(off, FAMFS_NONE);
}

/* A file with the generator's bytes. */
static int make_source(size_t len)
{
	struct random_jump *jump = malloc(sizeof(*jump));
	uint8_t *buf = malloc(len);
	int fd = memfd_create("source", MFD_CLOEXEC);
	struct random_state state;

	if (!CHECK(jump && buf && fd >= 0))
		return -1;
	random_jump_init(jump);
	state = random_seek(jump, 1, 0);
	random_fill(jump, &state, buf, len);
	CHECK_EQ(write(fd, buf, len), (ssize_t)len);
	free(jump);
	free(buf);
	return fd;
}

static int fill_fd(void *data, size_t req_index, struct famfs_fill *fill, struct famfs_err *err)
{
	(void)req_index;
	return famfs_fill_from_fd(fill, *(int *)data, "source", err);
}

UNIT_TEST(a_large_file)
{
	struct famfs_create_req req = create_req("f", 70 * MIB + 1);
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx);
	int fd = make_source(req.size);

	REQUIRE(fs && fd >= 0);
	CHECK_EQ(filling_one(fs, &req, fill_fd, &fd, NULL), 0);
	close(fd);
	CHECK_EQ(atomic_load(&publishings), 1);
	CHECK_EQ(atomic_load(&copied), req.size);
	check_random(fs, "f", 1);
	end(ctx, fs);
}

UNIT_TEST(small_files)
{
	struct famfs_create_ops ops = { .fill = fill_seed };
	struct famfs_create_req reqs[NR];
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx);
	char names[NR][8];

	REQUIRE(fs);
	for (size_t i = 0; i < NR; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "f%zu", i);
		reqs[i] = create_req(names[i], 50000 * i + 1);
	}
	CHECK_EQ(famfs_create(fs, reqs, NR, &ops, NULL), 0);
	CHECK_EQ(atomic_load(&publishings), 1);
	for (size_t i = 0; i < NR; i++)
		check_random(fs, names[i], i + 1);
	end(ctx, fs);
}

static int store_new(void *data, struct famfs_fill *fill, struct famfs_err *err)
{
	(void)data;
	return famfs_fill_random(fill, 9, err);
}

UNIT_TEST(new_bytes_in_place)
{
	struct famfs_create_req req = create_req("f", 40 * MIB);
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx);
	struct famfs_entry entry;

	REQUIRE(fs);
	CHECK_EQ(filling_one(fs, &req, fill_seed, NULL, NULL), 0);
	CHECK_EQ(famfs_lookup(fs, "f", &entry, NULL), 0);
	CHECK_EQ(famfs_overwrite(fs, &entry, store_new, NULL, NULL), 0);
	CHECK_EQ(atomic_load(&debtors), 0);
	check_random(fs, "f", 9);
	end(ctx, fs);
}

UNIT_MAIN

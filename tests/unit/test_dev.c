/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "ctx.h"
#include "dev.h"
#include "unit.h"
#include "faults.h"
#include "scratch.h"

#define MIB (1ULL << 20)

static struct famfs_ctx *new_ctx(void)
{
	struct famfs_ctx *ctx = NULL;

	CHECK_EQ(famfs_ctx_new(&ctx), 0);
	return ctx;
}

/* Opens an image of @size bytes, made new. */
static struct dev *open_image(struct famfs_ctx *ctx, const char *name, off_t size)
{
	struct famfs_err err;
	struct dev *dev = NULL;

	scratch_image(name, size);
	CHECK_EQ(dev_open(ctx, name, DEV_WRITE, &dev, &err), 0);
	return dev;
}

static blkcnt_t blocks_of(const char *name)
{
	struct stat st;

	return stat(name, &st) == 0 ? st.st_blocks : -1;
}

static void make_oddities(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	close(fd);
	CHECK(mkdir("dir", 0755) == 0);
	CHECK(mkfifo("fifo", 0644) == 0);
	scratch_link("dangling", "nowhere");
	scratch_link("loop", "loop");
	scratch_image("small", 8192);
	scratch_file("a@2M", "a file of that very name");
}

static const struct {
	const char *device;
	unsigned int flags;
	int rc;
	const char *message, *hint;
} refusals[] = {
	{ "none.img", 0, -ENOENT, "no such file", "famfs mkfs --size 1G none.img" },
	{ "none.img", DEV_WRITE, -ENOENT, "no such file", "famfs mkfs --size 1G none.img" },
	{ "", 0, -ENOENT, "no such file", "" },
	{ "/dev/dax99.9", 0, -ENOENT, "no such file", "famfs list" },
	{ "/dev/dax99.9", DEV_MAKE, -ENOENT, "no such file", "famfs list" },
	{ "dir", 0, -EISDIR, "is a directory", "famfs mkfs --size 1G dir/NAME" },
	{ "dir", DEV_WRITE | DEV_MAKE, -EISDIR, "is a directory", "" },
	{ "fifo", 0, -ENODEV, "is a FIFO", "" },
	{ "fifo", DEV_WRITE, -ENODEV, "is a FIFO", "" },
	{ "socket", 0, -ENODEV, "is a socket", "" },
	{ "/dev/null", 0, -ENODEV, "no dax device", "famfs list" },
	{ "dangling", 0, -ENOENT, "no such file", "" },
	{ "dangling", DEV_MAKE, -ENOENT, "symbolic link to nothing", "rm dangling" },
	{ "loop", 0, -ELOOP, "cannot be opened", "" },
	{ "small/x", 0, -ENOTDIR, "cannot be opened", "" },
	{ "nodir/x", DEV_MAKE, -ENOENT, "cannot be made", "directory" },
	{ "small@4097", 0, -EINVAL, "no multiple of 4096", "4096" },
	{ "small@12k", 0, -EINVAL, "behind the end of the file (8192", "" },
	{ "small@2MB", 0, -EINVAL, "offset \"2MB\"", "PATH@OFFSET" },
	{ "small@9000000000G", 0, -EINVAL, "behind the end", "" },
	{ "small@99999999999G", 0, -ERANGE, "offset \"99999999999G\"", "" },
	{ "small@x", 0, -ENOENT, "no such file", "" },
	{ "other@2M", 0, -ENOENT, "no such file", "" },
};

UNIT_TEST(refusals_have_their_own_words)
{
	struct famfs_ctx *ctx = new_ctx();

	make_oddities();
	for (unsigned int i = 0; i < UNIT_NR(refusals); i++) {
		struct famfs_err err = { 0 };
		struct dev *dev = NULL;

		UNIT_ROW("%s %u", refusals[i].device, refusals[i].flags);
		CHECK_EQ(dev_open(ctx, refusals[i].device, refusals[i].flags, &dev, &err),
			 refusals[i].rc);
		CHECK(dev == NULL);
		dev_close(dev);
		CHECK_STR(err.object, refusals[i].device);
		CHECK_HAS(err.message, refusals[i].message);
		CHECK_HAS(err.hint, refusals[i].hint);
		CHECK(!strchr(err.message, '\n') && !strchr(err.hint, '\n'));
		CHECK_EQ(dev_open(ctx, refusals[i].device, refusals[i].flags, &dev, NULL),
			 refusals[i].rc);
	}
	CHECK(access("nowhere", F_OK) < 0);
	famfs_ctx_free(ctx);
}

UNIT_TEST(block_device_is_refused)
{
	struct famfs_ctx *ctx = new_ctx();
	struct famfs_err err;
	struct dev *dev = NULL;

	if (mknod("block", S_IFBLK | 0600, makedev(7, 99)) < 0) {
		famfs_ctx_free(ctx);
		SKIP("mknod needs root");
	}
	CHECK_EQ(dev_open(ctx, "block", 0, &dev, &err), -ENOTSUP);
	CHECK_HAS(err.message, "block device");
	CHECK_HAS(err.hint, "ndctl create-namespace -f -m devdax -e NAMESPACE");
	famfs_ctx_free(ctx);
}

/* A device node whose sysfs is ours: all that comes before open(2) sees a dax device. */
UNIT_TEST(dax_modes_are_refused)
{
	static const struct {
		unsigned int minor;
		const char *driver;
		int rc;
		const char *hint;
	} rows[] = {
		{ 201, "fsdev_dax", -ENOTSUP, "device_dax/bind" },
		{ 202, "kmem", -ENOTSUP, "daxctl reconfigure-device --mode=devdax --force dax" },
		{ 203, NULL, -ENODEV, "device_dax/bind" },
		/* Right by all that sysfs says, but no driver answers. */
		{ 204, "device_dax", -ENXIO, "famfs list" },
	};
	struct famfs_ctx *ctx = new_ctx();
	char root[PATH_MAX + 8];

	(void)snprintf(root, sizeof(root), "%s/root", scratch_dir);
	CHECK_EQ(famfs_ctx_set_root(ctx, root), 0);
	for (unsigned int i = 0; i < UNIT_NR(rows); i++) {
		struct famfs_err err = { 0 };
		struct dev *dev = NULL;
		char number[32];
		char name[32];

		/* Major 60 is for local use: nothing serves it. */
		(void)snprintf(number, sizeof(number), "60:%u", rows[i].minor);
		(void)snprintf(name, sizeof(name), "dax%u.0", rows[i].minor);
		scratch_dax(number, name, rows[i].driver, "4194304\n");
		if (mknod(name, S_IFCHR | 0600, makedev(60, rows[i].minor)) < 0) {
			famfs_ctx_free(ctx);
			SKIP("mknod needs root");
		}
		UNIT_ROW("%s", name);
		CHECK_EQ(dev_open(ctx, name, 0, &dev, &err), rows[i].rc);
		CHECK_STR(err.object, name);
		CHECK_HAS(err.hint, rows[i].hint);
	}
	famfs_ctx_free(ctx);
}

UNIT_TEST(permission_is_named)
{
	struct famfs_ctx *ctx = new_ctx();
	struct famfs_err err;
	struct dev *dev = NULL;
	uid_t uid = geteuid();

	scratch_image("locked.img", MIB);
	CHECK(chmod("locked.img", 0400) == 0 && chmod(scratch_dir, 0755) == 0);
	if (uid == 0)
		CHECK(seteuid(65534) == 0);
	CHECK_EQ(dev_open(ctx, "locked.img", DEV_WRITE, &dev, &err), -EACCES);
	CHECK_HAS(err.hint, "ls -l locked.img");
	if (uid == 0)
		CHECK(seteuid(0) == 0);
	CHECK_EQ(dev_open(ctx, "locked.img", 0, &dev, &err), 0);
	dev_close(dev);
	famfs_ctx_free(ctx);
}

UNIT_TEST(offset_is_added_everywhere)
{
	struct famfs_ctx *ctx = new_ctx();
	struct famfs_err err;
	struct dev *dev = NULL;
	char buf[8] = { 0 };
	int fd;

	scratch_image("base.img", 3 * MIB + 12288);
	CHECK_EQ(dev_open(ctx, "base.img@12k", DEV_WRITE, &dev, &err), 0);
	REQUIRE(dev != NULL);
	CHECK_EQ(dev->base, 12288);
	CHECK_EQ(dev->size, 3 * MIB);
	CHECK_STR(dev->path, "base.img");
	CHECK_STR(dev->name, "base.img@12k");
	CHECK_EQ(dev_map(dev, 4096, &err), 0);
	CHECK_EQ(dev_store(dev, 8, "inside", 7, &err), 0);
	CHECK_EQ(dev_resize(dev, 4 * MIB, &err), 0);
	fd = open("base.img", O_RDWR | O_CLOEXEC);
	CHECK_EQ(pread(fd, buf, 7, 12288 + 8), 7);
	CHECK_STR(buf, "inside");
	CHECK_EQ(lseek(fd, 0, SEEK_END), 4 * MIB + 12288);
	CHECK_EQ(pwrite(fd, "before", 6, 12288 - 6), 6);
	CHECK_EQ(dev_zero(dev, 0, 4096, NULL, NULL, &err), 0);
	CHECK_EQ(pread(fd, buf, 6, 12288 - 6), 6);
	CHECK_EQ(memcmp(buf, "before", 6), 0);
	CHECK_EQ(pread(fd, buf, 7, 12288 + 8), 7);
	CHECK_EQ(buf[0], 0);
	close(fd);
	dev_close(dev);
	/* A file that has an @ in its name is that file. */
	dev = NULL;
	scratch_image("b@4k", 8192);
	CHECK_EQ(dev_open(ctx, "b@4k", 0, &dev, &err), 0);
	CHECK_EQ(dev->base, 0);
	dev_close(dev);
	famfs_ctx_free(ctx);
}

UNIT_TEST(images_are_made)
{
	struct famfs_ctx *ctx = new_ctx();
	struct famfs_err err;
	struct dev *dev = NULL;

	CHECK_EQ(dev_open(ctx, "new.img", DEV_WRITE | DEV_MAKE, &dev, &err), 0);
	CHECK(dev->made);
	CHECK_EQ(dev->size, 0);
	CHECK_EQ(dev_map(dev, 4096, &err), -EUCLEAN);
	CHECK_EQ(dev_resize(dev, 64 * MIB, &err), 0);
	CHECK_EQ(dev->size, 64 * MIB);
	CHECK_EQ(dev_map(dev, 4096, &err), 0);
	CHECK_EQ(dev_resize(dev, 63 * MIB, &err), -EINVAL);
	CHECK_EQ(dev_resize(dev, UINT64_MAX, &err), -EFBIG);
	CHECK_EQ(dev_resize(dev, 64 * MIB, &err), 0);
	CHECK_EQ(dev_finish(dev, &err), 0);
	CHECK_EQ(blocks_of("new.img"), 0);
	dev_close(dev);
	dev = NULL;
	CHECK_EQ(dev_open(ctx, "new.img", DEV_WRITE | DEV_MAKE, &dev, &err), 0);
	CHECK(!dev->made);
	CHECK_EQ(dev->size, 64 * MIB);
	dev_close(dev);
	famfs_ctx_free(ctx);
}

UNIT_TEST(reads_what_was_stored)
{
	struct famfs_ctx *ctx = new_ctx();
	struct dev *dev = open_image(ctx, "rw.img", 4 * MIB);
	const uint64_t v[2] = { 17, 18 };
	struct famfs_err err;
	struct le64 words[2];
	uint64_t back[2];
	char buf[600];

	CHECK_EQ(dev_read(dev, 0, buf, 1, &err), -ERANGE);
	CHECK_EQ(dev_map(dev, 2 * MIB, &err), 0);
	CHECK_EQ(dev_map(dev, 4096, &err), 0);
	CHECK_EQ(dev->map_len, 2 * MIB);
	memset(buf, 7, sizeof(buf));
	CHECK_EQ(dev_store(dev, 4000, buf, 544, &err), 0);
	CHECK_EQ(dev_writeback(dev, 4000, 544, &err), 0);
	CHECK_EQ(dev_publish16(dev, 32, v, &err), 0);
	CHECK_EQ(dev_fence(dev, &err), 0);
	/* A larger mapping shows the same. */
	CHECK_EQ(dev_map(dev, 4 * MIB, &err), 0);
	CHECK_EQ(dev_invalidate(dev, 0, 4 * MIB, &err), 0);
	memset(buf, 0, sizeof(buf));
	CHECK_EQ(dev_read(dev, 4000, buf, 544, &err), 0);
	CHECK(buf[0] == 7 && buf[543] == 7 && buf[544] == 0);
	CHECK_EQ(dev_read(dev, 32, back, 16, &err), 0);
	CHECK_EQ(back[0], 17);
	CHECK_EQ(back[1], 18);
	CHECK_EQ(dev_read_words(dev, 40, 3968, words, 2, &err), 0);
	CHECK_MEM(&words[0], &v[1], sizeof(v[1]));
	CHECK_EQ(le64_get(words[1]), 0x0707070707070707);
	CHECK_EQ(dev_read_words(dev, 4 * MIB, 8, words, 0, &err), 0);
	CHECK_EQ(dev_publish16(dev, 40, v, &err), -EINVAL);
	CHECK_EQ(dev_finish(dev, &err), 0);
	dev_close(dev);
	famfs_ctx_free(ctx);
}

UNIT_TEST(nothing_reaches_outside)
{
	struct famfs_ctx *ctx = new_ctx();
	struct dev *dev = open_image(ctx, "out.img", 4 * MIB);
	const uint64_t v[2] = { 1, 2 };
	struct le64 words[2];
	struct famfs_err err;
	char buf[16] = { 0 };

	CHECK_EQ(dev_map(dev, MIB, &err), 0);
	CHECK_EQ(dev_read(dev, MIB - 8, buf, 9, &err), -ERANGE);
	CHECK_EQ(err.off, MIB - 8);
	CHECK_EQ(dev_read(dev, UINT64_MAX, buf, 1, &err), -ERANGE);
	CHECK_EQ(dev_read_words(dev, 8, MIB - 8, words, 2, &err), -ERANGE);
	CHECK_EQ(dev_read(dev, 1, buf, SIZE_MAX, &err), -ERANGE);
	CHECK_EQ(dev_read(dev, MIB - 8, buf, 8, &err), 0);
	CHECK_EQ(dev_store(dev, MIB, buf, 1, &err), -ERANGE);
	CHECK_EQ(dev_publish16(dev, MIB, v, &err), -ERANGE);
	CHECK_EQ(dev_writeback(dev, UINT64_MAX - 4, 8, &err), -ERANGE);
	CHECK_EQ(dev_invalidate(dev, 0, MIB + 1, &err), -ERANGE);
	CHECK_EQ(dev_zero(dev, 4 * MIB - 1, 2, NULL, NULL, &err), -ERANGE);
	CHECK_EQ(dev_zero(dev, UINT64_MAX, 2, NULL, NULL, &err), -ERANGE);
	CHECK_EQ(dev_reserve(dev, 4 * MIB, 1, &err), -ERANGE);
	CHECK_EQ(dev_map(dev, 4 * MIB + 1, &err), -EUCLEAN);
	CHECK_HAS(err.message, "truncated image");
	CHECK_EQ(dev_map(dev, UINT64_MAX, &err), -EUCLEAN);
	CHECK_EQ(dev_read(dev, 0, buf, 8, &err), 0);
	dev_close(dev);
	famfs_ctx_free(ctx);
}

UNIT_TEST(reading_handles_do_not_write)
{
	struct famfs_ctx *ctx = new_ctx();
	const uint64_t v[2] = { 1, 2 };
	struct famfs_err err;
	struct dev *dev = NULL;

	scratch_image("ro.img", MIB);
	CHECK_EQ(dev_open(ctx, "ro.img", 0, &dev, &err), 0);
	CHECK_EQ(dev_map(dev, MIB, &err), 0);
	CHECK_EQ(dev_store(dev, 0, v, 16, &err), -EROFS);
	CHECK_EQ(dev_publish16(dev, 0, v, &err), -EROFS);
	CHECK_EQ(dev_zero(dev, 0, 16, NULL, NULL, &err), -EROFS);
	CHECK_EQ(dev_reserve(dev, 0, 16, &err), -EROFS);
	CHECK_EQ(dev_resize(dev, 2 * MIB, &err), -EROFS);
	CHECK_EQ(dev_finish(dev, &err), 0);
	dev_close(dev);
	famfs_ctx_free(ctx);
}

UNIT_TEST(shrinking_image_is_an_error)
{
	struct famfs_ctx *ctx = new_ctx();
	struct dev *dev = open_image(ctx, "shrink.img", 4 * MIB);
	const uint64_t v[2] = { 1, 2 };
	struct le64 words[3];
	struct famfs_err err;
	char buf[544];

	FAULTS_REQUIRE_ADDRESSES();
	CHECK_EQ(dev_map(dev, 4 * MIB, &err), 0);
	CHECK_EQ(truncate("shrink.img", 4096), 0);
	CHECK_EQ(dev_read(dev, 100, buf, sizeof(buf), &err), 0);
	CHECK_EQ(dev_read(dev, 3800, buf, sizeof(buf), &err), -EIO);
	/* The C library may touch the last bytes first. */
	CHECK(err.off >= 4096 && err.off < 3800 + sizeof(buf));
	CHECK_STR(err.object, "shrink.img");
	CHECK_HAS(err.message, "shrank to 4096 bytes");
	CHECK_EQ(dev_read_words(dev, 1096, 3000, words, 3, &err), -EIO);
	CHECK_EQ(err.off, 4096);
	CHECK_EQ(dev_store(dev, 2 * MIB + 7, buf, sizeof(buf), &err), -EIO);
	CHECK(err.off >= 2 * MIB && err.off < 2 * MIB + 7 + sizeof(buf));
	CHECK_EQ(dev_publish16(dev, MIB, v, &err), -EIO);
	CHECK_EQ(err.off, MIB);
	CHECK_EQ(dev_read(dev, 4 * MIB - 1, buf, 1, NULL), -EIO);
	dev_close(dev);
	famfs_ctx_free(ctx);
}

static void add_up(void *data, uint64_t bytes)
{
	*(uint64_t *)data += bytes;
}

UNIT_TEST(zeroing_makes_holes)
{
	struct famfs_ctx *ctx = new_ctx();
	struct dev *dev = open_image(ctx, "zero.img", 3LL << 30);
	struct famfs_err err;
	uint64_t bytes = 0;
	char buf[3] = "xyz";

	CHECK_EQ(dev_map(dev, 4 * MIB, &err), 0);
	CHECK_EQ(dev_reserve(dev, 0, 4 * MIB, &err), 0);
	CHECK(blocks_of("zero.img") >= (blkcnt_t)(4 * MIB / 512));
	CHECK_EQ(dev_store(dev, 4095, "abc", 3, &err), 0);
	CHECK_EQ(dev_store(dev, MIB - 1, "abc", 3, &err), 0);
	/* Not by whole blocks: the neighbours stay. */
	CHECK_EQ(dev_zero(dev, 4096, MIB - 4096, add_up, &bytes, &err), 0);
	CHECK_EQ(bytes, MIB - 4096);
	CHECK_EQ(dev_read(dev, 4095, buf, 3, &err), 0);
	CHECK_MEM(buf, "a\0\0", 3);
	CHECK_EQ(dev_read(dev, MIB - 1, buf, 3, &err), 0);
	CHECK_MEM(buf, "\0bc", 3);
	bytes = 0;
	CHECK_EQ(dev_zero(dev, 0, 3ULL << 30, add_up, &bytes, &err), 0);
	CHECK_EQ(bytes, 3ULL << 30);
	CHECK(blocks_of("zero.img") < 64);
	CHECK_EQ(dev_zero(dev, 0, 0, NULL, NULL, &err), 0);
	famfs_cancel(ctx);
	CHECK_EQ(dev_zero(dev, 0, 4096, NULL, NULL, &err), -ECANCELED);
	dev_close(dev);
	famfs_ctx_free(ctx);
}

/* Huge pages make holes of whole units only. */
UNIT_TEST(holes_need_not_be_read)
{
	struct famfs_ctx *ctx = new_ctx();
	struct famfs_err err;
	struct dev *dev = open_image(ctx, "holes.img", 16 * MIB);
	uint8_t buf[8];

	CHECK_EQ(dev_blank(dev, 0, 16 * MIB, 1), 16 * MIB);
	CHECK_EQ(dev_data_write(dev, 8 * MIB + 5, "x", 1, &err), 0);
	CHECK_EQ(dev_blank(dev, 0, 16 * MIB, 1), 8 * MIB);
	CHECK_EQ(dev_blank(dev, 100, 16 * MIB, 1), 8 * MIB - 100);
	CHECK_EQ(dev_blank(dev, 0, 16 * MIB, 3 * MIB), 6 * MIB);
	CHECK_EQ(dev_blank(dev, 0, 16 * MIB, 9 * MIB), 0);
	CHECK_EQ(dev_blank(dev, 8 * MIB, 16 * MIB, 1), 0);
	/* What is left is taken, be it no whole step. */
	CHECK_EQ(dev_blank(dev, 10 * MIB, 16 * MIB, 4 * MIB), 6 * MIB);
	CHECK_EQ(dev_blank(dev, MIB, 8 * MIB, 3 * MIB), 7 * MIB);
	CHECK_EQ(dev_blank(dev, MIB, MIB, 1), 0);
	/* What was cut off is no hole, but an error for whoever reads it. */
	CHECK_EQ(truncate("holes.img", 12 * MIB), 0);
	CHECK_EQ(dev_blank(dev, 10 * MIB, 12 * MIB, 1), 2 * MIB);
	CHECK_EQ(dev_blank(dev, 10 * MIB, 16 * MIB, 1), 0);
	CHECK_EQ(dev_scan(dev, 14 * MIB, buf, sizeof(buf), &err), -EIO);
	dev_close(dev);
	famfs_ctx_free(ctx);
}

UNIT_TEST(sync_reaches_the_disk)
{
	struct famfs_ctx *ctx = new_ctx();
	struct famfs_err err;
	struct dev *dev = NULL;

	scratch_image("sync.img", 2 * MIB + 4096);
	CHECK_EQ(dev_open(ctx, "sync.img@4k", DEV_WRITE | DEV_SYNC, &dev, &err), 0);
	CHECK_EQ(dev_fence(dev, &err), 0);
	CHECK_EQ(dev_map(dev, MIB + 100, &err), 0);
	CHECK_EQ(dev_store(dev, 5, "x", 1, &err), 0);
	CHECK_EQ(dev_fence(dev, &err), 0);
	CHECK_EQ(dev_finish(dev, &err), 0);
	dev_close(dev);
	famfs_ctx_free(ctx);
}

UNIT_MAIN

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image of large pages, whose bytes are reached in the mapping. Any file can play one: only the
 * speed is another.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dev.h"
#include "famfs.h"
#include "unit.h"
#include "faults.h"
#include "scratch.h"
#include "image.h"

#define SIZE (16 * MIB)
#define PART (1 * MIB)

static struct dev *open_direct(struct famfs_ctx *ctx, unsigned int flags)
{
	struct dev *dev = NULL;

	CHECK_EQ(dev_open(ctx, "a.img", flags, &dev, NULL), 0);
	if (!dev)
		return NULL;
	dev->direct = persist_cpu();
	CHECK_EQ(dev_map(dev, 4096, NULL), 0);
	CHECK_EQ(dev->map_len, SIZE);
	return dev;
}

static void make_file(uint64_t size)
{
	int fd = open("a.img", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
	close(fd);
}

static int note_place(void *arg, uint8_t *at)
{
	*(uint8_t **)arg = at;
	return 7;
}

/* Reading a hole in place would fill it. */
UNIT_TEST(holes_are_read_and_written)
{
	struct famfs_ctx *ctx = image_ctx();
	uint8_t *buf = malloc(PART), *place = NULL;
	struct dev *dev;

	REQUIRE(buf);
	make_file(SIZE);
	dev = open_direct(ctx, DEV_WRITE);
	REQUIRE(dev);
	CHECK_EQ(dev_data_in_place(dev, PART, PART, true, note_place, &place, NULL), -EOPNOTSUPP);
	CHECK(!place);
	memset(buf, 1, PART);
	CHECK_EQ(dev_data_read(dev, PART, buf, PART, NULL), 0);
	CHECK(buf[0] == 0 && buf[PART - 1] == 0);
	CHECK_EQ(lseek(dev->fd, 0, SEEK_DATA), -1);
	memset(buf, 2, PART);
	CHECK_EQ(dev_data_write(dev, PART, buf, PART, NULL), 0);
	CHECK_EQ(dev_data_in_place(dev, PART, PART, true, note_place, &place, NULL), 7);
	CHECK(place == dev->map + PART && place[0] == 2 && place[PART - 1] == 2);
	/* A range that is a hole in part is one. */
	CHECK_EQ(dev_data_in_place(dev, PART, 2 * PART, true, note_place, &place, NULL),
		 -EOPNOTSUPP);
	memset(buf, 3, PART);
	CHECK_EQ(dev_data_write(dev, PART, buf, PART, NULL), 0);
	CHECK(place[0] == 3 && place[PART - 1] == 3);
	CHECK_EQ(dev_data_fence(dev, NULL), 0);
	dev_close(dev);
	free(buf);
	famfs_ctx_free(ctx);
}

/* What is known to be filled is asked for no more, until a hole is made in it. */
UNIT_TEST(a_hole_that_is_made_is_noticed)
{
	struct famfs_ctx *ctx = image_ctx();
	uint8_t *buf = calloc(1, 4 * FAMFS_AU), *place = NULL;
	struct dev *dev;

	REQUIRE(buf);
	make_file(8 * FAMFS_AU);
	dev = open_direct(ctx, DEV_WRITE);
	REQUIRE(dev);
	CHECK_EQ(dev_data_write(dev, FAMFS_AU, buf, 4 * FAMFS_AU, NULL), 0);
	CHECK_EQ(dev_data_in_place(dev, FAMFS_AU, FAMFS_AU, true, note_place, &place, NULL), 7);
	CHECK(dev->filled != 0);
	CHECK_EQ(dev_data_in_place(dev, 2 * FAMFS_AU, FAMFS_AU, true, note_place, &place, NULL), 7);
	/* Neither before it nor behind it. */
	CHECK_EQ(dev_data_in_place(dev, 0, FAMFS_AU, true, note_place, &place, NULL), -EOPNOTSUPP);
	CHECK_EQ(dev_data_in_place(dev, 4 * FAMFS_AU, 2 * FAMFS_AU, true, note_place, &place, NULL),
		 -EOPNOTSUPP);
	dev_release(dev, 2 * FAMFS_AU, FAMFS_AU);
	CHECK_EQ(dev_data_in_place(dev, 2 * FAMFS_AU, FAMFS_AU, true, note_place, &place, NULL),
		 -EOPNOTSUPP);
	dev_close(dev);
	free(buf);
	famfs_ctx_free(ctx);
}

UNIT_TEST(reading_only)
{
	struct famfs_ctx *ctx = image_ctx();
	uint8_t byte = 1, *place = NULL;
	struct dev *dev;

	make_file(SIZE);
	dev = open_direct(ctx, 0);
	REQUIRE(dev);
	CHECK_EQ(dev_data_in_place(dev, 0, 1, true, note_place, &place, NULL), -EROFS);
	CHECK_EQ(dev_data_write(dev, 0, &byte, 1, NULL), -EROFS);
	CHECK_EQ(dev_data_in_place(dev, SIZE, 1, false, note_place, &place, NULL), -ERANGE);
	dev_close(dev);
	famfs_ctx_free(ctx);
}

/* Cut between the look and the access: the words name the place. */
static int cut_and_store(void *arg, uint8_t *at)
{
	CHECK_EQ(ftruncate(*(int *)arg, PART + 8192), 0);
	*(volatile uint8_t *)(at + 8192) = 1;
	return 0;
}

UNIT_TEST(a_cut_image)
{
	struct famfs_ctx *ctx = image_ctx();
	uint8_t *buf = calloc(1, PART);
	struct famfs_err err;
	struct dev *dev;

	FAULTS_REQUIRE_ADDRESSES();
	REQUIRE(buf);
	make_file(SIZE);
	dev = open_direct(ctx, DEV_WRITE);
	REQUIRE(dev);
	CHECK_EQ(dev_data_write(dev, PART, buf, PART, &err), 0);
	CHECK_EQ(dev_data_in_place(dev, PART, PART, true, cut_and_store, &dev->fd, &err), -EIO);
	CHECK_HAS(err.message, "shrank");
	CHECK_EQ(err.off, PART + 8192);
	CHECK_EQ(dev_data_write(dev, PART, buf, PART, &err), -EIO);
	CHECK_HAS(err.message, "shrank");
	CHECK_EQ(dev_data_read(dev, PART, buf, PART, &err), -EIO);
	CHECK_HAS(err.message, "shrank");
	dev_close(dev);
	free(buf);
	famfs_ctx_free(ctx);
}

/* A part of a file, looked at in an image of small pages. */
struct look {
	int fd;
	uint64_t cut; /* to this size, before it is looked at; 0: not */
	const uint8_t *want;
	uint8_t *at;
};

static int look(void *arg, uint8_t *at)
{
	struct look *l = arg;

	l->at = at;
	if (l->cut)
		CHECK_EQ(ftruncate(l->fd, (off_t)l->cut), 0);
	return memcmp(at, l->want, PART) ? 8 : 9;
}

UNIT_TEST(mapped_for_a_look)
{
	struct famfs_ctx *ctx = image_ctx();
	uint8_t *buf = malloc(2 * PART);
	struct look l = { .want = buf };
	struct dev *dev = NULL;
	unsigned char resident;

	REQUIRE(buf);
	make_file(SIZE);
	CHECK_EQ(dev_open(ctx, "a.img@4096", DEV_WRITE, &dev, NULL), 0);
	REQUIRE(dev);
	for (size_t i = 0; i < 2 * PART; i++)
		buf[i] = (uint8_t)(i * 7 + i / 251);
	CHECK_EQ(dev_data_look(dev, 5, PART, look, &l, NULL), -EOPNOTSUPP);
	CHECK_EQ(dev_data_write(dev, 5, buf, 2 * PART, NULL), 0);
	CHECK_EQ(dev_data_look(dev, 5, PART, look, &l, NULL), 9);
	/* It was mapped no longer than that. */
	CHECK_EQ(mincore((void *)(l.at - (uintptr_t)l.at % 4096), 4096, &resident), -1);
	CHECK_EQ(dev_data_look(dev, 6, PART, look, &l, NULL), 8);
	l.want = buf + 1;
	CHECK_EQ(dev_data_look(dev, 6, PART, look, &l, NULL), 9);
	/* What is read sooner, what is not there, and what is a hole behind that. */
	CHECK_EQ(dev_data_look(dev, 5, 4096, look, &l, NULL), -EOPNOTSUPP);
	CHECK_EQ(dev_data_look(dev, SIZE - PART, PART, look, &l, NULL), -ERANGE);
	CHECK_EQ(dev_data_look(dev, PART + 8192, PART, look, &l, NULL), -EOPNOTSUPP);
	dev_close(dev);
	free(buf);
	famfs_ctx_free(ctx);
}

UNIT_TEST(cut_under_a_look)
{
	struct famfs_ctx *ctx = image_ctx();
	uint8_t *buf = calloc(1, 2 * PART);
	struct famfs_err err;
	struct dev *dev = NULL;
	struct look l = { .want = buf, .cut = PART + 8192 };

	FAULTS_REQUIRE_ADDRESSES();
	REQUIRE(buf);
	make_file(2 * PART);
	CHECK_EQ(dev_open(ctx, "a.img", DEV_WRITE, &dev, NULL), 0);
	REQUIRE(dev);
	CHECK_EQ(dev_data_write(dev, 0, buf, 2 * PART, NULL), 0);
	l.fd = dev->fd;
	CHECK_EQ(dev_data_look(dev, PART, PART, look, &l, &err), -EIO);
	CHECK_HAS(err.message, "shrank to 1056768 bytes");
	CHECK(err.off >= PART + 8192 && err.off < 2 * PART);
	dev_close(dev);
	free(buf);
	famfs_ctx_free(ctx);
}

/* What shall be stored may vanish, too. */
UNIT_TEST(a_cut_source)
{
	struct famfs_ctx *ctx = image_ctx();
	int fd = open("source", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	uint8_t *buf = calloc(1, PART);
	struct famfs_err err;
	struct dev *dev;
	void *map;

	FAULTS_REQUIRE_ADDRESSES();
	make_file(SIZE);
	dev = open_direct(ctx, DEV_WRITE);
	REQUIRE(dev && buf && fd >= 0 && ftruncate(fd, PART) == 0);
	map = mmap(NULL, PART, PROT_READ, MAP_SHARED, fd, 0);
	REQUIRE(map != MAP_FAILED && ftruncate(fd, 4096) == 0);
	CHECK_EQ(dev_data_write(dev, PART, map, PART, &err), -EFAULT);
	CHECK_EQ(dev_data_write(dev, PART, buf, PART, &err), 0);
	CHECK_EQ(dev_data_write(dev, PART, map, PART, &err), -EFAULT);
	munmap(map, PART);
	close(fd);
	dev_close(dev);
	free(buf);
	famfs_ctx_free(ctx);
}

UNIT_MAIN

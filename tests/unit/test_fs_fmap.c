/* SPDX-License-Identifier: Apache-2.0 */
/* What a FUSE server answers with: one call for each request. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit.h"
#include "scratch.h"
#include "image.h"

#define IMG "fmap.img"

struct setup {
	struct famfs_ctx *ctx;
	struct famfs *fs;
};

/* /a: 4 MiB; /bad: on the log; /other: of device 1 */
static struct setup begin(void)
{
	struct setup s = { .ctx = image_ctx() };
	struct famfs_entry entry;

	image_make(s.ctx, IMG, 64 * MIB, IMAGE_LOG_LEN);
	entry = image_file("a", 16 * MIB, 4 * MIB);
	image_put(IMG, 0, &entry);
	entry = image_file("bad", 2 * MIB, 2 * MIB);
	image_put(IMG, 1, &entry);
	entry = image_file("other", 32 * MIB, 2 * MIB);
	entry.extents[0].dev_index = 1;
	image_put(IMG, 2, &entry);
	image_counters(IMG, 3, 3);
	s.fs = image_open(s.ctx, IMG, 0);
	return s;
}

static void end(struct setup *s)
{
	famfs_close(s->fs);
	famfs_ctx_free(s->ctx);
}

static int answer(struct setup *s, const char *path, struct famfs_reply *reply,
		  struct famfs_err *err)
{
	struct famfs_entry entry = { .size = 0 };

	CHECK_EQ(famfs_lookup_meta(s->fs, path, &entry, NULL), 0);
	return famfs_get_fmap(s->fs, &entry, famfs_wire_find("v1"), reply, err);
}

UNIT_TEST(get_fmap_answers_with_what_is_safe)
{
	struct setup s = begin();
	uint8_t buf[FAMFS_FMAP_V1_MAX];
	struct famfs_reply reply = { .buf = buf, .cap = sizeof(buf) };
	struct famfs_err err = { 0 };

	REQUIRE(s.fs);
	CHECK_EQ(answer(&s, "/a", &reply, &err), 0);
	CHECK_EQ(reply.len, 56);
	CHECK_EQ(buf[0], 0);
	CHECK_EQ(answer(&s, "/.meta/.superblock", &reply, &err), 0);
	CHECK_EQ(buf[0], 1);
	CHECK_EQ(answer(&s, "/.meta/.log", &reply, &err), 0);
	CHECK_EQ(buf[0], 2);
	reply.cap = 55;
	CHECK_EQ(answer(&s, "/a", &reply, &err), -ENOSPC);
	CHECK_EQ(reply.len, 56);
	reply.cap = sizeof(buf);
	CHECK_EQ(answer(&s, "/bad", &reply, &err), -EUCLEAN);
	CHECK_HAS(err.message, "U3");
	CHECK_STR(err.object, IMG ":/bad");
	CHECK_EQ(answer(&s, "/other", &reply, &err), -EUCLEAN);
	CHECK_HAS(err.message, "K6");
	CHECK_EQ(answer(&s, "/", &reply, &err), -EINVAL);
	end(&s);
}

/*
 * The memory of the whole program comes from here, so that it is seen who takes some; the
 * sanitizers have their own.
 */
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define COUNTS_TAKING 1
#else
#define COUNTS_TAKING 0
#endif

static unsigned int taken;

#if COUNTS_TAKING
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t nr, size_t size);
void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
	taken++;
	return __libc_malloc(size);
}

void *calloc(size_t nr, size_t size)
{
	taken++;
	return __libc_calloc(nr, size);
}

void *realloc(void *old, size_t size)
{
	taken++;
	return __libc_realloc(old, size);
}
#endif

UNIT_TEST(no_answer_takes_memory)
{
	static const char *const wires[] = { "v1", "v2" };
	struct setup s = begin();
	uint8_t buf[FAMFS_FMAP_V1_MAX];
	struct famfs_reply reply = { .buf = buf, .cap = sizeof(buf) };
	struct famfs_entry entry;
	unsigned int before = taken;
	void *volatile some = malloc(1);

	CHECK_EQ(taken - before, COUNTS_TAKING);
	free(some);
	REQUIRE(s.fs);
	CHECK_EQ(famfs_lookup_meta(s.fs, "/a", &entry, NULL), 0);
	before = taken;
	for (size_t i = 0; i < UNIT_NR(wires); i++)
		CHECK_EQ(famfs_get_fmap(s.fs, &entry, famfs_wire_find(wires[i]), &reply, NULL), 0);
	CHECK_EQ(famfs_get_daxdev(s.fs, 0, &reply, NULL), 0);
	CHECK_EQ(taken - before, 0);
	end(&s);
}

UNIT_TEST(implied_files)
{
	struct setup s = begin();
	struct famfs_entry entry, other;

	REQUIRE(s.fs);
	CHECK_EQ(famfs_lookup_meta(s.fs, "//.meta/./.log/", &entry, NULL), 0);
	CHECK_EQ(entry.type, FAMFS_ENTRY_FILE);
	CHECK_EQ(entry.file_type, FAMFS_FILE_LOG);
	CHECK_EQ(entry.index, FAMFS_NONE);
	CHECK_STR(entry.path, ".meta/.log");
	CHECK_EQ(entry.size, IMAGE_LOG_LEN);
	CHECK_EQ(entry.mode, 0644);
	CHECK_EQ(famfs_lookup_meta(s.fs, ".meta/.superblock", &entry, NULL), 0);
	CHECK_EQ(entry.file_type, FAMFS_FILE_SUPER);
	CHECK_EQ(entry.size, FAMFS_LOG_OFF);
	CHECK_EQ(entry.mode, 0444);
	CHECK_EQ(famfs_lookup_meta(s.fs, "a", &entry, NULL), 0);
	CHECK_EQ(famfs_lookup(s.fs, "a", &other, NULL), 0);
	CHECK_MEM(&entry, &other, sizeof(entry));
	CHECK_EQ(famfs_lookup_meta(s.fs, ".meta/other", &entry, NULL), -ENOENT);
	CHECK_EQ(famfs_lookup_meta(s.fs, "../.meta/.log", &entry, NULL), -EINVAL);
	CHECK_EQ(famfs_lookup(s.fs, ".meta/.log", &entry, NULL), -ENOENT);
	end(&s);
}

static int fill_nothing(void *data, struct famfs_fill *fill, struct famfs_err *err)
{
	(void)fill, (void)err;
	*(bool *)data = true;
	return 0;
}

/* Their maps are safe for their own type; that must not make them files to write. */
UNIT_TEST(implied_files_are_not_overwritten)
{
	struct setup s = begin();
	bool called = false;
	struct famfs_data_opts opts = { .data = &called };
	struct famfs_entry entry = { .size = 0 };
	struct famfs_err err = { 0 };
	uint64_t before = image_sum(IMG);
	struct famfs *fs = image_open(s.ctx, IMG, FAMFS_OPEN_WRITE);

	REQUIRE(fs);
	CHECK_EQ(famfs_lookup_meta(fs, ".meta/.log", &entry, NULL), 0);
	CHECK_EQ(famfs_overwrite(fs, &entry, fill_nothing, &opts, &err), -EPERM);
	CHECK_HAS(err.message, "metadata");
	CHECK(!called);
	CHECK_EQ(image_sum(IMG), before);
	famfs_close(fs);
	end(&s);
}

UNIT_TEST(get_daxdev)
{
	struct setup s = begin();
	uint8_t buf[FAMFS_DAXDEV_LEN + 1], want[FAMFS_DAXDEV_LEN] = { 0 };
	struct famfs_reply reply = { .buf = buf, .cap = FAMFS_DAXDEV_LEN };
	struct famfs_err err = { 0 };

	REQUIRE(s.fs);
	memset(buf, 0xee, sizeof(buf));
	memcpy(want + 24, IMG, sizeof(IMG));
	CHECK_EQ(famfs_get_daxdev(s.fs, 0, &reply, &err), 0);
	CHECK_EQ(reply.len, 280);
	CHECK_MEM(buf, want, sizeof(want));
	CHECK_EQ(buf[FAMFS_DAXDEV_LEN], 0xee);
	reply.cap = 279;
	CHECK_EQ(famfs_get_daxdev(s.fs, 0, &reply, &err), -ENOSPC);
	CHECK_EQ(reply.len, 280);
	reply.cap = FAMFS_DAXDEV_LEN;
	CHECK_EQ(famfs_get_daxdev(s.fs, 1, &reply, &err), -ENODEV);
	CHECK_HAS(err.message, "index 1");
	CHECK_EQ(famfs_get_daxdev(s.fs, UINT64_MAX, &reply, &err), -ENODEV);
	end(&s);
}

/* The kernel has room for 255 bytes and a NUL. */
UNIT_TEST(daxdev_names_that_just_fit)
{
	struct setup s = begin();
	uint8_t buf[FAMFS_DAXDEV_LEN];
	struct famfs_reply reply = { .buf = buf, .cap = sizeof(buf) };
	char name[300] = "";

	for (size_t len = 255; len <= 256; len++) {
		struct famfs *fs;

		memset(name, '/', len);
		memcpy(name, "./", 2);
		memcpy(name + len - strlen(IMG), IMG, sizeof(IMG));
		fs = image_open(s.ctx, name, 0);
		REQUIRE(fs);
		CHECK_EQ(famfs_get_daxdev(fs, 0, &reply, NULL), len < 256 ? 0 : -ENAMETOOLONG);
		famfs_close(fs);
	}
	CHECK_EQ(strlen((char *)buf + 24), 255);
	end(&s);
}

UNIT_MAIN

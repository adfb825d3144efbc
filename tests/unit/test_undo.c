/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "scratch.h"
#include "image.h"

#include "dev.h"
#include "pack.h"
#include "undo.h"

/* A file system with two files, open for writing. */
static struct dev *open_image(struct famfs_ctx *ctx)
{
	struct famfs_entry a = image_file("a", IMAGE_DATA, AU), b = image_dir("b");
	struct dev *dev = NULL;

	image_make(ctx, "dev.img", 16 * MIB, IMAGE_LOG_LEN);
	image_put("dev.img", 0, &a);
	image_put("dev.img", 1, &b);
	image_counters("dev.img", 2, 2);
	CHECK_EQ(dev_open(ctx, "dev.img", DEV_WRITE, &dev, NULL), 0);
	return dev;
}

/* Plays an undo file back by the format alone, and returns how many ranges it has, or -errno. */
static int64_t play_back(const char *undo, const char *image)
{
	static const uint8_t zeros[PACK_CHUNK];
	struct pack_range range;
	struct pack_reader r;
	int fd = open(undo, O_RDONLY | O_CLOEXEC);
	int rc = pack_open(&r, fd, 0, undo, NULL);

	while (!rc && (rc = pack_next(&r, &range, NULL)) > 0) {
		const uint8_t *bytes = range.bytes ? range.bytes : zeros;

		if (!CHECK(range.section.len <= PACK_CHUNK))
			break;
		image_write(image, range.section.off, bytes, range.section.len);
		rc = 0;
	}
	pack_reader_fini(&r);
	close(fd);
	return rc ? rc : (int64_t)r.info.sections;
}

UNIT_TEST(what_was_saved_comes_back)
{
	struct famfs_ctx *ctx = image_ctx();
	struct dev *dev = open_image(ctx);
	uint64_t before = image_sum("dev.img");
	struct undo *undo = NULL;
	struct stat st;

	REQUIRE(undo_begin(dev, "the.undo", &undo, NULL) == 0);
	CHECK_STR(undo_path(undo), "the.undo");
	/* In any order, overlapping, touching, twice. */
	CHECK_EQ(undo_save(undo, image_slot(1), 544, NULL), 0);
	CHECK_EQ(undo_save(undo, image_slot(0), 545, NULL), 0);
	CHECK_EQ(undo_save(undo, FAMFS_LOG_OFF + 32, 16, NULL), 0);
	CHECK_EQ(undo_save(undo, IMAGE_DATA - 100, 100, NULL), 0);
	CHECK_EQ(undo_save(undo, FAMFS_LOG_OFF + 32, 16, NULL), 0);
	CHECK_EQ(undo_commit(undo, NULL), 0);
	undo_close(undo);
	CHECK_EQ(stat("the.undo", &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0600);
	dev_close(dev);

	image_write("dev.img", 0, "killed!!", 8);
	image_counters("dev.img", 7, 7);
	image_write("dev.img", image_slot(0) + 1, "what does not belong", 20);
	image_write("dev.img", image_slot(1) + 100, "there", 5);
	image_write("dev.img", IMAGE_DATA - 50, "nor there", 9);
	CHECK(image_sum("dev.img") != before);
	CHECK(play_back("the.undo", "dev.img") > 3);
	CHECK_EQ(image_sum("dev.img"), before);
	CHECK_EQ(image_check(ctx, "dev.img", true), 0);
	famfs_ctx_free(ctx);
}

UNIT_TEST(the_header_says_whose_it_is)
{
	struct famfs_ctx *ctx = image_ctx();
	struct dev *dev = open_image(ctx);
	struct famfs_image_info info;
	struct pack_reader r;
	struct undo *undo = NULL;
	uint8_t uuid[16];
	char full[PATH_MAX + 16];
	int fd;

	image_read("dev.img", 48, uuid, sizeof(uuid));
	REQUIRE(undo_begin(dev, "whose.undo", &undo, NULL) == 0);
	CHECK_EQ(undo_commit(undo, NULL), 0);
	undo_close(undo);
	fd = open("whose.undo", O_RDONLY | O_CLOEXEC);
	REQUIRE(pack_open(&r, fd, 0, "whose.undo", NULL) == 0);
	CHECK_EQ(pack_each(&r, NULL, NULL, &info, NULL), 0);
	pack_reader_fini(&r);
	close(fd);
	CHECK_EQ(info.kind, FAMFS_IMAGE_UNDO);
	CHECK(info.has_super);
	CHECK_MEM(info.uuid, uuid, 16);
	CHECK_EQ(info.dev_size, 16 * MIB);
	(void)snprintf(full, sizeof(full), "%s/dev.img", scratch_dir);
	CHECK_STR(info.device, full);
	/* The superblock is in it though nobody asked. */
	CHECK_EQ(info.end, 4096);
	dev_close(dev);
	famfs_ctx_free(ctx);
}

UNIT_TEST(no_file_is_replaced_and_none_is_left_behind)
{
	struct famfs_ctx *ctx = image_ctx();
	struct dev *dev = open_image(ctx);
	struct famfs_err err = { 0 };
	struct undo *undo = NULL;

	scratch_file("there.undo", "precious");
	CHECK_EQ(undo_begin(dev, "there.undo", &undo, &err), -EEXIST);
	CHECK_HAS(err.hint, "--undo");
	CHECK_EQ(access("there.undo", F_OK), 0);
	CHECK_EQ(undo_begin(dev, "no/such/dir.undo", &undo, &err), -ENOENT);
	REQUIRE(undo_begin(dev, "gone.undo", &undo, NULL) == 0);
	CHECK_EQ(undo_save(undo, 16 * MIB, 1, &err), -ERANGE);
	CHECK_EQ(undo_save(undo, UINT64_MAX, 2, &err), -ERANGE);
	undo_close(undo);
	CHECK(access("gone.undo", F_OK) < 0);
	REQUIRE(undo_begin(dev, "gone.undo", &undo, NULL) == 0);
	CHECK_EQ(undo_commit(undo, NULL), 0);
	undo_discard(undo);
	CHECK(access("gone.undo", F_OK) < 0);
	undo_close(NULL);
	undo_discard(NULL);
	dev_close(dev);
	famfs_ctx_free(ctx);
}

/* Who is cut off meanwhile leaves nothing, where there are files without names. */
UNIT_TEST(it_has_no_name_until_it_is_whole)
{
	struct famfs_ctx *ctx = image_ctx();
	struct dev *dev = open_image(ctx);
	struct undo *undo = NULL;
	struct famfs_err err = { 0 };
	int fd = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0 || access("/proc/self/fd", X_OK))
		SKIP("no files without names here");
	close(fd);
	REQUIRE(undo_begin(dev, "late.undo", &undo, NULL) == 0);
	CHECK(access("late.undo", F_OK) < 0);
	CHECK_EQ(undo_commit(undo, NULL), 0);
	undo_close(undo);
	CHECK(play_back("late.undo", "dev.img") > 0);
	/* Somebody else takes the name meanwhile: that file stays, and nothing is stored. */
	REQUIRE(undo_begin(dev, "taken.undo", &undo, NULL) == 0);
	scratch_file("taken.undo", "precious");
	CHECK_EQ(undo_commit(undo, &err), -EEXIST);
	CHECK_HAS(err.hint, "--undo");
	undo_close(undo);
	CHECK_EQ(access("taken.undo", F_OK), 0);
	dev_close(dev);
	famfs_ctx_free(ctx);
}

UNIT_TEST(the_default_place_is_beside_the_image)
{
	struct famfs_ctx *ctx = image_ctx();
	struct dev *dev = open_image(ctx);
	struct undo *first = NULL, *second = NULL;

	REQUIRE(undo_begin(dev, NULL, &first, NULL) == 0);
	REQUIRE(undo_begin(dev, NULL, &second, NULL) == 0);
	CHECK_EQ(undo_commit(first, NULL), 0);
	CHECK_EQ(undo_commit(second, NULL), 0);
	CHECK(strncmp(undo_path(first), "dev.img.2", 9) == 0);
	CHECK_HAS(undo_path(first), "Z.undo");
	CHECK(strcmp(undo_path(first), undo_path(second)) != 0);
	CHECK_EQ(access(undo_path(first), F_OK), 0);
	CHECK_EQ(access(undo_path(second), F_OK), 0);
	undo_close(first);
	undo_close(second);
	dev_close(dev);
	famfs_ctx_free(ctx);
}

UNIT_TEST(where_that_cannot_be_it_is_the_state_directory)
{
	struct famfs_ctx *ctx = image_ctx();
	struct dev *dev = open_image(ctx);
	struct undo *undo = NULL;
	char state[PATH_MAX + 32];

	CHECK_EQ(famfs_ctx_set_root(ctx, NULL), 0);
	(void)snprintf(state, sizeof(state), "%s/state", scratch_dir);
	CHECK_EQ(setenv("XDG_STATE_HOME", state, 1), 0);
	/* As for a device, which has no directory of its own. */
	dev->kind = FAMFS_DEV_DAX;
	CHECK_EQ(undo_begin(dev, NULL, &undo, NULL), 0);
	dev->kind = FAMFS_DEV_IMAGE;
	REQUIRE(undo);
	(void)strncat(state, "/famfs/dev.img.2", sizeof(state) - strlen(state) - 1);
	CHECK(strncmp(undo_path(undo), state, strlen(state)) == 0);
	CHECK_EQ(undo_commit(undo, NULL), 0);
	undo_discard(undo);
	dev_close(dev);
	famfs_ctx_free(ctx);
}

UNIT_TEST(a_cancelled_command_leaves_no_undo_file)
{
	struct famfs_ctx *ctx = image_ctx();
	struct dev *dev = open_image(ctx);
	struct undo *undo = NULL;

	REQUIRE(undo_begin(dev, "cancelled.undo", &undo, NULL) == 0);
	famfs_cancel(ctx);
	CHECK_EQ(undo_commit(undo, NULL), -ECANCELED);
	undo_close(undo);
	CHECK(access("cancelled.undo", F_OK) < 0);
	dev_close(dev);
	famfs_ctx_free(ctx);
}

UNIT_MAIN

/* SPDX-License-Identifier: Apache-2.0 */
/* Making a file system in memory that does not keep what is stored to it. */
#include "dev.h"
#include "unit.h"
#include "scratch.h"
#include "image.h"

#define SIZE  (16 * MIB)
#define OTHER "other.img"

int __real_dev_store(struct dev *dev, uint64_t off, const void *buf, size_t len,
		     struct famfs_err *err);
int __wrap_dev_store(struct dev *dev, uint64_t off, const void *buf, size_t len,
		     struct famfs_err *err);

/* Called behind each store. */
static void (*after_store)(struct dev *dev, uint64_t off, size_t len);
static uint64_t bad_byte;

int __wrap_dev_store(struct dev *dev, uint64_t off, const void *buf, size_t len,
		     struct famfs_err *err)
{
	int rc = __real_dev_store(dev, off, buf, len, err);

	if (!rc && after_store)
		after_store(dev, off, len);
	return rc;
}

/* One bit of one byte comes out wrong. */
static void flip(struct dev *dev, uint64_t off, size_t len)
{
	if (bad_byte >= off && bad_byte - off < len)
		dev->map[bad_byte] ^= 4;
}

static int make(struct famfs_ctx *ctx, const char *name, unsigned int flags, struct famfs_err *err)
{
	const struct famfs_mkfs_opts opts = { .size = SIZE,
					      .log_len = IMAGE_LOG_LEN,
					      .flags = flags };

	return famfs_mkfs(ctx, name, &opts, NULL, err);
}

static bool is_there(struct famfs_ctx *ctx, const char *name)
{
	struct famfs *fs = NULL;
	struct famfs_err err = { 0 };
	int rc = famfs_open(ctx, name, 0, &fs, &err);

	famfs_close(fs);
	if (rc)
		CHECK_HAS(err.message, "no famfs superblock");
	return rc == 0;
}

static const struct place {
	const char *name;
	uint64_t off;
} places[] = {
	{ "magic", 0 },
	{ "version", 8 },
	{ "log offset", 16 },
	{ "log length", 24 },
	{ "high byte of the log length", 31 },
	{ "allocation unit", 33 },
	{ "version of the format", 40 },
	{ "UUID", 48 },
	{ "UUID of the device", 79 },
	{ "system UUID", 80 },
	{ "checksum", 96 },
	{ "device size", 112 },
	{ "device path", 137 },
	{ "log magic", FAMFS_LOG_OFF },
	{ "log's own length", FAMFS_LOG_OFF + 10 },
	{ "last index", FAMFS_LOG_OFF + 16 },
	{ "log's checksum", FAMFS_LOG_OFF + 24 },
	{ "next sequence number", FAMFS_LOG_OFF + 32 },
	{ "next index", FAMFS_LOG_OFF + 40 },
};

/* Over nothing, and over a file system, which is lost then. */
UNIT_TEST(a_bit_that_flips)
{
	struct famfs_ctx *ctx = image_ctx();

	for (size_t i = 0; i < 2 * UNIT_NR(places); i++) {
		const struct place *place = &places[i / 2];
		unsigned int flags = i % 2 ? FAMFS_MKFS_FORCE : 0U;
		struct famfs_err err = { 0 };

		UNIT_ROW("%s%s", place->name, i % 2 ? ", forced" : "");
		scratch_image("a.img", SIZE);
		if (i % 2)
			image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
		bad_byte = place->off;
		after_store = flip;
		CHECK_EQ(make(ctx, "a.img", flags, &err), -EIO);
		after_store = NULL;
		CHECK_HAS(err.object, "a.img");
		CHECK_HAS(err.message, "what was written does not read back");
		CHECK(!is_there(ctx, "a.img"));
		/* Nothing has to be forced any more. */
		CHECK_EQ(make(ctx, "a.img", 0, NULL), 0);
		CHECK_EQ(image_check(ctx, "a.img", true), 0);
	}
	famfs_ctx_free(ctx);
}

UNIT_TEST(an_image_that_was_made_for_it_goes)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_err err = { 0 };

	bad_byte = 48;
	after_store = flip;
	CHECK_EQ(make(ctx, "new.img", 0, &err), -EIO);
	after_store = NULL;
	CHECK(access("new.img", F_OK) < 0);
	famfs_ctx_free(ctx);
}

/* Another host is as fast: its superblock is there as soon as this one's magic number is. */
static void replace(struct dev *dev, uint64_t off, size_t len)
{
	const uint8_t magic[] = { 0xff, 0x82, 0xb2, 0x87 };

	if (off == 0 && len == 8 && !memcmp(dev->map, magic, sizeof(magic)))
		image_read(OTHER, 0, dev->map, 4096);
}

UNIT_TEST(what_another_host_made_stays)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_err err = { 0 };
	uint8_t want[4096], got[4096];

	image_make(ctx, OTHER, SIZE, IMAGE_LOG_LEN);
	image_read(OTHER, 0, want, sizeof(want));
	scratch_image("a.img", SIZE);
	after_store = replace;
	CHECK_EQ(make(ctx, "a.img", 0, &err), -EIO);
	after_store = NULL;
	CHECK_HAS(err.message, "another host writes to it");
	CHECK(is_there(ctx, "a.img"));
	image_read("a.img", 0, got, sizeof(got));
	CHECK_MEM(got, want, sizeof(want));
	famfs_ctx_free(ctx);
}

UNIT_MAIN

/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing is placed where the host knows media errors. */
#include "unit.h"
#include "scratch.h"
#include "image.h"
#include "create.h"
#include "bad_memory.h"

#define SIZE (64 * MIB)

static struct famfs *open_as_dax(struct famfs_ctx *ctx)
{
	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	return bad_open(ctx, "a.img");
}

static struct famfs_create_req no_zero(const char *path, uint64_t size)
{
	struct famfs_create_req req = create_req(path, size);

	req.flags |= FAMFS_CREATE_NO_ZERO;
	return req;
}

/* Does any extent touch the bytes? */
static bool touches(const struct famfs_entry *entry, uint64_t off, uint64_t len)
{
	for (uint32_t i = 0; i < entry->extents_nr; i++) {
		if (entry->extents[i].off < off + len &&
		    off < entry->extents[i].off + entry->extents[i].len)
			return true;
	}
	return false;
}

/* One sector spoils its allocation unit: the file goes behind it. */
UNIT_TEST(creat_and_plan_pass_by)
{
	const uint64_t bad = IMAGE_DATA + AU + 512;
	struct famfs_create_req reqs[] = { no_zero("a", 3 * AU), no_zero("b", AU) };
	struct create_seen *seen = create_new_seen();
	struct famfs_create_ops ops = create_ops(seen);
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_plan plan;
	struct famfs *fs;

	bad_set(bad_sectors(bad, 512));
	fs = open_as_dax(ctx);
	CHECK_EQ(famfs_plan(fs, &reqs[0], &plan, NULL), 0);
	CHECK_EQ(plan.entry.extents[0].off, IMAGE_DATA + 2 * AU);
	CHECK_EQ(famfs_create(fs, reqs, UNIT_NR(reqs), &ops, NULL), 0);
	REQUIRE(seen->nr == 2);
	CHECK_EQ(seen->entry[0].extents[0].off, IMAGE_DATA + 2 * AU);
	CHECK_EQ(seen->entry[1].extents[0].off, IMAGE_DATA);
	bad_close(fs);
	CHECK_EQ(image_check(ctx, "a.img", true), 0);
	free(seen);
	famfs_ctx_free(ctx);
}

/* What becomes known while the file system is open counts from the next call on. */
UNIT_TEST(errors_that_come_later)
{
	struct famfs_create_req req = no_zero("a", 2 * AU);
	struct create_seen *seen = create_new_seen();
	struct famfs_create_ops ops = create_ops(seen);
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs;

	bad_set("");
	fs = open_as_dax(ctx);
	CHECK_EQ(famfs_create(fs, &req, 1, &ops, NULL), 0);
	bad_set(bad_sectors(IMAGE_DATA + 2 * AU, AU));
	req.path = "b";
	seen->nr = 0;
	CHECK_EQ(famfs_create(fs, &req, 1, &ops, NULL), 0);
	CHECK_EQ(seen->entry[0].extents[0].off, IMAGE_DATA + 3 * AU);
	bad_close(fs);
	free(seen);
	famfs_ctx_free(ctx);
}

/* Pieces, and strips in their buckets, lie beside what is bad as well. */
UNIT_TEST(every_shape)
{
	static const uint64_t bad[] = { IMAGE_DATA + 3 * AU, IMAGE_DATA + 8 * AU, 50 * MIB };
	struct famfs_create_req reqs[] = { no_zero("strips", 6 * AU), no_zero("pieces", 14 * AU) };
	struct create_seen *seen = create_new_seen();
	struct famfs_create_ops ops = create_ops(seen);
	struct famfs_ctx *ctx = image_ctx();
	char text[256] = "";
	struct famfs *fs;

	for (size_t i = 0; i < UNIT_NR(bad); i++)
		strcat(text, bad_sectors(bad[i], 4096));
	bad_set(text);
	fs = open_as_dax(ctx);
	reqs[0].nstrips = 3;
	reqs[0].nbuckets = 4;
	CHECK_EQ(famfs_create(fs, reqs, UNIT_NR(reqs), &ops, NULL), 0);
	REQUIRE(seen->nr == 2);
	CHECK_EQ(seen->entry[0].extents_nr, 3);
	CHECK(seen->entry[1].extents_nr > 1);
	for (size_t i = 0; i < UNIT_NR(bad); i++) {
		UNIT_ROW("%llu", (unsigned long long)bad[i]);
		CHECK(!touches(&seen->entry[0], bad[i], 4096));
		CHECK(!touches(&seen->entry[1], bad[i], 4096));
	}
	bad_close(fs);
	CHECK_EQ(image_check(ctx, "a.img", true), 0);
	free(seen);
	famfs_ctx_free(ctx);
}

/* What does not fit for want of good memory is told so, and nothing is made. */
UNIT_TEST(too_little_that_is_good)
{
	struct famfs_create_req req = no_zero("a", 20 * AU);
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_err err;
	struct famfs_plan plan;
	struct famfs *fs;

	bad_set(bad_sectors(IMAGE_DATA + 10 * AU, SIZE - IMAGE_DATA - 10 * AU));
	fs = open_as_dax(ctx);
	CHECK_EQ(famfs_create(fs, &req, 1, NULL, &err), -ENOSPC);
	CHECK_HAS(err.message, "20.0M free");
	CHECK_HAS(err.hint, "another 40.0M");
	CHECK_HAS(err.hint, "media errors");
	CHECK_EQ(famfs_plan(fs, &req, &plan, &err), -ENOSPC);
	CHECK_HAS(err.hint, "media errors");
	req.size = 10 * AU;
	CHECK_EQ(famfs_create(fs, &req, 1, NULL, &err), 0);
	bad_close(fs);
	famfs_ctx_free(ctx);
}

/* It is neither used nor free; what a file has is used. */
UNIT_TEST(space_that_is_left)
{
	struct famfs_create_req req = no_zero("a", 2 * AU);
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_info before, info;
	struct famfs *fs;

	bad_set("");
	fs = open_as_dax(ctx);
	CHECK_EQ(famfs_create(fs, &req, 1, NULL, NULL), 0);
	CHECK_EQ(famfs_info(fs, &before, NULL), 0);
	CHECK_EQ(before.bad, 0);
	bad_set(bad_sectors(IMAGE_DATA + AU + 512, 2 * AU));
	CHECK_EQ(famfs_info(fs, &info, NULL), 0);
	CHECK_EQ(info.bad, 2 * AU);
	CHECK_EQ(info.free, before.free - 2 * AU);
	CHECK_EQ(info.largest_free, before.largest_free - 2 * AU);
	CHECK_EQ(info.alloc_bytes, before.alloc_bytes);
	CHECK_EQ(info.alloc_bytes + info.free + info.bad, SIZE);
	bad_close(fs);
	famfs_ctx_free(ctx);
}

/* Errors outside of the device, of a region of others, or unreadable: all of the device is free. */
UNIT_TEST(what_does_not_concern_us)
{
	static const char *const texts[] = { "0 4096\n", "200000 100\n", "no number\n",
					     "18446744073709551615 18446744073709551615\n" };
	struct famfs_create_req req = no_zero("a", SIZE - IMAGE_DATA);
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_plan plan;
	struct famfs *fs = open_as_dax(ctx);

	for (size_t i = 0; i < UNIT_NR(texts); i++) {
		UNIT_ROW("%s", texts[i]);
		bad_set(texts[i]);
		CHECK_EQ(famfs_plan(fs, &req, &plan, NULL), 0);
	}
	bad_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_MAIN

/* SPDX-License-Identifier: Apache-2.0 */
/* How often who waits for news looks at the log. */
#include "fs.h"
#include "unit.h"
#include "scratch.h"
#include "image.h"

#define SIZE (32 * MIB)
#define NR   5

static void make(struct famfs_ctx *ctx)
{
	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	image_put_files("a.img", NR);
}

int __real_fs_refresh(struct famfs *fs, bool whole, struct famfs_err *err);
int __wrap_fs_refresh(struct famfs *fs, bool whole, struct famfs_err *err);

/* Looks at the log since a test began to count, those at all of it among them; what each takes. */
static unsigned int looks, whole_looks;
static useconds_t look_us;

int __wrap_fs_refresh(struct famfs *fs, bool whole, struct famfs_err *err)
{
	looks++;
	whole_looks += whole;
	if (look_us)
		usleep(look_us);
	return __real_fs_refresh(fs, whole, err);
}

static void count_looks(struct famfs_ctx *ctx, uint32_t timeout_ms, useconds_t takes_us)
{
	struct famfs *fs;

	make(ctx);
	fs = image_open(ctx, "a.img", 0);
	REQUIRE(fs);
	looks = whole_looks = 0;
	look_us = takes_us;
	CHECK_EQ(famfs_wait(fs, timeout_ms, NULL), 0);
	look_us = 0;
	famfs_close(fs);
}

/* Every 20 ms, and at all entries every second: fewer, where the machine is slow. */
UNIT_TEST(waiting_looks_now_and_then)
{
	struct famfs_ctx *ctx = image_ctx();

	count_looks(ctx, 1500, 0);
	CHECK_MSG(looks >= 1 && looks <= 77, "%u looks", looks);
	CHECK_MSG(whole_looks >= 1 && whole_looks <= 3, "%u looks at everything", whole_looks);
	famfs_ctx_free(ctx);
}

/* Then a tenth of the time, or for everything a two hundredth. */
UNIT_TEST(looks_that_take_long_are_rare)
{
	struct famfs_ctx *ctx = image_ctx();

	count_looks(ctx, 1500, 30000);
	CHECK_MSG(looks >= 1 && looks <= 6, "%u looks", looks);
	CHECK_MSG(whole_looks >= 1 && whole_looks <= 2, "%u looks at everything", whole_looks);
	famfs_ctx_free(ctx);
}

UNIT_MAIN

/* SPDX-License-Identifier: Apache-2.0 */
/* What else is on a device: without libblkid, with another one, and when it cannot be looked at. */
#include <errno.h>

#include "dev.h"
#include "probe.h"
#include "unit.h"
#include "scratch.h"
#include "image.h"
#include "loading.h"

#define SIZE    (8 * MIB)
#define BLINDLY "data that cannot be named without libblkid"
#define SWAP    "swap file system or volume"

/* What of a copy cannot be made. */
static enum { ALL_WORKS, NO_MEMFD, NO_LENGTH, NO_STORE } failing;

int __real_memfd_create(const char *name, unsigned int flags);
int __wrap_memfd_create(const char *name, unsigned int flags);
int __real_ftruncate64(int fd, off_t len);
int __wrap_ftruncate64(int fd, off_t len);
ssize_t __real_pwrite64(int fd, const void *buf, size_t len, off_t off);
ssize_t __wrap_pwrite64(int fd, const void *buf, size_t len, off_t off);

static bool fails(int what, int error)
{
	errno = error;
	return (int)failing == what;
}

int __wrap_memfd_create(const char *name, unsigned int flags)
{
	return fails(NO_MEMFD, EMFILE) ? -1 : __real_memfd_create(name, flags);
}

int __wrap_ftruncate64(int fd, off_t len)
{
	return fails(NO_LENGTH, EFBIG) ? -1 : __real_ftruncate64(fd, len);
}

ssize_t __wrap_pwrite64(int fd, const void *buf, size_t len, off_t off)
{
	return fails(NO_STORE, ENOSPC) ? -1 : __real_pwrite64(fd, buf, len, off);
}

static struct dev *open_image(struct famfs_ctx *ctx, uint64_t size)
{
	struct dev *dev = NULL;

	scratch_image("a.img", (off_t)size);
	CHECK_EQ(dev_open(ctx, "a.img", 0, &dev, NULL), 0);
	return dev;
}

/* A swap area, as mkswap makes it. */
static void make_swap(void)
{
	static const uint8_t header[] = { 1, 0, 0, 0, 0xff, 7, 0, 0 };

	image_write("a.img", 1024, header, sizeof(header));
	image_write("a.img", 4086, "SWAPSPACE2", 10);
}

static void sees(struct dev *dev, const char *want)
{
	struct famfs_err err = { 0 };
	char buf[128] = "what was there";

	CHECK_MSG(probe_foreign(dev, buf, sizeof(buf), &err) == 0, "%s", err.message);
	CHECK_STR(buf, want);
	CHECK_EQ(loading.open, 0);
}

static bool has_lib(struct dev *dev)
{
	char buf[128] = "";

	make_swap();
	return probe_foreign(dev, buf, sizeof(buf), NULL) == 0 && strcmp(buf, SWAP) == 0;
}

/* All but zeros is something, at either end: more must not be read of a large device. */
static void sees_blindly(struct famfs_ctx *ctx)
{
	static const struct {
		uint64_t size, at;
		bool seen;
	} rows[] = {
		{ SIZE, 0, true },
		{ SIZE, 4095, true },
		{ SIZE, MIB - 1, true },
		{ SIZE, MIB, false },
		{ SIZE, SIZE - MIB - 1, false },
		{ SIZE, SIZE - MIB, true },
		{ SIZE, SIZE - 1, true },
	};

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct dev *dev = open_image(ctx, rows[i].size);

		REQUIRE(dev);
		UNIT_ROW("byte %" PRIu64, rows[i].at);
		sees(dev, "");
		image_write("a.img", rows[i].at, "x", 1);
		sees(dev, rows[i].seen ? BLINDLY : "");
		dev_close(dev);
	}
}

UNIT_TEST(without_the_library)
{
	struct famfs_ctx *ctx = image_ctx();

	loading.missing = true;
	sees_blindly(ctx);
	loading.missing = false;
	famfs_ctx_free(ctx);
}

/* A version that lacks what is needed is given back, and does not count. */
UNIT_TEST(with_half_a_library)
{
	struct famfs_ctx *ctx = image_ctx();

	loading.symbol = "blkid_probe_lookup_value";
	sees_blindly(ctx);
	loading.symbol = NULL;
	famfs_ctx_free(ctx);
}

/* Behind the end of a file that has shrunk. */
UNIT_TEST(what_cannot_be_read)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_err err = { 0 };
	char buf[128];

	for (int blind = 0; blind < 2; blind++) {
		struct dev *dev = open_image(ctx, SIZE);

		REQUIRE(dev);
		loading.missing = blind;
		CHECK_EQ(truncate("a.img", SIZE - MIB), 0);
		CHECK_EQ(probe_foreign(dev, buf, sizeof(buf), &err), -EIO);
		CHECK_STR(err.object, "a.img");
		CHECK_STR(err.message, "cannot read");
		CHECK_EQ(err.off, SIZE - MIB);
		CHECK_EQ(loading.open, 0);
		dev_close(dev);
	}
	loading.missing = false;
	famfs_ctx_free(ctx);
}

UNIT_TEST(ends_that_cannot_be_copied)
{
	static const struct {
		int failing, rc;
		const char *message;
	} rows[] = {
		{ NO_MEMFD, -EMFILE,
		  "cannot be looked at: no file in memory can be made: Too many open files" },
		{ NO_LENGTH, -EFBIG, "cannot copy its ends: File too large" },
		{ NO_STORE, -EIO, "cannot copy its ends: No space left on device" },
	};
	struct famfs_ctx *ctx = image_ctx();
	struct dev *dev = open_image(ctx, SIZE);
	struct famfs_err err = { 0 };
	char buf[128];

	REQUIRE(dev);
	if (!has_lib(dev))
		SKIP("without libblkid nothing is copied");
	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		UNIT_ROW("%s", rows[i].message);
		failing = rows[i].failing;
		CHECK_EQ(probe_foreign(dev, buf, sizeof(buf), &err), rows[i].rc);
		failing = ALL_WORKS;
		CHECK_STR(err.object, "a.img");
		CHECK_STR(err.message, rows[i].message);
		CHECK_EQ(loading.open, 0);
	}
	sees(dev, SWAP);
	dev_close(dev);
	famfs_ctx_free(ctx);
}

static void *no_probe(void)
{
	return NULL;
}

static int several(void *probe)
{
	(void)probe;
	return -2;
}

static int nothing(void *probe)
{
	(void)probe;
	return 1;
}

/* What libblkid may answer. */
UNIT_TEST(answers)
{
	static const struct {
		const char *symbol;
		void *address;
		const char *want;
	} rows[] = {
		{ "blkid_do_safeprobe", several, "several file systems at once" },
		{ "blkid_do_safeprobe", nothing, "" },
		{ "blkid_new_probe", no_probe, "" },
	};
	struct famfs_ctx *ctx = image_ctx();
	struct dev *dev = open_image(ctx, SIZE);

	REQUIRE(dev);
	if (!has_lib(dev))
		SKIP("there is no libblkid");
	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		UNIT_ROW("%s: %s", rows[i].symbol, rows[i].want);
		loading.symbol = rows[i].symbol;
		loading.address = rows[i].address;
		sees(dev, rows[i].want);
	}
	loading.symbol = NULL;
	loading.address = NULL;
	sees(dev, SWAP);
	dev_close(dev);
	famfs_ctx_free(ctx);
}

UNIT_MAIN

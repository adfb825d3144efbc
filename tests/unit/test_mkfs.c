/* SPDX-License-Identifier: Apache-2.0 */
#include "dev.h"
#include "unit.h"
#include "scratch.h"
#include "image.h"
#include "create.h"
#include "dax_bus.h"

#define SIZE (16 * MIB)

static const uint8_t uuid_a[16] = { 0xc1, 0x5c, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
static const uint8_t uuid_b[16] = { 0xd1, 0x5c, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

static bool is_zero(const uint8_t *bytes, size_t len)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, len - 1);
}

/* Every byte, by offset from FORMAT.md 1. */
UNIT_TEST(bytes_of_a_new_file_system)
{
	const struct famfs_mkfs_opts opts = {
		.size = 64 * MIB, .uuid = uuid_a, .dev_uuid = uuid_b, .daxdev = "/dev/dax0.0"
	};
	static const uint8_t system[16] = { 0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x33, 0x33,
					    0x44, 0x44, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55 };
	static const uint64_t words[] = { 0x87b282ff, 48,       0x200000,
					  0x800000,   0x200000, 2 | 2ULL << 32 };
	static const uint64_t log[] = { 0xbadcafef00d, 0x800000, 15419, 2777108600, 0, 0 };
	static uint8_t raw[10 * MIB];
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_mkfs_result result;

	CHECK_EQ(famfs_mkfs(ctx, "a.img", &opts, &result, NULL), 0);
	image_read("a.img", 0, raw, sizeof(raw));
	for (size_t i = 0; i < UNIT_NR(words); i++)
		CHECK_EQ(image_get64("a.img", i * 8), words[i]);
	CHECK_MEM(raw + 48, uuid_a, 16);
	CHECK_MEM(raw + 64, uuid_b, 16);
	CHECK_MEM(raw + 80, system, 16);
	CHECK_EQ(image_get64("a.img", 96), csum_crc32(raw, 96));
	CHECK(is_zero(raw + 104, 8));
	CHECK_EQ(image_get64("a.img", 112), 64 * MIB);
	CHECK(is_zero(raw + 120, 16));
	CHECK_STR((const char *)raw + 136, "/dev/dax0.0");
	CHECK(is_zero(raw + 136 + 11, 0x200000 - 147));
	for (size_t i = 0; i < UNIT_NR(log); i++)
		CHECK_EQ(image_get64("a.img", 0x200000 + i * 8), log[i]);
	CHECK(is_zero(raw + 0x200030, 0x800000 - 48));
	CHECK_EQ(result.super.dev_size, 64 * MIB);
	CHECK_EQ(result.dev_size, 64 * MIB);
	CHECK_EQ(result.log_slots, 15420);
	CHECK(result.image_made);
	CHECK_STR(result.replaced, "");
	CHECK_MEM(result.super.uuid, uuid_a, 16);
	CHECK_EQ(image_check(ctx, "a.img", true), 0);
	famfs_ctx_free(ctx);
}

UNIT_TEST(uuids_are_random_and_paths_are_cut)
{
	char name[90] = "long-";
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_mkfs_opts opts = { .size = SIZE, .log_len = IMAGE_LOG_LEN };
	struct famfs_mkfs_result a, b;

	memset(name + 5, 'n', 80);
	CHECK_EQ(famfs_mkfs(ctx, name, &opts, &a, NULL), 0);
	opts.flags = FAMFS_MKFS_FORCE;
	CHECK_EQ(famfs_mkfs(ctx, name, &opts, &b, NULL), 0);
	CHECK(memcmp(a.super.uuid, b.super.uuid, 16));
	CHECK(memcmp(a.super.dev_uuid, b.super.dev_uuid, 16));
	CHECK(memcmp(a.super.dev_uuid, a.super.uuid, 16));
	CHECK_EQ(strlen(b.super.daxdev), 63);
	CHECK(!strncmp(b.super.daxdev, name, 63));
	CHECK(!b.image_made);
	CHECK_HAS(b.replaced, "famfs");
	CHECK_HAS(b.replaced, "of this host");
	famfs_ctx_free(ctx);
}

#define FORCE  FAMFS_MKFS_FORCE
#define LOG_2M (2 * MIB)

/* On "old.img" (16 MiB, a file system), "plain.img" (16 MiB of nothing), "empty.img", "new.img". */
static const struct row {
	const char *name, *device;
	struct famfs_mkfs_opts opts;
	int rc;
	const char *message, *hint;
} rows[] = {
	{ "log 3M", "plain.img", { .log_len = 3 * MIB }, -EINVAL, "power of two", "2.0M or 4.0M" },
	{ "log 1M", "plain.img", { .log_len = MIB }, -EINVAL, "power of two", "nearest: 2.0M" },
	{ "log 1", "plain.img", { .log_len = 1 }, -EINVAL, "power of two", "2.0M" },
	{ "log wild", "plain.img", { .log_len = UINT64_MAX }, -EINVAL, "power of two", "" },
	{ "log 2^63", "plain.img", { .log_len = 1ULL << 63 }, -ENOSPC, "too few", "--loglen 8.0M" },
	{ "log 16M", "plain.img", { .log_len = 16 * MIB }, -ENOSPC, "too few", "--loglen 8.0M" },
	{ "defaults", "plain.img", { 0 }, 0, NULL, NULL },
	{ "just fits", "new.img", { .size = 6 * MIB, .log_len = LOG_2M }, 0, NULL, NULL },
	{ "just not",
	  "new.img",
	  { .size = 6 * MIB - 1, .log_len = LOG_2M },
	  -ENOSPC,
	  "too few",
	  "smallest" },
	{ "tiny", "new.img", { .size = 1, .log_len = LOG_2M }, -ENOSPC, "too few", "smallest" },
	{ "no such", "new.img", { .log_len = LOG_2M }, -ENOENT, "no such file", "--size" },
	{ "no size", "empty.img", { .log_len = LOG_2M }, -EINVAL, "empty file", "--size" },
	{ "empty grows", "empty.img", { .size = SIZE, .log_len = LOG_2M }, 0, NULL, NULL },
	{ "there is one", "old.img", { .log_len = LOG_2M }, -EEXIST, "of this host", "--force" },
	{ "forced", "old.img", { .log_len = LOG_2M, .flags = FORCE }, 0, NULL, NULL },
	{ "shrink",
	  "old.img",
	  { .size = SIZE - 1, .log_len = LOG_2M, .flags = FORCE },
	  -EINVAL,
	  "already",
	  "--size" },
	{ "grow",
	  "old.img",
	  { .size = 2 * SIZE, .log_len = LOG_2M },
	  -EEXIST,
	  "--size says",
	  "--force" },
	{ "forced to grow",
	  "old.img",
	  { .size = 2 * SIZE, .log_len = LOG_2M, .flags = FORCE },
	  0,
	  NULL,
	  NULL },
	{ "same size", "plain.img", { .size = SIZE, .log_len = LOG_2M }, 0, NULL, NULL },
	{ "long daxdev",
	  "plain.img",
	  { .daxdev = "1234567890123456789012345678901234567890123456789012345678901234" },
	  -EINVAL,
	  "64 bytes, at most 63",
	  "shorter" },
	{ "daxdev fits",
	  "plain.img",
	  { .daxdev = "123456789012345678901234567890123456789012345678901234567890123" },
	  0,
	  NULL,
	  NULL },
	{ "kill", "old.img", { .flags = FAMFS_MKFS_KILL }, -EINVAL, "destroys", "--force" },
	{ "kill, forced", "old.img", { .flags = FAMFS_MKFS_KILL | FORCE }, 0, NULL, NULL },
	{ "kill none",
	  "plain.img",
	  { .flags = FAMFS_MKFS_KILL | FORCE },
	  -ENOENT,
	  "no famfs superblock",
	  "" },
	{ "kill what is not there",
	  "new.img",
	  { .flags = FAMFS_MKFS_KILL | FORCE },
	  -ENOENT,
	  "no such file",
	  "" },
	{ "no directory", "none/new.img", { .size = SIZE }, -ENOENT, "", "directory" },
	{ "no device", "/dev/famfs-none", { .size = SIZE }, -ENOENT, "no such", "famfs list" },
	{ "there is one at an offset",
	  "old.img@8M",
	  { .size = 8 * MIB, .log_len = LOG_2M },
	  -EEXIST,
	  "of this host",
	  "--force" },
	{ "kill with a size",
	  "new.img",
	  { .size = SIZE, .flags = FAMFS_MKFS_KILL | FORCE },
	  -ENOENT,
	  "",
	  "" },
};

/* Where something is stored on a new file system: its superblock, its log header. */
#define HEADS 4
static const uint64_t heads[HEADS] = { 0, 2 * MIB, 8 * MIB, 10 * MIB };
static uint8_t old[HEADS][4096];

static void prepare_once(struct famfs_ctx *ctx)
{
	static const char *const images[] = { "old.img", "old.img@8M" };
	struct famfs_mkfs_opts opts = { .log_len = LOG_2M, .flags = FAMFS_MKFS_FORCE };

	scratch_image("old.img", SIZE);
	for (size_t i = 0; i < UNIT_NR(images); i++)
		CHECK_EQ(famfs_mkfs(ctx, images[i], &opts, NULL, NULL), 0);
	for (size_t i = 0; i < HEADS; i++)
		image_read("old.img", heads[i], old[i], sizeof(old[i]));
}

static void prepare(void)
{
	(void)unlink("new.img");
	scratch_image("plain.img", SIZE);
	scratch_image("empty.img", 0);
	scratch_image("old.img", SIZE);
	for (size_t i = 0; i < HEADS; i++)
		image_write("old.img", heads[i], old[i], sizeof(old[i]));
}

static uint64_t sum_of_all(void)
{
	struct stat st;

	return image_sum("old.img") + 3 * image_sum("plain.img") + 5 * image_sum("empty.img") +
	       (stat("new.img", &st) == 0) +
	       (stat("empty.img", &st) == 0 ? (uint64_t)st.st_size * 7 : 0);
}

UNIT_TEST(each_option)
{
	struct famfs_ctx *ctx = image_ctx();

	prepare_once(ctx);
	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		const struct row *row = &rows[i];
		struct famfs_err err = { .message = "kept" };
		uint64_t sum;

		UNIT_ROW("%s", row->name);
		prepare();
		sum = sum_of_all();
		CHECK_EQ(famfs_mkfs(ctx, row->device, &row->opts, NULL, &err), row->rc);
		if (row->rc == 0) {
			CHECK_STR(err.message, "kept");
			CHECK_EQ(image_check(ctx, row->device,
					     !(row->opts.flags & FAMFS_MKFS_KILL)),
				 !!(row->opts.flags & FAMFS_MKFS_KILL));
			continue;
		}
		CHECK_EQ(err.rc, row->rc);
		CHECK_HAS(err.object, row->device);
		CHECK_HAS(err.message, row->message);
		CHECK_HAS(err.hint, row->hint);
		CHECK_EQ(sum_of_all(), sum);
	}
	famfs_ctx_free(ctx);
}

/* A dry run says what the real one would, and writes nothing. */
UNIT_TEST(dry_runs)
{
	struct famfs_ctx *ctx = image_ctx();

	prepare_once(ctx);
	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct famfs_mkfs_opts opts = rows[i].opts;
		struct famfs_mkfs_result dry = { 0 }, real = { 0 };
		uint64_t sum;

		UNIT_ROW("%s", rows[i].name);
		opts.flags |= FAMFS_MKFS_DRY_RUN;
		prepare();
		sum = sum_of_all();
		CHECK_EQ(famfs_mkfs(ctx, rows[i].device, &opts, &dry, NULL), rows[i].rc);
		CHECK_EQ(sum_of_all(), sum);
		if (famfs_mkfs(ctx, rows[i].device, &rows[i].opts, &real, NULL))
			continue;
		CHECK_EQ(dry.dev_size, real.dev_size);
		CHECK_EQ(dry.log_slots, real.log_slots);
		CHECK_EQ(dry.image_made, real.image_made);
		CHECK_STR(dry.replaced, real.replaced);
		CHECK_STR(dry.super.daxdev, real.super.daxdev);
		CHECK_EQ(dry.super.dev_size, real.super.dev_size);
	}
	famfs_ctx_free(ctx);
}

/* Anything that could be a famfs is named before it is overwritten. */
UNIT_TEST(what_is_there)
{
	static const struct {
		uint64_t off, value;
		const char *what;
	} olds[] = {
		{ 8, 47, "format version 47" },
		{ 96, 0, "damaged famfs" },
		{ 8, 48, "of this host" },
	};
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_mkfs_opts opts = { .log_len = LOG_2M };
	struct famfs_err err = { 0 };

	for (size_t i = 0; i < UNIT_NR(olds); i++) {
		image_make(ctx, "a.img", SIZE, LOG_2M);
		image_u64("a.img", olds[i].off, olds[i].value);
		CHECK_EQ(famfs_mkfs(ctx, "a.img", &opts, NULL, &err), -EEXIST);
		CHECK_HAS(err.message, olds[i].what);
	}
	CHECK_EQ(setenv("FAMFS_SYSTEM_UUID", IMAGE_CLIENT, 1), 0);
	CHECK_EQ(famfs_mkfs(ctx, "a.img", &opts, NULL, &err), -EEXIST);
	CHECK_HAS(err.message, "another host (system UUID " IMAGE_MASTER ")");
	famfs_ctx_free(ctx);
}

UNIT_TEST(kill_leaves_the_rest)
{
	struct famfs_mkfs_opts opts = { .flags = FAMFS_MKFS_KILL | FORCE };
	struct famfs_ctx *ctx = image_ctx();
	uint8_t before[4096], after[4096];

	image_make(ctx, "a.img", SIZE, LOG_2M);
	image_read("a.img", 0, before, sizeof(before));
	CHECK_EQ(famfs_mkfs(ctx, "a.img", &opts, NULL, NULL), 0);
	image_read("a.img", 0, after, sizeof(after));
	memset(before, 0, 8);
	CHECK_MEM(after, before, sizeof(after));
	CHECK_EQ(image_get64("a.img", FAMFS_LOG_OFF), MEDIA_LOG_MAGIC);
	famfs_ctx_free(ctx);
}

UNIT_TEST(another_writer_is_refused)
{
	struct famfs_mkfs_opts opts = { .log_len = LOG_2M, .flags = FORCE };
	struct famfs_ctx *ctx = image_ctx();
	struct dev *dev = NULL;

	image_make(ctx, "a.img", SIZE, LOG_2M);
	REQUIRE(!dev_open(ctx, "a.img", DEV_WRITE, &dev, NULL));
	CHECK_EQ(dev_lock(dev, true, NULL), 0);
	CHECK_EQ(famfs_mkfs(ctx, "a.img", &opts, NULL, NULL), -EBUSY);
	dev_close(dev);
	CHECK_EQ(famfs_mkfs(ctx, "a.img", &opts, NULL, NULL), 0);
	famfs_ctx_free(ctx);
}

static int make_file(struct famfs_ctx *ctx, struct famfs_err *err)
{
	struct famfs_create_req req = create_req("a", FAMFS_AU);
	struct famfs *fs = image_open(ctx, "a.img", FAMFS_OPEN_WRITE);
	int rc;

	if (!fs)
		return -EIO;
	rc = famfs_create(fs, &req, 1, NULL, err);
	famfs_close(fs);
	return rc;
}

/* Mounted here, or where only another process sees it, as in a container. */
UNIT_TEST(what_is_mounted)
{
	const struct famfs_mkfs_opts opts = { .log_len = LOG_2M, .flags = FORCE };
	const struct famfs_mkfs_opts kill_opts = { .flags = FAMFS_MKFS_KILL | FORCE };
	const struct famfs_chmaster_opts take = { .watch_ms = 1 };
	struct famfs_chmaster_result result;
	static const char *const pids[] = { "self", "7" };
	char line[2 * PATH_MAX], path[64];

	for (size_t i = 0; i < UNIT_NR(pids); i++) {
		struct famfs_ctx *ctx = image_ctx();
		struct famfs_err err;

		UNIT_ROW("%s", pids[i]);
		image_make(ctx, "a.img", SIZE, LOG_2M);
		CHECK_EQ(famfs_ctx_set_root(ctx, bus_path("root", "", "", "")), 0);
		scratch_link("root/proc/self/ns/mnt", "mnt:[1]");
		scratch_link("root/proc/7/ns/mnt", "mnt:[2]");
		(void)snprintf(path, sizeof(path), "root/proc/%s/mounts", pids[i]);
		(void)snprintf(line, sizeof(line), "%s/a.img /srv famfs rw 0 0\n", scratch_dir);
		scratch_file(path, line);
		CHECK_EQ(famfs_mkfs(ctx, "a.img", &opts, NULL, &err), -EBUSY);
		CHECK_HAS(err.message, "is mounted at /srv");
		CHECK_EQ(famfs_mkfs(ctx, "a.img", &kill_opts, NULL, &err), -EBUSY);
		CHECK_EQ(famfs_chmaster(ctx, "a.img", &take, &result, &err), -EBUSY);
		if (!i)
			CHECK_EQ(make_file(ctx, &err), -EBUSY);
		CHECK_EQ(unlink(path), 0);
		CHECK_EQ(famfs_mkfs(ctx, "a.img", &opts, NULL, &err), 0);
		CHECK_EQ(make_file(ctx, &err), 0);
		famfs_ctx_free(ctx);
	}
}

/* What could not be looked at may be mounted. */
UNIT_TEST(what_may_be_mounted)
{
	const struct famfs_mkfs_opts opts = { .log_len = LOG_2M, .flags = FORCE };
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_err err;

	image_make(ctx, "a.img", SIZE, LOG_2M);
	CHECK_EQ(famfs_ctx_set_root(ctx, bus_path("unreadable", "", "", "")), 0);
	scratch_file("unreadable/proc/self/mounts/x", "");
	CHECK_EQ(famfs_mkfs(ctx, "a.img", &opts, NULL, &err), -EISDIR);
	CHECK_HAS(err.message, "cannot be seen whether it is mounted");
	CHECK_HAS(err.hint, "/proc/self/mounts");
	CHECK_EQ(make_file(ctx, &err), -EISDIR);
	CHECK_HAS(err.object, "a.img");
	CHECK_EQ(unlink("unreadable/proc/self/mounts/x"), 0);
	CHECK_EQ(rmdir("unreadable/proc/self/mounts"), 0);
	CHECK_EQ(make_file(ctx, &err), 0);
	famfs_ctx_free(ctx);
}

#define REGION "root/sys/bus/nd/devices/region0/"

/* One bad sector at @off of a device; where it is where metadata would be, nothing is made. */
static int make_on_bad(uint64_t off, const char *loglen, struct famfs_err *err)
{
	struct famfs_mkfs_opts opts = { .flags = FAMFS_MKFS_FORCE };
	struct famfs_ctx *ctx = bus_ctx(false);
	char text[64];
	int rc;

	if (famfs_size_parse(loglen, &opts.log_len, NULL))
		abort();
	(void)snprintf(text, sizeof(text), "%llu 1\n", (unsigned long long)off / 512);
	scratch_file(REGION "badblocks", text);
	rc = famfs_mkfs(ctx, BUS_NODE, &opts, NULL, err);
	famfs_ctx_free(ctx);
	return rc;
}

UNIT_TEST(memory_that_is_bad)
{
	static const struct {
		uint64_t off;
		const char *loglen, *hint; /* NULL: it is made */
	} bads[] = {
		{ 0, "8M", "ndctl clear-errors NAMESPACE" },
		{ 4 * MIB - 512, "8M", "ndctl clear-errors NAMESPACE" },
		{ 4 * MIB, "8M", "--loglen 2.0M ends before it" },
		{ 9 * MIB, "8M", "--loglen 4.0M ends before it" },
		{ 10 * MIB - 512, "8M", "--loglen 4.0M ends before it" },
		{ 10 * MIB - 512, "4M", NULL },
		{ 10 * MIB, "8M", NULL },
		{ 300 * MIB, "256M", NULL },
	};
	struct famfs_err err;

	bus_make("device_dax");
	scratch_file(REGION "resource", "0x100000000\n");
	scratch_file(REGION "size", "402653184\n");
	for (size_t i = 0; i < UNIT_NR(bads); i++) {
		UNIT_ROW("%llu", (unsigned long long)bads[i].off);
		CHECK_EQ(make_on_bad(bads[i].off, bads[i].loglen, &err), bads[i].hint ? -EIO : 0);
		if (!bads[i].hint)
			continue;
		CHECK_HAS(err.message, "media errors where superblock and log would be");
		CHECK_EQ(err.off, bads[i].off);
		CHECK_STR(err.hint + strlen(err.hint) - strlen(bads[i].hint), bads[i].hint);
	}
	/* Which one it is. */
	scratch_file("root/sys/devices/namespace", "namespace3.1\n");
	CHECK_EQ(make_on_bad(0, "8M", &err), -EIO);
	CHECK_HAS(err.hint, "ndctl clear-errors namespace3.1");
	scratch_file("root/sys/devices/namespace", "; rm -rf\n");
	CHECK_EQ(make_on_bad(0, "8M", &err), -EIO);
	CHECK_HAS(err.hint, "ndctl clear-errors NAMESPACE");
}

UNIT_MAIN

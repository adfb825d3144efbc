/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "csum.h"
#include "ctx.h"
#include "unit.h"

static struct famfs_ctx *new_ctx(void)
{
	struct famfs_ctx *ctx = NULL;

	CHECK_EQ(famfs_ctx_new(&ctx), 0);
	return ctx;
}

UNIT_TEST(free_of_nothing)
{
	famfs_ctx_free(NULL);
	CHECK(true);
}

static void note(void *data, const char *message)
{
	(void)snprintf(data, 600, "%s", message);
}

UNIT_TEST(debug_goes_where_it_is_wanted)
{
	struct famfs_ctx *ctx = new_ctx();
	char seen[600] = "", text[2000];

	ctx_debug(ctx, "into the void: %d", 1);
	famfs_ctx_set_debug(ctx, note, seen);
	ctx_debug(ctx, "%s and %d", "this", 2);
	CHECK_STR(seen, "this and 2");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ctx_debug(ctx, "%s", text);
	CHECK(strlen(seen) > 100 && strlen(seen) < 600);
	famfs_ctx_set_debug(ctx, NULL, NULL);
	seen[0] = '\0';
	ctx_debug(ctx, "gone");
	CHECK_STR(seen, "");
	famfs_ctx_free(ctx);
}

UNIT_TEST(roots)
{
	struct famfs_ctx *ctx = new_ctx();
	char buf[64], root[PATH_MAX + 1], want[] = "/tmp/x/sys/a";

	CHECK_EQ(ctx_path(ctx, "/sys/a", buf, sizeof(buf)), 0);
	CHECK_STR(buf, "/sys/a");
	CHECK_EQ(famfs_ctx_set_root(ctx, "/tmp/x"), 0);
	CHECK_EQ(ctx_path(ctx, "/sys/a", buf, sizeof(buf)), 0);
	CHECK_STR(buf, want);
	CHECK_EQ(ctx_path(ctx, "/sys/a", buf, sizeof(want)), 0);
	CHECK_EQ(ctx_path(ctx, "/sys/a", buf, sizeof(want) - 1), -ENAMETOOLONG);
	memset(root, 'r', PATH_MAX);
	root[PATH_MAX] = '\0';
	CHECK_EQ(famfs_ctx_set_root(ctx, root), -ENAMETOOLONG);
	CHECK_EQ(ctx_path(ctx, "/sys/a", buf, sizeof(buf)), 0);
	CHECK_STR(buf, want);
	root[PATH_MAX - 1] = '\0';
	CHECK_EQ(famfs_ctx_set_root(ctx, root), 0);
	CHECK_EQ(famfs_ctx_set_root(ctx, NULL), 0);
	CHECK_EQ(ctx_path(ctx, "/sys/a", buf, sizeof(buf)), 0);
	CHECK_STR(buf, "/sys/a");
	famfs_ctx_free(ctx);
}

UNIT_TEST(threads)
{
	struct famfs_ctx *ctx = new_ctx();

	CHECK(ctx_threads(ctx, UINT64_MAX) >= 1);
	CHECK(ctx_threads(ctx, UINT64_MAX) <= 1024);
	CHECK_EQ(ctx_threads(ctx, 1), 1);
	CHECK_EQ(ctx_threads(ctx, 0), 1);
	famfs_ctx_set_threads(ctx, 4);
	CHECK_EQ(ctx_threads(ctx, 0), 1);
	CHECK_EQ(ctx_threads(ctx, 3), 3);
	CHECK_EQ(ctx_threads(ctx, 5), 4);
	CHECK_EQ(ctx_threads(ctx, UINT64_MAX), 4);
	famfs_ctx_set_threads(ctx, UINT32_MAX);
	CHECK(ctx_threads(ctx, UINT64_MAX) <= 1024);
	famfs_ctx_free(ctx);
}

UNIT_TEST(cancel_stays)
{
	struct famfs_ctx *ctx = new_ctx();

	CHECK(!ctx_cancelled(ctx));
	famfs_cancel(ctx);
	CHECK(ctx_cancelled(ctx));
	CHECK(ctx_cancelled(ctx));
	famfs_ctx_free(ctx);
}

/* Bit by bit, as the polynomial says (FORMAT.md 1.2). */
static uint64_t slow_crc(const uint8_t *data, size_t len)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < len; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
	}
	return crc ^ UINT32_MAX;
}

UNIT_TEST(checksum)
{
	uint8_t data[1024];

	CHECK_EQ(csum_crc32("123456789", 9), 0xcbf43926);
	CHECK_EQ(csum_crc32("", 0), 0);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t len = 0; len < sizeof(data); len += 1 + len / 8) {
		UNIT_ROW("%zu", len);
		CHECK_EQ(csum_crc32(data + 1024 - len, len), slow_crc(data + 1024 - len, len));
	}
}

UNIT_MAIN

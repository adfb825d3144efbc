/* SPDX-License-Identifier: Apache-2.0 */
#include "famfs.h"
#include "data_random.h"
#include "unit.h"
#include "scratch.h"
#include "image.h"
#include "create.h"
#include "filling.h"

#define SIZE (64 * MIB)

static struct famfs *open_new(struct famfs_ctx *ctx)
{
	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	return image_open(ctx, "a.img", FAMFS_OPEN_WRITE);
}

static int fill_seed(void *data, size_t req_index, struct famfs_fill *fill, struct famfs_err *err)
{
	(void)req_index;
	return famfs_fill_random(fill, *(const uint64_t *)data, err);
}

static struct famfs_entry make_random(struct famfs *fs, uint64_t size, uint64_t nstrips,
				      uint64_t seed)
{
	struct famfs_create_req req = create_req("f", size);
	struct famfs_entry entry = { 0 };

	req.nstrips = nstrips;
	CHECK_EQ(filling_one(fs, &req, fill_seed, &seed, NULL), 0);
	CHECK_EQ(famfs_lookup(fs, "f", &entry, NULL), 0);
	return entry;
}

#ifdef HAVE_LIBCRYPTO

static void check_sum(struct famfs *fs, const struct famfs_entry *entry, const char *want)
{
	uint8_t sum[FAMFS_SHA256_LEN] = { 0 };
	char hex[2 * FAMFS_SHA256_LEN + 1];
	struct famfs_err err = { 0 };

	CHECK_MSG(famfs_sha256(fs, entry, NULL, sum, &err) == 0, "%s", err.message);
	for (size_t i = 0; i < FAMFS_SHA256_LEN; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", sum[i]);
	CHECK_STR(hex, want);
}

UNIT_TEST(golden_vectors)
{
	struct famfs_ctx *ctx = image_ctx();

	for (size_t i = 0; i < UNIT_NR(golden_randoms); i++) {
		struct famfs *fs = open_new(ctx);
		struct famfs_entry entry;

		UNIT_ROW("seed 0x%" PRIx64 ", %zu bytes", golden_randoms[i].seed,
			 golden_randoms[i].len);
		REQUIRE(fs);
		entry = make_random(fs, golden_randoms[i].len, 0, golden_randoms[i].seed);
		check_sum(fs, &entry, golden_randoms[i].sha256);
		famfs_close(fs);
	}
	/* The other table of the header. */
	CHECK(UNIT_NR(golden_firsts) * 10 == UNIT_NR(golden_randoms));
	famfs_ctx_free(ctx);
}

static void add(void *data, uint64_t bytes)
{
	*(uint64_t *)data += bytes;
}

/* The sums of the files that filling.h makes, by another program. */
UNIT_TEST(known_sums)
{
	static const struct {
		uint64_t size, nstrips;
		const char *sum;
	} rows[] = {
		{ 1, 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d" },
		{ 63, 0, "6753330112c6f75e6abb53ba670c89cc3401a3ecd1f32dcb905b8412f63155bd" },
		{ 4095, 0, "2b6ab4301fb3627cbbfda1728efbd73b4049fd9d689728032ceedc78226b56bb" },
		{ 2097153, 0, "40cfd1cae6b3023427232570d924f6727faff52f122b14713594bd11772e8158" },
		{ 5000001, 2, "5f367055cda870d9c53f1396af06a8462486c48effa3553f3e5711c1d64bb31a" },
	};

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct famfs_create_req req = create_req("f", rows[i].size);
		struct famfs_ctx *ctx = image_ctx();
		struct famfs *fs = open_new(ctx);
		uint64_t told = 0;
		struct famfs_data_opts opts = { .threads = 4, .progress = add, .data = &told };
		uint8_t sum[FAMFS_SHA256_LEN];
		struct famfs_entry entry;

		UNIT_ROW("%" PRIu64 " bytes", rows[i].size);
		REQUIRE(fs);
		req.nstrips = rows[i].nstrips;
		entry = filling_make(fs, &req, 1);
		check_sum(fs, &entry, rows[i].sum);
		CHECK_EQ(famfs_sha256(fs, &entry, &opts, sum, NULL), 0);
		CHECK_EQ(told, rows[i].size);
		famfs_close(fs);
		famfs_ctx_free(ctx);
	}
}

UNIT_TEST(refusals)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx);
	uint8_t sum[FAMFS_SHA256_LEN] = { 9 };
	struct famfs_err err = { 0 };
	struct famfs_entry entry;

	REQUIRE(fs);
	entry = make_random(fs, 9 * MIB, 0, 1);
	entry.size += 4 * AU;
	CHECK_EQ(famfs_sha256(fs, &entry, NULL, sum, &err), -EUCLEAN);
	CHECK_STR(err.object, "a.img:/f");
	entry.size -= 4 * AU;
	CHECK_EQ(truncate("a.img", (off_t)(entry.extents[0].off + 5 * MIB)), 0);
	CHECK_EQ(famfs_sha256(fs, &entry, NULL, sum, &err), -EIO);
	CHECK_STR(err.object, "a.img:/f");
	CHECK_HAS(err.message, "shrank");
	famfs_cancel(ctx);
	CHECK_EQ(famfs_sha256(fs, &entry, NULL, sum, &err), -ECANCELED);
	CHECK_EQ(err.rc, -ECANCELED);
	CHECK_EQ(sum[0], 9);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_TEST(a_directory_has_no_bytes)
{
	struct famfs_create_req req = create_req("d", 0);
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx);
	uint8_t sum[FAMFS_SHA256_LEN] = { 9 };
	struct famfs_err err = { 0 };
	struct famfs_entry entry;

	REQUIRE(fs);
	CHECK_EQ(famfs_create(fs, &req, 1, NULL, NULL), 0);
	CHECK_EQ(famfs_lookup(fs, "d", &entry, NULL), 0);
	CHECK_EQ(famfs_sha256(fs, &entry, NULL, sum, &err), -EINVAL);
	CHECK_STR(err.object, "a.img:/d");
	CHECK_EQ(sum[0], 9);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

#else

UNIT_TEST(no_libcrypto)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx);
	uint8_t sum[FAMFS_SHA256_LEN] = { 9 };
	struct famfs_err err = { 0 };
	struct famfs_entry entry;

	REQUIRE(fs);
	entry = make_random(fs, golden_randoms[0].len, 0, golden_firsts[0].seed);
	CHECK_EQ(famfs_sha256(fs, &entry, NULL, sum, &err), -EOPNOTSUPP);
	CHECK_HAS(err.message, "libcrypto");
	CHECK_EQ(sum[0], 9);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

#endif

UNIT_MAIN

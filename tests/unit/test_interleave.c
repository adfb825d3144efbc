/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "data_interleave.h"
#include "interleave.h"
#include "unit.h"

#define M (1ULL << 20)
#define G (1ULL << 30)

/* Fills in the defaults in plain words, to compare with. */
static struct golden_geometry with_defaults(struct golden_geometry g)
{
	if (g.nstrips || g.nbuckets || g.chunk) {
		g.nstrips = g.nstrips ? g.nstrips : g.nbuckets;
		g.nbuckets = g.nbuckets ? g.nbuckets : g.nstrips;
		g.chunk = g.chunk ? g.chunk : 2 * M;
	}
	return g;
}

static void check_golden(const struct golden_geometry *g, uint64_t dev_size, int theirs)
{
	struct golden_geometry want = with_defaults(*g);
	uint64_t nstrips = g->nstrips, nbuckets = g->nbuckets, chunk = g->chunk;
	int rc = interleave_check(0, dev_size, &nstrips, &nbuckets, &chunk, "x", NULL);

	UNIT_ROW("strips %" PRIu64 " buckets %" PRIu64 " chunk %" PRIu64 " device %" PRIu64,
		 g->nstrips, g->nbuckets, g->chunk, dev_size);
	/* What the fmap cannot say, or what crashes the existing tools, stays refused. */
	if (want.nstrips > 16 || want.chunk > 2 * G || theirs == -22)
		CHECK_EQ(rc, -EINVAL);
	else if (theirs == 0)
		CHECK_EQ(rc, 0);
	/* Theirs refuse more only for zeros, and for buckets below 1 GiB. */
	if (rc == 0 && theirs != 0)
		CHECK(!g->nstrips || !g->nbuckets || !g->chunk || dev_size / g->nbuckets < G);
	CHECK_EQ(nstrips, rc ? g->nstrips : want.nstrips);
	CHECK_EQ(nbuckets, rc ? g->nbuckets : want.nbuckets);
	CHECK_EQ(chunk, rc ? g->chunk : want.chunk);
}

UNIT_TEST(golden_geometries_are_judged_alike)
{
	for (size_t i = 0; i < UNIT_NR(golden_geometries); i++)
		for (size_t j = 0; j < UNIT_NR(golden_devices); j++)
			check_golden(&golden_geometries[i], golden_devices[j],
				     golden_geometries[i].rc[j]);
}

UNIT_TEST(each_refusal_names_rule_value_and_nearest)
{
	static const struct {
		uint64_t size, dev_size, nstrips, nbuckets, chunk;
		int rc;
		const char *message, *hint;
	} rows[] = {
		{ 0, G, 0, 0, 2 * M, -EINVAL, "a chunk size alone does not say how many",
		  "--nstrips, 1 to 16" },
		{ 0, G, 17, 17, 0, -EINVAL, "17, at most 16", "nearest: 16 strips" },
		{ 0, G, 0, 17, 0, -EINVAL, "each of 17 buckets is too many: at most 16 strips",
		  "--nstrips, 1 to 16" },
		{ 0, G, 0, 64, 2 * M, -EINVAL, "each of 64 buckets", "--nstrips, 1 to 16" },
		{ 0, G, 0, 65, 0, -EINVAL, "too many buckets: 65, at most 64",
		  "nearest: 64 buckets, with --nstrips 1 to 16" },
		{ 0, G, 0, UINT64_MAX, 0, -EINVAL, "too many buckets: 18446744073709551615",
		  "nearest: 64 buckets" },
		{ 0, G, UINT64_MAX, 1, 1, -EINVAL, "18446744073709551615, at most 16", "16" },
		{ 0, G, 4, 65, 0, -EINVAL, "65, at most 64", "nearest: 64 buckets" },
		{ 0, G, 4, 3, 0, -EINVAL, "4 strips, 3 buckets", "3 strips, or 4 buckets" },
		{ 0, G, 2, 2, 1, -EINVAL, "chunk size 1 ", "nearest: 2M" },
		{ 0, G, 2, 2, M, -EINVAL, "chunk size 1048576 ", "nearest: 2M" },
		{ 0, G, 2, 2, 3 * M, -EINVAL,
		  "chunk size 3145728 is not a power of two of at least 2M", "nearest: 2M or 4M" },
		{ 0, G, 2, 2, 2 * M + 1, -EINVAL, "2097153", "nearest: 2M or 4M" },
		{ 0, G, 2, 2, 2 * G - 1, -EINVAL, "2147483647", "nearest: 1G or 2G" },
		{ 0, G, 2, 2, 2 * G + 1, -EINVAL, "2147483649 is more than 2G", "nearest: 2G" },
		{ 0, G, 2, 2, 4 * G, -EINVAL, "4G is more than 2G", "nearest: 2G" },
		{ 0, G, 2, 2, UINT64_MAX, -EINVAL, "is more than 2G", "nearest: 2G" },
		{ 256 * M, G, 2, 16, 0, -EINVAL, "128M, one of 16 buckets has 64M",
		  "nearest: 8 buckets" },
		{ 2 * G, G, 4, 4, 0, -ENOSPC, "4 strips of 512M each", "larger device" },
		{ UINT64_MAX, G, 16, 16, 2 * G, -ENOSPC, "no space", "larger device" },
		{ 2 * M, M, 1, 1, 0, -ENOSPC, "1 strip of 2M each", "larger device" },
	};

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		uint64_t nstrips = rows[i].nstrips, nbuckets = rows[i].nbuckets;
		uint64_t chunk = rows[i].chunk;
		struct famfs_err err = { 0 };

		UNIT_ROW("%zu", i);
		CHECK_EQ(interleave_check(rows[i].size, rows[i].dev_size, &nstrips, &nbuckets,
					  &chunk, "dev:/f", &err),
			 rows[i].rc);
		CHECK_EQ(err.rc, rows[i].rc);
		CHECK_STR(err.object, "dev:/f");
		CHECK_HAS(err.message, rows[i].message);
		CHECK_HAS(err.hint, rows[i].hint);
		CHECK_EQ(nstrips, rows[i].nstrips);
		CHECK_EQ(nbuckets, rows[i].nbuckets);
		CHECK_EQ(chunk, rows[i].chunk);
	}
}

UNIT_TEST(nearest_number_of_buckets_is_taken)
{
	for (uint64_t dev_size = 8 * M; dev_size < 200 * M; dev_size += 7 * M) {
		uint64_t nstrips = 2, nbuckets = 64, chunk = 2 * M;
		struct famfs_err err;
		unsigned long long nearest;
		int rc = interleave_check(7 * M, dev_size, &nstrips, &nbuckets, &chunk, "x", &err);

		UNIT_ROW("%" PRIu64, dev_size);
		if (!CHECK_EQ(rc, -EINVAL) ||
		    !CHECK(sscanf(err.hint, "nearest: %llu", &nearest) == 1))
			continue;
		nbuckets = nearest;
		CHECK_EQ(interleave_check(7 * M, dev_size, &nstrips, &nbuckets, &chunk, "x", NULL),
			 0);
		nbuckets = nearest + 1;
		CHECK_EQ(interleave_check(7 * M, dev_size, &nstrips, &nbuckets, &chunk, "x", NULL),
			 -EINVAL);
	}
}

UNIT_TEST(small_files_and_small_buckets_are_fine)
{
	uint64_t nstrips = 4, nbuckets = 8, chunk = 4 * M;

	/* Smaller than a chunk: one extent, whatever the buckets. */
	CHECK_EQ(interleave_check(4 * M - 1, 2 * M, &nstrips, &nbuckets, &chunk, "x", NULL), 0);
	CHECK_EQ(interleave_check(16 * M, 32 * M, &nstrips, &nbuckets, &chunk, "x", NULL), 0);
	CHECK_EQ(interleave_check(16 * M + 1, 32 * M, &nstrips, &nbuckets, &chunk, "x", NULL),
		 -EINVAL);
}

UNIT_TEST(strip_length_of_known_layouts)
{
	static const struct {
		uint64_t size, nstrips, chunk, want;
	} rows[] = {
		{ 2 * M, 8, 2 * M, 2 * M },
		{ 16 * M, 8, 2 * M, 2 * M },
		{ 16 * M + 1, 8, 2 * M, 4 * M },
		{ 1, 1, 4 * M, 4 * M },
		{ 0, 4, 2 * M, 0 },
		{ 20971520, 2, 4 * M, 12 * M },
		{ UINT64_MAX, 1, 2 * M, UINT64_MAX },
		{ UINT64_MAX, 2, 2 * M, 1ULL << 63 },
		{ UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX },
		{ 1, 0, 2 * M, UINT64_MAX },
		{ 1, 1, 0, UINT64_MAX },
	};

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		UNIT_ROW("%zu", i);
		CHECK_EQ(interleave_strip_len(rows[i].size, rows[i].nstrips, rows[i].chunk),
			 rows[i].want);
	}
}

/* Deals the chunks out one by one. */
static void deal(uint64_t size, uint64_t nstrips, uint64_t chunk, uint64_t used[16])
{
	memset(used, 0, 16 * sizeof(used[0]));
	for (uint64_t off = 0; off < size; off += chunk) {
		uint64_t here = size - off < chunk ? size - off : chunk;

		used[off / chunk % nstrips] = off / chunk / nstrips * chunk + here;
	}
}

UNIT_TEST(used_bytes_are_as_dealt_by_hand)
{
	static const uint64_t sizes[] = { 0,     1,      2 * M - 1,  2 * M,  2 * M + 1,
					  5 * M, 16 * M, 33 * M + 7, 64 * M, 97 * M };

	for (size_t i = 0; i < UNIT_NR(sizes); i++) {
		for (uint64_t n = 1; n <= 16; n++) {
			for (uint64_t chunk = 2 * M; chunk <= 16 * M; chunk *= 2) {
				uint64_t used[16], most = 0;

				deal(sizes[i], n, chunk, used);
				UNIT_ROW("size %" PRIu64 " strips %" PRIu64, sizes[i], n);
				for (uint64_t s = 0; s < n; s++) {
					uint64_t want = (used[s] + 2 * M - 1) & ~(2 * M - 1);

					most = want > most ? want : most;
					CHECK_EQ(interleave_used(sizes[i], n, chunk, s), want);
				}
				CHECK_EQ(interleave_used(sizes[i], n, chunk, n), 0);
				CHECK(interleave_strip_len(sizes[i], n, chunk) >= most);
				CHECK(interleave_strip_len(sizes[i], n, chunk) < most + chunk);
			}
		}
	}
}

UNIT_TEST(extremes_do_not_wrap)
{
	CHECK_EQ(interleave_used(UINT64_MAX, 1, 2 * M, 0), UINT64_MAX);
	CHECK_EQ(interleave_used(UINT64_MAX, 2, 2 * M, 0), 1ULL << 63);
	CHECK_EQ(interleave_used(UINT64_MAX, 2, 2 * M, 1), 1ULL << 63);
	CHECK_EQ(interleave_used(5, 0, 2 * M, 0), UINT64_MAX);
	CHECK_EQ(interleave_used(5, 1, 0, 0), UINT64_MAX);
	CHECK_EQ(interleave_bucket_aus(UINT64_MAX, 1), UINT64_MAX / (2 * M));
	CHECK_EQ(interleave_bucket_aus(64 * M + 2 * M - 1, 4), 8);
	CHECK_EQ(interleave_bucket_aus(G, 0), 0);
}

UNIT_MAIN

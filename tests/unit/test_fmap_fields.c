/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The judge and the naive one, over messages that are made wrong step by step: of every length, cut
 * off at every byte, and with each field, and each two of them, at their edges.
 */
#include "naive_fmap.h"
#include "unit.h"

#define M       (1ULL << 20)
#define LEN_MAX 40001

struct fmap {
	uint8_t b[LEN_MAX];
	size_t len;
};

static const struct famfs_fmap_limits limits[] = {
	{ 0, 0, FAMFS_KERNEL_V7 },
	{ 64 * M, 10 * M, FAMFS_KERNEL_V10 },
};

static void put(struct fmap *f, size_t at, size_t bytes, uint64_t value)
{
	for (; bytes--; value >>= 8)
		f->b[at++] = (uint8_t)value;
}

static void add(struct fmap *f, uint64_t first, uint64_t second, uint64_t third)
{
	put(f, f->len, 8, first);
	put(f, f->len + 8, 8, second);
	put(f, f->len + 16, 8, third);
	f->len += 24;
}

static void begin(struct fmap *f, uint32_t ext_type, uint32_t nextents, uint64_t size)
{
	memset(f, 0, sizeof(*f));
	f->b[2] = 1;
	put(f, 4, 4, ext_type);
	put(f, 8, 4, nextents);
	put(f, 16, 8, size);
	f->len = 32;
}

static void simple(struct fmap *f, uint32_t nr)
{
	begin(f, FAMFS_EXT_SIMPLE, nr, nr * 2 * M);
	for (uint32_t i = 0; i < nr; i++)
		add(f, 0, (i + 5) * 2 * M, 2 * M);
}

static void interleaved(struct fmap *f, uint32_t nr, uint32_t nstrips)
{
	begin(f, FAMFS_EXT_INTERLEAVE, nr, nr * nstrips * 2 * M);
	for (uint32_t i = 0; i < nr; i++) {
		add(f, nstrips | (2 * M) << 32, nstrips * 2 * M, 0);
		for (uint32_t j = 0; j < nstrips; j++)
			add(f, 0, (i * nstrips + j + 5) * 2 * M, 2 * M);
	}
}

/* The message is judged where it ends with its memory, so that no byte behind it is read. */
static bool agree_at(const struct fmap *f, size_t len)
{
	static uint8_t room[LEN_MAX];
	uint8_t *copy = room + sizeof(room) - len;
	bool same = true;

	memcpy(copy, f->b, len);
	for (size_t i = 0; i < UNIT_NR(limits); i++) {
		struct famfs_fmap_verdict got, want;

		memset(&got, 0, sizeof(got));
		famfs_fmap_judge(copy, len, &limits[i], &got);
		memset(&want, 0, sizeof(want));
		naive_judge(copy, len, &limits[i], &want);
		same &= got.kernel_rc == want.kernel_rc && got.stop == want.stop &&
			got.rejected == want.rejected && got.unsafe == want.unsafe &&
			got.file_type == want.file_type && got.file_size == want.file_size &&
			got.ext_type == want.ext_type && got.nextents == want.nextents &&
			got.dev_bitmap == want.dev_bitmap;
	}
	return same;
}

static void check(const struct fmap *f, size_t len, const char *what)
{
	if (!agree_at(f, len))
		CHECK_MSG(false, "%s, %zu bytes", what, len);
}

/*
 * Cut off at every byte; whole ones are followed by zeros, @step more each time, since to judge a
 * large one that is accepted takes the naive judge long.
 */
static void all_lengths(const struct fmap *f, const char *what, size_t step)
{
	for (size_t len = 0; len < LEN_MAX; len += len < f->len + 64 ? 1 : step)
		check(f, len, what);
	CHECK(agree_at(f, f->len));
	check(f, LEN_MAX - 1, what);
}

UNIT_TEST(lengths_of_0_to_40000)
{
	static struct fmap f;

	begin(&f, 0, 0, 0);
	all_lengths(&f, "nothing", 1);
	memset(f.b, 0xff, sizeof(f.b));
	all_lengths(&f, "all ones", 1);
	simple(&f, 1);
	all_lengths(&f, "one extent", 1);
	simple(&f, 32);
	all_lengths(&f, "32 extents", 1);
	interleaved(&f, 1, 16);
	all_lengths(&f, "16 strips", 1);
	interleaved(&f, 32, 32);
	all_lengths(&f, "32 times 32 strips", 37);
	interleaved(&f, 1, 1600);
	all_lengths(&f, "1600 strips", 1);
}

static const uint64_t edges[] = {
	0,
	1,
	2 * M,
	31,
	32,
	33,
	63,
	64,
	UINT32_MAX,
	UINT32_MAX - 1,
	UINT64_MAX,
	INT64_MAX,
	UINT64_MAX - 1,
	1ULL << 63,
	1ULL << 32,
	-2 * M,
	2 * M - 1,
	INT64_MAX - 2 * M + 1,
};

/* Fields of one, two, four and eight bytes begin at all of these places. */
static void one_field(const struct fmap *base, const char *what)
{
	static struct fmap f;

	for (size_t at = 0; at < base->len; at++)
		for (size_t bytes = 1; bytes <= 8 && at + bytes <= base->len; bytes *= 2)
			for (size_t i = 0; i < UNIT_NR(edges); i++) {
				f = *base;
				put(&f, at, bytes, edges[i]);
				check(&f, f.len, what);
			}
	CHECK(agree_at(base, base->len));
}

static void two_fields(const struct fmap *base, const char *what)
{
	static struct fmap f;

	for (size_t a = 0; a + 8 <= base->len; a += 4)
		for (size_t b = a + 4; b + 8 <= base->len; b += 4)
			for (size_t i = 0; i < UNIT_NR(edges) * UNIT_NR(edges); i++) {
				memcpy(f.b, base->b, base->len);
				put(&f, a, a < 16 ? 4 : 8, edges[i / UNIT_NR(edges)]);
				put(&f, b, b < 16 ? 4 : 8, edges[i % UNIT_NR(edges)]);
				check(&f, base->len, what);
			}
	CHECK(agree_at(base, base->len));
}

UNIT_TEST(each_field_at_its_edges)
{
	static struct fmap f;

	simple(&f, 2);
	one_field(&f, "simple");
	interleaved(&f, 2, 3);
	one_field(&f, "interleaved");
}

UNIT_TEST(each_two_fields_at_their_edges)
{
	static struct fmap f;

	simple(&f, 1);
	two_fields(&f, "simple");
	interleaved(&f, 1, 2);
	two_fields(&f, "interleaved");
}

UNIT_MAIN

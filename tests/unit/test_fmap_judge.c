/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The judge against hand-made messages, and against a second implementation of the same rules over
 * random ones: $FAMFS_TEST_ROUNDS messages, 2,000,000 unless it is set.
 */
#include "naive_fmap.h"
#include "unit.h"

#define M        (1ULL << 20)
#define BIT(n)   (1U << (n))
#define FMAP_MAX (32 + 33 * 24 + 33 * 33 * 24 + 64)

struct fmap {
	uint8_t b[FMAP_MAX];
	size_t len;
};

static void put(struct fmap *f, size_t at, size_t bytes, uint64_t value)
{
	for (; bytes--; value >>= 8)
		f->b[at++] = (uint8_t)value;
}

static void add_header(struct fmap *f, uint32_t ext_type, uint32_t nextents, uint64_t file_size)
{
	memset(f->b, 0, 32);
	put(f, 2, 2, 1);
	put(f, 4, 4, ext_type);
	put(f, 8, 4, nextents);
	put(f, 16, 8, file_size);
	f->len = 32;
}

static void add_interleaved(struct fmap *f, uint32_t nstrips, uint32_t chunk, uint64_t nbytes)
{
	put(f, f->len, 4, nstrips);
	put(f, f->len + 4, 4, chunk);
	put(f, f->len + 8, 8, nbytes);
	put(f, f->len + 16, 8, 0);
	f->len += 24;
}

static void add_extent(struct fmap *f, uint64_t off, uint64_t len)
{
	put(f, f->len, 8, 0);
	put(f, f->len + 8, 8, off);
	put(f, f->len + 16, 8, len);
	f->len += 24;
}

/* Extents at bytes 32 and 56. */
static void make_simple(struct fmap *f)
{
	add_header(f, FAMFS_EXT_SIMPLE, 2, 4 * M);
	add_extent(f, 16 * M, 2 * M);
	add_extent(f, 32 * M, 2 * M);
}

/* FMAP.md 6: the interleaved extent at byte 32, strips at 56 and 80. */
static void make_interleaved(struct fmap *f)
{
	add_header(f, FAMFS_EXT_INTERLEAVE, 1, 8 * M);
	add_interleaved(f, 2, 2 * M, 8 * M);
	add_extent(f, 16 * M, 4 * M);
	add_extent(f, 32 * M, 4 * M);
}

struct patch {
	size_t at, bytes;
	uint64_t value;
};

struct hand_row {
	const char *name;
	bool interleaved;
	int len_change;
	struct patch patches[3];
	int rc;    /* kernels before v8 */
	int rc_v8; /* from v8 on; 0: the same */
	uint32_t rejected, unsafe;
};

static const struct hand_row hand_rows[] = {
	{ "simple", false, 0, { { 0 } }, 0, 0, 0, 0 },
	{ "interleaved", true, 0, { { 0 } }, 0, 0, 0, 0 },
	{ "K1", false, 31 - 80, { { 0 } }, -EINVAL, 0, BIT(1), 0 },
	{ "K1 empty", false, -80, { { 0 } }, -EINVAL, 0, BIT(1), 0 },
	{ "K2", false, 0, { { 8, 4, 0 } }, -EINVAL, -ERANGE, BIT(2), 0 },
	{ "K2 before K4", false, 0, { { 8, 4, 0 }, { 4, 4, 9 } }, -EINVAL, -ERANGE, BIT(2), 0 },
	{ "K3", false, 0, { { 8, 4, 33 } }, -E2BIG, -ERANGE, BIT(3), 0 },
	{ "K3 all ones", true, 0, { { 8, 4, UINT32_MAX } }, -E2BIG, -ERANGE, BIT(3), 0 },
	{ "K4", false, 0, { { 4, 4, 2 } }, -EINVAL, 0, BIT(4), 0 },
	{ "K4 before K5", false, -48, { { 4, 4, 1U << 31 } }, -EINVAL, 0, BIT(4), 0 },
	{ "K5", false, -1, { { 0 } }, -EINVAL, 0, BIT(5), 0 },
	{ "K5 by count", false, 0, { { 8, 4, 32 } }, -EINVAL, 0, BIT(5), 0 },
	{ "K6", false, 0, { { 32, 4, 1 } }, -EINVAL, 0, BIT(6) | BIT(15), 0 },
	{ "K6 above 63", true, 0, { { 80, 4, 64 } }, -EINVAL, 0, BIT(6) | BIT(15), 0 },
	{ "K7", false, 0, { { 40, 8, 17 * M } }, -EINVAL, 0, BIT(7) | BIT(15), 0 },
	{ "K8", false, 0, { { 72, 8, 2 * M + 1 } }, -EINVAL, 0, BIT(8) | BIT(15), 0 },
	{ "K15 before K16", false, 0, { { 48, 8, M } }, -EINVAL, 0, BIT(8) | BIT(15), 0 },
	{ "K9", true, 55 - 104, { { 0 } }, -EINVAL, 0, BIT(9), 0 },
	{ "K9 second", true, 0, { { 8, 4, 2 } }, -EINVAL, 0, BIT(9), 0 },
	{ "K9 second, counted before",
	  true,
	  0,
	  { { 8, 4, 2 }, { 56, 4, 1 } },
	  -EINVAL,
	  0,
	  BIT(9) | BIT(6),
	  0 },
	{ "K10", true, 0, { { 36, 4, 3 * M } }, -EINVAL, 0, BIT(10), 0 },
	{ "K10 before K11", true, 0, { { 36, 4, 1 }, { 40, 8, 0 } }, -EINVAL, 0, BIT(10), 0 },
	{ "K11", true, 0, { { 40, 8, 0 } }, -EINVAL, 0, BIT(11), 0 },
	{ "K11 before K12", true, 0, { { 40, 8, 0 }, { 32, 4, 9 } }, -EINVAL, 0, BIT(11), 0 },
	{ "K12", true, -1, { { 0 } }, -EINVAL, 0, BIT(12), 0 },
	{ "K12 all ones", true, 0, { { 32, 4, UINT32_MAX } }, -EINVAL, 0, BIT(12), 0 },
	{ "K13 no strips",
	  true,
	  0,
	  { { 32, 4, 0 }, { 16, 8, 0 } },
	  -EINVAL,
	  0,
	  BIT(13) | BIT(15),
	  0 },
	{ "K14 before K15", true, 0, { { 32, 4, 0 } }, -EINVAL, 0, BIT(13) | BIT(14), 0 },
	{ "K14", true, 0, { { 16, 8, 8 * M + 1 } }, -EINVAL, 0, BIT(14), 0 },
	{ "K14 is signed", true, 0, { { 16, 8, 1ULL << 63 } }, -EINVAL, 0, BIT(14), 0 },
	{ "K14 passes, K16 does not", true, 0, { { 16, 8, UINT64_MAX } }, -EINVAL, 0, BIT(16), 0 },
	{ "K16", false, 0, { { 16, 8, 4 * M + 1 } }, -EINVAL, 0, BIT(16), 0 },
	{ "K16 after a wrap", false, 0, { { 48, 8, -2 * M } }, -EINVAL, 0, BIT(16), 0 },
	{ "U1", true, 0, { { 36, 4, 0 } }, 0, 0, 0, BIT(1) },
	{ "U2", true, 0, { { 72, 8, 2 * M }, { 96, 8, 6 * M } }, 0, 0, 0, BIT(2) },
	{ "U2 by the chunk size", true, 0, { { 36, 4, 8 * M } }, 0, 0, 0, BIT(2) },
	{ "U2 not", true, 0, { { 16, 8, 6 * M }, { 96, 8, 2 * M } }, 0, 0, 0, 0 },
	{ "U2 by one byte",
	  true,
	  0,
	  { { 16, 8, 6 * M + 1 }, { 96, 8, 2 * M }, { 72, 8, 6 * M } },
	  0,
	  0,
	  0,
	  BIT(2) },
	{ "U3", false, 0, { { 64, 8, 16 * M } }, 0, 0, 0, BIT(3) },
	{ "U3 in part", true, 0, { { 88, 8, 18 * M } }, 0, 0, 0, BIT(3) },
	{ "U3 neighbours", true, 0, { { 88, 8, 20 * M } }, 0, 0, 0, 0 },
	{ "U3 the log", false, 0, { { 40, 8, 8 * M } }, 0, 0, 0, BIT(3) },
	{ "U3 behind the log", false, 0, { { 40, 8, 10 * M } }, 0, 0, 0, 0 },
	{ "U3 a log may be there", false, 0, { { 0, 1, 2 }, { 40, 8, 8 * M } }, 0, 0, 0, 0 },
	{ "U3 nothing is nowhere",
	  false,
	  0,
	  { { 40, 8, 0 }, { 48, 8, 0 }, { 72, 8, 4 * M } },
	  0,
	  0,
	  0,
	  0 },
	{ "U4", false, 0, { { 64, 8, 64 * M } }, 0, 0, 0, BIT(4) },
	{ "U4 not", false, 0, { { 64, 8, 62 * M } }, 0, 0, 0, 0 },
	{ "U4 wraps", false, 0, { { 64, 8, -2 * M } }, 0, 0, 0, BIT(4) },
	{ "U5", true, 0, { { 40, 8, 8 * M - 1 } }, 0, 0, 0, BIT(5) },
	{ "U6",
	  false,
	  0,
	  { { 48, 8, -2 * M }, { 72, 8, 8 * M } },
	  0,
	  0,
	  0,
	  BIT(3) | BIT(4) | BIT(6) },
	{ "U7 type", false, 0, { { 0, 1, 3 } }, 0, 0, 0, BIT(7) },
	{ "U7 byte 1", false, 0, { { 1, 1, 1 } }, 0, 0, 0, BIT(7) },
	{ "U7 version", false, 0, { { 2, 2, 0x101 } }, 0, 0, 0, BIT(7) },
	{ "U7 byte 12", false, 0, { { 12, 4, 80 } }, 0, 0, 0, BIT(7) },
	{ "U7 byte 24", false, 0, { { 31, 1, 1 } }, 0, 0, 0, BIT(7) },
	{ "U7 extent", false, 0, { { 59, 1, 0 }, { 63, 1, 1 } }, 0, 0, 0, BIT(7) },
	{ "U7 interleaved", true, 0, { { 48, 8, 1 } }, 0, 0, 0, BIT(7) },
	{ "U7 tail", false, 1, { { 0 } }, 0, 0, 0, BIT(7) },
	{ "U9", false, 0, { { 16, 8, 0 } }, 0, 0, 0, BIT(9) },
	{ "U9 interleaved", true, 0, { { 16, 8, 0 } }, 0, 0, 0, BIT(9) },
	{ "U10", false, 4097 - 80, { { 0 } }, 0, 0, 0, BIT(7) | BIT(10) },
	{ "U10 not", false, 4096 - 80, { { 0 } }, 0, 0, 0, BIT(7) },
};

static void make_row(const struct hand_row *row, struct fmap *f)
{
	memset(f->b, 0, sizeof(f->b));
	if (row->interleaved)
		make_interleaved(f);
	else
		make_simple(f);
	for (size_t i = 0; i < UNIT_NR(row->patches); i++)
		put(f, row->patches[i].at, row->patches[i].bytes, row->patches[i].value);
	f->len += (size_t)(ptrdiff_t)row->len_change;
}

UNIT_TEST(hand_made_messages)
{
	for (size_t i = 0; i < UNIT_NR(hand_rows); i++) {
		const struct hand_row *row = &hand_rows[i];
		struct famfs_fmap_limits limits = { .dev_size = 64 * M, .data_off = 10 * M };
		struct famfs_fmap_verdict v;
		struct fmap f;

		UNIT_ROW("%s", row->name);
		make_row(row, &f);
		memset(&v, 0xff, sizeof(v));
		famfs_fmap_judge(f.b, f.len, &limits, &v);
		CHECK_EQ(v.kernel_rc, row->rc);
		CHECK_EQ(v.rejected, row->rejected);
		/* The checks that are only counted never stop the kernel. */
		CHECK_EQ(v.stop ? BIT(v.stop) : 0,
			 v.rejected & ~(BIT(6) | BIT(7) | BIT(8) | BIT(13)));
		CHECK_EQ(v.unsafe, row->unsafe);
		limits.kernel = FAMFS_KERNEL_V10;
		famfs_fmap_judge(f.b, f.len, &limits, &v);
		CHECK_EQ(v.kernel_rc, row->rc_v8 ? row->rc_v8 : row->rc);
		CHECK_EQ(v.rejected, row->rejected);
		CHECK_EQ(v.unsafe, row->unsafe);
	}
}

UNIT_TEST(verdict_of_accepted_messages)
{
	struct famfs_fmap_verdict v;
	struct fmap f;

	make_interleaved(&f);
	put(&f, 0, 1, 1);
	famfs_fmap_judge(f.b, f.len, NULL, &v);
	CHECK_EQ(v.kernel_rc, 0);
	CHECK_EQ(v.file_type, 1);
	CHECK_EQ(v.file_size, 8 * M);
	CHECK_EQ(v.ext_type, FAMFS_EXT_INTERLEAVE);
	CHECK_EQ(v.nextents, 1);
	CHECK_EQ(v.dev_bitmap, 1);
	famfs_fmap_judge(f.b, 5, NULL, &v);
	CHECK_EQ(v.file_type, 0);
	CHECK_EQ(v.dev_bitmap, 0);
}

UNIT_TEST(without_limits_places_are_not_judged)
{
	struct famfs_fmap_verdict v;
	struct fmap f;

	make_simple(&f);
	put(&f, 40, 8, 0);
	put(&f, 64, 8, 1ULL << 62);
	famfs_fmap_judge(f.b, f.len, NULL, &v);
	CHECK_EQ(v.kernel_rc, 0);
	CHECK_EQ(v.unsafe, 0);
}

/* K13 is counted, and all the strips are read: the errors in them count as well. */
UNIT_TEST(too_many_strips_are_all_read)
{
	struct famfs_fmap_verdict v;
	struct fmap f;

	add_header(&f, FAMFS_EXT_INTERLEAVE, 2, 32 * 2 * M);
	add_interleaved(&f, 40, 2 * M, 64 * M);
	for (uint64_t i = 0; i < 40; i++)
		add_extent(&f, (i + 5) * 2 * M, 2 * M);
	put(&f, f.len - 24, 4, 1);
	add_interleaved(&f, 1, 2 * M, 1);
	add_extent(&f, 1, 0);
	famfs_fmap_judge(f.b, f.len, NULL, &v);
	CHECK_EQ(v.kernel_rc, -EINVAL);
	CHECK_EQ(v.rejected, BIT(6) | BIT(7) | BIT(13) | BIT(15));
}

/* The largest that there is, in the worst order, with and without one overlap in it. */
UNIT_TEST(largest_messages)
{
	for (uint64_t shift = 0; shift <= 1; shift++) {
		struct famfs_fmap_verdict v;
		struct fmap f;

		add_header(&f, FAMFS_EXT_INTERLEAVE, 32, 32 * 32 * 2 * M);
		for (uint64_t i = 0; i < 32; i++) {
			add_interleaved(&f, 32, 2 * M, 32 * 2 * M);
			for (uint64_t j = 0; j < 32; j++)
				add_extent(&f, (2048 - i * 32 - j) * 2 * M, 2 * M);
		}
		put(&f, 32 + 24 + 8, 8, (2048 - shift) * 2 * M);
		famfs_fmap_judge(f.b, f.len, NULL, &v);
		CHECK_EQ(v.kernel_rc, 0);
		CHECK_EQ(v.unsafe, BIT(10) | (shift ? BIT(3) : 0));
	}
}

/* ------------------------------------------------------- random messages */

static uint64_t rng_state;

static uint64_t rng(void)
{
	uint64_t z = (rng_state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static uint64_t below(uint64_t limit)
{
	return rng() % limit;
}

static bool one_in(uint64_t n)
{
	return below(n) == 0;
}

static uint64_t odd_value(void)
{
	static const uint64_t values[] = {
		0,         1,          2,          3,          31,     32,        33,
		63,        64,         255,        2 * M - 1,  2 * M,  2 * M + 1, 3 * M,
		4 * M,     UINT32_MAX, 1ULL << 32, 1ULL << 63, -1ULL,  -2 * M,    -4 * M,
		INT64_MAX, 1ULL << 31, 3ULL << 62, 5ULL << 61, 40 * M, 0x40000,   -64 * M,
	};

	return one_in(4) ? rng() : values[below(UNIT_NR(values))];
}

/* Extents that mostly lie one behind the other, and sometimes anywhere. */
static uint64_t random_extent(struct fmap *f, uint64_t *next)
{
	uint64_t len = (one_in(20) ? 0 : 1 + below(4)) * 2 * M;
	uint64_t off = *next;

	if (one_in(40))
		off = below(64) * 2 * M;
	if (one_in(200))
		len = odd_value() & ~(2 * M - 1);
	*next += len + below(2) * 2 * M;
	add_extent(f, off, len);
	return len;
}

static uint64_t random_strips(struct fmap *f, uint64_t *next, uint64_t *left, uint64_t most)
{
	static const uint32_t chunks[] = { 2 * M, 2 * M, 2 * M, 4 * M, 6 * M, 32 * M, 1U << 31 };
	uint32_t nstrips = 1 + (uint32_t)below(one_in(20) ? 33 : most);
	uint32_t chunk = one_in(100) ? 0 : chunks[below(UNIT_NR(chunks))];
	size_t at = f->len;
	uint64_t len = (1 + below(4)) * 2 * M, total = 0, nbytes;

	add_interleaved(f, nstrips, chunk, 0);
	for (uint32_t i = 0; i < nstrips; i++) {
		/* Strips of one length are what a careful writer makes. */
		if (one_in(2)) {
			add_extent(f, *next, len);
			*next += len;
			total += len;
		} else {
			total += random_extent(f, next);
		}
	}
	nbytes = one_in(10) ? odd_value() : one_in(3) ? *left : total - below(3) * M;
	if (!nbytes && !one_in(20))
		nbytes = 1;
	*left -= nbytes < *left ? nbytes : *left;
	put(f, at + 8, 8, nbytes);
	return total;
}

static void random_valid(struct fmap *f)
{
	bool interleaved = one_in(2);
	uint32_t nextents = 1 + (uint32_t)below(one_in(20) ? 32 : 4);
	uint64_t next = below(12) * 2 * M, total = 0, left = below(128) * M;
	uint64_t most = one_in(20) ? 32 : 6;

	add_header(f, interleaved, nextents, 0);
	for (uint32_t i = 0; i < nextents; i++)
		total += interleaved ? random_strips(f, &next, &left, most)
				     : random_extent(f, &next);
	if (one_in(2))
		total -= below(total / M + 1) * M;
	put(f, 0, 1, one_in(10) ? 1 + below(2) : 0);
	put(f, 16, 8, one_in(30) ? odd_value() : total - (total ? below(2) : 0));
}

static void mutate(struct fmap *f)
{
	size_t at = below(f->len / 4 + 1) * 4;

	switch (below(5)) {
	case 0:
		put(f, at, 4, odd_value());
		break;
	case 1:
		put(f, at & ~(size_t)7, 8, odd_value());
		break;
	case 2:
		f->b[below(f->len + 1)] ^= (uint8_t)(1 << below(8));
		break;
	case 3:
		f->len -= below(f->len < 60 ? f->len + 1 : 60);
		break;
	case 4:
		f->len += below(25);
		break;
	}
}

static void random_message(struct fmap *f)
{
	switch (below(8)) {
	case 0:
		f->len = below(400);
		for (size_t i = 0; i < f->len; i++)
			f->b[i] = (uint8_t)rng();
		if (one_in(2))
			put(f, 4, 8, below(3) | below(40) << 32);
		return;
	case 1:
	case 2:
	case 3:
		random_valid(f);
		return;
	default:
		random_valid(f);
		for (uint64_t i = 0; i <= below(3); i++)
			mutate(f);
	}
}

static bool same(const struct famfs_fmap_verdict *a, const struct famfs_fmap_verdict *b)
{
	return a->kernel_rc == b->kernel_rc && a->stop == b->stop && a->rejected == b->rejected &&
	       a->unsafe == b->unsafe && a->file_type == b->file_type &&
	       a->file_size == b->file_size && a->ext_type == b->ext_type &&
	       a->nextents == b->nextents && a->dev_bitmap == b->dev_bitmap;
}

struct seen {
	uint64_t accepted, safe, by_hand;
	uint32_t rejected, unsafe;
};

/* The message is judged where it ends at an allocation's end, so that no byte behind it is read. */
static bool round_agrees(const struct fmap *f, struct seen *seen)
{
	struct famfs_fmap_limits limits = {
		.dev_size = one_in(3) ? 0 : below(100) * 2 * M,
		.data_off = one_in(3) ? 0 : below(6) * 2 * M + below(2),
		.kernel = one_in(2) ? FAMFS_KERNEL_V7 : FAMFS_KERNEL_V10,
	};
	struct famfs_fmap_verdict got, want;
	uint8_t *copy = malloc(f->len ? f->len : 1);

	if (!copy)
		abort();
	memcpy(copy, f->b, f->len);
	famfs_fmap_judge(copy, f->len, &limits, &got);
	seen->by_hand += naive_judge(copy, f->len, &limits, &want);
	free(copy);
	seen->accepted += want.kernel_rc == 0;
	seen->safe += want.kernel_rc == 0 && want.unsafe == 0;
	seen->rejected |= want.rejected;
	seen->unsafe |= want.unsafe;
	return same(&got, &want);
}

UNIT_TEST(random_messages_as_by_the_naive_judge)
{
	const char *env = getenv("FAMFS_TEST_ROUNDS");
	uint64_t rounds = env ? strtoull(env, NULL, 0) : 2000000;
	static struct fmap f;
	struct seen seen = { 0 };
	uint64_t agreed = 0;

	for (uint64_t i = 0; i < rounds; i++) {
		rng_state = i << 20;
		random_message(&f);
		UNIT_ROW("round %" PRIu64, i);
		if (!CHECK(round_agrees(&f, &seen)))
			break;
		agreed++;
	}
	CHECK_EQ(agreed, rounds);
	printf("# %" PRIu64 " accepted, %" PRIu64 " of them safe, %" PRIu64 " dealt by hand\n",
	       seen.accepted, seen.safe, seen.by_hand);
	if (rounds < 100000)
		return;
	/* Messages of every kind were among them; U8 cannot pass K6. */
	CHECK_EQ(seen.rejected, 0x1fffe);
	CHECK_EQ(seen.unsafe, 0x7fe & ~BIT(8));
	CHECK(seen.safe > rounds / 50);
	CHECK(seen.by_hand > rounds / 50);
}

UNIT_MAIN

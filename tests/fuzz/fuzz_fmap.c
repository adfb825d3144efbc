/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages from anywhere: the judgement must be the one that the naive judge comes to. The input is
 * the limits (17 bytes), then the message.
 */
#include <string.h>

#include "le.h"
#include "naive_fmap.h"

#include "fuzz.h"

#define LIMITS_LEN 17

struct limits_raw {
	struct le64 dev_size, data_off;
	uint8_t kernel;
};

static void require_same(const struct famfs_fmap_verdict *got,
			 const struct famfs_fmap_verdict *want)
{
	FUZZ_REQUIRE(got->kernel_rc == want->kernel_rc && got->rejected == want->rejected &&
			     got->unsafe == want->unsafe,
		     "judged %d 0x%x 0x%x, naively %d 0x%x 0x%x", got->kernel_rc, got->rejected,
		     got->unsafe, want->kernel_rc, want->rejected, want->unsafe);
	if (got->kernel_rc)
		return;
	FUZZ_REQUIRE(got->file_type == want->file_type && got->file_size == want->file_size &&
			     got->ext_type == want->ext_type && got->nextents == want->nextents &&
			     got->dev_bitmap == want->dev_bitmap,
		     "the kernel would hold something else");
}

/* What the kernel takes can be taken apart, and has as many records as it says. */
static void decode(const uint8_t *msg, size_t len, const struct famfs_fmap_verdict *verdict)
{
	struct famfs_fmap_iter iter;
	struct famfs_fmap_head head;
	struct famfs_fmap_part part;
	uint64_t extents = 0, nr = 0;
	int rc = famfs_fmap_iter_init(&iter, msg, len, &head, NULL);

	if (rc) {
		FUZZ_REQUIRE(verdict->kernel_rc, "accepted, and not to be read");
		return;
	}
	while ((rc = famfs_fmap_iter_next(&iter, &part, NULL)) > 0) {
		FUZZ_REQUIRE(++nr <= len / 24, "more records than bytes");
		extents += part.kind != FAMFS_FMAP_STRIP;
	}
	FUZZ_REQUIRE(verdict->kernel_rc || (!rc && extents == verdict->nextents),
		     "%" PRIu64 " extents of an accepted message: %d", extents, rc);
}

void fuzz_one(const uint8_t *data, size_t size)
{
	struct famfs_fmap_limits limits = { 0 };
	struct famfs_fmap_verdict got, want;
	struct limits_raw raw = { 0 };

	if (size < LIMITS_LEN)
		return;
	memcpy(&raw, data, LIMITS_LEN);
	limits.dev_size = le64_get(raw.dev_size);
	limits.data_off = le64_get(raw.data_off);
	limits.kernel = raw.kernel & 1 ? FAMFS_KERNEL_V10 : FAMFS_KERNEL_V7;
	famfs_fmap_judge(data + LIMITS_LEN, size - LIMITS_LEN, &limits, &got);
	(void)naive_judge(data + LIMITS_LEN, size - LIMITS_LEN, &limits, &want);
	require_same(&got, &want);
	decode(data + LIMITS_LEN, size - LIMITS_LEN, &got);
}

static void put64(uint8_t *at, uint64_t value)
{
	struct le64 raw = le64_of(value);

	memcpy(at, &raw, sizeof(raw));
}

static void put32(uint8_t *at, uint64_t value)
{
	struct le32 raw = le32_of((uint32_t)value);

	memcpy(at, &raw, sizeof(raw));
}

/* An extent or strip that is likely to be taken. */
static uint8_t *put_extent(uint8_t *at, struct fuzz_random *random)
{
	bool odd = fuzz_below(random, 8) == 0;

	put32(at, odd ? fuzz_below(random, 2) : 0);
	put64(at + 8, odd ? fuzz_value(random) : fuzz_below(random, 30) * FAMFS_AU);
	put64(at + 16, odd ? fuzz_value(random) : fuzz_below(random, 5) * FAMFS_AU);
	return at + 24;
}

static uint8_t *put_interleaved(uint8_t *at, struct fuzz_random *random)
{
	uint32_t nstrips = 1 + (uint32_t)fuzz_below(random, 5);

	put32(at, nstrips);
	put32(at + 4, fuzz_below(random, 4) * FAMFS_AU);
	put64(at + 8,
	      fuzz_below(random, 2) ? fuzz_value(random) : fuzz_below(random, 12 * FAMFS_AU));
	at += 24;
	while (nstrips--)
		at = put_extent(at, random);
	return at;
}

/* A whole new message with everything in its place; needs at most 17 + 32 + 4 * 6 * 24 bytes. */
static size_t make_message(uint8_t *data, struct fuzz_random *random)
{
	uint8_t *at = data + LIMITS_LEN;
	uint32_t nr = 1 + (uint32_t)fuzz_below(random, 4), type = (uint32_t)fuzz_below(random, 2);

	memset(data, 0, LIMITS_LEN + 32 + 4 * 6 * 24);
	put64(data, fuzz_below(random, 40) * FAMFS_AU);
	put64(data + 8, fuzz_below(random, 6) * FAMFS_AU);
	data[16] = (uint8_t)fuzz_below(random, 2);
	at[2] = 1;
	put32(at + 4, type);
	put32(at + 8, nr);
	put64(at + 16, fuzz_below(random, 12 * FAMFS_AU));
	at += 32;
	while (nr--)
		at = type ? put_interleaved(at, random) : put_extent(at, random);
	return (size_t)(at - data);
}

/* A word of the header or of an extent gets a value that matters. */
static void change_word(uint8_t *data, size_t size, struct fuzz_random *random)
{
	bool wide = fuzz_below(random, 2);
	size_t words = (size - LIMITS_LEN) / 4 - (wide ? 1 : 0);
	uint8_t *at = data + LIMITS_LEN + fuzz_below(random, words) * 4;

	if (wide)
		put64(at, fuzz_value(random));
	else
		put32(at, fuzz_value(random));
}

size_t fuzz_mutate(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	struct fuzz_random random = { seed };

	if (max < 1024)
		return size;
	switch (fuzz_below(&random, 8)) {
	case 0:
		return make_message(data, &random);
	case 1:
	case 2:
	case 3:
		if (size > LIMITS_LEN + 32)
			change_word(data, size, &random);
		return size;
	default:
		return LLVMFuzzerMutate(data, size, max);
	}
}

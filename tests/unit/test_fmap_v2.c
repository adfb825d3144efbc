/* SPDX-License-Identifier: Apache-2.0 */
/* Unrolling for v2, against FMAP.md 5 chunk by chunk; and decoding, whatever a message says. */
#include <errno.h>

#include "famfs.h"
#include "unit.h"

#define M (1ULL << 20)

static struct famfs_entry strips(uint64_t size, uint64_t chunk, uint32_t nr)
{
	struct famfs_entry entry = {
		.path = "dir/file",
		.size = size,
		.ext_type = FAMFS_EXT_INTERLEAVE,
		.nextents = 1,
		.nstrips = nr,
		.chunk_size = chunk,
		.extents_nr = nr,
	};

	for (uint32_t i = 0; i < nr; i++)
		entry.extents[i] = (struct famfs_extent){ .off = (i * 7 + 3) % 16 * 1024 * M,
							  .len = 512 * M };
	return entry;
}

static uint64_t get(const uint8_t *b, size_t at, size_t bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value * 256 + b[at + bytes];
	return value;
}

/* Every chunk by hand; the message ends where the buffer does. */
static void check_unrolled(const struct famfs_entry *entry)
{
	uint64_t n = entry->nstrips, chunk = entry->chunk_size;
	uint64_t nr = (entry->size + chunk - 1) / chunk;
	struct famfs_reply reply = { .cap = 32 + 24 * nr };
	uint8_t *b = reply.buf = malloc(reply.cap);

	REQUIRE(b);
	CHECK_EQ(famfs_fmap_encode(entry, famfs_wire(FAMFS_WIRE_V2), &reply, NULL), 0);
	CHECK_EQ(reply.len, reply.cap);
	CHECK_EQ(get(b, 0, 4), 0x10000);
	CHECK_EQ(get(b, 4, 4), FAMFS_EXT_SIMPLE);
	CHECK_EQ(get(b, 8, 4), nr);
	CHECK_EQ(get(b, 12, 4), reply.len);
	CHECK_EQ(get(b, 16, 8), entry->size);
	CHECK_EQ(get(b, 24, 8), 0);
	for (uint64_t c = 0; c < nr; c++) {
		uint64_t left = entry->size - c * chunk;
		uint64_t len = left >= chunk ? chunk : (left + 2 * M - 1) / (2 * M) * 2 * M;
		size_t at = 32 + 24 * c;

		CHECK_EQ(get(b, at, 8), entry->extents[c % n].dev_index);
		CHECK_EQ(get(b, at + 8, 8), entry->extents[c % n].off + c / n * chunk);
		CHECK_EQ(get(b, at + 16, 8), len);
	}
	reply.cap--;
	CHECK_EQ(famfs_fmap_encode(entry, famfs_wire(FAMFS_WIRE_V2), &reply, NULL), -ENOSPC);
	free(b);
}

UNIT_TEST(unrolled_chunk_by_chunk)
{
	static const uint64_t tails[] = { 0, 1, 2 * M - 1, 2 * M, 2 * M + 1 };

	for (uint32_t n = 1; n <= 16; n += n < 4 ? 1 : 4)
		for (uint64_t chunk = 2 * M; chunk <= 8 * M; chunk *= 2)
			for (uint64_t chunks = 0; chunks <= 2 * n + 1; chunks++)
				for (size_t i = 0; i < UNIT_NR(tails); i++) {
					struct famfs_entry entry = strips(chunks * chunk + tails[i],
									  chunk, n);

					UNIT_ROW("%u strips, %" PRIu64 " bytes", n, entry.size);
					entry.extents[n - 1].dev_index = n;
					if (entry.size)
						check_unrolled(&entry);
				}
}

UNIT_TEST(simple_extents_stay)
{
	struct famfs_entry entry = { .size = 5 * M, .nextents = 2, .extents_nr = 2 };
	uint8_t b[80];
	struct famfs_reply reply = { .buf = b, .cap = sizeof(b) };

	entry.extents[0] = (struct famfs_extent){ 0, 16 * M, 2 * M };
	entry.extents[1] = (struct famfs_extent){ 3, 32 * M, 4 * M };
	CHECK_EQ(famfs_fmap_encode(&entry, famfs_wire(FAMFS_WIRE_V2), &reply, NULL), 0);
	CHECK_EQ(reply.len, 80);
	CHECK_EQ(get(b, 12, 4), 80);
	CHECK_EQ(get(b, 56, 4), 3);
	CHECK_EQ(get(b, 64, 8), 32 * M);
}

static void refused(struct famfs_entry *entry, int rc, const char *message)
{
	struct famfs_reply reply = { .cap = 0 };
	struct famfs_err err = { 0 };

	UNIT_ROW("%s", message);
	CHECK_EQ(famfs_fmap_encode(entry, famfs_wire(FAMFS_WIRE_V2), &reply, &err), rc);
	CHECK_HAS(err.message, message);
	CHECK_STR(err.object, "dir/file");
	CHECK(err.hint[0]);
}

UNIT_TEST(what_cannot_be_unrolled)
{
	struct famfs_entry entry = strips(1ULL << 40, 2 * M, 2);

	refused(&entry, -ENOSPC, "12582944 bytes");
	entry.size++;
	refused(&entry, -E2BIG, "524289 extents, and v2 takes 524288");
	entry = strips(UINT64_MAX, 1, 2);
	refused(&entry, -E2BIG, "18446744073709551615 extents");
	entry = strips(8 * M, 0, 2);
	refused(&entry, -EUCLEAN, "chunk size is 0");
	entry = strips(0, 2 * M, 2);
	refused(&entry, -EUCLEAN, "the size is 0");
	entry = strips(8 * M, 2 * M, 2);
	entry.extents[1].off = UINT64_MAX - 2 * M + 1;
	refused(&entry, -EUCLEAN, "strip 1 goes past 64 bits");
	entry.extents[1].off = UINT64_MAX - 2 * M;
	refused(&entry, -ENOSPC, "128 bytes");
}

/* ----------------------------------------------------------------- decoding */

/* Reads all there is; the message lies at the end of its memory, so that no byte behind is read. */
static int walk(const uint8_t *msg, size_t len, uint64_t *ret_parts, struct famfs_fmap_part *last)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct famfs_fmap_iter iter;
	struct famfs_fmap_head head;
	int rc;

	if (!CHECK(copy))
		return -ENOMEM;
	memcpy(copy, msg, len);
	*ret_parts = 0;
	rc = famfs_fmap_iter_init(&iter, copy, len, &head, NULL);
	if (!rc)
		while ((rc = famfs_fmap_iter_next(&iter, last, NULL)) > 0)
			++*ret_parts;
	free(copy);
	return rc;
}

static void cut_off(const struct famfs_entry *entry, const struct famfs_wire *wire)
{
	static uint8_t b[32 << 10];
	struct famfs_reply reply = { .buf = b, .cap = sizeof(b) };
	struct famfs_fmap_part part;
	uint64_t parts;

	CHECK_EQ(famfs_fmap_encode(entry, wire, &reply, NULL), 0);
	for (size_t len = 0; len <= reply.len; len++) {
		UNIT_ROW("%zu of %zu bytes", len, reply.len);
		CHECK_EQ(walk(b, len, &parts, &part), len < reply.len ? -EUCLEAN : 0);
		CHECK_EQ(parts, len < 32 ? 0 : (len - 32) / 24);
	}
	if (!wire) {
		CHECK_EQ(part.kind, FAMFS_FMAP_STRIP);
		CHECK_EQ(part.strip, 15);
	}
	CHECK_EQ(part.where.off, get(b, reply.len - 16, 8));
}

UNIT_TEST(cut_off_at_every_byte)
{
	struct famfs_entry entry = strips(64 * M, 2 * M, 16);

	cut_off(&entry, NULL);
	entry = strips(2040 * M, 2 * M, 16);
	cut_off(&entry, famfs_wire(FAMFS_WIRE_V2));
}

/* Counts of 4 billion, of nothing, and types that are not known. */
UNIT_TEST(counts_that_are_not_true)
{
	static const uint32_t counts[] = { 0, 1, 2, 33, UINT32_MAX - 1, UINT32_MAX };
	static uint8_t b[40000];
	struct famfs_fmap_part part;
	uint64_t parts;

	for (uint32_t type = 0; type < 3; type++)
		for (size_t i = 0; i < UNIT_NR(counts); i++)
			for (size_t j = 0; j < UNIT_NR(counts); j++) {
				memset(b, 0, sizeof(b));
				b[4] = (uint8_t)type;
				memcpy(b + 8, &counts[i], 4);
				memcpy(b + 32, &counts[j], 4);
				UNIT_ROW("type %u, %u extents, %u", type, counts[i], counts[j]);
				CHECK(walk(b, sizeof(b), &parts, &part) <= 0);
				CHECK(parts <= sizeof(b) / 24);
			}
	memset(b, 0, sizeof(b));
	b[4] = 2;
	b[8] = 1;
	CHECK_EQ(walk(b, 56, &parts, &part), -EUCLEAN);
	/* Interleaved extents without strips follow each other. */
	b[4] = 1;
	b[8] = 3;
	CHECK_EQ(walk(b, 32 + 3 * 24, &parts, &part), 0);
	CHECK_EQ(parts, 3);
	CHECK_EQ(part.extent, 2);
}

UNIT_MAIN

/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a byte of a device is, on good media and on bad. */
#include <fcntl.h>
#include <unistd.h>

#include "unit.h"
#include "scratch.h"
#include "image.h"

#define IMG "owner.img"

struct want {
	const char *path;
	uint64_t file_off, off, len;
	uint32_t strip;
};

struct setup {
	struct famfs_ctx *ctx;
	struct famfs *fs;
};

static struct famfs_entry striped(void)
{
	struct famfs_entry entry = image_file("wide", 0, 6 * MIB);

	entry.ext_type = FAMFS_EXT_INTERLEAVE;
	entry.nstrips = entry.extents_nr = 2;
	entry.chunk_size = 2 * MIB;
	entry.extents[0] = (struct famfs_extent){ 0, 16 * MIB, 4 * MIB };
	entry.extents[1] = (struct famfs_extent){ 0, 32 * MIB, 4 * MIB };
	return entry;
}

static void put(uint64_t index, const struct famfs_entry *entry)
{
	image_put(IMG, index, entry);
	image_counters(IMG, index + 1, index + 1);
}

static struct setup begin(void)
{
	struct setup s = { .ctx = image_ctx() };
	struct famfs_entry entry;

	image_make(s.ctx, IMG, 64 * MIB, IMAGE_LOG_LEN);
	entry = image_file("a", 8 * MIB, 4 * MIB);
	put(0, &entry);
	entry = striped();
	put(1, &entry);
	return s;
}

static void check(struct setup *s, uint64_t off, uint64_t len, const struct want *want)
{
	struct famfs_owners owners;
	struct famfs_fmap_piece piece;
	int rc;

	if (!s->fs)
		s->fs = image_open(s->ctx, IMG, 0);
	REQUIRE(s->fs);
	famfs_owners_init(&owners, s->fs, off, len);
	for (; want->path; want++) {
		UNIT_ROW("%s at %" PRIu64 " of %" PRIu64 "+%" PRIu64, want->path, want->off, off,
			 len);
		rc = famfs_owners_next(&owners, &piece, NULL);
		if (!CHECK_EQ(rc, 1))
			return;
		CHECK_STR(owners.entry.path, want->path);
		CHECK_EQ(piece.file_off, want->file_off);
		CHECK_EQ(piece.where.off, want->off);
		CHECK_EQ(piece.where.len, want->len);
		CHECK_EQ(piece.strip, want->strip);
	}
	UNIT_ROW("end of %" PRIu64 "+%" PRIu64, off, len);
	CHECK_EQ(famfs_owners_next(&owners, &piece, NULL), 0);
	CHECK_EQ(famfs_owners_next(&owners, &piece, NULL), 0);
}

static void end(struct setup *s)
{
	famfs_close(s->fs);
	famfs_ctx_free(s->ctx);
}

UNIT_TEST(metadata_files_and_free_space)
{
	struct setup s = begin();

	check(&s, 0, 1, (struct want[]){ { ".meta/.superblock", 0, 0, 1, 0 }, { 0 } });
	check(&s, 2 * MIB - 1, 2,
	      (struct want[]){ { ".meta/.superblock", 2 * MIB - 1, 2 * MIB - 1, 1, 0 },
			       { ".meta/.log", 0, 2 * MIB, 1, 0 },
			       { 0 } });
	check(&s, IMAGE_DATA, 4 * MIB, (struct want[]){ { 0 } });
	check(&s, 8 * MIB, 1, (struct want[]){ { "a", 0, 8 * MIB, 1, 0 }, { 0 } });
	check(&s, 12 * MIB - 1, 2,
	      (struct want[]){ { "a", 4 * MIB - 1, 12 * MIB - 1, 1, 0 }, { 0 } });
	check(&s, 12 * MIB, 4 * MIB, (struct want[]){ { 0 } });
	check(&s, 1ULL << 40, 1, (struct want[]){ { 0 } });
	check(&s, UINT64_MAX, 1, (struct want[]){ { 0 } });
	check(&s, 0, 0, (struct want[]){ { 0 } });
	end(&s);
}

UNIT_TEST(strips_and_what_no_byte_lies_in)
{
	struct setup s = begin();

	check(&s, 18 * MIB + 5, 1,
	      (struct want[]){ { "wide", 4 * MIB + 5, 18 * MIB + 5, 1, 0 }, { 0 } });
	check(&s, 32 * MIB, 5 * MIB,
	      (struct want[]){ { "wide", 2 * MIB, 32 * MIB, 2 * MIB, 1 },
			       { "wide", FAMFS_NONE, 34 * MIB, 2 * MIB, 1 },
			       { 0 } });
	end(&s);
}

/* Everything on the device, from one end to the other and past it. */
UNIT_TEST(the_whole_device)
{
	struct setup s = begin();

	check(&s, 0, UINT64_MAX,
	      (struct want[]){ { ".meta/.superblock", 0, 0, 2 * MIB, 0 },
			       { ".meta/.log", 0, 2 * MIB, IMAGE_LOG_LEN, 0 },
			       { "a", 0, 8 * MIB, 4 * MIB, 0 },
			       { "wide", 0, 16 * MIB, 2 * MIB, 0 },
			       { "wide", 4 * MIB, 18 * MIB, 2 * MIB, 0 },
			       { "wide", 2 * MIB, 32 * MIB, 2 * MIB, 1 },
			       { "wide", FAMFS_NONE, 34 * MIB, 2 * MIB, 1 },
			       { 0 } });
	end(&s);
}

/* Whoever has it, by whatever name; only this device's extents count. */
UNIT_TEST(overlaps_bad_names_and_damaged_maps)
{
	struct setup s = begin();
	struct famfs_entry entry = image_file("../evil", 10 * MIB, 4 * MIB);

	put(2, &entry);
	entry = image_file("elsewhere", 8 * MIB, 8 * MIB);
	entry.extents[0].dev_index = 1;
	put(3, &entry);
	entry = striped();
	(void)snprintf(entry.path, sizeof(entry.path), "damaged");
	entry.nstrips = 1000000;
	entry.extents[0].off = 10 * MIB;
	put(4, &entry);
	entry = image_file("endless", 56 * MIB, 2 * MIB);
	entry.extents[0].len = UINT64_MAX - 2 * MIB;
	put(5, &entry);
	check(&s, 11 * MIB, 1,
	      (struct want[]){ { "a", 3 * MIB, 11 * MIB, 1, 0 },
			       { "../evil", MIB, 11 * MIB, 1, 0 },
			       { "damaged", FAMFS_NONE, 11 * MIB, 1, 0 },
			       { 0 } });
	check(&s, 58 * MIB - 1, 2,
	      (struct want[]){ { "endless", 2 * MIB - 1, 58 * MIB - 1, 1, 0 },
			       { "endless", FAMFS_NONE, 58 * MIB, 1, 0 },
			       { 0 } });
	end(&s);
}

/* What an image has no answer for. */
UNIT_TEST(physical_addresses_of_an_image)
{
	struct setup s = begin();
	struct famfs_err err = { 0 };
	uint64_t value = 7;

	s.fs = image_open(s.ctx, IMG, 0);
	REQUIRE(s.fs);
	CHECK_EQ(famfs_physical(s.fs, 0, &value, &value, &err), -ENODATA);
	CHECK_HAS(err.message, "image");
	CHECK_EQ(famfs_physical_off(s.fs, 0, &value, &err), -ENODATA);
	CHECK_EQ(value, 7);
	end(&s);
}

UNIT_MAIN

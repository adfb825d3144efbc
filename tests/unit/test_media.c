/* SPDX-License-Identifier: Apache-2.0 */
/* The expected bytes are put together by offset from FORMAT.md 1, not through the structures. */
#include "csum.h"
#include "media.h"
#include "unit.h"

static void put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static void put64(uint8_t *at, uint64_t value)
{
	put32(at, (uint32_t)value);
	put32(at + 4, (uint32_t)(value >> 32));
}

static void fill(void *buf, size_t len, uint8_t first)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)buf)[i] = (uint8_t)(first + i);
}

static struct famfs_super any_super(void)
{
	struct famfs_super super = {
		.version = 48,
		.log_off = 0x200000,
		.log_len = 0x1122334455667788,
		.alloc_unit = 0x99aabbccddeeff01,
		.omf_major = 0x01020304,
		.omf_minor = 0x05060708,
		.dev_size = 0xfedcba9876543210,
	};

	fill(super.uuid, 16, 0x10);
	fill(super.dev_uuid, 16, 0x30);
	fill(super.system_uuid, 16, 0x50);
	memset(super.daxdev, 'd', 64);
	return super;
}

static void super_bytes(uint8_t raw[200])
{
	memset(raw, 0, 200);
	put64(raw, 0x87b282ff);
	put64(raw + 8, 48);
	put64(raw + 16, 0x200000);
	put64(raw + 24, 0x1122334455667788);
	put64(raw + 32, 0x99aabbccddeeff01);
	put32(raw + 40, 0x01020304);
	put32(raw + 44, 0x05060708);
	fill(raw + 48, 16, 0x10);
	fill(raw + 64, 16, 0x30);
	fill(raw + 80, 16, 0x50);
	put64(raw + 96, csum_crc32(raw, 96));
	put64(raw + 112, 0xfedcba9876543210);
	memset(raw + 136, 'd', 64);
}

UNIT_TEST(superblock)
{
	struct famfs_super super = any_super(), back;
	uint8_t want[200];
	struct fm_super raw;

	super_bytes(want);
	memset(&raw, 0xaa, sizeof(raw));
	media_super_encode(&super, &raw);
	CHECK_MEM(&raw, want, 200);
	CHECK(media_super_crc_ok(&raw));
	memset(&back, 0xaa, sizeof(back));
	media_super_decode((const struct fm_super *)want, &back);
	CHECK_MEM(&back, &super, sizeof(super));
	CHECK_EQ(strlen(back.daxdev), 64);
	strcpy(super.daxdev, "/dev/dax0.0");
	media_super_encode(&super, &raw);
	CHECK_STR((const char *)&raw + 136, "/dev/dax0.0");
	media_super_decode(&raw, &back);
	CHECK_STR(back.daxdev, "/dev/dax0.0");
}

UNIT_TEST(superblock_checksum_covers_96_bytes)
{
	struct famfs_super super = any_super();
	struct fm_super raw;

	media_super_encode(&super, &raw);
	for (size_t i = 0; i < 200; i++) {
		UNIT_ROW("%zu", i);
		((uint8_t *)&raw)[i] ^= 0x80;
		/* The upper half of the checksum field counts as well. */
		CHECK_EQ(media_super_crc_ok(&raw), i >= 104);
		((uint8_t *)&raw)[i] ^= 0x80;
	}
}

UNIT_TEST(log_header)
{
	static const uint8_t magic[8] = { 0x0d, 0xf0, 0xfe, 0xca, 0xad, 0x0b, 0, 0 };
	struct media_log log = { .len = 0x800000, .last_index = 15419 }, back;
	uint8_t want[48] = { 0 };
	struct fm_log raw;

	put64(want, 0xbadcafef00d);
	CHECK_MEM(want, magic, 8);
	put64(want + 8, 0x800000);
	put64(want + 16, 15419);
	put64(want + 24, 2777108600);
	memset(&raw, 0xaa, sizeof(raw));
	media_log_encode(&log, &raw);
	CHECK_MEM(&raw, want, 48);
	put64(want + 32, 0x1020304050607080);
	put64(want + 40, 0x90a0b0c0d0e0f000);
	log.next_seqnum = 0x1020304050607080;
	log.next_index = 0x90a0b0c0d0e0f000;
	media_log_encode(&log, &raw);
	CHECK_MEM(&raw, want, 48);
	memset(&back, 0xaa, sizeof(back));
	media_log_decode((const struct fm_log *)want, &back);
	CHECK_MEM(&back, &log, sizeof(log));
	for (size_t i = 0; i < 48; i++) {
		UNIT_ROW("%zu", i);
		((uint8_t *)&raw)[i] ^= 1;
		CHECK_EQ(media_log_crc_ok(&raw), i >= 32);
		((uint8_t *)&raw)[i] ^= 1;
	}
}

UNIT_TEST(slots)
{
	static const struct {
		uint64_t len, slots;
	} rows[] = {
		{ 0, 0 },
		{ 47, 0 },
		{ 48, 0 },
		{ 591, 0 },
		{ 592, 1 },
		{ 1135, 1 },
		{ 1136, 2 },
		{ 2ULL << 20, 3854 },
		{ 8ULL << 20, 15420 },
		{ 16ULL << 20, 30840 },
		{ 64ULL << 20, 123361 },
		{ 256ULL << 20, 493447 },
		{ 1ULL << 30, 1973790 },
		{ UINT64_MAX, (UINT64_MAX - 48) / 544 },
	};

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		UNIT_ROW("%" PRIu64, rows[i].len);
		CHECK_EQ(media_log_slots(rows[i].len), rows[i].slots);
	}
	CHECK_EQ(media_slot_off(0), 0x200030);
	CHECK_EQ(media_slot_off(1), 0x200250);
	CHECK_EQ(media_slot_off(15419), 0x200030 + 15419ULL * 544);
	CHECK_EQ(MEDIA_ENTRY_LEN, 544);
}

static struct famfs_entry any_file(uint32_t ext_type)
{
	struct famfs_entry entry = {
		.index = 77,
		.seqnum = 0x0102030405060708,
		.type = FAMFS_ENTRY_FILE,
		.mode = 0x8a9b0c0d,
		.uid = 0x11121314,
		.gid = 0x21222324,
		.flags = 2,
		.size = 0x3132333435363738,
		.ext_type = ext_type,
		.nextents = 16,
		.extents_nr = 16,
	};

	memset(entry.path, 'p', 79);
	if (ext_type == FAMFS_EXT_INTERLEAVE) {
		entry.nextents = 1;
		entry.nstrips = 16;
		entry.chunk_size = 0x4142434445464748;
	}
	for (uint64_t i = 0; i < 16; i++) {
		entry.extents[i].dev_index = 0x5000000000000000 + i;
		entry.extents[i].off = 0x6000000000000000 + i;
		entry.extents[i].len = 0x7000000000000000 + i;
	}
	return entry;
}

static void file_bytes(uint8_t raw[544], uint32_t ext_type)
{
	uint8_t *extents = raw + (ext_type == FAMFS_EXT_INTERLEAVE ? 152 : 136);

	memset(raw, 0, 544);
	put64(raw, 0x0102030405060708);
	put64(raw + 16, 0x3132333435363738);
	put32(raw + 24, 2);
	put32(raw + 28, 0x11121314);
	put32(raw + 32, 0x21222324);
	put32(raw + 36, 0x8a9b0c0d);
	memset(raw + 40, 'p', 79);
	put32(raw + 120, ext_type);
	put32(raw + 128, ext_type == FAMFS_EXT_INTERLEAVE ? 1 : 16);
	if (ext_type == FAMFS_EXT_INTERLEAVE) {
		put64(raw + 136, 16);
		put64(raw + 144, 0x4142434445464748);
	}
	for (uint64_t i = 0; i < 16; i++) {
		put64(extents + 24 * i, 0x5000000000000000 + i);
		put64(extents + 24 * i + 8, 0x6000000000000000 + i);
		put64(extents + 24 * i + 16, 0x7000000000000000 + i);
	}
	put64(raw + 536, csum_crc32(raw, 536));
}

UNIT_TEST(file_entries)
{
	for (uint32_t type = FAMFS_EXT_SIMPLE; type <= FAMFS_EXT_INTERLEAVE; type++) {
		struct famfs_entry entry = any_file(type), back;
		uint8_t want[544];
		struct fm_entry raw;

		UNIT_ROW("type %u", type);
		file_bytes(want, type);
		memset(&raw, 0xaa, sizeof(raw));
		media_entry_encode(&entry, &raw);
		CHECK_MEM(&raw, want, 544);
		memset(&back, 0xaa, sizeof(back));
		media_entry_decode((const struct fm_entry *)want, 77, &back);
		CHECK_MEM(&back, &entry, sizeof(entry));
		CHECK(media_entry_path(&raw) == (const char *)&raw + 40);
	}
}

UNIT_TEST(mkdir_entries)
{
	struct famfs_entry back, entry = {
		.index = 5,
		.seqnum = 5,
		.type = FAMFS_ENTRY_MKDIR,
		.mode = 01755,
		.uid = 0x11121314,
		.gid = 0x21222324,
		.path = "some/dir",
	};
	uint8_t want[544] = { 0 };
	struct fm_entry raw;

	put64(want, 5);
	put32(want + 8, 1);
	put32(want + 16, 0x11121314);
	put32(want + 20, 0x21222324);
	put32(want + 24, 01755);
	memcpy(want + 28, "some/dir", 8);
	put64(want + 536, csum_crc32(want, 536));
	memset(&raw, 0xaa, sizeof(raw));
	media_entry_encode(&entry, &raw);
	CHECK_MEM(&raw, want, 544);
	media_entry_decode(&raw, 5, &back);
	CHECK_MEM(&back, &entry, sizeof(entry));
	CHECK(media_entry_path(&raw) == (const char *)&raw + 28);
	CHECK(media_entry_ok(&raw, 5));
	CHECK(!media_entry_ok(&raw, 4));
}

UNIT_TEST(add_daxdev_entries)
{
	struct famfs_entry back, want = {
		.index = 9,
		.seqnum = 9,
		.type = FAMFS_ENTRY_ADD_DAXDEV,
		.dd_size = 0x3132333435363738,
		.dd_index = 0x11121314,
	};
	uint8_t raw[544] = { 0 };

	fill(want.dd_uuid, 16, 0x70);
	put64(raw, 9);
	put32(raw + 8, 3);
	put64(raw + 16, 0x3132333435363738);
	fill(raw + 24, 16, 0x70);
	put32(raw + 40, 0x11121314);
	memset(raw + 44, 0xee, 492);
	media_entry_decode((const struct fm_entry *)raw, 9, &back);
	CHECK_MEM(&back, &want, sizeof(want));
	CHECK(!media_entry_path((const struct fm_entry *)raw));
}

UNIT_TEST(unknown_entries_decode_to_nothing)
{
	static const uint32_t types[] = { FAMFS_ENTRY_DELETE, FAMFS_ENTRY_INVALID, 5, UINT32_MAX };

	for (size_t i = 0; i < UNIT_NR(types); i++) {
		struct famfs_entry back, want = { .index = 3, .type = types[i] };
		uint8_t raw[544];

		memset(raw, 0xee, sizeof(raw));
		put64(raw, 3);
		put32(raw + 8, types[i]);
		want.seqnum = 3;
		media_entry_decode((const struct fm_entry *)raw, 3, &back);
		CHECK_MEM(&back, &want, sizeof(want));
		CHECK(!media_entry_path((const struct fm_entry *)raw));
	}
}

/* Counts are kept as recorded; what may be walked is never more than the arrays hold. */
UNIT_TEST(counts_that_are_too_large)
{
	static const struct {
		uint32_t ext_type, nextents;
		uint64_t nstrips;
		uint32_t walk;
	} rows[] = {
		{ 0, 0, 0, 0 },   { 0, 1, 99, 1 },          { 0, 16, 0, 16 },
		{ 0, 17, 0, 16 }, { 0, UINT32_MAX, 0, 16 }, { 1, 1, 0, 0 },
		{ 1, 1, 16, 16 }, { 1, 1, 17, 16 },         { 1, 1, UINT64_MAX, 16 },
		{ 1, 0, 4, 0 },   { 1, 1, 1ULL << 32, 16 }, { 1, 2, 4, 4 },
		{ 2, 4, 4, 0 },   { UINT32_MAX, 4, 4, 0 },  { 1, 1, (1ULL << 32) + 1, 16 },
	};

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct famfs_entry back;
		uint8_t raw[544];

		UNIT_ROW("%zu", i);
		file_bytes(raw, rows[i].ext_type);
		put32(raw + 120, rows[i].ext_type);
		put32(raw + 128, rows[i].nextents);
		if (rows[i].ext_type == 1)
			put64(raw + 136, rows[i].nstrips);
		media_entry_decode((const struct fm_entry *)raw, 0, &back);
		CHECK_EQ(back.ext_type, rows[i].ext_type);
		CHECK_EQ(back.nextents, rows[i].nextents);
		CHECK_EQ(back.nstrips, rows[i].ext_type == 1 ? rows[i].nstrips : 0);
		CHECK_EQ(back.extents_nr, rows[i].walk);
	}
}

UNIT_TEST(paths_without_an_end)
{
	struct famfs_entry entry = any_file(FAMFS_EXT_SIMPLE), back;
	struct fm_entry raw;

	media_entry_encode(&entry, &raw);
	media_entry_decode(&raw, 0, &back);
	CHECK(!back.path_unterminated);
	memset((uint8_t *)&raw + 40, 'u', 80);
	media_entry_decode(&raw, 0, &back);
	CHECK(back.path_unterminated);
	CHECK_EQ(strlen(back.path), 80);
	/* Never written without its end, whatever is asked for. */
	media_entry_encode(&back, &raw);
	CHECK_EQ(((const uint8_t *)&raw)[40 + 79], 0);
}

UNIT_TEST(entry_checksum_covers_536_bytes)
{
	struct famfs_entry entry = any_file(FAMFS_EXT_INTERLEAVE);
	struct fm_entry raw;

	entry.seqnum = 4;
	media_entry_encode(&entry, &raw);
	CHECK(media_entry_ok(&raw, 4));
	for (size_t i = 0; i < 544; i++) {
		UNIT_ROW("%zu", i);
		((uint8_t *)&raw)[i] ^= 4;
		CHECK(!media_entry_crc_ok(&raw));
		((uint8_t *)&raw)[i] ^= 4;
	}
}

UNIT_TEST(zero_entries)
{
	struct fm_entry raw = { 0 };

	CHECK(media_entry_is_zero(&raw));
	/* A crc of zeros is not zero, so an unwritten slot is never valid. */
	CHECK(!media_entry_ok(&raw, 0));
	for (size_t i = 0; i < 544; i++) {
		UNIT_ROW("%zu", i);
		((uint8_t *)&raw)[i] = 1;
		CHECK(!media_entry_is_zero(&raw));
		((uint8_t *)&raw)[i] = 0;
	}
}

UNIT_MAIN

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fmap_wire.h"
#include "unit.h"

#define M (1ULL << 20)

static const struct {
	const char *name;
	struct famfs_entry entry;
	const char *hex;
} golden[] = {
	{ "g03 hello",
	  { .ext_type = 0,
	    .size = 5000,
	    .nextents = 1,
	    .extents_nr = 1,
	    .extents = { { 0, 0xa00000, 0x200000 } } },
	  "0000010000000000010000000000000088130000000000000000000000000000"
	  "00000000000000000000a000000000000000200000000000" },
	{ "g11 two",
	  { .ext_type = 0,
	    .size = 5242880,
	    .nextents = 2,
	    .extents_nr = 2,
	    .extents = { { 0, 0x4000000, 0x200000 }, { 0, 0x8000000, 0x400000 } } },
	  "0000010000000000020000000000000000005000000000000000000000000000"
	  "0000000000000000000000040000000000002000000000000000000000000000"
	  "00000008000000000000400000000000" },
	{ "g05 il_b8_s4_c2M_0",
	  { .ext_type = 1,
	    .size = 2097152,
	    .nextents = 1,
	    .nstrips = 4,
	    .chunk_size = 0x200000,
	    .extents_nr = 4,
	    .extents = { { 0, 0x1800000000, 0x200000 },
			 { 0, 0x1000000000, 0x200000 },
			 { 0, 0xa00000, 0x200000 },
			 { 0, 0x2000000000, 0x200000 } } },
	  "0000010001000000010000000000000000002000000000000000000000000000"
	  "0400000000002000000020000000000000000000000000000000000000000000"
	  "0000000018000000000020000000000000000000000000000000000010000000"
	  "000020000000000000000000000000000000a000000000000000200000000000"
	  "000000000000000000000000200000000000200000000000" },
	{ "g05 il_b16_s3_c1024M_53",
	  { .ext_type = 1,
	    .size = 9663688761,
	    .nextents = 1,
	    .nstrips = 3,
	    .chunk_size = 0x40000000,
	    .extents_nr = 3,
	    .extents = { { 0, 0x28d5600000, 0x100000000 },
			 { 0, 0x3602a00000, 0x100000000 },
			 { 0, 0x1601c00000, 0x100000000 } } },
	  "0000010001000000010000000000000039300040020000000000000000000000"
	  "0300000000000040393000400200000000000000000000000000000000000000"
	  "000060d528000000000000000100000000000000000000000000a00236000000"
	  "000000000100000000000000000000000000c001160000000000000001000000" },
};

/* FMAP.md 6. */
static const uint8_t worked_example[] = {
	0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0,    0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,    0, 0, 0, 0x40, 0, 0, 0, 0, 0,
};

static int encode(const struct famfs_entry *entry, void *buf, size_t cap, size_t *len,
		  struct famfs_err *err)
{
	struct famfs_reply reply = { .buf = buf, .cap = cap };
	int rc = famfs_fmap_encode(entry, NULL, &reply, err);

	if (!rc)
		*len = reply.len;
	return rc;
}

static void to_hex(const uint8_t *bytes, size_t len, char *hex)
{
	*hex = '\0';
	for (size_t i = 0; i < len; i++)
		hex += sprintf(hex, "%02x", bytes[i]);
}

static struct famfs_entry simple_entry(void)
{
	return (struct famfs_entry){
		.index = 7,
		.path = "dir/file",
		.size = 4 * M,
		.nextents = 1,
		.extents_nr = 1,
		.extents = { { 0, 16 * M, 4 * M } },
	};
}

static struct famfs_entry interleaved_entry(void)
{
	return (struct famfs_entry){
		.index = 7,
		.path = "dir/file",
		.size = 8 * M,
		.ext_type = FAMFS_EXT_INTERLEAVE,
		.nextents = 1,
		.nstrips = 2,
		.chunk_size = 2 * M,
		.extents_nr = 2,
		.extents = { { 0, 16 * M, 4 * M }, { 0, 32 * M, 4 * M } },
	};
}

UNIT_TEST(golden_messages)
{
	for (size_t i = 0; i < UNIT_NR(golden); i++) {
		uint8_t buf[FAMFS_FMAP_V1_MAX];
		char hex[2 * FAMFS_FMAP_V1_MAX + 1];
		struct famfs_fmap_verdict v;
		size_t len = 0;

		UNIT_ROW("%s", golden[i].name);
		CHECK_EQ(encode(&golden[i].entry, buf, sizeof(buf), &len, NULL), 0);
		to_hex(buf, len, hex);
		CHECK_STR(hex, golden[i].hex);
		famfs_fmap_judge(buf, len, NULL, &v);
		CHECK_EQ(v.kernel_rc, 0);
		CHECK_EQ(v.unsafe, 0);
	}
}

UNIT_TEST(worked_example_of_the_format)
{
	struct famfs_entry entry = simple_entry();
	uint8_t buf[sizeof(worked_example)];
	size_t len = 0;

	CHECK_EQ(encode(&entry, buf, sizeof(buf), &len, NULL), 0);
	CHECK_EQ(len, sizeof(worked_example));
	CHECK_MEM(buf, worked_example, sizeof(worked_example));
}

/* The index is the first word of an extent and of a strip alike. */
UNIT_TEST(device_index_is_the_first_word)
{
	struct famfs_entry entry = interleaved_entry();
	uint8_t buf[FAMFS_FMAP_V1_MAX];
	size_t len = 0;

	entry.extents[1].dev_index = 0x01020304;
	CHECK_EQ(encode(&entry, buf, sizeof(buf), &len, NULL), 0);
	CHECK_EQ(len, 32 + 24 + 48);
	CHECK_MEM(buf + 80, "\x04\x03\x02\x01\0\0\0\0", 8);
	entry = simple_entry();
	entry.extents[0].dev_index = UINT32_MAX;
	CHECK_EQ(encode(&entry, buf, sizeof(buf), &len, NULL), 0);
	CHECK_MEM(buf + 32, "\xff\xff\xff\xff\0\0\0\0", 8);
}

UNIT_TEST(most_extents)
{
	struct famfs_entry entry = simple_entry();
	uint8_t buf[440];
	size_t len = 0;

	entry.nextents = entry.extents_nr = 16;
	CHECK_EQ(encode(&entry, buf, sizeof(buf), &len, NULL), 0);
	CHECK_EQ(len, 416);
	entry = interleaved_entry();
	entry.nstrips = entry.extents_nr = 16;
	CHECK_EQ(encode(&entry, buf, sizeof(buf), &len, NULL), 0);
	CHECK_EQ(len, 440);
}

static void refused(const struct famfs_entry *entry, size_t cap, int rc, const char *message)
{
	struct famfs_err err = { 0 };
	uint8_t buf[64] = { 0xee };
	size_t len = 99;

	UNIT_ROW("%s", message);
	CHECK_EQ(encode(entry, buf, cap, &len, &err), rc);
	CHECK_EQ(encode(entry, buf, cap, &len, NULL), rc);
	CHECK_EQ(len, 99);
	CHECK_EQ(buf[0], 0xee);
	CHECK_EQ(err.rc, rc);
	CHECK_EQ(err.entry, 7);
	CHECK_STR(err.object, "dir/file");
	CHECK_HAS(err.message, message);
	CHECK(err.hint[0]);
}

UNIT_TEST(refusals)
{
	struct famfs_entry entry = simple_entry();

	refused(&entry, 55, -ENOSPC, "the fmap has 56 bytes, the buffer 55");
	refused(&entry, 0, -ENOSPC, "buffer 0");
	entry.type = FAMFS_ENTRY_MKDIR;
	refused(&entry, 64, -EINVAL, "not a file");
	entry = simple_entry();
	entry.ext_type = 2;
	refused(&entry, 64, -EUCLEAN, "unknown extent type 2");
	entry = simple_entry();
	entry.nextents = entry.extents_nr = 0;
	refused(&entry, 64, -EUCLEAN, "0 extents, there can be 1 to 16");
	entry = simple_entry();
	entry.nextents = 100;
	entry.extents_nr = 16;
	refused(&entry, 64, -EUCLEAN, "100 extents");
	entry.nextents = 2;
	entry.extents_nr = 1;
	refused(&entry, 64, -EUCLEAN, "2 extents");
	entry = simple_entry();
	entry.extents[0].dev_index = 1ULL << 32;
	refused(&entry, 64, -EUCLEAN, "device index 4294967296 does not fit");
	entry = interleaved_entry();
	entry.nextents = 2;
	refused(&entry, 64, -EUCLEAN, "2 interleaved extents");
	entry = interleaved_entry();
	entry.nstrips = (1ULL << 32) + 2;
	refused(&entry, 64, -EUCLEAN, "4294967298 strips");
	entry = interleaved_entry();
	entry.chunk_size = 1ULL << 32;
	refused(&entry, 64, -EUCLEAN, "chunk size 4294967296 does not fit");
}

UNIT_TEST(names_are_escaped_in_errors)
{
	struct famfs_entry entry = simple_entry();
	struct famfs_err err;

	memset(entry.path, '\n', FAMFS_PATH_SIZE);
	CHECK_EQ(encode(&entry, NULL, 0, NULL, &err), -ENOSPC);
	CHECK_EQ(strlen(err.object), 2 * FAMFS_PATH_SIZE);
	CHECK(!strchr(err.object, '\n'));
}

UNIT_TEST(rules_have_words)
{
	for (unsigned int n = 1; n <= 16; n++) {
		UNIT_ROW("K%u", n);
		CHECK(famfs_fmap_k_text(n) && famfs_fmap_k_text(n)[0]);
		for (unsigned int other = 1; famfs_fmap_k_text(n) && other < n; other++)
			CHECK(strcmp(famfs_fmap_k_text(n), famfs_fmap_k_text(other)) != 0);
	}
	for (unsigned int n = 1; n <= 10; n++) {
		UNIT_ROW("U%u", n);
		CHECK(famfs_fmap_u_text(n) && famfs_fmap_u_text(n)[0]);
	}
	CHECK_STR(famfs_fmap_k_text(0), NULL);
	CHECK_STR(famfs_fmap_k_text(17), NULL);
	CHECK_STR(famfs_fmap_k_text(UINT32_MAX), NULL);
	CHECK_STR(famfs_fmap_u_text(0), NULL);
	CHECK_STR(famfs_fmap_u_text(11), NULL);
	CHECK_HAS(famfs_fmap_k_text(10), "chunk size");
	CHECK_HAS(famfs_fmap_u_text(1), "divides by zero");
}

UNIT_TEST(generations_by_name)
{
	const struct famfs_wire *v1 = famfs_wire_find("v1");
	const struct famfs_wire *v2 = famfs_wire_find("v2");

	REQUIRE(v1 && v2);
	CHECK(v1 == famfs_wire(FAMFS_WIRE_V1));
	CHECK(v2 == famfs_wire(FAMFS_WIRE_V2));
	CHECK_EQ(v1->get_fmap, 54);
	CHECK_EQ(v1->get_daxdev, 55);
	CHECK_EQ(v1->init_flag, 1ULL << 43);
	CHECK(v1->interleaved && !v1->has_fmap_size);
	CHECK_EQ(v1->extents_max, 32);
	CHECK_EQ(v1->strips_max, 32);
	CHECK_EQ(v1->message_max, 4096);
	CHECK_EQ(v1->devindex_max, 0);
	CHECK_EQ(v2->get_fmap, 54);
	CHECK_EQ(v2->get_daxdev, 0);
	CHECK_EQ(v2->init_flag, 0);
	CHECK(!v2->interleaved && v2->has_fmap_size);
	CHECK_EQ(v2->extents_max, 524288);
	CHECK_EQ(v2->message_max, 16 * M);
	CHECK_EQ(v2->devindex_max, 63);
	CHECK(!famfs_wire_find("v3"));
	CHECK(!famfs_wire_find(""));
	CHECK(!famfs_wire((enum famfs_wire_id)2));
	CHECK(!famfs_wire((enum famfs_wire_id)99));
}

/* The message that is needed, asked for without a buffer. */
UNIT_TEST(reply_tells_the_size)
{
	struct famfs_entry entry = interleaved_entry();
	struct famfs_reply reply = { .buf = NULL };

	CHECK_EQ(famfs_fmap_encode(&entry, NULL, &reply, NULL), -ENOSPC);
	CHECK_EQ(reply.len, 104);
	CHECK_EQ(famfs_fmap_encode(&entry, famfs_wire_find("v2"), &reply, NULL), -ENOSPC);
	CHECK_EQ(reply.len, 32 + 4 * 24);
	entry.file_type = FAMFS_FILE_LOG;
	reply = (struct famfs_reply){ .buf = (uint8_t[104]){ 0 }, .cap = 104 };
	CHECK_EQ(famfs_fmap_encode(&entry, NULL, &reply, NULL), 0);
	CHECK_EQ(((uint8_t *)reply.buf)[0], 2);
}

UNIT_MAIN

/* SPDX-License-Identifier: Apache-2.0 */
/* Every line of a file, once, and a fence behind the last one. */
#include "fs.h"
#include "unit.h"

#include "scratch.h"

#include "image.h"
#include "trace.h"

#define SIZE (5 * MIB)

static uint8_t touched[SIZE / AU * AU + AU];

/* Which bytes of the file a recorded event covers. */
static void mark(const struct famfs_entry *entry, const struct trace_event *event)
{
	struct famfs_extent at;

	for (uint64_t off = 0; off < entry->size; off += at.len) {
		REQUIRE(!famfs_resolve(entry, off, &at, NULL));
		for (uint64_t i = 0; i < at.len; i += 64) {
			if (at.off + i >= event->off && at.off + i < event->off + event->len)
				touched[(off + i) / 64]++;
		}
	}
}

static void flush_traced(struct famfs *fs, const char *path)
{
	struct famfs_entry entry;
	uint64_t lines;

	REQUIRE(!famfs_lookup(fs, path, &entry, NULL));
	lines = (entry.size + 63) / 64;
	memset(touched, 0, sizeof(touched));
	trace_begin(fs->dev);
	CHECK_EQ(famfs_flush(fs, &entry, FAMFS_FLUSH_WRITE_BACK, NULL, NULL), 0);
	CHECK(trace_nr > 1 && trace_events[trace_nr - 1].kind == TRACE_FENCE);
	for (unsigned int i = 0; i < trace_nr; i++) {
		if (trace_events[i].kind == TRACE_WRITEBACK)
			mark(&entry, &trace_events[i]);
	}
	trace_end(fs->dev);
	for (uint64_t i = 0; i < lines; i++) {
		if (touched[i] != 1) {
			CHECK_MSG(false, "%s: line %llu: %u times", path, (unsigned long long)i,
				  touched[i]);
			break;
		}
	}
}

UNIT_TEST(every_line_once)
{
	const struct famfs_create_req reqs[] = {
		{ .path = "a", .size = SIZE, .mode = 0644 },
		{ .path = "b", .size = SIZE, .mode = 0644, .nstrips = 2 },
		{ .path = "c", .size = 100, .mode = 0644 },
	};
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs;

	image_make(ctx, "a.img", 64 * MIB, IMAGE_LOG_LEN);
	fs = image_open(ctx, "a.img", FAMFS_OPEN_WRITE);
	REQUIRE(fs);
	CHECK_EQ(famfs_create(fs, reqs, UNIT_NR(reqs), NULL, NULL), 0);
	flush_traced(fs, "a");
	flush_traced(fs, "b");
	flush_traced(fs, "c");
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_TEST(what_is_no_file)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs_entry root;
	struct famfs *fs;

	image_make(ctx, "a.img", 64 * MIB, IMAGE_LOG_LEN);
	fs = image_open(ctx, "a.img", 0);
	REQUIRE(fs && !famfs_lookup(fs, "", &root, NULL));
	CHECK_EQ(famfs_flush(fs, &root, FAMFS_FLUSH, NULL, NULL), -EINVAL);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_MAIN

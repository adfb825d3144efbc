/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a new file: from memory, from descriptors, from other files. */
#include <pthread.h>
#include <signal.h>

#include "famfs.h"
#include "fs.h"
#include "unit.h"
#include "scratch.h"
#include "image.h"
#include "create.h"
#include "filling.h"
#include "trace.h"

#define SIZE (128 * MIB)

static struct famfs *open_new(struct famfs_ctx *ctx)
{
	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	return image_open(ctx, "a.img", FAMFS_OPEN_WRITE);
}

static void end(struct famfs_ctx *ctx, struct famfs *fs)
{
	famfs_close(fs);
	CHECK_EQ(image_check(ctx, "a.img", true), 0);
	famfs_ctx_free(ctx);
}

/* Nothing was made, and its space is free. */
static void check_not_made(struct famfs *fs)
{
	struct famfs_info info;
	struct famfs_entry entry;

	CHECK_EQ(famfs_lookup(fs, "f", &entry, NULL), -ENOENT);
	CHECK_EQ(famfs_info(fs, &info, NULL), 0);
	CHECK_EQ(info.log_used, 0);
	CHECK_EQ(info.free, SIZE - IMAGE_DATA);
	CHECK_EQ(info.alloc_bytes, IMAGE_DATA);
}

/* ---------------------------------------------------------------- pieces */

/* Backwards, in pieces of odd sizes, some of it twice. */
static int write_backwards(void *data, size_t req_index, struct famfs_fill *fill,
			   struct famfs_err *err)
{
	uint64_t at = famfs_fill_entry(fill)->size, len = 700001;
	uint8_t *buf = calloc(1, len);
	int rc = buf ? famfs_fill_write(fill, 0, buf, 100, err) : -ENOMEM;

	(void)data, (void)req_index;
	while (at > 0 && !rc) {
		len = at < len ? at : len;
		at -= len;
		filling_bytes(9, at, buf, len);
		rc = famfs_fill_write(fill, at, buf, len, err);
	}
	free(buf);
	return rc;
}

UNIT_TEST(pieces_in_any_order)
{
	for (uint64_t nstrips = 0; nstrips <= 3; nstrips += 3) {
		struct famfs_create_req req = create_req("f", 9 * MIB + 3);
		struct famfs_ctx *ctx = image_ctx();
		struct famfs *fs = open_new(ctx);

		UNIT_ROW("%" PRIu64 " strips", nstrips);
		REQUIRE(fs);
		req.nstrips = nstrips;
		CHECK_EQ(filling_one(fs, &req, write_backwards, NULL, NULL), 0);
		filling_named(fs, "f", 9);
		end(ctx, fs);
	}
}

static int write_outside(void *data, size_t req_index, struct famfs_fill *fill,
			 struct famfs_err *err)
{
	static const struct {
		uint64_t off;
		size_t len;
		int rc;
	} rows[] = {
		{ 100, 1, -ERANGE },
		{ 101, 0, -ERANGE },
		{ 0, 101, -ERANGE },
		{ 99, 2, -ERANGE },
		{ UINT64_MAX, 2, -ERANGE },
		{ 1, SIZE_MAX, -ERANGE },
		{ 100, 0, 0 },
		{ 0, 100, 0 },
	};
	struct famfs_err why;
	uint8_t buf[100];
	int *calls = data;

	(void)req_index, (void)err;
	filling_bytes(4, 0, buf, sizeof(buf));
	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		UNIT_ROW("%zu", i);
		memset(&why, 0, sizeof(why));
		CHECK_EQ(famfs_fill_write(fill, rows[i].off, buf, rows[i].len, &why), rows[i].rc);
		CHECK_EQ(why.rc, rows[i].rc);
		CHECK_STR(why.object, rows[i].rc ? "a.img:/f" : "");
	}
	CHECK_EQ(famfs_fill_entry(fill)->size, 100);
	CHECK_STR(famfs_fill_entry(fill)->path, "f");
	CHECK_EQ(famfs_fill_entry(fill)->extents[0].off, IMAGE_DATA);
	*calls += 1;
	return 0;
}

static int fail(void *data, size_t req_index, struct famfs_fill *fill, struct famfs_err *err)
{
	(void)data, (void)req_index;
	CHECK_EQ(famfs_fill_write(fill, 0, "x", 1, err), 0);
	return -EIO;
}

/* The same handle gives the space of what failed to the next. */
UNIT_TEST(space_is_used_again)
{
	struct famfs_create_req req = create_req("f", SIZE - IMAGE_DATA);
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx);
	int calls = 0;

	REQUIRE(fs);
	for (unsigned int i = 0; i < 3; i++)
		CHECK_EQ(filling_one(fs, &req, fail, NULL, NULL), -EIO);
	check_not_made(fs);
	req.size = 100;
	CHECK_EQ(filling_one(fs, &req, write_outside, &calls, NULL), 0);
	end(ctx, fs);
}

UNIT_TEST(pieces_outside)
{
	struct famfs_create_req req = create_req("f", 100);
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx);
	int calls = 0;

	REQUIRE(fs);
	CHECK_EQ(filling_one(fs, &req, write_outside, &calls, NULL), 0);
	CHECK_EQ(calls, 1);
	filling_named(fs, "f", 4);
	end(ctx, fs);
}

/* ------------------------------------------- what nobody stored reads as zeros */

static int write_some(void *data, size_t req_index, struct famfs_fill *fill, struct famfs_err *err)
{
	const uint8_t one = 1;
	int rc = famfs_fill_write(fill, 5, &one, 1, err);

	(void)data, (void)req_index;
	return rc ? rc : famfs_fill_write(fill, 2 * AU, &one, 1, err);
}

static int write_all(void *data, size_t req_index, struct famfs_fill *fill, struct famfs_err *err)
{
	(void)data, (void)req_index;
	return filling_store(fill, 8, err);
}

/* On space that held bytes before, on an image and on one that plays devdax. */
static void make_on_old_bytes(struct famfs *fs, const struct famfs_create_req *req, filling_fn fn,
			      bool dax)
{
	filling_dirty("a.img", IMAGE_DATA, 12 * MIB);
	filling_dirty("a.img", SIZE / 2, 8 * MIB);
	if (dax)
		trace_begin(fs->dev);
	CHECK_EQ(filling_one(fs, req, fn, NULL, NULL), 0);
	if (dax)
		trace_end(fs->dev);
}

static const struct {
	uint64_t size, nstrips, chunk;
} old_rows[] = {
	{ 1, 0, 0 },          { 4097, 0, 0 },   { AU - 1, 0, 0 },       { AU, 0, 0 },
	{ 2 * AU + 1, 0, 0 }, { 5 * AU, 2, 0 }, { 9 * MIB + 5, 2, AU }, { 9 * MIB, 2, 2 * AU },
};

/* Nobody sees old bytes: not in the file, and not behind its end, where a mapping reaches. */
UNIT_TEST(the_slack_is_zero)
{
	for (size_t i = 0; i < 2 * UNIT_NR(old_rows); i++) {
		struct famfs_create_req req = create_req("f", old_rows[i / 2].size);
		struct famfs_ctx *ctx = image_ctx();
		struct famfs *fs = open_new(ctx);
		struct famfs_entry entry;

		UNIT_ROW("%s, %" PRIu64 " bytes, %" PRIu64 " strips", i % 2 ? "dax" : "image",
			 old_rows[i / 2].size, old_rows[i / 2].nstrips);
		REQUIRE(fs);
		req.nstrips = old_rows[i / 2].nstrips;
		req.chunk_size = old_rows[i / 2].chunk;
		make_on_old_bytes(fs, &req, write_all, i % 2);
		filling_named(fs, "f", 8);
		CHECK_EQ(famfs_lookup(fs, "f", &entry, NULL), 0);
		for (uint32_t j = 0; j < entry.extents_nr; j++) {
			const struct famfs_extent *extent = &entry.extents[j];
			/* Counted once more, chunk by chunk. */
			uint64_t used = req.nstrips ? 0 : req.size, chunk = entry.chunk_size;

			for (uint64_t k = j; req.nstrips && k * chunk < req.size; k += req.nstrips)
				used += req.size - k * chunk < chunk ? req.size - k * chunk : chunk;
			filling_zero("a.img", extent->off + used, extent->len - used);
		}
		end(ctx, fs);
	}
}

UNIT_TEST(what_is_left_out_is_zero)
{
	for (unsigned int dax = 0; dax < 2; dax++) {
		struct famfs_create_req req = create_req("f", 3 * AU + 5);
		struct famfs_ctx *ctx = image_ctx();
		struct famfs *fs = open_new(ctx);

		UNIT_ROW("%s", dax ? "dax" : "image");
		REQUIRE(fs);
		make_on_old_bytes(fs, &req, write_some, dax);
		filling_zero("a.img", IMAGE_DATA, 5);
		filling_zero("a.img", IMAGE_DATA + 6, 2 * AU - 6);
		filling_zero("a.img", IMAGE_DATA + 2 * AU + 1, 2 * AU - 1);
		end(ctx, fs);
	}
}

/* ------------------------------------------------------ memory, then the log */

/* Each stored range is written back (a copy is) and fenced before the counters are published. */
UNIT_TEST(data_before_the_entry)
{
	struct famfs_create_req req = create_req("f", 2 * AU + 1);
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx);
	uint64_t copied = 0, zeroed = 0;
	unsigned int open = 0, published = 0;

	REQUIRE(fs);
	trace_begin(fs->dev);
	CHECK_EQ(filling_one(fs, &req, write_all, NULL, NULL), 0);
	trace_end(fs->dev);
	CHECK(trace_nr < UNIT_NR(trace_events) - 1);
	for (unsigned int i = 0; i < trace_nr; i++) {
		const struct trace_event *event = &trace_events[i];

		UNIT_ROW("event %u, kind %u", i, event->kind);
		switch (event->kind) {
		case TRACE_COPY:
			CHECK_EQ(event->off, IMAGE_DATA + copied);
			copied += event->len;
			open++;
			break;
		case TRACE_ZERO:
			CHECK_EQ(event->off, IMAGE_DATA + req.size);
			zeroed += event->len;
			open++;
			break;
		case TRACE_STORE:
		case TRACE_WRITEBACK:
			open++;
			break;
		case TRACE_FENCE:
			open = 0;
			break;
		case TRACE_PUBLISH:
			CHECK_EQ(open, 0);
			CHECK_EQ(copied, req.size);
			CHECK_EQ(zeroed, AU - 1);
			CHECK_EQ(le64toh(event->v[1]), 1);
			published++;
			break;
		}
	}
	CHECK_EQ(published, 1);
	CHECK_EQ(open, 0);
	end(ctx, fs);
}

/* ----------------------------------------------------------- from descriptors */

static const struct {
	uint64_t size, source;
	const char *message, *of_pipe;
} fd_rows[] = {
	{ 1, 1, NULL, NULL },
	{ 9 * MIB, 9 * MIB, NULL, NULL },
	{ 9 * MIB, 9 * MIB - 1, "ends at byte 9437183", "has 9437183 bytes, not 9437184" },
	{ 9 * MIB, 9 * MIB + 1, "more than the 9437184 bytes", "more than the 9437184 bytes" },
	{ 1, 0, "ends at byte 0", "has 0 bytes, not 1" },
	{ 40 * MIB, 40 * MIB, NULL, NULL },
	{ 40 * MIB, 24 * MIB, "ends at byte 25165824", "has 25165824 bytes, not 41943040" },
	{ 40 * MIB, 40 * MIB + 1, "more than the 41943040 bytes", "more than the 41943040 bytes" },
};

/* What was copied, or why not. */
static void check_from_fd(struct famfs *fs, const char *message, int rc,
			  const struct famfs_err *err)
{
	if (!message) {
		CHECK_MSG(rc == 0, "%s: %s", err->object, err->message);
		filling_named(fs, "f", 3);
		return;
	}
	CHECK_EQ(rc, -ESTALE);
	CHECK_EQ(err->rc, -ESTALE);
	CHECK_STR(err->object, "source");
	CHECK_HAS(err->message, message);
	check_not_made(fs);
}

UNIT_TEST(regular_sources)
{
	for (size_t i = 0; i < UNIT_NR(fd_rows); i++) {
		struct famfs_create_req req = create_req("f", fd_rows[i].size);
		struct famfs_ctx *ctx = image_ctx();
		struct famfs *fs = open_new(ctx);
		struct famfs_err err = { 0 };
		int fd;

		UNIT_ROW("%zu", i);
		REQUIRE(fs);
		/* One thread: what ends first is told first. */
		famfs_ctx_set_threads(ctx, i % 2 ? 1 : 3);
		if (fd_rows[i].source < fd_rows[i].size)
			famfs_ctx_set_threads(ctx, 1);
		filling_local("in", 3, fd_rows[i].source);
		fd = open("in", O_RDONLY | O_CLOEXEC);
		REQUIRE(fd >= 0);
		/* From the first byte on, wherever it stands. */
		CHECK_EQ(lseek(fd, 0, SEEK_END), fd_rows[i].source);
		check_from_fd(fs, fd_rows[i].message, filling_one(fs, &req, filling_fd, &fd, &err),
			      &err);
		close(fd);
		end(ctx, fs);
	}
}

struct writer {
	int fd;
	uint64_t size;
};

/* Little at a time. */
static void *feed(void *arg)
{
	const struct writer *writer = arg;
	uint8_t buf[60001];

	for (uint64_t at = 0, len; at < writer->size; at += len) {
		len = writer->size - at < sizeof(buf) ? writer->size - at : sizeof(buf);
		filling_bytes(3, at, buf, len);
		for (size_t done = 0; done < len;) {
			ssize_t n = write(writer->fd, buf + done, len - done);

			if (n <= 0)
				goto out;
			done += (size_t)n;
		}
	}
out:
	close(writer->fd);
	return NULL;
}

UNIT_TEST(pipes)
{
	CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	for (size_t i = 0; i < UNIT_NR(fd_rows); i++) {
		struct famfs_create_req req = create_req("f", fd_rows[i].size);
		struct writer writer = { .size = fd_rows[i].source };
		struct famfs_ctx *ctx = image_ctx();
		struct famfs *fs = open_new(ctx);
		struct famfs_err err = { 0 };
		pthread_t thread;
		int pipes[2];

		UNIT_ROW("%zu", i);
		REQUIRE(fs && pipe2(pipes, O_CLOEXEC) == 0);
		writer.fd = pipes[1];
		REQUIRE(pthread_create(&thread, NULL, feed, &writer) == 0);
		check_from_fd(fs, fd_rows[i].of_pipe,
			      filling_one(fs, &req, filling_fd, &pipes[0], &err), &err);
		close(pipes[0]);
		pthread_join(thread, NULL);
		end(ctx, fs);
	}
}

UNIT_TEST(unreadable_sources)
{
	static const struct {
		const char *name;
		int flags, rc;
	} rows[] = {
		{ "in", O_WRONLY, -EBADF },
		{ ".", O_RDONLY | O_DIRECTORY, -EISDIR },
		{ NULL, 0, -EBADF },
	};

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct famfs_create_req req = create_req("f", 4096);
		struct famfs_ctx *ctx = image_ctx();
		struct famfs *fs = open_new(ctx);
		struct famfs_err err = { 0 };
		int fd = -1;

		UNIT_ROW("%zu", i);
		REQUIRE(fs);
		filling_local("in", 3, 4096);
		if (rows[i].name)
			fd = open(rows[i].name, rows[i].flags | O_CLOEXEC);
		CHECK_EQ(filling_one(fs, &req, filling_fd, &fd, &err), rows[i].rc);
		CHECK_EQ(err.rc, rows[i].rc);
		CHECK_STR(err.object, "source");
		CHECK_HAS(err.message, "cannot be read at offset 0");
		check_not_made(fs);
		if (fd >= 0)
			close(fd);
		end(ctx, fs);
	}
}

/* What somebody does to the source once some of it is copied. */
struct change {
	int fd;
	off_t size;
	uint64_t done;
};

static int fill_changing(void *data, size_t req_index, struct famfs_fill *fill,
			 struct famfs_err *err)
{
	(void)req_index;
	return famfs_fill_from_fd(fill, ((struct change *)data)->fd, "source", err);
}

static void change_source(void *data, uint64_t done, uint64_t total)
{
	struct change *change = data;

	if (!change->done) {
		CHECK(done < total);
		CHECK_EQ(ftruncate(change->fd, change->size), 0);
	}
	change->done = done;
}

UNIT_TEST(sources_that_change)
{
	static const struct {
		off_t size;
		const char *message;
	} rows[] = {
		{ 20 * MIB, "became shorter while it was copied: it ends at byte 20971520" },
		{ 0, "became shorter" },
		{ 40 * MIB + 1, "more than the 41943040 bytes" },
	};

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct famfs_create_req req = create_req("f", 40 * MIB);
		struct change change = { .size = rows[i].size };
		struct famfs_create_ops ops = { .fill = fill_changing,
						.progress = change_source,
						.data = &change };
		struct famfs_ctx *ctx = image_ctx();
		struct famfs *fs = open_new(ctx);
		struct famfs_err err = { 0 };

		UNIT_ROW("%zu", i);
		REQUIRE(fs);
		famfs_ctx_set_threads(ctx, 1);
		scratch_image("in", 40 * MIB);
		change.fd = open("in", O_RDWR | O_CLOEXEC);
		REQUIRE(change.fd >= 0);
		CHECK_EQ(famfs_create(fs, &req, 1, &ops, &err), -ESTALE);
		CHECK_STR(err.object, "source");
		CHECK_HAS(err.message, rows[i].message);
		CHECK_HAS(err.hint, "again");
		check_not_made(fs);
		close(change.fd);
		end(ctx, fs);
	}
}

UNIT_MAIN

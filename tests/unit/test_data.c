/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of files to memory and to descriptors. */
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

#include "famfs.h"
#include "unit.h"
#include "scratch.h"
#include "image.h"
#include "create.h"
#include "filling.h"

#define SIZE (128 * MIB)

static const struct shape {
	uint64_t size, nstrips, chunk;
} shapes[] = {
	{ 1, 0, 0 },
	{ 4095, 0, 0 },
	{ AU - 1, 0, 0 },
	{ AU, 0, 0 },
	{ AU + 1, 0, 0 },
	{ 9 * MIB, 0, 0 },
	{ AU, 3, AU },
	{ 9 * MIB + 5, 3, AU },
	{ 13 * MIB - 1, 3, 2 * AU },
	{ 35 * MIB + 4097, 2, AU },
};

static struct famfs *open_new(struct famfs_ctx *ctx)
{
	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	return image_open(ctx, "a.img", FAMFS_OPEN_WRITE);
}

/* Copies the file in from a local one of the same bytes. */
static struct famfs_entry copy_in(struct famfs *fs, const struct shape *shape, uint32_t salt)
{
	struct famfs_create_req req = create_req("f", shape->size);
	struct famfs_entry entry = { 0 };
	struct famfs_err err = { 0 };
	int fd;

	req.nstrips = shape->nstrips;
	req.chunk_size = shape->chunk;
	filling_local("in", salt, shape->size);
	fd = open("in", O_RDONLY | O_CLOEXEC);
	CHECK_MSG(filling_one(fs, &req, filling_fd, &fd, &err) == 0, "%s", err.message);
	CHECK_EQ(famfs_lookup(fs, "f", &entry, NULL), 0);
	CHECK_EQ(entry.nstrips, shape->nstrips);
	close(fd);
	return entry;
}

static int open_out(void)
{
	int fd = open("out", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	return fd;
}

static void add(void *data, uint64_t bytes)
{
	CHECK(bytes > 0);
	*(uint64_t *)data += bytes;
}

static void copy_to_file(struct famfs *fs, const struct famfs_entry *entry, unsigned int threads)
{
	uint64_t told = 0;
	struct famfs_data_opts opts = { .threads = threads, .progress = add, .data = &told };
	int fd = open_out();

	/* What was there before, and was longer, goes. */
	CHECK_EQ(ftruncate(fd, (off_t)entry->size + 10), 0);
	CHECK_EQ(famfs_copy_out(fs, entry, 0, entry->size, fd, &opts, NULL), 0);
	CHECK_EQ(told, entry->size);
	close(fd);
	filling_local_holds("out", 5, 0, entry->size);
}

UNIT_TEST(in_and_out_again)
{
	for (size_t i = 0; i < UNIT_NR(shapes); i++) {
		struct famfs_ctx *ctx = image_ctx();
		struct famfs *fs = open_new(ctx);
		struct famfs_entry entry;

		UNIT_ROW("%" PRIu64 " bytes, %" PRIu64 " strips", shapes[i].size,
			 shapes[i].nstrips);
		REQUIRE(fs);
		entry = copy_in(fs, &shapes[i], 5);
		filling_holds(fs, &entry, 5);
		copy_to_file(fs, &entry, 1);
		copy_to_file(fs, &entry, 4);
		CHECK_EQ(image_check(ctx, "a.img", true), 0);
		famfs_close(fs);
		famfs_ctx_free(ctx);
	}
}

/* A reader of a pipe, which takes little at a time. */
struct reader {
	int fd;
	uint8_t *buf;
	size_t len, cap;
};

static void *read_pipe(void *arg)
{
	struct reader *reader = arg;
	ssize_t n = 1;

	while (n > 0 && reader->len < reader->cap) {
		size_t want = reader->cap - reader->len;

		n = read(reader->fd, reader->buf + reader->len, want < 5000 ? want : 5000);
		reader->len += n > 0 ? (size_t)n : 0;
	}
	return NULL;
}

UNIT_TEST(ranges)
{
	static const struct {
		uint64_t off, len;
	} rows[] = {
		{ 0, 0 },
		{ 0, 1 },
		{ 1, AU },
		{ AU - 1, 2 },
		{ 2 * AU - 7, 2 * AU + 9 },
		{ 9 * MIB + 5, 0 },
		{ 9 * MIB + 4, 1 },
		{ 4095, 5 * MIB },
	};
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx);
	uint8_t *got = malloc(9 * MIB), *want = malloc(9 * MIB);
	struct famfs_entry entry;

	REQUIRE(fs && got && want);
	entry = copy_in(fs, &shapes[7], 6);
	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct reader reader = { .buf = got, .cap = 9 * MIB };
		pthread_t thread;
		int fd = open_out(), pipes[2];

		UNIT_ROW("%zu", i);
		filling_bytes(6, rows[i].off, want, rows[i].len);
		CHECK_EQ(famfs_read(fs, &entry, rows[i].off, got, rows[i].len, NULL), 0);
		CHECK_MEM(got, want, rows[i].len);
		CHECK_EQ(famfs_copy_out(fs, &entry, rows[i].off, rows[i].len, fd, NULL, NULL), 0);
		close(fd);
		filling_local_holds("out", 6, rows[i].off, rows[i].len);
		memset(got, 0, 9 * MIB);
		REQUIRE(pipe2(pipes, O_CLOEXEC) == 0);
		reader.fd = pipes[0];
		REQUIRE(pthread_create(&thread, NULL, read_pipe, &reader) == 0);
		CHECK_EQ(famfs_copy_out(fs, &entry, rows[i].off, rows[i].len, pipes[1], NULL, NULL),
			 0);
		close(pipes[1]);
		pthread_join(thread, NULL);
		close(pipes[0]);
		CHECK_EQ(reader.len, rows[i].len);
		CHECK_MEM(got, want, rows[i].len);
	}
	free(got);
	free(want);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

/* What other tools made may lie anywhere. */
UNIT_TEST(many_extents)
{
	struct famfs_entry entry = image_file("f", 0, 0);
	struct famfs_ctx *ctx = image_ctx();
	uint8_t *buf = malloc(AU);
	struct famfs *fs;

	REQUIRE(buf);
	image_make(ctx, "a.img", SIZE, IMAGE_LOG_LEN);
	entry.nextents = entry.extents_nr = 5;
	entry.size = 5 * AU - 100;
	for (uint32_t i = 0; i < 5; i++) {
		entry.extents[i] = (struct famfs_extent){ 0, IMAGE_DATA + (9 - 2 * i) * AU, AU };
		filling_bytes(5, i * AU, buf, AU);
		image_write("a.img", entry.extents[i].off, buf, AU);
	}
	image_put("a.img", 0, &entry);
	image_counters("a.img", 1, 1);
	fs = image_open(ctx, "a.img", 0);
	REQUIRE(fs);
	filling_named(fs, "f", 5);
	copy_to_file(fs, &entry, 1);
	copy_to_file(fs, &entry, 3);
	CHECK_EQ(image_check(ctx, "a.img", true), 0);
	free(buf);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

/* Pages of zeros become holes; the length is right even when the end is one. */
UNIT_TEST(sparse)
{
	static const uint64_t sizes[] = { 8 * MIB, 8 * MIB + 1, 8 * MIB + 4095, 100 };

	for (size_t i = 0; i < UNIT_NR(sizes); i++) {
		struct famfs_create_req req = create_req("f", sizes[i]);
		struct famfs_data_opts opts = { .sparse = true };
		struct famfs_ctx *ctx = image_ctx();
		struct famfs *fs = open_new(ctx);
		struct famfs_entry entry;
		uint8_t *got = malloc(sizes[i]), *want = calloc(1, sizes[i]);
		struct stat st;
		int fd = open_out();

		UNIT_ROW("%" PRIu64, sizes[i]);
		REQUIRE(fs && got && want);
		CHECK_EQ(famfs_create(fs, &req, 1, NULL, NULL), 0);
		CHECK_EQ(famfs_lookup(fs, "f", &entry, NULL), 0);
		for (uint64_t at = 7; at < sizes[i]; at += 3 * MIB + 4090) {
			want[at] = 0x55;
			image_write("a.img", entry.extents[0].off + at, &want[at], 1);
		}
		CHECK_EQ(famfs_copy_out(fs, &entry, 0, sizes[i], fd, &opts, NULL), 0);
		CHECK_EQ(pread(fd, got, sizes[i], 0), sizes[i]);
		CHECK_MEM(got, want, sizes[i]);
		CHECK_EQ(fstat(fd, &st), 0);
		CHECK_EQ(st.st_size, sizes[i]);
		CHECK_MSG(st.st_blocks * 512 <= 64 << 10, "%lld blocks", (long long)st.st_blocks);
		/* To where nothing can be left out. */
		CHECK_EQ(ftruncate(fd, 0), 0);
		free(got);
		free(want);
		close(fd);
		famfs_close(fs);
		famfs_ctx_free(ctx);
	}
}

UNIT_TEST(refusals)
{
	static const struct {
		uint64_t off, len;
		bool dir;
		int rc;
	} rows[] = {
		{ 0, 4097, false, -ERANGE },
		{ 4096, 1, false, -ERANGE },
		{ 4097, 0, false, -ERANGE },
		{ UINT64_MAX, 2, false, -ERANGE },
		{ 1, UINT64_MAX / 2, false, -ERANGE },
		{ 0, 1, true, -EINVAL },
		{ 0, 0, true, -EINVAL },
	};
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx);
	struct famfs_create_req reqs[] = { create_req("d", 0), create_req("f", 4096) };
	struct famfs_entry entries[2];
	char byte = 'x';
	int fd;

	REQUIRE(fs);
	CHECK_EQ(famfs_create(fs, reqs, 2, NULL, NULL), 0);
	CHECK_EQ(famfs_lookup(fs, "d", &entries[0], NULL), 0);
	CHECK_EQ(famfs_lookup(fs, "f", &entries[1], NULL), 0);
	scratch_file("out", "kept");
	fd = open_out();
	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		const struct famfs_entry *entry = &entries[rows[i].dir ? 0 : 1];
		struct famfs_err err = { 0 }, err2 = { 0 };

		UNIT_ROW("%zu", i);
		CHECK_EQ(famfs_read(fs, entry, rows[i].off, &byte, rows[i].len, &err), rows[i].rc);
		CHECK_EQ(err.rc, rows[i].rc);
		CHECK_STR(err.object, rows[i].dir ? "a.img:/d" : "a.img:/f");
		CHECK_HAS(err.message, rows[i].dir ? "not a file" : "beyond its end");
		CHECK_EQ(famfs_copy_out(fs, entry, rows[i].off, rows[i].len, fd, NULL, &err2),
			 rows[i].rc);
		CHECK_STR(err2.object, err.object);
		CHECK_STR(err2.message, err.message);
		CHECK_EQ(byte, 'x');
	}
	CHECK_EQ(lseek(fd, 0, SEEK_END), 4);
	close(fd);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

/* Damaged media is -EUCLEAN, and names the file. */
UNIT_TEST(damaged_maps)
{
	struct famfs_entry entry = image_file("f", IMAGE_DATA, AU);
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx);
	char *buf = malloc(3 * AU);

	REQUIRE(fs && buf);
	for (unsigned int i = 0; i < 4; i++) {
		struct famfs_err err = { 0 };
		struct famfs_entry bad = entry;
		int fd = open_out();

		UNIT_ROW("%u", i);
		bad.extents[0].dev_index = i == 0;
		bad.size += i == 1;
		bad.extents[0].off = i == 2 ? SIZE - AU / 2
				   : i == 3 ? UINT64_MAX - 4095
					    : IMAGE_DATA;
		CHECK_EQ(famfs_read(fs, &bad, 0, buf, bad.size, &err), -EUCLEAN);
		CHECK_EQ(err.rc, -EUCLEAN);
		CHECK_STR(err.object, "a.img:/f");
		err.object[0] = '\0';
		CHECK_EQ(famfs_copy_out(fs, &bad, 0, bad.size, fd, NULL, &err), -EUCLEAN);
		CHECK_STR(err.object, "a.img:/f");
		close(fd);
	}
	free(buf);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_TEST(truncated_meanwhile)
{
	static const struct shape whole = { .size = 35 * MIB };

	for (unsigned int threads = 1; threads <= 4; threads += 3) {
		struct famfs_data_opts opts = { .threads = threads };
		struct famfs_ctx *ctx = image_ctx();
		struct famfs *fs = open_new(ctx);
		struct famfs_entry entry;
		struct famfs_err err = { 0 };
		char buf[16];
		int fd = open_out();

		UNIT_ROW("%u threads", threads);
		REQUIRE(fs);
		entry = copy_in(fs, &whole, 1);
		CHECK_EQ(truncate("a.img", (off_t)(entry.extents[0].off + 5 * MIB)), 0);
		CHECK_EQ(famfs_read(fs, &entry, 0, buf, sizeof(buf), &err), 0);
		CHECK_EQ(famfs_read(fs, &entry, entry.size - 16, buf, sizeof(buf), &err), -EIO);
		CHECK_STR(err.object, "a.img:/f");
		CHECK_HAS(err.message, "shrank");
		CHECK(err.off != FAMFS_NONE);
		memset(&err, 0, sizeof(err));
		CHECK_EQ(famfs_copy_out(fs, &entry, 0, entry.size, fd, &opts, &err), -EIO);
		CHECK_EQ(err.rc, -EIO);
		CHECK_STR(err.object, "a.img:/f");
		CHECK_HAS(err.message, "shrank");
		close(fd);
		famfs_close(fs);
		famfs_ctx_free(ctx);
	}
}

UNIT_TEST(sinks_that_fail)
{
	struct famfs_data_opts opts = { .name = "the sink" };
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx);
	struct famfs_entry entry;
	struct famfs_err err = { 0 };
	int pipes[2], fd;

	REQUIRE(fs);
	entry = copy_in(fs, &shapes[5], 1);
	fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	REQUIRE(fd >= 0);
	CHECK_EQ(famfs_copy_out(fs, &entry, 0, entry.size, fd, &opts, &err), -ENOSPC);
	CHECK_STR(err.object, "the sink");
	CHECK_HAS(err.message, "offset 0");
	CHECK_HAS(err.hint, "make room");
	close(fd);
	fd = open("in", O_RDONLY | O_CLOEXEC);
	CHECK(famfs_copy_out(fs, &entry, 0, entry.size, fd, &opts, &err) < 0);
	CHECK_STR(err.object, "the sink");
	close(fd);
	filling_local_holds("in", 1, 0, entry.size);
	CHECK_EQ(famfs_copy_out(fs, &entry, 0, entry.size, -1, &opts, &err), -EBADF);
	CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	REQUIRE(pipe2(pipes, O_CLOEXEC) == 0);
	close(pipes[0]);
	CHECK_EQ(famfs_copy_out(fs, &entry, 0, entry.size, pipes[1], &opts, &err), -EPIPE);
	CHECK_STR(err.object, "the sink");
	close(pipes[1]);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

static struct famfs_ctx *alarmed;

static void on_alarm(int sig)
{
	(void)sig;
	famfs_cancel(alarmed);
}

/* A write that nobody reads is waited for, and ended by the signal that cancels. */
UNIT_TEST(cancelled_while_it_waits)
{
	struct itimerval soon = { .it_value = { .tv_usec = 50000 },
				  .it_interval = { .tv_usec = 50000 } };
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval never = { .it_value = { 0 } };
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx);
	struct famfs_entry entry;
	struct famfs_err err = { 0 };
	int pipes[2];

	REQUIRE(fs);
	entry = copy_in(fs, &shapes[5], 1);
	alarmed = ctx;
	REQUIRE(pipe2(pipes, O_CLOEXEC) == 0);
	CHECK_EQ(sigaction(SIGALRM, &action, NULL), 0);
	CHECK_EQ(setitimer(ITIMER_REAL, &soon, NULL), 0);
	CHECK_EQ(famfs_copy_out(fs, &entry, 0, entry.size, pipes[1], NULL, &err), -ECANCELED);
	CHECK_EQ(err.rc, -ECANCELED);
	CHECK_EQ(setitimer(ITIMER_REAL, &never, NULL), 0);
	CHECK(signal(SIGALRM, SIG_DFL) != SIG_ERR);
	close(pipes[0]);
	close(pipes[1]);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

UNIT_TEST(cancelled_before)
{
	struct famfs_ctx *ctx = image_ctx();
	struct famfs *fs = open_new(ctx);
	struct famfs_entry entry;
	struct famfs_err err = { 0 };
	int fd = open_out();

	REQUIRE(fs);
	entry = copy_in(fs, &shapes[5], 1);
	famfs_cancel(ctx);
	CHECK_EQ(famfs_copy_out(fs, &entry, 0, entry.size, fd, NULL, &err), -ECANCELED);
	CHECK_EQ(err.rc, -ECANCELED);
	close(fd);
	famfs_close(fs);
	famfs_ctx_free(ctx);
}

/* Of the file, at @cut or behind it; found page by page. */
static uint64_t behind(const struct famfs_entry *entry, uint64_t cut)
{
	struct famfs_extent extent = { 0 };
	uint64_t off = 0;

	while (famfs_resolve(entry, off, &extent, NULL) == 0 && extent.off < cut)
		off += 4096;
	return off;
}

static void read_to_missing(struct famfs *fs, const struct famfs_entry *entry, const char *want)
{
	struct famfs_err err = { 0 };
	char *buf = malloc(entry->size);

	CHECK_EQ(famfs_read(fs, entry, 0, buf, entry->size, &err), -EUCLEAN);
	CHECK_HAS(err.message, want);
	free(buf);
}

/* Not of the extent that it is in, and not of the piece that a thread came to first. */
UNIT_TEST(cut_off_the_first_missing_byte_is_named)
{
	static const struct shape cut[] = { { 40 * MIB, 0, 0 }, { 35 * MIB + 4097, 3, AU } };

	for (size_t i = 0; i < 2 * UNIT_NR(cut); i++) {
		struct famfs_ctx *ctx = image_ctx();
		struct famfs *fs = open_new(ctx);
		struct famfs_entry entry = copy_in(fs, &cut[i / 2], 1);
		struct famfs_data_opts opts = { .threads = i % 2 ? 4 : 1 };
		uint64_t end = entry.extents[i / 2].off + 3 * MIB + 4096;
		struct famfs_err err = { 0 };
		char want[64];
		int fd = open_out();

		famfs_close(fs);
		CHECK_EQ(truncate("a.img", (off_t)end), 0);
		fs = image_open(ctx, "a.img", 0);
		REQUIRE(fs);
		(void)snprintf(want, sizeof(want), "byte %" PRIu64 " lies", behind(&entry, end));
		UNIT_ROW("%s, %u threads", want, opts.threads);
		CHECK_EQ(famfs_copy_out(fs, &entry, 0, entry.size, fd, &opts, &err), -EUCLEAN);
		CHECK_HAS(err.message, want);
		close(fd);
		read_to_missing(fs, &entry, want);
		famfs_close(fs);
		famfs_ctx_free(ctx);
	}
}

UNIT_MAIN

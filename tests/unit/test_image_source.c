/* SPDX-License-Identifier: Apache-2.0 */
/* An image out of a pipe is kept in a temporary file, whole, or it is said why not. */
#include <errno.h>

#include "image_impl.h"
#include "unit.h"
#include "scratch.h"

#define LEN 200000

/* What becomes of the next calls; then all is well again. */
static struct {
	int error; /* 0: nothing is written */
	int nr;
} bad_read, bad_write;

ssize_t __real_read(int fd, void *buf, size_t len);
ssize_t __wrap_read(int fd, void *buf, size_t len);
ssize_t __real_write(int fd, const void *buf, size_t len);
ssize_t __wrap_write(int fd, const void *buf, size_t len);

ssize_t __wrap_read(int fd, void *buf, size_t len)
{
	if (bad_read.nr == 0)
		return __real_read(fd, buf, len);
	bad_read.nr--;
	errno = bad_read.error;
	return -1;
}

/* One that works is a short one. */
ssize_t __wrap_write(int fd, const void *buf, size_t len)
{
	if (bad_write.nr == 0)
		return __real_write(fd, buf, len > 1000 ? 1000 : len);
	bad_write.nr--;
	errno = bad_write.error;
	return bad_write.error ? -1 : 0;
}

static void fill(char *buf)
{
	for (size_t i = 0; i < LEN; i++)
		buf[i] = (char)(i * 7 + i / 251);
}

/* The reading end of a pipe that has all the bytes. */
static struct famfs_image_source make_pipe(void)
{
	struct famfs_image_source source = { .fd = -1, .name = "the pipe" };
	static char buf[LEN];
	int ends[2];

	fill(buf);
	if (CHECK(pipe2(ends, O_CLOEXEC) == 0) && CHECK(fcntl(ends[1], F_SETPIPE_SZ, LEN) >= LEN)) {
		CHECK_EQ(__real_write(ends[1], buf, LEN), LEN);
		close(ends[1]);
		source.fd = ends[0];
	}
	return source;
}

static void has_all(int fd)
{
	static char want[LEN], got[LEN + 1];

	fill(want);
	CHECK_EQ(pread(fd, got, LEN + 1, 0), LEN);
	CHECK(memcmp(want, got, LEN) == 0);
}

static struct famfs_ctx *new_ctx(void)
{
	struct famfs_ctx *ctx = NULL;

	CHECK_EQ(famfs_ctx_new(&ctx), 0);
	return ctx;
}

static void is_kept(void)
{
	struct famfs_ctx *ctx = new_ctx();
	struct famfs_image_source source = make_pipe();
	struct famfs_err err = { 0 };
	int fd = -1;

	CHECK_MSG(image_seekable(ctx, &source, &fd, &err) == 0, "%s", err.message);
	CHECK(fd != source.fd);
	has_all(fd);
	image_release(&source, fd);
	CHECK(fcntl(fd, F_GETFD) < 0);
	CHECK(fcntl(source.fd, F_GETFD) >= 0);
	close(source.fd);
	famfs_ctx_free(ctx);
}

/* @source is not kept, and nothing stays open. */
static void is_not_kept(struct famfs_ctx *ctx, const struct famfs_image_source *source, int rc,
			const char *object, const char *message)
{
	struct famfs_err err = { 0 };
	int fd = -1, next = dup(0);

	close(next);
	UNIT_ROW("%s", message);
	CHECK_EQ(image_seekable(ctx, source, &fd, &err), rc);
	CHECK_EQ(err.rc, rc);
	CHECK_STR(err.object, object);
	CHECK_STR(err.message, message);
	CHECK_EQ(fd, -1);
	CHECK_EQ(dup(0), next);
	close(next);
}

UNIT_TEST(all_of_a_pipe)
{
	is_kept();
	bad_read.error = bad_write.error = EINTR;
	bad_read.nr = bad_write.nr = 3;
	is_kept();
	CHECK_EQ(bad_read.nr + bad_write.nr, 0);
}

UNIT_TEST(a_file_is_its_own)
{
	struct famfs_ctx *ctx = new_ctx();
	struct famfs_image_source source = { .name = "file" };
	int fd = -1;

	scratch_file("file", "bytes");
	source.fd = open("file", O_RDONLY | O_CLOEXEC);
	CHECK_EQ(image_seekable(ctx, &source, &fd, NULL), 0);
	CHECK_EQ(fd, source.fd);
	image_release(&source, fd);
	CHECK_EQ(close(source.fd), 0);
	famfs_ctx_free(ctx);
}

UNIT_TEST(what_cannot_be_read)
{
	struct famfs_image_source source = { .fd = -1, .name = "closed" };
	struct famfs_ctx *ctx = new_ctx();

	is_not_kept(ctx, &source, -EBADF, "closed", "cannot be read: Bad file descriptor");
	source = make_pipe();
	bad_read.error = EIO;
	bad_read.nr = 1;
	is_not_kept(ctx, &source, -EIO, "the pipe", "cannot be read: Input/output error");
	famfs_cancel(ctx);
	is_not_kept(ctx, &source, -ECANCELED, "the pipe", "cancelled");
	close(source.fd);
	famfs_ctx_free(ctx);
}

UNIT_TEST(a_disk_that_is_full)
{
	static const struct {
		int error, rc;
		const char *message;
	} rows[] = {
		{ ENOSPC, -ENOSPC,
		  "cannot be copied to a temporary file: No space left on device" },
		{ 0, -EIO, "cannot be copied to a temporary file: Input/output error" },
	};
	struct famfs_ctx *ctx = new_ctx();

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct famfs_image_source source = make_pipe();

		bad_write.error = rows[i].error;
		bad_write.nr = 1;
		is_not_kept(ctx, &source, rows[i].rc, "the pipe", rows[i].message);
		close(source.fd);
	}
	famfs_ctx_free(ctx);
}

UNIT_TEST(directories_for_temporary_files)
{
	struct famfs_image_source source = make_pipe();
	struct famfs_ctx *ctx = new_ctx();
	char *before = getenv("TMPDIR");

	before = before ? strdup(before) : NULL;
	CHECK_EQ(setenv("TMPDIR", "/nowhere/at/all", 1), 0);
	is_not_kept(ctx, &source, -ENOENT, "/nowhere/at/all",
		    "no temporary file can be made: No such file or directory");
	/* What is relative is not taken for anything. */
	CHECK_EQ(setenv("TMPDIR", "nowhere", 1), 0);
	is_kept();
	CHECK_EQ(unsetenv("TMPDIR"), 0);
	is_kept();
	if (before)
		CHECK_EQ(setenv("TMPDIR", before, 1), 0);
	free(before);
	close(source.fd);
	famfs_ctx_free(ctx);
}

UNIT_MAIN

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "outfile.h"

static int failed(struct cmd_env *env, const struct outfile *out, int rc)
{
	return env_errorf(env, rc, out->name, "%s", strerror(-rc));
}

/* Other words for standard output, such as /dev/stdout: what is there already stays. */
static bool is_stdout(const struct stat *st)
{
	struct stat out;

	return !fstat(STDOUT_FILENO, &out) && out.st_dev == st->st_dev && out.st_ino == st->st_ino;
}

/* Standard output, a FIFO, a terminal's like: written as it comes. */
static int open_stream(struct cmd_env *env, struct outfile *out, const char *device)
{
	struct stat st;

	if (out->fd < 0 && !stat(out->name, &st) && is_stdout(&st))
		out->fd = STDOUT_FILENO;
	if (out->fd < 0)
		out->fd = open(out->name, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (out->fd < 0)
		return failed(env, out, -errno);
	if (!isatty(out->fd) && !file_is_device(out->fd, device))
		return 0;
	return env_errorf(env, -EINVAL, out->name, "is %s; raw bytes are not written there",
			  isatty(out->fd) ? "a terminal" : "a device or the file system itself");
}

static int open_temp(struct cmd_env *env, struct outfile *out)
{
	int rc = below_file_open_for(&out->file, out->target, &out->last);

	if (rc)
		return failed(env, out, rc);
	out->fd = out->file.fd;
	return 0;
}

static int open_new(struct cmd_env *env, struct outfile *out)
{
	int rc = file_target(out->name, &out->target);

	return rc ? failed(env, out, rc) : open_temp(env, out);
}

static int open_over(struct cmd_env *env, struct outfile *out, const char *device)
{
	int fd = open(out->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool same = fd >= 0 && file_is_device(fd, device);

	if (fd >= 0)
		close(fd);
	if (same)
		return env_errorf(env, -EINVAL, out->name, "is the file system itself");
	if (!out->replace)
		return env_errorf(env, -EEXIST, out->name, "is there already; --force replaces it");
	return open_new(env, out);
}

int outfile_open(struct cmd_env *env, struct outfile *out, const char *file, const char *device)
{
	struct stat st;
	int code;

	out->fd = -1;
	out->name = file;
	out->target = NULL;
	out->last = NULL;
	if (!strcmp(file, "-")) {
		out->name = "standard output";
		out->fd = STDOUT_FILENO;
		code = open_stream(env, out, device);
	} else if (stat(file, &st)) {
		code = errno == ENOENT ? open_new(env, out) : failed(env, out, -errno);
	} else if (S_ISREG(st.st_mode) && !is_stdout(&st)) {
		code = open_over(env, out, device);
	} else {
		code = open_stream(env, out, device);
	}
	if (code)
		outfile_finish(env, out, false);
	return code;
}

static int publish(struct outfile *out)
{
	/* Who may not give files away keeps them. */
	if (out->mode && fchown(out->fd, out->uid, out->gid) && errno != EPERM)
		return -errno;
	if ((out->mode && fchmod(out->fd, out->mode)) || fsync(out->fd))
		return -errno;
	return out->replace ? below_file_publish(&out->file, out->last)
			    : below_file_publish_new(&out->file, out->last);
}

int outfile_finish(struct cmd_env *env, struct outfile *out, bool whole)
{
	int rc = whole && out->last ? publish(out) : 0;

	if (out->last)
		below_file_close_for(&out->file);
	else if (out->fd > STDERR_FILENO && close(out->fd) && whole)
		rc = -errno;
	free(out->target);
	out->last = out->target = NULL;
	return rc ? failed(env, out, rc) : 0;
}

int outfile_save(struct cmd_env *env, const char *file, const char *device, const void *buf,
		 size_t len)
{
	struct outfile out = {
		.replace = true, .mode = 0666 & ~file_mask(), .uid = geteuid(), .gid = getegid()
	};
	struct stat st;
	int code, rc;

	if (!stat(file, &st) && S_ISREG(st.st_mode)) {
		/* It is replaced, but only by who might have written into it. */
		if (faccessat(AT_FDCWD, file, W_OK, AT_EACCESS))
			return env_errorf(env, -errno, file, "%s", strerror(errno));
		out.mode = st.st_mode & 0777;
		out.uid = st.st_uid;
		out.gid = st.st_gid;
	}
	code = outfile_open(env, &out, file, device);
	if (code)
		return code;
	rc = file_write_all(out.fd, buf, len);
	if (rc == -EPIPE)
		file_reader_gone();
	if (rc)
		code = failed(env, &out, rc);
	return outfile_finish(env, &out, !rc) || code ? EXIT_FAILED : 0;
}

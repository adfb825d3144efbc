/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

enum { READ_SIZE = 1 << 16, LINKS_MAX = 40 /* that the kernel follows, too */ };

static const struct file_limit any_file = { 256 << 20, NULL };

const char *file_name(const char *file)
{
	return strcmp(file, "-") ? file : "standard input";
}

static int too_large(struct cmd_env *env, const char *name, const struct file_limit *limit)
{
	return env_errorf(env, -EFBIG, name, "larger than %zu MiB%s%s", limit->max >> 20,
			  limit->why ? ": " : "", limit->why ? limit->why : "");
}

/* Reads no more than shows that there is too much. */
static int read_all(struct cmd_env *env, int fd, const char *name, const struct file_limit *limit,
		    struct text *ret_text)
{
	size_t room;
	ssize_t got;

	text_add(ret_text, "", 0);
	for (;;) {
		room = limit->max + 1 - ret_text->len;
		room = room < READ_SIZE - 1 ? room : READ_SIZE - 1;
		ret_text->s = mem_grow(ret_text->s, &ret_text->cap, ret_text->len + READ_SIZE, 1);
		got = read(fd, ret_text->s + ret_text->len, room);
		if (got < 0 && errno == EINTR && !cmd_cancelled())
			continue;
		if (got < 0 && cmd_cancelled())
			return env_errorf(env, -ECANCELED, name, "cancelled");
		if (got < 0)
			return env_errorf(env, -errno, name, "%s", strerror(errno));
		if (!got)
			break;
		ret_text->len += (size_t)got;
		if (ret_text->len > limit->max)
			return too_large(env, name, limit);
	}
	ret_text->s[ret_text->len] = '\0';
	return 0;
}

int file_read_fd(struct cmd_env *env, int fd, const char *name, struct text *ret_text)
{
	return read_all(env, fd, name, &any_file, ret_text);
}

int file_read_most(struct cmd_env *env, const char *file, const struct file_limit *limit,
		   struct text *ret_text)
{
	struct stat st;
	int fd, code;

	if (!strcmp(file, "-"))
		return read_all(env, STDIN_FILENO, file_name(file), limit, ret_text);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return env_errorf(env, -errno, file, "%s", strerror(errno));
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > (off_t)limit->max)
		code = too_large(env, file, limit);
	else
		code = read_all(env, fd, file, limit, ret_text);
	close(fd);
	return code;
}

int file_read(struct cmd_env *env, const char *file, struct text *ret_text)
{
	return file_read_most(env, file, &any_file, ret_text);
}

int file_write_all(int fd, const void *buf, size_t len)
{
	const char *at = buf;
	ssize_t put;

	while (len) {
		/* A signal ends a long write with what went through so far, and no error. */
		if (cmd_cancelled())
			return -EINTR;
		put = write(fd, at, len);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put ? -errno : -EIO;
		at += put;
		len -= (size_t)put;
	}
	return 0;
}

void file_reader_gone(void)
{
	signal(SIGPIPE, SIG_DFL);
	raise(SIGPIPE);
}

bool file_is_device(int fd, const char *device)
{
	const char *at = strrchr(device, '@');
	char *path = mem_strndup(device, at ? (size_t)(at - device) : strlen(device));
	struct stat out, whole, part;
	bool same = true;

	if (!fstat(fd, &out)) {
		same = !stat(device, &whole) && whole.st_dev == out.st_dev &&
		       whole.st_ino == out.st_ino;
		same |= !stat(path, &part) && part.st_dev == out.st_dev &&
			part.st_ino == out.st_ino;
		same |= S_ISBLK(out.st_mode);
		if (S_ISCHR(out.st_mode) && !stat(path, &part) && S_ISCHR(part.st_mode))
			same |= part.st_rdev == out.st_rdev;
	}
	free(path);
	return same;
}

mode_t file_mask(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return mask;
}

/* *@path is a link that says @to: unless from the root, that counts from beside the link. */
static void follow_link(char **path, const char *to, size_t len)
{
	const char *slash = strrchr(*path, '/');
	struct text target = { 0 };

	if (*to != '/' && slash)
		text_add(&target, *path, (size_t)(slash - *path) + 1);
	text_add(&target, to, len);
	free(*path);
	*path = target.s;
}

static int follow_links(char **path)
{
	char to[PATH_MAX];
	ssize_t len;
	int i;

	for (i = 0; i <= LINKS_MAX; i++) {
		len = readlink(*path, to, sizeof(to));
		if (len < 0)
			return errno == EINVAL || errno == ENOENT ? 0 : -errno;
		if ((size_t)len == sizeof(to))
			return -ENAMETOOLONG;
		follow_link(path, to, (size_t)len);
	}
	return -ELOOP;
}

int file_target(const char *name, char **ret_path)
{
	*ret_path = realpath(name, NULL);
	if (*ret_path)
		return 0;
	*ret_path = mem_strndup(name, strlen(name));
	return follow_links(ret_path);
}

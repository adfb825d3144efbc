/* SPDX-License-Identifier: Apache-2.0 */
/* fmap messages, written to files. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "below.h"
#include "file.h"
#include "fmap.h"

int fmap_dir_open(struct cmd_env *env, const char *name, const char *device,
		  struct fmap_dir *ret_dir)
{
	*ret_dir = (struct fmap_dir){ .root = -1, .name = name, .device = device };
	if (mkdir(name, 0777) && errno != EEXIST)
		return env_errorf(env, -errno, name, "cannot be made: %s", strerror(errno));
	ret_dir->root = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ret_dir->root < 0)
		return env_errorf(env, -errno, name, "%s", strerror(errno));
	return 0;
}

/* Is the image that is dumped from about to be replaced? */
static bool is_device(int dir, const char *name, const char *device)
{
	int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	bool same = fd >= 0 && file_is_device(fd, device);

	if (fd >= 0)
		close(fd);
	return same;
}

static int write_in_dir(const struct famfs_reply *msg, int dir, const char *name)
{
	struct below_file file;
	int rc = below_file_open(&file, dir);

	if (rc)
		return rc;
	rc = file_write_all(file.fd, msg->buf, msg->len);
	if (!rc && fchmod(file.fd, 0666 & ~file_mask()))
		rc = -errno;
	if (!rc)
		rc = below_file_publish(&file, name);
	below_file_close(&file);
	return rc;
}

static bool is_hopeless(const struct fmap_dir *dir, int rc)
{
	if (rc == -EACCES)
		return faccessat(dir->root, ".", W_OK | X_OK, AT_EACCESS) != 0;
	return rc == -ENOSPC || rc == -EDQUOT || rc == -EROFS;
}

int fmap_write_below(struct cmd_env *env, const struct famfs_reply *msg, struct fmap_dir *dir,
		     const char *path)
{
	struct text shown = { 0 };
	const char *name, *inside;
	int parent, code = 0, rc;

	text_addf(&shown, "%s/", dir->name);
	text_add_safe(&shown, path, true);
	text_add(&shown, ".fmap", 5);
	inside = shown.s + strlen(dir->name) + 1;
	parent = rc = below_open_parent(dir->root, inside, true, &name);
	if (parent >= 0) {
		rc = is_device(parent, name, dir->device) ? -EBUSY
							  : write_in_dir(msg, parent, name);
		close(parent);
	}
	if (rc)
		code = env_errorf(env, rc, shown.s, "%s",
				  rc == -EBUSY ? "is the image that is dumped" : strerror(-rc));
	dir->hopeless = is_hopeless(dir, rc);
	text_free(&shown);
	return code;
}

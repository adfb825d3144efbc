/* SPDX-License-Identifier: Apache-2.0 */
/* Where cp copies to: a famfs, a local directory or file, or what is written in order. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cp.h"

/* DEVICE, or the file behind DEVICE@OFFSET. */
void cp_side_identify(struct cp_side *side)
{
	const char *at = strrchr(side->device, '@');
	struct famfs_err err;
	struct stat st;
	char *path;

	if (stat(side->device, &st)) {
		if (!at || famfs_size_parse(at + 1, &side->off, &err))
			return;
		path = mem_strndup(side->device, (size_t)(at - side->device));
		if (stat(path, &st))
			st = (struct stat){ 0 };
		free(path);
	}
	side->dev = S_ISCHR(st.st_mode) ? st.st_rdev : st.st_dev;
	side->ino = S_ISCHR(st.st_mode) ? 0 : st.st_ino;
}

bool cp_side_same(const struct cp_side *a, const struct cp_side *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->off == b->off;
}

static bool ends_with_slash(const char *path)
{
	size_t len = strlen(path);

	return len && path[len - 1] == '/';
}

/* Only the directory to copy to is made, not those above it. */
static int check_parent(struct cp *cp)
{
	const char *slash = strrchr(cp->base, '/');
	char *parent = mem_strndup(cp->base, slash ? (size_t)(slash - cp->base) : 0);
	struct famfs_entry entry;
	struct famfs_err err;
	int rc = famfs_lookup(cp->dst.fs, parent, &entry, &err);

	free(parent);
	if (rc)
		return env_error(cp->env, &err);
	if (entry.type != FAMFS_ENTRY_MKDIR)
		return env_errorf(cp->env, -ENOTDIR, cp->dst_text,
				  "a part of its path is no directory");
	return 0;
}

static int open_famfs(struct cp *cp, const struct operand *op)
{
	unsigned int flags = FAMFS_OPEN_WRITE | (cp->env->sync ? FAMFS_OPEN_SYNC : 0U);
	struct famfs_entry entry;
	struct famfs_err err;
	int rc;

	cp->dst.device = op->device;
	if (famfs_open(cp->env->ctx, op->device, flags, &cp->dst.fs, &err))
		return env_error(cp->env, &err);
	cp_side_identify(&cp->dst);
	rc = famfs_lookup(cp->dst.fs, op->path, &entry, &err);
	if (!rc) {
		cp->into = entry.type == FAMFS_ENTRY_MKDIR;
		cp->base = mem_strndup(entry.path, sizeof(entry.path));
	} else if (rc == -ENOENT || rc == -ENAMETOOLONG) {
		cp->base = cp_clean_path("", op->path);
		if (check_parent(cp))
			return EXIT_FAILED;
	} else {
		return env_error(cp->env, &err);
	}
	return 0;
}

/* Opens the directory that is written in, which may be reached by symbolic links. */
static int open_root(struct cp *cp, const char *dir)
{
	cp->root = open(*dir ? dir : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (cp->root < 0)
		return env_errorf(cp->env, -errno, *dir ? dir : ".", "%s", strerror(errno));
	cp->root_name = mem_strndup(dir, strlen(dir));
	return 0;
}

/* A file, or a name that is free. */
static int open_parent(struct cp *cp, const char *path)
{
	size_t end = strlen(path), start;
	char *dir;
	int code;

	while (end > 1 && path[end - 1] == '/')
		end--;
	for (start = end; start && path[start - 1] != '/'; start--)
		;
	cp->base = mem_strndup(path + start, end - start);
	dir = mem_strndup(path, start);
	code = open_root(cp, dir);
	free(dir);
	return code;
}

/* A symbolic link is written through, as cp(1) does. */
static int open_linked(struct cp *cp)
{
	char *real = realpath(cp->dst_text, NULL);
	int code;

	if (!real)
		return env_errorf(cp->env, -errno, cp->dst_text,
				  "a symbolic link that leads nowhere: %s", strerror(errno));
	code = open_parent(cp, real);
	free(real);
	return code;
}

static int open_stream(struct cp *cp)
{
	cp->base = mem_strndup("", 0);
	if (!strcmp(cp->dst_text, "-"))
		cp->stream = STDOUT_FILENO;
	else
		cp->stream = open(cp->dst_text, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (cp->stream < 0)
		return env_errorf(cp->env, -errno, cp->dst_text, "%s", strerror(errno));
	return 0;
}

static int open_local(struct cp *cp)
{
	struct stat st, link;

	if (!strcmp(cp->dst_text, "-"))
		return open_stream(cp);
	if (lstat(cp->dst_text, &link)) {
		if (errno != ENOENT)
			return env_errorf(cp->env, -errno, cp->dst_text, "%s", strerror(errno));
		return open_parent(cp, cp->dst_text);
	}
	if (stat(cp->dst_text, &st))
		return open_linked(cp);
	if (S_ISDIR(st.st_mode)) {
		cp->into = true;
		cp->base = mem_strndup("", 0);
		return open_root(cp, cp->dst_text);
	}
	if (S_ISREG(st.st_mode))
		return S_ISLNK(link.st_mode) ? open_linked(cp) : open_parent(cp, cp->dst_text);
	if (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode))
		return open_stream(cp);
	return env_errorf(cp->env, -EINVAL, cp->dst_text, "is no file and no directory");
}

int cp_dest_open(struct cp *cp, const struct operand *op)
{
	cp->dst_text = op->text;
	cp->slash = ends_with_slash(op->path ? op->path : op->text);
	return op->path ? open_famfs(cp, op) : open_local(cp);
}

void cp_dest_text(const struct cp *cp, const struct cp_item *item, struct text *t)
{
	const char *root = cp->root_name;

	if (cp->dst.fs)
		text_addf(t, "%s:/%s", cp->dst.device, item->dest);
	else if (cp->stream >= 0)
		text_addf(t, "%s", cp->dst_text);
	else
		text_addf(t, "%s%s%s", root, *root && !ends_with_slash(root) ? "/" : "",
			  item->dest);
}

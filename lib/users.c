/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "ctx.h"
#include "err.h"
#include "users.h"

/* Undoes the \040 escapes of /proc/self/mounts, in place. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

static bool same_object(const struct stat *a, const struct stat *b)
{
	if (S_ISCHR(a->st_mode) && S_ISCHR(b->st_mode))
		return a->st_rdev == b->st_rdev;
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* A source that is no absolute path ("proc", "tmpfs") is no file, whatever ours is called. */
static bool is_source(const struct stat *ours, const char *path, const char *source)
{
	struct stat st;

	if (*source != '/')
		return false;
	if (strcmp(source, path) == 0)
		return true;
	return stat(source, &st) == 0 && same_object(ours, &st);
}

static FILE *open_proc(const struct famfs_ctx *ctx, const char *path)
{
	char full[PATH_MAX];

	return ctx_path(ctx, path, full, sizeof(full)) < 0 ? NULL : fopen(full, "re");
}

/* Takes the first word of *@rest. */
static char *next_word(char **rest)
{
	char *word = strsep(rest, " \n");

	if (word)
		unescape(word);
	return word;
}

/* What is not there, or no longer, holds nothing. What else is in the way is not that. */
static int why_unseen(void)
{
	return errno == ENOENT || errno == ESRCH || errno == EINVAL ? 0 : -errno;
}

/* @pid: "self", or a process in whose namespace it may be mounted. */
static int is_mounted_for(const struct famfs_ctx *ctx, const char *pid, const struct stat *st,
			  const char *path, char *ret_where)
{
	char part[64];
	FILE *mounts;
	char *line = NULL;
	size_t room = 0;
	int found = 0;

	(void)snprintf(part, sizeof(part), "/proc/%.16s/mounts", pid);
	mounts = open_proc(ctx, part);
	if (!mounts)
		return why_unseen();
	while (!found && getline(&line, &room, mounts) > 0) {
		char *rest = line;
		const char *source = next_word(&rest);
		const char *where = next_word(&rest);

		found = source && is_source(st, path, source);
		if (found && ret_where)
			(void)snprintf(ret_where, FAMFS_FILE_PATH_SIZE, "%s", where ? where : "");
	}
	if (!found && !feof(mounts))
		found = why_unseen();
	free(line);
	(void)fclose(mounts);
	return found;
}

int users_mounted(const struct famfs_ctx *ctx, const struct stat *st, const char *path,
		  char *ret_where)
{
	return is_mounted_for(ctx, "self", st, path, ret_where);
}

int users_unknown(const char *device, int rc, struct famfs_err *err)
{
	rc = err_set(err, rc, device, "it cannot be seen whether it is mounted: %s", strerror(-rc));
	return err_hint(err, rc, "let this process read /proc/self/mounts");
}

/* Mount namespaces that were looked into; those that find no room are looked into again. */
struct namespaces {
	uint64_t seen[64];
	size_t nr;
};

/* The number in a link like mnt:[4026531840]; 0: the process is not there, or not for us to see. */
static uint64_t namespace_of(const struct famfs_ctx *ctx, const char *pid)
{
	char part[64], full[PATH_MAX], target[64];
	ssize_t n;

	(void)snprintf(part, sizeof(part), "/proc/%.16s/ns/mnt", pid);
	if (ctx_path(ctx, part, full, sizeof(full)) < 0)
		return 0;
	n = readlink(full, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	return strncmp(target, "mnt:[", 5) ? 0 : strtoull(target + 5, NULL, 10);
}

static bool is_known(const struct namespaces *known, uint64_t namespace)
{
	for (size_t i = 0; i < known->nr; i++) {
		if (known->seen[i] == namespace)
			return true;
	}
	return false;
}

static void note(struct namespaces *known, uint64_t namespace)
{
	if (known->nr < sizeof(known->seen) / sizeof(known->seen[0]))
		known->seen[known->nr++] = namespace;
}

/* As is_mounted_for(), in the namespace of a process, if that is a new one. */
static int is_mounted_beside(const struct famfs_ctx *ctx, const char *pid, const struct stat *st,
			     const char *path, char *ret_where, struct namespaces *known)
{
	uint64_t namespace = namespace_of(ctx, pid);
	int found;

	if (!namespace || is_known(known, namespace))
		return 0;
	found = is_mounted_for(ctx, pid, st, path, ret_where);
	/* Of a process that ended meanwhile, or is hidden, nothing was seen. */
	if (found >= 0 && namespace_of(ctx, pid) == namespace)
		note(known, namespace);
	/* Not for us to see: who may change such a mount may look. */
	return found == -EACCES || found == -EPERM ? 0 : found;
}

int users_mounted_anywhere(const struct famfs_ctx *ctx, const struct stat *st, const char *path,
			   char *ret_where)
{
	int found = users_mounted(ctx, st, path, ret_where);
	struct namespaces known = { .nr = 0 };
	struct dirent *entry;
	char root[PATH_MAX];
	DIR *dir = ctx_path(ctx, "/proc", root, sizeof(root)) < 0 ? NULL : opendir(root);

	if (!dir)
		return found ? found : why_unseen();
	note(&known, namespace_of(ctx, "self"));
	while (!found && (entry = readdir(dir)) != NULL) {
		if (isdigit((unsigned char)entry->d_name[0]))
			found = is_mounted_beside(ctx, entry->d_name, st, path, ret_where, &known);
	}
	(void)closedir(dir);
	return found;
}

/* Return: 1 it does, 0 not, -errno: not to be seen. */
static int holds_open(const struct famfs_ctx *ctx, const char *pid, const struct stat *ours)
{
	char part[64], full[PATH_MAX];
	struct dirent *entry;
	struct stat st;
	DIR *dir;
	int found = 0;

	(void)snprintf(part, sizeof(part), "/proc/%.48s/fd", pid);
	if (ctx_path(ctx, part, full, sizeof(full)) < 0)
		return 0;
	dir = opendir(full);
	if (!dir)
		return why_unseen();
	while (!found && (entry = readdir(dir)) != NULL)
		found = entry->d_name[0] != '.' &&
			fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 && same_object(ours, &st);
	(void)closedir(dir);
	return found;
}

/*
 * A mapping, by a line of /proc/PID/maps: the node may be another one of the same device, which
 * only the link to what is mapped tells.
 */
static bool is_mapping_of(const struct famfs_ctx *ctx, const char *pid, const char *line,
			  const struct stat *ours)
{
	unsigned long start, end, inode;
	char part[128], full[PATH_MAX], flags[5];
	unsigned int maj, min;
	struct stat st;

	if (sscanf(line, "%lx-%lx %4s %*s %x:%x %lu", &start, &end, flags, &maj, &min, &inode) != 6)
		return false;
	/* Anonymous memory has the numbers of a file that has none. */
	if (inode == 0)
		return false;
	if (inode == ours->st_ino && makedev(maj, min) == ours->st_dev)
		return true;
	if (flags[3] != 's')
		return false;
	(void)snprintf(part, sizeof(part), "/proc/%.48s/map_files/%lx-%lx", pid, start, end);
	return ctx_path(ctx, part, full, sizeof(full)) == 0 && stat(full, &st) == 0 &&
	       same_object(ours, &st);
}

/*
 * What is mapped stays in use when its descriptor is closed. Return: as holds_open(). A process
 * whose descriptors are shown and whose mappings are hidden, even from root, is taken at the word
 * of its descriptors: some hosts have one that runs for ever, and nothing could be done there.
 */
static int holds_mapped(const struct famfs_ctx *ctx, const char *pid, const struct stat *ours)
{
	char part[64];
	char *line = NULL;
	size_t room = 0;
	int found = 0;
	FILE *maps;

	(void)snprintf(part, sizeof(part), "/proc/%.48s/maps", pid);
	maps = open_proc(ctx, part);
	if (!maps)
		return errno == EACCES || errno == EPERM ? 0 : why_unseen();
	while (!found && getline(&line, &room, maps) > 0)
		found = is_mapping_of(ctx, pid, line, ours);
	if (!found && !feof(maps))
		found = why_unseen();
	free(line);
	(void)fclose(maps);
	return found;
}

/* One thread, or the one that stands for a process. Return: as holds_open(). */
static int holds(const struct famfs_ctx *ctx, const char *task, const struct stat *ours)
{
	int found = holds_open(ctx, task, ours);

	return found ? found : holds_mapped(ctx, task, ours);
}

/* Has the first thread ended? Then its link to the program is gone; no kernel thread has one. */
static bool is_headless(const struct famfs_ctx *ctx, const char *pid)
{
	char part[64], full[PATH_MAX], target[1];

	(void)snprintf(part, sizeof(part), "/proc/%.16s/exe", pid);
	return ctx_path(ctx, part, full, sizeof(full)) == 0 &&
	       readlink(full, target, sizeof(target)) < 0 && errno == ENOENT;
}

/* What the other threads of such a process hold, /proc shows at themselves only. */
static int others_hold(const struct famfs_ctx *ctx, const char *pid, const struct stat *ours)
{
	char part[64], full[PATH_MAX];
	struct dirent *entry;
	int found = 0;
	DIR *dir;

	(void)snprintf(part, sizeof(part), "/proc/%.16s/task", pid);
	if (!is_headless(ctx, pid) || ctx_path(ctx, part, full, sizeof(full)) < 0)
		return 0;
	dir = opendir(full);
	while (dir && !found && (entry = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]) || !strcmp(entry->d_name, pid))
			continue;
		(void)snprintf(part, sizeof(part), "%.16s/task/%.16s", pid, entry->d_name);
		found = holds(ctx, part, ours);
	}
	if (dir)
		(void)closedir(dir);
	return found;
}

static void add_user(const struct famfs_ctx *ctx, const char *pid, struct users *users)
{
	struct famfs_user *user = &users->first[users->nr];
	char part[64];
	FILE *comm;

	if (users->nr++ >= FAMFS_USERS_MAX)
		return;
	*user = (struct famfs_user){ .pid = (int)strtol(pid, NULL, 10) };
	(void)snprintf(part, sizeof(part), "/proc/%.16s/comm", pid);
	comm = open_proc(ctx, part);
	if (!comm)
		return;
	if (fgets(user->command, sizeof(user->command), comm))
		user->command[strcspn(user->command, "\n")] = '\0';
	(void)fclose(comm);
}

void users_scan(const struct famfs_ctx *ctx, const struct stat *st, struct users *ret_users)
{
	struct users users = { 0 };
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir = ctx_path(ctx, "/proc", path, sizeof(path)) < 0 ? NULL : opendir(path);

	while (dir && (entry = readdir(dir)) != NULL) {
		int found;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		found = holds(ctx, entry->d_name, st);
		if (found == 0)
			found = others_hold(ctx, entry->d_name, st);
		if (found < 0)
			users.unseen++;
		else if (found)
			add_user(ctx, entry->d_name, &users);
	}
	if (dir)
		(void)closedir(dir);
	*ret_users = users;
}

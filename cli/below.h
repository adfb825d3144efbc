/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files below a local directory. No symbolic link is followed there and no ".." gets out of it,
 * whatever the names are. A file is written without a name, or under one of its own, and gets the
 * name that is wanted when it is complete.
 */
#ifndef FAMFS_CLI_BELOW_H
#define FAMFS_CLI_BELOW_H

#include <stdbool.h>

/* Flags for opening a directory only to name what is in it. */
#define BELOW_DIR_OPEN (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/*
 * below_open_parent() - opens the directory that @path lies in, part by part from @root on.
 * @make: directories that are missing are made.
 * @ret_name: the last part of @path.
 * Return: a descriptor, or -errno.
 */
int below_open_parent(int root, const char *path, bool make, const char **ret_name);

/* A file being written in directory @dir; @name is empty while it has none. */
struct below_file {
	int dir, fd;
	char name[32];
};

/*
 * All return 0 or -errno. What is not published is gone when it is closed, and, where the file
 * system can make files without a name, when the process is killed.
 */
int below_file_open(struct below_file *file, int dir);
/* In place of what has the name, or only if nothing has: -EEXIST. */
int below_file_publish(struct below_file *file, const char *name);
int below_file_publish_new(struct below_file *file, const char *name);
void below_file_close(struct below_file *file);

/*
 * below_file_open_for() - begins the file that shall be at @path, however one gets there; it is
 * published by @ret_name, and below_file_close_for() closes it.
 */
int below_file_open_for(struct below_file *file, const char *path, const char **ret_name);
void below_file_close_for(struct below_file *file);

#endif

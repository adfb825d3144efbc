/* SPDX-License-Identifier: Apache-2.0 */
/* Local files: what several commands read and write. */
#ifndef FAMFS_CLI_FILE_H
#define FAMFS_CLI_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "cmd.h"

/*
 * file_read() - adds all of @file, "-" for standard input, to @ret_text, NUL-terminated.
 * Returns 0, or EXIT_FAILED when the reason is printed.
 */
int file_read(struct cmd_env *env, const char *file, struct text *ret_text);

/*
 * file_read_most() - the same where nothing that is wanted is larger: it is refused unread, or as
 * soon as it shows. @why: added to the error, or NULL.
 */
struct file_limit {
	size_t max; /* bytes, whole MiB */
	const char *why;
};
int file_read_most(struct cmd_env *env, const char *file, const struct file_limit *limit,
		   struct text *ret_text);

/* file_read_fd() - the same as file_read() from @fd; @name is what errors call it. */
int file_read_fd(struct cmd_env *env, int fd, const char *name, struct text *ret_text);

/* file_name() - what errors call @file: "-" is standard input. */
const char *file_name(const char *file);

/* file_write_all() - Return: 0 or a negative errno; -EINTR when the command was cancelled. */
int file_write_all(int fd, const void *buf, size_t len);

/* file_reader_gone() - who reads the output went away: ends the program as that does, quietly. */
void file_reader_gone(void);

/* file_is_device() - whether @fd is the file behind DEVICE or DEVICE@OFFSET, or a block device:
 * that is not to be written over. */
bool file_is_device(int fd, const char *device);

/*
 * file_target() - what writing to @name makes or replaces: behind symbolic links, also those that
 * lead nowhere, as open(2) follows them. Returns 0 or a negative errno; @ret_path is to be freed.
 */
int file_target(const char *name, char **ret_path);

/* file_mask() - the umask, which cannot be asked for without setting it. */
mode_t file_mask(void);

#endif

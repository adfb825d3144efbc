/* SPDX-License-Identifier: Apache-2.0 */
/* A tar archive that is read once, from its start to its end. */
#ifndef FAMFS_CLI_TAR_READ_H
#define FAMFS_CLI_TAR_READ_H

#include "tar_lib.h"

#ifdef HAVE_LIBARCHIVE

/**
 * struct tar_reader - an open archive.
 * @name: for people. @total: its bytes as they are stored, 0 if not known; @done: those read.
 * @broken: nothing more can be had of it.
 * @progress: called with @data when bytes were read.
 */
struct tar_reader {
	struct tar_lib lib;
	struct archive *a;
	const char *name;
	uint64_t total, done;
	bool broken;
	void (*progress)(void *data);
	void *data;
	/* Its own. */
	int fd, rc;
	bool begun;
	char *buf;
};

/* tar_open() - Return: 0, or EXIT_FAILED with the reason printed. tar_close() follows anyway. */
int tar_open(struct cmd_env *env, struct tar_reader *r, const char *archive);
void tar_close(struct tar_reader *r);

/* tar_next() - Return: 1; 0 at the end; a negative errno. */
int tar_next(struct tar_reader *r, struct archive_entry **ret_entry, struct famfs_err *err);

/*
 * tar_bytes() - the next @len bytes of the entry, holes as zeros. @what: the entry, for errors.
 * Return: 0 or a negative errno.
 */
int tar_bytes(struct tar_reader *r, const char *what, char *buf, size_t len, struct famfs_err *err);

/* tar_fill() - all bytes of the entry. @zeros: store zeros where the entry has holes. */
int tar_fill(struct tar_reader *r, const char *what, struct famfs_fill *fill, bool zeros,
	     struct famfs_err *err);

/* tar_drain() - reads a pipe up to its end, so that who writes it is not killed. */
void tar_drain(struct tar_reader *r);

#endif
#endif

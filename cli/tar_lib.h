/* SPDX-License-Identifier: Apache-2.0 */
/* libarchive, loaded when asked for: only cp --tar pays for it. */
#ifndef FAMFS_CLI_TAR_LIB_H
#define FAMFS_CLI_TAR_LIB_H

#ifdef HAVE_LIBARCHIVE

#include <archive.h>
#include <archive_entry.h>

#include "cmd.h"

/* What is used of it, without "archive_". */
/* clang-format off */
#define TAR_FUNCTIONS(X) \
	X(error_string) X(filter_bytes) X(read_new) X(read_free) X(read_open) \
	X(read_next_header) X(read_data) X(read_data_block) X(read_data_skip) \
	X(read_support_format_tar) X(read_support_filter_bzip2) \
	X(read_support_filter_gzip) X(read_support_filter_xz) X(read_support_filter_zstd) \
	X(write_new) X(write_free) X(write_open) X(write_close) \
	X(write_header) X(write_data) X(write_set_bytes_in_last_block) \
	X(write_set_bytes_per_block) X(write_set_format_pax_restricted) X(entry_new) \
	X(entry_free) X(entry_filetype) X(entry_gid) X(entry_hardlink) X(entry_pathname) \
	X(entry_perm) X(entry_size) X(entry_uid) X(entry_set_filetype) X(entry_set_gid) \
	X(entry_set_mtime) X(entry_set_pathname) X(entry_set_perm) X(entry_set_size) \
	X(entry_set_uid)
/* clang-format on */

#define TAR_MEMBER(fn) __typeof__(archive_##fn) *fn;

struct tar_lib {
	TAR_FUNCTIONS(TAR_MEMBER)
};

/* tar_lib_load() - Return: 0, or EXIT_FAILED when the reason is printed. It stays loaded. */
int tar_lib_load(struct cmd_env *env, struct tar_lib *ret_lib);

#endif
#endif

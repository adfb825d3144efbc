/* SPDX-License-Identifier: Apache-2.0 */
/* Files written one after the other to standard output, a pipe or a terminal. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cp.h"
#include "file.h"

enum { STREAM_SIZE = 1 << 20 };

/* The library writes a file from its start on, and a pipe in order. Nothing else is left to it. */
static bool is_for_library(int fd, bool only)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat st;

	if (fstat(fd, &st))
		return false;
	if (!S_ISREG(st.st_mode))
		return true;
	return only && flags >= 0 && !(flags & O_APPEND) && !st.st_size && !lseek(fd, 0, SEEK_CUR);
}

static int write_in_order(struct cp *cp, struct cp_item *item, struct famfs_err *err)
{
	char *buf = mem_calloc(1, STREAM_SIZE);
	uint64_t off;
	size_t len;
	int rc = 0;

	for (off = 0; off < item->size && !rc; off += len) {
		len = item->size - off < STREAM_SIZE ? (size_t)(item->size - off) : STREAM_SIZE;
		if (cmd_cancelled())
			rc = cp_err(err, -ECANCELED, item->source, "cancelled");
		else
			rc = famfs_read(item->side->fs, item->entry, off, buf, len, err);
		if (rc)
			break;
		rc = file_write_all(cp->stream, buf, len);
		if (rc)
			cp_err(err, rc, cp->dst_text, "%s", strerror(-rc));
		cp_out_progressed(cp, len);
	}
	free(buf);
	return rc;
}

/* @only: no other file follows. */
int cp_stream(struct cp *cp, struct cp_item *item, bool only, struct famfs_err *err)
{
	const char *name = cp->stream == STDOUT_FILENO ? "standard output" : cp->dst_text;
	const struct famfs_data_opts opts = {
		.progress = cp_out_progressed,
		.data = cp,
		.sparse = cp->opts->sparse,
		.name = name,
	};
	int rc;

	if (is_for_library(cp->stream, only)) {
		rc = famfs_copy_out(item->side->fs, item->entry, 0, item->size, cp->stream, &opts,
				    err);
		/* Who shares the descriptor goes on behind it. */
		if (!rc)
			lseek(cp->stream, 0, SEEK_END);
	} else {
		rc = write_in_order(cp, item, err);
	}
	if (rc == -EPIPE)
		file_reader_gone();
	return rc ? rc : famfs_unmoved(item->side->fs, item->entry, err);
}

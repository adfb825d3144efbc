/* SPDX-License-Identifier: Apache-2.0 */
/* What to do about a file of the same size that is there already. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cp.h"

enum { COMPARE_SIZE = 1 << 20 };

struct settling {
	struct cp *cp;
	const struct cp_bytes *bytes;
};

static void count(struct cp *cp, const struct cp_bytes *bytes, uint64_t done)
{
	if (!bytes->counted)
		return;
	cp->bytes_done = done;
	cp_progress(cp);
}

/* Return: 0 when all bytes are the same, 1 when they are not, or a negative errno. */
static int compare(struct cp *cp, const struct cp_item *item, const struct famfs_entry *entry,
		   const struct cp_bytes *bytes, struct famfs_err *err)
{
	size_t most = item->size < COMPARE_SIZE ? (size_t)item->size : COMPARE_SIZE, len;
	char *mine = mem_calloc(2, most), *theirs = mine + most;
	uint64_t off, base = cp->bytes_done;
	int rc = 0;

	for (off = 0; off < item->size && !rc; off += len) {
		len = item->size - off < most ? (size_t)(item->size - off) : most;
		rc = bytes->read(bytes->arg, off, mine, len, err);
		if (!rc)
			rc = famfs_read(cp->dst.fs, entry, off, theirs, len, err);
		if (!rc)
			rc = memcmp(mine, theirs, len) ? 1 : 0;
		count(cp, bytes, base + off + len);
	}
	/* A pipe may have more than was said: at its end reading returns 1. */
	if (!rc && bytes->open_ended) {
		rc = bytes->read(bytes->arg, off, mine, 1, err);
		rc = rc < 0 ? rc : !rc;
	}
	if (!rc)
		rc = famfs_unmoved(cp->dst.fs, entry, err);
	free(mine);
	count(cp, bytes, base);
	return rc;
}

static int fill(void *data, struct famfs_fill *space, struct famfs_err *err)
{
	const struct settling *s = data;

	return s->bytes->fill(s->bytes->arg, space, err);
}

static void progressed(void *data, uint64_t bytes)
{
	const struct settling *s = data;

	count(s->cp, s->bytes, s->cp->bytes_done + bytes);
}

static void overwrite(struct cp *cp, struct cp_item *item, const struct famfs_entry *entry,
		      const struct cp_bytes *bytes)
{
	struct settling s = { cp, bytes };
	const struct famfs_data_opts opts = {
		.progress = progressed,
		.data = &s,
		.name = item->source,
	};
	struct famfs_err err;

	if (!cp->env->dry_run && famfs_overwrite(cp->dst.fs, entry, fill, &opts, &err))
		cp_fail(cp, item, &err);
	else
		cp_done(cp, item, CP_COPIED);
}

void cp_settle(struct cp *cp, struct cp_item *item, const struct famfs_entry *entry,
	       const struct cp_bytes *bytes)
{
	uint64_t base = cp->bytes_done;
	struct famfs_err err;
	int rc = 1;

	/* What can be read only once is not compared when it is to be stored. */
	if (!bytes->once || !cp->opts->overwrite)
		rc = compare(cp, item, entry, bytes, &err);
	if (rc < 0)
		cp_fail(cp, item, &err);
	else if (rc && cp->opts->overwrite)
		overwrite(cp, item, entry, bytes);
	else if (rc)
		cp_failf(cp, item, -EEXIST, "%s:/%s exists and differs; --overwrite stores it anew",
			 cp->dst.device, item->dest);
	else
		cp_done(cp, item, CP_SKIPPED);
	count(cp, bytes, base + item->size);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* How full the extents of a file are. */
#include <inttypes.h>

#include "err.h"
#include "interleave.h"
#include "path.h"
#include "resolve.h"
#include "text.h"

/* Bytes of the file that extent @i and, if it is not interleaved, all behind it must hold. */
static uint64_t wanted(const struct famfs_entry *entry, uint32_t i)
{
	uint64_t left = entry->size;
	struct interleave_fill fill;

	if (entry->ext_type == FAMFS_EXT_INTERLEAVE) {
		fill = interleave_fill_of(entry->size, entry->nstrips, entry->chunk_size);
		return interleave_fill_bytes(&fill, i);
	}
	for (uint32_t j = 0; j < i; j++)
		left -= left < entry->extents[j].len ? left : entry->extents[j].len;
	return left;
}

uint64_t resolve_slack(const struct famfs_entry *entry, uint32_t i)
{
	uint64_t used = wanted(entry, i);

	return used < entry->extents[i].len ? entry->extents[i].len - used : 0;
}

static int judge(const struct famfs_entry *entry, uint32_t i, const char *object,
		 struct famfs_err *err)
{
	bool interleaved = entry->ext_type == FAMFS_EXT_INTERLEAVE;
	uint64_t used;
	int rc;

	if (entry->type != FAMFS_ENTRY_FILE)
		return err_set(err, -EINVAL, object, "is not a file");
	if (i >= entry->extents_nr)
		return err_set(err, -EINVAL, object, "has no extent %u", i);
	if (interleaved && (!entry->chunk_size || entry->nstrips != entry->extents_nr)) {
		rc = err_set(err, -EUCLEAN, object,
			     "damaged map: %s of which %u can be there, chunks of %s",
			     text_count(entry->nstrips, "strip").s, entry->extents_nr,
			     text_count(entry->chunk_size, "byte").s);
		return err_hint(err, rc,
				"famfs check tells what is wrong, and mends it with --repair");
	}
	used = wanted(entry, i);
	if (used <= entry->extents[i].len || (!interleaved && i + 1 < entry->extents_nr))
		return 0;
	rc = err_set(err, -EUCLEAN, object, "damaged map: extent %u has %s, %" PRIu64 " are needed",
		     i, text_count(entry->extents[i].len, "byte").s, used);
	return err_hint(err, rc, "famfs check tells what is wrong, and mends it with --repair");
}

int famfs_extent_use(const struct famfs_entry *entry, uint32_t i, struct famfs_extent_use *ret_use,
		     struct famfs_err *err)
{
	char shown[PATH_ESCAPED_SIZE];
	struct famfs_extent_use use = { 0 };
	int rc = judge(entry, i, path_escape(entry->path, shown, sizeof(shown)), err);

	if (rc)
		return rc;
	use.slack = resolve_slack(entry, i);
	use.used = entry->extents[i].len - use.slack;
	if (entry->ext_type == FAMFS_EXT_INTERLEAVE)
		use.chunks = use.used / entry->chunk_size + (use.used % entry->chunk_size != 0);
	*ret_use = use;
	return 0;
}

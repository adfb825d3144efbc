/* SPDX-License-Identifier: Apache-2.0 */
/* Where the bytes of a file lie. */
#include <inttypes.h>

#include "err.h"
#include "interleave.h"
#include "path.h"
#include "resolve.h"
#include "text.h"

static int resolve_simple(const struct famfs_entry *entry, uint64_t off,
			  struct famfs_extent *ret_extent)
{
	for (uint32_t i = 0; i < entry->extents_nr; i++) {
		const struct famfs_extent *extent = &entry->extents[i];

		if (off >= extent->len) {
			off -= extent->len;
			continue;
		}
		ret_extent->dev_index = extent->dev_index;
		ret_extent->len = extent->len - off;
		return __builtin_add_overflow(extent->off, off, &ret_extent->off) ? -EUCLEAN : 0;
	}
	return -EUCLEAN;
}

static int resolve_strips(const struct famfs_entry *entry, uint64_t off,
			  struct famfs_extent *ret_extent)
{
	const struct famfs_extent *strip;
	struct interleave_place place;

	if (!entry->chunk_size || !entry->extents_nr || entry->extents_nr != entry->nstrips)
		return -EUCLEAN;
	place = interleave_place_of(off, entry->nstrips, entry->chunk_size);
	strip = &entry->extents[place.strip];
	/* The kernel would go on behind the strip, into another file. */
	if (place.off >= strip->len)
		return -EUCLEAN;
	ret_extent->dev_index = strip->dev_index;
	ret_extent->len = place.run;
	if (ret_extent->len > strip->len - place.off)
		ret_extent->len = strip->len - place.off;
	return __builtin_add_overflow(strip->off, place.off, &ret_extent->off) ? -EUCLEAN : 0;
}

int resolve(const struct famfs_entry *entry, uint64_t off, struct famfs_extent *ret_extent)
{
	struct famfs_extent extent;
	int rc;

	if (off >= entry->size)
		return -ERANGE;
	if (entry->ext_type == FAMFS_EXT_INTERLEAVE)
		rc = resolve_strips(entry, off, &extent);
	else
		rc = resolve_simple(entry, off, &extent);
	if (rc)
		return rc;
	if (extent.len > entry->size - off)
		extent.len = entry->size - off;
	*ret_extent = extent;
	return 0;
}

int famfs_resolve(const struct famfs_entry *entry, uint64_t off, struct famfs_extent *ret_extent,
		  struct famfs_err *err)
{
	char shown[PATH_ESCAPED_SIZE];
	int rc;

	if (entry->type != FAMFS_ENTRY_FILE)
		return err_set(err, -EINVAL, path_escape(entry->path, shown, sizeof(shown)),
			       "is not a file");
	rc = resolve(entry, off, ret_extent);
	if (rc == -ERANGE)
		return err_set(err, rc, path_escape(entry->path, shown, sizeof(shown)),
			       "offset %" PRIu64 " is behind its end: it has %s", off,
			       text_count(entry->size, "byte").s);
	if (rc)
		return err_set(err, rc, path_escape(entry->path, shown, sizeof(shown)),
			       "damaged map: nothing lies behind byte %" PRIu64, off);
	return 0;
}

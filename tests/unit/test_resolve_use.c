/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "famfs.h"
#include "unit.h"

#define AU FAMFS_AU

static struct famfs_entry file(uint64_t size, uint32_t ext_type, uint32_t nr, uint64_t len)
{
	struct famfs_entry entry = {
		.type = FAMFS_ENTRY_FILE,
		.path = "f",
		.size = size,
		.ext_type = ext_type,
		.nextents = nr,
		.extents_nr = nr,
	};

	if (ext_type == FAMFS_EXT_INTERLEAVE) {
		entry.nextents = 1;
		entry.nstrips = nr;
		entry.chunk_size = AU;
	}
	for (uint32_t i = 0; i < nr; i++)
		entry.extents[i] = (struct famfs_extent){ .off = (i + 8) * 64 * AU, .len = len };
	return entry;
}

/* Walks the file by famfs_resolve(), and counts what lies in each extent. */
static void judge(const struct famfs_entry *entry)
{
	uint64_t used[FAMFS_EXTENTS_MAX] = { 0 }, chunks[FAMFS_EXTENTS_MAX] = { 0 };
	struct famfs_extent at;

	for (uint64_t off = 0; off < entry->size; off += at.len) {
		uint32_t i = 0;

		if (!CHECK_EQ(famfs_resolve(entry, off, &at, NULL), 0))
			return;
		while (at.off < entry->extents[i].off ||
		       at.off >= entry->extents[i].off + entry->extents[i].len)
			i++;
		used[i] += at.len;
		chunks[i]++;
	}
	for (uint32_t i = 0; i < entry->extents_nr; i++) {
		struct famfs_extent_use use = { 0 };

		CHECK_EQ(famfs_extent_use(entry, i, &use, NULL), 0);
		CHECK_EQ(use.used, used[i]);
		CHECK_EQ(use.slack, entry->extents[i].len - used[i]);
		CHECK_EQ(use.chunks, entry->ext_type == FAMFS_EXT_INTERLEAVE ? chunks[i] : 0);
	}
}

UNIT_TEST(as_resolve_says)
{
	for (uint32_t nr = 1; nr <= FAMFS_EXTENTS_MAX; nr++) {
		for (uint64_t size = 1; size <= 4 * nr * AU; size += AU / 3 + 1) {
			struct famfs_entry strips = file(size, FAMFS_EXT_INTERLEAVE, nr, 4 * AU);
			struct famfs_entry simple = file(size, FAMFS_EXT_SIMPLE, nr, 4 * AU);

			UNIT_ROW("%" PRIu64 " bytes in %u", size, nr);
			judge(&strips);
			judge(&simple);
		}
	}
}

UNIT_TEST(damaged)
{
	struct famfs_extent_use use = { 7, 7, 7 };
	struct famfs_entry entry = file(4 * AU, FAMFS_EXT_INTERLEAVE, 2, AU);
	struct famfs_err err = { 0 };

	CHECK_EQ(famfs_extent_use(&entry, 0, &use, &err), -EUCLEAN);
	CHECK_HAS(err.message, "2097152 bytes, 4194304 are needed");
	CHECK_EQ(famfs_extent_use(&entry, 2, &use, &err), -EINVAL);
	entry.chunk_size = 0;
	CHECK_EQ(famfs_extent_use(&entry, 0, &use, &err), -EUCLEAN);
	entry = file(4 * AU, FAMFS_EXT_INTERLEAVE, 2, 2 * AU);
	entry.nstrips = UINT64_MAX;
	CHECK_EQ(famfs_extent_use(&entry, 0, &use, &err), -EUCLEAN);
	entry.nstrips = 0;
	CHECK_EQ(famfs_extent_use(&entry, 0, &use, &err), -EUCLEAN);
	CHECK_EQ(use.slack, 7);
	entry = file(UINT64_MAX, FAMFS_EXT_SIMPLE, 2, 1ULL << 62);
	CHECK_EQ(famfs_extent_use(&entry, 0, &use, &err), 0);
	CHECK_EQ(use.used, 1ULL << 62);
	CHECK_EQ(famfs_extent_use(&entry, 1, &use, &err), -EUCLEAN);
	entry = file(AU, FAMFS_EXT_SIMPLE, 1, AU);
	entry.type = FAMFS_ENTRY_MKDIR;
	CHECK_EQ(famfs_extent_use(&entry, 0, &use, &err), -EINVAL);
	CHECK_EQ(use.used, 1ULL << 62);
}

UNIT_MAIN

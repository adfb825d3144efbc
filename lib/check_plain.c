/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nearly every entry is a file of one extent with nothing wrong: seen without taking it apart. What
 * takes the time of a check is here.
 */
#include "check_filter.h"
#include "fs.h"
#include "path_plain.h"

/* Was a name in this directory seen before in this walk, as far as it is remembered? */
static bool is_repeated(struct check_walk *walk, uint64_t parent)
{
	uint64_t *pair = walk->parents[(parent >> 8) % CHECK_PARENTS];

	if (pair[0] == parent || pair[1] == parent)
		return true;
	pair[1] = pair[0];
	pair[0] = parent;
	return false;
}

/* Notes the name whose bits were being fetched, and has those of the next one fetched. */
static void see(struct check_walk *walk, uint64_t next)
{
	const struct check_filter *filter = &walk->check->filter;
	uint64_t now = walk->seeing, mask = check_mask_of(now);
	uint64_t *seen;

	walk->seeing = next;
	if (!walk->seen)
		return;
	__builtin_prefetch(&walk->seen[check_word_of(filter, next)], 1);
	if (!now)
		return;
	seen = &walk->seen[check_word_of(filter, now)];
	if (check_has_all(*seen, mask))
		__atomic_fetch_or(&filter->again[check_word_of(filter, now)], mask,
				  __ATOMIC_RELAXED);
	*seen |= mask;
}

void check_see_last(struct check_walk *walk)
{
	see(walk, 0);
}

static inline void keep_name(struct check_walk *walk, uint64_t index, const char *path, size_t len,
			     size_t parent_len)
{
	struct famfs_check *check = walk->check;
	uint64_t name = check_hash(check, path, len), parent;

	see(walk, name);
	if (parent_len) {
		parent = check_hash(check, path, parent_len);
		if (!is_repeated(walk, parent)) {
			name |= CHECK_LOOK_AT;
			check->parent_of[index] = parent;
		}
	}
	check->name_of[index] = name;
}

void check_keep_name(struct check_walk *walk, uint64_t index, const char *path, size_t len,
		     size_t parent_len)
{
	keep_name(walk, index, path, len, parent_len);
}

void check_count_file(struct check_walk *walk, uint64_t size)
{
	walk->counts.files++;
	if (__builtin_add_overflow(walk->counts.file_bytes, size, &walk->counts.file_bytes))
		walk->counts.file_bytes = UINT64_MAX;
}

/* One aligned extent where files may be, as long as the file: its map passes K1-K16 and U1-U10. */
static bool extent_is_plain(const struct famfs_check *check, const struct fm_file *file)
{
	uint64_t off = le64_get(file->fm_simple[0].fm_offset);
	uint64_t len = le64_get(file->fm_simple[0].fm_len), size = le64_get(file->fm_size), end;

	return le32_get(file->fm_ext_type) == FAMFS_EXT_SIMPLE &&
	       le32_get(file->fm_nextents) == 1 && le64_get(file->fm_simple[0].fm_devindex) == 0 &&
	       off % FAMFS_AU == 0 && len % FAMFS_AU == 0 && off >= check->data_off && size > 0 &&
	       len >= size && !__builtin_add_overflow(off, len, &end) &&
	       end <= check->aus * FAMFS_AU;
}

bool check_plain_file(struct check_walk *walk, const struct fm_entry *raw, uint64_t index)
{
	const struct fm_file *file = &raw->fm_file;
	size_t len, parent_len;

	if (le32_get(raw->fm_type) != FAMFS_ENTRY_FILE || !extent_is_plain(walk->check, file) ||
	    le32_get(file->fm_mode) & ~(uint32_t)CHECK_MODE_BITS ||
	    !path_is_plain(file->fm_path, &len, &parent_len))
		return false;
	check_count_file(walk, le64_get(file->fm_size));
	keep_name(walk, index, file->fm_path, len, parent_len);
	if (check_take(walk, le64_get(file->fm_simple[0].fm_offset),
		       le64_get(file->fm_simple[0].fm_len)))
		walk->overlap = true;
	return true;
}

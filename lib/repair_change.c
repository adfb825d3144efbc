/* SPDX-License-Identifier: Apache-2.0 */
/* What a repair makes of the entries: the log as it was beside the log as it will be. */
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "repair_impl.h"

static uint64_t final_count(struct famfs_repair *rep)
{
	uint64_t count = le64_get(repair_header(rep)->fm_next_index);

	return count < rep->slots_nr ? count : rep->slots_nr;
}

static void take_path(const struct fm_entry *raw, char path[FAMFS_PATH_SIZE + 1])
{
	const char *name = media_entry_path(raw);

	if (name)
		memcpy(path, name, FAMFS_PATH_SIZE);
}

static uint64_t size_of(const struct fm_entry *raw)
{
	return le32_get(raw->fm_type) == FAMFS_ENTRY_FILE ? le64_get(raw->fm_file.fm_size) : 0;
}

/* Fills in what became of slot @origin. Return: whether anything did. */
static bool compare(const struct famfs_repair *rep, uint64_t origin, const struct fm_entry *was,
		    const struct fm_entry *now, struct famfs_repair_change *ret)
{
	*ret = (struct famfs_repair_change){ .type = le32_get(was->fm_type), .entry = origin };
	take_path(was, ret->path);
	ret->size = size_of(was);
	if (!now) {
		ret->kind = FAMFS_CHANGE_REMOVED;
		return origin < rep->counted && !media_entry_is_zero(was);
	}
	ret->new_size = size_of(now);
	take_path(now, ret->new_path);
	if (strcmp(ret->path, ret->new_path))
		ret->kind = FAMFS_CHANGE_RENAMED;
	else if (ret->size != ret->new_size)
		ret->kind = FAMFS_CHANGE_RESIZED;
	else if (le32_get(was->fm_type) == FAMFS_ENTRY_FILE &&
		 memcmp(&was->fm_file, &now->fm_file, sizeof(was->fm_file)))
		ret->kind = FAMFS_CHANGE_REMAPPED;
	else if (origin >= rep->counted)
		ret->kind = FAMFS_CHANGE_FOUND;
	return ret->kind != 0;
}

static int add_change(struct famfs_repair *rep, uint64_t *cap,
		      const struct famfs_repair_change *change)
{
	struct famfs_repair_change *more;

	if (rep->changes_nr == *cap) {
		*cap = *cap ? 2 * *cap : 16;
		more = reallocarray(rep->changes, *cap, sizeof(*more));
		if (!more)
			return -ENOMEM;
		rep->changes = more;
	}
	rep->changes[rep->changes_nr++] = *change;
	return 0;
}

static int add_made(struct famfs_repair *rep, uint64_t *cap, const struct fm_entry *raw)
{
	struct famfs_repair_change change = { .kind = FAMFS_CHANGE_MADE,
					      .type = FAMFS_ENTRY_MKDIR,
					      .entry = FAMFS_NONE };

	take_path(raw, change.path);
	return add_change(rep, cap, &change);
}

static int compare_slot(struct famfs_repair *rep, uint64_t origin, uint32_t now, uint64_t *cap,
			struct famfs_err *err)
{
	struct famfs_repair_change change;
	struct fm_entry was;
	int rc = repair_original(rep, origin, &was, err);

	if (rc || !compare(rep, origin, &was, now == REPAIR_NO_SLOT ? NULL : repair_entry(rep, now),
			   &change))
		return rc;
	return add_change(rep, cap, &change) ? err_nomem(err) : 0;
}

int repair_changes(struct famfs_repair *rep, struct famfs_err *err)
{
	uint64_t count = final_count(rep), cap = 0;
	uint32_t *now;
	int rc = 0;

	/* What nothing was mended of may be no log at all. */
	if (!rep->round)
		return 0;
	now = malloc((rep->nr + 1) * sizeof(*now));
	if (!now)
		return err_nomem(err);
	memset(now, 0xff, (rep->nr + 1) * sizeof(*now));
	for (uint64_t i = 0; i < count && !rc; i++) {
		if (rep->slots[i].origin == REPAIR_NO_SLOT)
			rc = add_made(rep, &cap, repair_entry(rep, i)) ? err_nomem(err) : 0;
		else
			now[rep->slots[i].origin] = (uint32_t)i;
	}
	for (uint64_t i = 0; i < rep->nr && !rc; i++)
		rc = compare_slot(rep, i, now[i], &cap, err);
	free(now);
	return rc;
}

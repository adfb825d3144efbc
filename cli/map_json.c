/* SPDX-License-Identifier: Apache-2.0 */
/* The runs of a device as JSON. */
#include "map.h"

static void emit_owner(struct emit *out, const struct map *map, const struct famfs_map_owner *owner,
		       bool other)
{
	size_t at = map_file_of(map, owner);

	if (at == MAP_NO_FILE) {
		emit_str(out, other ? "other_owner" : "owner", NULL, map_kind_name(owner->kind));
		return;
	}
	emit_str(out, other ? "other_path" : "path", NULL, map->files[at].path);
	emit_u64(out, other ? "other_entry" : "entry", NULL, owner->entry);
	if (map->files[at].strips)
		emit_u64(out, other ? "other_strip" : "strip", NULL, owner->extent);
	else
		emit_u64(out, other ? "other_extent" : "extent", NULL, owner->extent);
}

static void emit_run(struct emit *out, const struct map *map, const struct famfs_map_run *run,
		     uint64_t bucket)
{
	emit_item(out);
	emit_u64(out, "off", NULL, run->off);
	emit_u64(out, "len", NULL, run->len);
	emit_str(out, "kind", NULL, map_kind_name(run->kind));
	if (bucket != FAMFS_NONE)
		emit_u64(out, "bucket", NULL, bucket);
	if (run->kind == FAMFS_MAP_FILE || run->kind == FAMFS_MAP_CONFLICT)
		emit_owner(out, map, &run->owner, false);
	if (run->kind == FAMFS_MAP_CONFLICT) {
		emit_owner(out, map, &run->other, true);
		emit_u64(out, "owners", NULL, run->owners);
	}
	emit_item_end(out);
}

static void emit_buckets(struct emit *out, const struct map *map)
{
	size_t i;

	emit_list(out, "buckets", EMIT_SILENT);
	for (i = 0; i < map->nbuckets; i++) {
		const struct map_band *band = &map->bands[i];

		emit_item(out);
		emit_u64(out, "bucket", NULL, band->bucket);
		emit_u64(out, "off", NULL, band->off);
		emit_u64(out, "len", NULL, band->end - band->off);
		emit_u64(out, "free", NULL, band->free);
		emit_u64(out, "largest_free", NULL, band->largest_free);
		emit_item_end(out);
	}
	emit_list_end(out);
}

void map_json(struct map *map, struct emit *out)
{
	const struct map_band *band = map->bands;
	size_t i;

	emit_str(out, "device", NULL, map->device);
	emit_u64(out, "size", NULL, map->size);
	emit_u64(out, "files", NULL, map->files_nr);
	emit_u64(out, "free", NULL, map->free);
	emit_u64(out, "free_runs", NULL, map->free_runs);
	emit_u64(out, "largest_free", NULL, map->largest_free);
	emit_u64(out, "bad", NULL, map->bad);
	emit_u64(out, "conflicts", NULL, map->conflicts);
	emit_u64(out, "outside", NULL, map->outside);
	emit_u64(out, "nbuckets", NULL, map->nbuckets);
	emit_buckets(out, map);
	emit_list(out, "runs", EMIT_SILENT);
	for (i = 0; i < map->nr && !cmd_cancelled(); i++) {
		while (map->runs[i].off >= band->end)
			band++;
		emit_run(out, map, &map->runs[i], band->bucket);
	}
	emit_list_end(out);
}

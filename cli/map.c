/* SPDX-License-Identifier: Apache-2.0 */
/* What is where on a device, put in order for the pictures. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "map.h"

const char *map_kind_name(enum famfs_map_kind kind)
{
	static const char *const names[] = {
		[FAMFS_MAP_SUPER] = "superblock", [FAMFS_MAP_LOG] = "log",
		[FAMFS_MAP_FILE] = "file",        [FAMFS_MAP_CONFLICT] = "conflict",
		[FAMFS_MAP_FREE] = "free",        [FAMFS_MAP_REST] = "rest",
		[FAMFS_MAP_BAD] = "bad",
	};

	return names[kind];
}

size_t map_file_of(const struct map *map, const struct famfs_map_owner *owner)
{
	return owner->kind == FAMFS_MAP_FILE ? map->file_of[owner->entry] - 1 : MAP_NO_FILE;
}

void map_owner_text(struct text *t, const struct map *map, const struct famfs_map_owner *owner)
{
	size_t at = map_file_of(map, owner);
	const struct map_file *file;

	if (at == MAP_NO_FILE) {
		text_addf(t, "%s", map_kind_name(owner->kind));
		return;
	}
	file = &map->files[at];
	text_add_safe(t, file->path, true);
	if (file->strips)
		text_addf(t, " strip %u", owner->extent);
}

void map_file_text(struct text *t, const struct map_file *file)
{
	char buf[24];

	text_addf(t, "%s", famfs_size_format(file->size, buf, sizeof(buf)));
	if (file->strips)
		text_addf(t, ", %" PRIu64 " strip%s, chunks of %s", file->strips,
			  plural(file->strips, "", "s"),
			  famfs_size_format(file->chunk_size, buf, sizeof(buf)));
}

unsigned int map_used(uint64_t len, uint64_t free)
{
	return len ? (unsigned int)((double)(len - free) / (double)len * 1000 + 0.5) : 0;
}

static void need_file(struct map *map, const struct famfs_map_owner *owner)
{
	size_t old = map->file_of_cap, entry = owner->entry;

	if (owner->kind != FAMFS_MAP_FILE)
		return;
	map->file_of = mem_grow(map->file_of, &map->file_of_cap, entry + 1, sizeof(*map->file_of));
	if (map->file_of_cap > old)
		memset(map->file_of + old, 0, (map->file_of_cap - old) * sizeof(*map->file_of));
	if (map->file_of[entry])
		return;
	map->files = mem_grow(map->files, &map->files_cap, map->files_nr + 1, sizeof(*map->files));
	map->files[map->files_nr++] = (struct map_file){ .entry = entry };
	map->file_of[entry] = map->files_nr;
}

static void push_run(struct map *map, const struct famfs_map_run *run)
{
	map->runs = mem_grow(map->runs, &map->cap, map->nr + 1, sizeof(*map->runs));
	map->runs[map->nr++] = *run;
}

/* Where the bucket ends that @off is in. */
static uint64_t bucket_end(const struct map *map, uint64_t off)
{
	uint64_t bucket;

	if (!map->nbuckets)
		return map->size;
	bucket = off / map->bucket_len;
	return bucket < map->nbuckets ? (bucket + 1) * map->bucket_len : map->size;
}

static void count_run(struct map *map, const struct famfs_map_run *run)
{
	need_file(map, &run->owner);
	if (run->kind == FAMFS_MAP_CONFLICT)
		need_file(map, &run->other);
	map->conflicts += run->kind == FAMFS_MAP_CONFLICT;
	if (run->owners && run->owner.kind == FAMFS_MAP_FILE)
		map->files[map_file_of(map, &run->owner)].bytes += run->len;
	if (run->kind == FAMFS_MAP_BAD)
		map->bad += run->len;
	if (run->kind != FAMFS_MAP_FREE)
		return;
	map->free += run->len;
	map->free_runs++;
	if (run->len > map->largest_free)
		map->largest_free = run->len;
}

static void collect(struct map *map, struct famfs_map *source)
{
	struct famfs_map_run run, part;

	while (famfs_map_next(source, &run) > 0) {
		count_run(map, &run);
		while (run.len) {
			part = run;
			if (bucket_end(map, run.off) - run.off < run.len)
				part.len = bucket_end(map, run.off) - run.off;
			push_run(map, &part);
			run.off += part.len;
			run.len -= part.len;
		}
	}
}

static int read_files(struct map *map, struct cmd_env *env, struct famfs *fs)
{
	struct famfs_entry entry;
	struct famfs_err err;
	struct text path = { 0 };
	size_t i;

	for (i = 0; i < map->files_nr; i++) {
		struct map_file *file = &map->files[i];

		if (famfs_entry_read(fs, file->entry, &entry, &err)) {
			text_free(&path);
			return env_error(env, &err);
		}
		path.len = 0;
		entry_path_text(&path, entry.path);
		file->path = mem_strndup(path.s, path.len);
		file->size = entry.size;
		if (entry.ext_type == FAMFS_EXT_INTERLEAVE) {
			file->strips = entry.extents_nr;
			file->chunk_size = entry.chunk_size;
		}
	}
	text_free(&path);
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	const struct map_file *const *x = a, *const *y = b;

	if ((*x)->bytes != (*y)->bytes)
		return (*x)->bytes > (*y)->bytes ? -1 : 1;
	return *x < *y ? -1 : *x > *y;
}

/* By address, so that the letters begin at the front of the picture. */
static void give_letters(struct map *map)
{
	struct map_file **order = mem_calloc(map->files_nr, sizeof(*order));
	size_t i;

	for (i = 0; i < map->files_nr; i++)
		order[i] = &map->files[i];
	if (map->files_nr > MAP_LETTERS)
		qsort(order, map->files_nr, sizeof(*order), by_bytes);
	for (i = 0; i < map->files_nr && i < MAP_LETTERS; i++)
		order[i]->letter = 'A';
	for (i = 0; i < map->files_nr; i++)
		if (map->files[i].letter)
			map->files[i].letter = (char)('A' + map->lettered++);
	free(order);
}

static void make_bands(struct map *map)
{
	size_t i;

	map->bands = mem_calloc(map->nbuckets + 1, sizeof(*map->bands));
	for (i = 0; i < map->nbuckets; i++)
		map->bands[i] = (struct map_band){ .off = i * map->bucket_len,
						   .end = (i + 1) * map->bucket_len,
						   .bucket = i };
	map->bands_nr = i;
	if (!i || map->bands[i - 1].end < map->size)
		map->bands[map->bands_nr++] = (struct map_band){
			.off = i ? map->bands[i - 1].end : 0, .end = map->size, .bucket = FAMFS_NONE
		};
}

static void count_bands(struct map *map)
{
	struct map_band *band = map->bands;
	size_t i;

	for (i = 0; i < map->nr; i++) {
		const struct famfs_map_run *run = &map->runs[i];

		while (run->off >= band->end)
			band++;
		if (run->kind != FAMFS_MAP_FREE)
			continue;
		band->free += run->len;
		if (run->len > band->largest_free)
			band->largest_free = run->len;
	}
}

void map_hidden_text(struct text *t, const struct map *map, size_t shown)
{
	size_t hidden = map->files_nr - shown;

	text_addf(t, "%zu %sfile%s without a letter here: too small", hidden, shown ? "more " : "",
		  plural(hidden, "", "s"));
	if (map->lettered < map->files_nr)
		text_addf(t, ", or not among the %zu largest", map->lettered);
	if (map->conflicts)
		text_addf(t, ", or hidden by a conflict");
}

int map_load(struct map *map, struct cmd_env *env, struct famfs *fs)
{
	struct famfs_map *source;
	struct famfs_err err;
	int code;

	if (famfs_map_new(fs, &source, &err))
		return env_error(env, &err);
	map->size = famfs_map_size(source);
	map->outside = famfs_map_outside(source);
	if (map->nbuckets)
		map->bucket_len = map->size / FAMFS_AU / map->nbuckets * FAMFS_AU;
	if (map->nbuckets && !map->bucket_len) {
		famfs_map_free(source);
		return env_errorf(env, -EINVAL, map->device,
				  "is too small for %" PRIu64 " %s; it has room for %" PRIu64,
				  map->nbuckets, plural(map->nbuckets, "bucket", "buckets"),
				  map->size / (uint64_t)FAMFS_AU);
	}
	collect(map, source);
	famfs_map_free(source);
	code = read_files(map, env, fs);
	if (code)
		return code;
	give_letters(map);
	make_bands(map);
	count_bands(map);
	return 0;
}

void map_free(struct map *map)
{
	size_t i;

	for (i = 0; i < map->files_nr; i++)
		free(map->files[i].path);
	free(map->files);
	free(map->file_of);
	free(map->runs);
	free(map->bands);
}

/* Adds a run's part of a cell to its file; the file that leads is in @cell. */
static void count_file(struct map *map, size_t at, uint64_t len, struct map_cell *cell)
{
	struct map_file *file = &map->files[at];

	if (file->stamp != map->stamp) {
		file->stamp = map->stamp;
		file->in_cell = 0;
		cell->files++;
	}
	file->in_cell += len;
	if (cell->file == MAP_NO_FILE || file->in_cell > map->files[cell->file].in_cell)
		cell->file = at;
}

struct map_cell map_cell(struct map *map, size_t *cursor, uint64_t from, uint64_t to)
{
	struct map_cell cell = { .kind = FAMFS_MAP_SUPER, .file = MAP_NO_FILE };
	uint64_t bytes[FAMFS_MAP_BAD + 1] = { 0 };
	unsigned int k, kinds = 0;

	map->stamp++;
	for (; *cursor < map->nr && map->runs[*cursor].off < to; (*cursor)++) {
		const struct famfs_map_run *run = &map->runs[*cursor];
		uint64_t begin = run->off > from ? run->off : from;
		uint64_t end = run->off + run->len < to ? run->off + run->len : to;

		if (end > begin && run->kind == FAMFS_MAP_FILE)
			count_file(map, map_file_of(map, &run->owner), end - begin, &cell);
		if (end > begin)
			bytes[run->kind] += end - begin;
		if (run->off + run->len > to)
			break;
	}
	for (k = 0; k <= FAMFS_MAP_BAD; k++) {
		kinds += bytes[k] > 0;
		if (bytes[k] > bytes[cell.kind])
			cell.kind = k;
	}
	if (bytes[FAMFS_MAP_BAD] && cell.kind == FAMFS_MAP_FREE)
		cell.kind = FAMFS_MAP_BAD;
	if (bytes[FAMFS_MAP_CONFLICT])
		cell.kind = FAMFS_MAP_CONFLICT;
	cell.mixed = kinds > 1 || cell.files > 1;
	if (cell.file != MAP_NO_FILE && map->files[cell.file].in_cell * 2 <= to - from)
		cell.file = MAP_NO_FILE;
	return cell;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* interleave map: what is where on a device, and the pictures of it. */
#ifndef FAMFS_CLI_MAP_H
#define FAMFS_CLI_MAP_H

#include "cmd.h"

/* Files that have a letter of their own. */
enum { MAP_LETTERS = 26 };

#define MAP_NO_FILE SIZE_MAX

/**
 * struct map_file - one file. @bytes: on the device. @number: by address of what comes first.
 * @letter: of its own, or 0. @in_cell, @stamp: for map_cell().
 */
struct map_file {
	char *path; /* with its slash */
	uint64_t entry, size, bytes;
	uint64_t strips; /* 0: not interleaved */
	uint64_t chunk_size;
	char letter;
	uint64_t in_cell, stamp;
};

/* A stretch that is drawn as a block: a bucket, what is behind the last one, or all. */
struct map_band {
	uint64_t off, end;
	uint64_t bucket; /* FAMFS_NONE: none */
	uint64_t free, largest_free;
};

/**
 * struct map - a device as it is drawn.
 * @runs: cut at the buckets' ends. @file_of: by log entry: number of the file and one, or 0.
 * @lettered: files that have a letter; all of them, or those with most bytes.
 */
struct map {
	const char *device;
	uint64_t size;
	uint64_t nbuckets, bucket_len;
	struct famfs_map_run *runs;
	size_t nr, cap;
	struct map_file *files;
	size_t files_nr, files_cap;
	size_t *file_of;
	size_t file_of_cap;
	struct map_band *bands;
	size_t bands_nr;
	uint64_t free, largest_free, free_runs, bad, conflicts, outside;
	size_t lettered;
	uint64_t stamp;
};

/**
 * struct map_cell - a part of the device, and what is in it.
 * @kind: what most of it is; CONFLICT as soon as there is some, BAD rather than FREE.
 * @mixed: other things are in it.
 * @file: FILE: the one that has more than half of it, or MAP_NO_FILE. @files: how many there are.
 */
struct map_cell {
	enum famfs_map_kind kind;
	bool mixed;
	size_t file, files;
};

/* map_load() - reads all of it. Returns 0, or EXIT_FAILED when the reason is printed. */
int map_load(struct map *map, struct cmd_env *env, struct famfs *fs);
void map_free(struct map *map);

/* The file of an owner; MAP_NO_FILE for superblock and log. */
size_t map_file_of(const struct map *map, const struct famfs_map_owner *owner);

/* Adds whose it is: "superblock", "log", "/path strip 3". */
void map_owner_text(struct text *t, const struct map *map, const struct famfs_map_owner *owner);

/*
 * map_cell() - looks at [@from, @to). *@cursor is 0 at first and then goes along: cells are looked
 * at by address.
 */
struct map_cell map_cell(struct map *map, size_t *cursor, uint64_t from, uint64_t to);

/* Per mille of a band that is in use. */
unsigned int map_used(uint64_t len, uint64_t free);

/* "superblock", "log", ...: as JSON and legends have it. */
const char *map_kind_name(enum famfs_map_kind kind);

/* What the bytes of a file look like: "24.0M in 4 strips of 2.0M chunks". */
void map_file_text(struct text *t, const struct map_file *file);

/* How many files a picture shows no letter of, beside @shown ones, and what may hide them. */
void map_hidden_text(struct text *t, const struct map *map, size_t shown);

/* map_json.c, map_term.c, map_svg.c */
void map_json(struct map *map, struct emit *out);

struct map_style {
	size_t width; /* columns */
	bool unicode, color;
};

void map_term(struct map *map, const struct map_style *style, struct text *out);
void map_svg(struct map *map, struct text *out);

#endif

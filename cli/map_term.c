/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The picture of a device for terminals: cells in rows, a legend. Every cell's character says by
 * itself what it is; colours only help.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "map.h"

/* Rows that a picture should have at most, unless there are more buckets. */
enum { ROWS = 20 };

enum { BUCKET_WIDTH = 3, OFF_WIDTH = 8, USED_WIDTH = 5, CONFLICTS_SHOWN = 10 };

/* What cells can look like; files with a letter have that. */
enum look {
	LOOK_SUPER,
	LOOK_LOG,
	LOOK_META, /* mostly those, but not only */
	LOOK_FREE,
	LOOK_FREE_MIXED,
	LOOK_OTHER, /* a file without a letter; the next one looks differently */
	LOOK_OTHER_2,
	LOOK_SEVERAL,
	LOOK_CONFLICT,
	LOOK_REST,
	LOOK_BAD,
	LOOKS,
};

static const struct {
	const char *unicode, *ascii, *color, *words;
} looks[LOOKS] = {
	[LOOK_SUPER] = { "█", "#", "0;37", "superblock" },
	[LOOK_LOG] = { "▓", "=", "0;37", "log" },
	[LOOK_META] = { "▚", "&", "0;37", "mostly superblock or log" },
	[LOOK_FREE] = { "·", ".", "0;90", "free" },
	[LOOK_FREE_MIXED] = { "░", ",", "0;90", "mostly free" },
	[LOOK_OTHER] = { "+", "+", "0;36", "another file" },
	[LOOK_OTHER_2] = { "x", "x", "0;33", "the next other file" },
	[LOOK_SEVERAL] = { "▒", "%", "0;36", "several files" },
	[LOOK_CONFLICT] = { "!", "!", "1;37;41", "claimed more than once" },
	[LOOK_REST] = { "-", "-", "0;90", "never used" },
	[LOOK_BAD] = { "~", "~", "0;35", "bad memory: not used" },
};

/* On black and on white; red is kept for conflicts. */
static const char *const file_colors[] = { "30;42",  "30;46",  "30;43",  "97;44",  "97;45",
					   "30;102", "30;106", "30;103", "97;104", "30;105" };

struct term {
	struct map *map;
	const struct map_style *style;
	struct text *out;
	const char *color; /* in force, or NULL */
	size_t cells;      /* in a row */
	uint64_t cell;     /* bytes */
	bool offsets, used;
	bool seen[LOOKS], lower; /* lower: some letter is */
	bool letters[MAP_LETTERS];
	size_t column; /* of the words that flow */
};

static void set_color(struct term *t, const char *color)
{
	if (!t->style->color || color == t->color)
		return;
	text_addf(t->out, "\033[%sm", color ? color : "0");
	t->color = color;
}

static void put(struct term *t, const char *color, const char *s)
{
	set_color(t, color);
	text_add(t->out, s, strlen(s));
}

static const char *look_text(const struct term *t, enum look look)
{
	return t->style->unicode ? looks[look].unicode : looks[look].ascii;
}

static const char *file_color(const struct map_file *file)
{
	return file_colors[(size_t)(file->letter - 'A') %
			   (sizeof(file_colors) / sizeof(file_colors[0]))];
}

/* Adds @s, cut to @width columns: at its end, or with @tail at its front. */
static void add_cut(struct term *t, const char *s, size_t width, bool tail)
{
	const char *dots = t->style->unicode ? "…" : "~";
	size_t have = text_width(s), skip = have > width ? have - width + 1 : 0, at = 0;

	if (skip && tail)
		text_add(t->out, dots, strlen(dots));
	for (; *s; s++) {
		at += ((unsigned char)*s & 0xc0) != 0x80;
		if (!skip || (tail ? at > skip : at < width))
			text_add(t->out, s, 1);
	}
	if (skip && !tail)
		text_add(t->out, dots, strlen(dots));
}

static void line_end(struct term *t)
{
	set_color(t, NULL);
	text_add(t->out, "\n", 1);
	t->column = 0;
}

/* Begins a word of @width columns in a paragraph of words. */
static void flow(struct term *t, size_t width, const char *gap)
{
	if (t->column && t->column + strlen(gap) + width > t->style->width) {
		line_end(t);
	} else if (t->column) {
		text_add(t->out, gap, strlen(gap));
		t->column += strlen(gap);
	}
	t->column += width;
}

static void flow_text(struct term *t, const char *s)
{
	flow(t, text_width(s), ", ");
	add_cut(t, s, t->style->width, false);
}

static void draw_head(struct term *t)
{
	const struct map *map = t->map;
	unsigned int used = map_used(map->size, map->free);
	char buf[24], line[96];
	struct text name = { 0 };

	text_add_safe(&name, map->device, true);
	add_cut(t, name.s, t->style->width, true);
	text_free(&name);
	line_end(t);
	flow_text(t, famfs_size_format(map->size, buf, sizeof(buf)));
	snprintf(line, sizeof(line), "%zu file%s", map->files_nr, plural(map->files_nr, "", "s"));
	flow_text(t, line);
	snprintf(line, sizeof(line), "%u.%u%% used", used / 10, used % 10);
	flow_text(t, line);
	snprintf(line, sizeof(line), "%s free", famfs_size_format(map->free, buf, sizeof(buf)));
	flow_text(t, line);
	if (map->free_runs > 1) {
		snprintf(line, sizeof(line), "in %" PRIu64 " runs", map->free_runs);
		flow_text(t, line);
		snprintf(line, sizeof(line), "largest %s",
			 famfs_size_format(map->largest_free, buf, sizeof(buf)));
		flow_text(t, line);
	}
	if (map->bad) {
		snprintf(line, sizeof(line), "%s bad",
			 famfs_size_format(map->bad, buf, sizeof(buf)));
		flow_text(t, line);
	}
	snprintf(line, sizeof(line), "a cell is %s", famfs_size_format(t->cell, buf, sizeof(buf)));
	flow_text(t, line);
	line_end(t);
}

static enum look look_of(const struct map_cell *cell)
{
	switch (cell->kind) {
	case FAMFS_MAP_SUPER:
		return cell->mixed ? LOOK_META : LOOK_SUPER;
	case FAMFS_MAP_LOG:
		return cell->mixed ? LOOK_META : LOOK_LOG;
	case FAMFS_MAP_FREE:
		return cell->mixed ? LOOK_FREE_MIXED : LOOK_FREE;
	case FAMFS_MAP_CONFLICT:
		return LOOK_CONFLICT;
	case FAMFS_MAP_REST:
		return LOOK_REST;
	case FAMFS_MAP_BAD:
		return LOOK_BAD;
	case FAMFS_MAP_FILE:
		break;
	}
	if (cell->file == MAP_NO_FILE || cell->mixed)
		return LOOK_SEVERAL;
	return cell->file % 2 ? LOOK_OTHER_2 : LOOK_OTHER;
}

static void draw_cell(struct term *t, const struct map_cell *cell)
{
	const struct map_file *file = NULL;
	char letter[2] = "";
	enum look look;

	if (cell->kind == FAMFS_MAP_FILE && cell->file != MAP_NO_FILE)
		file = &t->map->files[cell->file];
	if (file && file->letter) {
		letter[0] = cell->mixed ? (char)(file->letter - 'A' + 'a') : file->letter;
		t->lower |= cell->mixed;
		t->letters[file->letter - 'A'] = true;
		put(t, file_color(file), letter);
		return;
	}
	look = look_of(cell);
	t->seen[look] = true;
	put(t, looks[look].color, look_text(t, look));
}

static void draw_label(struct term *t, const struct map_band *band, uint64_t off)
{
	char number[24] = "", buf[24];

	set_color(t, NULL);
	if (t->map->nbuckets && band->bucket != FAMFS_NONE && off == band->off)
		snprintf(number, sizeof(number), "%" PRIu64, band->bucket);
	if (t->map->nbuckets)
		text_addf(t->out, "%*s ", BUCKET_WIDTH - 1, number);
	if (t->offsets)
		text_addf(t->out, "%*s ", OFF_WIDTH - 1, famfs_size_format(off, buf, sizeof(buf)));
}

static void draw_band(struct term *t, const struct map_band *band, size_t *cursor)
{
	uint64_t off = band->off, end;
	size_t i;

	while (off < band->end) {
		draw_label(t, band, off);
		for (i = 0; i < t->cells && off < band->end; i++, off = end) {
			struct map_cell cell;

			end = band->end - off > t->cell ? off + t->cell : band->end;
			cell = map_cell(t->map, cursor, off, end);
			draw_cell(t, &cell);
		}
		set_color(t, NULL);
		if (t->used && off >= band->end && band->bucket != FAMFS_NONE)
			text_addf(t->out, "%*s%3u%%", (int)(t->cells - i) + 1, "",
				  (map_used(band->end - band->off, band->free) + 5) / 10);
		line_end(t);
	}
}

static uint64_t rows_of(const struct map *map, uint64_t row)
{
	uint64_t rows = 0;
	size_t i;

	for (i = 0; i < map->bands_nr; i++) {
		uint64_t len = map->bands[i].end - map->bands[i].off;

		rows += len / row + (len % row != 0);
	}
	return rows;
}

/* How wide the rows are, and how much a cell is: a power of two of allocation units. */
static void measure(struct term *t)
{
	size_t width = t->style->width, taken = 0;
	uint64_t most = t->map->bands_nr > ROWS ? t->map->bands_nr : ROWS;

	if (t->map->nbuckets) {
		t->used = width >= 40;
		taken += BUCKET_WIDTH + (t->used ? USED_WIDTH : 0);
	}
	t->offsets = width >= 32;
	if (t->offsets)
		taken += OFF_WIDTH;
	t->cells = width - taken;
	if (t->cells >= 32)
		t->cells -= t->cells % 8;
	t->cell = FAMFS_AU;
	while (t->cell < t->map->size && rows_of(t->map, t->cell * t->cells) > most)
		t->cell *= 2;
}

/* A mark and what it means. */
static void draw_key(struct term *t, const char *color, const char *mark, const char *words)
{
	flow(t, 2 + strlen(words), "   ");
	put(t, color, mark);
	set_color(t, NULL);
	text_add(t->out, " ", 1);
	add_cut(t, words, t->style->width - 2, false);
}

static void draw_looks(struct term *t)
{
	size_t i;

	for (i = 0; i < LOOKS; i++)
		if (t->seen[i])
			draw_key(t, looks[i].color, look_text(t, i), looks[i].words);
	if (t->lower)
		draw_key(t, NULL, "a", "mostly A");
	line_end(t);
}

/* Letters that are not in the picture need no legend. */
static bool is_shown(const struct term *t, const struct map_file *file)
{
	return file->letter && t->letters[file->letter - 'A'];
}

/* Name and size, each in its column where there is room; else the name alone. */
static void draw_file(struct term *t, const struct map_file *file, size_t name_width)
{
	char letter[2] = { file->letter, '\0' };
	struct text name = { 0 }, what = { 0 };
	size_t left;

	put(t, file_color(file), letter);
	set_color(t, NULL);
	text_add(t->out, " ", 1);
	text_add_safe(&name, file->path, true);
	add_cut(t, name.s, name_width, true);
	map_file_text(&what, file);
	left = t->style->width - 2 - name_width;
	if (left > 10) {
		text_addf(t->out, "%*s  ",
			  (int)(text_width(name.s) < name_width ? name_width - text_width(name.s)
								: 0),
			  "");
		add_cut(t, what.s, left - 2, false);
	}
	line_end(t);
	text_free(&name);
	text_free(&what);
}

/* Columns for the names, so that there is room for what is said of them, too. */
static size_t name_width(const struct term *t)
{
	size_t widest = 0, room = t->style->width - 2, i;
	struct text name = { 0 };

	for (i = 0; i < t->map->files_nr; i++) {
		if (!is_shown(t, &t->map->files[i]))
			continue;
		name.len = 0;
		text_add_safe(&name, t->map->files[i].path, true);
		if (text_width(name.s) > widest)
			widest = text_width(name.s);
	}
	text_free(&name);
	if (room >= 50 && widest > room - 34)
		widest = room - 34;
	return widest > room ? room : widest;
}

static void draw_files(struct term *t)
{
	const struct map *map = t->map;
	size_t width = name_width(t), shown = 0, i;
	struct text line = { 0 };

	for (i = 0; i < map->files_nr; i++) {
		if (!is_shown(t, &map->files[i]))
			continue;
		draw_file(t, &map->files[i], width);
		shown++;
	}
	if (shown == map->files_nr)
		return;
	map_hidden_text(&line, map, shown);
	add_cut(t, line.s, t->style->width, false);
	line_end(t);
	text_free(&line);
}

static void draw_conflict(struct term *t, const struct famfs_map_run *run)
{
	char off[24], len[24];
	struct text line = { 0 };

	text_addf(&line, "! %s at %s: ", famfs_size_format(run->len, len, sizeof(len)),
		  famfs_size_format(run->off, off, sizeof(off)));
	map_owner_text(&line, t->map, &run->owner);
	text_addf(&line, " and ");
	map_owner_text(&line, t->map, &run->other);
	if (run->owners > 2)
		text_addf(&line, " and %" PRIu64 " more", run->owners - 2);
	add_cut(t, line.s, t->style->width, false);
	line_end(t);
	text_free(&line);
}

static void draw_damage(struct term *t)
{
	const struct map *map = t->map;
	uint64_t shown = 0;
	char line[96];
	size_t i;

	for (i = 0; i < map->nr && shown < CONFLICTS_SHOWN; i++) {
		if (map->runs[i].kind != FAMFS_MAP_CONFLICT)
			continue;
		draw_conflict(t, &map->runs[i]);
		shown++;
	}
	if (map->conflicts > CONFLICTS_SHOWN) {
		snprintf(line, sizeof(line), "! and more: %" PRIu64 " in all", map->conflicts);
		add_cut(t, line, t->style->width, false);
		line_end(t);
	}
	if (!map->outside)
		return;
	snprintf(line, sizeof(line), "! outside of the device: %" PRIu64 " extent%s", map->outside,
		 plural(map->outside, "", "s"));
	add_cut(t, line, t->style->width, false);
	line_end(t);
}

void map_term(struct map *map, const struct map_style *style, struct text *out)
{
	struct term t = { .map = map, .style = style, .out = out };
	size_t cursor = 0, i;

	measure(&t);
	draw_head(&t);
	line_end(&t);
	for (i = 0; i < map->bands_nr; i++)
		draw_band(&t, &map->bands[i], &cursor);
	line_end(&t);
	draw_looks(&t);
	draw_files(&t);
	draw_damage(&t);
}

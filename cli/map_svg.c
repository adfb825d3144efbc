/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The picture of a device as SVG: self-contained, no scripts. Runs are drawn to scale; what would
 * be too narrow to be seen is drawn together. Patterns and labels say what colours say.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "map_svg.h"

/* For the text of an element: no mark-up, nothing that XML or a reader would stumble over. */
static void add_xml(struct text *t, const char *s)
{
	for (; *s; s++) {
		if (*s == '&')
			text_addf(t, "&amp;");
		else if (*s == '<')
			text_addf(t, "&lt;");
		else if (*s == '>')
			text_addf(t, "&gt;");
		else if (!strncmp(s, "\xef\xbf\xbe", 3) || !strncmp(s, "\xef\xbf\xbf", 3))
			text_addf(t, "\xef\xbf\xbd"), s += 2;
		else
			text_add(t, s, 1);
	}
}

/* At most @max characters of a safe text, the end of it if it is longer. */
static void add_xml_tail(struct text *t, const char *s, size_t max)
{
	size_t skip = text_width(s) > max ? text_width(s) - max + 1 : 0;

	if (skip)
		text_addf(t, "…");
	while (skip && *s) {
		do {
			s++;
		} while (((unsigned char)*s & 0xc0) == 0x80);
		skip--;
	}
	add_xml(t, s);
}

void svg_add_name(struct text *t, const char *raw, size_t max)
{
	struct text safe = { 0 };

	text_add_safe(&safe, raw, true);
	add_xml_tail(t, safe.s, max);
	text_free(&safe);
}

static double channel(double hue, double low, double span)
{
	double at = hue < 0 ? hue + 6 : hue >= 6 ? hue - 6 : hue;
	double part = at < 1 ? at : at < 3 ? 1 : at < 4 ? 4 - at : 0;

	return low + part * span;
}

/* Neighbours in the order of the files are far apart on the circle of colours. */
void svg_add_color(struct text *t, size_t number)
{
	double turn = (double)number * 0.381966;
	double hue = (turn - (double)(uint64_t)turn) * 6, low = number % 2 ? 145 : 165;
	double span = 235 - low;

	text_addf(t, "#%02x%02x%02x", (unsigned int)channel(hue + 2, low, span),
		  (unsigned int)channel(hue, low, span), (unsigned int)channel(hue - 2, low, span));
}

void svg_add_rect(struct text *t, double x, double y, double w, double h)
{
	text_addf(t, "<rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\"", x, y, w, h);
}

void svg_add_text(struct text *t, const char *class, double x, double y)
{
	text_addf(t, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
}

const char *svg_kind_class(enum famfs_map_kind kind)
{
	static const char *const names[] = {
		[FAMFS_MAP_SUPER] = "super",  [FAMFS_MAP_LOG] = "log",
		[FAMFS_MAP_FILE] = "several", [FAMFS_MAP_CONFLICT] = "conflict",
		[FAMFS_MAP_FREE] = "free",    [FAMFS_MAP_REST] = "rest",
		[FAMFS_MAP_BAD] = "bad",
	};

	return names[kind];
}

static void add_place(struct text *t, uint64_t off, uint64_t len)
{
	char off_text[24], len_text[24];

	text_addf(t, ": %s at %s (offset %" PRIu64 ", length %" PRIu64 ")</title></rect>\n",
		  famfs_size_format(len, len_text, sizeof(len_text)),
		  famfs_size_format(off, off_text, sizeof(off_text)), off, len);
}

void svg_add_owner(struct text *t, const struct map *map, const struct famfs_map_owner *owner)
{
	struct text name = { 0 };

	map_owner_text(&name, map, owner);
	add_xml(t, name.s);
	text_free(&name);
}

/* What stands in a rectangle of a file: as much of letter, strip and name as there is room for. */
static void label_file(struct svg *s, const struct famfs_map_owner *owner, double x, double w)
{
	const struct map_file *file = &s->map->files[map_file_of(s->map, owner)];
	const char *slash = strrchr(file->path, '/');
	size_t room = (size_t)(w / GLYPH);
	char strip[16] = "";

	if (w < LETTER || (!file->letter && room < 3))
		return;
	if (file->strips)
		snprintf(strip, sizeof(strip), ".%u", owner->extent);
	svg_add_text(s->out, "in", x + w / 2, s->y + ROW - 8);
	if (file->letter)
		text_addf(s->out, "%c", file->letter);
	if (file->letter && room > strlen(strip) + 1)
		text_addf(s->out, "%s", strip);
	if (room > 8 + strlen(strip)) {
		text_addf(s->out, " ");
		svg_add_name(s->out, slash ? slash + 1 : file->path, room - 4 - strlen(strip));
	}
	text_addf(s->out, "</text>\n");
}

static void draw_file(struct svg *s, const struct famfs_map_run *run, double x, double w)
{
	size_t at = map_file_of(s->map, &run->owner);

	s->seen[at] = true;
	svg_add_rect(s->out, x, s->y, w, ROW);
	text_addf(s->out, " fill=\"");
	svg_add_color(s->out, at);
	text_addf(s->out, "\"><title>");
	svg_add_owner(s->out, s->map, &run->owner);
	add_place(s->out, run->off, run->len);
	label_file(s, &run->owner, x, w);
}

/* A conflict is seen however small it is; of those that fall on one place, the first is drawn. */
static void draw_conflict(struct svg *s, const struct famfs_map_run *run, double x, double w)
{
	double least = w < 2 * LETTER ? 2 * LETTER : w;

	if (x < s->conflict_x)
		return;
	if (x + least > MARGIN + LABEL + BAR)
		x = MARGIN + LABEL + BAR - least;
	s->conflict_x = x + least;
	svg_add_rect(&s->conflicts, x, s->y - 2, least, ROW + 4);
	text_addf(&s->conflicts, " class=\"conflict\"><title>conflict, ");
	svg_add_owner(&s->conflicts, s->map, &run->owner);
	text_addf(&s->conflicts, " and ");
	svg_add_owner(&s->conflicts, s->map, &run->other);
	add_place(&s->conflicts, run->off, run->len);
	svg_add_text(&s->conflicts, "alarm", x + least / 2, s->y + ROW - 7);
	text_addf(&s->conflicts, "!</text>\n");
}

static void draw_run(struct svg *s, const struct famfs_map_run *run, double x, double w)
{
	const char *class = svg_kind_class(run->kind);

	if (run->kind == FAMFS_MAP_FILE) {
		draw_file(s, run, x, w);
		return;
	}
	svg_add_rect(s->out, x, s->y, w, ROW);
	text_addf(s->out, " class=\"%s\"><title>%s", class, map_kind_name(run->kind));
	add_place(s->out, run->off, run->len);
	if (run->kind > FAMFS_MAP_LOG || w < GLYPH * (strlen(map_kind_name(run->kind)) + 1))
		return;
	svg_add_text(s->out, run->kind == FAMFS_MAP_SUPER ? "on" : "in", x + w / 2, s->y + ROW - 8);
	text_addf(s->out, "%s</text>\n", map_kind_name(run->kind));
}

/* Several runs that are narrow, drawn as one: [@from, @to). */
static void draw_narrow(struct svg *s, size_t first, uint64_t from, uint64_t to, double x, double w)
{
	struct map_cell cell = map_cell(s->map, &first, from, to);

	/* Conflicts are drawn by themselves. */
	if (cell.kind == FAMFS_MAP_CONFLICT)
		cell.kind = FAMFS_MAP_FILE;
	s->kinds[cell.kind] = true;
	s->several |= cell.kind == FAMFS_MAP_FILE;
	svg_add_rect(s->out, x, s->y, w, ROW);
	text_addf(s->out, " class=\"%s\"><title>%s, %zu file%s", svg_kind_class(cell.kind),
		  cell.kind == FAMFS_MAP_FILE ? "several" : map_kind_name(cell.kind), cell.files,
		  plural(cell.files, "", "s"));
	add_place(s->out, from, to - from);
}

static double width_of(const struct svg *s, uint64_t len)
{
	return (double)len / (double)s->row * BAR;
}

static uint64_t run_end(const struct svg *s, size_t at, uint64_t limit)
{
	uint64_t end = s->map->runs[at].off + s->map->runs[at].len;

	return end < limit ? end : limit;
}

/* The narrow runs from @at on, as many as together are as wide as what can be seen. */
static uint64_t narrow_end(const struct svg *s, size_t at, uint64_t from, uint64_t limit)
{
	uint64_t to = from, end;

	for (; at < s->map->nr && to < limit && width_of(s, to - from) < NARROW; at++) {
		end = run_end(s, at, limit);
		if (width_of(s, end - to) >= NARROW)
			break;
		to = end;
	}
	return to;
}

static void draw_row(struct svg *s, size_t *at, uint64_t from, uint64_t limit)
{
	const struct map *map = s->map;
	uint64_t off = from, end;

	s->conflict_x = 0;
	while (off < limit) {
		double x = MARGIN + LABEL + width_of(s, off - from);
		size_t i;

		end = run_end(s, *at, limit);
		if (width_of(s, end - off) < NARROW)
			end = narrow_end(s, *at, off, limit);
		for (i = *at; i < map->nr && map->runs[i].off < end; i++) {
			const struct famfs_map_run *run = &map->runs[i];
			uint64_t begin = run->off > from ? run->off : from;

			if (run->kind == FAMFS_MAP_CONFLICT)
				draw_conflict(s, run, MARGIN + LABEL + width_of(s, begin - from),
					      width_of(s, run_end(s, i, limit) - begin));
			s->kinds[run->kind] = true;
		}
		if (end == run_end(s, *at, limit))
			draw_run(s, &map->runs[*at], x, width_of(s, end - off));
		else
			draw_narrow(s, *at, off, end, x, width_of(s, end - off));
		off = end;
		while (*at < map->nr && map->runs[*at].off + map->runs[*at].len <= off)
			(*at)++;
	}
}

static void label_row(struct svg *s, const struct map_band *band, uint64_t off)
{
	char buf[24];

	if (s->map->nbuckets && band->bucket != FAMFS_NONE && off == band->off) {
		svg_add_text(s->out, "number", MARGIN, s->y + ROW - 8);
		text_addf(s->out, "bucket %" PRIu64 "</text>\n", band->bucket);
		svg_add_text(s->out, "small", WIDTH - MARGIN, s->y + ROW - 8);
		text_addf(s->out, "%u%%</text>\n",
			  (map_used(band->end - band->off, band->free) + 5) / 10);
	}
	svg_add_text(s->out, "small", MARGIN + LABEL - 6, s->y + ROW - 8);
	text_addf(s->out, "%s</text>\n", famfs_size_format(off, buf, sizeof(buf)));
}

static void draw_bands(struct svg *s)
{
	const struct map *map = s->map;
	size_t at = 0, i;

	for (i = 0; i < map->bands_nr; i++) {
		const struct map_band *band = &map->bands[i];
		uint64_t off = band->off, end;

		for (; off < band->end; off = end) {
			end = band->end - off > s->row ? off + s->row : band->end;
			label_row(s, band, off);
			draw_row(s, &at, off, end);
			s->y += ROW + GAP;
		}
		s->y += map->nbuckets && s->row < map->bucket_len ? GAP : 0;
	}
	if (s->conflicts.len)
		text_add(s->out, s->conflicts.s, s->conflicts.len);
}

/* Bytes in a row: about as many rows as fit, each of a round number of allocation units. */
static uint64_t row_bytes(const struct map *map)
{
	uint64_t len = map->nbuckets ? map->bucket_len : map->size, rows, row, unit = 1;

	rows = map->nbuckets >= ROWS ? 1 : map->nbuckets ? ROWS / map->nbuckets : ROWS;
	len = len / FAMFS_AU + (len % FAMFS_AU != 0);
	row = len / rows + (len % rows != 0);
	if (row < 32)
		row = len < 32 ? len : 32;
	if (map->nbuckets && row >= len)
		return len * FAMFS_AU;
	while (unit * 16 <= row)
		unit *= 2;
	return (row + unit - 1) / unit * unit * FAMFS_AU;
}

static void head(struct svg *s)
{
	const struct map *map = s->map;
	unsigned int used = map_used(map->size, map->free);
	char size[24], left[24], largest[24];

	svg_add_text(s->out, "title", MARGIN, MARGIN + 14);
	svg_add_name(s->out, map->device, 80);
	text_addf(s->out, "</text>\n");
	svg_add_text(s->out, "small left", MARGIN, MARGIN + 36);
	text_addf(s->out,
		  "%s, %zu file%s, %u.%u%% used, %s free in %" PRIu64 " run%s, the largest %s",
		  famfs_size_format(map->size, size, sizeof(size)), map->files_nr,
		  plural(map->files_nr, "", "s"), used / 10, used % 10,
		  famfs_size_format(map->free, left, sizeof(left)), map->free_runs,
		  plural(map->free_runs, "", "s"),
		  famfs_size_format(map->largest_free, largest, sizeof(largest)));
	if (map->outside)
		text_addf(s->out, "; extents outside of the device: %" PRIu64, map->outside);
	text_addf(s->out, "</text>\n");
}

static const char style[] =
	"<style>\n"
	"text { font-family: 'DejaVu Sans', Verdana, sans-serif; fill: #222; font-size: 12px }\n"
	".title { font-size: 18px; font-weight: bold }\n"
	".small { text-anchor: end } .left { text-anchor: start } .number { font-weight: bold }\n"
	".in, .on, .alarm { text-anchor: middle; font-size: 11px } .on { fill: #fff }\n"
	".alarm { font-weight: bold; font-size: 15px; fill: #fff }\n"
	"rect { stroke: #fff; stroke-width: 0.7 }\n"
	".super { fill: #333 } .log { fill: url(#log) }\n"
	".several { fill: url(#several); stroke: none } .page { fill: #fff; stroke: none }\n"
	".free { fill: #f7f7f7; stroke: #bbb; stroke-dasharray: 3 2 } .rest { fill: url(#rest) }\n"
	".bad { fill: #b48ead }\n"
	".conflict { fill: url(#conflict); stroke: #a00; stroke-width: 2 }\n"
	"</style>\n"
	"<defs>\n"
	"<pattern id=\"log\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\">"
	"<path d=\"M0 0h8v8h-8z\" fill=\"#ccc\"/>"
	"<path d=\"M-2 2l4 -4M0 8l8 -8M6 10l4 -4\" stroke=\"#aaa\" stroke-width=\"2\"/>"
	"</pattern>\n"
	"<pattern id=\"several\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\">"
	"<path d=\"M0 0h4v4h-4z\" fill=\"#b7cbe0\"/>"
	"<path d=\"M0 2h4\" stroke=\"#5d7fa5\" stroke-width=\"1.4\"/></pattern>\n"
	"<pattern id=\"rest\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">"
	"<path d=\"M0 0h6v6h-6z\" fill=\"#eee\"/>"
	"<circle cx=\"3\" cy=\"3\" r=\"1.2\" fill=\"#888\"/></pattern>\n"
	"<pattern id=\"conflict\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\">"
	"<path d=\"M0 0h8v8h-8z\" fill=\"#d22\"/>"
	"<path d=\"M0 0l8 8M8 0l-8 8\" stroke=\"#900\" stroke-width=\"1.5\"/></pattern>\n"
	"</defs>\n";

void map_svg(struct map *map, struct text *out)
{
	struct text body = { 0 };
	struct svg s = { .map = map, .out = &body, .row = row_bytes(map), .y = TOP };

	s.seen = mem_calloc(map->files_nr, sizeof(*s.seen));
	head(&s);
	draw_bands(&s);
	svg_legend(&s);
	text_addf(out,
		  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		  "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"%d\" "
		  "height=\"%.0f\" viewBox=\"0 0 %d %.0f\">\n<title>",
		  WIDTH, s.y + MARGIN, WIDTH, s.y + MARGIN);
	svg_add_name(out, map->device, SIZE_MAX);
	text_addf(
		out,
		"</title>\n%s<rect class=\"page\" width=\"%d\" height=\"%.0f\" stroke=\"none\"/>\n",
		style, WIDTH, s.y + MARGIN);
	text_add(out, body.s, body.len);
	text_addf(out, "</svg>\n");
	text_free(&body);
	text_free(&s.conflicts);
	free(s.seen);
}

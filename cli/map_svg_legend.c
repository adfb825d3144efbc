/* SPDX-License-Identifier: Apache-2.0 */
/* What the colours, patterns and letters of the SVG picture mean. */
#include <inttypes.h>
#include <string.h>

#include "map_svg.h"

static void legend_kinds(struct svg *s)
{
	static const struct {
		enum famfs_map_kind kind;
		const char *words;
	} rows[] = {
		{ FAMFS_MAP_SUPER, "superblock" }, { FAMFS_MAP_LOG, "log" },
		{ FAMFS_MAP_FREE, "free" },        { FAMFS_MAP_FILE, "several files" },
		{ FAMFS_MAP_REST, "never used" },  { FAMFS_MAP_CONFLICT, "claimed more than once" },
		{ FAMFS_MAP_BAD, "bad memory" },
	};
	double x = MARGIN + LABEL;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].kind == FAMFS_MAP_FILE ? !s->several : !s->kinds[rows[i].kind])
			continue;
		svg_add_rect(s->out, x, s->y, 24, 14);
		text_addf(s->out, " class=\"%s\"/>\n", svg_kind_class(rows[i].kind));
		svg_add_text(s->out, "small left", x + 30, s->y + 12);
		text_addf(s->out, "%s</text>\n", rows[i].words);
		x += 30 + 24 + GLYPH * (double)strlen(rows[i].words);
	}
	s->y += LEGEND_ROW + GAP;
}

static void legend_file(struct svg *s, size_t at, size_t column)
{
	const struct map_file *file = &s->map->files[at];
	double width = (double)(BAR + USED) / LEGEND_COLUMNS;
	double x = MARGIN + LABEL + (double)column * width;
	struct text what = { 0 };
	size_t room = (size_t)((width - 34) / GLYPH);

	svg_add_rect(s->out, x, s->y, 24, 16);
	text_addf(s->out, " fill=\"");
	svg_add_color(s->out, at);
	text_addf(s->out, "\"/>\n");
	svg_add_text(s->out, "in", x + 12, s->y + 12);
	text_addf(s->out, "%c</text>\n", file->letter);
	map_file_text(&what, file);
	svg_add_text(s->out, "small left", x + 30, s->y + 12);
	svg_add_name(s->out, file->path, room - text_width(what.s) - 2);
	text_addf(s->out, "  ");
	text_addf(s->out, "%s", what.s);
	text_addf(s->out, "</text>\n");
	text_free(&what);
}

static void legend_files(struct svg *s)
{
	const struct map *map = s->map;
	size_t shown = 0, i;

	for (i = 0; i < map->files_nr; i++) {
		if (!map->files[i].letter || !s->seen[i])
			continue;
		legend_file(s, i, shown % LEGEND_COLUMNS);
		if (++shown % LEGEND_COLUMNS == 0)
			s->y += LEGEND_ROW;
	}
	if (shown % LEGEND_COLUMNS)
		s->y += LEGEND_ROW;
	if (shown == map->files_nr)
		return;
	svg_add_text(s->out, "small left", MARGIN + LABEL, s->y + 12);
	map_hidden_text(s->out, map, shown);
	text_addf(s->out, "</text>\n");
	s->y += LEGEND_ROW;
}

static void legend_conflicts(struct svg *s)
{
	const struct map *map = s->map;
	char off[24], len[24];
	size_t shown = 0, i;

	for (i = 0; i < map->nr && shown < CONFLICTS_SHOWN; i++) {
		const struct famfs_map_run *run = &map->runs[i];

		if (run->kind != FAMFS_MAP_CONFLICT)
			continue;
		shown++;
		svg_add_text(s->out, "small left", MARGIN + LABEL, s->y + 12);
		text_addf(s->out, "! %s at %s: ", famfs_size_format(run->len, len, sizeof(len)),
			  famfs_size_format(run->off, off, sizeof(off)));
		svg_add_owner(s->out, map, &run->owner);
		text_addf(s->out, " and ");
		svg_add_owner(s->out, map, &run->other);
		if (run->owners > 2)
			text_addf(s->out, " and %" PRIu64 " more", run->owners - 2);
		text_addf(s->out, "</text>\n");
		s->y += LEGEND_ROW;
	}
	if (map->conflicts <= shown)
		return;
	svg_add_text(s->out, "small left", MARGIN + LABEL, s->y + 12);
	text_addf(s->out, "! and more: %" PRIu64 " in all</text>\n", map->conflicts);
	s->y += LEGEND_ROW;
}

void svg_legend(struct svg *s)
{
	s->y += GAP * 2;
	legend_kinds(s);
	legend_files(s);
	legend_conflicts(s);
}

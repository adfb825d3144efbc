/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the SVG picture. */
#ifndef FAMFS_CLI_MAP_SVG_H
#define FAMFS_CLI_MAP_SVG_H

#include "map.h"

/* In user units, as good as pixels. */
enum { WIDTH = 1000, MARGIN = 20, LABEL = 136, USED = 44, TOP = 76, ROW = 26, GAP = 5 };
enum { BAR = WIDTH - 2 * MARGIN - LABEL - USED, NARROW = 3, LETTER = 8, GLYPH = 7 };
enum { LEGEND_ROW = 20, LEGEND_COLUMNS = 2, CONFLICTS_SHOWN = 12, ROWS = 24 };

struct svg {
	struct map *map;
	struct text *out;
	struct text conflicts; /* drawn last, over what is there */
	uint64_t row;          /* bytes */
	double y;
	double conflict_x; /* where the last one ends */
	bool kinds[FAMFS_MAP_BAD + 1], several;
	bool *seen; /* by file: drawn by itself */
};

/* Adds what XML and its readers take without harm: no mark-up, no control characters. */
void svg_add_name(struct text *t, const char *raw, size_t max);
void svg_add_owner(struct text *t, const struct map *map, const struct famfs_map_owner *owner);

void svg_add_color(struct text *t, size_t number);
void svg_add_rect(struct text *t, double x, double y, double w, double h);
void svg_add_text(struct text *t, const char *class, double x, double y);
const char *svg_kind_class(enum famfs_map_kind kind);

/* map_svg_legend.c: what is below the picture. */
void svg_legend(struct svg *s);

#endif

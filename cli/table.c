/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>

#include "table.h"

enum { GAP = 2 };

static void widen(struct table *t, size_t column, const char *cell)
{
	size_t width = text_width(cell);

	if (width > t->width[column])
		t->width[column] = width;
}

void table_cell(struct table *t, const char *label, const char *value, bool right)
{
	if (t->column == TABLE_COLUMNS)
		return;
	if (!t->rows)
		text_add(&t->labels, label, strlen(label) + 1);
	text_add(&t->cells, value, strlen(value) + 1);
	t->right[t->column++] = right;
}

void table_row_end(struct table *t)
{
	t->columns = t->column;
	t->column = 0;
	t->rows++;
}

const char *table_row(const struct table *t, const char *row, const char *cells[TABLE_COLUMNS])
{
	size_t i;

	for (i = 0; i < t->columns; i++, row += strlen(row) + 1)
		cells[i] = row;
	return row;
}

const char *table_next_name(const char **list, size_t *ret_len, bool *ret_optional)
{
	const char *name = *list;
	bool optional = *name == '(';

	if (!*name)
		return NULL;
	name += optional;
	*ret_len = strcspn(name, ",)");
	*list = name + *ret_len + optional;
	*list += **list == ',';
	*ret_optional = optional;
	return name;
}

bool table_name_is(const char *label, const char *name, size_t len)
{
	size_t i;

	if (strlen(label) != len)
		return false;
	for (i = 0; i < len; i++)
		if (strncasecmp(label + i, name + i, 1) && (label[i] != ' ' || name[i] != '-'))
			return false;
	return true;
}

static size_t find_column(const struct table *t, const char *labels[], const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < t->columns && !table_name_is(labels[i], name, len); i++)
		;
	return i;
}

static bool is_optional(const struct table *t, const char *label)
{
	const char *list = t->declared ? t->declared : "", *name;
	bool optional;
	size_t len;

	while ((name = table_next_name(&list, &len, &optional)))
		if (table_name_is(label, name, len))
			return optional;
	return false;
}

/* Leaves out what is optional, from the end, until a line fits. */
static void view_fit(const struct table *t, const char *labels[], struct table_view *view)
{
	size_t line = 0, i;

	for (i = 0; i < view->nr; i++)
		line += t->width[view->column[i]] + (i ? GAP : 0);
	for (i = view->nr; t->line_max && line > t->line_max && i--;) {
		if (!is_optional(t, labels[view->column[i]]))
			continue;
		line -= t->width[view->column[i]] + GAP;
		view->nr--;
		memmove(&view->column[i], &view->column[i + 1],
			(view->nr - i) * sizeof(view->column[0]));
	}
}

static void view_make(const struct table *t, const char *labels[], struct table_view *view)
{
	const char *list = t->chosen, *name;
	size_t len, column;
	bool optional;

	view->nr = 0;
	while (list && view->nr < TABLE_COLUMNS &&
	       (name = table_next_name(&list, &len, &optional))) {
		column = find_column(t, labels, name, len);
		if (column < t->columns)
			view->column[view->nr++] = column;
	}
	if (list)
		return;
	for (; view->nr < t->columns; view->nr++)
		view->column[view->nr] = view->nr;
	view_fit(t, labels, view);
}

static void blanks(size_t nr, FILE *out)
{
	for (; nr; nr--)
		putc(' ', out);
}

/* A column by itself is for programs, and not aligned. */
static void print_row(const struct table *t, const struct table_view *view, const char *cells[],
		      FILE *out)
{
	size_t i, at, pad;

	for (i = 0; i < view->nr; i++) {
		at = view->column[i];
		pad = view->nr > 1 ? t->width[at] - text_width(cells[at]) : 0;
		if (t->right[at])
			blanks(pad, out);
		fputs(cells[at], out);
		/* Nothing stands at the end of a line that cannot be seen. */
		if (i + 1 < view->nr)
			blanks((t->right[at] ? 0 : pad) + GAP, out);
	}
	fputc('\n', out);
}

/* The rows from @first on. */
static void print_rows(const struct table *t, const struct table_view *view, size_t first,
		       FILE *out)
{
	const char *cells[TABLE_COLUMNS], *row = t->cells.s;
	size_t i;

	for (i = 0; i < t->rows; i++) {
		row = table_row(t, row, cells);
		if (i >= first)
			print_row(t, view, cells, out);
	}
}

/* Columns are as wide as the widest of all their cells. */
static void measure(struct table *t, const char *labels[], bool header)
{
	const char *cells[TABLE_COLUMNS], *row = t->cells.s;
	size_t i, j;

	for (j = 0; header && j < t->columns; j++)
		widen(t, j, labels[j]);
	for (i = 0; i < t->rows; i++) {
		row = table_row(t, row, cells);
		for (j = 0; j < t->columns; j++)
			widen(t, j, cells[j]);
	}
}

/*
 * The library prints the first rows, and none when it cannot be loaded: for long listings it takes
 * longer than all the rest.
 */
static int print(struct table *t, FILE *out, bool header)
{
	const char *labels[TABLE_COLUMNS];
	struct table_view view = { 0 };
	size_t first = 0;
	int rc;

	table_row(t, t->labels.s, labels);
	measure(t, labels, header);
	view_make(t, labels, &view);
	if (!view.nr)
		return 0;
	if (view.nr > 1 && t->rows + header > 1) {
		rc = table_align(t, &view, out, header, &first);
		if (rc)
			return rc;
	}
	if (header && !first)
		print_row(t, &view, labels, out);
	print_rows(t, &view, first, out);
	return 0;
}

int table_print(struct table *t, FILE *out, bool header)
{
	struct utf8_locale locale;
	int rc;

	utf8_locale_begin(&locale);
	rc = t->rows ? print(t, out, header) : 0;
	utf8_locale_end(&locale);
	table_free(t);
	return rc;
}

void table_free(struct table *t)
{
	text_free(&t->labels);
	text_free(&t->cells);
	memset(t->width, 0, sizeof(t->width));
	t->columns = t->column = t->rows = 0;
}

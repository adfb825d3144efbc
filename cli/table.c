/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
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
	widen(t, t->column, value);
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

static void print_row(const struct table_view *view, const char *cells[], FILE *out)
{
	size_t i;

	for (i = 0; i < view->nr; i++)
		fprintf(out, "%s%s", cells[view->column[i]], i + 1 < view->nr ? "  " : "\n");
}

/* Where nothing can be aligned. */
static void print_plain(const struct table *t, const struct table_view *view, FILE *out,
			bool header)
{
	const char *cells[TABLE_COLUMNS], *row = t->cells.s;
	size_t i;

	if (header) {
		table_row(t, t->labels.s, cells);
		print_row(view, cells, out);
	}
	for (i = 0; i < t->rows; i++) {
		row = table_row(t, row, cells);
		print_row(view, cells, out);
	}
}

int table_print(struct table *t, FILE *out, bool header)
{
	const char *labels[TABLE_COLUMNS];
	struct table_view view = { 0 };
	size_t i;
	int rc = -ENOENT;

	if (t->rows) {
		table_row(t, t->labels.s, labels);
		for (i = 0; header && i < t->columns; i++)
			widen(t, i, labels[i]);
		view_make(t, labels, &view);
	}
	if (view.nr > 1 && t->rows + header > 1) {
		rc = table_align(t, &view, out, header);
		t->unaligned |= rc == -ENOENT;
	}
	if (view.nr && rc == -ENOENT)
		print_plain(t, &view, out, header);
	table_free(t);
	return rc == -ENOENT ? 0 : rc;
}

void table_free(struct table *t)
{
	text_free(&t->labels);
	text_free(&t->cells);
	memset(t->width, 0, sizeof(t->width));
	t->columns = t->column = t->rows = 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: rows are kept until they are printed, in columns as wide as their widest cell. */
#ifndef FAMFS_CLI_TABLE_H
#define FAMFS_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "text.h"

enum { TABLE_COLUMNS = 16 };

/**
 * struct table - set the first members; the rest is the table's.
 * @declared: the names of a command's columns, "SIZE,FILE-OFFSET,(UUID)"; those in parentheses are
 *	left out, the last first, where a line is longer than @line_max; NULL: no such.
 * @chosen: the columns that are wanted, in their order, by table_choice(); NULL: all.
 * @line_max: what fits a line of the terminal; 0: anything.
 * @bold: make the labels bold.
 */
struct table {
	const char *declared, *chosen;
	size_t line_max;
	bool bold;
	struct text labels, cells; /* each ending with a NUL */
	size_t columns, column, rows;
	size_t width[TABLE_COLUMNS];
	bool right[TABLE_COLUMNS];
};

void table_cell(struct table *t, const char *label, const char *value, bool right);
void table_row_end(struct table *t);
/* table_print() - prints the rows, under their labels with @header. Return: 0 or -ENOMEM. */
int table_print(struct table *t, FILE *out, bool header);
void table_free(struct table *t);

/*
 * table_next_name() - the next name of a list such as @declared; *@list moves behind it.
 * @ret_len: its bytes, without parentheses. @ret_optional: it has them. Return: NULL at the end.
 */
const char *table_next_name(const char **list, size_t *ret_len, bool *ret_optional);
/* table_name_is() - whether @label is what the @len bytes at @name call "File-Offset". */
bool table_name_is(const char *label, const char *name, size_t len);

/* struct table_view - the @nr columns to print: which of a table's they are. */
struct table_view {
	size_t nr;
	size_t column[TABLE_COLUMNS];
};

/* table_row() - finds the cells of the row at @row. Return: the next row. */
const char *table_row(const struct table *t, const char *row, const char *cells[TABLE_COLUMNS]);
/*
 * table_align() - prints the labels with @header and the first rows by libsmartcols, which is
 * loaded for it: what prints no table never pays.
 * @ret_rows: the rows that were printed; 0: the library cannot be loaded, nothing was printed.
 * Return: 0 or -ENOMEM.
 */
int table_align(const struct table *t, const struct table_view *view, FILE *out, bool header,
		size_t *ret_rows);

#endif

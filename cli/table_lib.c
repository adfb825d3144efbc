/* SPDX-License-Identifier: Apache-2.0 */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "table.h"

#ifdef HAVE_LIBSMARTCOLS

#include <libsmartcols.h>

/* A row takes a kilobyte in the library's memory, and longer than all that made its cells. */
enum { ROWS = 500 };

/* What is used of it, without "scols_". */
/* clang-format off */
#define TABLE_FUNCTIONS(X) \
	X(new_table) X(unref_table) X(table_set_column_separator) X(table_set_stream) \
	X(table_set_termforce) X(table_enable_noencoding) X(table_enable_noheadings) \
	X(table_enable_colors) X(table_new_column) X(table_new_line) \
	X(column_get_header) X(cell_set_color) X(line_set_data) X(print_table)
#define TABLE_MEMBER(fn) __typeof__(scols_##fn) *fn;
#define SYMBOL(fn) { "scols_" #fn, offsetof(struct table_lib, fn) },
/* clang-format on */

struct table_lib {
	void *handle;
	TABLE_FUNCTIONS(TABLE_MEMBER)
};

static int load(struct table_lib *ret_lib)
{
	static const struct {
		const char *name;
		size_t slot;
	} symbols[] = { TABLE_FUNCTIONS(SYMBOL) };
	void *fn;
	size_t i;

	ret_lib->handle = dlopen(FAMFS_SONAME_SMARTCOLS, RTLD_LAZY | RTLD_LOCAL);
	for (i = 0; ret_lib->handle && i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		fn = dlsym(ret_lib->handle, symbols[i].name);
		if (!fn) {
			(void)dlclose(ret_lib->handle);
			return -ENOENT;
		}
		memcpy((char *)ret_lib + symbols[i].slot, &fn, sizeof(fn));
	}
	return ret_lib->handle ? 0 : -ENOENT;
}

/* Columns get their width from all rows, of which the library sees only the first. */
static int add_columns(const struct table_lib *lib, struct libscols_table *table,
		       const struct table *t, const struct table_view *view, bool header)
{
	const char *labels[TABLE_COLUMNS];
	struct libscols_column *column;
	size_t i;

	table_row(t, t->labels.s, labels);
	for (i = 0; i < view->nr; i++) {
		size_t at = view->column[i];

		column = lib->table_new_column(table, header ? labels[at] : "",
					       (double)t->width[at],
					       t->right[at] ? SCOLS_FL_RIGHT : 0);
		if (!column)
			return -ENOMEM;
		if (t->bold && lib->cell_set_color(lib->column_get_header(column), "\033[1m"))
			return -ENOMEM;
	}
	return 0;
}

static int set_up(const struct table_lib *lib, struct libscols_table *table, FILE *out, bool header,
		  bool bold)
{
	if (lib->table_set_column_separator(table, "  ") || lib->table_set_stream(table, out) ||
	    /* Lines are never cut: half a name is none. */
	    lib->table_set_termforce(table, SCOLS_TERMFORCE_NEVER) ||
	    /* Cells are safe to show already. */
	    lib->table_enable_noencoding(table, 1) ||
	    lib->table_enable_noheadings(table, !header) || lib->table_enable_colors(table, bold))
		return -ENOMEM;
	return 0;
}

static int add_row(const struct table_lib *lib, struct libscols_table *table,
		   const struct table_view *view, const char *cells[])
{
	struct libscols_line *line = lib->table_new_line(table, NULL);
	size_t i;

	for (i = 0; line && i < view->nr; i++)
		if (lib->line_set_data(line, i, cells[view->column[i]]))
			return -ENOMEM;
	return line ? 0 : -ENOMEM;
}

static int add_rows(const struct table_lib *lib, struct libscols_table *table,
		    const struct table *t, const struct table_view *view, size_t nr)
{
	const char *cells[TABLE_COLUMNS], *row = t->cells.s;
	size_t i;

	for (i = 0; i < nr; i++) {
		row = table_row(t, row, cells);
		if (add_row(lib, table, view, cells))
			return -ENOMEM;
	}
	return 0;
}

int table_align(const struct table *t, const struct table_view *view, FILE *out, bool header,
		size_t *ret_rows)
{
	size_t nr = t->rows < ROWS ? t->rows : ROWS;
	struct libscols_table *table;
	struct table_lib lib;
	int rc;

	*ret_rows = 0;
	if (load(&lib))
		return 0;
	table = lib.new_table();
	rc = table ? set_up(&lib, table, out, header, t->bold) : -ENOMEM;
	if (!rc)
		rc = add_columns(&lib, table, t, view, header);
	if (!rc)
		rc = add_rows(&lib, table, t, view, nr);
	if (!rc && lib.print_table(table))
		rc = -ENOMEM;
	if (!rc)
		*ret_rows = nr;
	lib.unref_table(table);
	(void)dlclose(lib.handle);
	return rc;
}

#else

int table_align(const struct table *t, const struct table_view *view, FILE *out, bool header,
		size_t *ret_rows)
{
	(void)t;
	(void)view;
	(void)out;
	(void)header;
	*ret_rows = 0;
	return 0;
}

#endif

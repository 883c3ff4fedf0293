#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tools/keyidctl/ctl.h"

#define GAP 2 /* between columns */
#define COLUMNS_MAX 16

struct table {
	const char *const *titles;
	size_t columns;
	char **cells; /* row after row */
	size_t cell_count, cell_max;
};

struct table *table_new(const char *const *titles, size_t columns)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table || columns > COLUMNS_MAX) {
		abort();
	}
	table->titles = titles;
	table->columns = columns;
	return table;
}

void table_add(struct table *table, const char *format, ...)
{
	char *cell;
	va_list args;
	int len;

	if (table->cell_count == table->cell_max) {
		table->cell_max = table->cell_max ? 2 * table->cell_max : 64;
		table->cells = realloc(table->cells, table->cell_max * sizeof(*table->cells));
	}
	va_start(args, format);
	len = vasprintf(&cell, format, args);
	va_end(args);
	if (len < 0 || !table->cells) {
		abort(); /* out of memory, in a tool that has only this to do */
	}
	table->cells[table->cell_count++] = cell;
}

static bool right(const struct table *table, size_t column)
{
	return table->titles[column][0] == '>';
}

static const char *title(const struct table *table, size_t column)
{
	return table->titles[column] + right(table, column);
}

/* Characters, not octets: names may be UTF-8. */
static int width_of(const char *text)
{
	int width = 0;

	for (; *text; text++) {
		width += (*text & 0xc0) != 0x80;
	}
	return width;
}

static int column_width(const struct table *table, size_t column)
{
	int width = width_of(title(table, column));

	for (size_t i = column; i < table->cell_count; i += table->columns) {
		if (width_of(table->cells[i]) > width) {
			width = width_of(table->cells[i]);
		}
	}
	return width;
}

/* No blanks at the end of a line. */
static void print_cell(const struct table *table, size_t column, int width, const char *text)
{
	int pad = width - width_of(text);
	bool last = column + 1 == table->columns;

	if (right(table, column)) {
		say("%*s%s", pad, "", text);
	} else {
		say("%s%*s", text, last ? 0 : pad, "");
	}
	say("%*s", last ? 0 : GAP, "");
}

void table_print(struct table *table, int indent)
{
	int widths[COLUMNS_MAX];

	for (size_t i = 0; i < table->columns; i++) {
		widths[i] = column_width(table, i);
	}
	for (size_t i = 0; table->cell_count > 0 && i < table->columns; i++) {
		printf("%*s%s", i == 0 ? indent : 0, "", i == 0 ? bold() : "");
		print_cell(table, i, widths[i], title(table, i));
	}
	printf("%s%s", table->cell_count > 0 ? plain() : "", table->cell_count > 0 ? "\n" : "");
	for (size_t i = 0; i < table->cell_count; i++) {
		size_t column = i % table->columns;

		printf("%*s", column == 0 ? indent : 0, "");
		print_cell(table, column, widths[column], table->cells[i]);
		if (column + 1 == table->columns) {
			putchar('\n');
		}
		free(table->cells[i]);
	}
	free(table->cells);
	free(table);
}

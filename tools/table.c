#include "table.h"

#include "util/compiler.h"
#include "util/mem.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { CELL_MAX = 256 };

size_t table_width(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80; /* not a continuation byte */
	return n;
}

static void scaled(double value, const char *const *units, const double *steps, size_t count,
		   char *to, size_t size)
{
	size_t i = 0;

	while (i + 1 < count && fabs(value) >= steps[i]) {
		value /= steps[i];
		i++;
	}
	snprintf(to, size, value == floor(value) || fabs(value) >= 100 ? "%.0f %s" : "%.1f %s",
		 value, units[i]);
}

static void bytes_cell(double value, char *to, size_t size)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	static const double steps[] = { 1024, 1024, 1024, 1024 };

	scaled(value, units, steps, ARRAY_LEN(units), to, size);
}

static void seconds_cell(double value, char *to, size_t size)
{
	static const char *const units[] = { "s", "min", "h", "d" };
	static const double steps[] = { 60, 60, 24 };

	if (value != 0 && fabs(value) < 1)
		snprintf(to, size, "%.*f ms", fabs(value) < 0.01 ? 2 : 0, value * 1000);
	else
		scaled(value, units, steps, ARRAY_LEN(units), to, size);
}

void table_cell(const json_t *value, enum table_kind kind, char *to, size_t size)
{
	if (value == NULL || json_is_null(value))
		snprintf(to, size, "-");
	else if (json_is_string(value))
		snprintf(to, size, "%s", json_string_value(value));
	else if (json_is_boolean(value))
		snprintf(to, size, "%s", json_is_true(value) ? "yes" : "no");
	else if (kind == TABLE_BYTES)
		bytes_cell(json_number_value(value), to, size);
	else if (kind == TABLE_SECONDS)
		seconds_cell(json_number_value(value), to, size);
	else if (kind == TABLE_PERCENT)
		snprintf(to, size, "%.*f %%", json_number_value(value) < 0.1 ? 1 : 0,
			 json_number_value(value) * 100);
	else if (json_is_integer(value))
		snprintf(to, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		snprintf(to, size, "%.2f", json_number_value(value));
}

static size_t column_width(const struct table_column *c, const json_t *rows)
{
	size_t width = table_width(c->title), i;
	const json_t *row;
	char cell[CELL_MAX];

	json_array_foreach((json_t *)rows, i, row)
	{
		size_t w;

		table_cell(json_object_get(row, c->key), c->kind, cell, sizeof cell);
		w = table_width(cell);
		width = w > width ? w : width;
	}
	return width;
}

/* The blanks before what comes next are written only when it comes. */
static void print_cell(FILE *out, const char *text, size_t width, bool right, size_t *pending)
{
	size_t own = table_width(text), rest = width > own ? width - own : 0;

	fprintf(out, "%*s%s", (int)(*pending + (right ? rest : 0)), "", text);
	*pending = 2 + (right ? 0 : rest);
}

void table_print(FILE *out, const struct table_column *columns, size_t count, const json_t *rows)
{
	size_t *widths = mem_alloc((count + 1) * sizeof *widths);
	size_t pending = 0, i;
	const json_t *row;
	char cell[CELL_MAX];

	for (size_t c = 0; c < count; c++) {
		widths[c] = column_width(&columns[c], rows);
		print_cell(out, columns[c].title, widths[c], columns[c].kind != TABLE_TEXT,
			   &pending);
	}
	fputc('\n', out);
	json_array_foreach((json_t *)rows, i, row)
	{
		pending = 0;
		for (size_t c = 0; c < count; c++) {
			table_cell(json_object_get(row, columns[c].key), columns[c].kind, cell,
				   sizeof cell);
			print_cell(out, cell, widths[c], columns[c].kind != TABLE_TEXT, &pending);
		}
		fputc('\n', out);
	}
	free(widths);
}

void table_print_json(FILE *out, const json_t *value)
{
	json_dumpf(value, out, JSON_INDENT(2) | JSON_REAL_PRECISION(10));
	fputc('\n', out);
}

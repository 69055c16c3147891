/* table.h - one way to print: rows as a table for people, or as JSON for programs.
 *
 * Rows are a jansson array of objects; a column names the member it shows.  A member
 * that is missing or null is "-".  Tests: tests/unit/tools/table_test.c
 */
#ifndef TOOLS_TABLE_H
#define TOOLS_TABLE_H

#include <jansson.h>
#include <stdio.h>

enum table_kind {
	TABLE_TEXT,    /* to the left */
	TABLE_NUMBER,  /* to the right, a real with two decimals */
	TABLE_BYTES,   /* 1.5 MiB */
	TABLE_SECONDS, /* 350 ms, 12 s, 3 min, 5 h, 2 d */
	TABLE_PERCENT  /* of a fraction: 0.25 is 25 % */
};

struct table_column {
	const char *key;
	const char *title;
	enum table_kind kind;
};

/* A line of titles, then a line a row; no blanks at the ends of lines. */
void table_print(FILE *out, const struct table_column *columns, size_t count, const json_t *rows);
/* Indented, members in the order in which they were set, with a line end. */
void table_print_json(FILE *out, const json_t *value);
/* What a cell shows; `size` of 32 is enough but for texts, which are cut. */
void table_cell(const json_t *value, enum table_kind kind, char *to, size_t size);
/* Columns that a terminal needs for UTF-8 text. */
size_t table_width(const char *text);

#endif

/* logline.h - one line of the log, as logfmt or as a JSON object.
 *
 *   who=main event=started reason="as \"asked\"" port=6969
 *   {"who":"main","event":"started","reason":"as \"asked\"","port":6969}
 *
 * A line is made by formats whose own quotes begin and end values.  What is put between them can't
 * end a value, and nothing that is put anywhere begins a line: quotes and backslashes get a
 * backslash, and what is no UTF-8 or a control character becomes '?'.
 * In JSON a number is one whose conversion was one (%d); all else are strings, so that a key always
 * has the same type.
 * Tests: tests/unit/util/logline_test.c
 */
#ifndef UTIL_LOGLINE_H
#define UTIL_LOGLINE_H

#include "util/compiler.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Bytes.  What is longer is cut, so that there is room for what is added at its end. */
enum { LOGLINE_MAX = 1024, LOGLINE_JSON_MAX = 2000, LOGLINE_SPARE = 40 };

struct logline {
	char text[LOGLINE_MAX]; /* ends with NUL */
	size_t n, room;
	bool in_quotes, is_cut;
};

void logline_init(struct logline *l);
/* Appends; conversions are d, i, u, x, f, g, c, s and %, with lengths and precisions. */
void logline_add(struct logline *l, const char *fmt, ...) PRINTF_LIKE(2, 3);
void logline_vadd(struct logline *l, const char *fmt, va_list args);
/* The line is over: a value that was cut ends.  LOGLINE_SPARE bytes may be added still. */
void logline_close(struct logline *l);
/* The line as text; returns its length. */
size_t logline_text(const struct logline *l, char to[LOGLINE_MAX]);
/* The same as an object; a line that was cut is whole, as far as it goes. */
size_t logline_json(const struct logline *l, char to[LOGLINE_JSON_MAX]);

#endif

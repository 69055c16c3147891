/* words.h - cuts the text that HAProxy answers into lines and words.
 *
 * A span borrows from the text and has no NUL at its end.  Nothing here fails: what is
 * not there is a span of no length.  Tests: tests/unit/haproxy/live/words_test.c
 */
#ifndef LIVE_WORDS_H
#define LIVE_WORDS_H

#include "util/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	const char *at;
	size_t len;
};

/* The next line without its end; false after the last one.  Moves *text on. */
MUST_CHECK bool words_line(const char **text, struct span *line);
/* The next word between blanks; one with a backslash in front of a blank goes on.
 * False when the line has no more.  Moves the line on. */
MUST_CHECK bool words_next(struct span *line, struct span *word);
/* What follows `key` ("srv=") up to a blank, comma, bracket or the end of the line;
 * the key begins a word or follows a bracket. */
struct span words_value(struct span line, const char *key);

bool span_is(struct span s, const char *text);
bool span_begins(struct span s, const char *text);
/* The span without what it begins with. */
struct span span_after(struct span s, size_t n);
/* Decimal, with a sign or without, up to what is no digit; -1: it begins with no number. */
int64_t span_number(struct span s);
/* "0x1f" or "1f". */
uint64_t span_hex(struct span s);
/* "1d02h03m04s", "10m58s", "3s", "": seconds; -1: it is no time. */
int64_t span_seconds(struct span s);
/* Caller frees. */
char *span_dup(struct span s);

#endif

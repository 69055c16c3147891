/* words.h - one line of haproxy.cfg to words, by HAProxy 2.6's rules.
 *
 *   \  the next character as it is; \n \r \t \xHH
 *   '  up to the next one, nothing in between is special
 *   "  the same, but for \" \\ \$ and variables
 *   #  outside quotes: the rest is a comment, in the middle of a word too
 * Tests: tests/unit/haproxy/cfg/words_test.c
 */
#ifndef HAPROXY_CFG_WORDS_H
#define HAPROXY_CFG_WORDS_H

#include "util/compiler.h"

#include <stdbool.h>
#include <stddef.h>

struct words {
	char **words; /* on the heap, each word too; ends with NULL */
	int count;
	size_t comment; /* where '#' is; the length of the text: no comment */
	bool has_variable;
};

/* `text` is n bytes without a line end.  NULL, or what is wrong with it: then no words. */
MUST_CHECK const char *words_split(const char *text, size_t n, struct words *out);
void words_free(char **words);
/* The word as one would write it: quoted when it must be.  Caller frees. */
char *words_quote(const char *word);

#endif

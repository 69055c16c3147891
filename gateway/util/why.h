/* why.h - why a name was not found or a connection failed, in our words.
 *
 * Libraries say it in theirs ("Name or service not known"), for whoever wrote the program; these go
 * into a sentence that says which name, or where.
 * Tests: tests/unit/util/why_test.c
 */
#ifndef UTIL_WHY_H
#define UTIL_WHY_H

#include <stddef.h>

enum { WHY_WORDS_MAX = 80 };

/* What getaddrinfo returned, with errno as it left it. */
const char *why_not_found(int error, char words[WHY_WORDS_MAX]);
/* The errno of a connection that could not be made, or broke. */
const char *why_not_connected(int error, char words[WHY_WORDS_MAX]);

#endif

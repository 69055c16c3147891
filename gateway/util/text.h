/* text.h - small things that people type: numbers, addresses, lists.
 *
 * Tests: tests/unit/util/text_test.c
 */
#ifndef UTIL_TEXT_H
#define UTIL_TEXT_H

#include "util/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TEXT_HOST_MAX = 256 }; /* a host name and its NUL */

/* A decimal number and nothing else, with a sign or without. */
MUST_CHECK bool text_int64(const char *s, int64_t *value);
/* "host", "host:port", "v6", "[v6]" or "[v6]:port".  The port is 0 when there
 * is none, 1 to 65535 otherwise; the host comes without brackets. */
MUST_CHECK bool text_host_port(const char *s, char host[TEXT_HOST_MAX], int *port);
/* The same the other way; brackets where they are needed; no port when it is 0.
 * Returns what snprintf returns. */
int text_host_port_print(char *to, size_t size, const char *host, int port);
/* The next part of a list with commas, blanks around it left out, or NULL after
 * the last.  Moves *rest on.  Caller frees. */
char *text_next_item(const char **rest);
/* What is no UTF-8, or a control character, becomes '?' byte by byte. */
void text_make_printable(char *s);
/* How many letters must be changed, added, taken or swapped with their
 * neighbour to make b of a; strings of 63 letters at most (else a large number). */
unsigned text_distance(const char *a, const char *b);

#endif

/* cfgtext.h - lines of haproxy.cfg: indented words and comments that are wrapped.
 *
 * Tests: tests/unit/haproxy/plan/cfgtext_test.c
 */
#ifndef HAPROXY_CFGTEXT_H
#define HAPROXY_CFGTEXT_H

#include "util/compiler.h"

#include <stdint.h>
#include <stdio.h>

/* One line of a section. */
void cfgtext_line(FILE *out, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The comment above it: why it is there. */
void cfgtext_why(FILE *out, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A comment at the margin. */
void cfgtext_head(FILE *out, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A time with the largest unit that is exact: HAProxy takes a number without
 * one for milliseconds. */
#define CFGTEXT_TIME_MAX 32
const char *cfgtext_time(char to[CFGTEXT_TIME_MAX], int64_t ms);
/* A host, in brackets when it is an IPv6 address. */
void cfgtext_host(FILE *out, const char *host);
/* "9092" or "9092-9096" */
void cfgtext_ports(FILE *out, int first, int last);

#endif

/* findings.h - what is said about a plan: a sentence a finding.
 *
 * Tests: tests/unit/haproxy/plan/consistency_test.c
 */
#ifndef HAPROXY_FINDINGS_H
#define HAPROXY_FINDINGS_H

#include "util/compiler.h"

#include <stddef.h>
#include <stdio.h>

struct findings {
	FILE *out;
	size_t refused;
};

/* It contradicts itself: why, and what to do instead. */
void findings_refuse(struct findings *f, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* It works, but perhaps not as was meant. */
void findings_warn(struct findings *f, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif

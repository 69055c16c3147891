/* consistency.h - whether a plan makes sense, before HAProxy sees it.
 *
 * HAProxy accepts most contradictions in silence and then does something else
 * than was meant.  Each is one sentence here that says why and what to do
 * instead, on a line of its own:
 *
 *   refused: ...   no haproxy.cfg may be made of this plan
 *   warning: ...   it can be meant so
 * Tests: tests/unit/haproxy/plan/consistency_test.c
 */
#ifndef HAPROXY_CONSISTENCY_H
#define HAPROXY_CONSISTENCY_H

#include "util/compiler.h"

#include <stddef.h>
#include <stdio.h>

struct haproxy_plan;

/* Looks at a settled plan and at all that are in its row, writes every finding to `out`, returns how many
 * are refusals. */
MUST_CHECK size_t consistency_check(const struct haproxy_plan *plan, FILE *out);

#endif

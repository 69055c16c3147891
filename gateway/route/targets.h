/* targets.h - which broker each item of a request belongs to.
 *
 * Pure: a request's layout and a snapshot in, targets out.  Coordinators are
 * not in the snapshot; the caller fills those in (target = the broker it found).
 * Tests: tests/unit/route/targets_test.c
 */
#ifndef ROUTE_TARGETS_H
#define ROUTE_TARGETS_H

#include "route/where.h"

/* What the snapshot knows of a request's topic; NULL: nothing. */
const struct topic *target_topic(const struct snapshot *s, const struct layout_topic *topic);
/* By what the cluster is asked for it; .name is NULL where it has none. */
struct topology_name target_name(const struct layout_topic *topic);
/* Sets every item's target (TO_LEADER, TO_RESOURCE); `about` has what they have in common.  Returns
 * how many are TARGET_UNKNOWN. */
uint32_t targets_set(struct layout *l, const struct where_question *about);
/* How many items no broker gets; each of them has the error that it is answered with. */
uint32_t targets_refused(const struct layout *l);
/* Turns TARGET_UNKNOWN into `any`, and TARGET_ANY too; what is refused or vetted stays so. */
void targets_settle(struct layout *l, int32_t any);
/* The different targets but for TARGET_REFUSED, at most `max` of them: returns how many there are. */
uint32_t targets_distinct(const struct layout *l, int32_t *targets, uint32_t max);

#endif

/* vetted.h - replicas that no one broker alone has, and who may know that.
 *
 * Whoever may not alter the cluster hears so of a broker, whatever there is (31); an answer of the
 * node's own would tell that a topic is there, and how many replicas it has.  So a broker is asked
 * first, for a move to a place that none has, the empty path: it does nothing, and says that there
 * is no such place (57) to who may, who then hears that no broker is meant (9).
 * Tests: tests/unit/session/merged_test.c, tests/integration/data/moved_replicas.py,
 * tests/e2e/scenarios/rights.py
 */
#ifndef SESSION_VETTED_H
#define SESSION_VETTED_H

#include <stdint.h>

struct part;

/* Of the answer to a part whose target is TARGET_VETTED: what is told instead of the place.  An answer
 * that contradicts its schema stays as it is. */
void vetted_tell(const struct part *p, uint8_t *body, uint32_t size);

#endif

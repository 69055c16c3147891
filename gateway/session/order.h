/* order.h - a partition's records stay in the order in which they were sent (KAFKA-ROUTING 8.1).
 *
 * While an earlier Produce of a partition is unanswered, the next one follows it, wherever the
 * leader is now: its broker says 6 to both.
 * Tests: tests/unit/session/order_test.c, tests/integration/data/order.py
 */
#ifndef SESSION_ORDER_H
#define SESSION_ORDER_H

struct client;
struct request;

/* Sets the targets of items that are in flight; takes time in proportion to what is asked and what
 * is in flight, not to their product. */
void order_keep(const struct client *c, struct request *r);

#endif

/* zone_bytes.h - which bytes stay in the node's zone, and which cross: what clouds charge for.
 *
 * The node's zone is gateway.rack_id, a broker's its rack, a client's the one that it reads in
 * (nearby.h) or comes from.  Where either end's is not known nothing is counted.  Bytes of requests and
 * of answers, as they leave and come; not those of logins and greetings.
 * Tests: tests/unit/session/nearby_test.c, tests/integration/data/zones.py
 */
#ifndef SESSION_ZONE_BYTES_H
#define SESSION_ZONE_BYTES_H

#include <stdint.h>

struct client;
struct upstream;

void zone_bytes_client(struct client *c, uint64_t n);
void zone_bytes_broker(struct client *c, const struct upstream *u, uint64_t n);

#endif

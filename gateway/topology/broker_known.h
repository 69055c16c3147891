/* broker_known.h - whether a broker can be asked, as the topology's own connections to it say.
 *
 * A plain value.  Tests: tests/unit/topology/topology_test.c, tests/integration/operate/lost_broker.py
 */
#ifndef TOPOLOGY_BROKER_KNOWN_H
#define TOPOLOGY_BROKER_KNOWN_H

#include <stddef.h>
#include <stdint.h>

enum broker_state {
	BROKER_UNTRIED, /* has been heard of just now: the first connection is on its way */
	BROKER_UP,	/* answered last */
	BROKER_LOST	/* is believed lost, see brokers.h */
};

enum { BROKER_WHY_MAX = 256 };

struct broker_known {
	int32_t id;
	enum broker_state state;
	int64_t lost_at;	  /* clock_ms; 0: is not lost */
	char why[BROKER_WHY_MAX]; /* how that was seen last; "": is not lost */
};

/* NULL: no broker of that id is there.  They are sorted by id. */
const struct broker_known *broker_known_find(const struct broker_known *all, size_t count,
					     int32_t id);

#endif

/* turns.h - in which turn of a drain a client leaves.
 *
 * Clients leave in turns: by the port that they came by, so that no client loses the connections
 * to all of its brokers at once; where all come by one port, by chance.
 * Tests: tests/unit/balance/turns_test.c
 */
#ifndef BALANCE_TURNS_H
#define BALANCE_TURNS_H

#include "balance/tenure.h"

/* A worker's drain.  count is 1 before the first one. */
struct turns {
	bool has_begun;
	bool by_port;
	int count, done; /* 0 <= done <= count */
	int lag;	 /* ports are closed so many turns after their clients; less than count */
	int port_count;
};

/* By which port all clients have come, where it is not one. */
enum { NO_PORT = -1, SEVERAL_PORTS = -2 };

enum {
	TURNS_WAIT_MOST_S = 3, /* for a client that is moving */
};

/* In which of so many turns a port is closed, and the clients go that came by it; the first ports
 * go first. */
static inline int turns_of_port(int port, int turns, int port_count)
{
	return port * turns / port_count;
}

static inline int turns_of_client(const struct turns *t, const struct tenure *c)
{
	int turns = t->count - t->lag;

	if (t->by_port)
		return turns_of_port(c->port, turns, t->port_count);
	return (int)(c->id % (uint64_t)turns);
}

/* The client's turn has come, whether it is gone already or not. */
static inline bool turns_has_come(const struct turns *t, const struct tenure *c)
{
	return t->has_begun && turns_of_client(t, c) < t->done;
}

/* A client that comes now comes by a port that is about to be closed: its turn and those that the
 * port waited for are over. */
static inline bool turns_is_late(const struct turns *t, const struct tenure *c)
{
	return turns_of_client(t, c) < t->done - t->lag;
}

/* A client whose turn has come stays for a moment: until the other nodes have heard that its
 * connection goes (notice_s), and while the client is moving. */
static inline bool turns_must_wait(const struct tenure *c, double notice_s, double now)
{
	return now < c->turn_at + notice_s ||
	       (tenure_is_moving(c, now) && now < c->turn_at + TURNS_WAIT_MOST_S);
}

#endif

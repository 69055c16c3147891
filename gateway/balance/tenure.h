/* tenure.h - what a client's stay at this node depends on.
 *
 * A plain value, zeros at first but for what tenure_begin sets; a client has one, and only the
 * worker that serves the client touches it.  Each group of fields has one file that writes it.
 * Times are seconds of util/clock's clock_s.
 * Tests: tests/unit/balance/leave_test.c, tests/unit/balance/naming_test.c,
 * tests/unit/balance/turns_test.c
 */
#ifndef BALANCE_TENURE_H
#define BALANCE_TENURE_H

#include <stdbool.h>
#include <stdint.h>

struct tenure {
	uint64_t id;	/* the client's */
	int port;	/* by which of the node's ports the client came, from 0 on */
	int32_t broker; /* whose port that is; NO_BROKER: nobody's */
	double born;
	/* naming.c */
	uint64_t client_key; /* of the client's address and client id; 0: not known yet */
	uint64_t map_key;    /* of the last answer that said where brokers are; 0: none yet */
	uint64_t live_key;   /* in the table of places here; 0: the client is not in it */
	double mapped_at;    /* when the client was told anew where its brokers are */
	unsigned times_mapped;
	bool has_work;	      /* more than a bootstrap connection */
	bool has_leader_work; /* for a partition's leader, not only for a coordinator */
	bool came_back;	      /* after the client was closed for the balance */
	bool shares_key;      /* client_key is other clients' too */
	/* leave.c */
	bool sent_acks0; /* since the last answer: nobody knows whether the broker has it */
	bool is_bound;	 /* a broker keeps something that ends with the connection */
	double transaction_until; /* 0: no transaction is under way */
	double chosen_at;	  /* when the client was chosen to be closed; 0: it isn't */
	unsigned times_chosen;
	/* turns.h; set by the worker's drain */
	bool is_leaving; /* the client's turn has come, at turn_at */
	double turn_at;
};

enum {
	TENURE_MOVING_S = 1, /* a client takes so long to connect where an answer sent it */
};

static inline void tenure_begin(struct tenure *t, uint64_t id, int port, int32_t broker, double now)
{
	*t = (struct tenure){ .id = id, .port = port, .broker = broker, .born = now };
}

/* The client is to be closed for the balance, now or in a moment. */
static inline bool tenure_is_chosen(const struct tenure *t)
{
	return t->chosen_at > 0;
}

/* An answer of a moment ago said where the client's brokers are: others of the client's
 * connections may be on the way there. */
static inline bool tenure_is_moving(const struct tenure *t, double now)
{
	return now < t->mapped_at + TENURE_MOVING_S;
}

#endif

/* ways.h - how brokers hear who a client of SCRAM is, as far as they allow it.
 *
 * Without `delegation.token.secret.key` brokers make no delegation tokens (error 61).  Each worker has
 * the gateway's own account ask for its own tokens when it knows the brokers, so that the first client
 * is already told the right thing; then again once a minute while they make none.  Where nobody can
 * ask, tokens are believed in until a client hears otherwise.
 * Tests: tests/unit/session/ways_test.c
 */
#ifndef SESSION_WAYS_H
#define SESSION_WAYS_H

#include <ev.h>

struct call;
struct worker;

enum ways_tokens { TOKENS_UNKNOWN, TOKENS_MADE, TOKENS_NOT_MADE };

/* A worker's; ways.c's own. */
struct ways {
	enum ways_tokens tokens;
	struct call *call;
	ev_timer timer; /* to the next question */
};

void ways_init(struct worker *w);
void ways_deinit(struct worker *w);
/* The brokers are known, or have changed: asks what has not been asked yet. */
void ways_look(struct worker *w);
/* A broker has said to a client that it makes none. */
void ways_heard_none(struct worker *w);

#endif

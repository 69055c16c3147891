/* exchange.h - one login over an open connection: frames of SASL out, answers in, one at a time.
 *
 * SaslHandshake 1 names the mechanism, SaslAuthenticate 2 carries what a login (auth/login.h) says.
 * Nothing is sent before the last frame was answered: over TLS a broker lets what came together wait
 * for 300 ms.  Who has the connection steps the exchange after each event of it, and does nothing
 * else with it before the exchange is over.
 *
 *   GOES_ON --the login is done--> DONE
 *      `------it failed--> REFUSED      `------what came is no answer--> BAD
 *
 * Tests: tests/unit/upstream/login_link_test.c
 */
#ifndef UPSTREAM_EXCHANGE_H
#define UPSTREAM_EXCHANGE_H

#include "auth/login.h"
#include "net/conn.h"

enum exchange_state {
	EXCHANGE_GOES_ON,
	EXCHANGE_DONE,
	EXCHANGE_REFUSED, /* login->why says why */
	EXCHANGE_BAD,	  /* the connection may be lost too: ask it first */
};

struct exchange;

/* Begins the login anew; borrows it. */
struct exchange *exchange_new(struct login *login);
/* Fine with NULL. */
void exchange_free(struct exchange *x);
/* Writes and reads what can be. */
enum exchange_state exchange_step(struct exchange *x, struct conn *conn);
/* Whether it has something to write; it always wants to read. */
bool exchange_has_more(const struct exchange *x);
/* The login WAITed, and has it now. */
void exchange_go_on(struct exchange *x);
/* DONE: for how many ms the broker believes it from now on; 0: no limit. */
int64_t exchange_lifetime_ms(const struct exchange *x);

#endif

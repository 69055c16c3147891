/* tokens.h - the delegation tokens by which clients of SCRAM are known at further brokers (KIP-48).
 *
 * A client that has logged in by SCRAM has shown its broker a proof that no other broker can be shown.
 * When another one is needed first, the gateway asks on the connection of that login, as the client,
 * for a token of the client's own that names the gateway as its renewer; where there is none, it has
 * the client make one for itself, which needs no right of anybody.  A token is a worker's, for all
 * clients of the same name by the same mechanism, and is made anew at half of its life; nodes and
 * workers find each other's.  Whose it is says the broker.  When one is made, in its turn, says
 * token_turns.h; one that a broker refuses, because somebody has expired it or the brokers have another
 * key, is used no more, and another one takes its place.
 *
 * A broker that is silent for a few seconds is waited for no more: a client of the same name that has
 * logged in at another one asks there, else no further broker can be reached for now.  Whatever waits
 * for the token goes on, and an answer that comes in the end is taken.
 *
 * A broker hears of a new token later than the one that made it: until it lists it, as the gateway's
 * own account asks it, nobody logs in there by it, nor again by it where another one was good.  Where
 * one does not list it after all, one that has listed it is asked whether it does still, else the broker
 * of the login: a token that is gone at the former, or at the latter and old enough that every broker
 * has heard of it, is as good as refused.  One that has just been listed and is refused all the same is
 * asked after once more.
 *
 *   WANTED --Describe--> MAKING --none is there--> its turn --Create--> READY --half its life--> and MAKING
 *      ^-----------------failed, for a while----------'                   |
 *      `------------------refused-----------------------------------------'
 *
 * Tests: tests/unit/session/tokens_test.c, tests/integration/data/new_principals.py
 */
#ifndef SESSION_TOKENS_H
#define SESSION_TOKENS_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

struct client;
struct upstream;
struct worker;

enum tokens_say {
	TOKENS_GO,   /* the connection may be opened, or needs no token */
	TOKENS_WAIT, /* the client is woken when that changes */
	TOKENS_FAIL, /* not now */
};

/* Asked before a connection to the broker is opened as the client. */
enum tokens_say tokens_ask(struct client *c, int32_t broker);
/* Asked before a connection as the client, at which a login is due, has it: by a newer token perhaps. */
enum tokens_say tokens_ask_again(struct client *c, const struct upstream *u);
/* Reads what the broker of the login answers; true when something moved. */
bool tokens_step(struct client *c);
/* The connection is about to be freed. */
void tokens_upstream_lost(struct client *c, const struct upstream *u);
/* When the client's token is to be made anew; INFINITY: it has none. */
ev_tstamp tokens_due(const struct client *c);
void tokens_renew(struct client *c);
/* The client ends. */
void tokens_leave(struct client *c);

void tokens_free_all(struct worker *w);

#endif

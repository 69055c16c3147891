/* granted.h - delegation tokens that the gateway's own account makes for principals which the operator
 * names in the identity map (KIP-373).
 *
 * Brokers let the account do it by CREATE_TOKENS on each user; the owner itself never logs in.  One
 * principal after the other: a token that the account has made, here or at another node, is looked for;
 * where there is none, one is made.  Every broker must list it, and a broker is then asked by it what it
 * may do: who may act as a broker is a super user, or as good as one, and nobody comes in by that token.
 * At half of its life another takes its place, for the clients that are there too; so it does when a
 * broker has refused it.
 *
 *   LOOKING --none--> MAKING --> SPREADING, broker by broker --> TRYING --> good until it is due
 *      `-----there is one---------^                                `--may do all--> refused
 *
 * All on the main loop; its accounts are for any thread.
 * Tests: tests/integration/operate/granted_tokens.py
 */
#ifndef PROGRAM_GRANTED_H
#define PROGRAM_GRANTED_H

#include "auth/account.h"

#include <ev.h>

struct granted;
struct link_terms;
struct topology;

/* Nothing runs before granted_start. */
struct granted *granted_new(void);
/* Fine with NULL. */
void granted_free(struct granted *g);
/* A reference to the account of that User, whose credentials come when there is a token; while there is
 * none its trouble says why. */
struct account *granted_account(struct granted *g, const char *owner);
/* Those that nobody but this has a reference to are wanted no more. */
void granted_sweep(struct granted *g);
/* Borrows all. */
void granted_start(struct granted *g, struct ev_loop *loop, struct topology *topology,
		   const struct link_terms *terms);
void granted_stop(struct granted *g);

#endif

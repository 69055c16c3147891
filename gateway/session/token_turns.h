/* token_turns.h - which worker has a principal make a delegation token, and when: one at a time, and no
 * more tokens in a second than the brokers' metadata bears.
 *
 * Every broker works out the keys of each new token where it publishes metadata, one after the other,
 * so that thousands at once would hold up everything else that brokers are to hear.  All nodes of a
 * cluster together make twenty a second, each of them an equal share.  Who comes when that is used up
 * has its turn later, in the order of coming; the turn is the principal's, whichever of its clients
 * asks then.  A token that one worker has got is given to the others.
 *
 * Of this node; any thread.  Times are clock_ms unless said otherwise.
 * Tests: tests/unit/session/token_turns_test.c, tests/integration/data/new_principals.py
 */
#ifndef SESSION_TOKEN_TURNS_H
#define SESSION_TOKEN_TURNS_H

#include "auth/token.h"

#include <stdint.h>

struct token_turns;

enum token_turn {
	TURN_NOW,   /* the caller makes it, and says what became of it */
	TURN_LATER, /* asked again at that time */
	TURN_FOUND, /* another worker has made it */
};

struct token_turns *token_turns_new(void);
/* Fine with NULL. */
void token_turns_free(struct token_turns *t);
/* So many nodes make tokens, this one among them. */
void token_turns_share(struct token_turns *t, size_t nodes);

/* key: whose token.  Of `wanted` how long it must be good, and which must not be it. */
enum token_turn token_turns_ask(struct token_turns *t, const char *key,
				const struct token_wanted *wanted, int64_t now, int64_t *at,
				struct token *found);
/* One that is there, as a copy; false: there is none.  Nobody's turn changes. */
bool token_turns_find(struct token_turns *t, const char *key, const struct token_wanted *wanted,
		      struct token *found);
/* The caller's turn is over; NULL: it has made none.  Without a turn: a broker has shown it. */
void token_turns_end(struct token_turns *t, const char *key, const struct token *made);
/* The broker lists the token, as one worker has heard. */
void token_turns_listed(struct token_turns *t, const char *key, const char *id, int32_t broker);
/* One that did, as any worker has heard; NO_BROKER: there is none. */
int32_t token_turns_listed_by(struct token_turns *t, const char *key, const char *id);

#endif

/* barrier.h - which brokers know a delegation token: asked of each, before anybody logs in there by it.
 *
 * A broker learns of a token from the metadata log, up to 0.6 s after another has made it; who logs in
 * before is refused, held up, and stands in the broker's log.  The gateway's own account asks, as the
 * token's renewer, on a connection of its own, until the broker lists it.  Where the account has no
 * name that could renew, a second has to do.
 * Tests: tests/unit/session/tokens_test.c
 */
#ifndef SESSION_BARRIER_H
#define SESSION_BARRIER_H

#include <stdbool.h>
#include <stdint.h>

struct barrier;
struct token;
struct worker;

/* Of one token, at all brokers.  Plain value; its fields are barrier.c's. */
struct barriers {
	struct worker *worker;
	void (*on_change)(void *owner);
	void *owner;
	struct barrier *first;
	char *id, *of; /* the token, and whose it is */
	bool is_old;   /* every broker knows it */
};

enum barrier_state {
	BARRIER_WAITS, /* on_change tells when that is over */
	BARRIER_PASSED,
	BARRIER_FAILED, /* for a moment */
};

/* Borrows all. */
void barriers_init(struct barriers *b, struct worker *w, void (*on_change)(void *owner),
		   void *owner);
void barriers_deinit(struct barriers *b);
/* Another token. */
void barriers_begin(struct barriers *b, const struct token *token);
/* Whether the broker knows it; begins to ask. */
enum barrier_state barriers_ask(struct barriers *b, int32_t broker);

/* Whom brokers take the gateway's own account for, to be freed: its user, or the subject of its token.
 * NULL: nobody knows. */
char *barriers_own_name(const struct worker *w);

#endif

/* barrier.h - which brokers know a delegation token: asked of each, before anybody logs in there by it.
 *
 * A broker learns of a token from the metadata log, up to 0.6 s after another has made it; who logs in
 * before is refused, held up, and stands in the broker's log.  The gateway's own account asks, as the
 * token's renewer, until the broker lists it: a worker on one connection a broker, for all tokens at
 * once.  A broker that was slow to list it is asked once more: it is busy, and has what logins need a
 * moment later.  Where the account has no name that could renew, a second has to do.
 *
 * What a broker has listed it lists until it reads of the token's end in the log: one that does not any more says that the
 * token is gone, however new it is.  One that has not listed it yet, and be it the one that has made it, says nothing.
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
	int64_t issued_ms;
	bool is_old;	   /* every broker knows it */
	bool is_gone;	   /* a broker that did list it does not any more */
	int32_t listed_by; /* the last broker that did; NO_BROKER: none has yet */
};

enum barrier_state {
	BARRIER_WAITS, /* on_change tells when that is over */
	BARRIER_PASSED,
	BARRIER_FAILED,	  /* for a moment: nobody could ask */
	BARRIER_UNLISTED, /* for a moment: the broker answers, and does not list it */
	BARRIER_GONE,	  /* it or another one did list it */
};

/* Borrows all. */
void barriers_init(struct barriers *b, struct worker *w, void (*on_change)(void *owner),
		   void *owner);
void barriers_deinit(struct barriers *b);
/* The worker's connections, when nobody waits any more. */
void barriers_free_all(struct worker *w);
/* Another token. */
void barriers_begin(struct barriers *b, const struct token *token);
/* Whether the broker knows it; begins to ask. */
enum barrier_state barriers_ask(struct barriers *b, int32_t broker);
/* The broker, which has listed it, is asked anew, after a moment. */
enum barrier_state barriers_ask_anew(struct barriers *b, int32_t broker);
/* Brokers have had the time to hear of the token, but for one that is busy for minutes: one that does not list it may have
 * heard of its end. */
bool barriers_are_late(const struct barriers *b);
/* The broker has refused a login by the token that it lists: it is asked anew, after a moment.  False: it has listed it
 * anew since, or every broker has long heard of the token. */
bool barriers_doubt(struct barriers *b, int32_t broker);

/* Whom brokers take the gateway's own account for, to be freed: its user, or the subject of its token.
 * NULL: nobody knows. */
char *barriers_own_name(const struct worker *w);

#endif

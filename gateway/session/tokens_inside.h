/* tokens_inside.h - a name's token, as its files know it; for tokens*.c only.
 *
 * tokens.c says what connections may do, tokens_asking.c asks brokers for it, tokens_entry.c is what is known of it.
 */
#ifndef SESSION_TOKENS_INSIDE_H
#define SESSION_TOKENS_INSIDE_H

#include "auth/token.h"
#include "session/barrier.h"
#include "session/inside.h"
#include "session/tokens.h"

struct carried;
struct mechanism;
struct token_turns;

enum { TOKENS_FAILED_S = 1 }; /* what has failed is not tried again at once */

/* One name by one mechanism. */
struct tokens_entry {
	struct tokens_entry *next;
	struct worker *worker;
	const struct carried *mechanism;
	const struct mechanism *shown_by; /* the token, to further brokers */
	char *said;			  /* the name by which clients log in */
	char *key;			  /* the same with the mechanism, for token_turns.h */
	char *owner;			  /* whom a broker has named; NULL: none has yet */
	struct token token;		  /* as brokers tell of it; no owner: there is none */
	struct token coming;		  /* takes its place at renew_at; no owner: there is none */
	char *refused;	   /* the id of the last one that a broker refused; NULL: none was */
	unsigned refusals; /* one after the other */
	bool has_turn;	   /* to make one */
	ev_tstamp turn_at; /* it has not come yet; 0: none is waited for */
	ev_tstamp renew_at, ends_at;
	ev_tstamp failed_until, refused_at; /* 0: it has not */
	ev_tstamp checked_until; /* it is listed, but not everywhere; 0: it was not asked */
	struct client *maker;	 /* at whose broker it is asked for; NULL: nobody asks */
	bool is_check;		 /* whether the token is there still, asks the maker */
	struct barriers barriers;
};

/* --- tokens_entry.c --- */

bool tokens_is_of(const struct tokens_entry *e, const struct client *c);
bool tokens_has(const struct tokens_entry *e, ev_tstamp now);
/* The client's; NULL: there can be none. */
struct tokens_entry *tokens_entry_of(struct client *c);
void tokens_entry_free(struct tokens_entry *e);
/* All clients that have it. */
void tokens_wake_all(struct tokens_entry *e);
struct token_turns *tokens_turns(const struct tokens_entry *e);
/* made: NULL: none was. */
void tokens_end_turn(struct tokens_entry *e, const struct token *made);
void tokens_end_asking(struct client *c, struct tokens_entry *e);
void tokens_tell(const struct client *c, const char *event, const char *why);
void tokens_failed(struct client *c, struct tokens_entry *e, const char *why);
/* They will make none: the client logs in anew, and is carried another way. */
void tokens_turned_off(struct client *c, struct tokens_entry *e);
/* The client logs in by it from now on. */
void tokens_adopt(struct client *c, const struct tokens_entry *e);
/* Takes over *found, at once or when brokers know it. */
void tokens_take(struct client *c, struct tokens_entry *e, struct token *found, bool is_new);
void tokens_use_coming(struct client *c, struct tokens_entry *e);
/* The token is no good: it was made to expire, or the brokers have another key. */
void tokens_refused(struct client *c, struct tokens_entry *e, const char *why);

/* --- tokens_asking.c --- */

/* Looks for one, and has one made where there is none.  False: not now. */
bool tokens_begin(struct client *c, struct tokens_entry *e);
/* A broker answers in order: where one question hangs, so would the requests behind another. */
bool tokens_may_ask(const struct tokens_entry *e, const struct client *c);
/* By the client itself or, where its broker is not to be asked, by another; where nobody can, each client that comes is
 * told so until then, without looking again. */
enum tokens_say tokens_begin_somewhere(struct client *c, struct tokens_entry *e,
				       bool (*begin_it)(struct client *c, struct tokens_entry *e),
				       ev_tstamp *until);
/* A broker that answers does not list the token: it is behind, or the token is gone. */
enum tokens_say tokens_check(struct client *c, struct tokens_entry *e);
/* The broker of the client's login does not answer. */
void tokens_give_up_waiting(struct client *c, struct tokens_entry *e);

#endif

/* login.h - what is said to a broker until it knows who speaks: a client's side of SASL.
 *
 * A link asks its login, after each answer of the broker, what to say next:
 *
 *   begin --SaslHandshake--> next --SaslAuthenticate--> next … --> DONE
 *
 * There are several kinds, and the link does not know which it has.  The one made here says what an
 * account has, by the account's mechanism.  Another carries a client's own exchange: what it says
 * comes from somebody else, so that it may have to WAIT for it; who has it then tells the link.
 * A login is begun anew for each login of its link, the first and the later ones (KIP-368).
 *
 * Pure: no socket, no loop, no clock, no log.  Tests: tests/unit/auth/login_test.c
 */
#ifndef AUTH_LOGIN_H
#define AUTH_LOGIN_H

#include "auth/account.h"
#include "auth/mechanism.h"

enum { LOGIN_WHY_MAX = 256 };

enum login_next {
	LOGIN_SAYS,  /* the next bytes of a SaslAuthenticate */
	LOGIN_WAITS, /* until who says it has it */
	LOGIN_IS_DONE,
	LOGIN_FAILED, /* `why` says why */
};

/* A broker's answer. */
struct login_heard {
	int error;		/* Kafka's; 0: none */
	const uint8_t *message; /* of the error; NULL: none */
	uint32_t message_len;
	const uint8_t *bytes; /* SaslAuthenticate: the mechanism's own; never NULL */
	uint32_t len;
	int64_t lifetime_ms;	/* of what was said; 0: no limit */
	const char *mechanisms; /* SaslHandshake: what the broker has, with commas */
};

struct login;

struct login_kind {
	/* Whether the link may begin it anew by itself, when the lifetime ends. */
	bool renews;
	/* The mechanism to say it by; NULL: FAILED, for there is nothing to say. */
	const char *(*begin)(struct login *l);
	/* The broker answered SaslHandshake.  An error: FAILED in any case. */
	void (*offered)(struct login *l, const struct login_heard *heard);
	/* What to say after that answer (an error: FAILED in any case); NULL: to begin with, or
	 * because the one who WAITed has it now. */
	enum login_next (*next)(struct login *l, const struct login_heard *heard, struct buf *say);
	void (*free)(struct login *l);
};

/* The beginning of each kind's own struct. */
struct login {
	const struct login_kind *kind;
	char why[LOGIN_WHY_MAX]; /* FAILED: in words for the log, without quotes and controls */
};

/* Says what the account has, which is borrowed: the first time what it has now, for its owner may have
 * asked whether the broker knows that. */
struct login *login_new(struct account *account);
/* Fine with NULL. */
void login_free(struct login *l);

/* For kinds: the reason of FAILED.  What a broker said is made fit for a log line. */
enum login_next login_fails(struct login *l, const void *words, size_t len);
/* The same for an answer with an error: its message, else what the code means. */
enum login_next login_refused(struct login *l, const struct login_heard *heard);

#endif

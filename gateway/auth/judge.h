/* judge.h - a login at the gateway itself: a broker's side of SCRAM (RFC 5802) and PLAIN (RFC 4616).
 *
 * It hears what a client says and says what a broker would: SCRAM's messages, or why not, in a broker's words.
 * Otherwise than a broker it lets nobody find out which users there are: who is not there fails as late, after as
 * much work, and for the same reason as who has said a wrong password.
 *
 *   judge_hear → SAYS (SCRAM's first answer), then IS_IN or REFUSES
 *             `→ SALTS (PLAIN, mostly): judge_salt, which may run on any thread, then judge_salted → IS_IN or REFUSES
 *
 * Pure: no socket, no loop, no clock, no log.  Tests: tests/unit/auth/judge_test.c, tests/fuzz/judge.c
 */
#ifndef AUTH_JUDGE_H
#define AUTH_JUDGE_H

#include "auth/users.h"
#include "util/buf.h"

enum {
	JUDGE_WHY_MAX = 200,
	JUDGE_HEAR_MAX = 16384, /* bytes of a message; no client says as much */
	JUDGE_SAY_MAX = JUDGE_HEAR_MAX + 512,
};

enum judge_verdict { JUDGE_SAYS, JUDGE_SALTS, JUDGE_IS_IN, JUDGE_REFUSES };

struct judge;

/* A login by PLAIN, SCRAM-SHA-256 or -512.  is_again: the client is in and logs in anew (KIP-368).  Borrows the
 * users. */
struct judge *judge_new(struct users *users, const char *mechanism, bool is_again);
/* Wipes it; fine with NULL. */
void judge_free(struct judge *j);
/* SAYS and IS_IN: appends to `say`, which was born with JUDGE_SAY_MAX. */
enum judge_verdict judge_hear(struct judge *j, const uint8_t *said, size_t n, struct buf *say);
/* After SALTS: takes some milliseconds. */
void judge_salt(struct judge *j);
/* After that. */
enum judge_verdict judge_salted(struct judge *j);

/* REFUSES: what a broker says of it. */
const char *judge_why(const struct judge *j);
/* The name that the client said; NULL: none yet. */
const char *judge_who(const struct judge *j);
/* IS_IN: the same user at brokers that have the same credential; a reference, to be put.  NULL: they have not. */
struct credentials *judge_credentials(const struct judge *j);

#endif

/* token.h - delegation tokens (KIP-48), as brokers tell of them.
 *
 * A token is a second way to log in as its owner, at every broker.  One that a client has made for
 * itself needs no right of anybody; who is named as its renewer may see it, and what one logs in by.
 * Pure.  Tests: tests/unit/auth/token_test.c
 */
#ifndef AUTH_TOKEN_H
#define AUTH_TOKEN_H

#include "auth/credentials.h"
#include "kafka/api.h"

struct token {
	char *owner; /* name of a User; NULL: there is no token */
	char *id;
	struct buf hmac;		 /* by it a renewer says which token is meant */
	struct credentials *credentials; /* by SCRAM-SHA-256 or -512 */
	int64_t issued_ms, expires_ms;	 /* by the broker's wall clock */
};

/* Which of the tokens in an answer is wanted: one that is good for a while, and that the owner has made
 * for itself, unless another maker is said. */
struct token_wanted {
	const char *owner;   /* NULL: anybody's */
	const char *maker;   /* who has made it; NULL: its owner */
	const char *renewer; /* a User who may renew it; NULL: whoever may */
	const char *id;	     /* NULL: any */
	const char *not_id;  /* one that is not; NULL: none */
	int64_t good_until_ms;
	const struct mechanism *mechanism; /* of the credentials */
};

/* Reads the body of an answer to CreateDelegationToken or DescribeDelegationToken.  *error is its
 * error; *found, to be ended by token_deinit, the wanted token that lasts longest, if any.  False: it
 * contradicts its schema. */
MUST_CHECK bool token_read(const struct kapi *api, int version, const uint8_t *body, uint32_t n,
			   const struct token_wanted *wanted, struct token *found, int *error);
/* Ended by token_deinit too. */
struct token token_copy(const struct token *t);
/* Fine when there is none. */
void token_deinit(struct token *t);

#endif

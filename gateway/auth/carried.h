/* carried.h - the SASL mechanisms of clients whose identity the gateway can carry to every broker.
 *
 * The client's own exchange runs at one broker; here is what of its bytes the gateway must
 * understand: when it has succeeded, who the client says it is, and how further brokers hear of it.
 * Pure: nobody is believed here, a broker judges.
 * Tests: tests/unit/auth/carried_test.c, tests/fuzz/said.c
 */
#ifndef AUTH_CARRIED_H
#define AUTH_CARRIED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a further broker learns who the client is. */
enum carried_way {
	CARRIED_REPLAYED, /* it is told the client's first message, which is all there is */
	CARRIED_BY_TOKEN, /* by a delegation token that the client makes for itself (KIP-48) */
	CARRIED_AS_SET, /* as the gateway's operator says, for the gateway has judged it: judge.h */
};

struct credentials;

struct carried {
	const char *name; /* as SaslHandshake says it; case counts */
	enum carried_way way;
	/* A broker's answer without an error: whether the client is in.  OAUTHBEARER has a refusal
	 * without an error (RFC 7628 3.2.3), SCRAM two rounds, GSSAPI two or three (RFC 4752), of
	 * which only the last one has an answer without bytes. */
	bool (*is_in)(const uint8_t *answer, size_t n);
	/* The name in the client's first message, to be freed; NULL: it has none.  No function: what
	 * the client says is not for the gateway to read, and the broker is asked. */
	char *(*who)(const uint8_t *first, size_t n);
};

/* Whom brokers take who logs in with them for, to be freed: a user, or the subject of a token.  NULL: it is not
 * said. */
char *carried_name(const struct credentials *c);

/* NULL: the gateway can't carry it. */
const struct carried *carried_of(const uint8_t *name, size_t len);
/* The same of those that the gateway can judge itself; NULL: it can't. */
const struct carried *carried_judged(const uint8_t *name, size_t len);

#endif

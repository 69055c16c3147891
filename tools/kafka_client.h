/* kafka_client.h - a connection to Kafka as a plain client has it.
 *
 * A call (upstream/call.h) whose owner waits: one request at a time, each with a deadline; every
 * function turns the loop until it knows how it went.  Every function that returns false says why,
 * in words for people, and the connection is then of no use any more.
 * A client stays where it is while it is open, for its call knows its address.
 * apis_compile was called.  Tests: tests/integration/operate/verify_command.py
 */
#ifndef TOOLS_KAFKA_CLIENT_H
#define TOOLS_KAFKA_CLIENT_H

#include "topology/versions.h"
#include "upstream/call.h"
#include "util/buf.h"
#include "util/compiler.h"

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	KAFKA_WHY_MAX = 300,
	KAFKA_ANSWER_MAX = 256 << 20,
};

struct kafka_client {
	struct call *call; /* NULL: closed */
	struct ev_loop *loop;
	int timeout_ms; /* of each step: connecting, a request and its answer */
	bool is_open, is_lost;
	enum link_end end;	     /* lost: why, */
	int error;		     /* and the errno, or 0 */
	char refusal[KAFKA_WHY_MAX]; /* and in words, where TLS or the login failed; else "" */
	bool is_answered;
	struct buf answer; /* the last one's body */
	bool is_greeted;
	struct broker_versions versions; /* once greeted */
};

/* Borrowed from the client until its next request. */
struct kafka_answer {
	const uint8_t *body;
	uint32_t len;
	double ms; /* from the request to the answer's last byte */
};

/* What a name and port are; NULL and why.  Free with freeaddrinfo. */
struct addrinfo *kafka_resolve(const char *host, int port, char why[KAFKA_WHY_MAX]);

/* Where to, and how. */
struct kafka_place {
	const struct addrinfo *to;
	const char *host; /* as it was typed or told: whose certificate it must be */
	int port;
	const struct link_terms *terms; /* NULL: TCP as it is, and nobody logs in */
};

/* In any case the client is to be closed.  Borrows the loop, which several clients may share, and
 * the id. */
MUST_CHECK bool kafka_connect(struct kafka_client *c, struct ev_loop *loop,
			      const struct kafka_place *place, const char *client_id,
			      int timeout_ms, char why[KAFKA_WHY_MAX]);
/* ApiVersions: what it speaks. */
MUST_CHECK bool kafka_greet(struct kafka_client *c, char why[KAFKA_WHY_MAX]);
/* The best version that both sides have; -1: none.  After the greeting. */
int kafka_version(const struct kafka_client *c, int api_key);
MUST_CHECK bool kafka_ask(struct kafka_client *c, const struct kapi *api, int version,
			  struct say_pairs says, struct kafka_answer *answer,
			  char why[KAFKA_WHY_MAX]);
/* Fine with one that was never connected and zeroed, or twice. */
void kafka_close(struct kafka_client *c);

#endif

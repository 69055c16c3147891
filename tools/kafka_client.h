/* kafka_client.h - a connection to Kafka as a plain client has it.
 *
 * One request at a time, each with a deadline; it blocks.  Every function that returns false
 * says why, in words for people, and the connection is then of no use any more.
 * apis_compile was called.  Tests: tests/integration/operate/verify_command.py
 */
#ifndef TOOLS_KAFKA_CLIENT_H
#define TOOLS_KAFKA_CLIENT_H

#include "kafka/say.h"
#include "topology/versions.h"
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
	int fd;			/* -1: closed */
	const char *client_id;	/* borrowed */
	int timeout_ms;		/* of each step: connecting, a request and its answer */
	uint32_t correlation;	/* of the last request */
	struct buf out, answer; /* the last of each */
	bool is_greeted;
	struct broker_versions versions; /* once greeted */
};

/* Borrowed from the client until its next request. */
struct kafka_answer {
	const uint8_t *body;
	uint32_t len;
	double ms; /* from the request's first byte to the answer's last */
};

/* What a name and port are; NULL and why.  Free with freeaddrinfo. */
struct addrinfo *kafka_resolve(const char *host, int port, char why[KAFKA_WHY_MAX]);

/* In any case the client is to be closed. */
MUST_CHECK bool kafka_connect(struct kafka_client *c, const struct addrinfo *to,
			      const char *client_id, int timeout_ms, char why[KAFKA_WHY_MAX]);
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

/* population.h - the connections of Kafka clients, as HAProxy sees them.
 *
 * A client is an application: it keeps some connections open, mostly one to the
 * bootstrap address and one to each broker, and opens them anew when it
 * restarts.  A population is the list of all its connections, in the order in
 * which they begin.  It is made (population_make) or read (read.h).
 *
 * As a file, a line a connection, tabs between, `-` for what is missing, `#`
 * for comments; times in milliseconds from a common start:
 *
 *   client  source  client.id  port  sni  cert  begins  ends  bytes  node
 * Tests: tests/unit/haproxy/simulate/population_test.c
 */
#ifndef SIMULATE_POPULATION_H
#define SIMULATE_POPULATION_H

#include "simulate/prng.h"
#include "util/arena.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { POPULATION_MAX = 4000000 }; /* connections */

/* A text that is missing is NULL. */
struct population_connection {
	unsigned client; /* 0 to client_count - 1 */
	unsigned port;	 /* that the client asked for; 0: unknown */
	const char *source;
	const char *client_id;
	const char *sni;
	const char *cert; /* the common name in the client's certificate */
	const char *node; /* which it reached */
	int64_t begins_ms;
	int64_t ends_ms; /* INT64_MAX: it is still open at the end */
	double bytes;
};

/* What those that read a population could see: a bit each, 1 << one of them. */
enum population_sees {
	SEES_SOURCE,
	SEES_CLIENT_ID,
	SEES_PORT,
	SEES_SNI,
	SEES_CERT,
	SEES_BYTES,
	SEES_NODE,
	SEES_TIME
};

struct population {
	struct population_connection *connections;
	size_t count;
	size_t room;
	unsigned client_count;
	unsigned sees;
	int64_t end_ms; /* when what is still open was looked at */
	struct arena *texts;
};

/* How a population is made. */
struct population_shape {
	unsigned clients;
	unsigned sources;    /* addresses that they come from: with NAT fewer than clients */
	unsigned client_ids; /* how many client.ids they share; 0: they have none */
	double zipf;	     /* how unevenly: of rank k as many as 1 / k^zipf */
	unsigned brokers;    /* a client has a connection to each, and one to bootstrap */
	unsigned first_port; /* of bootstrap and the first broker; one more for each */
	unsigned certs;	     /* common names that they share; 0: no certificates */
	double bytes_zipf;   /* how unevenly clients send and receive; 0: all alike */
	int64_t arrive_ms;   /* clients come within this time of the start, each as likely */
	int64_t session_ms; /* how long connections live on average, then they come anew; 0: to the end */
	int64_t length_ms; /* of it all */
};

/* The same for the same `r`.  population_deinit it. */
void population_make(struct population *p, const struct population_shape *shape, struct prng *r);

/* Empty, for readers. */
void population_init(struct population *p);
void population_deinit(struct population *p);
/* NULL when there are POPULATION_MAX already. */
struct population_connection *population_add(struct population *p);
/* Into the order in which connections begin; those alike stay as they are. */
void population_sort(struct population *p);
/* As a file. */
void population_write(const struct population *p, FILE *out);

#endif

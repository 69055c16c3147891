/* stats.h - what a node counts.
 *
 * Each worker counts into a block of its own, so counting is one plain add;
 * readers on other threads sum the blocks.  Counters only grow; gauges are the
 * difference of two counters.  The names that Prometheus sees stand beside the
 * counters in the list; http/metrics.c prints them.
 */
#ifndef LOOP_STATS_H
#define LOOP_STATS_H

#include "config/listener.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* X(counter, metric, labels or "", help) */
#define STATS(X)                                                                                   \
	X(CLIENTS_ACCEPTED, "client_connections_total", "", "Client connections accepted.")        \
	X(CLIENTS_CLOSED, "client_connections_closed_total", "", "Client connections closed.")     \
	X(CLIENTS_REFUSED_LIMIT, "client_connections_refused_total", "reason=\"limit\"",           \
	  "Client connections refused.")                                                           \
	X(CLIENTS_REFUSED_ADDRESS, "client_connections_refused_total", "reason=\"address\"",       \
	  "Client connections refused.")                                                           \
	X(CLIENTS_REFUSED_PROXY, "client_connections_refused_total", "reason=\"proxy\"",           \
	  "Client connections refused.")                                                           \
	X(CLIENTS_REFUSED_TLS, "client_connections_refused_total", "reason=\"tls\"",               \
	  "Client connections refused.")                                                           \
	X(CLIENTS_REFUSED_NAME, "client_connections_refused_total", "reason=\"principal\"",        \
	  "Client connections refused.")                                                           \
	X(CLIENTS_REFUSED_FILES, "client_connections_refused_total", "reason=\"descriptors\"",     \
	  "Client connections refused.")                                                           \
	X(CLIENTS_REFUSED_BROKERS, "client_connections_refused_total", "reason=\"brokers\"",       \
	  "Client connections refused.")                                                           \
	X(CLIENT_BYTES_IN, "client_bytes_total", "direction=\"in\"", "Bytes from and to clients.") \
	X(CLIENT_BYTES_OUT, "client_bytes_total", "direction=\"out\"",                             \
	  "Bytes from and to clients.")                                                            \
	X(BROKER_BYTES_OUT, "broker_bytes_total", "direction=\"out\"",                             \
	  "Bytes to and from brokers.")                                                            \
	X(BROKER_BYTES_IN, "broker_bytes_total", "direction=\"in\"", "Bytes to and from brokers.") \
	X(SPLICED_BYTES, "spliced_bytes_total", "",                                                \
	  "Bytes moved from socket to socket without passing through user space.")                 \
	X(UPSTREAMS_OPENED, "broker_connections_total", "", "Broker connections opened.")          \
	X(UPSTREAMS_CLOSED, "broker_connections_closed_total", "", "Broker connections closed.")   \
	X(UPSTREAMS_FAILED, "broker_connection_failures_total", "",                                \
	  "Broker connections that could not be made.")                                            \
	X(UPSTREAMS_LOST, "broker_connections_lost_total", "",                                     \
	  "Broker connections lost with requests in flight.")                                      \
	X(SPLITS, "split_requests_total", "", "Requests split over several brokers.")              \
	X(SPLIT_PARTS, "split_parts_total", "", "Parts that split requests were split into.")      \
	X(FETCH_SESSIONS_EVICTED, "fetch_sessions_evicted_total", "",                              \
	  "Fetch sessions of the node's own that gave way to newer ones.")                         \
	X(ZONE_CLIENT_SAME, "zone_bytes_total", "side=\"client\",zone=\"same\"",                   \
	  "Bytes of requests and answers between the node and who is in its zone or another one.") \
	X(ZONE_CLIENT_OTHER, "zone_bytes_total", "side=\"client\",zone=\"other\"",                 \
	  "Bytes of requests and answers between the node and who is in its zone or another one.") \
	X(ZONE_BROKER_SAME, "zone_bytes_total", "side=\"broker\",zone=\"same\"",                   \
	  "Bytes of requests and answers between the node and who is in its zone or another one.") \
	X(ZONE_BROKER_OTHER, "zone_bytes_total", "side=\"broker\",zone=\"other\"",                 \
	  "Bytes of requests and answers between the node and who is in its zone or another one.") \
	X(FOLLOWER_READS, "follower_reads_total", "",                                              \
	  "Answers about a partition that a follower in the client's zone gave.")                  \
	X(FOLLOWER_FALLBACKS, "follower_fallbacks_total", "",                                      \
	  "Errors of followers for a partition, after which its leader is asked.")                 \
	X(REWRITTEN, "rewritten_answers_total", "", "Answers whose addresses were rewritten.")     \
	X(SHARED, "shared_answers_total", "",                                                      \
	  "Answers that another client's request had brought, which asked the same.")              \
	X(SYNTHESIZED, "synthesized_answers_total", "",                                            \
	  "Answers or parts of answers that the gateway wrote because a broker was lost.")         \
	X(BAD_FRAMES, "bad_frames_total", "", "Frames that a broker would close on too.")          \
	X(TIMEOUTS_HEAD, "client_timeouts_total", "kind=\"head\"",                                 \
	  "Client connections timed out.")                                                         \
	X(TIMEOUTS_BODY, "client_timeouts_total", "kind=\"body\"",                                 \
	  "Client connections timed out.")                                                         \
	X(TIMEOUTS_IDLE, "client_timeouts_total", "kind=\"idle\"",                                 \
	  "Client connections timed out.")                                                         \
	X(TIMEOUTS_ANSWER, "client_timeouts_total", "kind=\"answer\"",                             \
	  "Client connections timed out.")                                                         \
	X(PRESSED, "client_timeouts_total", "kind=\"memory\"", "Client connections timed out.")    \
	X(TIMEOUTS_LOGIN, "client_timeouts_total", "kind=\"login\"",                               \
	  "Client connections timed out.")                                                         \
	X(TIMEOUTS_REQUEST, "request_timeouts_total", "",                                          \
	  "Requests that a broker did not answer in time.")                                        \
	X(LOGINS_PLAIN, "client_logins_total", "mechanism=\"PLAIN\",outcome=\"accepted\"",         \
	  "Logins of clients, as brokers judged them.")                                            \
	X(LOGINS_PLAIN_REFUSED, "client_logins_total", "mechanism=\"PLAIN\",outcome=\"refused\"",  \
	  "Logins of clients, as brokers judged them.")                                            \
	X(LOGINS_OAUTHBEARER, "client_logins_total",                                               \
	  "mechanism=\"OAUTHBEARER\",outcome=\"accepted\"",                                        \
	  "Logins of clients, as brokers judged them.")                                            \
	X(LOGINS_OAUTHBEARER_REFUSED, "client_logins_total",                                       \
	  "mechanism=\"OAUTHBEARER\",outcome=\"refused\"",                                         \
	  "Logins of clients, as brokers judged them.")                                            \
	X(LOGINS_SCRAM_256, "client_logins_total",                                                 \
	  "mechanism=\"SCRAM-SHA-256\",outcome=\"accepted\"",                                      \
	  "Logins of clients, as brokers judged them.")                                            \
	X(LOGINS_SCRAM_256_REFUSED, "client_logins_total",                                         \
	  "mechanism=\"SCRAM-SHA-256\",outcome=\"refused\"",                                       \
	  "Logins of clients, as brokers judged them.")                                            \
	X(LOGINS_SCRAM_512, "client_logins_total",                                                 \
	  "mechanism=\"SCRAM-SHA-512\",outcome=\"accepted\"",                                      \
	  "Logins of clients, as brokers judged them.")                                            \
	X(LOGINS_SCRAM_512_REFUSED, "client_logins_total",                                         \
	  "mechanism=\"SCRAM-SHA-512\",outcome=\"refused\"",                                       \
	  "Logins of clients, as brokers judged them.")                                            \
	X(LOGINS_GSSAPI, "client_logins_total", "mechanism=\"GSSAPI\",outcome=\"accepted\"",       \
	  "Logins of clients, as brokers judged them.")                                            \
	X(LOGINS_GSSAPI_REFUSED, "client_logins_total",                                            \
	  "mechanism=\"GSSAPI\",outcome=\"refused\"",                                              \
	  "Logins of clients, as brokers judged them.")                                            \
	X(LOGINS_AGAIN, "client_reauthentications_total", "",                                      \
	  "Logins of clients that had logged in already (KIP-368).")                               \
	X(LOGINS_LIMITED, "client_logins_limited_total", "",                                       \
	  "Logins of clients that brokers let last for a while only.")                             \
	X(LOGINS_LIMITED_SECONDS, "client_login_lifetimes_seconds_total", "",                      \
	  "How long those may last, all together.")                                                \
	X(TOKENS_MADE, "delegation_tokens_total", "outcome=\"made\"", "Tokens of clients' own.")   \
	X(TOKENS_FOUND, "delegation_tokens_total", "outcome=\"found\"", "Tokens of clients' own.") \
	X(TOKENS_FAILED, "delegation_tokens_total", "outcome=\"failed\"",                          \
	  "Tokens of clients' own.")                                                               \
	X(TOKENS_QUEUED, "delegation_tokens_total", "outcome=\"queued\"",                          \
	  "Tokens of clients' own.")                                                               \
	X(TOKENS_REFUSED, "delegation_tokens_total", "outcome=\"refused\"",                        \
	  "Tokens of clients' own.")                                                               \
	X(CARRIED, "broker_logins_total", "outcome=\"accepted\"",                                  \
	  "Logins as clients at further brokers.")                                                 \
	X(CARRIED_REFUSED, "broker_logins_total", "outcome=\"refused\"",                           \
	  "Logins as clients at further brokers.")                                                 \
	X(CARRIED_AGAIN, "broker_reauthentications_total", "",                                     \
	  "Logins as clients at brokers that took the gateway for the client already (KIP-368).")  \
	X(LOGINS_OUT_OF_ORDER, "client_requests_turned_away_total", "",                            \
	  "Requests before a login, in the middle of one, or after it had run out.")               \
	X(SHED_SKEW, "client_connections_shed_total", "reason=\"skew\"",                           \
	  "Client connections closed between requests, for balance or age.")                       \
	X(SHED_ASKED, "client_connections_shed_total", "reason=\"asked\"",                         \
	  "Client connections closed between requests, for balance or age.")                       \
	X(SHED_AGE, "client_connections_shed_total", "reason=\"age\"",                             \
	  "Client connections closed between requests, for balance or age.")

enum stats_counter {
#define X(counter, metric, labels, help) STAT_##counter,
	STATS(X)
#undef X
		STAT_COUNT
};

/* By the listener that clients came by. */
enum stats_by_listener {
	BY_LISTENER_ACCEPTED,
	BY_LISTENER_CLOSED,
	BY_LISTENER_BYTES_IN, /* told when an answer has left, or the client goes */
	BY_LISTENER_BYTES_OUT,
	BY_LISTENER_LOGINS,
	BY_LISTENER_LOGINS_REFUSED,
	BY_LISTENER_COUNT,
};

enum {
	STATS_APIS = 128,   /* by API key */
	STATS_ERRORS = 192, /* by error code + 1 */
	STATS_BUCKETS = 20, /* of latency: bucket i holds what took less than 2^i * 64 us */
};

typedef _Atomic uint64_t stat_cell;

struct stats {
	_Alignas(64) stat_cell counters[STAT_COUNT];
	stat_cell requests[STATS_APIS];	      /* by API key */
	stat_cell errors[STATS_ERRORS];	      /* seen in answers, by code + 1; 0 is never counted */
	stat_cell latency[STATS_BUCKETS + 1]; /* from a frame's head to its answer's last byte */
	stat_cell latency_sum_us;
	/* in the order of the configuration */
	stat_cell by_listener[LISTENERS_MAX][BY_LISTENER_COUNT];
};

/* Only the owning thread adds. */
static inline void stat_cell_add(stat_cell *cell, uint64_t n)
{
	atomic_store_explicit(cell, atomic_load_explicit(cell, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

static inline void stats_add(struct stats *s, enum stats_counter counter, uint64_t n)
{
	stat_cell_add(&s->counters[counter], n);
}

static inline void stats_request(struct stats *s, int api_key)
{
	stat_cell_add(&s->requests[api_key], 1);
}

static inline void stats_of_listener(struct stats *s, size_t listener, enum stats_by_listener what,
				     uint64_t n)
{
	stat_cell_add(&s->by_listener[listener][what], n);
}

static inline void stats_error(struct stats *s, int code)
{
	if (code != 0 && code >= -1 && code < STATS_ERRORS - 1)
		stat_cell_add(&s->errors[code + 1], 1);
}

static inline void stats_latency(struct stats *s, uint64_t us)
{
	unsigned i = 0;

	while (i < STATS_BUCKETS && us >= (UINT64_C(64) << i))
		i++;
	stat_cell_add(&s->latency[i], 1);
	stat_cell_add(&s->latency_sum_us, us);
}

/* Adds every cell of `from` to `sum`; from any thread. */
void stats_sum(struct stats *sum, const struct stats *from);
/* What opened and has not closed; the two counters are read at different moments. */
uint64_t stats_open(const struct stats *sum, enum stats_counter opened, enum stats_counter closed);

#endif

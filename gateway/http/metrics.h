/* metrics.h - what the node counts, as Prometheus reads it.
 *
 * Text exposition format 0.0.4.  The counters and their names come from the
 * list in loop/stats.h; all names begin with anyport_ or process_.
 * Tests: tests/unit/http/metrics_test.c
 */
#ifndef HTTP_METRICS_H
#define HTTP_METRICS_H

#include "loop/stats.h"
#include "loop/usage.h"
#include "topology/broker_known.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* What is read off the node for one answer. */
struct config;

struct http_metrics {
	const struct stats *const *workers; /* borrowed; each block may go on counting */
	size_t worker_count;
	int64_t memory_budget_bytes;
	int64_t memory_held_bytes;
	unsigned memory_waiting;	  /* reservations that wait */
	int brokers, topics;		  /* known */
	struct broker_known *broker_list; /* what is known of each; api.c's, not the source's */
	size_t broker_count;
	int64_t topology_age_ms; /* since the last metadata answer; -1: none yet */
	int max_clients;	 /* at a time */
	int workers_resting;	 /* they take no clients, for want of descriptors */
	/* when the first of a chain ends, in seconds since 1970; 0: there is no certificate */
	int64_t clients_certificate_ends, brokers_certificate_ends, http_certificate_ends;
	/* the gateway nodes; cluster_members 0: they do not know each other */
	int cluster_members, cluster_draining, cluster_disagreements;
	bool is_cluster_member;
	/* how their load is spread over those whose load is known; nodes_measured 0: nothing is */
	int nodes_measured;
	double connections_skew, bytes_skew;   /* max / mean */
	double connections_share, bytes_share; /* this node's / mean */
	double declined;		       /* 0 to 1, see balance/declining.h */
	const struct config *config;	       /* whose listeners have names; NULL: none has */
	/* the names with the most bytes; the caller's to free */
	struct usage_told usage[USAGE_KINDS];
	bool has_usage[USAGE_KINDS];
};

/* What does not change, or what the server itself knows. */
struct http_node {
	const char *version; /* no quote, backslash or line feed in it */
	struct timespec started;
	bool is_ready;
};

/* The sum over the workers. */
void metrics_sum(const struct http_metrics *metrics, struct stats *sum);
/* Seconds since the node started. */
double metrics_uptime(const struct http_node *node);

/* The whole page; *size without the final zero byte.  Caller frees.  The names
 * of the APIs are there once apis_compile has run. */
char *metrics_render(const struct http_metrics *metrics, const struct http_node *node,
		     size_t *size);

#endif

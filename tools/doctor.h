/* doctor.h - what the looks of `anyportctl doctor` share: what they look at, what they find.
 *
 * A look is a row of doctor.c and a function that finds things, each with what to do about it.  Looks
 * stand in the order of importance, and a later one may rest on what an earlier one learned.  What
 * can't be looked at is said to be so, with the reason: it is no finding.
 * Tests: tests/integration/operate/doctor.py
 */
#ifndef TOOLS_DOCTOR_H
#define TOOLS_DOCTOR_H

#include "cli.h"
#include "kafka_client.h"
#include "node_ask.h"

#include "config/config.h"
#include "live/balancer.h"
#include "program/own_account.h"
#include "util/text.h"

#include <jansson.h>

struct cfg;
struct rule_facts;

enum doctor_severity {
	DOCTOR_ADVICE,	/* works, could be better: no finding to a shell */
	DOCTOR_WARNING, /* will hurt some day */
	DOCTOR_ERROR	/* clients, or some of them, are not served as they should be */
};

struct doctor_finding {
	const char *look;
	enum doctor_severity severity;
	char *what, *mend;
};

/* A broker as the cluster tells of it. */
struct doctor_broker {
	int id;
	char *host;
	int port;
	bool is_silent;	  /* when it was asked from here, which was told */
	bool has_no_port; /* of some listener, which was told */
};

struct doctor {
	const struct cli *cli;
	int timeout_ms;		      /* of each step */
	const char *proc;	      /* where the kernel tells of itself */
	const char *haproxy;	      /* haproxy.cfg; NULL: none here */
	const struct config *config;  /* NULL: it can't be used */
	const char *look;	      /* the one that looks now */
	char *passed;		      /* why it does not; NULL: it does */
	struct doctor_finding *found; /* as they were found */
	size_t found_count;

	/* what looks learn for later ones */
	struct ev_loop *loop;
	struct tls_slot tls; /* to brokers */
	struct own_account own;
	struct link_terms terms;
	bool can_connect;		/* the three above are ready */
	char asked_host[TEXT_HOST_MAX]; /* a broker that answers, */
	int asked_port;			/* 0: none does */
	struct doctor_broker *brokers;	/* that it told of */
	size_t broker_count;
	struct node_way way;	/* of asking nodes */
	json_t *node, *cluster; /* what the node here says; NULL: nothing */
	int64_t node_files;	/* descriptors that it may have open; 0: not known */
	json_t *silent;		/* {host: true} of nodes that do not answer */
	json_t *clocks; /* {node: {ahead_ms, unsure_ms}}, of its clock against the one here */
	struct balancers balancers; /* HAProxy's sockets, at most one */
};

/* What is wrong, a sentence without a full stop, and `mend`, taken: what to do.  The same
 * sentence is told once. */
void doctor_find(struct doctor *d, enum doctor_severity severity, char *mend, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
/* This look can't look, or not at all of it: why; several reasons are joined. */
void doctor_pass(struct doctor *d, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Most important first: by severity, then in the order of the looks. */
void doctor_sort(struct doctor *d);
const char *doctor_severity_name(enum doctor_severity severity);

/* The looks, a file each; those after the first only where there is a configuration. */
void doctor_configuration(struct doctor *d, struct config **config);
void doctor_names(struct doctor *d);
void doctor_brokers(struct doctor *d);
void doctor_rights(struct doctor *d);
void doctor_certificates(struct doctor *d);
void doctor_node(struct doctor *d);
/* Part of doctor_node: what the node says at /v1/config. */
void doctor_running(struct doctor *d, const json_t *running);
void doctor_nodes(struct doctor *d);
void doctor_haproxy_file(struct doctor *d);
void doctor_haproxy_process(struct doctor *d);
void doctor_front(struct doctor *d);
void doctor_machine(struct doctor *d);
void doctor_clocks(struct doctor *d);
void doctor_kafka_clock(struct doctor *d);

/* A listener whose clients come by HAProxy's file: the configuration with that one alone. */
struct doctor_listener {
	const char *name; /* NULL: nobody has to be told which it is */
	struct config *config;
	bool is_front; /* of several */
};
/* Those that the file is judged by, at least one unless it was said why not; --listener names one.  `known`
 * is what rules are shown besides.  Their names are those of d->config. */
MUST_CHECK size_t doctor_listeners(struct doctor *d, struct cfg *cfg,
				   const struct rule_facts *known,
				   struct doctor_listener list[LISTENERS_MAX]);
void doctor_listeners_free(struct doctor_listener *list, size_t count);

/* A greeted connection of the gateway's account; to be closed in any case.  doctor_brokers.c */
MUST_CHECK bool doctor_connect(struct doctor *d, struct kafka_client *c, const char *host, int port,
			       char why[KAFKA_WHY_MAX]);

#endif

/* balancer.h - the load balancers that a command is for, and the workers of each.
 *
 * Each has a name, a stats socket, a master's socket, or both.  Without a stats socket the
 * master passes the questions on; without a master's socket old workers are out of reach.
 * Tests: tests/unit/haproxy/live/balancer_test.c, tests/integration/haproxy/status.py
 */
#ifndef LIVE_BALANCER_H
#define LIVE_BALANCER_H

#include "live/runtime.h"
#include "live/show_process.h"
#include "util/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct balancer {
	char *name;
	char *stats, *master; /* sockets; NULL: not known */
	char *config;	      /* haproxy.cfg; NULL: not known */
};

struct balancers {
	struct balancer *list;
	size_t count;
	int timeout_ms; /* for each question */
};

/* The worker that listens. */
enum { WORKER_CURRENT = 0 };

void balancers_init(struct balancers *all, int timeout_ms);
void balancers_deinit(struct balancers *all);
/* "NAME=VALUE", or a value alone for the only load balancer, which is then called "haproxy".
 * `what` is the member that it sets.  NULL, or what is wrong. */
enum balancer_part { BALANCER_STATS, BALANCER_MASTER, BALANCER_CONFIG };
MUST_CHECK const char *balancers_add(struct balancers *all, enum balancer_part what,
				     const char *text);
struct balancer *balancers_find(const struct balancers *all, const char *name);

/* As runtime_ask and runtime_do; worker is WORKER_CURRENT or a pid.  `why` begins with the
 * name of the load balancer. */
char *balancer_ask(const struct balancers *all, const struct balancer *b, int64_t worker,
		   const char *command, char why[RUNTIME_WHY_MAX]);
MUST_CHECK bool balancer_do(const struct balancers *all, const struct balancer *b, int64_t worker,
			    const char *command, char why[RUNTIME_WHY_MAX]);
/* What the master itself says; NULL and why also when its socket is not known. */
char *balancer_ask_master(const struct balancers *all, const struct balancer *b,
			  const char *command, char why[RUNTIME_WHY_MAX]);
/* `show proc`.  Without a master's socket: true and no worker.  Caller frees. */
MUST_CHECK bool balancer_processes(const struct balancers *all, const struct balancer *b,
				   struct processes *processes, char why[RUNTIME_WHY_MAX]);

#endif

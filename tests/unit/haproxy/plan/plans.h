/* plans.h - configurations and plans for the unit tests of haproxy/. */
#ifndef TESTS_UNIT_HAPROXY_PLANS_H
#define TESTS_UNIT_HAPROXY_PLANS_H

#include "config/config.h"
#include "plan/consistency.h"
#include "plan/model.h"
#include "plan/render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct config_node plans_nodes[] = { { (char *)"n1", (char *)"10.0.0.1", 8888 },
					    { (char *)"n2", (char *)"10.0.0.2", 8888 } };

/* Two nodes, five ports from 9092 on, nothing to complain about. */
static inline struct config plans_config(void)
{
	return (struct config){ .port_start = 9092,
				.port_count = 5,
				.advertised_host = (char *)"kafka.example",
				.advertised_port = 9092,
				.advertised_mode = ADVERTISE_PORTS,
				.internal_load_balancing = false,
				.http_port = 8888,
				.max_connections = 1000,
				.idle_timeout_ms = 600000,
				.nodes = plans_nodes,
				.node_count = 2,
				.haproxy_listen_host = (char *)"0.0.0.0",
				.haproxy_listen_port = 9092 };
}

/* What consistency_check says of the plan; the caller frees it. */
static inline char *plans_findings(struct haproxy_plan *plan, size_t *refused)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	model_settle(plan);
	*refused = consistency_check(plan, out);
	fclose(out);
	return text;
}

/* The plan's haproxy.cfg; the caller frees it. */
static inline char *plans_text(struct haproxy_plan *plan)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	model_settle(plan);
	render_plan(plan, out);
	fclose(out);
	return text;
}

#endif

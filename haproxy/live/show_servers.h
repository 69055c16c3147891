/* show_servers.h - `show servers state`: where each server is and how it is meant to be.
 *
 * Columns are found by their names; what is not there is -1 or "".
 * Tests: tests/unit/haproxy/live/show_servers_test.c
 */
#ifndef LIVE_SHOW_SERVERS_H
#define LIVE_SHOW_SERVERS_H

#include <stddef.h>
#include <stdint.h>

/* Bits of admin_state (HAProxy's enum srv_admin). */
enum {
	ADMIN_FORCED_MAINT = 0x01,
	ADMIN_CONFIG_MAINT = 0x04,
	ADMIN_FORCED_DRAIN = 0x08,
	ADMIN_RESOLVER_MAINT = 0x20 /* a free slot of server-template */
};

struct server_state {
	char *backend, *name;
	char *address;	     /* "-": none */
	char *check_address; /* "": that of the server */
	int64_t backend_id, server_id;
	int64_t operational_state; /* 0 stopped, 1 starting, 2 running, 3 stopping */
	int64_t admin_state;
	int64_t weight, initial_weight;
	int64_t port; /* 0: the one that the client used */
	int64_t check_port, agent_port;
};

struct server_states {
	struct server_state *list;
	size_t count;
};

/* Caller frees. */
struct server_states show_servers_parse(const char *text);
void show_servers_free(struct server_states *states);

#endif

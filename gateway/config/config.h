/* config.h - everything the operator can say, as one plain value.
 *
 * config_load reads the file and the environment (which wins), checks all of
 * it and reports every mistake at once.  The rows that drive it, `--help`,
 * `--print-config` and the sample file are in options.c: an option is one row.
 * The struct is never changed after it is loaded; it owns its strings.
 * Tests: tests/unit/config/config_test.c
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "config/haproxy.h"
#include "config/listener.h"
#include "util/compiler.h"
#include "util/log.h"
#include "util/logsink.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Whether a broker's certificate must be for the host by which it is known. */
enum host_check { HOST_CHECK_HTTPS, HOST_CHECK_NONE };
/* Who judges logins of clients: the brokers, or the gateway. */
enum security_mode { KAFKA_MANAGED, GATEWAY_MANAGED };
/* Which node stands for a broker: see route/mapping.h. */
enum mapping_kind { MAPPING_RANDOM, MAPPING_STABLE };

enum {
	CONFIG_WHY_MAX = 384,
	CONFIG_TOPIC_MAX = 256,
	CONFIG_FRAMES_IN_MEMORY =
		2, /* the longest request is at most one such part of the memory */
};

struct config_named;   /* a listener with a name: see listeners.h */
struct config_origin;  /* where a value came from: see options.h */
struct config_waiting; /* what a restart would take instead: see options.h */

/* A network, IPv4 as IPv4-mapped IPv6: compare the first bits of addr. */
struct config_net {
	struct in6_addr addr;
	unsigned bits; /* 0 to 128 */
};

/* Clients whose addresses are in it are in that zone. */
struct config_zone {
	struct config_net net;
	char *name;
};

struct config {
	/* to the brokers */
	char *bootstrap_servers; /* "host:port,host:port"; never NULL after config_load */
	enum security_protocol kafka_protocol;
	char *kafka_ssl_ca; /* files; NULL: none, so are the next ones */
	char *kafka_ssl_certificate, *kafka_ssl_key;
	char *kafka_ssl_key_password;
	enum host_check kafka_ssl_host_check;
	/* who the gateway is to them; NULL: not said, so are the next ones */
	char *sasl_mechanism; /* a word of mechanism.h */
	char *sasl_username, *sasl_password;
	char *sasl_jaas_config; /* in place of the two */
	char *oauth_url;	/* of a token endpoint, or file:///… */
	char *oauth_client_id, *oauth_client_secret;
	char *oauth_scope, *oauth_extensions;
	char *https_ca; /* file of who signs the token endpoint's certificate */

	/* to the clients */
	struct listener listener;   /* the only one; of several: what they have in common */
	struct config_named *named; /* several, as they are said: see listeners.h */
	size_t named_count;
	struct listener *listeners;		   /* what becomes of them; NULL: none is named */
	char *http_ssl_certificate, *http_ssl_key; /* files; NULL: none, so are the next ones */
	char *http_ssl_key_password;
	char *http_ssl_ca;
	bool clients_act_as_gateway; /* at the brokers, by the gateway's account */
	char *identity_map;	     /* file, see identity_map.h; NULL: none */
	enum security_mode security_mode;
	/* GATEWAY_MANAGED: */
	char *users;	    /* file, see users_file.h; NULL: none */
	char *sasl_enabled; /* mechanisms, with commas */
	int max_reauth_ms;  /* of a login; 0: no end */

	/* the nodes among themselves */
	char *cluster_id;     /* NULL: this node alone */
	char *group_id;	      /* NULL: the same */
	char *cluster_secret; /* NULL: none; that the nodes share */
	char *node_id;	      /* letters a consumer group takes; never NULL after config_load */
	char *rack_id;	      /* NULL: none */
	enum mapping_kind mapping;
	int session_timeout_ms, heartbeat_interval_ms;

	/* connections that are closed between requests */
	bool balance_enabled;
	int balance_tolerance;	   /* percent above the nodes' mean */
	int balance_per_second;	   /* so many at most, 1 or more */
	int max_connection_age_ms; /* 0: none */

	/* the load balancer */
	struct config_net *proxy_trusted;
	size_t proxy_trusted_count;

	/* where clients are, by address */
	struct config_zone *zones;
	size_t zone_count;

	/* the HTTP side */
	char *http_host;
	int http_port;
	int agent_port;	  /* 0: off */
	char *http_token; /* NULL: none; so are the next ones */
	char *http_read_token, *metrics_token;
	bool secured_metrics; /* whoever asks for /metrics brings a token */
	char *http_names;     /* with commas */

	/* the machine */
	int workers; /* 1 or more after config_load */
	char *log_level;
	enum logsink log_target;
	enum log_format log_format;
	bool audit_log; /* the log tells of each administrative request */

	/* limits; sizes in bytes, times in milliseconds */
	int max_connections;		 /* of clients, all workers together */
	int max_connections_per_address; /* 0: no limit */
	int64_t max_frame_bytes;	 /* as socket.request.max.bytes: 104857600 */
	int64_t memory_budget_bytes;	 /* for what must be held: splits, merges, rewrites */
	int memory_per_address;		 /* percent of that for one address */
	bool follower_reads;		 /* clients read from followers in their zone */
	int fetch_session_slots;	 /* of fetch sessions of the node's own; 0: none */
	int usage_names;		 /* most of a kind that a worker counts by name */
	int metrics_top;		 /* so many of them are in /metrics */
	int connect_timeout_ms;		 /* to a broker */
	int login_timeout_ms;		 /* from a connection's first moment to its login */
	int head_timeout_ms;		 /* from a frame's first byte to its head */
	int body_timeout_ms;	/* from a frame's head to its last byte, added to by what arrives */
	int idle_timeout_ms;	/* of a client connection with nothing in flight */
	int request_timeout_ms; /* for requests that carry no time of their own */
	int drain_timeout_ms;
	int metadata_refresh_ms; /* the timer of the topology */

	/* for anyportctl haproxy generate */
	struct config_node *nodes;
	size_t node_count;
	char *haproxy_listen_host; /* where HAProxy listens for clients */
	int haproxy_listen_port;   /* first port; advertised_port when not given */
	int haproxy_listen_last;   /* last port; 0 when not given */
	struct config_haproxy haproxy;

	/* for config_print */
	char *file;		       /* NULL: none was read */
	struct config_origin *origins; /* of these values; one a row of options.c */

	/* what was said otherwise when it was read again: see reload.h */
	struct config_waiting *waiting;
	size_t waiting_count;
};

/* The listeners: one at least. */
static inline size_t config_listener_count(const struct config *c)
{
	return c->listeners != NULL ? c->named_count : 1;
}

static inline const struct listener *config_listener(const struct config *c, size_t i)
{
	return c->listeners != NULL ? &c->listeners[i] : &c->listener;
}

/* Where clients say by SASL who they are, the gateway judges it. */
static inline bool config_judges(const struct config *c)
{
	for (size_t i = 0; i < config_listener_count(c); i++) {
		if (protocol_has_sasl(config_listener(c, i)->protocol))
			return c->security_mode == GATEWAY_MANAGED;
	}
	return false;
}

/* Reads FILE (may be NULL: environment and defaults only).  On a mistake
 * writes one line each to `complaints` (`FILE:LINE: key: what is wrong and
 * what it may be`, or `environment: NAME: ...`), all of them, and returns
 * NULL.  What is only strange is a line that begins with `warning: `.  A
 * variable of the environment that is empty counts as not there.  Caller frees
 * with config_free. */
MUST_CHECK struct config *config_load(const char *file, FILE *complaints);
/* The same for a file that needs not be a gateway's: only options whose key begins so
 * ("haproxy.") are there, from the environment or by default, and bootstrap_servers is NULL. */
MUST_CHECK struct config *config_load_part(const char *beginning, FILE *complaints);
/* Gives an option, by its key, a value as in the environment (a list with commas), in place
 * of what it has.  False and why: it is none; the option is then empty or as it was. */
MUST_CHECK bool config_set(struct config *config, const char *key, const char *text,
			   char why[CONFIG_WHY_MAX]);
void config_free(struct config *config);
/* The topic of the nodes' load records; "" without a cluster id. */
void config_internal_topic(const struct config *config, char name[CONFIG_TOPIC_MAX]);

/* The effective value of every option with where it came from, as a libconfig
 * file that config_load reads back to the same values. */
void config_print(const struct config *config, FILE *out);
/* The options' part of `anyport --help`: one line each, from the rows. */
void config_help(FILE *out);

#endif

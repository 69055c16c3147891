/* haproxy.h - what the operator wants of the load balancer: the file's section `haproxy`.
 *
 * The gateway itself has no use for it; `anyportctl haproxy generate` has, and
 * takes each option as a flag too.  The words of an option stand here once, in
 * the order of its enum.  Rows and defaults: options.c.
 */
#ifndef CONFIG_HAPROXY_H
#define CONFIG_HAPROXY_H

#include <stdbool.h>
#include <stddef.h>

struct config_net;

/* One node as the load balancer reaches it. */
struct config_node {
	char *name;
	char *host;
	int http_port; /* 0: not said */
	char *rack;    /* NULL: not said */
};

/* One HAProxy of several that share a stick table; or a listener, and where HAProxy is for it. */
struct config_peer {
	char *name;
	char *host;
	int port;
};

/* A server name that clients ask for in TLS, and the nodes' port it stands for. */
struct config_route {
	char *name;
	int port;
};

enum haproxy_balance { BALANCE_LEASTCONN, BALANCE_ROUNDROBIN, BALANCE_RANDOM, BALANCE_HASH };
#define HAPROXY_BALANCE_WORDS "leastconn|roundrobin|random|hash"

/* What is alike in connections that belong together. */
enum haproxy_stickiness {
	STICKINESS_NONE,
	STICKINESS_SOURCE,	     /* the client's address */
	STICKINESS_CLIENT_ID,	     /* Kafka's client.id */
	STICKINESS_SOURCE_CLIENT_ID, /* both */
	STICKINESS_PORT,	     /* the port that the client asked for */
	STICKINESS_SNI,		     /* the server name it asked for in TLS */
	STICKINESS_CERT		     /* the name in its certificate */
};
#define HAPROXY_STICKINESS_WORDS "none|source|client-id|source+client-id|port|sni|cert"

enum haproxy_tls { TLS_NONE, TLS_PASSTHROUGH, TLS_TERMINATE, TLS_REENCRYPT };
#define HAPROXY_TLS_WORDS "none|passthrough|terminate|reencrypt"

enum haproxy_tls_version { TLS_VERSION_12, TLS_VERSION_13 };
#define HAPROXY_TLS_VERSION_WORDS "TLSv1.2|TLSv1.3"

/* As Kafka's ssl.client.auth. */
enum haproxy_client_auth { CLIENT_AUTH_NONE, CLIENT_AUTH_REQUESTED, CLIENT_AUTH_REQUIRED };
#define HAPROXY_CLIENT_AUTH_WORDS "none|requested|required"

/* PROXY headers from HAProxy to the nodes; auto: when the nodes take them. */
enum haproxy_proxy_header { PROXY_HEADER_AUTO, PROXY_HEADER_V2, PROXY_HEADER_OFF };
#define HAPROXY_PROXY_HEADER_WORDS "auto|v2|off"

/* What becomes of a node's connections when its checks fail. */
enum haproxy_marked_down { MARKED_DOWN_KEEP, MARKED_DOWN_SHUTDOWN };
#define HAPROXY_MARKED_DOWN_WORDS "keep|shutdown"

enum haproxy_log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };
#define HAPROXY_LOG_FORMAT_WORDS "text|json"

/* Texts are NULL when they are not said; times in milliseconds. */
struct config_haproxy {
	/* of several listeners: where each one's clients come in */
	struct config_peer *fronts;
	size_t front_count;

	/* which nodes */
	char *discover; /* the DNS name of all nodes, in place of config.nodes */
	int discover_slots;
	char *dns_servers; /* "host:port,host:port"; NULL: those of /etc/resolv.conf */
	char *rack;	   /* where HAProxy itself is */

	/* who gets which node */
	enum haproxy_balance balance;
	enum haproxy_stickiness stickiness;
	int hash_balance_factor; /* percent; 0: none */
	int table_size;		 /* entries */
	int table_expire_ms;
	struct config_peer *peers;
	size_t peer_count;
	char *local_peer; /* which of them this HAProxy is */

	/* TLS */
	enum haproxy_tls tls;
	char *tls_certificate;
	enum haproxy_tls_version tls_min_version;
	enum haproxy_client_auth tls_client_auth;
	char *tls_client_ca;
	char *node_tls_ca;
	char *node_tls_name;
	char *node_tls_certificate;
	bool node_tls_verify;
	struct config_route *sni_routes;
	size_t sni_route_count;

	/* addresses of clients */
	enum haproxy_proxy_header proxy_header;
	struct config_net *accept_proxy;
	size_t accept_proxy_count;

	/* health */
	int agent_port; /* 0: gateway.agent_port */
	int slowstart_ms;
	enum haproxy_marked_down on_marked_down;

	/* limits; 0: none */
	int limit_source;
	int limit_source_rate; /* new connections in 10 seconds */
	int limit_client_id;
	int limit_client_id_rate;

	/* the longest that clients are configured to; Kafka's defaults */
	int client_max_idle_ms;
	int client_session_timeout_ms;
	int client_request_timeout_ms;
	int client_max_poll_interval_ms;
	int client_fetch_max_wait_ms;

	/* the machine */
	int maxconn; /* 0: worked out */
	int fd_limit;
	int source_ports; /* towards one port of one node */
	bool splice;
	int hard_stop_after_ms;
	char *user; /* NAME or NAME:GROUP; NULL: HAProxy stays the user that starts it */

	/* what is seen of it */
	char *stats_socket;
	char *stats_page; /* HOST:PORT */
	char *metrics;	  /* HOST:PORT */
	enum haproxy_log_format log_format;
	char *log_target;
};

#endif

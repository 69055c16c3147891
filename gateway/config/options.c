#include "config/options.h"

#include "util/text.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#define AT(field) (int)offsetof(struct config, field)
#define PORTS .min = 1, .max = 65535
#define SECRET(env) .may_be_empty = true, .is_secret = true, .env_file = env "_FILE"
/* A field of the section haproxy, which only anyportctl reads. */
#define OF_HAPROXY(what, field) .kind = OPTION_##what, .at = AT(haproxy.field), .reloads = true

enum { SECOND = 1000, TIME_MAX = 24 * 24 * 3600 * SECOND };
#define PROTOCOLS "PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL"
#define MECHANISMS "PLAIN|SCRAM-SHA-256|SCRAM-SHA-512|OAUTHBEARER"

/* Rows of one group stand together: --print-config opens and closes groups in this order. */
const struct config_option config_options[] = {
	{ "kafka.bootstrap_servers", "KAFKA_BOOTSTRAP_SERVERS", .kind = OPTION_SERVERS,
	  .at = AT(bootstrap_servers), .standard_help = "required", .reloads = true,
	  .help = "brokers to start from, host:port with commas" },
	{ "kafka.security_protocol", "KAFKA_SECURITY_PROTOCOL", .kind = OPTION_WORD,
	  .at = AT(kafka_protocol), .words = PROTOCOLS, .standard = "PLAINTEXT",
	  .help = "how to talk to the brokers" },
	{ "kafka.sasl_mechanism", "KAFKA_SASL_MECHANISM", .kind = OPTION_NAME,
	  .at = AT(sasl_mechanism), .words = MECHANISMS, .may_be_empty = true,
	  .help = "how the gateway logs in at the brokers" },
	{ "kafka.sasl_username", "KAFKA_SASL_USERNAME", .kind = OPTION_TEXT,
	  .at = AT(sasl_username), .may_be_empty = true, .reloads = true,
	  .help = "the gateway's own account, for PLAIN and SCRAM" },
	{ "kafka.sasl_password", "KAFKA_SASL_PASSWORD", .kind = OPTION_TEXT,
	  .at = AT(sasl_password), SECRET("KAFKA_SASL_PASSWORD"), .reloads = true,
	  .help = "its password" },
	{ "kafka.sasl_jaas_config", "KAFKA_SASL_JAAS_CONFIG", .kind = OPTION_TEXT,
	  .at = AT(sasl_jaas_config), SECRET("KAFKA_SASL_JAAS_CONFIG"), .reloads = true,
	  .help = "both as Java's clients have them, in place of them; PLAIN and SCRAM" },
	{ "kafka.sasl_oauthbearer_token_endpoint_url", "KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL",
	  .kind = OPTION_TEXT, .at = AT(oauth_url), .may_be_empty = true,
	  .help = "who hands out the account's token, https://...; or its file, file:///..." },
	{ "kafka.sasl_oauthbearer_client_id", "KAFKA_SASL_OAUTHBEARER_CLIENT_ID",
	  .kind = OPTION_TEXT, .at = AT(oauth_client_id), .may_be_empty = true,
	  .help = "who asks there, by client credentials" },
	{ "kafka.sasl_oauthbearer_client_secret", "KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET",
	  .kind = OPTION_TEXT, .at = AT(oauth_client_secret),
	  SECRET("KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET"), .help = "its secret" },
	{ "kafka.sasl_oauthbearer_scope", "KAFKA_SASL_OAUTHBEARER_SCOPE", .kind = OPTION_TEXT,
	  .at = AT(oauth_scope), .may_be_empty = true, .help = "for what the token is to be" },
	{ "kafka.sasl_oauthbearer_extensions", "KAFKA_SASL_OAUTHBEARER_EXTENSIONS",
	  .kind = OPTION_TEXT, .at = AT(oauth_extensions), .may_be_empty = true,
	  .help = "what brokers are told with it, key=value with commas" },
	{ "kafka.https_ca_location", "KAFKA_HTTPS_CA_LOCATION", .kind = OPTION_TEXT,
	  .at = AT(https_ca), .may_be_empty = true, .standard_help = "those of the system",
	  .help = "file of the authorities that sign the token endpoint's certificate, PEM" },
	{ "kafka.ssl_ca_location", "KAFKA_SSL_CA_LOCATION", .kind = OPTION_TEXT,
	  .at = AT(kafka_ssl_ca), .may_be_empty = true, .reloads = true,
	  .standard_help = "those of the system",
	  .help = "file or folder of the authorities that sign the brokers' certificates, PEM" },
	{ "kafka.ssl_certificate_location", "KAFKA_SSL_CERTIFICATE_LOCATION", .kind = OPTION_TEXT,
	  .at = AT(kafka_ssl_certificate), .may_be_empty = true, .reloads = true,
	  .help = "file of the gateway's certificate for the brokers and its chain, PEM" },
	{ "kafka.ssl_key_location", "KAFKA_SSL_KEY_LOCATION", .kind = OPTION_TEXT,
	  .at = AT(kafka_ssl_key), .may_be_empty = true, .reloads = true,
	  .standard_help = "the certificate's file", .help = "file of its key, PEM" },
	{ "kafka.ssl_key_password", "KAFKA_SSL_KEY_PASSWORD", .kind = OPTION_TEXT,
	  .at = AT(kafka_ssl_key_password), SECRET("KAFKA_SSL_KEY_PASSWORD"), .reloads = true,
	  .help = "password of that key" },
	{ "kafka.ssl_endpoint_identification_algorithm",
	  "KAFKA_SSL_ENDPOINT_IDENTIFICATION_ALGORITHM", .kind = OPTION_WORD,
	  .at = AT(kafka_ssl_host_check), .words = "https|none", .standard = "https",
	  .reloads = true,
	  .help = "https: a broker's certificate must be for the host that the cluster tells" },

	{ "gateway.bind_host", "GATEWAY_BIND_HOST", .kind = OPTION_TEXT,
	  .at = AT(listener.bind_host), .standard = "0.0.0.0", .help = "address to listen on" },
	{ "gateway.port_start", "GATEWAY_PORT_START", .kind = OPTION_NUMBER,
	  .at = AT(listener.port_start), PORTS, .standard = "6969",
	  .help = "first port for clients" },
	{ "gateway.port_count", "GATEWAY_PORT_COUNT", .kind = OPTION_NUMBER,
	  .at = AT(listener.port_count), .max = 65535, .standard = "0",
	  .help = "how many ports; 0: ask the cluster, broker ids and two more" },
	{ "gateway.min_broker_id", "GATEWAY_MIN_BROKERID", .kind = OPTION_NUMBER,
	  .at = AT(listener.min_broker_id), .max = INT_MAX, .standard = "0",
	  .help = "broker id at the first port" },
	{ "gateway.advertised_host", "GATEWAY_ADVERTISED_HOST", "gateway.advertised_listener",
	  "GATEWAY_ADVERTISED_LISTENER", .kind = OPTION_LISTENER,
	  .at = AT(listener.advertised_host), .at_also = AT(listener.advertised_port),
	  .standard_help = "host name", .help = "what clients are told, host or host:first-port" },
	{ "gateway.advertised_mode", "GATEWAY_ADVERTISED_MODE", "gateway.routing_mechanism",
	  "GATEWAY_ROUTING_MECHANISM", .kind = OPTION_WORD, .at = AT(listener.advertised_mode),
	  .words = "ports|single|host", .standard = "ports", .help = "how brokers are told apart" },
	{ "gateway.advertised_host_pattern", "GATEWAY_ADVERTISED_HOST_PATTERN", .kind = OPTION_TEXT,
	  .at = AT(listener.advertised_pattern), .may_be_empty = true,
	  .help = "brokers' names in mode host, with {id} for a broker's: b{id}.kafka.example.com" },
	{ "gateway.listeners", "GATEWAY_LISTENER_<NAME>_*", .kind = OPTION_LISTENERS,
	  .at = AT(named), .at_also = AT(named_count),
	  .help = "several listeners, each with a name, ports and what else is its own, in place of one" },
	{ "gateway.internal_load_balancing", "GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING",
	  .kind = OPTION_FLAG, .at = AT(listener.internal_load_balancing), .standard = "true",
	  .help = "true: clients are told the nodes; false: a load balancer is in front" },
	{ "gateway.proxy_protocol", "GATEWAY_PROXY_PROTOCOL", .kind = OPTION_WORD,
	  .at = AT(listener.proxy_protocol), .words = "off|allow|require", .standard = "off",
	  .help = "PROXY headers of the load balancer, v1 and v2" },
	{ "gateway.proxy_trusted", "GATEWAY_PROXY_TRUSTED", .kind = OPTION_NETWORKS,
	  .at = AT(proxy_trusted), .at_also = AT(proxy_trusted_count),
	  .standard = "127.0.0.0/8,::1", .reloads = true,
	  .help = "networks whose PROXY headers are believed" },
	{ "gateway.proxy_identity", "GATEWAY_PROXY_IDENTITY", .kind = OPTION_FLAG,
	  .at = AT(listener.proxy_identity), .standard = "false", .reloads = true,
	  .help = "true: a client is whom its certificate is for, as those headers say, and nobody else" },
	{ "gateway.port_is_hint", "GATEWAY_PORT_IS_HINT", .kind = OPTION_FLAG,
	  .at = AT(listener.port_is_hint), .standard = "false",
	  .help = "the load balancer keeps the port that the client asked for: it says which broker is meant" },
	{ "gateway.cluster_id", "GATEWAY_CLUSTER_ID", .kind = OPTION_TEXT, .at = AT(cluster_id),
	  .may_be_empty = true, .standard = "gateway",
	  .help = "nodes with the same id form a cluster; off: this node alone" },
	{ "gateway.group_id", "GATEWAY_GROUP_ID", .kind = OPTION_TEXT, .at = AT(group_id),
	  .may_be_empty = true, .standard_help = "anyport_ and the cluster id",
	  .help = "consumer group of that cluster" },
	{ "gateway.cluster_secret", "GATEWAY_CLUSTER_SECRET", .kind = OPTION_TEXT,
	  .at = AT(cluster_secret), SECRET("GATEWAY_CLUSTER_SECRET"),
	  .help = "by which nodes know each other's word, the same at all; without one: whoever "
		  "reaches the brokers" },
	{ "gateway.node_id", "GATEWAY_NODE_ID", .kind = OPTION_TEXT, .at = AT(node_id),
	  .standard_help = "its own host and first port",
	  .help = "name of this node among them, the same after a restart" },
	{ "gateway.rack_id", "GATEWAY_RACK_ID", .kind = OPTION_TEXT, .at = AT(rack_id),
	  .may_be_empty = true, .help = "rack of this node, as broker.rack" },
	{ "gateway.follower_reads", "GATEWAY_FOLLOWER_READS", .kind = OPTION_FLAG,
	  .at = AT(follower_reads), .standard = "true", .reloads = true,
	  .help = "clients whose zone is known read from in-sync followers there" },
	{ "gateway.zones", "GATEWAY_ZONES", .kind = OPTION_ZONES, .at = AT(zones),
	  .at_also = AT(zone_count), .reloads = true,
	  .help = "zones of clients that do not say theirs, by the networks that they come from" },
	{ "gateway.zone", "GATEWAY_ZONE", .kind = OPTION_TEXT, .at = AT(listener.zone),
	  .may_be_empty = true,
	  .help = "zone of clients that do not say theirs and are in none of those networks" },
	{ "gateway.mapping", "GATEWAY_MAPPING", .kind = OPTION_WORD, .at = AT(mapping),
	  .words = "random|stable", .standard = "random",
	  .help = "how the answer to a bootstrap connection names nodes, under internal balancing" },
	{ "gateway.security_protocol", "GATEWAY_SECURITY_PROTOCOL", .kind = OPTION_WORD,
	  .at = AT(listener.protocol), .words = PROTOCOLS, .standard = "PLAINTEXT",
	  .help = "how clients talk to the gateway" },
	{ "gateway.ssl_certificate_location", "GATEWAY_SSL_CERTIFICATE_LOCATION",
	  .kind = OPTION_TEXT, .at = AT(listener.ssl_certificate), .may_be_empty = true,
	  .reloads = true,
	  .help = "file of the node's certificate for clients and its chain, PEM" },
	{ "gateway.ssl_key_location", "GATEWAY_SSL_KEY_LOCATION", .kind = OPTION_TEXT,
	  .at = AT(listener.ssl_key), .may_be_empty = true, .reloads = true,
	  .standard_help = "the certificate's file", .help = "file of its key, PEM" },
	{ "gateway.ssl_key_password", "GATEWAY_SSL_KEY_PASSWORD", .kind = OPTION_TEXT,
	  .at = AT(listener.ssl_key_password), SECRET("GATEWAY_SSL_KEY_PASSWORD"), .reloads = true,
	  .help = "password of that key" },
	{ "gateway.ssl_ca_location", "GATEWAY_SSL_CA_LOCATION", .kind = OPTION_TEXT,
	  .at = AT(listener.ssl_ca), .may_be_empty = true, .reloads = true,
	  .help = "file or folder of the authorities that sign clients' certificates, PEM" },
	{ "gateway.ssl_client_auth", "GATEWAY_SSL_CLIENT_AUTH", .kind = OPTION_WORD,
	  .at = AT(listener.ssl_client_auth), .words = HAPROXY_CLIENT_AUTH_WORDS,
	  .standard = "none", .reloads = true,
	  .help = "whether clients show a certificate, as ssl.client.auth" },
	{ "gateway.ssl_min_version", "GATEWAY_SSL_MIN_VERSION", .kind = OPTION_WORD,
	  .at = AT(listener.ssl_min_version), .words = HAPROXY_TLS_VERSION_WORDS,
	  .standard = "TLSv1.2", .reloads = true,
	  .help = "oldest TLS that is spoken with clients" },
	{ "gateway.ssl_ciphers", "GATEWAY_SSL_CIPHERS", .kind = OPTION_TEXT,
	  .at = AT(listener.ssl_ciphers), .may_be_empty = true, .reloads = true,
	  .standard_help = "OpenSSL's",
	  .help = "ciphers with clients, by Kafka's names or OpenSSL's, with commas or colons" },
	{ "gateway.ssl_principal_mapping_rules", "GATEWAY_SSL_PRINCIPAL_MAPPING_RULES",
	  .kind = OPTION_TEXT, .at = AT(listener.ssl_principal_rules), .may_be_empty = true,
	  .reloads = true, .standard_help = "DEFAULT",
	  .help = "whom a client's certificate is for, as ssl.principal.mapping.rules" },
	{ "gateway.security_mode", "GATEWAY_SECURITY_MODE", .kind = OPTION_WORD,
	  .at = AT(security_mode), .words = "KAFKA_MANAGED|GATEWAY_MANAGED",
	  .standard = "KAFKA_MANAGED",
	  .help = "who judges what clients with SASL say of themselves: the brokers, or the gateway by its own users" },
	{ "gateway.users", "GATEWAY_USERS", .kind = OPTION_TEXT, .at = AT(users),
	  .may_be_empty = true,
	  .help = "file of those users, that anyportctl user writes; for GATEWAY_MANAGED" },
	{ "gateway.sasl_enabled_mechanisms", "GATEWAY_SASL_ENABLED_MECHANISMS", .kind = OPTION_TEXT,
	  .at = AT(sasl_enabled), .standard = "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
	  .help = "how they may log in, with commas; for GATEWAY_MANAGED" },
	{ "gateway.connections_max_reauth", "GATEWAY_CONNECTIONS_MAX_REAUTH", .kind = OPTION_TIME,
	  .at = AT(max_reauth_ms), .max = TIME_MAX, .standard = "0 s", .reloads = true,
	  .help = "how long such a login lasts, as connections.max.reauth.ms; 0: as long as its connection" },
	{ "gateway.clients_act_as_gateway", "GATEWAY_CLIENTS_ACT_AS_GATEWAY", .kind = OPTION_FLAG,
	  .at = AT(clients_act_as_gateway), .standard = "false",
	  .help = "true: to the brokers every client is the gateway's own account, with all its rights" },
	{ "gateway.identity_map", "GATEWAY_IDENTITY_MAP", .kind = OPTION_TEXT,
	  .at = AT(identity_map), .may_be_empty = true,
	  .help = "file of whom clients are at the brokers, by certificate or by a login here: accounts by principals" },
	{ "gateway.http_host", "GATEWAY_HTTP_HOST", .kind = OPTION_TEXT, .at = AT(http_host),
	  .standard = "0.0.0.0", .help = "address of the HTTP API" },
	{ "gateway.http_port", "GATEWAY_HTTP_PORT", .kind = OPTION_NUMBER, .at = AT(http_port),
	  PORTS, .standard = "8888", .help = "port of the HTTP API" },
	{ "gateway.http_token", "GATEWAY_HTTP_TOKEN", .kind = OPTION_TEXT, .at = AT(http_token),
	  SECRET("GATEWAY_HTTP_TOKEN"),
	  .help = "what POST and DELETE must bring; without one only a loopback address takes them" },
	{ "gateway.http_read_token", "GATEWAY_HTTP_READ_TOKEN", .kind = OPTION_TEXT,
	  .at = AT(http_read_token), SECRET("GATEWAY_HTTP_READ_TOKEN"),
	  .help = "what GET below /v1/ must bring, this or http_token; without one everybody reads" },
	{ "gateway.metrics_token", "GATEWAY_METRICS_TOKEN", .kind = OPTION_TEXT,
	  .at = AT(metrics_token), SECRET("GATEWAY_METRICS_TOKEN"),
	  .help = "what GET /metrics and /health must bring, this or another token of the node; probes never" },
	{ "gateway.secured_metrics", "GATEWAY_SECURED_METRICS", .kind = OPTION_FLAG,
	  .at = AT(secured_metrics), .standard = "false",
	  .help = "true: /metrics and /health want a token of the node, whichever there is; metrics_token says so too" },
	{ "gateway.metrics_top", "GATEWAY_METRICS_TOP", .kind = OPTION_NUMBER,
	  .at = AT(metrics_top), .max = 1000, .standard = "0",
	  .help = "so many clients, topics, groups and principals, those with the most bytes, are in /metrics by name" },
	{ "gateway.http_names", "GATEWAY_HTTP_NAMES", .kind = OPTION_TEXT, .at = AT(http_names),
	  .may_be_empty = true,
	  .help = "names of the HTTP API besides its addresses and the node's own ones, with commas" },
	{ "gateway.http_ssl_certificate_location", "GATEWAY_HTTP_SSL_CERTIFICATE_LOCATION",
	  .kind = OPTION_TEXT, .at = AT(http_ssl_certificate), .may_be_empty = true,
	  .help = "file of the HTTP API's certificate and its chain, PEM; with it the API is by TLS alone" },
	{ "gateway.http_ssl_key_location", "GATEWAY_HTTP_SSL_KEY_LOCATION", .kind = OPTION_TEXT,
	  .at = AT(http_ssl_key), .may_be_empty = true, .standard_help = "the certificate's file",
	  .help = "file of its key, PEM" },
	{ "gateway.http_ssl_key_password", "GATEWAY_HTTP_SSL_KEY_PASSWORD", .kind = OPTION_TEXT,
	  .at = AT(http_ssl_key_password), SECRET("GATEWAY_HTTP_SSL_KEY_PASSWORD"), .reloads = true,
	  .help = "password of that key" },
	{ "gateway.http_ssl_ca_location", "GATEWAY_HTTP_SSL_CA_LOCATION", .kind = OPTION_TEXT,
	  .at = AT(http_ssl_ca), .may_be_empty = true, .standard_help = "those of the system",
	  .help = "file or folder of the authorities that sign the nodes' HTTP certificates, for who asks a node, PEM" },
	{ "gateway.agent_port", "GATEWAY_AGENT_PORT", .kind = OPTION_NUMBER, .at = AT(agent_port),
	  .max = 65535, .standard = "0",
	  .help = "port of HAProxy's agent-check, on the HTTP API's address; 0: off" },
	{ "gateway.workers", "GATEWAY_DOWNSTREAM_THREAD", .kind = OPTION_NUMBER, .at = AT(workers),
	  .min = 1, .max = 1024, .standard_help = "cores", .help = "worker threads" },
	{ "gateway.log_level", "GATEWAY_LOG_LEVEL", .kind = OPTION_NAME, .at = AT(log_level),
	  .words = "debug|info|warn|error", .standard = "info", .reloads = true,
	  .help = "least level that is logged" },
	{ "gateway.log_target", "GATEWAY_LOG_TARGET", .kind = OPTION_WORD, .at = AT(log_target),
	  .words = "stderr|syslog", .standard = "stderr",
	  .help = "where the log goes; under systemd stderr is the journal" },
	{ "gateway.log_format", "GATEWAY_LOG_FORMAT", "gateway.log4j2_appender_layout",
	  "LOG4J2_APPENDER_LAYOUT", .kind = OPTION_WORD, .at = AT(log_format), .words = "text|json",
	  .standard = "text", .help = "text: a line is key=value (logfmt); json: it is an object" },
	{ "gateway.audit_log", "GATEWAY_AUDIT_LOG", .kind = OPTION_FLAG, .at = AT(audit_log),
	  .standard = "false",
	  .help = "true: each administrative request is a line of the log: who, from where, what, and the answer" },

	{ "gateway.limits.connections", "GATEWAY_MAX_CONNECTIONS", .kind = OPTION_NUMBER,
	  .at = AT(max_connections), .min = 1, .max = INT_MAX, .standard = "10000", .reloads = true,
	  .help = "clients at a time; where it is not given, fewer if the descriptors allow no more" },
	{ "gateway.limits.connections_per_address", "GATEWAY_MAX_CONNECTIONS_PER_ADDRESS",
	  .kind = OPTION_NUMBER, .at = AT(max_connections_per_address), .max = INT_MAX,
	  .standard = "0", .reloads = true,
	  .help = "clients at a time from one address; 0: no limit" },
	{ "gateway.limits.frame", "GATEWAY_MAX_FRAME", .kind = OPTION_SIZE,
	  .at = AT(max_frame_bytes), .min = 1024, .max = INT_MAX, .standard = "100 MiB",
	  .reloads = true, .help = "longest request, as socket.request.max.bytes" },
	{ "gateway.limits.memory", "GATEWAY_MEMORY_BUDGET", .kind = OPTION_SIZE,
	  .at = AT(memory_budget_bytes), .min = 1024 * 1024, .max = (int64_t)1 << 50,
	  .standard = "512 MiB", .reloads = true,
	  .help = "for what must be held: splits, merges, rewrites; at least twice the longest request" },
	{ "gateway.limits.memory_per_address", "GATEWAY_MEMORY_PER_ADDRESS", .kind = OPTION_NUMBER,
	  .at = AT(memory_per_address), .min = 1, .max = 100, .standard = "50", .reloads = true,
	  .help = "percent of that memory that one address may hold; 100: all of it" },
	{ "gateway.limits.fetch_sessions", "GATEWAY_FETCH_SESSIONS", .kind = OPTION_NUMBER,
	  .at = AT(fetch_session_slots), .max = INT_MAX, .standard = "10000", .reloads = true,
	  .help = "fetch sessions over several brokers at a time, as "
		  "max.incremental.fetch.session.cache.slots; 0: none" },

	{ "gateway.limits.usage_names", "GATEWAY_USAGE_NAMES", .kind = OPTION_NUMBER,
	  .at = AT(usage_names), .max = 10000, .standard = "500",
	  .help = "clients, topics, groups and principals that each worker counts by name, in a 64th of that memory at most; 0: none" },

	{ "gateway.timeouts.connect", "GATEWAY_CONNECT_TIMEOUT", .kind = OPTION_TIME,
	  .at = AT(connect_timeout_ms), .min = 1, .max = TIME_MAX, .standard = "5 s",
	  .reloads = true, .help = "to a broker" },
	{ "gateway.timeouts.login", "GATEWAY_LOGIN_TIMEOUT", .kind = OPTION_TIME,
	  .at = AT(login_timeout_ms), .min = 1, .max = TIME_MAX, .standard = "30 s",
	  .reloads = true, .help = "from a connection's first moment until its client is known" },
	{ "gateway.timeouts.head", "GATEWAY_HEAD_TIMEOUT", .kind = OPTION_TIME,
	  .at = AT(head_timeout_ms), .min = 1, .max = TIME_MAX, .standard = "10 s", .reloads = true,
	  .help = "from a request's first byte to the end of its head" },
	{ "gateway.timeouts.body", "GATEWAY_BODY_TIMEOUT", .kind = OPTION_TIME,
	  .at = AT(body_timeout_ms), .min = 1, .max = TIME_MAX, .standard = "30 s", .reloads = true,
	  .help = "from there to its last byte, added to by what arrives" },
	{ "gateway.timeouts.idle", "GATEWAY_IDLE_TIMEOUT", .kind = OPTION_TIME,
	  .at = AT(idle_timeout_ms), .min = SECOND, .max = TIME_MAX, .standard = "11 min",
	  .reloads = true, .help = "a client with nothing in flight is closed" },
	{ "gateway.timeouts.request", "GATEWAY_REQUEST_TIMEOUT", .kind = OPTION_TIME,
	  .at = AT(request_timeout_ms), .min = 1, .max = TIME_MAX, .standard = "30 s",
	  .reloads = true, .help = "for requests that carry no time of their own" },
	{ "gateway.timeouts.drain", "GATEWAY_DRAIN_TIMEOUT", .kind = OPTION_TIME,
	  .at = AT(drain_timeout_ms), .min = 1, .max = TIME_MAX, .standard = "30 s",
	  .reloads = true, .help = "from SIGTERM to the end, at most" },
	{ "gateway.timeouts.session", "GATEWAY_SESSION_TIMEOUT", .kind = OPTION_TIME,
	  .at = AT(session_timeout_ms), .min = SECOND, .max = TIME_MAX, .standard = "10 s",
	  .help = "a node that is silent for so long is gone; 6 s or more for Kafka" },
	{ "gateway.timeouts.heartbeat", "GATEWAY_HEARTBEAT_INTERVAL", .kind = OPTION_TIME,
	  .at = AT(heartbeat_interval_ms), .min = 100, .max = TIME_MAX, .standard = "1 s",
	  .help = "how often a node says that it is there" },
	{ "gateway.timeouts.metadata_refresh", "GATEWAY_METADATA_REFRESH", .kind = OPTION_TIME,
	  .at = AT(metadata_refresh_ms), .min = 1, .max = TIME_MAX, .standard = "30 s",
	  .reloads = true, .help = "how old what is known of the cluster may get" },

	{ "gateway.balance.enabled", "GATEWAY_BALANCE", .kind = OPTION_FLAG,
	  .at = AT(balance_enabled), .standard = "true", .reloads = true,
	  .help = "a node with more than its share of connections closes some, between requests" },
	{ "gateway.balance.tolerance_percent", "GATEWAY_BALANCE_TOLERANCE", .kind = OPTION_NUMBER,
	  .at = AT(balance_tolerance), .min = 1, .max = 1000, .standard = "10", .reloads = true,
	  .help = "how far above the mean of the nodes is too many" },
	{ "gateway.balance.close_per_second", "GATEWAY_BALANCE_RATE", .kind = OPTION_NUMBER,
	  .at = AT(balance_per_second), .min = 1, .max = 1000, .standard = "5", .reloads = true,
	  .help = "how many of them it closes a second, at most" },
	{ "gateway.balance.max_connection_age", "GATEWAY_MAX_CONNECTION_AGE", .kind = OPTION_TIME,
	  .at = AT(max_connection_age_ms), .max = TIME_MAX, .standard = "0 s", .reloads = true,
	  .help = "older ones are closed between requests, a tenth sooner or later; 0: never" },

	{ "haproxy.listen", "HAPROXY_LISTEN", .kind = OPTION_RANGE, .at = AT(haproxy_listen_host),
	  .at_also = AT(haproxy_listen_port), .standard = "0.0.0.0",
	  .standard_help = "0.0.0.0 and the advertised ports", .reloads = true,
	  .help = "where HAProxy listens for clients, host or host:first-last" },
	{ "haproxy.fronts", "HAPROXY_FRONTS", OF_HAPROXY(FRONTS, fronts),
	  .at_also = AT(haproxy.front_count), .standard = "",
	  .help = "of named listeners: where HAProxy is for each, name=host:first-port with commas" },
	{ "haproxy.nodes", "HAPROXY_NODES", .kind = OPTION_NODES, .at = AT(nodes),
	  .at_also = AT(node_count), .standard = "", .reloads = true,
	  .help = "the nodes behind it, name=host:http-port@rack with commas" },
	{ "haproxy.discover", "HAPROXY_DISCOVER", OF_HAPROXY(TEXT, discover), .may_be_empty = true,
	  .help = "DNS name that has the nodes' addresses, in place of haproxy.nodes" },
	{ "haproxy.discover_slots", "HAPROXY_DISCOVER_SLOTS", OF_HAPROXY(NUMBER, discover_slots),
	  .min = 1, .max = 1000, .standard = "10", .help = "nodes there may be under that name" },
	{ "haproxy.dns_servers", "HAPROXY_DNS_SERVERS", OF_HAPROXY(SERVERS, dns_servers),
	  .may_be_empty = true, .standard_help = "those of /etc/resolv.conf",
	  .help = "whom HAProxy asks for it, host:port with commas" },
	{ "haproxy.rack", "HAPROXY_RACK", OF_HAPROXY(TEXT, rack), .may_be_empty = true,
	  .help = "rack HAProxy is in; nodes of others are its backup" },
	{ "haproxy.balance", "HAPROXY_BALANCE", OF_HAPROXY(WORD, balance),
	  .words = HAPROXY_BALANCE_WORDS, .standard = "leastconn",
	  .help = "which node a new client gets; hash: by its stickiness, without a table" },
	{ "haproxy.stickiness", "HAPROXY_STICKINESS", OF_HAPROXY(WORD, stickiness),
	  .words = HAPROXY_STICKINESS_WORDS, .standard = "none",
	  .help = "what keeps connections on one node" },
	{ "haproxy.hash_balance_factor", "HAPROXY_HASH_BALANCE_FACTOR",
	  OF_HAPROXY(NUMBER, hash_balance_factor), .max = 65535, .standard = "0",
	  .help = "most that a hash gives a node, in percent of the mean; 0: no limit" },
	{ "haproxy.table_size", "HAPROXY_TABLE_SIZE", OF_HAPROXY(NUMBER, table_size), .min = 100,
	  .max = 100000000, .standard = "102400", .help = "entries of the stick table" },
	{ "haproxy.table_expire", "HAPROXY_TABLE_EXPIRE", OF_HAPROXY(TIME, table_expire_ms),
	  .min = SECOND, .max = TIME_MAX, .standard = "24 h",
	  .help = "how long an entry outlives the last connection that begins by it" },
	{ "haproxy.peers", "HAPROXY_PEERS", OF_HAPROXY(PEERS, peers),
	  .at_also = AT(haproxy.peer_count), .standard = "",
	  .help = "HAProxies that share the stick table, name=host:port with commas" },
	{ "haproxy.local_peer", "HAPROXY_LOCAL_PEER", OF_HAPROXY(TEXT, local_peer),
	  .may_be_empty = true, .help = "which of the peers this HAProxy is" },
	{ "haproxy.tls", "HAPROXY_TLS", OF_HAPROXY(WORD, tls), .words = HAPROXY_TLS_WORDS,
	  .standard = "none", .help = "what HAProxy does with TLS of clients" },
	{ "haproxy.tls_certificate", "HAPROXY_TLS_CERTIFICATE", OF_HAPROXY(TEXT, tls_certificate),
	  .may_be_empty = true, .help = "file of HAProxy's certificate and key for clients" },
	{ "haproxy.tls_min_version", "HAPROXY_TLS_MIN_VERSION", OF_HAPROXY(WORD, tls_min_version),
	  .words = HAPROXY_TLS_VERSION_WORDS, .standard = "TLSv1.2",
	  .help = "oldest TLS it speaks" },
	{ "haproxy.tls_client_auth", "HAPROXY_TLS_CLIENT_AUTH", OF_HAPROXY(WORD, tls_client_auth),
	  .words = HAPROXY_CLIENT_AUTH_WORDS, .standard = "none",
	  .help = "whether clients show a certificate, as ssl.client.auth" },
	{ "haproxy.tls_client_ca", "HAPROXY_TLS_CLIENT_CA", OF_HAPROXY(TEXT, tls_client_ca),
	  .may_be_empty = true, .help = "file of the authorities that sign clients' certificates" },
	{ "haproxy.node_tls_ca", "HAPROXY_NODE_TLS_CA", OF_HAPROXY(TEXT, node_tls_ca),
	  .may_be_empty = true,
	  .help = "file of the authorities that sign the nodes' certificates" },
	{ "haproxy.node_tls_name", "HAPROXY_NODE_TLS_NAME", OF_HAPROXY(TEXT, node_tls_name),
	  .may_be_empty = true, .help = "name that the nodes' certificates must have" },
	{ "haproxy.node_tls_certificate", "HAPROXY_NODE_TLS_CERTIFICATE",
	  OF_HAPROXY(TEXT, node_tls_certificate), .may_be_empty = true,
	  .help = "file of HAProxy's certificate and key for the nodes" },
	{ "haproxy.node_tls_verify", "HAPROXY_NODE_TLS_VERIFY", OF_HAPROXY(FLAG, node_tls_verify),
	  .standard = "true", .help = "whether the nodes' certificates are looked at" },
	{ "haproxy.sni_routes", "HAPROXY_SNI_ROUTES", OF_HAPROXY(ROUTES, sni_routes),
	  .at_also = AT(haproxy.sni_route_count), .standard = "",
	  .help = "server names and the nodes' port of each, name=port with commas" },
	{ "haproxy.proxy_header", "HAPROXY_PROXY_HEADER", OF_HAPROXY(WORD, proxy_header),
	  .words = HAPROXY_PROXY_HEADER_WORDS, .standard = "auto",
	  .help = "PROXY header to the nodes; auto: as gateway.proxy_protocol wants it" },
	{ "haproxy.accept_proxy", "HAPROXY_ACCEPT_PROXY", OF_HAPROXY(NETWORKS, accept_proxy),
	  .at_also = AT(haproxy.accept_proxy_count), .standard = "",
	  .help = "networks that put a PROXY header before what clients send" },
	{ "haproxy.agent_port", "HAPROXY_AGENT_PORT", OF_HAPROXY(NUMBER, agent_port), .max = 65535,
	  .standard = "0", .standard_help = "gateway.agent_port",
	  .help = "where nodes tell HAProxy how loaded they are" },
	{ "haproxy.slowstart", "HAPROXY_SLOWSTART", OF_HAPROXY(TIME, slowstart_ms), .max = TIME_MAX,
	  .standard = "30 s", .help = "a node that comes back has its whole share after it" },
	{ "haproxy.on_marked_down", "HAPROXY_ON_MARKED_DOWN", OF_HAPROXY(WORD, on_marked_down),
	  .words = HAPROXY_MARKED_DOWN_WORDS, .standard = "keep",
	  .help = "connections of a node whose checks fail" },
	{ "haproxy.limit_source", "HAPROXY_LIMIT_SOURCE", OF_HAPROXY(NUMBER, limit_source),
	  .max = INT_MAX, .standard = "0", .help = "connections of one address; 0: no limit" },
	{ "haproxy.limit_source_rate", "HAPROXY_LIMIT_SOURCE_RATE",
	  OF_HAPROXY(NUMBER, limit_source_rate), .max = INT_MAX, .standard = "0",
	  .help = "new ones of it in 10 s; 0: no limit" },
	{ "haproxy.limit_client_id", "HAPROXY_LIMIT_CLIENT_ID", OF_HAPROXY(NUMBER, limit_client_id),
	  .max = INT_MAX, .standard = "0", .help = "connections of one client.id; 0: no limit" },
	{ "haproxy.limit_client_id_rate", "HAPROXY_LIMIT_CLIENT_ID_RATE",
	  OF_HAPROXY(NUMBER, limit_client_id_rate), .max = INT_MAX, .standard = "0",
	  .help = "new ones of it in 10 s; 0: no limit" },
	{ "haproxy.client_max_idle", "HAPROXY_CLIENT_MAX_IDLE",
	  OF_HAPROXY(TIME, client_max_idle_ms), .max = TIME_MAX, .standard = "9 min",
	  .help = "clients' connections.max.idle.ms" },
	{ "haproxy.client_session_timeout", "HAPROXY_CLIENT_SESSION_TIMEOUT",
	  OF_HAPROXY(TIME, client_session_timeout_ms), .max = TIME_MAX, .standard = "45 s",
	  .help = "clients' session.timeout.ms" },
	{ "haproxy.client_request_timeout", "HAPROXY_CLIENT_REQUEST_TIMEOUT",
	  OF_HAPROXY(TIME, client_request_timeout_ms), .max = TIME_MAX, .standard = "30 s",
	  .help = "clients' request.timeout.ms" },
	{ "haproxy.client_max_poll_interval", "HAPROXY_CLIENT_MAX_POLL_INTERVAL",
	  OF_HAPROXY(TIME, client_max_poll_interval_ms), .max = TIME_MAX, .standard = "5 min",
	  .help = "clients' max.poll.interval.ms" },
	{ "haproxy.client_fetch_max_wait", "HAPROXY_CLIENT_FETCH_MAX_WAIT",
	  OF_HAPROXY(TIME, client_fetch_max_wait_ms), .max = TIME_MAX, .standard = "500 ms",
	  .help = "clients' fetch.max.wait.ms" },
	{ "haproxy.maxconn", "HAPROXY_MAXCONN", OF_HAPROXY(NUMBER, maxconn), .max = 10000000,
	  .standard = "0", .standard_help = "what the nodes take", .help = "clients at a time" },
	{ "haproxy.fd_limit", "HAPROXY_FD_LIMIT", OF_HAPROXY(NUMBER, fd_limit), .min = 1,
	  .max = 10000000, .standard = "16384",
	  .help = "descriptors HAProxy may open where it runs, ulimit -n" },
	{ "haproxy.source_ports", "HAPROXY_SOURCE_PORTS", OF_HAPROXY(NUMBER, source_ports),
	  .min = 1, .max = 65535, .standard = "28232",
	  .help = "ports in net.ipv4.ip_local_port_range there" },
	{ "haproxy.splice", "HAPROXY_SPLICE", OF_HAPROXY(FLAG, splice), .standard = "true",
	  .help = "whether the kernel moves the bytes" },
	{ "haproxy.hard_stop_after", "HAPROXY_HARD_STOP_AFTER",
	  OF_HAPROXY(TIME, hard_stop_after_ms), .min = SECOND, .max = TIME_MAX,
	  .standard = "30 min", .help = "how long a reload leaves the old process alive" },
	{ "haproxy.user", "HAPROXY_USER", OF_HAPROXY(TEXT, user), .may_be_empty = true,
	  .help = "whom HAProxy becomes when root starts it, name or name:group" },
	{ "haproxy.stats_socket", "HAPROXY_STATS_SOCKET", OF_HAPROXY(TEXT, stats_socket),
	  .may_be_empty = true,
	  .help = "path of the socket on which HAProxy is asked and told things" },
	{ "haproxy.stats_page", "HAPROXY_STATS_PAGE", OF_HAPROXY(TEXT, stats_page),
	  .may_be_empty = true,
	  .help = "host:port of a page for a browser, on a loopback address" },
	{ "haproxy.metrics", "HAPROXY_METRICS", OF_HAPROXY(TEXT, metrics), .may_be_empty = true,
	  .help = "host:port of /metrics for Prometheus" },
	{ "haproxy.log_format", "HAPROXY_LOG_FORMAT", OF_HAPROXY(WORD, log_format),
	  .words = HAPROXY_LOG_FORMAT_WORDS, .standard = "text",
	  .help = "how a log line is written" },
	{ "haproxy.log_target", "HAPROXY_LOG_TARGET", OF_HAPROXY(TEXT, log_target),
	  .standard = "stdout", .help = "where HAProxy logs: stdout, /dev/log or host:port" },
};
const size_t config_option_count = ARRAY_LEN(config_options);

static bool is_name(const char *name, const char *first, const char *second)
{
	return strcmp(name, first) == 0 || (second != NULL && strcmp(name, second) == 0);
}

const struct config_option *option_by_key(const char *key)
{
	for (size_t i = 0; i < config_option_count; i++) {
		if (is_name(key, config_options[i].key, config_options[i].key_also))
			return &config_options[i];
	}
	return NULL;
}

const struct config_option *option_by_env(const char *env)
{
	for (size_t i = 0; i < config_option_count; i++) {
		if (is_name(env, config_options[i].env, config_options[i].env_also))
			return &config_options[i];
	}
	return NULL;
}

bool option_has_env(const char *env)
{
	for (size_t i = 0; i < config_option_count; i++) {
		const struct config_option *o = &config_options[i];

		if (is_name(env, o->env, o->env_also) ||
		    (o->env_file != NULL && strcmp(env, o->env_file) == 0))
			return true;
	}
	return false;
}

size_t option_index(const char *key)
{
	const struct config_option *option = option_by_key(key);

	assert(option != NULL);
	return (size_t)(option - config_options);
}

/* The best name so far: the nearer one, within a limit. */
static void nearer(const char *typed, const char *name, const char **best, unsigned *distance)
{
	unsigned d;

	if (name == NULL)
		return;
	d = text_distance(typed, name);
	if (d < *distance) {
		*distance = d;
		*best = name;
	}
}

const char *option_near_key(const char *key)
{
	const char *last = strrchr(key, '.');
	const char *best = NULL;
	unsigned distance = (unsigned)strlen(last != NULL ? last : key) / 3 + 2;

	for (size_t i = 0; i < config_option_count; i++) {
		nearer(key, config_options[i].key, &best, &distance);
		nearer(key, config_options[i].key_also, &best, &distance);
	}
	return best;
}

const char *option_near_env(const char *env)
{
	const char *best = NULL;
	unsigned distance = 3;

	for (size_t i = 0; i < config_option_count; i++) {
		nearer(env, config_options[i].env, &best, &distance);
		nearer(env, config_options[i].env_also, &best, &distance);
	}
	return best;
}

bool option_has_word(const char *words, const char *word, int *which)
{
	size_t n = strlen(word);

	for (*which = 0;; (*which)++) {
		size_t part = strcspn(words, "|");

		if (part == n && n > 0 && memcmp(words, word, n) == 0)
			return true;
		if (words[part] == '\0')
			return false;
		words += part + 1;
	}
}

#include "plans.h"

#define PEERS "peers=a=10.0.0.8:10000,b=10.0.0.9:10000 "
#define TERMINATE "tls=terminate tls_certificate=/c.pem "
#define IDENTITY \
	"gateway.proxy_identity=true gateway.proxy_protocol=require gateway.proxy_trusted=10.0.0.9/32 "
#define REENCRYPT "tls=reencrypt tls_certificate=/c.pem node_tls_ca=/n.pem node_tls_name=gw.lab "

/* What is set, how many refusals that is, and a part of what is said; NULL: nothing is. */
static const struct {
	const char *settings;
	size_t refused;
	const char *finding;
} rows[] = {
	/* fine */
	{ "", 0, NULL },
	{ "stats_page=[::1]:9097 metrics=0.0.0.0:9098", 0, NULL },
	{ "stats_page=127.0.0.1:8404 metrics=127.0.0.1:8404", 0, NULL },
	{ "gateway.limits.connections_per_address=7 gateway.proxy_protocol=require "
	  "gateway.proxy_trusted=0.0.0.0/0",
	  0, NULL },
	{ "stickiness=port gateway.port_count=2", 0, NULL },
	{ "stickiness=port gateway.port_count=1 nodes=a=10.0.0.1", 0, NULL },
	{ "stickiness=client-id " PEERS "local_peer=b", 0, NULL },
	{ "stickiness=client-id balance=hash hash_balance_factor=101", 0, NULL },
	{ "stickiness=source discover=gw.kafka.svc nodes=", 0, NULL },
	{ TERMINATE "stickiness=cert tls_client_auth=required tls_client_ca=/a.pem", 0, NULL },
	{ TERMINATE "stickiness=sni limit_client_id=20 limit_source=100", 0, NULL },
	{ "nodes=a=10.0.0.1@r1,b=10.0.0.2@r2 rack=r1", 0, NULL },
	{ "agent_port=0 gateway.agent_port=9999", 0, NULL },
	{ "gateway.port_start=6969 nodes=n1=127.0.0.2", 0, NULL },

	{ TERMINATE IDENTITY "tls_client_auth=required tls_client_ca=/a.pem", 0, NULL },

	/* who clients are */
	{ IDENTITY, 1, "--tls none, but gateway.proxy_identity is true" },
	{ TERMINATE IDENTITY, 1, "clients are asked for no certificate" },
	{ TERMINATE IDENTITY "tls_client_auth=requested tls_client_ca=/a.pem", 0,
	  "a client without a certificate is User:ANONYMOUS" },
	{ TERMINATE IDENTITY "tls_client_auth=required tls_client_ca=/a.pem proxy_header=off", 2,
	  "nothing tells the nodes who a client is" },

	/* the nodes */
	{ "nodes=", 1, "there is no node" },
	{ "nodes=n1=10.0.0.1:8888,n2=10.0.0.1:8889", 1, "nodes n1 and n2 have the same address" },
	{ "nodes=n1=0.0.0.0", 1, "node n1: host \"0.0.0.0\" stands for every" },
	{ "nodes=n1=10.0.0.1:9094", 1, "node n1: HTTP port 9094 is one of its Kafka ports" },
	{ "nodes=n1=node.example", 0, "node n1 is given by name" },
	{ "agent_port=8888", 2, "--agent-port 8888 is its HTTP port" },
	{ "agent_port=9093", 2, "--agent-port 9093 is one of its Kafka ports" },
	{ "agent_port=7000", 0, "gateway.agent_port is 0" },
	{ "rack=r1", 1, "no node says its rack" },
	{ "rack=r3 nodes=a=10.0.0.1@r1,b=10.0.0.2@r2", 1, "no node is in rack r3" },
	{ "rack=r1 nodes=a=10.0.0.1@r1,b=10.0.0.2", 0, "1 nodes do not say their rack" },
	{ "rack=r1 nodes=a=10.0.0.1@r1,b=10.0.0.2@r2 gateway.zone=r2", 0,
	  "for a client in zone r2" },
	{ "rack=r1 nodes=a=10.0.0.1@r1,b=10.0.0.2@r2 gateway.zone=r2 gateway.follower_reads=false",
	  0, NULL },
	{ "discover=gw.lab", 1, "say twice who the nodes are" },
	{ "discover=10.0.0.1 nodes=", 1, "is an address and not a name" },
	{ "discover=gw_$x nodes=", 1, "--discover \"gw_$x\"" },
	{ "discover=gw.lab nodes= rack=r1", 1, "--rack with --discover" },
	{ "discover=gw.lab nodes= balance=hash stickiness=source", 1,
	  "--balance hash with --discover" },
	{ "discover=gw.lab nodes= gateway.http_port=9093", 1, "every node: HTTP port 9093" },
	{ "dns_servers=10.0.0.53:53", 1, "--dns-server without --discover" },
	{ "discover=gw.lab nodes= dns_servers=ns.example:53", 1, "--dns-server ns.example:53" },

	/* ports */
	{ "listen=10.0.0.1", 1, "node n1 has HAProxy's own address" },
	{ "nodes=n1=127.0.0.2", 1, "node n1 is on this machine" },
	{ "gateway.port_count=0", 1, "gateway.port_count is 0" },
	{ "listen=0.0.0.0:65533", 1, "HAProxy's ports 65533-65537 go beyond" },
	{ "gateway.port_start=65533", 1, "lead to the nodes' ports 65533-65537" },
	{ "listen=0.0.0.0:9092-9097", 0, "lead to the nodes' ports 9092-9097, but" },
	{ "gateway.advertised_host=kafka.example:9095 listen=0.0.0.0:9092", 0,
	  "clients are told the ports 9095-9099, but HAProxy listens on 9092-9096" },
	{ "listen=0.0.0.0:9092-9095", 0,
	  "clients are told the ports 9092-9096, but HAProxy listens on 9092-9095" },
	{ "gateway.advertised_host=10.9.9.9:9092 listen=10.9.9.8", 0,
	  "clients are told the address 10.9.9.9" },
	{ "listen=127.0.0.1", 0, "clients are told the host kafka.example, but" },
	{ "gateway.internal_load_balancing=true", 0, "internal load balancing is on" },
	{ "gateway.port_is_hint=false", 0, "set port_is_hint to true" },
	{ "gateway.port_is_hint=false gateway.port_start=6969", 0, "set port_is_hint to true" },
	{ "gateway.port_is_hint=false gateway.advertised_mode=single", 0, NULL },
	{ "gateway.port_is_hint=false gateway.proxy_protocol=require "
	  "gateway.proxy_trusted=0.0.0.0/0",
	  0, NULL }, /* the header says it */
	{ "stats_page=0.0.0.0:80", 1, "the statistics page on 0.0.0.0" },
	{ "stats_page=[::1]:9093", 1, "the statistics page's port 9093" },
	{ "stats_page=127.0.0.1", 1, "--stats-page 127.0.0.1: it has one host and one port" },
	{ "metrics=127.0.0.1:80-81", 1, "--metrics 127.0.0.1:80-81" },
	{ "metrics=10.0.0.9:9093", 1, "the metrics page's port 9093" },
	{ "metrics=0.0.0.0:8404 stats_page=127.0.0.1:8404", 1, "overlap on port 8404" },

	/* PROXY headers */
	{ "gateway.limits.connections_per_address=7", 1, "connections_per_address is 7" },
	{ "gateway.proxy_protocol=allow", 0, "node n1 gets PROXY headers" },
	{ "gateway.proxy_protocol=require gateway.proxy_trusted=0.0.0.0/0 proxy_header=off", 1,
	  "--proxy-header off, but" },
	{ "proxy_header=v2 gateway.proxy_trusted=0.0.0.0/0", 1, "--proxy-header v2, but" },
	{ "accept_proxy=0.0.0.0/0", 0, "believes PROXY headers of anybody" },
	{ "accept_proxy=10.0.0.0/8", 0, "follows from the port in the PROXY header" },

	/* stickiness, balance, peers, limits */
	{ "stickiness=port gateway.port_count=1", 1, "with --stickiness port and a single port" },
	{ "stickiness=port gateway.port_count=2 nodes=a=10.0.0.1,b=10.0.0.2,c=10.0.0.3", 0,
	  "--stickiness port has 2 ports for 3 nodes: at least 1 nodes" },
	{ "stickiness=client-id tls=passthrough", 1, "the client.id is inside the encryption" },
	{ "stickiness=source+client-id tls=passthrough", 1, "inside the encryption" },
	{ "limit_client_id=20 tls=passthrough", 1, "limits by client.id with --tls passthrough" },
	{ "stickiness=sni", 1, "--stickiness sni without TLS" },
	{ "stickiness=cert", 1, "--stickiness cert with --tls none" },
	{ "stickiness=cert tls=passthrough", 1, "--stickiness cert with --tls passthrough" },
	{ TERMINATE "stickiness=cert", 1, "clients are asked for none" },
	{ "stickiness=source table_expire=10min", 0, "--table-expire is shorter" },
	{ "balance=hash", 1, "--balance hash does not say of what" },
	{ "hash_balance_factor=150", 1, "without --balance hash would do nothing" },
	{ "stickiness=source balance=hash hash_balance_factor=100", 1, "at least 101" },
	{ "stickiness=source " PEERS, 1, "--peers without --local-peer" },
	{ "stickiness=source " PEERS "local_peer=c", 1, "--local-peer c is none of the peers" },
	{ "stickiness=source local_peer=c", 1, "--local-peer c without --peers" },
	{ "stickiness=source local_peer=a peers=a=10.0.0.8:1,a=10.0.0.9:1", 1,
	  "two peers have the name a" },
	{ "stickiness=source local_peer=a peers=a=10.0.0.8:1,b=10.0.0.8:1", 1,
	  "peers a and b have the same address 10.0.0.8:1" },
	{ "stickiness=source local_peer=a peers=a=0.0.0.0:1", 1, "peer a: its host stands for" },
	{ "stickiness=source local_peer=a peers=a=10.0.0.8:9093", 1, "a peer's port 9093" },
	{ PEERS "local_peer=a", 1, "--peers without --stickiness" },
	{ PEERS "local_peer=a balance=hash stickiness=source", 1, "--peers with --balance hash" },
	{ "limit_source=5", 0, "--limit-source 5" },
	{ "limit_client_id=6", 0, "--limit-client-id 6" },

	/* TLS */
	{ "tls=terminate", 1, "--tls terminate needs --tls-certificate" },
	{ "tls=reencrypt tls_certificate=/c.pem node_tls_name=gw", 1,
	  "--tls reencrypt needs --node-tls-ca" },
	{ "tls=reencrypt tls_certificate=/c.pem node_tls_ca=/n.pem", 0,
	  "--tls reencrypt without --node-tls-name" },
	{ REENCRYPT, 0, "the nodes do not speak TLS" },
	{ "tls=passthrough", 0, "the nodes do not speak TLS" },
	{ "tls=passthrough gateway.security_protocol=SSL", 0, NULL },
	{ REENCRYPT "gateway.security_protocol=SSL", 0, NULL },
	{ TERMINATE "gateway.security_protocol=SSL", 1, "the nodes take nothing but TLS" },
	{ "tls=reencrypt tls_certificate=/c.pem node_tls_verify=false", 0, "can read everything" },
	{ REENCRYPT "node_tls_verify=false", 1, "nothing would be compared" },
	{ "tls_certificate=/c.pem", 1, "--tls-certificate with --tls none" },
	{ "tls=passthrough tls_client_ca=/c.pem", 1, "--tls-client-ca with --tls passthrough" },
	{ "tls_client_auth=required", 1, "--tls-client-auth with --tls none" },
	{ TERMINATE "tls_client_auth=required", 1, "--tls-client-auth needs --tls-client-ca" },
	{ TERMINATE "tls_client_ca=/c.pem", 1, "clients are asked for no certificate" },
	{ TERMINATE "node_tls_ca=/c.pem", 1, "--node-tls-ca with --tls terminate" },
	{ TERMINATE "node_tls_name=gw", 1, "--node-tls-name with --tls terminate" },
	{ "node_tls_certificate=/c.pem", 1, "--node-tls-certificate with --tls none" },
	{ "node_tls_verify=false", 1, "--no-node-tls-verify with --tls none" },
	{ "sni_routes=a.b=9093", 1, "--sni-route without TLS" },
	{ TERMINATE "sni_routes=a.b=9093,A.B=9094", 1, "two --sni-route for A.B" },
	{ TERMINATE "sni_routes=a.b=7000", 1, "nobody answers at 7000" },
	{ TERMINATE "sni_routes=a.b=9092 gateway.advertised_mode=single", 1,
	  "--sni-route with advertised_mode \"single\"" },
	{ TERMINATE "sni_routes=a.b=9092 stickiness=sni", 1, "a single server name" },
	{ TERMINATE "tls_certificate=c.pem", 1, "--tls-certificate c.pem: give an absolute path" },

	/* words, sizes, times */
	{ "stats_socket=run/s.sock", 1, "--stats-socket run/s.sock: give an absolute path" },
	{ "stats_socket=/run/$HOME", 1, "use letters, digits" },
	{ "stats_socket=/run/"
	  "12345678901234567890123456789012345678901234567890123456789012345678901234567890123456",
	  1, "at most 90 characters" },
	{ "user=:g", 1, "--user :g" },
	{ "user=u:", 1, "--user u:" },
	{ "user=a$", 1, "--user a$" },
	{ "log_target=10.0.0.1:1-2", 1, "--log-target 10.0.0.1:1-2" },
	{ "gateway.timeouts.idle=576h client_max_poll_interval=576h client_fetch_max_wait=576h "
	  "client_request_timeout=576h",
	  1, "end at 24 days" },
	{ "maxconn=20000", 1, "--maxconn 20000 needs " },
	{ "fd_limit=300", 1, "not one client fits into 300" },
	{ "maxconn=2001", 0, "HAProxy takes 2001 clients, but the nodes together only 2000" },
	{ "fd_limit=1000000 maxconn=200000", 0, "with one node left" },
	{ "source_ports=100", 0, "2000 source ports towards it and has 500" },
};

static void finds_each_contradiction(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct config *config = plans_config(rows[i].settings);
		size_t refused;
		char *text = plans_findings(config, &refused);
		const char *found = rows[i].finding != NULL ? strstr(text, rows[i].finding) : text;

		if (rows[i].finding == NULL && *text != '\0')
			fail_msg("%s: %s", rows[i].settings, text);
		if (found == NULL || refused != rows[i].refused)
			fail_msg("%s: %zu refused: %s", rows[i].settings, refused, text);
		free(text);
		config_free(config);
	}
}

/* What the configuration does not let through by itself. */
static void nothing_becomes_a_second_word(void **state)
{
	struct config *config = plans_config("");
	size_t refused;
	char *text;

	(void)state;
	free(config->nodes[0].host);
	config->nodes[0].host = strdup("10.0.0.1 ssl");
	free(config->nodes[1].name);
	config->nodes[1].name = strdup("n 2");
	free(config->haproxy_listen_host);
	config->haproxy_listen_host = strdup("0.0.0.0 ssl");
	text = plans_findings(config, &refused);
	assert_int_equal(refused, 3);
	assert_non_null(strstr(text, "refused: node n1: host \"10.0.0.1 ssl\""));
	assert_non_null(strstr(text, "refused: node \"n 2\": a name"));
	assert_non_null(strstr(text, "refused: HAProxy's listen host"));
	free(text);
	config_free(config);
}

static void says_all_at_once(void **state)
{
	struct config *config =
		plans_config("nodes=a=10.0.0.1,b=10.0.0.1 stats_page=0.0.0.0:80 balance=hash "
			     "gateway.limits.connections_per_address=7 tls=terminate");
	size_t refused;
	char *text = plans_findings(config, &refused);

	(void)state;
	assert_int_equal(refused, 5);
	free(text);
	config_free(config);
}

static void asks_for_the_range_when_nothing_tells_it(void **state)
{
	struct config *config = plans_flags("nodes=n1=10.0.0.1:8888 listen=0.0.0.0:9092");
	size_t refused;
	char *text = plans_findings(config, &refused);

	(void)state;
	assert_int_equal(refused, 1);
	assert_non_null(strstr(text, "refused: the number of ports is not known"));
	free(text);
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_each_contradiction),
		cmocka_unit_test(nothing_becomes_a_second_word),
		cmocka_unit_test(says_all_at_once),
		cmocka_unit_test(asks_for_the_range_when_nothing_tells_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

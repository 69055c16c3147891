#include "plans.h"

static void has(const char *text, const char *line)
{
	if (strstr(text, line) == NULL)
		fail_msg("\"%s\" is not in:\n%s", line, text);
}

static void has_not(const char *text, const char *line)
{
	if (strstr(text, line) != NULL)
		fail_msg("\"%s\" is in:\n%s", line, text);
}

/* What is set, one line it makes, one that is not there then. */
static const struct {
	const char *settings, *line, *not ;
} rows[] = {
	{ "", "\n    bind 0.0.0.0:9092-9096\n", "send-proxy" },
	{ "", "\n    server n2 10.0.0.2 id 2 check port 8888\n", "ssl" },
	{ "", "\n    balance leastconn\n", "hash-type" },
	{ "", "\n    option redispatch 1\n", "\n    timeout tunnel" },
	{ "", "\n    option splice-response\n", "peers" },
	{ "", " weight 100 slowstart 30s\n", "on-marked-down shutdown-sessions\n" },
	{ "balance=roundrobin", "\n    balance roundrobin\n", "hash-type" },
	{ "balance=random", "\n    balance random\n", "hash-type" },
	{ "gateway.port_start=6969", "\n    server n1 10.0.0.1:-2123 id 1 check port 8888\n",
	  NULL },
	{ "gateway.port_start=19092", "\n    server n1 10.0.0.1:+10000 id 1 check port 8888\n",
	  NULL },
	{ "gateway.advertised_mode=single gateway.port_start=7", "\n    bind 0.0.0.0:9092\n",
	  NULL },
	{ "gateway.advertised_mode=single gateway.port_start=7",
	  "\n    server n1 10.0.0.1:7 id 1 check port 8888\n", NULL },
	{ "listen=[::]:9092 nodes=a=[2001:db8::1]:80", "\n    bind [::]:9092-9096\n", NULL },
	{ "nodes=a=[2001:db8::1]:80", "\n    server a [2001:db8::1] id 1 check port 80\n", NULL },
	{ "stats_page=[::1]:90", "\n    bind [::1]:90\n", "prometheus" },
	{ "metrics=10.0.0.9:90", "prometheus-exporter if { path /metrics }\n", "stats enable" },
	{ "metrics=[::1]:90 stats_page=[::1]:90",
	  "prometheus-exporter if { path /metrics }\n    stats enable\n", "status 404" },
	{ "gateway.timeouts.idle=11min", "\n    timeout client 12m\n    timeout server 12m\n",
	  NULL },
	{ "gateway.timeouts.idle=600001ms", "\n    timeout client 660001ms\n", NULL },
	{ "gateway.proxy_protocol=allow", "\n    default-server send-proxy-v2\n", NULL },
	{ "gateway.proxy_protocol=require tls=terminate tls_certificate=/c",
	  "\n    default-server send-proxy-v2 proxy-v2-options ssl,authority\n", NULL },
	{ "gateway.proxy_protocol=require tls=reencrypt tls_certificate=/c tls_client_auth=required "
	  "tls_client_ca=/ca node_tls_ca=/n node_tls_name=gw",
	  "\n    default-server send-proxy-v2 proxy-v2-options ssl,cert-cn,authority,crc32c\n",
	  NULL },
	{ "gateway.agent_port=7", "\n    default-server agent-check agent-port 7 agent-inter 5s\n",
	  NULL },
	{ "slowstart=0s on_marked_down=shutdown", " weight 100 on-marked-down shutdown-sessions\n",
	  "slowstart" },
	{ "rack=a nodes=n1=10.0.0.1@a,n2=10.0.0.2@b",
	  " check port 8888\n    server n2 10.0.0.2 id 2 check port 8888 backup\n", NULL },
	{ "rack=a nodes=n1=10.0.0.1@a,n2=10.0.0.2@b", "\n    option allbackups\n", NULL },
	{ "discover=gw.lab nodes= dns_servers=10.0.0.53:53,10.0.0.54:53",
	  "\n    nameserver dns1 10.0.0.53:53\n    nameserver dns2 10.0.0.54:53\n",
	  "parse-resolv-conf" },
	{ "discover=gw.lab nodes=", "\n    server-template node 10 gw.lab check port 8888\n",
	  "\n    server node" },
	{ "discover=gw.lab nodes=", "\n    hold timeout 1h\n", NULL },
	{ "peers=a=10.0.0.8:1,b=[::2]:3 local_peer=b stickiness=source", "\n    localpeer b\n",
	  NULL },
	{ "peers=a=10.0.0.8:1,b=[::2]:3 local_peer=b stickiness=source",
	  "\n    peer a 10.0.0.8:1\n    peer b [::2]:3\n", NULL },
	{ "limit_source=50 limit_source_rate=9",
	  "\n    stick-table type ipv6 size 100k expire 10m store conn_cur,conn_rate(10s)\n",
	  "sc1" },
	{ "limit_source=50", "connection reject if { sc0_conn_cur(limit_source) gt 50 }\n",
	  "conn_rate" },
	{ "limit_source=50 accept_proxy=10.0.0.0/8,::1",
	  "connection expect-proxy layer4 if { src 10.0.0.0/8 ::1/128 }\n", "connection track" },
	{ "limit_source=50 accept_proxy=10.0.0.0/8", "tcp-request session track-sc0 src", NULL },
	{ "limit_client_id=7", "if has_client_id { sc1_conn_cur(limit_client_id) gt 7 }\n", "sc0" },
	{ "tls=passthrough", "content reject if has_a_byte !begins_like_tls\n",
	  "begins_like_kafka" },
	{ "tls=passthrough sni_routes=b1.lab=9093",
	  "set-dst-port int(9093) if { var(txn.sni) -m str -i b1.lab }\n", NULL },
	{ "gateway.port_start=6969 tls=passthrough sni_routes=b1.lab=6970",
	  "set-dst-port int(9093) if { var(txn.sni)", NULL },
	{ "tls=terminate tls_certificate=/c.pem", "\n    bind 0.0.0.0:9092-9096 ssl crt /c.pem\n",
	  "option splice" },
	{ "tls=terminate tls_certificate=/c.pem tls_min_version=TLSv1.3",
	  "\n    ssl-default-bind-options ssl-min-ver TLSv1.3 no-tls-tickets\n", "maxpipes" },
	{ "tls=terminate tls_certificate=/c tls_client_auth=requested tls_client_ca=/a",
	  " ssl crt /c ca-file /a verify optional\n", NULL },
	{ "tls=terminate tls_certificate=/c tls_client_auth=required tls_client_ca=/a",
	  " ssl crt /c ca-file /a verify required\n", NULL },
	{ "tls=reencrypt tls_certificate=/c node_tls_ca=/a node_tls_name=gw node_tls_certificate=/h",
	  "\n    default-server ssl verify required ca-file /a verifyhost gw sni str(gw) crt /h "
	  "no-check-ssl\n",
	  NULL },
	{ "tls=reencrypt tls_certificate=/c node_tls_verify=false",
	  "\n    default-server ssl verify none sni ssl_fc_sni no-check-ssl\n", NULL },
	{ "maxconn=50", "# 50 clients, as asked for with --maxconn.\n", NULL },
	{ "maxconn=50", "\n    maxconn 150\n", NULL },
	{ "splice=false", "{ fe_conn gt 2000 }\n", "maxpipes" },
	{ "", "# 2000 clients: what the nodes take together (gateway.limits.connections).\n",
	  NULL },
	{ "", "\n    maxpipes 525\n", NULL },
	{ "user=lb", "\n    user lb\n    group lb\n", NULL },
	{ "user=lb:ops", "\n    user lb\n    group ops\n", NULL },
	{ "stats_socket=/run/a.sock", "\n    stats socket /run/a.sock mode 600 level admin ",
	  NULL },
	{ "log_target=/dev/log", "\n    log /dev/log local0 info\n", "raw" },
	{ "log_format=json", "\"tt\":%Tt,", "tcplog" },
	{ "hard_stop_after=2h", "\n    hard-stop-after 2h\n", NULL },
};

static void writes_each_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *text = plans_text(plans_config(rows[i].settings));

		has(text, rows[i].line);
		if (rows[i].not != NULL)
			has_not(text, rows[i].not );
		free(text);
	}
}

static void says_the_same_twice(void **state)
{
	char *first = plans_text(plans_config("stickiness=client-id"));
	char *second = plans_text(plans_config("stickiness=client-id"));

	(void)state;
	assert_string_equal(first, second);
	free(first);
	free(second);
}

/* HAProxy's limits: 2048 bytes and 64 words a line, a line feed at the end. */
static void keeps_to_haproxys_lines(void **state)
{
	char *text = plans_text(plans_config("log_format=json stickiness=client-id"));
	char *rest;

	(void)state;
	assert_int_equal(text[strlen(text) - 1], '\n');
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		size_t words = 0;

		assert_true(strlen(line) <= 110 || strstr(line, "log-format") != NULL);
		assert_true(strlen(line) < 1000);
		for (const char *c = line; *c != '\0'; c++) {
			assert_true(*c >= ' ' && *c <= '~');
			words += *c == ' ' && c[1] != ' ' ? 1 : 0;
		}
		assert_true(words < 64);
	}
	free(text);
}

static void writes_only_what_is_asked_for(void **state)
{
	char *text = plans_text(plans_config(""));

	(void)state;
	has_not(text, "\n    stats ");
	has_not(text, "\n    user ");
	has_not(text, "mode http");
	has_not(text, "\nresolvers");
	has_not(text, "localpeer");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_each_line),
		cmocka_unit_test(says_the_same_twice),
		cmocka_unit_test(keeps_to_haproxys_lines),
		cmocka_unit_test(writes_only_what_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

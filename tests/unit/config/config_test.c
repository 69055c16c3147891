/* What people write, and what they are told about it. */
#include "config/config.h"

#include "config/options.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { TEXT = 65536 };

static char path[] = "/tmp/config_test_XXXXXX";
static char told[TEXT]; /* what the last load complained about, the file's name as FILE */

/* --- helpers ------------------------------------------------------------ */

static void forget_environment(void)
{
	for (size_t i = 0; i < config_option_count; i++) {
		unsetenv(config_options[i].env);
		if (config_options[i].env_also != NULL)
			unsetenv(config_options[i].env_also);
		if (config_options[i].env_file != NULL)
			unsetenv(config_options[i].env_file);
	}
}

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void replace(char *text, const char *from, const char *to)
{
	size_t nf = strlen(from);
	size_t nt = strlen(to);

	for (char *p = text; (p = strstr(p, from)) != NULL; p += nt) {
		memmove(p + nt, p + nf, strlen(p + nf) + 1);
		memcpy(p, to, nt);
	}
}

static struct config *load_path(const char *file)
{
	FILE *out = fmemopen(told, sizeof told, "w");
	struct config *c;

	assert_non_null(out);
	told[0] = '\0';
	c = config_load(file, out);
	fclose(out);
	replace(told, path, "FILE");
	return c;
}

static struct config *load(const char *text)
{
	write_file(text);
	return load_path(path);
}

static void set_variables(const char *assignments)
{
	char copy[TEXT];
	char *save = NULL;

	snprintf(copy, sizeof copy, "%s", assignments);
	for (char *a = strtok_r(copy, "\n", &save); a != NULL; a = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(a, '=');

		*value++ = '\0';
		assert_int_equal(setenv(a, value, 1), 0);
	}
}

#define KAFKA "kafka: { bootstrap_servers = \"k:9092\"; };\n"

/* --- mistakes ----------------------------------------------------------- */

struct mistake {
	const char *file; /* NULL: none */
	const char *environment;
	const char *complaints; /* all of them, to the letter */
};

static const struct mistake mistakes[] = {
	{ NULL, "",
	  "environment: KAFKA_BOOTSTRAP_SERVERS: missing; \"host:port\" of the brokers to "
	  "start from, several with commas\n" },
	{ "", "",
	  "FILE: kafka.bootstrap_servers: missing; \"host:port\" of the brokers to start from, "
	  "several with commas\n" },
	{ KAFKA "gateway: {\n port_start = ;\n};\n", "", "FILE:3: syntax error\n" },
	{ KAFKA "gateway: {\n port_strat = 1;\n};\n", "",
	  "FILE:3: gateway.port_strat: no such option; gateway.port_start?\n" },
	{ KAFKA "gatewy: { port_start = 1; };\n", "",
	  "FILE:2: gatewy: no such option; `anyport --help` lists them\n" },
	{ KAFKA "gateway: { port_start = 70000; };\n", "",
	  "FILE:2: gateway.port_start: \"70000\" won't do; it must be a number, 1 to 65535\n" },
	{ KAFKA "gateway: { port_start = 4294974265; };\n", "",
	  "FILE:2: 4294974265: no option takes a number beyond 32 bits; sizes are strings such as "
	  "\"512 MiB\"\n" },
	{ KAFKA "gateway: { port_start = 4294974265L; };\n", "",
	  "FILE:2: 4294974265L: no option takes a number beyond 32 bits; sizes are strings such as "
	  "\"512 MiB\"\n" },
	{ KAFKA "gateway: { port_start = \"6969\"; };\n", "",
	  "FILE:2: gateway.port_start: must be a number, 1 to 65535\n" },
	{ KAFKA "gateway: { port_start = [ 1 ]; };\n", "",
	  "FILE:2: gateway.port_start: must be a number, 1 to 65535\n" },
	{ KAFKA "gateway: { port_start = 1L; };\n", "",
	  "FILE:2: gateway.port_start: must be a number, 1 to 65535\n" },
	{ KAFKA "gateway: { port_start = 1; port_start = 2; };\n", "",
	  "FILE:2: duplicate setting name\n" },
	{ KAFKA "/* 99999999999\n */ // 99999999999\n# 99999999999\n"
		"gateway: { bind_host = \"\\\"99999999999\"; http_port = 0; };\n",
	  "", "FILE:5: gateway.http_port: \"0\" won't do; it must be a number, 1 to 65535\n" },
	{ KAFKA "@include \"/nowhere\"\n", "",
	  "FILE:2: @include: one file tells all; put it in here\n"
	  "FILE:2: cannot open include file\n" },
	{ "kafka: { bootstrap_servers = \"k\"; };\n", "",
	  "FILE:1: kafka.bootstrap_servers: \"k\" won't do; it must be \"host:port\", several with "
	  "commas\n" },
	{ "kafka: { bootstrap_servers = (\n\"k:1\",\n\"k:x\"); };\n", "",
	  "FILE:3: kafka.bootstrap_servers: \"k:x\" won't do; it must be \"host:port\", several with "
	  "commas\n" },
	{ KAFKA "gateway: { advertised_listener = \"2001:db8::1:9092\"; };\n", "",
	  "FILE:2: gateway.advertised_listener: \"2001:db8::1:9092\" does not say where its address "
	  "ends; an IPv6 address stands in brackets, as in \"[::1]:9092\"\n" },
	{ "kafka: { bootstrap_servers = \"::1:9092\"; };\n", "",
	  "FILE:1: kafka.bootstrap_servers: \"::1:9092\" does not say where its address ends; an "
	  "IPv6 address stands in brackets, as in \"[::1]:9092\"\n" },
	{ KAFKA "gateway: { timeouts: { connect = \"5\"; idle = \"0 s\"; }; };\n", "",
	  "FILE:2: gateway.timeouts.connect: \"5\" won't do; it must be a time such as \"30 s\" (ms, "
	  "s, min, h), 1 ms to 576 h\n"
	  "FILE:2: gateway.timeouts.idle: \"0 s\" won't do; it must be a time such as \"30 s\" (ms, s, "
	  "min, h), 1 s to 576 h\n" },
	{ KAFKA "gateway: { limits: { frame = \"100 Mib\"; }; };\n", "",
	  "FILE:2: gateway.limits.frame: \"100 Mib\" won't do; it must be a size such as \"512 MiB\" "
	  "(B, kB, KiB, MB, MiB, GB, GiB), 1 KiB to 2147483647 B\n" },
	{ KAFKA "gateway: { limits: { memory = \"99999999999 GiB\"; }; };\n", "",
	  "FILE:2: gateway.limits.memory: \"99999999999 GiB\" won't do; it must be a size such as "
	  "\"512 MiB\" (B, kB, KiB, MB, MiB, GB, GiB), 1 MiB to 1048576 GiB\n" },
	{ KAFKA "gateway: { proxy_trusted = [\"10.0.0.0/33\"]; };\n", "",
	  "FILE:2: gateway.proxy_trusted: \"10.0.0.0/33\" won't do; it must be networks such as "
	  "\"10.0.0.0/8\" or \"::1\"\n" },
	{ KAFKA "gateway: { zones = [\"10.1.0.0/16=a\", \"10.1.0.0/16=b\"]; };\n", "",
	  "FILE:2: gateway.zones: \"10.1.0.0/16=b\" names a network that has a zone already\n" },
	{ KAFKA "gateway: { zones = [\"10.1.0.0/16\"]; };\n", "",
	  "FILE:2: gateway.zones: \"10.1.0.0/16\" won't do; it must be networks with their zones such as "
	  "\"10.1.0.0/16=a\"\n" },
	{ KAFKA "gateway: { zones = [\"10.1.0.1/16=a\"]; };\n", "",
	  "FILE:2: gateway.zones: \"10.1.0.1/16=a\" has address bits behind its mask\n" },
	{ KAFKA "gateway: { proxy_trusted = [\"10.0.0.1/8\"]; };\n", "",
	  "FILE:2: gateway.proxy_trusted: \"10.0.0.1/8\" has address bits behind its mask\n" },
	{ KAFKA "gateway: { advertised_mode = \"host\"; };\n", "",
	  "FILE:2: gateway.advertised_mode: \"host\" tells brokers by their names; say "
	  "gateway.advertised_host_pattern too\n" },
	{ KAFKA "gateway: { advertised_mode = \"host\"; advertised_host_pattern = \"b.x\"; };\n",
	  "",
	  "FILE:2: gateway.advertised_host_pattern: \"b.x\" won't do; it must be a host name with "
	  "{id} once, such as b{id}.kafka.example.com\n" },
	{ KAFKA "gateway: { advertised_mode = \"hosts\"; };\n", "",
	  "FILE:2: gateway.advertised_mode: \"hosts\" won't do; it must be one of ports, single, "
	  "host\n" },
	{ "kafka: { bootstrap_servers = \"b:9092\"; security_protocol = \"SSL\";\n"
	  "ssl_key_location = \"k.pem\"; };\n",
	  "",
	  "FILE:2: kafka.ssl_key_location: a key without a certificate; say "
	  "kafka.ssl_certificate_location too\n" },
	{ KAFKA "gateway: { security_protocol = \"SASL_PLAINTEXT\"; users = \"u\"; };\n", "",
	  "FILE:2: gateway.security_protocol: clients would say who they are, and no broker would "
	  "judge it: kafka.security_protocol is without SASL\n"
	  "warning: FILE:2: gateway.users: nobody looks at it: it is for gateway.security_mode "
	  "GATEWAY_MANAGED and gateway.security_protocol with SASL\n" },
	{ KAFKA "gateway: { security_mode = \"GATEWAY_MANAGED\";\nsecurity_protocol = "
		"\"SASL_PLAINTEXT\"; sasl_enabled_mechanisms = \"PLAIN,GSSAPI\"; };\n",
	  "KAFKA_SECURITY_PROTOCOL=SSL\nKAFKA_SSL_CERTIFICATE_LOCATION=gw.pem\n",
	  "FILE:2: gateway.security_mode: GATEWAY_MANAGED lets in whom a file names; say "
	  "gateway.users too\n"
	  "FILE:3: gateway.sasl_enabled_mechanisms: \"GSSAPI\" won't do; it must be PLAIN, "
	  "SCRAM-SHA-256 or SCRAM-SHA-512, with commas\n"
	  "environment: KAFKA_SECURITY_PROTOCOL: the brokers know the gateway by its certificate, and "
	  "so would every client be known; only if each may do all that the gateway may, say "
	  "gateway.clients_act_as_gateway true\n" },
	{ KAFKA "gateway: { ssl_principal_mapping_rules = \"DEFAULT, RULE:a/$1/\"; };\n", "",
	  "FILE:2: gateway.ssl_principal_mapping_rules: rule 2: the replacement names a group that "
	  "the pattern has not\n"
	  "warning: FILE:2: gateway.ssl_principal_mapping_rules: nobody looks at it: it is for "
	  "gateway.security_protocol SSL and gateway.ssl_client_auth requested or required\n" },
	{ KAFKA "gateway: { proxy_identity = true; security_protocol = \"SASL_SSL\";\n"
		"ssl_certificate_location = \"c.pem\"; };\n",
	  "KAFKA_SECURITY_PROTOCOL=SASL_SSL\nKAFKA_SASL_MECHANISM=PLAIN\nKAFKA_SASL_USERNAME=a\n"
	  "KAFKA_SASL_PASSWORD=b\n",
	  "FILE:2: gateway.proxy_identity: no header is read; say gateway.proxy_protocol require too\n"
	  "FILE:2: gateway.proxy_identity: clients say by SASL who they are "
	  "(gateway.security_protocol)\n" },
	{ KAFKA "gateway: { identity_map = \"m\"; clients_act_as_gateway = true; };\n", "",
	  "FILE:2: gateway.identity_map: no broker asks who one is: kafka.security_protocol is "
	  "without SASL\n"
	  "FILE:2: gateway.identity_map: gateway.clients_act_as_gateway says that all clients are the "
	  "gateway; one of them\n"
	  "warning: FILE:2: gateway.identity_map: clients show no certificate, so all of them are "
	  "User:ANONYMOUS\n"
	  "warning: FILE:2: gateway.clients_act_as_gateway: the gateway has no account at the "
	  "brokers: clients are anonymous\n" },
	{ KAFKA "gateway: { security_protocol = \"SASL_PLAINTEXT\"; };\n", "",
	  "FILE:2: gateway.security_protocol: clients would say who they are, and no broker would "
	  "judge it: kafka.security_protocol is without SASL\n" },
/* who the gateway is to the brokers */
#define ASKED "the brokers ask who one is, and clients do not say it to the gateway "
#define ONLY_IF "; only if every client may do all that the gateway's own account may, say "
	{ KAFKA, "KAFKA_SECURITY_PROTOCOL=SASL_SSL\n",
	  "environment: KAFKA_SECURITY_PROTOCOL: " ASKED "(gateway.security_protocol)" ONLY_IF
	  "gateway.clients_act_as_gateway true\n"
	  "FILE: kafka.sasl_mechanism: missing; PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER, "
	  "as the brokers have it\n" },
	{ NULL,
	  "KAFKA_BOOTSTRAP_SERVERS=b:9092\nKAFKA_SECURITY_PROTOCOL=SASL_PLAINTEXT\n"
	  "GATEWAY_CLIENTS_ACT_AS_GATEWAY=true\nKAFKA_SASL_MECHANISM=SCRAM-SHA-256\n",
	  "environment: KAFKA_SASL_USERNAME: missing; the gateway's own account at the brokers\n"
	  "environment: KAFKA_SASL_PASSWORD: missing; that account's password\n" },
	{ KAFKA "gateway: { clients_act_as_gateway = true; };\n",
	  "KAFKA_SECURITY_PROTOCOL=SASL_PLAINTEXT\nKAFKA_SASL_MECHANISM=plain\n",
	  "environment: KAFKA_SASL_MECHANISM: \"plain\" won't do; it must be one of PLAIN, "
	  "SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER\n" },
	{ KAFKA "gateway: { clients_act_as_gateway = true; };\n",
	  "KAFKA_SECURITY_PROTOCOL=SASL_PLAINTEXT\nKAFKA_SASL_MECHANISM=PLAIN\n"
	  "KAFKA_SASL_USERNAME=me\nKAFKA_SASL_JAAS_CONFIG=secret words\n",
	  "environment: KAFKA_SASL_JAAS_CONFIG: kafka.sasl_username and kafka.sasl_password say it too; "
	  "this one or those\n"
	  "environment: KAFKA_SASL_JAAS_CONFIG: not understood: the login module must be Kafka's "
	  "PlainLoginModule or ScramLoginModule, with its whole name\n" },
	{ KAFKA "gateway: { clients_act_as_gateway = true; };\n",
	  "KAFKA_SECURITY_PROTOCOL=SASL_PLAINTEXT\nKAFKA_SASL_MECHANISM=SCRAM-SHA-512\n"
	  "KAFKA_SASL_JAAS_CONFIG=org.apache.kafka.common.security.plain.PlainLoginModule required "
	  "username=a password=b;\n",
	  "environment: KAFKA_SASL_JAAS_CONFIG: its login module is not that of SCRAM-SHA-512, which "
	  "kafka.sasl_mechanism says\n" },
	{ KAFKA "gateway: { clients_act_as_gateway = true; };\n",
	  "KAFKA_SECURITY_PROTOCOL=SASL_PLAINTEXT\nKAFKA_SASL_MECHANISM=OAUTHBEARER\n",
	  "FILE: kafka.sasl_oauthbearer_token_endpoint_url: missing; https://... of a token endpoint, or "
	  "file:///... of a token's file\n" },
	{ KAFKA "gateway: { clients_act_as_gateway = true; };\n",
	  "KAFKA_SECURITY_PROTOCOL=SASL_PLAINTEXT\nKAFKA_SASL_MECHANISM=OAUTHBEARER\n"
	  "KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL=https://idp/token\n",
	  "FILE: kafka.sasl_oauthbearer_client_id: missing; who asks the token endpoint\n"
	  "FILE: kafka.sasl_oauthbearer_client_secret: missing; what the token endpoint is shown\n" },
	{ KAFKA "gateway: { clients_act_as_gateway = true; };\n",
	  "KAFKA_SECURITY_PROTOCOL=SASL_PLAINTEXT\nKAFKA_SASL_MECHANISM=OAUTHBEARER\n"
	  "KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL=/a/file\n",
	  "environment: KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL: \"/a/file\" won't do; it must be "
	  "https://... or file:///...\n" },
	{ KAFKA, "KAFKA_SECURITY_PROTOCOL=SSL\nKAFKA_SSL_CERTIFICATE_LOCATION=gw.pem\n",
	  "environment: KAFKA_SECURITY_PROTOCOL: " ASKED "(gateway.security_protocol)" ONLY_IF
	  "gateway.clients_act_as_gateway true\n" },
	{ KAFKA
	  "gateway: { cluster_id = \"a b\"; node_id = \"x:1\";\ntimeouts: { session = \"6 s\"; "
	  "heartbeat = \"3 s\"; }; };\n",
	  "",
	  "FILE:2: gateway.cluster_id: \"a b\" won't do; it must be letters, digits, \".\", \"_\" and "
	  "\"-\", at most 200\n"
	  "FILE:2: gateway.node_id: \"x:1\" won't do; it must be letters, digits, \".\", \"_\" and "
	  "\"-\", at most 249\n"
	  "FILE:3: gateway.timeouts.heartbeat: 3000 ms are more than a third of "
	  "gateway.timeouts.session, 6000 ms: one late answer would end a membership\n" },
	{ KAFKA "gateway: { advertised_host = \"a\";\nadvertised_listener = \"b:1\"; };\n", "",
	  "FILE:3: gateway.advertised_listener: gateway.advertised_host says it too, in line 2; one of "
	  "them\n" },
	{ KAFKA, "GATEWAY_ADVERTISED_HOST=a\nGATEWAY_ADVERTISED_LISTENER=b\n",
	  "environment: GATEWAY_ADVERTISED_LISTENER: \"b\", but GATEWAY_ADVERTISED_HOST says \"a\"; "
	  "both mean the same\n" },
	{ KAFKA, "GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING=no\nGATEWAY_PORT_COUNT=x\n",
	  "environment: GATEWAY_PORT_COUNT: \"x\" won't do; it must be a number, 0 to 65535\n"
	  "environment: GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING: \"no\" won't do; it must be true "
	  "or false\n" },
	/* options that contradict each other */
	{ KAFKA "gateway: { secured_metrics = true; };\n", "",
	  "FILE:2: gateway.secured_metrics: no token opens them; say gateway.metrics_token too\n" },
	{ KAFKA "gateway: { secured_metrics = false; metrics_token = \"t\"; };\n", "",
	  "FILE:2: gateway.secured_metrics: false, and gateway.metrics_token secures them; one of "
	  "them\n" },
	{ KAFKA "gateway: { internal_load_balancing = false; };\n", "",
	  "FILE:2: gateway.internal_load_balancing: false without gateway.advertised_listener (or advertised_host): the nodes "
	  "would advertise their own host name, and clients would go around the load balancer; say "
	  "the load balancer's host there\n" },
	{ KAFKA "gateway: { port_start = 65000; port_count = 537; };\n", "",
	  "FILE:2: gateway.port_count: 537 ports from 65000 on end beyond 65535; at most 536 ports, or "
	  "a lower gateway.port_start\n" },
	{ KAFKA "gateway: { advertised_host = \"lb:65535\"; port_count = 2; };\n", "",
	  "FILE:2: gateway.advertised_host: 2 ports from 65535 on end beyond 65535; as many are "
	  "advertised as the gateway listens on\n" },
	{ KAFKA "gateway: { port_start = 8886; port_count = 3; };\n", "",
	  "FILE: gateway.http_port: 8888 is one of the clients' ports, 8886 to 8888; a port outside "
	  "them\n" },
	{ NULL, "KAFKA_BOOTSTRAP_SERVERS=k:1\nGATEWAY_HTTP_PORT=6969\n",
	  "environment: GATEWAY_HTTP_PORT: 6969 is one of the clients' ports, 6969 to 6969; a port "
	  "outside them\n" },
	{ KAFKA "gateway: { limits: { frame = \"3 MiB\"; memory = \"4 MiB\"; }; };\n", "",
	  "FILE:2: gateway.limits.frame: 3145728 bytes are more than half of gateway.limits.memory "
	  "(4194304 bytes): a frame that must be held would never fit; the other half is for "
	  "answers\n" },
	{ NULL, "KAFKA_BOOTSTRAP_SERVERS=k:1\nGATEWAY_CONNECTIONS_MAX_REAUTH=2999 ms\n",
	  "environment: GATEWAY_CONNECTIONS_MAX_REAUTH: 2999 ms are over before clients have logged in "
	  "anew, which they do once a second at most; at least 3 s, or 0 for no end\n" },
	{ KAFKA "gateway: { limits: { connections = 1; connections_per_address = 2; }; };\n", "",
	  "FILE:2: gateway.limits.connections_per_address: 2 is more than gateway.limits.connections, "
	  "1; at most as many, or 0 for no limit\n" },
	{ KAFKA "gateway: { proxy_protocol = \"allow\"; proxy_trusted = [ ]; };\n", "",
	  "FILE:2: gateway.proxy_trusted: no network is trusted, so no PROXY header would ever be "
	  "believed; say the load balancer's, or set gateway.proxy_protocol to off\n" },
	{ KAFKA
	  "haproxy: { nodes = ( { name = \"a\"; host = \"h\"; },\n{ name = \"a\"; host = \"i\"; "
	  "},\n{ name = \"b\"; hots = \"h\"; }); };\n",
	  "",
	  "FILE:4: haproxy.nodes: must be nodes, in the file { name = \"n1\"; host = \"10.0.0.1\"; "
	  "http_port = 8888; rack = \"a\"; }, elsewhere n1=10.0.0.1:8888@a\n"
	  "FILE:3: haproxy.nodes: two nodes with the name \"a\"\n" },
	{ KAFKA
	  "haproxy: { nodes = ( { name = \"a\"; host = \"h\"; }, { name = \"b\"; host = \"h\"; "
	  "}); };\n",
	  "", "FILE: haproxy.nodes: a and b have the same host and HTTP port\n" },
	{ KAFKA "haproxy: { listen = \"h:9096-9092\"; };\n", "",
	  "FILE:2: haproxy.listen: \"h:9096-9092\" won't do; it must be \"host\", "
	  "\"host:first-port\" or \"host:first-last\"\n" },
	{ KAFKA
	  "haproxy: { peers = ( \"lb1=10.0.0.8\" ); sni_routes = ( \"a b=1\", \"a=0\" ); };\n",
	  "",
	  "FILE:2: haproxy.peers: \"lb1=10.0.0.8\" won't do; it must be peers such as "
	  "\"lb1=10.0.0.11:10000\"\n"
	  "FILE:2: haproxy.sni_routes: \"a b=1\" won't do; it must be server names such as "
	  "\"broker1.example.com=9093\"\n"
	  "FILE:2: haproxy.sni_routes: \"a=0\" won't do; it must be server names such as "
	  "\"broker1.example.com=9093\"\n" },
	{ KAFKA "haproxy: { stickiness = \"ip\"; table_size = 1; };\n", "",
	  "FILE:2: haproxy.stickiness: \"ip\" won't do; it must be one of none, source, client-id, "
	  "source+client-id, port, sni, cert\n"
	  "FILE:2: haproxy.table_size: \"1\" won't do; it must be a number, 100 to 100000000\n" },
	/* no mistake judged by another one */
	{ KAFKA "gateway: { internal_load_balancing = false; advertised_host = \"a b\"; };\n", "",
	  "FILE:2: gateway.advertised_host: \"a b\" won't do; it must be \"host\" or "
	  "\"host:first-port\"\n" },
};

static void mistakes_are_all_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
		const struct mistake *m = &mistakes[i];
		struct config *c;

		forget_environment();
		set_variables(m->environment);
		c = m->file != NULL ? load(m->file) : load_path(NULL);
		if (c != NULL)
			fail_msg("row %zu was taken:\n%s", i, m->file);
		/* "FILE: haproxy.nodes" stands for whichever line the list begins in */
		if (strstr(told, "have the same host") != NULL)
			replace(told, "FILE:2: haproxy", "FILE: haproxy");
		assert_string_equal(told, m->complaints);
	}
	forget_environment();
}

static void no_file_is_told(void **state)
{
	(void)state;
	forget_environment();
	set_variables("KAFKA_BOOTSTRAP_SERVERS=k:1");
	assert_null(load_path("/nowhere/anyport.conf"));
	assert_string_equal(told,
			    "/nowhere/anyport.conf: can't be read: No such file or directory\n");
	forget_environment();
}

/* --- what is only strange ----------------------------------------------- */

static void mistyped_variables_are_warned_of(void **state)
{
	struct config *c;

	(void)state;
	forget_environment();
	set_variables(
		"KAFKA_PORT=tcp://10.0.0.1:9092\nGATEWAY_PORT_STRAT=7000\nGATEWAY_IDLE_TIMEOUT=5 "
		"min\nGATEWAY_RACK_ID=\n");
	c = load(KAFKA);
	unsetenv("KAFKA_PORT");
	unsetenv("GATEWAY_PORT_STRAT");
	forget_environment();
	assert_non_null(c);
	assert_string_equal(
		told, "warning: environment: GATEWAY_IDLE_TIMEOUT: clients keep idle connections "
		      "for 9 min; a longer time lets them close first\n"
		      "warning: environment: GATEWAY_PORT_STRAT: no such option; "
		      "GATEWAY_PORT_START?\n");
	config_free(c);
}

static void a_zone_of_one_node_is_none_of_its_clients(void **state)
{
	struct config *c;

	(void)state;
	forget_environment();
	set_variables("GATEWAY_ZONE=a\nGATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING=true\n");
	c = load(KAFKA);
	forget_environment();
	assert_non_null(c);
	assert_string_equal(
		told,
		"warning: environment: GATEWAY_ZONE: under internal load balancing a client would be "
		"told nodes by the zone of the one that it has reached; say gateway.zones, alike at "
		"all of them, instead\n");
	config_free(c);
	set_variables(
		"GATEWAY_ZONE=a\nGATEWAY_ADVERTISED_LISTENER=lb:9092\nGATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING=false\n");
	c = load(KAFKA);
	forget_environment();
	assert_non_null(c);
	assert_string_equal(told, "");
	config_free(c);
}

static void one_port_tells_no_brokers_apart(void **state)
{
	struct config *c;

	(void)state;
	forget_environment();
	c = load(KAFKA "gateway: { port_is_hint = true; };\n");
	assert_non_null(c);
	assert_true(c->listener.port_is_hint);
	assert_string_equal(told, "");
	config_free(c);
	c = load(KAFKA "gateway: { advertised_mode = \"single\"; port_is_hint = true; };\n");
	assert_non_null(c);
	assert_non_null(strstr(told, "warning: "));
	assert_non_null(strstr(told,
			       ": gateway.port_is_hint: in gateway.advertised_mode \"single\" all "
			       "brokers have one port, which says nothing\n"));
	config_free(c);
}

/* Who is nobody's node: by an empty text, or in the environment, where that is none, by a word. */
static void membership_is_switched_off(void **state)
{
	static const char *const files[] = { KAFKA "gateway: { cluster_id = \"\"; };\n", KAFKA };
	static const char *const variables[] = { "", "GATEWAY_CLUSTER_ID=off\n" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct config *c;

		forget_environment();
		set_variables(variables[i]);
		c = load(files[i]);
		forget_environment();
		assert_non_null(c);
		assert_string_equal(told, "");
		assert_null(c->cluster_id);
		assert_null(c->group_id);
		assert_non_null(c->node_id);
		config_free(c);
	}
}

/* The same after a restart, another one for another node, and of letters that a group takes. */
static void a_node_has_a_name(void **state)
{
	static const struct {
		const char *file, *name;
	} rows[] = {
		{ KAFKA "gateway: { bind_host = \"10.0.0.7\"; port_start = 7000; };\n",
		  "10.0.0.7-7000" },
		{ KAFKA "gateway: { bind_host = \"fd00::7\"; };\n", "fd00__7-6969" },
		{ KAFKA "gateway: { advertised_listener = \"gw1.example.com:9092\"; };\n",
		  "gw1.example.com-9092" },
		{ KAFKA "gateway: { node_id = \"gw1\"; cluster_id = \"blue\"; };\n", "gw1" },
	};

	(void)state;
	forget_environment();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct config *c = load(rows[i].file);

		assert_non_null(c);
		assert_string_equal(c->node_id, rows[i].name);
		config_free(c);
	}
}

/* --- values ------------------------------------------------------------- */

static void defaults_are_the_documented_ones(void **state)
{
	struct config *c;
	char host[256] = "";

	(void)state;
	forget_environment();
	assert_int_equal(gethostname(host, sizeof host - 1), 0);
	c = load(KAFKA);
	assert_non_null(c);
	assert_string_equal(told, "");
	assert_string_equal(c->bootstrap_servers, "k:9092");
	assert_string_equal(c->listener.bind_host, "0.0.0.0");
	assert_int_equal(c->listener.port_start, 6969);
	assert_int_equal(c->listener.port_count, 0);
	assert_int_equal(c->listener.min_broker_id, 0);
	assert_string_equal(c->listener.advertised_host, host);
	assert_int_equal(c->listener.advertised_port, 6969);
	assert_int_equal(c->listener.advertised_mode, ADVERTISE_PORTS);
	assert_true(c->listener.internal_load_balancing);
	assert_string_equal(c->cluster_id, "gateway");
	assert_string_equal(c->group_id, "anyport_gateway");
	assert_null(c->rack_id);
	assert_int_equal(c->mapping, MAPPING_RANDOM);
	assert_int_equal(c->session_timeout_ms, 10000);
	assert_int_equal(c->heartbeat_interval_ms, 1000);
	snprintf(host + strlen(host), sizeof host - strlen(host), "-6969");
	assert_string_equal(c->node_id, host);
	host[strlen(host) - strlen("-6969")] = '\0';
	assert_int_equal(c->listener.proxy_protocol, PROXY_OFF);
	assert_int_equal(c->proxy_trusted_count, 2);
	assert_int_equal(c->proxy_trusted[0].bits, 104);
	assert_int_equal(c->proxy_trusted[1].bits, 128);
	assert_int_equal(c->http_port, 8888);
	assert_true(c->workers >= 1);
	assert_string_equal(c->log_level, "info");
	assert_int_equal(c->max_connections, 10000);
	assert_int_equal(c->max_connections_per_address, 0);
	assert_int_equal(c->max_frame_bytes, 104857600);
	assert_int_equal(c->memory_budget_bytes, 536870912);
	assert_int_equal(c->connect_timeout_ms, 5000);
	assert_int_equal(c->head_timeout_ms, 10000);
	assert_int_equal(c->body_timeout_ms, 30000);
	assert_int_equal(c->idle_timeout_ms, 660000);
	assert_int_equal(c->request_timeout_ms, 30000);
	assert_int_equal(c->drain_timeout_ms, 30000);
	assert_int_equal(c->metadata_refresh_ms, 30000);
	assert_int_equal(c->node_count, 0);
	assert_int_equal(c->haproxy_listen_port, 6969);
	config_free(c);
}

/* A secret's file, and what the options say then; NULL: refused, for this. */
static void a_secret_may_stand_in_a_file(void **state)
{
	static const struct {
		const char *text, *secret, *why;
	} rows[] = {
		{ "sesame\n", "sesame", NULL },
		{ "open sesame", "open sesame", NULL },
		{ "two\nlines\n", "two\nlines", NULL },
		{ "", NULL,
		  "environment: GATEWAY_CLUSTER_SECRET_FILE: FILE: not a "
		  "secret; one line of 1 to 1024 bytes\n" },
		{ "\n", NULL,
		  "environment: GATEWAY_CLUSTER_SECRET_FILE: FILE: not a "
		  "secret; one line of 1 to 1024 bytes\n" },
		{ NULL, NULL,
		  "environment: GATEWAY_CLUSTER_SECRET_FILE: FILE: No "
		  "such file or directory\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		FILE *out = rows[i].text != NULL ? fopen(path, "w") : NULL;
		char variables[200];
		struct config *c;

		if (out != NULL) {
			fputs(rows[i].text, out);
			fclose(out);
		} else {
			unlink(path);
		}
		forget_environment();
		snprintf(variables, sizeof variables,
			 "KAFKA_BOOTSTRAP_SERVERS=k:1\nGATEWAY_CLUSTER_SECRET_FILE=%s\n", path);
		set_variables(variables);
		c = load_path(NULL);
		assert_string_equal(told, rows[i].why != NULL ? rows[i].why : "");
		assert_int_equal(c == NULL, rows[i].secret == NULL);
		if (c != NULL)
			assert_string_equal(c->cluster_secret, rows[i].secret);
		config_free(c);
	}
	set_variables("GATEWAY_CLUSTER_SECRET=x\n");
	assert_null(load_path(NULL));
	assert_string_equal(told,
			    "environment: GATEWAY_CLUSTER_SECRET_FILE: GATEWAY_CLUSTER_SECRET says "
			    "it too; one of them\n");
	forget_environment();
}

static void the_environment_wins(void **state)
{
	struct config *c;

	(void)state;
	forget_environment();
	set_variables(
		"GATEWAY_PORT_START=7000\nGATEWAY_ADVERTISED_LISTENER=[2001:db8::1]:9000\n"
		"KAFKA_BOOTSTRAP_SERVERS=a:1, [::1]:2\nGATEWAY_PROXY_TRUSTED=10.0.0.0/8,::/0\n"
		"HAPROXY_NODES=n1=10.0.0.1,n2=[::2]:99\nGATEWAY_MAX_FRAME=1000000\n"
		"GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING=False\n");
	c = load(KAFKA
		 "gateway: { port_start = 5000; port_count = 3; advertised_host = \"file\"; };\n");
	forget_environment();
	assert_string_equal(told, "");
	assert_non_null(c);
	assert_int_equal(c->listener.port_start, 7000);
	assert_int_equal(c->listener.port_count, 3);
	assert_string_equal(c->listener.advertised_host, "2001:db8::1");
	assert_int_equal(c->listener.advertised_port, 9000);
	assert_int_equal(c->haproxy_listen_port, 9000);
	assert_string_equal(c->bootstrap_servers, "a:1,[::1]:2");
	assert_int_equal(c->proxy_trusted_count, 2);
	assert_int_equal(c->proxy_trusted[0].bits, 104);
	assert_int_equal(c->proxy_trusted[1].bits, 0);
	assert_false(c->listener.internal_load_balancing);
	assert_int_equal(c->max_frame_bytes, 1000000);
	assert_int_equal(c->node_count, 2);
	assert_string_equal(c->nodes[0].name, "n1");
	assert_int_equal(c->nodes[0].http_port, 8888);
	assert_string_equal(c->nodes[1].host, "::2");
	assert_int_equal(c->nodes[1].http_port, 99);
	config_free(c);
}

struct amount {
	const char *size;
	int64_t bytes;
	const char *time;
	int ms;
};

static const struct amount amounts[] = {
	{ "\"1 KiB\"", 1024, "\"1 ms\"", 1 },
	{ "\"1500kB\"", 1500000, "\"1500ms\"", 1500 },
	{ "\"7  MiB\"", 7340032, "\"7  s\"", 7000 },
	{ "\"7 MB\"", 7000000, "\"10 min\"", 600000 },
	{ "\"1 GB\"", 1000000000, "\"2 h\"", 7200000 },
	{ "\"1 GiB\"", 1073741824, "\"576 h\"", 2073600000 },
	{ "\"2048\"", 2048, "\"90 s\"", 90000 },
	{ "4096", 4096, "\"007 s\"", 7000 },
};

static void amounts_have_units(void **state)
{
	char text[512];

	(void)state;
	forget_environment();
	for (size_t i = 0; i < ARRAY_LEN(amounts); i++) {
		struct config *c;

		snprintf(text, sizeof text,
			 KAFKA
			 "gateway: { limits: { frame = %s; memory = \"2 GiB\"; }; timeouts: { "
			 "connect = %s; }; };\n",
			 amounts[i].size, amounts[i].time);
		c = load(text);
		assert_string_equal(told, "");
		assert_non_null(c);
		assert_int_equal(c->max_frame_bytes, amounts[i].bytes);
		assert_int_equal(c->connect_timeout_ms, amounts[i].ms);
		config_free(c);
	}
}

/* Two addresses may have one port. */
static void http_may_share_a_port_on_another_address(void **state)
{
	struct config *c;

	(void)state;
	forget_environment();
	c = load(KAFKA
		 "gateway: { bind_host = \"127.0.0.1\"; http_host = \"127.0.0.2\"; http_port = "
		 "6969; };\n");
	assert_non_null(c);
	config_free(c);
}

/* --- print and load again ----------------------------------------------- */

static void print(const struct config *c, char text[TEXT])
{
	FILE *out = fmemopen(text, TEXT, "w");

	assert_non_null(out);
	config_print(c, out);
	assert_int_equal(fclose(out), 0);
	assert_true(strlen(text) < TEXT - 1);
}

/* The values only: lines without their comment. */
static void strip_comments(char *text)
{
	char *to = text;

	for (const char *p = text; *p != '\0'; p++) {
		if (p[0] == '#')
			p += strcspn(p, "\n");
		*to++ = *p;
	}
	*to = '\0';
}

static void what_is_printed_loads_back(void **state)
{
	static const char *const files[] = {
		KAFKA,
		"kafka: { bootstrap_servers = [\"a:1\", \"[::1]:2\"]; };\n"
		"gateway: { bind_host = \"we\\\"ird\\\\\\x01\"; port_start = 1; port_count = 65535;\n"
		"http_host = \"h\"; advertised_listener = \"[::1]:1\"; min_broker_id = 2147483647;\n"
		"advertised_mode = \"single\"; internal_load_balancing = false; zone = \"here\";\n"
		"proxy_protocol = \"require\"; proxy_trusted = [\"0.0.0.0/0\", \"2001:db8::/32\", "
		"\"::/0\", \"1.2.3.4\"];\n"
		"security_protocol = \"PLAINTEXT\"; workers = 3; log_level = \"debug\";\n"
		"limits: { connections = 5; connections_per_address = 4; frame = \"1025 B\"; memory = "
		"\"3 MB\"; };\n"
		"timeouts: { connect = \"1 ms\"; head = \"61 s\"; idle = \"601 s\"; }; };\n"
		"haproxy: { listen = \"lb:7\"; nodes = ( { name = \"a\"; host = \"::1\"; http_port = 7; "
		"}, { name = \"b\"; host = \"h\"; } ); };\n",
		KAFKA "gateway: { proxy_trusted = (); }; haproxy: { nodes = (); };\n",
		KAFKA "gateway: { zones = [ \"10.1.0.0/16=use1-az1\", \"::1=b\" ]; };\n",
		KAFKA
		"haproxy: { listen = \"[::1]:9092-9096\"; nodes = ( { name = \"a\"; host = \"h\"; "
		"rack = \"r1\"; } ); discover = \"gw.lab\"; dns_servers = \"10.0.0.53:53,[::1]:53\"; "
		"balance = \"hash\"; stickiness = \"source+client-id\"; table_size = 4096; "
		"table_expire = \"36 h\"; peers = ( \"lb1=10.0.0.8:1\", \"lb2=[::2]:3\" ); "
		"local_peer = \"lb2\"; tls = \"reencrypt\"; sni_routes = ( \"b1.lab=9093\" ); "
		"accept_proxy = ( \"10.0.0.0/8\" ); splice = false; user = \"a:b\"; };\n",
	};

	(void)state;
	forget_environment();
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		static char once[TEXT], twice[TEXT];
		struct config *c = load(files[i]);

		assert_string_equal(told, "");
		assert_non_null(c);
		print(c, once);
		config_free(c);
		c = load(once);
		assert_string_equal(told, "");
		assert_non_null(c);
		print(c, twice);
		config_free(c);
		strip_comments(once);
		strip_comments(twice);
		assert_string_equal(once, twice);
	}
}

static void a_part_can_be_had_and_changed(void **state)
{
	char why[CONFIG_WHY_MAX];
	struct config *c;

	(void)state;
	forget_environment();
	set_variables("HAPROXY_PEERS=a=h:1\nGATEWAY_PORT_START=7\n");
	c = config_load_part("haproxy.", stderr);
	forget_environment();
	assert_non_null(c);
	assert_null(c->bootstrap_servers);
	assert_int_equal(c->listener.port_start, 0); /* another part */
	assert_int_equal(c->haproxy.table_size, 102400);
	assert_int_equal(c->haproxy.peer_count, 1);
	assert_true(config_set(c, "haproxy.peers", "b=h:2,c=[::1]:3", why));
	assert_int_equal(c->haproxy.peer_count, 2);
	assert_string_equal(c->haproxy.peers[1].host, "::1");
	assert_int_equal(c->haproxy.peers[1].port, 3);
	assert_true(config_set(c, "haproxy.nodes", "n1=[::2]:80@r,n2=h", why));
	assert_string_equal(c->nodes[0].rack, "r");
	assert_int_equal(c->nodes[1].http_port, 0);
	assert_true(config_set(c, "haproxy.listen", "*:9092-9094", why));
	assert_string_equal(c->haproxy_listen_host, "0.0.0.0");
	assert_int_equal(c->haproxy_listen_last, 9094);
	assert_true(config_set(c, "haproxy.rack", "r", why));
	assert_true(config_set(c, "haproxy.rack", "", why));
	assert_null(c->haproxy.rack);
	assert_false(config_set(c, "haproxy.tls", "yes", why));
	assert_non_null(strstr(why, "none, passthrough, terminate, reencrypt"));
	config_free(c);
}

static void a_value_says_where_it_came_from(void **state)
{
	char text[TEXT];
	struct config *c;

	(void)state;
	forget_environment();
	set_variables("GATEWAY_HTTP_PORT=9999\n");
	c = load(KAFKA "gateway: {\n port_start = 7000;\n};\n");
	forget_environment();
	assert_non_null(c);
	print(c, text);
	config_free(c);
	replace(text, path, "FILE");
	assert_non_null(strstr(text, "port_start = 7000; # GATEWAY_PORT_START: FILE:3\n"));
	assert_non_null(strstr(text, "http_port = 9999; # GATEWAY_HTTP_PORT: environment\n"));
	assert_non_null(strstr(text, "\t\tidle = \"11 min\"; # GATEWAY_IDLE_TIMEOUT: default\n"));
}

/* --- the rows ----------------------------------------------------------- */

static size_t group_of(const char *key)
{
	return (size_t)(strrchr(key, '.') - key);
}

static void rows_are_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < config_option_count; i++) {
		const struct config_option *o = &config_options[i];

		assert_non_null(strchr(o->key, '.'));
		assert_non_null(o->help);
		assert_ptr_equal(option_by_key(o->key), o);
		assert_ptr_equal(option_by_env(o->env), o);
		assert_int_equal(o->key_also == NULL, o->env_also == NULL);
		if (o->kind == OPTION_WORD || o->kind == OPTION_NAME)
			assert_non_null(o->words);
		/* a group that was left is not entered again */
		for (size_t j = 0; i > 0 && j + 1 < i; j++) {
			size_t n = group_of(o->key);

			if (group_of(config_options[j].key) == n &&
			    strncmp(config_options[j].key, o->key, n) == 0)
				assert_int_equal(strncmp(config_options[i - 1].key, o->key, n), 0);
		}
	}
}

static void help_names_every_option(void **state)
{
	char text[TEXT] = "";
	FILE *out = fmemopen(text, sizeof text, "w");

	(void)state;
	assert_non_null(out);
	config_help(out);
	fclose(out);
	for (size_t i = 0; i < config_option_count; i++) {
		assert_non_null(strstr(text, config_options[i].key));
		assert_non_null(strstr(text, config_options[i].env));
	}
}

static void the_sample_file_loads_to_the_defaults(void **state)
{
	static char sample[TEXT], plain[TEXT];
	struct config *c;

	(void)state;
	forget_environment();
	c = load_path("examples/anyport.conf");
	assert_string_equal(told, "");
	assert_non_null(c);
	print(c, sample);
	config_free(c);
	set_variables("GATEWAY_DOWNSTREAM_THREAD=2\nGATEWAY_ADVERTISED_HOST=kafka.example.com\n"
		      "KAFKA_BOOTSTRAP_SERVERS=broker1:9092,broker2:9092,broker3:9092\n");
	c = load_path(NULL);
	forget_environment();
	assert_non_null(c);
	print(c, plain);
	config_free(c);
	strip_comments(sample);
	strip_comments(plain);
	assert_string_equal(sample, plain);
}

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_whole),
		cmocka_unit_test(membership_is_switched_off),
		cmocka_unit_test(a_node_has_a_name),
		cmocka_unit_test(defaults_are_the_documented_ones),
		cmocka_unit_test(a_secret_may_stand_in_a_file),
		cmocka_unit_test(the_environment_wins),
		cmocka_unit_test(amounts_have_units),
		cmocka_unit_test(mistakes_are_all_told),
		cmocka_unit_test(no_file_is_told),
		cmocka_unit_test(mistyped_variables_are_warned_of),
		cmocka_unit_test(a_zone_of_one_node_is_none_of_its_clients),
		cmocka_unit_test(one_port_tells_no_brokers_apart),
		cmocka_unit_test(http_may_share_a_port_on_another_address),
		cmocka_unit_test(what_is_printed_loads_back),
		cmocka_unit_test(a_part_can_be_had_and_changed),
		cmocka_unit_test(a_value_says_where_it_came_from),
		cmocka_unit_test(help_names_every_option),
		cmocka_unit_test(the_sample_file_loads_to_the_defaults),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}

/* Where clients come in: listeners, limits, and what is decided by their first bytes. */
#include "plan/render_parts.h"
#include "plan/stickiness.h"

#include <arpa/inet.h>

static void write_bind(const struct haproxy_plan *plan, FILE *out)
{
	const struct config_haproxy *want = &plan->config->haproxy;

	if (want->tls_client_auth == CLIENT_AUTH_REQUESTED)
		WHY("Clients may show a certificate; one that is not signed by --tls-client-ca ends "
		    "the connection.");
	fputs("    bind ", out);
	cfgtext_host(out, plan->listen_host);
	fputc(':', out);
	cfgtext_ports(out, plan->listen.first, plan->listen.last);
	if (plan->ends_tls) {
		fprintf(out, " ssl crt %s", want->tls_certificate);
		if (want->tls_client_auth != CLIENT_AUTH_NONE)
			fprintf(out, " ca-file %s verify %s", want->tls_client_ca,
				want->tls_client_auth == CLIENT_AUTH_REQUIRED ? "required"
									      : "optional");
	}
	fputc('\n', out);
	if (plan->ends_tls)
		WHY("No ALPN: Kafka's clients offer none.");
}

static void write_networks(const struct config_net *nets, size_t count, FILE *out)
{
	for (size_t i = 0; i < count; i++) {
		bool v4 = IN6_IS_ADDR_V4MAPPED(&nets[i].addr) && nets[i].bits >= 96;
		char text[INET6_ADDRSTRLEN];

		if (v4)
			inet_ntop(AF_INET, nets[i].addr.s6_addr + 12, text, sizeof text);
		else
			inet_ntop(AF_INET6, &nets[i].addr, text, sizeof text);
		fprintf(out, " %s/%u", text, v4 ? nets[i].bits - 96 : nets[i].bits);
	}
}

static void write_accept_proxy(const struct config_haproxy *want, FILE *out)
{
	if (want->accept_proxy_count == 0)
		return;
	WHY("These put a PROXY header before what clients send, and only theirs is believed.");
	fputs("    tcp-request connection expect-proxy layer4 if { src", out);
	write_networks(want->accept_proxy, want->accept_proxy_count, out);
	fputs(" }\n", out);
}

/* An address is known when the connection is, or when its PROXY header has come. */
static void write_source_limits(const struct config_haproxy *want, FILE *out)
{
	const char *when = want->accept_proxy_count > 0 ? "session" : "connection";

	if (want->limit_source == 0 && want->limit_source_rate == 0)
		return;
	WHY("An address that has too many is refused at once. This is not logged: `show stat` counts "
	    "it as %s.",
	    want->accept_proxy_count > 0 ? "dses" : "dcon");
	LINE("tcp-request %s track-sc0 src table " RENDER_LIMIT_SOURCE, when);
	if (want->limit_source > 0)
		LINE("tcp-request %s reject if { sc0_conn_cur(" RENDER_LIMIT_SOURCE ") gt %d }",
		     when, want->limit_source);
	if (want->limit_source_rate > 0)
		LINE("tcp-request %s reject if { sc0_conn_rate(" RENDER_LIMIT_SOURCE ") gt %d }",
		     when, want->limit_source_rate);
}

static void write_client_limits(const struct config_haproxy *want, FILE *out)
{
	if (want->limit_client_id == 0 && want->limit_client_id_rate == 0)
		return;
	WHY("A client.id that has too many; clients without one are not counted.");
	LINE("tcp-request content track-sc1 req.payload_lv(12,2) table " RENDER_LIMIT_CLIENT_ID
	     " if has_client_id");
	if (want->limit_client_id > 0)
		LINE("tcp-request content reject if has_client_id { sc1_conn_cur(" RENDER_LIMIT_CLIENT_ID
		     ") gt %d }",
		     want->limit_client_id);
	if (want->limit_client_id_rate > 0)
		LINE("tcp-request content reject if has_client_id { sc1_conn_rate(" RENDER_LIMIT_CLIENT_ID
		     ") gt %d }",
		     want->limit_client_id_rate);
}

/* --- by the first bytes ---------------------------------------------------- */

/* The port a name stands for, as the client would have used it. */
static void write_routes(const struct haproxy_plan *plan, FILE *out)
{
	const struct config_haproxy *want = &plan->config->haproxy;

	if (want->sni_route_count == 0)
		return;
	WHY("A server name stands for a port; any other name, and none, keeps the port that the "
	    "client used.");
	for (size_t i = 0; i < want->sni_route_count; i++)
		LINE("tcp-request content set-dst-port int(%d) if { var(txn.sni) -m str -i %s }",
		     want->sni_routes[i].port - plan->port_offset, want->sni_routes[i].name);
}

/* What encrypted bytes tell: no more than the server name. */
static void write_tls_inspection(const struct haproxy_plan *plan, FILE *out)
{
	WHY("A TLS connection begins with 0x16 and names the server in its first message. Without the "
	    "wait that name would be there in some connections and not in others. What is not TLS is "
	    "refused at once. Clients speak first, though a cold one was seen to take 1.6 s.");
	LINE("tcp-request inspect-delay 10s");
	LINE("acl has_a_byte req.payload(0,1) -m found");
	LINE("acl begins_like_tls req.payload(0,1) -m bin 16");
	LINE("acl has_tls_hello req.ssl_hello_type 1");
	LINE("tcp-request content reject if has_a_byte !begins_like_tls");
	if (model_needs_sni(plan))
		LINE("tcp-request content set-var(txn.sni) req.ssl_sni,lower if has_tls_hello");
	write_routes(plan, out);
	stickiness_write_key(plan, out);
	LINE("tcp-request content accept if has_tls_hello");
	LINE("tcp-request content reject");
}

/* The id is in the header of every request, of every version, at the same place. */
static void write_client_id(FILE *out)
{
	WHY("The refusal comes first: what is not Kafka has lengths to wait for that never come. A "
	    "client without an id is known by its address.");
	LINE("acl has_a_byte req.payload(0,1) -m found");
	LINE("acl has_client_id req.payload_lv(12,2) -m found");
	LINE("acl has_no_client_id req.payload(12,2) -m bin ffff 0000");
	LINE("tcp-request content reject if has_a_byte !begins_like_kafka");
	LINE("tcp-request content set-var(txn.client) src");
	LINE("tcp-request content set-var(txn.client) req.payload_lv(12,2) if has_client_id");
}

static void write_kafka_inspection(const struct haproxy_plan *plan, FILE *out)
{
	bool by_id = model_needs_client_id(plan);

	WHY("A Kafka connection begins with the size of its first request: below 16 MiB, so the "
	    "first byte is 0. TLS begins with 0x16 and HTTP with a letter; a node would take "
	    "either for the size of a huge request and wait for it. Clients speak first, though a "
	    "cold one was seen to take 1.6 s.");
	LINE("tcp-request inspect-delay 10s");
	LINE("acl begins_like_kafka req.payload(0,1) -m bin 00");
	if (by_id)
		write_client_id(out);
	if (model_needs_sni(plan))
		LINE("tcp-request content set-var(txn.sni) ssl_fc_sni,lower");
	write_routes(plan, out);
	stickiness_write_key(plan, out);
	write_client_limits(&plan->config->haproxy, out);
	LINE("tcp-request content accept if %s",
	     by_id ? "has_client_id or has_no_client_id" : "begins_like_kafka");
	LINE("tcp-request content reject");
}

/* --- the log --------------------------------------------------------------- */

static void write_json(const struct haproxy_plan *plan, FILE *out)
{
	WHY("A line of JSON a connection: tw, tc and tt are milliseconds in the queue, to connect "
	    "and all together; term says who ended it; rc has a + after a redispatch.");
	fputs("    log-format '{\"ts\":\"%Ts.%ms\",\"client\":\"%ci:%cp\",\"bind\":\"%fi:%fp\","
	      "\"fe\":\"%f\",\"be\":\"%b\",\"srv\":\"%s\",\"srv_addr\":\"%si:%sp\"",
	      out);
	if (model_needs_client_id(plan))
		fputs(",\"client_id\":\"%[var(txn.client),json(utf8s)]\"", out);
	if (model_needs_sni(plan))
		fputs(",\"sni\":\"%[var(txn.sni),json(utf8s)]\"", out);
	if (plan->ends_tls)
		fputs(",\"tls\":\"%sslv\"", out);
	if (plan->config->haproxy.tls_client_auth != CLIENT_AUTH_NONE)
		fputs(",\"cert\":\"%[ssl_c_s_dn(cn),json(utf8s)]\"", out);
	fputs(",\"tw\":%Tw,\"tc\":%Tc,\"tt\":%Tt,\"in\":%U,\"out\":%B,\"term\":\"%ts\","
	      "\"fc\":%fc,\"bc\":%bc,\"sc\":%sc,\"rc\":\"%rc\"}'\n",
	      out);
}

/* Clients of every listener together: what each has is added up. */
static void write_most(const struct haproxy_plan *plan, FILE *out)
{
	int most = model_sizing(plan).connections;
	char name[RENDER_NAME_MAX];
	bool is_begun = false;

	if (plan->name == NULL) {
		LINE("tcp-request connection reject if { fe_conn gt %d }", most);
		return;
	}
	for (const struct haproxy_plan *p = plan->first; p != NULL; p = p->next) {
		LINE("tcp-request connection set-var(sess.clients) fe_conn(%s)%s",
		     render_name(p, RENDER_FRONTEND, name), is_begun ? ",add(sess.clients)" : "");
		is_begun = true;
	}
	LINE("tcp-request connection reject if { var(sess.clients) -m int gt %d }", most);
}

void render_frontend(const struct haproxy_plan *plan, FILE *out)
{
	char name[RENDER_NAME_MAX];

	fprintf(out, "\nfrontend %s from kafka\n", render_name(plan, RENDER_FRONTEND, name));
	write_bind(plan, out);
	if (plan->config->haproxy.log_format == LOG_FORMAT_JSON)
		write_json(plan, out);
	WHY("Refuse at once what could not be served: above maxconn a client would hang, unlogged, "
	    "until its own timeout, and without a node it would be accepted and then closed.");
	write_most(plan, out);
	render_name(plan, RENDER_BACKEND, name);
	LINE("tcp-request connection reject if { nbsrv(%s) lt 1 }", name);
	write_accept_proxy(&plan->config->haproxy, out);
	write_source_limits(&plan->config->haproxy, out);
	if (plan->config->haproxy.tls == TLS_PASSTHROUGH)
		write_tls_inspection(plan, out);
	else
		write_kafka_inspection(plan, out);
	LINE("default_backend %s", name);
}

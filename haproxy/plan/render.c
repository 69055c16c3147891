#include "plan/render.h"

#include "plan/render_parts.h"
#include "plan/sizing.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* --- the head -------------------------------------------------------------- */

static void write_way(const struct haproxy_plan *plan, FILE *out)
{
	int nodes = model_node_count(plan);

	fputs("#\n# ", out);
	if (plan->name != NULL)
		fprintf(out, "Listener %s: ", plan->name);
	fputs("Kafka clients -> HAProxy ", out);
	cfgtext_host(out, plan->listen_host);
	fputc(':', out);
	cfgtext_ports(out, plan->listen.first, plan->listen.last);
	fprintf(out, " -> %s%d gateway node%s, ",
		plan->config->haproxy.discover != NULL ? "up to " : "", nodes,
		nodes == 1 ? "" : "s");
	switch (plan->port_map) {
	case PORT_MAP_SAME:
		fputs("on the port that the client used\n", out);
		break;
	case PORT_MAP_OFFSET:
		fprintf(out, "on the port that the client used %+d\n", plan->port_offset);
		break;
	case PORT_MAP_FIXED:
		fprintf(out, "on port %d\n", plan->node_ports.first);
		break;
	}
}

static void write_tls_way(const struct haproxy_plan *plan, FILE *out)
{
	static const char *const tls[] = {
		[TLS_NONE] = NULL,
		[TLS_PASSTHROUGH] = "TLS: passed on as it is; the nodes end it.",
		[TLS_TERMINATE] = "TLS: ended here; what goes to the nodes is not encrypted.",
		[TLS_REENCRYPT] = "TLS: ended here, and begun anew towards the nodes.",
	};
	const char *how = tls[plan->config->haproxy.tls];

	if (how != NULL)
		cfgtext_head(out, "%s", how);
}

static void write_head(const struct haproxy_plan *plan, FILE *out)
{
	struct version oldest = model_oldest(plan);
	char version[VERSION_TEXT_MAX];

	cfgtext_head(out,
		     "Made by `anyportctl haproxy generate`: do not edit, change the gateway's "
		     "configuration or the command's flags and make it anew.");
	for (const struct haproxy_plan *p = plan->first; p != NULL; p = p->next) {
		write_way(p, out);
		write_tls_way(p, out);
	}
	if (plan->name != NULL)
		fputs("#\n", out);
	cfgtext_head(out, "Any node answers any request on any port, so every connection may go to "
			  "any node.");
	fputs("#\n", out);
	cfgtext_head(out, "For HAProxy %s and later. Before it is used: haproxy -c -dW -f FILE",
		     version_print(&oldest, version));
}

/* --- global ---------------------------------------------------------------- */

static void why_so_many(const struct haproxy_plan *plan, const struct sizing *s, FILE *out)
{
	int nodes_take = model_connections_of_nodes(plan);

	if (plan->config->haproxy.maxconn > 0)
		WHY("%d clients, as asked for with --maxconn.", s->connections);
	else if (s->is_capped && nodes_take > 0)
		WHY("%d clients: the nodes take %d together (gateway.limits.connections), but more "
		    "do not fit into --fd-limit.",
		    s->connections, nodes_take);
	else if (s->is_capped)
		WHY("%d clients: as many as fit into --fd-limit.", s->connections);
	else if (nodes_take > 0)
		WHY("%d clients: what the nodes take together (gateway.limits.connections).",
		    s->connections);
	else
		WHY("%d clients: --maxconn says another number.", s->connections);
}

static void write_sizes(const struct haproxy_plan *plan, FILE *out)
{
	struct sizing s = model_sizing(plan);
	int all = s.connections + s.spare;
	int limit = plan->config->haproxy.fd_limit;

	why_so_many(plan, &s, out);
	if (s.pipes > 0)
		WHY("At most %d descriptors: 2 x (%d clients + %d to spare), 2 x %d pipes, %d for "
		    "listeners, checks and threads. HAProxy must be allowed that many (ulimit "
		    "-n; here up to %d, --fd-limit) or it does not start.",
		    s.descriptors, s.connections, s.spare, s.pipes,
		    s.descriptors - 2 * all - 2 * s.pipes, limit);
	else
		WHY("At most %d descriptors: 2 x (%d clients + %d to spare), %d for listeners, "
		    "checks and threads. HAProxy must be allowed that many (ulimit -n; here up "
		    "to %d, --fd-limit) or it does not start.",
		    s.descriptors, s.connections, s.spare, s.descriptors - 2 * all, limit);
	WHY("With one node left it takes %d source ports towards it; here are %d "
	    "(net.ipv4.ip_local_port_range) for each of its ports.",
	    s.connections, plan->config->haproxy.source_ports);
	LINE("maxconn %d", all);
	if (s.pipes == 0)
		return;
	WHY("For splice: one for four connections, as only those that move bytes need one; at "
	    "most 1024, as Linux gives no more at full size to an ordinary user "
	    "(fs.pipe-user-pages-soft). Without a pipe the bytes are copied.");
	LINE("maxpipes %d", s.pipes);
}

static void write_tls_versions(const struct haproxy_plan *plan, FILE *out)
{
	const struct config_haproxy *want = &plan->whole->haproxy;
	const char *version = want->tls_min_version == TLS_VERSION_13 ? "TLSv1.3" : "TLSv1.2";

	if (!model_some_ends_tls(plan))
		return;
	WHY("No tickets: their key would be as old as this process, and lost with it.");
	LINE("ssl-default-bind-options ssl-min-ver %s no-tls-tickets", version);
	if (want->tls == TLS_REENCRYPT)
		LINE("ssl-default-server-options ssl-min-ver %s", version);
}

static void write_log(const struct config_haproxy *want, FILE *out)
{
	const char *target = want->log_target;

	if (strcmp(target, "stdout") == 0 || strcmp(target, "stderr") == 0) {
		WHY("Under systemd this is the journal.");
		LINE("log %s format raw local0 info", target);
	} else {
		LINE("log %s local0 info", target);
	}
}

static void write_user(const char *user, FILE *out)
{
	size_t length = strcspn(user, ":");

	LINE("user %.*s", (int)length, user);
	LINE("group %s", user[length] == ':' ? user + length + 1 : user);
}

static void write_global(const struct haproxy_plan *plan, FILE *out)
{
	const struct config_haproxy *want = &plan->config->haproxy;
	char time[CFGTEXT_TIME_MAX];

	fputs("\nglobal\n", out);
	write_sizes(plan, out);
	WHY("After a reload the old process serves its connections on, and Kafka's live for "
	    "hours: close the last of them then. Clients reconnect by themselves.");
	LINE("hard-stop-after %s", cfgtext_time(time, want->hard_stop_after_ms));
	write_log(want, out);
	if (want->user != NULL)
		write_user(want->user, out);
	write_tls_versions(plan, out);
	if (want->stats_socket != NULL) {
		LINE("stats socket %s mode 600 level admin expose-fd listeners",
		     want->stats_socket);
		LINE("stats timeout 30s");
	}
	if (want->local_peer != NULL) {
		WHY("Which of the peers this HAProxy is: the one line that differs among them.");
		LINE("localpeer %s", want->local_peer);
	}
}

/* --- peers ----------------------------------------------------------------- */

static void write_peers(const struct config_haproxy *want, FILE *out)
{
	if (want->peer_count == 0)
		return;
	fputs("\npeers " RENDER_PEERS "\n", out);
	WHY("The stick table is told to each of them, and to this one's next process after a reload. "
	    "In clear and to whoever connects: let nobody else reach these ports.");
	for (size_t i = 0; i < want->peer_count; i++) {
		fprintf(out, "    peer %s ", want->peers[i].name);
		cfgtext_host(out, want->peers[i].host);
		fprintf(out, ":%d\n", want->peers[i].port);
	}
}

/* --- defaults -------------------------------------------------------------- */

/* Both sides alike: when one is shorter, it ends the connection for both. */
static void write_timeouts(const struct haproxy_plan *plan, FILE *out)
{
	char time[CFGTEXT_TIME_MAX];

	WHY("A minute more than %s, the longest of what may keep a connection silent, so that "
	    "HAProxy never is the one that closes. No `timeout tunnel`, which would take the "
	    "place of both.",
	    model_silence(plan).what);
	LINE("timeout client %s", cfgtext_time(time, model_timeout_ms(plan)));
	LINE("timeout server %s", cfgtext_time(time, model_timeout_ms(plan)));
	WHY("What a node that swallows packets costs each try.");
	LINE("timeout connect 3s");
	LINE("timeout check 2s");
	LINE("timeout queue 5s");
}

static void write_keepalive(FILE *out)
{
	WHY("A peer that vanished without a word is noticed after 60 + 6 x 10 seconds.");
	LINE("option clitcpka");
	LINE("clitcpka-idle 60s");
	LINE("clitcpka-intvl 10s");
	LINE("clitcpka-cnt 6");
	LINE("option srvtcpka");
	LINE("srvtcpka-idle 60s");
	LINE("srvtcpka-intvl 10s");
	LINE("srvtcpka-cnt 6");
}

static void write_splice(const struct haproxy_plan *plan, FILE *out)
{
	if (plan->config->haproxy.splice && !model_each_ends_tls(plan)) {
		WHY("Move bytes inside the kernel: half of HAProxy's CPU time with Kafka's large "
		    "batches. Not splice-auto, which never does it here.%s",
		    model_some_ends_tls(plan) ? " Where TLS ends here they are copied." : "");
		LINE("option splice-request");
		LINE("option splice-response");
	} else if (plan->config->haproxy.splice) {
		WHY("No splice: bytes that are encrypted here can't stay in the kernel.");
	}
}

static void write_defaults(const struct haproxy_plan *plan, FILE *out)
{
	fputs("\ndefaults kafka\n", out);
	LINE("mode tcp");
	LINE("log global");
	WHY("A line is written when a connection ends, and none for port probes.");
	if (plan->config->haproxy.log_format == LOG_FORMAT_TEXT)
		LINE("option tcplog");
	LINE("option dontlognull");
	write_timeouts(plan, out);
	WHY("Try another node at once when one refuses. The 1 is for connections that stick to a "
	    "node: without it only their last try, seconds later, goes elsewhere.");
	LINE("option redispatch 1");
	LINE("retries 3");
	write_keepalive(out);
	write_splice(plan, out);
}

void render_plan(const struct haproxy_plan *plan, FILE *out)
{
	write_head(plan, out);
	write_global(plan, out);
	render_resolvers(plan, out);
	write_peers(&plan->config->haproxy, out);
	write_defaults(plan, out);
	for (const struct haproxy_plan *p = plan->first; p != NULL; p = p->next) {
		render_frontend(p, out);
		render_backend(p, out);
	}
	render_limits(plan, out);
	render_pages(plan, out);
}

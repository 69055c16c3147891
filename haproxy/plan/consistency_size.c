/* Words HAProxy must read as one, and numbers that must fit. */
#include "plan/consistency_parts.h"

#include "plan/endpoint.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

enum {
	/* sun_path has 108 bytes; HAProxy binds PATH.PID.tmp and renames it. */
	SOCKET_PATH_LONGEST = 90,
};

/* A file that HAProxy opens when it starts. */
static void check_path(const char *flag, const char *path, struct findings *f)
{
	if (path == NULL)
		return;
	if (path[0] != '/')
		findings_refuse(f,
				"%s %s: give an absolute path: HAProxy may start in another folder",
				flag, path);
	else if (!consistency_is_plain_word(path))
		findings_refuse(f, "%s %s: use letters, digits and / . _ - + : @ , only", flag,
				path);
}

static bool is_user_name(const char *s, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (!isalnum((unsigned char)s[i]) && strchr("._-", s[i]) == NULL)
			return false;
	}
	return length > 0 && s[0] != '-';
}

static void check_user(const char *user, struct findings *f)
{
	size_t length = user != NULL ? strcspn(user, ":") : 0;

	if (user == NULL)
		return;
	if (!is_user_name(user, length) ||
	    (user[length] == ':' && !is_user_name(user + length + 1, strlen(user + length + 1))))
		findings_refuse(f,
				"--user %s: it is NAME or NAME:GROUP, of letters, digits, '.', '-' "
				"and '_'",
				user);
}

static void check_log_target(const char *target, struct findings *f)
{
	struct endpoint e = { 0 };

	if (target == NULL || strcmp(target, "stdout") == 0 || strcmp(target, "stderr") == 0)
		return;
	if (target[0] == '/')
		check_path("--log-target", target, f);
	else if (endpoint_parse(target, &e) != NULL || e.is_range)
		findings_refuse(f,
				"--log-target %s: it is stdout, stderr, the path of a socket or "
				"HOST:PORT of a syslog server",
				target);
	endpoint_deinit(&e);
}

static void check_dns_servers(const char *servers, struct findings *f)
{
	for (const char *s = servers; s != NULL && *s != '\0';) {
		size_t n = strcspn(s, ",");
		char text[300];
		struct endpoint e = { 0 };

		snprintf(text, sizeof text, "%.*s", (int)n, s);
		if (endpoint_parse(text, &e) != NULL || !endpoint_is_address(e.host))
			findings_refuse(f,
					"--dns-server %s: it is the ADDRESS:PORT of a name server, "
					"not a name that would have to be asked for itself",
					text);
		endpoint_deinit(&e);
		s += n + (s[n] == ',');
	}
}

void consistency_words(const struct haproxy_plan *plan, struct findings *f)
{
	const struct config_haproxy *want = &plan->config->haproxy;

	check_path("--stats-socket", want->stats_socket, f);
	if (want->stats_socket != NULL && strlen(want->stats_socket) > SOCKET_PATH_LONGEST)
		findings_refuse(f, "--stats-socket: a socket's path has at most 90 characters "
				   "(HAProxy binds it under a longer name first)");
	check_path("--tls-certificate", want->tls_certificate, f);
	check_path("--tls-client-ca", want->tls_client_ca, f);
	check_path("--node-tls-ca", want->node_tls_ca, f);
	check_path("--node-tls-certificate", want->node_tls_certificate, f);
	check_user(want->user, f);
	check_log_target(want->log_target, f);
	check_dns_servers(want->dns_servers, f);
}

void consistency_times(const struct haproxy_plan *plan, struct findings *f)
{
	if (model_timeout_ms(plan) > INT_MAX)
		findings_refuse(f,
				"HAProxy's timeouts, which must be a minute longer than %s, end at "
				"24 days: lower that",
				model_silence(plan).what);
}

static void check_descriptors(const struct haproxy_plan *plan, const struct sizing *s,
			      struct findings *f)
{
	int limit = plan->config->haproxy.fd_limit;

	if (s->connections == 0)
		findings_refuse(f,
				"not one client fits into %d descriptors, as HAProxy needs %d for "
				"itself: raise --fd-limit (and ulimit -n where HAProxy runs)",
				limit, s->descriptors);
	else if (s->descriptors > limit)
		findings_refuse(
			f,
			"--maxconn %d needs %d descriptors, more than the %d of --fd-limit, "
			"and HAProxy would not start: lower the one or raise the other (it "
			"is ulimit -n where HAProxy runs)",
			s->connections, s->descriptors, limit);
}

void consistency_sizes_ports(const struct haproxy_plan *plan, struct findings *f)
{
	struct sizing s = model_sizing(plan);
	struct haproxy_ports to = consistency_reached(plan);
	int nodes_take = model_connections_of_nodes(plan);
	int from_here =
		sizing_source_ports(model_port_count(&to), plan->config->haproxy.source_ports);

	check_descriptors(plan, &s, f);
	if (nodes_take > 0 && s.connections > nodes_take)
		findings_warn(f,
			      "HAProxy takes %d clients, but the nodes together only %d "
			      "(gateway.limits.connections): the rest is refused by the nodes",
			      s.connections, nodes_take);
	if (s.connections > from_here)
		findings_warn(
			f,
			"with one node left, HAProxy would need %d source ports towards it "
			"and has %d (net.ipv4.ip_local_port_range, --source-ports): advertise "
			"more ports, or widen that range",
			s.connections, from_here);
}

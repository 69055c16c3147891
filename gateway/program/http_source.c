/* What the HTTP side asks, answered on its threads. */
#include "balance/skew.h"
#include "http/config_json.h"
#include "program/inside.h"
#include "session/session.h"
#include "util/clock.h"

static void tell_drain(void *ctx, struct http_drain *out)
{
	drain_state(ctx, out);
}

static int count_resting(const struct program *p)
{
	int n = 0;

	for (int i = 0; i < p->worker_count; i++)
		n += ports_lack_files(p->workers[i]);
	return n;
}

/* What the gateway's own account may not do at the brokers, though it must. */
static void tell_rights(struct program *p, const struct cluster_view *v, struct http_health *out)
{
	unsigned lacks = topology_lacks(p->shared.topology);

	if (lacks & TOPOLOGY_LACKS_TOPICS)
		http_reason(out,
			    "no topic is shown to the gateway's account: if there is one, DESCRIBE "
			    "on topics is missing; see anyportctl acls");
	if (lacks & TOPOLOGY_LACKS_GROUPS)
		http_reason(
			out,
			"no coordinator of groups is told to the gateway's account: DESCRIBE on "
			"groups is missing; see anyportctl acls");
	if (lacks & TOPOLOGY_LACKS_TRANSACTIONS)
		http_reason(out, "no coordinator of transactions is told to the gateway's account: "
				 "DESCRIBE on transactional ids is missing");
	if (p->own.account != NULL && v->topic_trouble != NULL)
		http_reason(out, "the nodes' loads are not told: %s", v->topic_trouble);
}

enum { LOST_IN_WORDS = 3 };

/* The brokers that are lost, in one reason: the first ones with when and why. */
static void tell_lost(struct program *p, struct http_health *out)
{
	size_t count, lost = 0, size;
	struct broker_known *all = topology_brokers_known(p->shared.topology, &count);
	char *words = NULL;
	FILE *to = open_memstream(&words, &size);

	for (size_t i = 0; i < count; i++) {
		if (all[i].state == BROKER_LOST && lost++ < LOST_IN_WORDS)
			fprintf(to, "%s%d for %lld s (%s)", lost > 1 ? ", " : "", (int)all[i].id,
				(long long)(clock_ms() - all[i].lost_at) / 1000, all[i].why);
	}
	if (lost > LOST_IN_WORDS)
		fprintf(to, ", and %zu more", lost - LOST_IN_WORDS);
	fclose(to);
	if (lost > 0)
		http_reason(out, "%zu of %zu brokers do not answer: %s", lost, count, words);
	free(words);
	free(all);
}

/* The troubles that somebody should have a look at, though clients may come. */
static void tell_troubles(struct program *p, struct http_health *out)
{
	const struct cluster_view *v = cluster_view_get(p->shared.cluster);
	int64_t age = topology_age_ms(p->shared.topology);
	char trouble[TOPOLOGY_TROUBLE_MAX], why_certificate[TLS_WHY_MAX];
	unsigned failing = topology_names_failing(p->shared.topology);
	const char *why;

	if (program_serving(p, &why) == CANNOT)
		http_reason(out, "%s%s", why,
			    peers_none_serves(p->peers) ? "; nor can the other nodes serve" : "");
	else if (age > 3 * (int64_t)p->first->metadata_refresh_ms)
		http_reason(out, "no broker has answered for %lld s", (long long)age / 1000);
	tell_lost(p, out);
	if (topology_trouble(p->shared.topology, trouble))
		http_reason(out, "%s", trouble);
	for (int i = 0; certificates_trouble(&p->certificates, i, why_certificate); i++)
		http_reason(out, "%s", why_certificate);
	if (failing > 0)
		http_reason(out,
			    "names that are not resolved: %u; the addresses that they had are kept",
			    failing);
	if (v->state == CLUSTER_APART)
		http_reason(out, "the gateway nodes do not hear each other: %s",
			    v->trouble != NULL ? v->trouble : "no coordinator answers");
	if (v->state == CLUSTER_JOINING && v->trouble != NULL)
		http_reason(out, "the gateway nodes do not know this one: %s", v->trouble);
	for (size_t i = 0; i < v->disagreement_count; i++)
		http_reason(out, "%s", v->disagreements[i]);
	tell_rights(p, v, out);
	if (out->reason_count > 0)
		out->phase = program_is_unable(p, &why) ? HTTP_UNABLE : HTTP_DEGRADED;
	if (v->state != CLUSTER_OFF && !v->members[v->self].is_sealed &&
	    p->first->listener.internal_load_balancing)
		http_reason(out,
			    "no gateway.cluster_secret: any client of the brokers can say that "
			    "it is a node");
	cluster_view_unref(v);
}

/* Whether any broker can be told to clients, by the ports that the configuration has. */
static bool has_port_for_any(const struct program *p, const struct snapshot *s)
{
	for (size_t i = 0; i < p->listener_count; i++) {
		if (listening_needs(config_listener(p->first, i), s) == 0)
			return false;
	}
	return true;
}

/* What the start waits for. */
static void tell_start(const struct program *p, struct http_health *out)
{
	const struct snapshot *s = topology_snapshot(p->shared.topology);
	const struct cluster_view *v = cluster_view_get(p->shared.cluster);
	char trouble[TOPOLOGY_TROUBLE_MAX] = "";

	if (s == NULL || topology_age_ms(p->shared.topology) < 0)
		http_reason(out, "no broker has answered%s%s",
			    topology_trouble(p->shared.topology, trouble) ? ": " : "", trouble);
	else if (!has_port_for_any(p, s))
		http_reason(out, "no broker has a port: see min_broker_id, %d, and port_count, %d",
			    p->first->listener.min_broker_id, p->first->listener.port_count);
	else if (!program_names_nodes(p))
		http_reason(out, "the ports are not bound yet");
	else if (v->trouble != NULL)
		http_reason(out, "the other nodes are waited for, for some seconds: %s",
			    v->trouble);
	else
		http_reason(out,
			    "the other nodes and their loads are waited for, for some seconds");
	cluster_view_unref(v);
	snapshot_unref(s);
}

static void tell_health(void *ctx, struct http_health *out)
{
	struct program *p = ctx;
	struct http_drain d;
	const char *why;

	out->serves = atomic_load(&p->phase) == HTTP_READY && program_serving(p, &why) == SERVES;
	out->phase = (enum http_phase)atomic_load(&p->phase);
	if (out->phase == HTTP_READY) {
		tell_troubles(p, out);
	} else if (out->phase == HTTP_STARTING) {
		tell_start(p, out);
	} else {
		drain_state(p, &d);
		http_reason(out,
			    "the node is drained: turn %d of %d, %lld clients left, %lld s at most",
			    d.turns_done, d.turns, (long long)d.clients,
			    (long long)(d.left_ms + 999) / 1000);
	}
}

static void tell_skew(const struct cluster_view *v, struct http_metrics *out)
{
	struct cluster_skew s = skew_of(v, &v->members[v->self].load, clock_ms());

	out->nodes_measured = s.nodes;
	out->connections_skew = skew_ratio(&s.connections);
	out->bytes_skew = skew_ratio(&s.bytes);
	out->connections_share = skew_share(&s.connections);
	out->bytes_share = skew_share(&s.bytes);
	out->declined = v->members[v->self].load.declines / 1e3;
}

static void tell_cluster(struct program *p, struct http_metrics *out)
{
	const struct cluster_view *v = cluster_view_get(p->shared.cluster);

	if (v->state != CLUSTER_OFF) {
		out->is_cluster_member = v->state == CLUSTER_MEMBER;
		out->cluster_members = (int)v->believed_count;
		out->cluster_disagreements = (int)v->disagreement_count;
		for (size_t i = 0; i < v->member_count; i++)
			out->cluster_draining += v->members[i].is_draining &&
						 v->members[i].trust == MEMBER_BELIEVED;
		tell_skew(v, out);
	}
	cluster_view_unref(v);
}

static void tell_metrics(void *ctx, struct http_metrics *out)
{
	struct program *p = ctx;
	const struct snapshot *s = topology_snapshot(p->shared.topology);

	tell_cluster(p, out);
	out->clients_certificate_ends = certificates_end_clients(&p->certificates);
	out->brokers_certificate_ends = certificates_end(&p->certificates.brokers);
	out->http_certificate_ends = certificates_end(&p->certificates.http);
	out->workers = p->stats;
	out->worker_count = (size_t)p->worker_count;
	out->memory_budget_bytes = budget_size(p->shared.budget);
	budget_read(p->shared.budget, &out->memory_held_bytes, &out->memory_waiting);
	out->max_clients = admission_max(p->shared.admission);
	out->workers_resting = count_resting(p);
	out->topology_age_ms = topology_age_ms(p->shared.topology);
	if (s != NULL) {
		out->brokers = (int)s->broker_count;
		out->topics = (int)snapshot_topic_count(s);
	}
	snapshot_unref(s);
}

/* An action of the operator's, on the main loop. */
static bool act(struct program *p, int action, FILE *out)
{
	bool good;

	switch ((enum http_action)action) {
	case HTTP_DRAIN:
	case HTTP_DRAIN_EXIT:
		good = drain_begin(p, action == HTTP_DRAIN_EXIT, "asked for");
		fputs(good ? "draining" : "the node has not started: nothing to drain", out);
		return good;
	case HTTP_UNDRAIN:
		good = drain_undo(p);
		fputs(good ? "taking clients again"
			   : "the node does not drain, or is to exit when it has",
		      out);
		return good;
	case HTTP_RELOAD:
		return reload_begin(p, out);
	case HTTP_REBALANCE:
		return balance_rebalance(p, out);
	}
	return false;
}

static bool ask_to_act(void *ctx, enum http_action action, char **text)
{
	return program_ask(ctx, act, (int)action, text);
}

/* The configuration is printed on the main loop: elsewhere a reload could take it away. */
static bool print_config(struct program *p, int what, FILE *out)
{
	char *text = config_json(p->config);

	(void)what;
	fputs(text, out);
	free(text);
	return true;
}

static char *tell_config(void *ctx)
{
	char *text;

	if (program_ask(ctx, print_config, 0, &text))
		return text;
	free(text);
	return NULL;
}

/* The route is found as a worker finds it for a client's request, but here it is waited for. */
static struct http_destination route(void *ctx, const struct where_question *question)
{
	struct program *p = ctx;
	struct where_question q = *question;
	struct http_destination to;

	if (where_has_coordinator(&q))
		q.coordinator = topology_coordinator(
			p->shared.topology, where_coordinator_type(q.api), q.key, q.key_len);
	to = (struct http_destination){ .where = where_of(&q) };
	if (to.where.why != WHERE_COORDINATOR_UNKNOWN)
		return to;
	q.coordinator = program_ask_coordinator(p, where_coordinator_type(q.api), q.key, q.key_len);
	return (struct http_destination){ where_of(&q), true };
}

static bool print_follower_reads(struct program *p, int what, FILE *out)
{
	(void)what;
	(void)out;
	return p->config->follower_reads;
}

static bool tell_follower_reads(void *ctx, bool *on)
{
	char *text = NULL;
	bool answered;

	*on = program_ask(ctx, print_follower_reads, 0, &text);
	answered = *on || *text == '\0';
	free(text);
	return answered;
}

static bool list_connections(void *ctx, const struct connections_wanted *wanted,
			     struct connections *out)
{
	const struct program *p = ctx;

	return connections_list(p->workers, p->worker_count, wanted, out);
}

static enum connections_closed close_connection(void *ctx, uint64_t id)
{
	const struct program *p = ctx;

	return connections_close(p->workers, p->worker_count, id);
}

static bool list_usage(void *ctx, const struct usage_wanted *wanted, struct usage_told *out)
{
	const struct program *p = ctx;

	return users_list(p->workers, p->worker_count, wanted, out);
}

struct http_source http_source(struct program *p)
{
	return (struct http_source){ .ctx = p,
				     .settings = p->first,
				     .topology = p->shared.topology,
				     .cluster = p->shared.cluster,
				     .tls = &p->certificates.http,
				     .worker_count = p->worker_count,
				     .health = tell_health,
				     .metrics = tell_metrics,
				     .drain = tell_drain,
				     .act = ask_to_act,
				     .config = tell_config,
				     .route = route,
				     .follower_reads = tell_follower_reads,
				     .connections = list_connections,
				     .close = close_connection,
				     .usage = list_usage };
}

/* /v1/node and /v1/cluster. */
#include "http/inside.h"

#include "balance/skew.h"
#include "cluster/trust.h"
#include "util/clock.h"
#include "util/mem.h"

#include <microhttpd.h>

static const char *const mode_words[] = { "ports", "single", "host" };

static json_t *ports_of(const struct cluster_member *m)
{
	return json_pack("{s:i, s:i}", "first", m->port, "count",
			 m->mode != ADVERTISE_PORTS ? 1 : m->port_count);
}

static json_t *listeners_of(const struct cluster_member *m)
{
	json_t *list = json_array();

	for (size_t i = 0; i < m->places.count; i++) {
		const struct told_place *p = &m->places.all[i];

		json_array_append_new(
			list,
			json_pack("{s:o, s:o, s:{s:i, s:i}, s:i, s:s}", "name", json_text(p->name),
				  "host", json_text(p->host), "ports", "first", p->port, "count",
				  p->mode != ADVERTISE_PORTS ? 1 : p->port_count, "min_broker_id",
				  p->min_broker_id, "mode", mode_words[p->mode]));
	}
	return list;
}

static json_t *member(const struct cluster_member *m)
{
	json_t *o = json_object();
	bool heard = m->load_at >= 0;

	json_object_set_new(o, "node_id", json_text(m->node_id));
	json_object_set_new(o, "host", json_text(m->host));
	json_object_set_new(o, "ports", ports_of(m));
	json_object_set_new(o, "min_broker_id", json_integer(m->min_broker_id));
	json_object_set_new(o, "mode", json_string(mode_words[m->mode]));
	json_object_set_new(o, "listeners", listeners_of(m));
	json_object_set_new(o, "internal_load_balancing", json_boolean(m->internal));
	json_object_set_new(o, "rack", json_text(m->rack));
	json_object_set_new(o, "http", json_text(m->http));
	json_object_set_new(o, "version", json_text(m->version));
	json_object_set_new(o, "kafka_cluster_id", json_text(m->kafka));
	json_object_set_new(o, "is_self", json_boolean(m->is_self));
	json_object_set_new(o, "is_draining", json_boolean(m->is_draining));
	json_object_set_new(o, "distrusted", json_text(member_trust_text(m->trust)));
	json_object_set_new(o, "connections",
			    heard ? json_integer((json_int_t)m->load.connections) : json_null());
	json_object_set_new(o, "bytes_per_second",
			    heard ? json_integer((json_int_t)m->load.bytes_per_second)
				  : json_null());
	json_object_set_new(o, "load_age_ms",
			    heard ? json_integer(clock_ms() - m->load_at) : json_null());
	json_object_set_new(o, "declines", heard ? json_real(m->load.declines / 1e3) : json_null());
	return o;
}

static json_t *texts(char *const *list, size_t count)
{
	json_t *o = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(o, json_text(list[i]));
	return o;
}

/* max / mean; null while it can't be told. */
static json_t *skew(const struct cluster_view *v)
{
	struct cluster_skew spread = skew_of(v, &v->members[v->self].load, clock_ms());

	if (v->state == CLUSTER_OFF || !spread.is_whole)
		return json_null();
	return json_pack("{s:f, s:f}", "connections", skew_ratio(&spread.connections), "bytes",
			 skew_ratio(&spread.bytes));
}

struct http_reply answer_cluster(void *ctx, const struct http_request *r)
{
	const struct http_api *api = ctx;
	const struct cluster_view *v = cluster_view_get(api->source.cluster);
	json_t *o = json_object(), *members = json_array();

	(void)r;
	for (size_t i = 0; i < v->member_count; i++)
		json_array_append_new(members, member(&v->members[i]));
	json_object_set_new(o, "cluster_id", json_text(api->source.settings->cluster_id));
	json_object_set_new(o, "state", json_string(cluster_state_text(v->state)));
	json_object_set_new(o, "since_ms", json_integer(clock_ms() - v->since));
	json_object_set_new(o, "group", json_text(v->group));
	json_object_set_new(o, "topic", json_text(v->topic));
	json_object_set_new(o, "generation", json_integer(v->generation));
	json_object_set_new(o, "trouble", json_text(v->trouble));
	json_object_set_new(o, "topic_trouble", json_text(v->topic_trouble));
	json_object_set_new(o, "disagreements", texts(v->disagreements, v->disagreement_count));
	json_object_set_new(o, "members", members);
	json_object_set_new(o, "skew", skew(v));
	cluster_view_unref(v);
	return http_json(MHD_HTTP_OK, json_done(o));
}

static json_t *drain_state(const struct http_api *api)
{
	struct http_drain d = { 0 };

	api->source.drain(api->source.ctx, &d);
	if (!d.is_draining)
		return json_null();
	return json_pack("{s:i, s:i, s:I, s:I, s:b}", "turns", d.turns, "turns_done", d.turns_done,
			 "clients", (json_int_t)d.clients, "left_ms", (json_int_t)d.left_ms,
			 "exits", d.exits);
}

/* Of requests and answers, by where the other end is; where that is not known nothing is counted. */
static json_t *zone_bytes(const struct http_api *api)
{
	struct stats *sum = mem_zalloc(sizeof *sum);
	struct http_metrics m = { 0 };
	json_t *o;

	api->source.metrics(api->source.ctx, &m);
	metrics_sum(&m, sum);
	o = json_pack("{s:{s:I, s:I}, s:{s:I, s:I}}", "client", "same",
		      (json_int_t)sum->counters[STAT_ZONE_CLIENT_SAME], "other",
		      (json_int_t)sum->counters[STAT_ZONE_CLIENT_OTHER], "broker", "same",
		      (json_int_t)sum->counters[STAT_ZONE_BROKER_SAME], "other",
		      (json_int_t)sum->counters[STAT_ZONE_BROKER_OTHER]);
	free(sum);
	return o;
}

struct http_reply answer_node(void *ctx, const struct http_request *r)
{
	const struct http_api *api = ctx;
	const struct listener *l = config_listener(api->source.settings, 0);
	struct http_health health = api_health(api);
	struct http_node node = api_node(api, &health);
	const struct cluster_view *v = cluster_view_get(api->source.cluster);
	json_t *o = member(&v->members[v->self]), *state;
	char *ready = health_ready(&health);

	(void)r;
	cluster_view_unref(v);
	state = json_loads(ready, 0, NULL);
	free(ready);
	json_object_update_missing(o, state);
	json_decref(state);
	json_object_set_new(o, "uptime_seconds", json_integer((json_int_t)metrics_uptime(&node)));
	json_object_set_new(o, "time_ms", json_integer(clock_wall_ms()));
	json_object_set_new(o, "workers", json_integer(api->source.worker_count));
	json_object_set_new(o, "bind", json_host_port(l->bind_host, l->port_start));
	json_object_set_new(o, "audit_log", json_boolean(api->source.settings->audit_log));
	json_object_set_new(o, "zone_bytes", zone_bytes(api));
	json_object_set_new(o, "drain", drain_state(api));
	return http_json(MHD_HTTP_OK, json_done(o));
}

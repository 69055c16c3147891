/* /v1/brokers and /v1/topics/NAME: the Kafka cluster as this node knows it. */
#include "http/inside.h"

#include "balance/nodes.h"
#include "kafka/wire.h"
#include "route/advertise.h"
#include "util/clock.h"
#include "util/mem.h"

#include <arpa/inet.h>
#include <microhttpd.h>

/* The address of a broker; null while its name can't be resolved. */
static json_t *address(const struct broker *b)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&b->address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&b->address;
	char host[INET6_ADDRSTRLEN] = "";

	if (b->address_len == 0)
		return json_null();
	if (b->address.ss_family == AF_INET)
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
	else
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
	return json_host_port(host, b->port);
}

/* The address that clients are told for a broker: an example under random mapping. */
static json_t *advertised(const struct advertising *a, const struct snapshot *s, int32_t id)
{
	struct advertised told;
	json_t *o;

	if (a->port_count == 0 || !advertise_broker(a, s, id, &told))
		return json_null();
	o = json_object();
	json_object_set_new(o, "id", json_integer(told.id));
	json_object_set_new(o, "address", json_host_port(told.host, told.port));
	json_object_set_new(o, "is_fixed", json_boolean(a->mapping == NULL));
	return o;
}

void api_add_known(json_t *broker, const struct broker_known *known)
{
	static const char *const states[] = {
		[BROKER_UNTRIED] = "untried", [BROKER_UP] = "up", [BROKER_LOST] = "lost"
	};
	const enum broker_state state = known != NULL ? known->state : BROKER_UNTRIED;
	const bool is_lost = state == BROKER_LOST;

	json_object_set_new(broker, "state", json_string(states[state]));
	json_object_set_new(broker, "lost_ms",
			    is_lost ? json_integer(clock_ms() - known->lost_at) : json_null());
	json_object_set_new(broker, "lost_why", is_lost ? json_text(known->why) : json_null());
}

static json_t *broker(const struct advertising *a, const struct snapshot *s, const struct broker *b)
{
	json_t *o = json_object();

	json_object_set_new(o, "id", json_integer(b->id));
	json_object_set_new(o, "host", json_text(b->host));
	json_object_set_new(o, "port", json_integer(b->port));
	json_object_set_new(o, "rack", json_text(b->rack));
	json_object_set_new(o, "address", address(b));
	json_object_set_new(o, "advertised", advertised(a, s, b->id));
	return o;
}

struct api_told api_told_begin(const struct http_api *api)
{
	const struct cluster_view *v = cluster_view_get(api->source.cluster);
	const struct listener *l = config_listener(api->source.settings, 0);
	struct mapping *mapping = nodes_mapping(v, l->name);

	return (struct api_told){ v,
				  mapping,
				  { .listener = l,
				    .port_count = v->members[v->self].port_count,
				    .mapping = mapping,
				    .key = 1 } };
}

void api_told_end(struct api_told *t)
{
	mapping_free(t->mapping);
	cluster_view_unref(t->view);
}

static json_t *brokers(const struct http_api *api, const struct snapshot *s)
{
	struct api_told told = api_told_begin(api);
	size_t count;
	struct broker_known *known = topology_brokers_known(api->source.topology, &count);
	json_t *list = json_array();

	for (size_t i = 0; i < s->broker_count; i++) {
		json_t *o = broker(&told.how, s, &s->brokers[i]);

		api_add_known(o, broker_known_find(known, count, s->brokers[i].id));
		json_array_append_new(list, o);
	}
	free(known);
	api_told_end(&told);
	return list;
}

/* NULL with the reply: nothing is known yet. */
static const struct snapshot *known(const struct http_api *api, struct http_reply *reply)
{
	const struct snapshot *s = topology_snapshot(api->source.topology);

	if (s == NULL)
		*reply = http_error(MHD_HTTP_SERVICE_UNAVAILABLE, "no broker has answered yet");
	return s;
}

struct http_reply answer_brokers(void *ctx, const struct http_request *r)
{
	const struct http_api *api = ctx;
	struct http_reply reply;
	const struct snapshot *s = known(api, &reply);
	json_t *o;

	(void)r;
	if (s == NULL)
		return reply;
	o = json_object();
	json_object_set_new(o, "cluster_id", json_text(s->cluster_id));
	json_object_set_new(o, "controller", json_integer(s->controller));
	json_object_set_new(o, "age_ms", json_integer(topology_age_ms(api->source.topology)));
	json_object_set_new(o, "topics", json_integer((json_int_t)snapshot_topic_count(s)));
	json_object_set_new(o, "brokers", brokers(api, s));
	snapshot_unref(s);
	return http_json(MHD_HTTP_OK, json_done(o));
}

/* As Kafka's tools write it: base64 without padding, '-' and '_'. */
static json_t *uuid(const uint8_t id[WIRE_UUID])
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	char text[23];
	unsigned bits = 0, have = 0;
	size_t n = 0;

	if (wire_uuid_is_zero(id))
		return json_null();
	for (int i = 0; i < WIRE_UUID; i++) {
		bits = bits << 8 | id[i];
		for (have += 8; have >= 6; have -= 6)
			text[n++] = letters[bits >> (have - 6) & 63];
	}
	text[n++] = letters[bits << (6 - have) & 63];
	return json_stringn(text, n);
}

static json_t *partitions(const struct topic *t)
{
	json_t *list = json_array();

	for (int32_t i = 0; i < t->partition_count; i++) {
		const struct partition *p = &t->partitions[i];
		json_t *o = json_object();

		json_object_set_new(o, "partition", json_integer(i));
		json_object_set_new(o, "leader",
				    p->leader == NO_BROKER ? json_null() : json_integer(p->leader));
		json_object_set_new(o, "leader_epoch",
				    p->leader_epoch < 0 ? json_null()
							: json_integer(p->leader_epoch));
		json_array_append_new(list, o);
	}
	return list;
}

struct http_reply answer_topic(void *ctx, const struct http_request *r)
{
	const struct http_api *api = ctx;
	struct http_reply reply;
	const struct snapshot *s = known(api, &reply);
	const struct topic *t;
	json_t *o;

	if (s == NULL)
		return reply;
	t = snapshot_topic(s, r->rest, strlen(r->rest));
	if (t == NULL) {
		reply = http_error(MHD_HTTP_NOT_FOUND, "no topic %s as of %lld ms ago", r->rest,
				   (long long)topology_age_ms(api->source.topology));
	} else {
		o = json_object();
		json_object_set_new(o, "name", json_text_n(t->name, t->name_len));
		json_object_set_new(o, "id", uuid(t->id));
		json_object_set_new(o, "age_ms",
				    json_integer(topology_age_ms(api->source.topology)));
		json_object_set_new(o, "partitions", partitions(t));
		reply = http_json(MHD_HTTP_OK, json_done(o));
	}
	snapshot_unref(s);
	return reply;
}

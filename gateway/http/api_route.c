/* /v1/route: where a request would go, and why. */
#include "http/inside.h"

#include "kafka/api.h"
#include "util/text.h"

#include <microhttpd.h>
#include <string.h>
#include <strings.h>

static const struct kapi *api_by_name(const char *name)
{
	size_t count;
	const struct kapi *const *all = apis_all(&count);

	for (size_t i = 0; i < count; i++) {
		if (strcasecmp(all[i]->name, name) == 0)
			return all[i];
	}
	return NULL;
}

struct where {
	const struct http_api *api;
	const struct snapshot *snapshot;
	const struct kapi *kapi;
	json_t *out;
};

PRINTF_LIKE(2, 3)
static struct http_reply done(const struct where *w, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	json_object_set_new(w->out, "why", json_vsprintf(fmt, args));
	va_end(args);
	return http_json(MHD_HTTP_OK, json_dumps(w->out, JSON_COMPACT));
}

static void set_broker(const struct where *w, int32_t id)
{
	const struct broker *b = snapshot_broker(w->snapshot, id);
	json_t *o;

	if (b == NULL)
		return;
	o = json_pack("{s:i}", "id", (int)b->id);
	json_object_set_new(o, "address", json_host_port(b->host, b->port));
	json_object_set_new(o, "is_reachable", json_boolean(b->address_len > 0));
	json_object_set_new(w->out, "broker", o);
}

/* --- leaders --- */

static struct http_reply to_leader(const struct where *w, const struct http_request *r)
{
	const char *name = http_argument(r, "topic"), *text = http_argument(r, "partition");
	const struct topic *t;
	const struct partition *p;
	int64_t n;

	if (name == NULL || text == NULL || !text_int64(text, &n))
		return http_error(MHD_HTTP_BAD_REQUEST,
				  "%s goes to a partition's leader: topic and partition are needed",
				  w->kapi->name);
	t = snapshot_topic(w->snapshot, name, strlen(name));
	if (t == NULL)
		return done(w,
			    "topic %s is not known: the cluster is asked, and where it does not "
			    "know either, any broker says so",
			    name);
	if (n < 0 || n >= t->partition_count)
		return done(w, "topic %s has partitions 0 to %d: any broker says so", name,
			    (int)t->partition_count - 1);
	p = &t->partitions[n];
	if (p->leader == NO_BROKER)
		return done(w, "partition %s-%d has no leader now: any broker says so", name,
			    (int)n);
	set_broker(w, p->leader);
	return done(w, "broker %d leads %s-%d (epoch %d), as of %lld ms ago", (int)p->leader, name,
		    (int)n, (int)p->leader_epoch,
		    (long long)topology_age_ms(w->api->source.shared->topology));
}

/* --- coordinators --- */

static struct http_reply to_coordinator(const struct where *w, const struct http_request *r)
{
	bool of_group = w->kapi->route == TO_GROUP;
	enum coordinator_type type = of_group ? COORDINATOR_GROUP : COORDINATOR_TXN;
	const char *argument = of_group ? "group" : "transactional_id";
	const char *key = http_argument(r, argument), *how = "known";
	int32_t broker;

	if (key == NULL || *key == '\0')
		return http_error(MHD_HTTP_BAD_REQUEST, "%s goes to a coordinator: %s is needed",
				  w->kapi->name, argument);
	broker = topology_coordinator(w->api->source.shared->topology, type, key, strlen(key));
	if (broker == NO_BROKER) {
		broker = w->api->source.coordinator(w->api->source.ctx, type, key);
		how = "asked for just now";
	}
	if (broker == NO_BROKER)
		return done(w, "the cluster names no coordinator of %s now: any broker says so",
			    key);
	set_broker(w, broker);
	return done(w, "broker %d is the coordinator of %s (%s)", (int)broker, key, how);
}

/* --- all others --- */

static struct http_reply to_resource(const struct where *w, const struct http_request *r)
{
	const char *text = http_argument(r, "broker");
	int64_t id;

	if (text == NULL)
		return done(w, "only what is about a broker of its own goes to that one "
			       "(broker=ID), all else to any live one");
	if (!text_int64(text, &id) || id < 0 || snapshot_broker(w->snapshot, (int32_t)id) == NULL)
		return http_error(MHD_HTTP_BAD_REQUEST, "broker: no broker %s is known", text);
	set_broker(w, (int32_t)id);
	return done(w, "it is about broker %lld, which alone can tell", (long long)id);
}

static struct http_reply explain(const struct where *w, const struct http_request *r)
{
	switch (w->kapi->route) {
	case TO_LEADER:
		return to_leader(w, r);
	case TO_GROUP:
	case TO_TXN:
		return to_coordinator(w, r);
	case TO_RESOURCE:
		return to_resource(w, r);
	case TO_ALL:
		return done(w, "every broker is asked, and the answers become one");
	case HERE:
		return done(w, "the gateway answers itself");
	case TO_CONTROLLER:
		return done(w, "any live broker takes it and forwards it to the controller");
	case TO_ANY:
		return done(w, "any live broker can answer: one that this client is connected to "
			       "and that has the least to do, else one by chance");
	case NOT_FOR_CLIENTS:
	case NOT_YET:
		break;
	}
	return done(w, "not offered to clients: the connection is closed");
}

struct http_reply answer_route(void *ctx, const struct http_request *r)
{
	static const char *const words[] = { "refused",	   "refused", "here",  "any",
					     "controller", "leader",  "group", "transaction",
					     "resource",   "all" };
	const struct http_api *api = ctx;
	const char *name = http_argument(r, "api");
	struct where w = { .api = api, .kapi = api_by_name(name != NULL ? name : "Produce") };
	struct http_reply reply;

	if (w.kapi == NULL)
		return http_error(MHD_HTTP_BAD_REQUEST, "api: no Kafka API is called %s", name);
	w.snapshot = topology_snapshot(api->source.shared->topology);
	if (w.snapshot == NULL)
		return http_error(MHD_HTTP_SERVICE_UNAVAILABLE, "no broker has answered yet");
	w.out = json_pack("{s:s, s:s, s:n}", "api", w.kapi->name, "route", words[w.kapi->route],
			  "broker");
	reply = explain(&w, r);
	json_decref(w.out);
	snapshot_unref(w.snapshot);
	return reply;
}

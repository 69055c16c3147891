/* /v1/route: where a request would go, and why. */
#include "http/inside.h"

#include "kafka/api.h"
#include "route/nearest.h"
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

/* One request to /v1/route on its way to an answer. */
struct asked {
	const struct http_api *api;
	struct where_question q;
	int64_t dialled;  /* the broker that the client has dialled; NO_BROKER: it is not said */
	const char *zone; /* that the client is in; NULL: it is not said */
	struct http_destination to;
	json_t *out;
};

PRINTF_LIKE(2, 3)
static struct http_reply done(const struct asked *a, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	json_object_set_new(a->out, "why", json_vsprintf(fmt, args));
	va_end(args);
	return http_json(MHD_HTTP_OK, json_dumps(a->out, JSON_COMPACT));
}

static void set_broker(const struct asked *a)
{
	const struct broker *b = snapshot_broker(a->q.snapshot, a->to.where.target);
	size_t count;
	struct broker_known *all;
	const struct broker_known *known;
	json_t *o;

	if (b == NULL)
		return;
	all = topology_brokers_known(a->api->source.topology, &count);
	known = broker_known_find(all, count, b->id);
	o = json_pack("{s:i}", "id", (int)b->id);
	json_object_set_new(o, "address", json_host_port(b->host, b->port));
	json_object_set_new(
		o, "is_reachable",
		json_boolean(b->address_len > 0 && (known == NULL || known->state != BROKER_LOST)));
	api_add_known(o, known);
	json_object_set_new(a->out, "broker", o);
	free(all);
}

/* --- the question --- */

static void ask(struct asked *a)
{
	a->to = a->api->source.route(a->api->source.ctx, &a->q);
}

static void set_key(struct asked *a, const char *key)
{
	a->q.key = (const uint8_t *)key;
	a->q.key_len = (uint32_t)strlen(key);
}

/* As of a client that comes by the broker's port, with a PROXY header where the node wants one.
 * False: it is no broker's id. */
static bool set_dialled(struct asked *a, const char *text)
{
	const struct listener *l = config_listener(a->api->source.settings, 0);

	a->dialled = NO_BROKER;
	if (text == NULL)
		return true;
	if (!text_int64(text, &a->dialled) || a->dialled < l->min_broker_id ||
	    a->dialled > INT32_MAX)
		return false;
	a->q.hint = hint_of_port(l, (int)a->dialled - l->min_broker_id,
				 l->proxy_protocol == PROXY_REQUIRE);
	return true;
}

/* The name of the argument that says which coordinator is meant. */
static const char *key_argument(const struct kapi *api)
{
	return api->route == TO_GROUP ? "group" : "transactional_id";
}

/* --- the answer --- */

/* The broker that was dialled is asked; what says that it was. */
static struct http_reply to_dialled(struct asked *a)
{
	const struct listener *l = config_listener(a->api->source.settings, 0);
	const char *says = a->q.hint.by == HINT_PROXY ? "the PROXY header says it"
			   : l->port_is_hint	      ? "the port says it: gateway.port_is_hint"
					     : "the port says it: clients are told the nodes";

	set_broker(a);
	return done(a, "it tells what broker %d has itself, which was dialled (%s)",
		    (int)a->to.where.target, says);
}

static struct http_reply to_all(struct asked *a)
{
	static const char all[] = "every broker is asked, and the answers become one";

	if (a->dialled == NO_BROKER)
		return done(a,
			    "%s; where the node knows which broker a client has dialled "
			    "(dialled=ID), that one alone is asked",
			    all);
	if (a->q.hint.by != HINT_NONE)
		return done(a, "%s: clients are told of no broker %d", all, (int)a->dialled);
	return done(a,
		    "%s: nothing tells the node that broker %d was dialled (a PROXY header, or "
		    "gateway.port_is_hint where the load balancer keeps ports)",
		    all, (int)a->dialled);
}

/* What a broker's own replica is asked for (TO_REPLICA). */
static struct http_reply to_replica(struct asked *a, const char *topic, int partition)
{
	if (a->to.where.why == WHERE_REPLICAS)
		return done(
			a,
			"no one broker alone has %s-%d, or the one that has it is not there: a "
			"broker says whether the client may, and then it is refused, unless the "
			"node knows which broker a client has dialled (dialled=ID)",
			topic, partition);
	set_broker(a);
	return done(a, "broker %d alone has %s-%d", (int)a->to.where.target, topic, partition);
}

/* A partition's leader is known.  What is asked of it: from where a client of the zone reads. */
static struct http_reply read_in_zone(struct asked *a, const char *topic, int partition)
{
	const struct nearest_question q = { .snapshot = a->q.snapshot,
					    .topic = a->q.topic,
					    .partition = partition,
					    .zone = a->zone };
	const struct nearest nearest = nearest_of(&q);
	const int leader = (int)a->to.where.target;
	const struct broker *leads = snapshot_broker(a->q.snapshot, leader);
	const char *rack = leads != NULL && leads->rack != NULL ? leads->rack : "none";
	bool on;

	if (!a->api->source.follower_reads(a->api->source.ctx, &on))
		return http_error(MHD_HTTP_SERVICE_UNAVAILABLE, "the node is too busy to answer");
	if (on && nearest.why == NEAREST_FOLLOWER)
		a->to.where.target = nearest.follower;
	set_broker(a);
	if (!on)
		return done(a, "broker %d leads %s-%d, and gateway.follower_reads is off", leader,
			    topic, partition);
	if (nearest.why == NEAREST_FOLLOWER)
		return done(
			a,
			"broker %d is in zone %s and in sync with broker %d, which leads %s-%d "
			"(its rack: %s); broker %d is asked by a connection's first Fetch of it, "
			"and for some seconds after a follower's error or loss",
			(int)nearest.follower, a->zone, leader, topic, partition, rack, leader);
	if (nearest.why == NEAREST_LEADER_IS_NEAR)
		return done(a, "broker %d leads %s-%d and is in zone %s itself", leader, topic,
			    partition, a->zone);
	if (!nearest_has_brokers(a->q.snapshot, a->zone))
		return done(a, "broker %d leads %s-%d, and no broker is in zone %s", leader, topic,
			    partition, a->zone);
	return done(a,
		    "broker %d leads %s-%d (its rack: %s), and no broker of zone %s is in sync "
		    "with it",
		    leader, topic, partition, rack, a->zone);
}

static struct http_reply to_partition(struct asked *a, const struct http_request *r)
{
	const char *name = http_argument(r, "topic"), *text = http_argument(r, "partition");
	int64_t n;

	if (name == NULL || text == NULL || !text_int64(text, &n))
		return http_error(MHD_HTTP_BAD_REQUEST,
				  "%s goes to a partition's %s: topic and partition are needed",
				  a->q.api->name,
				  a->q.api->route == TO_REPLICA ? "replica" : "leader");
	a->q.topic = snapshot_topic(a->q.snapshot, name, strlen(name));
	a->q.partition = n < 0 || n > INT32_MAX ? -1 : (int32_t)n;
	ask(a);
	switch (a->to.where.why) {
	case WHERE_DIALLED:
		return to_dialled(a);
	case WHERE_TOPIC_UNKNOWN:
		return done(a,
			    "topic %s is not known: the cluster is asked, and where it does not "
			    "know either, any broker says so",
			    name);
	case WHERE_PARTITION_UNKNOWN:
		return done(a, "topic %s has partitions 0 to %d: any broker says so", name,
			    (int)a->q.topic->partition_count - 1);
	case WHERE_NO_LEADER:
		return done(a, "partition %s-%d has no leader now: any broker says so", name,
			    (int)n);
	case WHERE_REPLICA:
	case WHERE_REPLICAS:
		return to_replica(a, name, (int)n);
	default:
		break;
	}
	if (a->zone != NULL)
		return read_in_zone(a, name, (int)n);
	set_broker(a);
	return done(a, "broker %d leads %s-%d (epoch %d), as of %lld ms ago",
		    (int)a->to.where.target, name, (int)n,
		    (int)a->q.topic->partitions[n].leader_epoch,
		    (long long)topology_age_ms(a->api->source.topology));
}

static struct http_reply to_coordinator(struct asked *a, const struct http_request *r)
{
	const char *argument = key_argument(a->q.api), *key = http_argument(r, argument);

	if (key == NULL || *key == '\0')
		return http_error(MHD_HTTP_BAD_REQUEST, "%s goes to a coordinator: %s is needed",
				  a->q.api->name, argument);
	set_key(a, key);
	ask(a);
	if (a->to.where.why != WHERE_COORDINATOR)
		return done(a, "the cluster names no coordinator of %s now: any broker says so",
			    key);
	set_broker(a);
	return done(a, "broker %d is the coordinator of %s (%s)", (int)a->to.where.target, key,
		    a->to.was_asked ? "asked for just now" : "known");
}

static struct http_reply to_resource(struct asked *a, const struct http_request *r)
{
	const char *text = http_argument(r, "broker");

	if (text == NULL)
		return done(a, "only what is about a broker of its own goes to that one "
			       "(broker=ID), all else to any live one");
	a->q.resource_type = RESOURCE_BROKER;
	set_key(a, text);
	ask(a);
	if (a->to.where.why == WHERE_DIALLED)
		return to_dialled(a); /* broker= names none */
	if (a->to.where.why != WHERE_RESOURCE)
		return http_error(MHD_HTTP_BAD_REQUEST, "broker: no broker %s is known", text);
	set_broker(a);
	return done(a, "it is about broker %d, which alone can tell", (int)a->to.where.target);
}

static struct http_reply to_others(struct asked *a)
{
	ask(a);
	switch (a->to.where.why) {
	case WHERE_ALL:
		return to_all(a);
	case WHERE_DIALLED:
		return to_dialled(a);
	case WHERE_HERE:
		return done(a, "the gateway answers itself");
	case WHERE_CONTROLLER:
		return done(a, "any live broker takes it and forwards it to the controller");
	case WHERE_ANY:
		return done(a, "any live broker can answer: one that this client is connected to "
			       "and that has the least to do, else one by chance");
	default:
		return done(a, "not offered to clients: the connection is closed");
	}
}

static struct http_reply explain(struct asked *a, const struct http_request *r)
{
	switch (a->q.api->route) {
	case TO_LEADER:
	case TO_REPLICA:
		return to_partition(a, r);
	case TO_GROUP:
	case TO_TXN:
		return to_coordinator(a, r);
	case TO_RESOURCE:
		return to_resource(a, r);
	default:
		return to_others(a);
	}
}

struct http_reply answer_route(void *ctx, const struct http_request *r)
{
	static const char *const words[] = {
		[NOT_FOR_CLIENTS] = "refused",	[HERE] = "here",      [TO_ANY] = "any",
		[TO_CONTROLLER] = "controller", [TO_LOGIN] = "login", [TO_LEADER] = "leader",
		[TO_REPLICA] = "replica",	[TO_GROUP] = "group", [TO_TXN] = "transaction",
		[TO_RESOURCE] = "resource",	[TO_ALL] = "all",
	};
	const struct http_api *api = ctx;
	const char *name = http_argument(r, "api");
	struct asked a = { .api = api, .q.api = api_by_name(name != NULL ? name : "Produce") };
	struct http_reply reply;
	struct api_told told;

	if (a.q.api == NULL)
		return http_error(MHD_HTTP_BAD_REQUEST, "api: no Kafka API is called %s", name);
	a.zone = http_argument(r, "zone");
	if (a.zone != NULL && (*a.zone == '\0' || a.q.api->course != COURSE_FETCH))
		return http_error(MHD_HTTP_BAD_REQUEST, "zone: %s",
				  *a.zone == '\0' ? "its name is needed"
						  : "only a Fetch (api=Fetch) is read in a zone");
	if (!set_dialled(&a, http_argument(r, "dialled")))
		return http_error(MHD_HTTP_BAD_REQUEST, "dialled: a broker's id, %d or more",
				  api->source.settings->listener.min_broker_id);
	a.q.snapshot = topology_snapshot(api->source.topology);
	if (a.q.snapshot == NULL)
		return http_error(MHD_HTTP_SERVICE_UNAVAILABLE, "no broker has answered yet");
	a.out = json_pack("{s:s, s:s, s:n}", "api", a.q.api->name, "route", words[a.q.api->route],
			  "broker");
	told = api_told_begin(api);
	a.q.advertising = &told.how;
	reply = explain(&a, r);
	api_told_end(&told);
	json_decref(a.out);
	snapshot_unref(a.q.snapshot);
	return reply;
}

/* /v1/connections. */
#include "http/inside.h"

#include "util/text.h"

#include <inttypes.h>
#include <microhttpd.h>

enum { LIMIT_STANDARD = 100, LIMIT_MAX = 5000 };

static json_t *brokers(const struct connection *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->broker_count; i++)
		json_array_append_new(list, json_integer(c->brokers[i]));
	return list;
}

/* null: the client speaks plaintext. */
static json_t *tls(const struct connection *c)
{
	json_t *o;

	if (c->tls == NULL)
		return json_null();
	o = json_object();
	json_object_set_new(o, "version", json_text(c->tls));
	json_object_set_new(o, "server_name", json_text(c->server_name));
	json_object_set_new(o, "certificate", json_text(c->subject));
	json_object_set_new(o, "certificate_expires",
			    c->subject != NULL ? json_integer(c->subject_until) : json_null());
	return o;
}

/* Which broker the client has dialled, and what says so. */
static json_t *dialled(const struct connection *c)
{
	if (c->dialled_by == NULL)
		return json_null();
	return json_pack("{s:i, s:s}", "broker", (int)c->dialled, "by", c->dialled_by);
}

static json_t *describe(const struct http_api *api, const struct connection *c)
{
	const struct listener *l = config_listener(api->source.settings, c->listener);
	json_t *o = json_object();

	/* as text: JavaScript's numbers have not the digits */
	json_object_set_new(o, "id", json_sprintf("%" PRIu64, c->id));
	json_object_set_new(o, "client", json_text(c->client));
	json_object_set_new(o, "client_id", json_text(c->client_id));
	json_object_set_new(o, "software", json_text(c->software));
	json_object_set_new(o, "principal", json_text(c->principal));
	json_object_set_new(o, "mechanism", json_text(c->mechanism));
	json_object_set_new(o, "tls", tls(c));
	json_object_set_new(o, "listener", json_text(l->name));
	json_object_set_new(o, "port", json_integer(l->port_start + c->port));
	json_object_set_new(o, "dialled", dialled(c));
	json_object_set_new(o, "worker", json_integer(c->worker));
	json_object_set_new(o, "age_ms", json_integer(c->age_ms));
	json_object_set_new(o, "idle_ms", json_integer(c->idle_ms));
	json_object_set_new(o, "in_flight", json_integer(c->in_flight));
	json_object_set_new(o, "is_draining", json_boolean(c->is_draining));
	json_object_set_new(o, "bytes_in", json_integer((json_int_t)c->bytes_in));
	json_object_set_new(o, "bytes_out", json_integer((json_int_t)c->bytes_out));
	json_object_set_new(o, "brokers", brokers(c));
	return o;
}

struct http_reply answer_connections(void *ctx, const struct http_request *r)
{
	const struct http_api *api = ctx;
	const char *limit = http_argument(r, "limit");
	int64_t most = LIMIT_STANDARD;
	struct connections_wanted wanted = { http_argument(r, "client"),
					     http_argument(r, "client_id"), 0 };
	struct connections found;
	json_t *o, *list;

	if (limit != NULL && (!text_int64(limit, &most) || most < 0 || most > LIMIT_MAX))
		return http_error(MHD_HTTP_BAD_REQUEST, "limit: a number from 0 to %d", LIMIT_MAX);
	wanted.limit = (size_t)most;
	if (!api->source.connections(api->source.ctx, &wanted, &found))
		return http_error(MHD_HTTP_SERVICE_UNAVAILABLE, "a worker does not answer");
	o = json_object();
	list = json_array();
	for (size_t i = 0; i < found.count; i++)
		json_array_append_new(list, describe(api, &found.list[i]));
	json_object_set_new(o, "matched", json_integer((json_int_t)found.matched));
	json_object_set_new(o, "connections", list);
	connections_free(&found);
	return http_json(MHD_HTTP_OK, json_done(o));
}

struct http_reply do_close(void *ctx, const struct http_request *r)
{
	const struct http_api *api = ctx;
	int64_t id;

	if (!text_int64(r->rest, &id) || id <= 0)
		return http_error(MHD_HTTP_BAD_REQUEST, "not a connection's id: %s", r->rest);
	switch (api->source.close(api->source.ctx, (uint64_t)id)) {
	case CONNECTION_CLOSING:
		return http_json(MHD_HTTP_OK,
				 json_done(json_pack("{s:b, s:s}", "done", 1, "text",
						     "closes once its requests are answered")));
	case CONNECTION_UNKNOWN:
		return http_error(MHD_HTTP_NOT_FOUND, "no connection %s", r->rest);
	case CONNECTION_NO_ANSWER:
		break;
	}
	return http_error(MHD_HTTP_SERVICE_UNAVAILABLE, "a worker does not answer");
}

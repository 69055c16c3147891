/* /v1/clients, /v1/topics, /v1/groups and /v1/principals: who uses the node, the largest first. */
#include "http/inside.h"

#include "util/clock.h"
#include "util/text.h"

#include <microhttpd.h>
#include <string.h>

enum { LIMIT_STANDARD = 20, LIMIT_MAX = 10000 };

static const char *const kinds[USAGE_KINDS] = {
	[USAGE_CLIENTS] = "clients",
	[USAGE_TOPICS] = "topics",
	[USAGE_GROUPS] = "groups",
	[USAGE_PRINCIPALS] = "principals",
};

static void put_sum(json_t *o, const struct usage_sum *s)
{
	json_object_set_new(o, "requests", json_integer((json_int_t)s->requests));
	json_object_set_new(o, "bytes_in", json_integer((json_int_t)s->bytes_in));
	json_object_set_new(o, "bytes_out", json_integer((json_int_t)s->bytes_out));
	json_object_set_new(o, "errors", json_integer((json_int_t)s->errors));
	json_object_set_new(o, "throttled_ms", json_integer((json_int_t)s->throttled_ms));
}

static json_t *sum(const struct usage_sum *s)
{
	json_t *o = json_object();

	put_sum(o, s);
	return o;
}

/* A client's name in its two parts; an address has no slash. */
static void put_client(json_t *o, const char *name)
{
	const size_t n = strcspn(name, "/");
	const char *id = name[n] == '/' && name[n + 1] != '\0' ? name + n + 1 : NULL;

	json_object_set_new(o, "address", json_text_n(name, n));
	json_object_set_new(o, "client_id", json_text(id));
}

static json_t *row(enum usage_kind kind, const struct usage_row *r, double now)
{
	json_t *o = json_object();

	if (kind == USAGE_CLIENTS)
		put_client(o, r->name);
	else
		json_object_set_new(o, "name", json_text(*r->name != '\0' ? r->name : NULL));
	put_sum(o, &r->sum);
	json_object_set_new(o, "age_ms", json_integer((json_int_t)((now - r->since) * 1e3)));
	return o;
}

static struct http_reply answer(const struct http_api *api, const struct http_request *r,
				enum usage_kind kind)
{
	const char *limit = http_argument(r, "limit"), *sort = http_argument(r, "sort");
	struct usage_wanted wanted = { kind, USAGE_BY_BYTES, LIMIT_STANDARD };
	struct usage_told told;
	int64_t most = LIMIT_STANDARD;
	json_t *o, *list;

	if (limit != NULL && (!text_int64(limit, &most) || most < 0 || most > LIMIT_MAX))
		return http_error(MHD_HTTP_BAD_REQUEST, "limit: a number from 0 to %d", LIMIT_MAX);
	if (sort != NULL && !usage_order_of(sort, &wanted.order))
		return http_error(MHD_HTTP_BAD_REQUEST, "sort: %s", USAGE_ORDER_WORDS);
	if (api->source.settings->usage_names == 0)
		return http_error(MHD_HTTP_NOT_FOUND,
				  "nothing is counted: gateway.limits.usage_names is 0");
	wanted.limit = (size_t)most;
	if (!api->source.usage(api->source.ctx, &wanted, &told))
		return http_error(MHD_HTTP_SERVICE_UNAVAILABLE, "a worker does not answer");
	o = json_object();
	list = json_array();
	for (size_t i = 0; i < told.count; i++)
		json_array_append_new(list, row(kind, &told.rows[i], clock_s()));
	json_object_set_new(o, "sort", json_text(usage_order_word(wanted.order)));
	json_object_set_new(o, "named", json_integer((json_int_t)told.named));
	json_object_set_new(o, "displaced", json_integer((json_int_t)told.displaced));
	json_object_set_new(o, kinds[kind], list);
	json_object_set_new(o, "rest", sum(&told.rest));
	json_object_set_new(o, "all", sum(&told.all));
	usage_told_free(&told);
	return http_json(MHD_HTTP_OK, json_done(o));
}

struct http_reply answer_clients(void *ctx, const struct http_request *r)
{
	return answer(ctx, r, USAGE_CLIENTS);
}

struct http_reply answer_topics(void *ctx, const struct http_request *r)
{
	return answer(ctx, r, USAGE_TOPICS);
}

struct http_reply answer_groups(void *ctx, const struct http_request *r)
{
	return answer(ctx, r, USAGE_GROUPS);
}

struct http_reply answer_principals(void *ctx, const struct http_request *r)
{
	return answer(ctx, r, USAGE_PRINCIPALS);
}

/* What changes something; and /v1/config and /v1/warnings. */
#include "http/inside.h"

#include "util/log.h"
#include "util/mem.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

static struct http_reply act(const struct http_api *api, enum http_action action)
{
	char *text;
	bool good = api->source.act(api->source.ctx, action, &text);
	json_t *o = json_object();

	while (*text != '\0' && text[strlen(text) - 1] == '\n')
		text[strlen(text) - 1] = '\0';
	json_object_set_new(o, "done", json_boolean(good));
	json_object_set_new(o, "text", json_text(text));
	free(text);
	return http_json(good ? MHD_HTTP_OK : MHD_HTTP_CONFLICT, json_done(o));
}

struct http_reply do_drain(void *ctx, const struct http_request *r)
{
	const char *exits = http_argument(r, "exit");

	if (exits != NULL && strcmp(exits, "true") != 0 && strcmp(exits, "false") != 0)
		return http_error(MHD_HTTP_BAD_REQUEST, "exit: true or false");
	return act(ctx, exits != NULL && *exits == 't' ? HTTP_DRAIN_EXIT : HTTP_DRAIN);
}

struct http_reply do_undrain(void *ctx, const struct http_request *r)
{
	(void)r;
	return act(ctx, HTTP_UNDRAIN);
}

struct http_reply do_reload(void *ctx, const struct http_request *r)
{
	(void)r;
	return act(ctx, HTTP_RELOAD);
}

struct http_reply do_rebalance(void *ctx, const struct http_request *r)
{
	(void)r;
	return act(ctx, HTTP_REBALANCE);
}

struct http_reply answer_config(void *ctx, const struct http_request *r)
{
	const struct http_api *api = ctx;
	char *text = api->source.config(api->source.ctx);

	(void)r;
	if (text == NULL)
		return http_error(MHD_HTTP_SERVICE_UNAVAILABLE, "the node is too busy to answer");
	return http_json(MHD_HTTP_OK, text);
}

static void add_line(void *ctx, const char *line)
{
	json_array_append_new(ctx, json_text(line));
}

struct http_reply answer_warnings(void *ctx, const struct http_request *r)
{
	json_t *o = json_object(), *lines = json_array();

	(void)ctx;
	(void)r;
	log_warnings(add_line, lines);
	json_object_set_new(o, "warnings", lines);
	return http_json(MHD_HTTP_OK, json_done(o));
}

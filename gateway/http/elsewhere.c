/* Any node answers for another: the request is passed on to the node that ?node= names. */
#include "http/client.h"
#include "http/inside.h"
#include "util/mem.h"

#include <curl/curl.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENCE_MS = 8000 };

/* The address of that node's HTTP API; NULL: no such node.  "": this node.  Caller frees. */
static char *address_of(const struct http_api *api, const char *node_id)
{
	const struct cluster_view *v = cluster_view_get(api->source.cluster);
	char *address = NULL;

	for (size_t i = 0; i < v->member_count && address == NULL; i++) {
		const struct cluster_member *m = &v->members[i];

		if (strcmp(m->node_id, node_id) == 0 && m->trust == MEMBER_BELIEVED)
			address = mem_strdup(m->is_self ? "" : m->http);
	}
	cluster_view_unref(v);
	return address;
}

struct arguments {
	FILE *out;
	int count;
};

static void put_escaped(FILE *out, const char *text)
{
	char *escaped = curl_easy_escape(NULL, text, (int)strlen(text));

	fputs(escaped, out);
	curl_free(escaped);
}

static void add_argument(void *ctx, const char *name, const char *value)
{
	struct arguments *a = ctx;

	if (strcmp(name, "node") == 0)
		return;
	fputc(a->count++ == 0 ? '?' : '&', a->out);
	put_escaped(a->out, name);
	fputc('=', a->out);
	put_escaped(a->out, value);
}

/* The path with its last word escaped again, and the arguments but ?node=.  Caller frees. */
static char *url_of(const char *address, const struct http_request *r)
{
	char *url = NULL;
	size_t size, known = strlen(r->path) - strlen(r->rest);
	FILE *out = open_memstream(&url, &size);
	struct arguments arguments = { out, 0 };
	char base[300];

	http_base(base, sizeof base, address);
	fprintf(out, "%s%.*s", base, (int)known, r->path);
	if (*r->rest != '\0')
		put_escaped(out, r->rest);
	http_arguments(r, add_argument, &arguments);
	fclose(out);
	return url;
}

static struct http_reply pass_on(const struct http_api *api, const char *address,
				 const char *node_id, const struct http_request *r)
{
	struct http_extra extra = { .token = r->token,
				    .header = HTTP_PASSED_ON ": 1",
				    .ca = api->source.settings->http_ssl_ca };
	char why[HTTP_CLIENT_WHY_MAX], *url = url_of(address, r);
	struct http_answer answer;
	struct http_reply reply;

	if (http_ask(r->method, url, &extra, PATIENCE_MS, &answer, why))
		reply = http_json((unsigned)answer.status, answer.body);
	else
		reply = http_error(MHD_HTTP_BAD_GATEWAY, "node %s does not answer: %s", node_id,
				   why);
	free(url);
	return reply;
}

bool answer_elsewhere(void *ctx, const struct http_request *r, struct http_reply *reply)
{
	const char *node_id = http_argument(r, "node");
	char *address;

	if (node_id == NULL)
		return false;
	if (r->is_passed_on) {
		*reply = http_error(MHD_HTTP_BAD_REQUEST, "passed on once already");
		return true;
	}
	address = address_of(ctx, node_id);
	if (address == NULL)
		*reply = http_error(MHD_HTTP_NOT_FOUND,
				    "no node %s that is believed, see /v1/cluster", node_id);
	else if (*address != '\0')
		*reply = pass_on(ctx, address, node_id, r);
	else
		node_id = NULL;
	free(address);
	return node_id != NULL;
}

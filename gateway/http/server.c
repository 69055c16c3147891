#include "http/server.h"

#include "http/daemons.h"
#include "http/json.h"
#include "loop/thread.h"
#include "net/listen.h"
#include "util/log.h"
#include "util/mem.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { UNWANTED_BODY_MAX = 64 << 10 }; /* is dropped; a larger one ends the connection */

struct http_server {
	struct http_site site;
	bool is_loopback; /* listens there and nowhere else */
	int port;
	struct daemons *daemons;
	struct tls_context *tls; /* that visitors are served by, or should be; NULL: none */
};

static const char type_of_json[] = "application/json";

/* --- answers --- */

struct http_reply http_json(unsigned status, char *json)
{
	return (struct http_reply){ status, type_of_json, json, strlen(json) };
}

struct http_reply http_error(unsigned status, const char *fmt, ...)
{
	char text[400];
	va_list args;
	json_t *o = json_object();
	char *body;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	json_object_set_new(o, "error", json_text(text));
	body = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	return http_json(status, body);
}

const char *http_argument(const struct http_request *r, const char *name)
{
	return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
}

struct each {
	void (*call)(void *ctx, const char *name, const char *value);
	void *ctx;
};

static enum MHD_Result on_argument(void *ctx, enum MHD_ValueKind kind, const char *name,
				   const char *value)
{
	const struct each *each = ctx;

	(void)kind;
	each->call(each->ctx, name, value != NULL ? value : "");
	return MHD_YES;
}

void http_arguments(const struct http_request *r,
		    void (*each)(void *ctx, const char *name, const char *value), void *ctx)
{
	struct each all = { each, ctx };

	MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, on_argument, &all);
}

static bool is_loopback(const char *host)
{
	return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
	       strcmp(host, "localhost") == 0;
}

/* --- by what name it was called --- */

/* A name that every host has, or an address: in brackets, or of nothing but digits and dots. */
static bool is_safe_name(const char *name, size_t n)
{
	static const char local[] = "localhost";
	size_t at = sizeof local - 1;

	if (name[0] == '[' || (name[0] != '.' && strspn(name, "0123456789.") >= n))
		return true;
	return n >= at && strncasecmp(name + n - at, local, at) == 0 &&
	       (n == at || name[n - at - 1] == '.');
}

static bool has_name(const char *names, const char *name, size_t n)
{
	for (const char *at = names; at != NULL && *at != '\0';) {
		size_t len = strcspn(at, ", ");

		if (len == n && n > 0 && strncasecmp(at, name, n) == 0)
			return true;
		at += len;
		at += strspn(at, ", ");
	}
	return false;
}

/* No Host at all is no browser's.  False: refused, with the reply. */
static bool is_called_right(const struct http_server *s, const struct http_request *r,
			    struct http_reply *reply)
{
	const char *host = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Host");
	size_t n;

	if (host == NULL)
		return true;
	n = strcspn(host, ":");
	if (n > 1 && host[n - 1] == '.')
		n--;
	if (n > 0 && (is_safe_name(host, n) || has_name(s->site.names, host, n)))
		return true;
	*reply = http_error(MHD_HTTP_MISDIRECTED_REQUEST,
			    "%.100s is not a name of this node: use its address, or set "
			    "gateway.http_names",
			    host);
	return false;
}

/* --- who may read or change something --- */

/* Compares all of it whatever differs, so that time tells nothing. */
static bool same_token(const char *given, const char *token)
{
	size_t n = strlen(token);
	unsigned char differs = strlen(given) != n;

	for (size_t i = 0; i < n && given[i] != '\0'; i++)
		differs |= (unsigned char)(given[i] ^ token[i]);
	return differs == 0;
}

/* A page of another site, open in a browser near us, may make requests, but not hide that. */
static bool is_of_other_site(struct MHD_Connection *c)
{
	const char *origin = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Origin");
	const char *host = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Host");
	const char *at;

	if (origin == NULL)
		return false;
	at = strstr(origin, "://");
	return at == NULL || host == NULL || strcmp(at + 3, host) != 0;
}

static struct http_reply unauthorized(const struct http_request *r)
{
	return http_error(MHD_HTTP_UNAUTHORIZED,
			  r->token == NULL ? "a token is needed: Authorization: Bearer TOKEN"
					   : "not the token of this node");
}

/* False: refused, with the reply. */
static bool may_change(const struct http_server *s, const struct http_request *r,
		       struct http_reply *reply)
{
	if (is_of_other_site(r->connection)) {
		*reply = http_error(MHD_HTTP_FORBIDDEN, "asked for by another site");
		return false;
	}
	if (s->site.token == NULL && s->is_loopback)
		return true;
	if (s->site.token == NULL) {
		*reply = http_error(MHD_HTTP_FORBIDDEN,
				    "nothing can be changed here: set gateway.http_token, or let "
				    "gateway.http_host be a loopback address");
		return false;
	}
	if (r->token != NULL && same_token(r->token, s->site.token))
		return true;
	*reply = unauthorized(r);
	return false;
}

static bool has_token(const struct http_request *r, const char *token)
{
	return token != NULL && r->token != NULL && same_token(r->token, token);
}

static bool may_read(const struct http_server *s, const struct http_request *r,
		     struct http_reply *reply)
{
	if (s->site.read_token == NULL || has_token(r, s->site.read_token) ||
	    has_token(r, s->site.token))
		return true;
	*reply = unauthorized(r);
	return false;
}

static bool may_measure(const struct http_server *s, const struct http_request *r,
			struct http_reply *reply)
{
	if (s->site.metrics_token == NULL || has_token(r, s->site.metrics_token) ||
	    has_token(r, s->site.read_token) || has_token(r, s->site.token))
		return true;
	*reply = unauthorized(r);
	return false;
}

/* False: refused, with the reply. */
static bool may_have(const struct http_server *s, const struct http_route *route,
		     const struct http_request *r, struct http_reply *reply)
{
	switch (route->access) {
	case HTTP_FOR_PROBES:
		return true;
	case HTTP_FOR_METRICS:
		return may_measure(s, r, reply);
	case HTTP_FOR_ALL:
		return is_called_right(s, r, reply);
	case HTTP_FOR_READERS:
		return is_called_right(s, r, reply) && may_read(s, r, reply);
	case HTTP_FOR_OPERATORS:
		return is_called_right(s, r, reply) && may_change(s, r, reply);
	}
	return false;
}

/* --- routes --- */

/* Whether it is the route's path; *rest is what follows one that takes a word. */
static bool is_path(const struct http_route *route, const char *path, const char **rest)
{
	size_t n = strlen(route->path);

	*rest = "";
	if (n == 1 || route->path[n - 1] != '/')
		return strcmp(path, route->path) == 0;
	*rest = path + n;
	return strncmp(path, route->path, n) == 0 && path[n] != '\0';
}

static struct http_reply not_found(const struct http_server *s)
{
	char paths[800] = "";
	size_t n = 0;

	for (size_t i = 0; i < s->site.route_count && n < sizeof paths; i++) {
		const char *path = s->site.routes[i].path;

		if (i == 0 || strcmp(path, s->site.routes[i - 1].path) != 0)
			n += (size_t)snprintf(paths + n, sizeof paths - n, "%s %s",
					      n > 0 ? "," : "", path);
	}
	return http_error(MHD_HTTP_NOT_FOUND, "not found, there are%s", paths);
}

/* Who answers; NULL: *reply is the answer, *allow the methods that there are. */
static const struct http_route *find_route(const struct http_server *s, struct http_request *r,
					   struct http_reply *reply, char *allow, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < s->site.route_count; i++) {
		const struct http_route *route = &s->site.routes[i];

		if (!is_path(route, r->path, &r->rest))
			continue;
		if (strcmp(r->method, route->method) == 0)
			return route;
		n += (size_t)snprintf(allow + n, size - n, "%s%s", n > 0 ? ", " : "",
				      strcmp(route->method, "GET") == 0 ? "GET, HEAD"
									: route->method);
	}
	*reply = n > 0 ? http_error(MHD_HTTP_METHOD_NOT_ALLOWED, "method not allowed, only %s",
				    allow)
		       : not_found(s);
	return NULL;
}

static struct http_reply answer_to(const struct http_server *s, struct http_request *r, char *allow,
				   size_t size)
{
	struct http_reply reply;
	const struct http_route *route = find_route(s, r, &reply, allow, size);

	if (route == NULL || !may_have(s, route, r, &reply))
		return reply;
	if (s->site.elsewhere != NULL && strncmp(route->path, "/v1/", 4) == 0 &&
	    s->site.elsewhere(s->site.ctx, r, &reply))
		return reply;
	if (route->access == HTTP_FOR_READERS)
		thread_step_back(); /* lists are long: clients come first */
	return route->answer(s->site.ctx, r);
}

static enum MHD_Result send_reply(struct MHD_Connection *c, const struct http_reply *a,
				  const char *allow)
{
	struct MHD_Response *r =
		MHD_create_response_from_buffer(a->size, a->body, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result result;

	if (r == NULL) {
		free(a->body);
		return MHD_NO;
	}
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, a->type);
	MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	if (a->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, allow);
	if (a->status == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(r, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
	result = MHD_queue_response(c, a->status, r);
	MHD_destroy_response(r);
	return result;
}

static struct http_request read_request(struct MHD_Connection *c, const char *method,
					const char *path)
{
	static const char bearer[] = "Bearer ";
	const char *said = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Authorization");
	struct http_request r = { .method = method, .path = path, .rest = "", .connection = c };

	if (strcmp(method, "HEAD") == 0)
		r.method = "GET";
	if (said != NULL && strncasecmp(said, bearer, sizeof bearer - 1) == 0)
		r.token = said + sizeof bearer - 1;
	r.is_passed_on = MHD_lookup_connection_value(c, MHD_HEADER_KIND, HTTP_PASSED_ON) != NULL;
	return r;
}

/* Called when a request's head is there, for each piece of a body that nobody
 * asked for, and at its end: *dropped counts the body's bytes, plus one. */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *path,
				  const char *method, const char *version, const char *body,
				  size_t *body_size, void **dropped)
{
	uintptr_t n = (uintptr_t)*dropped;
	struct http_request request;
	struct http_reply reply;
	char allow[64] = "";

	(void)version;
	(void)body;
	if (n == 0 || *body_size > 0) {
		n += n == 0 ? 1 : *body_size;
		*body_size = 0;
		*dropped = (void *)n; // NOLINT(performance-no-int-to-ptr): a number, never followed
		return n > UNWANTED_BODY_MAX ? MHD_NO : MHD_YES;
	}
	request = read_request(c, method, path);
	reply = answer_to(ctx, &request, allow, sizeof allow);
	return send_reply(c, &reply, allow);
}

/* --- start and stop --- */

static int port_of(int fd)
{
	struct sockaddr_storage a;
	struct sockaddr_in v4;
	socklen_t len = sizeof a;

	if (getsockname(fd, (struct sockaddr *)&a, &len) != 0)
		return -1;
	memcpy(&v4, &a, sizeof v4); /* the port stands at the same place in IPv6 */
	return ntohs(v4.sin_port);
}

static struct tls_context *context_of(const struct http_site *site)
{
	return site->tls != NULL ? tls_slot_get(site->tls) : NULL;
}

struct http_server *http_start(const char *host, int port, const struct http_site *site, char *why,
			       size_t why_size)
{
	struct http_server *s;
	int fd;

	if (listen_open(host, port, 1, 1, &fd, why, why_size) != 0)
		return NULL;
	s = mem_zalloc(sizeof *s);
	s->site = *site;
	s->is_loopback = is_loopback(host);
	s->port = port_of(fd);
	s->daemons = daemons_new(fd, on_request, s);
	s->tls = context_of(site);
	if (daemons_begin(s->daemons, s->tls))
		return s;
	snprintf(why, why_size, "listen on %s:%d: the HTTP server does not start%s", host, port,
		 s->tls != NULL ? " with its certificate" : "");
	http_stop(s);
	return NULL;
}

/* A context that is given up is unreferenced last, so that no other can be at its address. */
void http_tend(struct http_server *s)
{
	struct tls_context *now = context_of(&s->site), *before = s->tls;

	daemons_sweep(s->daemons);
	if (now == before) {
		tls_context_unref(now);
		return;
	}
	if (!daemons_begin(s->daemons, now))
		log_error("who=http event=certificate_kept err=\"libmicrohttpd does not start with "
			  "the newer one\"");
	s->tls = now;
	tls_context_unref(before);
}

int http_port(const struct http_server *server)
{
	return server->port;
}

void http_stop(struct http_server *server)
{
	if (server == NULL)
		return;
	daemons_free(server->daemons);
	tls_context_unref(server->tls);
	free(server);
}

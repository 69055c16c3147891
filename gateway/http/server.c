#include "http/server.h"

#include "net/listen.h"
#include "util/mem.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

enum {
	CONNECTIONS_MAX = 128,	/* no more are accepted */
	CONNECTIONS_CROWD = 96, /* beyond this the oldest is closed */
	SILENCE_MAX_S = 10,
	MEMORY_A_CONNECTION = 16 << 10, /* a request's head and an answer's */
	UNWANTED_BODY_MAX = 64 << 10,	/* is dropped; a larger one ends the connection */
};

struct visitor {
	TAILQ_ENTRY(visitor) link; /* while it is not being closed */
	int fd;
	bool is_listed;
};

/* After http_start only the server's thread touches it, until http_stop. */
struct http_server {
	struct MHD_Daemon *daemon;
	struct http_source source;
	char *version;
	struct timespec started;
	int port;
	TAILQ_HEAD(, visitor) visitors; /* the oldest first */
	int visitor_count;		/* that are in the list */
};

struct answer {
	unsigned status;
	const char *type;
	char *body; /* the response frees it */
	size_t size;
};

static const char json_type[] = "application/json";
static const char text_type[] = "text/plain; version=0.0.4; charset=utf-8";

static struct answer json_answer(unsigned status, char *body)
{
	return (struct answer){ status, json_type, body, strlen(body) };
}

static struct http_health read_health(const struct http_server *s)
{
	struct http_health health = { 0 };

	s->source.health(s->source.ctx, &health);
	return health;
}

static struct http_metrics read_metrics(const struct http_server *s)
{
	struct http_metrics metrics = { 0 };

	s->source.metrics(s->source.ctx, &metrics);
	return metrics;
}

static struct http_node node_of(const struct http_server *s, const struct http_health *health)
{
	return (struct http_node){ s->version, s->started, health->phase == HTTP_READY };
}

static struct answer get_summary(const struct http_server *s)
{
	struct http_health health = read_health(s);
	struct http_metrics metrics = read_metrics(s);
	struct http_node node = node_of(s, &health);

	return json_answer(MHD_HTTP_OK, health_summary(&health, &metrics, &node));
}

static struct answer get_live(const struct http_server *s)
{
	(void)s;
	return json_answer(MHD_HTTP_OK, mem_strdup("{\"status\":\"live\"}"));
}

static struct answer get_ready(const struct http_server *s)
{
	struct http_health health = read_health(s);

	return json_answer(health.phase == HTTP_READY ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
			   health_ready(&health));
}

static struct answer get_metrics(const struct http_server *s)
{
	struct http_health health = read_health(s);
	struct http_metrics metrics = read_metrics(s);
	struct http_node node = node_of(s, &health);
	struct answer a = { MHD_HTTP_OK, text_type, NULL, 0 };

	a.body = metrics_render(&metrics, &node, &a.size);
	return a;
}

static const struct route {
	const char *path;
	struct answer (*get)(const struct http_server *s);
} routes[] = {
	{ "/health", get_summary },
	{ "/health/live", get_live },
	{ "/health/ready", get_ready },
	{ "/metrics", get_metrics },
};

static struct answer answer_to(const struct http_server *s, const char *method, const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (strcmp(path, routes[i].path) != 0)
			continue;
		if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
			return routes[i].get(s);
		return json_answer(MHD_HTTP_METHOD_NOT_ALLOWED,
				   mem_strdup("{\"error\":\"method not allowed, only GET is\"}"));
	}
	return json_answer(MHD_HTTP_NOT_FOUND,
			   mem_strdup("{\"error\":\"not found, there are /health, /health/live, "
				      "/health/ready and /metrics\"}"));
}

static enum MHD_Result send_answer(struct MHD_Connection *c, const struct answer *a)
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
	if (a->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(c, a->status, r);
	MHD_destroy_response(r);
	return result;
}

/* Called when a request's head is there, for each piece of a body that nobody
 * asked for, and at its end: *dropped counts the body's bytes, plus one. */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *path,
				  const char *method, const char *version, const char *body,
				  size_t *body_size, void **dropped)
{
	uintptr_t n = (uintptr_t)*dropped;
	struct answer a;

	(void)version;
	(void)body;
	if (n == 0 || *body_size > 0) {
		n += n == 0 ? 1 : *body_size;
		*body_size = 0;
		*dropped = (void *)n; // NOLINT(performance-no-int-to-ptr): a number, never followed
		return n > UNWANTED_BODY_MAX ? MHD_NO : MHD_YES;
	}
	a = answer_to(ctx, method, path);
	return send_answer(c, &a);
}

/* MHD closes it when it sees that the other side is gone. */
static void visitor_dismiss(struct http_server *s, struct visitor *v)
{
	TAILQ_REMOVE(&s->visitors, v, link);
	s->visitor_count--;
	v->is_listed = false;
	shutdown(v->fd, SHUT_RDWR);
}

static void visitor_enter(struct http_server *s, struct visitor *v)
{
	TAILQ_INSERT_TAIL(&s->visitors, v, link);
	s->visitor_count++;
	v->is_listed = true;
	if (s->visitor_count > CONNECTIONS_CROWD)
		visitor_dismiss(s, TAILQ_FIRST(&s->visitors));
}

static void on_connection(void *ctx, struct MHD_Connection *c, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	struct http_server *s = ctx;
	struct visitor *v = *context;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*context = v = mem_zalloc(sizeof *v);
		v->fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
		visitor_enter(s, v);
		return;
	}
	if (v->is_listed) {
		TAILQ_REMOVE(&s->visitors, v, link);
		s->visitor_count--;
	}
	free(v);
	*context = NULL;
}

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

/* With poll: few connections are open, and the library's epoll misses the end of
 * one that comes together with an unfinished request. */
static struct MHD_Daemon *start_daemon(struct http_server *s, int fd)
{
	sigset_t all, before;
	struct MHD_Daemon *daemon;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the main thread */
	daemon = MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL,
				  on_request, s, MHD_OPTION_LISTEN_SOCKET, fd,
				  MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
				  MHD_OPTION_CONNECTION_TIMEOUT, SILENCE_MAX_S,
				  MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_A_CONNECTION,
				  MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_END);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return daemon;
}

struct http_server *http_start(const char *host, int port, const char *version,
			       const struct http_source *source, char *why, size_t why_size)
{
	struct http_server *s;
	int fd;

	if (listen_open(host, port, 1, 1, &fd, why, why_size) != 0)
		return NULL;
	s = mem_zalloc(sizeof *s);
	s->source = *source;
	s->version = mem_strdup(version);
	s->port = port_of(fd);
	clock_gettime(CLOCK_REALTIME, &s->started);
	TAILQ_INIT(&s->visitors);
	s->daemon = start_daemon(s, fd);
	if (s->daemon != NULL)
		return s;
	snprintf(why, why_size, "listen on %s:%d: the HTTP server does not start", host, port);
	http_stop(s);
	return NULL;
}

int http_port(const struct http_server *server)
{
	return server->port;
}

void http_stop(struct http_server *server)
{
	if (server == NULL)
		return;
	if (server->daemon != NULL)
		MHD_stop_daemon(server->daemon);
	free(server->version);
	free(server);
}

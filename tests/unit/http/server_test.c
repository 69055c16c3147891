/* server_test.c - the HTTP side over real sockets, with visitors good and bad. */
#include "http/health.h"
#include "http/metrics.h"
#include "http/server.h"
#include "http/visitors.h"

#include "kafka/api.h"
#include "unit/apis.h"
#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_MS = 5000, ANSWER_MAX = 64 << 10 };

/* What the main program would be. */
static struct stats worker;
static const struct stats *const workers[] = { &worker };
static atomic_int phase;
static atomic_int signals_open;
static struct http_server *server;

static struct http_health give_health(void)
{
	struct http_health health = { 0 };
	sigset_t blocked;

	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	if (!sigismember(&blocked, SIGTERM))
		atomic_store(&signals_open, 1);
	health.phase = (enum http_phase)atomic_load(&phase);
	if (health.phase == HTTP_STARTING)
		http_reason(&health, "no broker has answered");
	return health;
}

static struct http_reply give_ready(void *ctx, const struct http_request *r)
{
	struct http_health health = give_health();

	assert_ptr_equal(ctx, &worker);
	assert_string_equal(r->rest, "");
	return http_json(http_takes_clients(&health) ? 200 : 503, health_ready(&health));
}

static struct http_reply give_metrics(void *ctx, const struct http_request *r)
{
	struct http_metrics metrics = {
		.workers = workers, .worker_count = 1, .brokers = 3, .topology_age_ms = -1
	};
	struct http_node node = { .version = "1.2.3" };
	struct http_reply reply = { 200, "text/plain; version=0.0.4", NULL, 0 };

	(void)ctx;
	(void)r;
	reply.body = metrics_render(&metrics, &node, &reply.size);
	return reply;
}

/* What it was called with. */
static struct http_reply give_back(void *ctx, const struct http_request *r)
{
	const char *argument = http_argument(r, "a");
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)ctx;
	fprintf(out, "\"%s %s %s %s\"", r->method, r->rest, argument != NULL ? argument : "-",
		r->token != NULL ? r->token : "-");
	fclose(out);
	return http_json(200, text);
}

/* Keeps who asks until it is let go. */
static sem_t has_come, may_go;

static struct http_reply give_later(void *ctx, const struct http_request *r)
{
	(void)ctx;
	(void)r;
	sem_post(&has_come);
	sem_wait(&may_go);
	return http_json(200, mem_strdup("{}"));
}

static const struct http_route routes[] = {
	{ "GET", "/health/ready", HTTP_FOR_PROBES, give_ready },
	{ "GET", "/metrics", HTTP_FOR_METRICS, give_metrics },
	{ "GET", "/later", HTTP_FOR_READERS, give_later },
	{ "GET", "/v1/things/", HTTP_FOR_READERS, give_back },
	{ "DELETE", "/v1/things/", HTTP_FOR_OPERATORS, give_back },
	{ "POST", "/v1/act", HTTP_FOR_OPERATORS, give_back },
};

/* Another node answers what has ?node=. */
static bool pass_on(void *ctx, const struct http_request *r, struct http_reply *reply)
{
	(void)ctx;
	if (http_argument(r, "node") == NULL)
		return false;
	*reply = http_error(502, "node %s \xff is away", http_argument(r, "node"));
	return true;
}

static struct http_site site = { .ctx = &worker,
				 .routes = routes,
				 .route_count = ARRAY_LEN(routes),
				 .elsewhere = pass_on,
				 .names = "y, x" };

static int start_on(const char *host, const char *token)
{
	char why[200];

	atomic_store(&phase, HTTP_READY);
	site.token = token;
	server = http_start(host, 0, &site, why, sizeof why);
	if (server == NULL)
		print_error("%s\n", why);
	return server == NULL ? -1 : 0;
}

static int start(void **state)
{
	(void)state;
	return start_on("127.0.0.1", NULL);
}

static int start_with_token(void **state)
{
	(void)state;
	return start_on("127.0.0.1", "open sesame");
}

static int start_for_all(void **state)
{
	(void)state;
	return start_on("0.0.0.0", NULL);
}

static int stop(void **state)
{
	(void)state;
	http_stop(server);
	return 0;
}

/* A visitor. */

static int visit(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)http_port(server)),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* More bytes; 0: closed.  Fails when neither comes. */
static size_t hear_some(int fd, char *to, size_t room)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;

	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	n = recv(fd, to, room, 0);
	return n < 0 ? 0 : (size_t)n;
}

struct heard {
	int status;
	char text[ANSWER_MAX]; /* head and body */
	const char *body;
};

static void hear_all(int fd, struct heard *h)
{
	size_t n = 0, more;

	while ((more = hear_some(fd, h->text + n, sizeof h->text - 1 - n)) > 0)
		n += more;
	h->text[n] = '\0';
	h->status = 0;
	h->body = NULL;
	if (sscanf(h->text, "HTTP/1.1 %d ", &h->status) != 1)
		return;
	h->body = strstr(h->text, "\r\n\r\n");
	assert_non_null(h->body);
	h->body += 4;
}

static void ask(const char *method, const char *path, struct heard *h)
{
	char request[200];
	int fd = visit();

	snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		 method, path);
	say(fd, request);
	hear_all(fd, h);
	close(fd);
}

static void assert_text(const char *body, const char *key, const char *want)
{
	json_t *o = json_loads(body, 0, NULL);

	assert_non_null(o);
	assert_string_equal(json_string_value(json_object_get(o, key)), want);
	json_decref(o);
}

static bool has_line(const struct heard *h, const char *line)
{
	return strcasestr(h->text, line) != NULL;
}

static struct heard heard;

static void ask_with(const char *method, const char *path, const char *headers)
{
	char request[400];
	int fd = visit();

	snprintf(request, sizeof request,
		 "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n", method, path, headers);
	say(fd, request);
	hear_all(fd, &heard);
	close(fd);
}

static void routes_are_found_and_told_what_was_asked(void **state)
{
	(void)state;
	ask("GET", "/health/ready?from=haproxy", &heard);
	assert_int_equal(heard.status, 200);
	assert_true(has_line(&heard, "\r\nContent-Type: application/json\r\n"));
	assert_text(heard.body, "status", "ready");
	ask("GET", "/metrics", &heard);
	assert_int_equal(heard.status, 200);
	assert_true(has_line(&heard, "\r\nContent-Type: text/plain; version=0.0.4"));
	assert_non_null(strstr(heard.body, "\nanyport_brokers 3\n"));
	ask("GET", "/v1/things/a%20b?a=%31", &heard);
	assert_string_equal(heard.body, "\"GET a b 1 -\"");
	ask("GET", "/v1/things/", &heard);
	assert_int_equal(heard.status, 404);
	atomic_store(&phase, HTTP_STARTING);
	ask("GET", "/health/ready", &heard);
	assert_int_equal(heard.status, 503);
	assert_non_null(strstr(heard.body, "no broker has answered"));
	assert_int_equal(atomic_load(&signals_open), 0);
}

static void another_node_may_answer_below_v1(void **state)
{
	(void)state;
	ask("GET", "/v1/things/x?node=n2", &heard);
	assert_int_equal(heard.status, 502);
	assert_text(heard.body, "error", "node n2 ? is away");
	ask("GET", "/health/ready?node=n2", &heard);
	assert_int_equal(heard.status, 200);
}

static void on_loopback_changes_need_no_token(void **state)
{
	(void)state;
	ask("DELETE", "/v1/things/7", &heard);
	assert_string_equal(heard.body, "\"DELETE 7 - -\"");
	ask_with("POST", "/v1/act", "Origin: http://x\r\n");
	assert_int_equal(heard.status, 200);
	ask_with("POST", "/v1/act", "Origin: http://elsewhere\r\n");
	assert_int_equal(heard.status, 403);
	ask_with("POST", "/v1/act", "Origin: null\r\n");
	assert_int_equal(heard.status, 403);
}

static void beyond_loopback_nothing_changes_without_a_token(void **state)
{
	(void)state;
	ask("POST", "/v1/act", &heard);
	assert_int_equal(heard.status, 403);
	assert_non_null(strstr(heard.body, "gateway.http_token"));
	ask("POST", "/v1/act?node=n2", &heard);
	assert_int_equal(heard.status, 403);
	ask("GET", "/v1/things/x", &heard);
	assert_int_equal(heard.status, 200);
}

static void ask_by(const char *what, const char *host)
{
	char request[300];
	int fd = visit();

	snprintf(request, sizeof request, "%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
		 what, host);
	say(fd, request);
	hear_all(fd, &heard);
	close(fd);
}

/* A name that was made to point here gets no answer, whatever is asked, but for probes. */
static void it_is_called_by_a_name_of_its_own(void **state)
{
	static const struct {
		const char *host;
		int status;
	} rows[] = {
		{ "x", 200 },
		{ "Y:80", 200 },
		{ "x.", 200 },
		{ "127.0.0.1:8888", 200 },
		{ "[::1]:8888", 200 },
		{ "localhost:1", 200 },
		{ "a.b.localhost", 200 },
		{ "evil.example", 421 },
		{ "xy", 421 },
		{ "x,", 421 },
		{ "x.example", 421 },
		{ "localhost.example", 421 },
		{ "mylocalhost", 421 },
		{ "127.0.0.1.example", 421 },
		{ ":80", 421 },
		{ ".", 421 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ask_by("POST /v1/act", rows[i].host);
		assert_int_equal(heard.status, rows[i].status);
		ask_by("GET /v1/things/7", rows[i].host);
		assert_int_equal(heard.status, rows[i].status);
		ask_by("GET /metrics", rows[i].host);
		assert_int_equal(heard.status, 200);
	}
}

static void a_token_is_asked_for_and_compared(void **state)
{
	static const struct {
		const char *header;
		int status;
	} rows[] = {
		{ "", 401 },
		{ "Authorization: Bearer open sesame\r\n", 200 },
		{ "authorization: bearer open sesame\r\n", 200 },
		{ "Authorization: Bearer open sesam\r\n", 401 },
		{ "Authorization: Bearer open sesamee\r\n", 401 },
		{ "Authorization: Bearer\r\n", 401 },
		{ "Authorization: Basic open sesame\r\n", 401 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ask_with("POST", "/v1/act", rows[i].header);
		assert_int_equal(heard.status, rows[i].status);
		if (heard.status == 401)
			assert_true(has_line(&heard, "\r\nWWW-Authenticate: Bearer\r\n"));
	}
	ask("GET", "/v1/things/x", &heard);
	assert_int_equal(heard.status, 200);
}

static void head_has_no_body(void **state)
{
	(void)state;
	ask("HEAD", "/health/ready", &heard);
	assert_int_equal(heard.status, 200);
	assert_string_equal(heard.body, "");
	assert_true(has_line(&heard, "\r\nContent-Length: "));
	assert_false(has_line(&heard, "\r\nContent-Length: 0\r\n"));
}

/* As HAProxy's check without a Host line, and HTTP/1.0. */
static void plain_checks_are_served(void **state)
{
	int fd = visit();

	(void)state;
	say(fd, "OPTIONS / HTTP/1.0\r\n\r\n");
	hear_all(fd, &heard);
	close(fd);
	assert_true(has_line(&heard, "404 Not Found"));
	fd = visit();
	say(fd, "GET /health/ready HTTP/1.0\r\n\r\n");
	hear_all(fd, &heard);
	close(fd);
	assert_true(has_line(&heard, " 200 OK\r\n"));
}

static void what_is_not_there_is_told_as_json(void **state)
{
	static const char *const paths[] = { "/",    "/health/",   "/metrics/x", "/health/readyy",
					     "/%00", "/../health", "//health" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		ask("GET", paths[i], &heard);
		assert_int_equal(heard.status, 404);
		assert_true(has_line(&heard, "\r\nContent-Type: application/json\r\n"));
		assert_ptr_equal(strstr(heard.body, "{\"error\":\"not found"), heard.body);
	}
}

static void other_methods_are_refused_as_json(void **state)
{
	static const char *const methods[] = { "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "get" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		ask(methods[i], "/health/ready", &heard);
		assert_int_equal(heard.status, 405);
		assert_true(has_line(&heard, "\r\nAllow: GET, HEAD\r\n"));
		assert_ptr_equal(strstr(heard.body, "{\"error\":\"method not allowed"), heard.body);
	}
}

static void a_small_body_is_dropped_and_answered(void **state)
{
	static const char *const requests[] = {
		"POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
		"PATCH /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
		"5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		int fd = visit();

		say(fd, requests[i]);
		hear_all(fd, &heard);
		close(fd);
		assert_int_equal(heard.status, 405);
	}
}

/* The answer to a request of a keep-alive connection whose body's length is known. */
static void hear_one(int fd, const char *needle)
{
	char text[4096];
	size_t n = 0, more;

	do {
		more = hear_some(fd, text + n, sizeof text - 1 - n);
		n += more;
		text[n] = '\0';
	} while (more > 0 && strstr(text, needle) == NULL);
	assert_non_null(strstr(text, needle));
}

static void a_connection_serves_several_requests(void **state)
{
	int fd = visit();

	(void)state;
	for (int i = 0; i < 3; i++) {
		say(fd, "GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n");
		hear_one(fd, "{\"status\":\"ready\",\"reasons\":[]}");
	}
	say(fd, "GET /health/ready HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
	say(fd, "hello");
	hear_one(fd, "{\"status\":\"ready\",\"reasons\":[]}");
	close(fd);
}

static void assert_alive(void)
{
	ask("GET", "/health/ready", &heard);
	assert_int_equal(heard.status, 200);
}

/* Sends until the other side has enough; what it got. */
static size_t pour(int fd, size_t most)
{
	static const char zeroes[4096];
	size_t sent = 0;

	while (sent < most) {
		struct pollfd p = { .fd = fd, .events = POLLOUT };
		ssize_t n;

		assert_int_equal(poll(&p, 1, WAIT_MS), 1);
		n = send(fd, zeroes, sizeof zeroes, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN)
			break;
		sent += n < 0 ? 0 : (size_t)n;
	}
	return sent;
}

static void a_huge_body_is_not_read(void **state)
{
	enum { HUGE_MAX = 64 << 20 };
	static const char *const heads[] = {
		"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\n",
		"GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		int fd = visit();

		say(fd, heads[i]);
		assert_true(pour(fd, HUGE_MAX) < HUGE_MAX);
		close(fd);
		assert_alive();
	}
}

static void a_head_too_large_ends_its_connection_only(void **state)
{
	char line[2000];
	int fd = visit(), i;

	(void)state;
	memset(line, 'x', sizeof line - 1);
	line[sizeof line - 1] = '\0';
	say(fd, "GET /health/ready HTTP/1.1\r\nHost: x\r\nX-Large: ");
	for (i = 0; i < 100; i++) {
		if (send(fd, line, strlen(line), MSG_NOSIGNAL) < 0)
			break;
	}
	hear_all(fd, &heard); /* 431, or a reset when we were still sending */
	assert_true(heard.status == 431 || heard.status == 0);
	close(fd);
	assert_alive();
}

static void garbage_ends_its_connection_only(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} rows[] = {
		{ "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15 },
		{ "\0\0\0\x1a\0\x12\0\x03\0\0\0\1\r\n\r\n", 16 },
		{ "GET\r\n\r\n", 7 },
		{ "GET /hea", 8 },
		{ "", 0 },
		{ "GET /health/ready HTTP/9.9\r\n\r\n", 29 },
		{ "GET /health/ready HTTP/1.1\r\n: x\r\n\r\n", 34 },
		{ "GET /health/ready HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 49 },
	};
	char some[1000];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int fd = visit();

		assert_int_equal(send(fd, rows[i].bytes, rows[i].n, MSG_NOSIGNAL), rows[i].n);
		shutdown(fd, SHUT_WR);
		hear_some(fd, some, sizeof some); /* an answer, or the end at once */
		close(fd);
		assert_alive();
	}
}

static void a_slow_visitor_keeps_nobody_waiting(void **state)
{
	static const char request[] =
		"GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
	int fd = visit();

	(void)state;
	for (size_t i = 0; i < sizeof request - 1; i++) {
		assert_int_equal(send(fd, request + i, 1, MSG_NOSIGNAL), 1);
		assert_alive();
	}
	hear_all(fd, &heard);
	close(fd);
	assert_int_equal(heard.status, 200);
}

/* Far more than it takes; each holds an unfinished request. */
static void a_crowd_that_only_holds_its_places_keeps_nobody_out(void **state)
{
	enum { CROWD = 300 };
	int fds[CROWD];
	char byte;

	(void)state;
	for (int i = 0; i < CROWD; i++) {
		fds[i] = visit();
		say(fds[i], "GET /health/ready HTTP/1.1\r\nHost: x\r\nX: ");
	}
	for (int i = 0; i < 5; i++)
		assert_alive();
	assert_int_equal(hear_some(fds[0], &byte, 1), 0); /* the oldest had to go */
	say(fds[CROWD - 1], "x\r\nConnection: close\r\n\r\n");
	hear_all(fds[CROWD - 1], &heard); /* the newest is served */
	assert_int_equal(heard.status, 200);
	for (int i = 0; i < CROWD; i++)
		close(fds[i]);
	assert_alive();
}

/* The time in WAIT_MS, as sem_clockwait wants it. */
static struct timespec soon(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += WAIT_MS / 1000;
	return t;
}

static int start_with_gate(void **state)
{
	sem_init(&has_come, 0, 0);
	sem_init(&may_go, 0, 0);
	return start(state);
}

static void open_gate(void)
{
	for (int i = 0; i < VISITORS_MAX; i++)
		sem_post(&may_go);
}

static int stop_with_gate(void **state)
{
	open_gate(); /* also after a failure, or nothing would end */
	stop(state);
	sem_destroy(&has_come);
	return sem_destroy(&may_go);
}

/* Those who were dismissed for later ones can't go yet, so that there is no place left. */
static void who_comes_when_every_place_is_taken_waits_for_one(void **state)
{
	enum { LATE = 20 };
	int fds[VISITORS_MAX], late[LATE];

	(void)state;
	for (int i = 0; i < VISITORS_MAX; i++) {
		struct timespec until = soon();

		fds[i] = visit();
		say(fds[i], "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
		assert_int_equal(sem_clockwait(&has_come, CLOCK_MONOTONIC, &until), 0);
	}
	for (int i = 0; i < LATE; i++) {
		late[i] = visit();
		say(late[i], "GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	}
	open_gate();
	for (int i = 0; i < LATE; i++) {
		hear_all(late[i], &heard);
		assert_int_equal(heard.status, 200);
		close(late[i]);
	}
	for (int i = 0; i < VISITORS_MAX; i++)
		close(fds[i]);
}

static void who_comes_when_there_is_no_descriptor_waits_for_one(void **state)
{
	enum { MOST = 200 };
	struct rlimit before, few;
	int taken[MOST], n = 0, fd;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit){ MOST, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	while ((fd = dup(STDERR_FILENO)) >= 0)
		taken[n++] = fd;
	assert_int_equal(errno, EMFILE);
	close(taken[--n]);
	fd = visit();
	say(fd, "GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	assert_int_equal(dup(STDERR_FILENO), -1); /* the server had none to take */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	while (n > 0)
		close(taken[--n]);
	hear_all(fd, &heard);
	close(fd);
	assert_int_equal(heard.status, 200);
}

static void *ask_often(void *result)
{
	struct heard *h = mem_alloc(sizeof *h);
	int good = 0;

	for (int i = 0; i < 50; i++) {
		ask("GET", i % 2 ? "/metrics" : "/health/ready", h);
		good += h->status == 200;
	}
	*(int *)result = good;
	free(h);
	return NULL;
}

static void many_may_ask_while_the_workers_count(void **state)
{
	pthread_t threads[3];
	int good[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &good[i]), 0);
	for (int i = 0; i < 100000; i++) {
		stats_request(&worker, i % STATS_APIS);
		stats_latency(&worker, (uint64_t)i);
		stats_add(&worker, STAT_CLIENT_BYTES_IN, 100);
	}
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(good[i], 50);
	}
}

static void a_port_in_use_is_told_in_one_line(void **state)
{
	char why[200] = "", want[200];

	(void)state;
	assert_null(http_start("127.0.0.1", http_port(server), &site, why, sizeof why));
	snprintf(want, sizeof want, "listen on 127.0.0.1:%d: Address already in use",
		 http_port(server));
	assert_string_equal(why, want);
	assert_alive();
}

static void stopping_closes_all_and_frees_the_port(void **state)
{
	int port = http_port(server), idle = visit(), half = visit();
	char why[200], byte;

	(void)state;
	say(half, "GET /health");
	assert_alive(); /* both were accepted before this one */
	http_stop(server);
	assert_int_equal(hear_some(idle, &byte, 1), 0);
	assert_int_equal(hear_some(half, &byte, 1), 0);
	close(idle);
	close(half);
	server = http_start("127.0.0.1", port, &site, why, sizeof why);
	assert_non_null(server);
	assert_int_equal(http_port(server), port);
	assert_alive();
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(routes_are_found_and_told_what_was_asked),
		WITH_SERVER(another_node_may_answer_below_v1),
		WITH_SERVER(on_loopback_changes_need_no_token),
		WITH_SERVER(it_is_called_by_a_name_of_its_own),
		cmocka_unit_test_setup_teardown(beyond_loopback_nothing_changes_without_a_token,
						start_for_all, stop),
		cmocka_unit_test_setup_teardown(a_token_is_asked_for_and_compared, start_with_token,
						stop),
		WITH_SERVER(head_has_no_body),
		WITH_SERVER(plain_checks_are_served),
		WITH_SERVER(what_is_not_there_is_told_as_json),
		WITH_SERVER(other_methods_are_refused_as_json),
		WITH_SERVER(a_small_body_is_dropped_and_answered),
		WITH_SERVER(a_connection_serves_several_requests),
		WITH_SERVER(a_huge_body_is_not_read),
		WITH_SERVER(a_head_too_large_ends_its_connection_only),
		WITH_SERVER(garbage_ends_its_connection_only),
		WITH_SERVER(a_slow_visitor_keeps_nobody_waiting),
		WITH_SERVER(a_crowd_that_only_holds_its_places_keeps_nobody_out),
		cmocka_unit_test_setup_teardown(who_comes_when_every_place_is_taken_waits_for_one,
						start_with_gate, stop_with_gate),
		WITH_SERVER(who_comes_when_there_is_no_descriptor_waits_for_one),
		WITH_SERVER(many_may_ask_while_the_workers_count),
		WITH_SERVER(a_port_in_use_is_told_in_one_line),
		WITH_SERVER(stopping_closes_all_and_frees_the_port),
	};

	return cmocka_run_group_tests_name("http server", tests, apis_set_up, apis_tear_down);
}

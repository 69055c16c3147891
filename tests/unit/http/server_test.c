/* server_test.c - the HTTP side over real sockets, with visitors good and bad. */
#include "http/server.h"

#include "kafka/api.h"
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
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAIT_MS = 5000, ANSWER_MAX = 64 << 10 };

/* What the main program would be. */
static struct stats worker;
static const struct stats *const workers[] = { &worker };
static atomic_int phase;
static atomic_int signals_open;
static struct http_server *server;

static void give_health(void *ctx, struct http_health *out)
{
	sigset_t blocked;

	assert_ptr_equal(ctx, &worker);
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	if (!sigismember(&blocked, SIGTERM))
		atomic_store(&signals_open, 1);
	out->phase = (enum http_phase)atomic_load(&phase);
	if (out->phase == HTTP_STARTING)
		http_reason(out, "no broker has answered");
	if (out->phase == HTTP_DRAINING)
		http_reason(out, "the node is being stopped");
}

static void give_metrics(void *ctx, struct http_metrics *out)
{
	(void)ctx;
	*out = (struct http_metrics){
		.workers = workers, .worker_count = 1, .brokers = 3, .topology_age_ms = -1
	};
}

static const struct http_source source = { &worker, give_health, give_metrics };

static int start(void **state)
{
	char why[200];

	(void)state;
	atomic_store(&phase, HTTP_READY);
	server = http_start("127.0.0.1", 0, "1.2.3", &source, why, sizeof why);
	if (server == NULL)
		print_error("%s\n", why);
	return server == NULL ? -1 : 0;
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

static void every_endpoint_answers(void **state)
{
	(void)state;
	ask("GET", "/health", &heard);
	assert_int_equal(heard.status, 200);
	assert_true(has_line(&heard, "\r\nContent-Type: application/json\r\n"));
	assert_text(heard.body, "version", "1.2.3");
	ask("GET", "/health/live", &heard);
	assert_int_equal(heard.status, 200);
	assert_text(heard.body, "status", "live");
	ask("GET", "/health/ready?from=haproxy", &heard);
	assert_int_equal(heard.status, 200);
	assert_text(heard.body, "status", "ready");
	ask("GET", "/metrics", &heard);
	assert_int_equal(heard.status, 200);
	assert_true(has_line(&heard, "\r\nContent-Type: text/plain; version=0.0.4"));
	assert_non_null(strstr(heard.body, "\nanyport_brokers 3\n"));
	assert_non_null(strstr(heard.body, "\nanyport_ready 1\n"));
}

static void readiness_follows_the_node(void **state)
{
	static const struct {
		enum http_phase phase;
		int status;
		const char *word, *reason;
	} rows[] = {
		{ HTTP_STARTING, 503, "starting", "no broker has answered" },
		{ HTTP_READY, 200, "ready", NULL },
		{ HTTP_DRAINING, 503, "draining", "the node is being stopped" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		atomic_store(&phase, (int)rows[i].phase);
		ask("GET", "/health/ready", &heard);
		assert_int_equal(heard.status, rows[i].status);
		assert_text(heard.body, "status", rows[i].word);
		if (rows[i].reason != NULL)
			assert_non_null(strstr(heard.body, rows[i].reason));
		ask("GET", "/health/live", &heard);
		assert_int_equal(heard.status, 200);
		ask("GET", "/health", &heard);
		assert_int_equal(heard.status, 200);
		assert_text(heard.body, "status", rows[i].word);
		ask("GET", "/metrics", &heard);
		assert_non_null(strstr(heard.body, rows[i].phase == HTTP_READY
							   ? "\nanyport_ready 1\n"
							   : "\nanyport_ready 0\n"));
	}
	assert_int_equal(atomic_load(&signals_open), 0);
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
		"POST /metrics HTTP/1.1\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
		"PATCH /metrics HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
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
		say(fd, "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
		hear_one(fd, "{\"status\":\"live\"}");
	}
	say(fd, "GET /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
	say(fd, "hello");
	hear_one(fd, "{\"status\":\"live\"}");
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
	say(fd, "GET /health/live HTTP/1.1\r\nHost: x\r\nX-Large: ");
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
		{ "GET /health/live HTTP/9.9\r\n\r\n", 29 },
		{ "GET /health/live HTTP/1.1\r\n: x\r\n\r\n", 34 },
		{ "GET /health/live HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 49 },
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
		"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
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
		say(fds[i], "GET /health/ready HTTP/1.1\r\nX: ");
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

static void *ask_often(void *result)
{
	struct heard *h = mem_alloc(sizeof *h);
	int good = 0;

	for (int i = 0; i < 50; i++) {
		ask("GET", i % 2 ? "/metrics" : "/health", h);
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
	assert_null(http_start("127.0.0.1", http_port(server), "1", &source, why, sizeof why));
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
	server = http_start("127.0.0.1", port, "1.2.3", &source, why, sizeof why);
	assert_non_null(server);
	assert_int_equal(http_port(server), port);
	assert_alive();
}

static int compile_apis(void **state)
{
	(void)state;
	return apis_compile(stderr) ? 0 : -1;
}

static int free_apis(void **state)
{
	(void)state;
	apis_free();
	return 0;
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(every_endpoint_answers),
		WITH_SERVER(readiness_follows_the_node),
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
		WITH_SERVER(many_may_ask_while_the_workers_count),
		WITH_SERVER(a_port_in_use_is_told_in_one_line),
		WITH_SERVER(stopping_closes_all_and_frees_the_port),
	};

	return cmocka_run_group_tests_name("http server", tests, compile_apis, free_apis);
}

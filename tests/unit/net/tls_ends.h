/* tls_ends.h - a server and a client by TLS, each over a socket pair, and the wire between the far ends.
 *
 * A test program includes it once.  Certificates are made for the program, connections for each test; a
 * test carries bytes itself, as many at a time as `chunk` says.
 */
#ifndef UNIT_NET_TLS_ENDS_H
#define UNIT_NET_TLS_ENDS_H

#include "net/tls.h"

#include "unit/certificates.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>

#include <cmocka.h>

enum { LIMIT = 200000, BIG = 3 * 1024 * 1024 };

static struct certificates files;
static struct tls_context *server_context, *client_context, *mutual_server, *mutual_client;
static struct ev_loop *loop;
static struct bufpool bufs;
static struct conn server, client;
static int server_wire, client_wire; /* the far ends of the two sockets; -1: closed */
static size_t chunk;		     /* bytes that a wire takes at a time */
static size_t to_server, to_client;  /* bytes that the wires took */
static uint8_t big[BIG];

static inline void on_event(void *owner)
{
	(void)owner;
}

static inline const char *at(const char *name)
{
	return certificates_path(&files, name);
}

static inline struct tls_context *made(struct tls_context *c, const char *why)
{
	if (c == NULL)
		fail_msg("%s", why);
	return c;
}

static inline struct tls_context *server_of(const char *name, enum tls_client_auth auth)
{
	char cert[40], key[40], why[TLS_WHY_MAX];
	struct tls_wanted w = { .client_auth = auth, .ca = at("ca.pem") };

	snprintf(cert, sizeof cert, "%s.pem", name);
	snprintf(key, sizeof key, "%s.key", name);
	w.certificate = at(cert);
	w.key = at(key);
	return made(tls_server_new(&w, why), why);
}

static inline int setup_all(void **state)
{
	struct tls_wanted w;
	char why[TLS_WHY_MAX];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	certificates_init(&files);
	certificates_issue(&files, "node", "DNS:kafka.lab.test,IP:127.0.0.1");
	certificates_issue(&files, "app", NULL);
	server_context = server_of("node", TLS_AUTH_NONE);
	mutual_server = server_of("node", TLS_AUTH_REQUIRED);
	w = (struct tls_wanted){ .ca = at("ca.pem") };
	client_context = made(tls_client_new(&w, why), why);
	w.certificate = at("app.pem");
	w.key = at("app.key");
	mutual_client = made(tls_client_new(&w, why), why);
	for (size_t i = 0; i < sizeof big; i++)
		big[i] = (uint8_t)(i * 7 + i / 251);
	return 0;
}

static inline int teardown_all(void **state)
{
	(void)state;
	tls_context_unref(server_context);
	tls_context_unref(client_context);
	tls_context_unref(mutual_server);
	tls_context_unref(mutual_client);
	certificates_deinit(&files);
	return 0;
}

static inline int open_socket(struct conn *c)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	conn_init(c, &conn_plain, ends[0], loop, &bufs, on_event, c);
	return ends[1];
}

static inline int setup(void **state)
{
	(void)state;
	loop = ev_loop_new(EVFLAG_AUTO);
	bufpool_init(&bufs);
	server_wire = open_socket(&server);
	client_wire = open_socket(&client);
	chunk = 65536;
	to_server = to_client = 0;
	return 0;
}

static inline void cut(int *wire)
{
	if (*wire >= 0)
		close(*wire);
	*wire = -1;
}

static inline int teardown(void **state)
{
	(void)state;
	conn_close(&server);
	conn_close(&client);
	cut(&server_wire);
	cut(&client_wire);
	bufpool_deinit(&bufs);
	ev_loop_destroy(loop);
	return 0;
}

/* Carries some bytes from one wire to the other. */
static inline size_t carry(int *from, int *to)
{
	uint8_t bytes[65536];
	ssize_t n;

	if (*from < 0 || *to < 0)
		return 0;
	n = recv(*from, bytes, chunk, MSG_PEEK);
	if (n == 0)
		shutdown(*to, SHUT_WR);
	if (n <= 0)
		return 0;
	n = send(*to, bytes, (size_t)n, MSG_NOSIGNAL);
	if (n > 0)
		assert_int_equal(recv(*from, bytes, (size_t)n, 0), n);
	return n > 0 ? (size_t)n : 0;
}

static inline void turn(void)
{
	to_server += carry(&client_wire, &server_wire);
	to_client += carry(&server_wire, &client_wire);
	conn_await(&server, true, true);
	conn_await(&client, true, true);
	ev_run(loop, EVRUN_NOWAIT);
}

static inline void begin(struct tls_context *of_server, struct tls_context *of_client,
			 const char *host)
{
	tls_accept(&server, of_server);
	tls_connect(&client, of_client, host, 9092);
}

static inline void open_both(struct tls_context *of_server, struct tls_context *of_client)
{
	begin(of_server, of_client, "kafka.lab.test");
	for (int i = 0; i < LIMIT && (conn_is_opening(&server) || conn_is_opening(&client)); i++)
		turn();
	if (conn_is_lost(&server) || conn_is_lost(&client))
		fail_msg("server: %s, client: %s", conn_why(&server), conn_why(&client));
	assert_false(conn_is_opening(&server) || conn_is_opening(&client));
}

/* Until so many bytes have come, all the same as those of `big` from `from` on. */
static inline void hears(struct conn *c, size_t from, size_t n)
{
	size_t got = 0;

	for (int i = 0; i < LIMIT && got < n; i++) {
		uint32_t some = conn_fill(c, UINT32_MAX);

		if (some == 0) {
			assert_false(conn_is_dry(c));
			turn();
			continue;
		}
		assert_memory_equal(conn_data(c), big + from + got, some);
		conn_take(c, some);
		got += some;
	}
	conn_rest(c);
	assert_int_equal(got, n);
}

static inline void says(struct conn *c, size_t from, size_t n)
{
	size_t sent = 0;

	for (int i = 0; i < LIMIT && sent < n; i++) {
		sent += conn_write(c, big + from + sent, (uint32_t)(n - sent));
		turn();
	}
	assert_int_equal(sent, n);
}

#endif

/* listen_test.c - who may listen where, and that each worker gets connections. */
#include "net/listen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WORKERS = 3, PORTS = 2 };

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int tcp_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	return fd;
}

/* A port that is free now, and the next one too. */
static int free_port(void)
{
	for (int tries = 0; tries < 100; tries++) {
		struct sockaddr_in a = loopback(0), b;
		socklen_t len = sizeof a;
		int fd = tcp_socket(), next = tcp_socket();
		int err;

		assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
		assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
		b = loopback(ntohs(a.sin_port) + 1);
		err = bind(next, (struct sockaddr *)&b, sizeof b);
		close(fd);
		close(next);
		if (err == 0)
			return ntohs(a.sin_port);
	}
	fail_msg("no two free ports in a row");
	return -1;
}

static int connect_to(int port)
{
	struct sockaddr_in a = loopback(port);
	int fd = tcp_socket();

	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	return fd;
}

static void close_all(const int *fds, int n)
{
	for (int i = 0; i < n; i++)
		close(fds[i]);
}

static int local_port(int fd)
{
	struct sockaddr_in a;
	socklen_t len = sizeof a;

	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	return ntohs(a.sin_port);
}

static void every_worker_has_a_socket_on_every_port(void **state)
{
	int fds[PORTS * WORKERS], first = free_port();
	char why[200] = "";

	(void)state;
	assert_int_equal(listen_open("127.0.0.1", first, PORTS, WORKERS, fds, why, sizeof why), 0);
	for (int i = 0; i < PORTS * WORKERS; i++) {
		assert_int_equal(local_port(fds[i]), first + i / WORKERS);
		assert_true(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
		assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
		assert_int_equal(accept(fds[i], NULL, NULL), -1);
		assert_int_equal(errno, EAGAIN);
	}
	close_all(fds, PORTS * WORKERS);
}

/* Accepts what is there; how many it was. */
static int accept_all(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n = 0, c;

	poll(&p, 1, 0);
	while ((c = accept(fd, NULL, NULL)) >= 0) {
		close(c);
		n++;
	}
	return n;
}

static void connections_reach_every_worker(void **state)
{
	enum { CLIENTS = 200 };
	int fds[WORKERS], clients[CLIENTS], port = free_port(), sum = 0;
	char why[200] = "";

	(void)state;
	assert_int_equal(listen_open("127.0.0.1", port, 1, WORKERS, fds, why, sizeof why), 0);
	for (int i = 0; i < CLIENTS; i++)
		clients[i] = connect_to(port);
	for (int i = 0; i < WORKERS; i++) {
		int n = accept_all(fds[i]);

		assert_true(n > 0);
		sum += n;
	}
	assert_int_equal(sum, CLIENTS);
	close_all(clients, CLIENTS);
	close_all(fds, WORKERS);
}

static void assert_taken(int first, int count, int taken)
{
	int fds[PORTS * WORKERS];
	char why[200] = "", want[200];

	assert_int_equal(listen_open("127.0.0.1", first, count, WORKERS, fds, why, sizeof why), -1);
	snprintf(want, sizeof want, "listen on 127.0.0.1:%d: Address already in use", taken);
	assert_string_equal(why, want);
}

/* Even a holder that shares its port, as another node does. */
static void a_port_that_is_held_is_an_error(void **state)
{
	int port = free_port(), fds[WORKERS], again[PORTS * WORKERS], lowest = dup(0);
	char why[200];

	(void)state;
	close(lowest);
	assert_int_equal(listen_open("127.0.0.1", port + 1, 1, WORKERS, fds, why, sizeof why), 0);
	assert_taken(port + 1, 1, port + 1);
	assert_taken(port, PORTS, port + 1);
	close_all(fds, WORKERS);
	assert_int_equal(listen_open("127.0.0.1", port, PORTS, WORKERS, again, why, sizeof why), 0);
	assert_int_equal(again[0], lowest); /* the failures left nothing open */
	close_all(again, PORTS * WORKERS);
}

static void a_wildcard_does_not_hide_a_holder(void **state)
{
	int port = free_port(), fds[WORKERS];
	char why[200], want[200];

	(void)state;
	assert_int_equal(listen_open("127.0.0.1", port, 1, WORKERS, fds, why, sizeof why), 0);
	assert_int_equal(listen_open("0.0.0.0", port, 1, 1, &(int){ 0 }, why, sizeof why), -1);
	snprintf(want, sizeof want, "listen on 0.0.0.0:%d: Address already in use", port);
	assert_string_equal(why, want);
	close_all(fds, WORKERS);
}

/* The side that closes first leaves the port in TIME_WAIT. */
static void a_restart_does_not_wait_for_old_connections(void **state)
{
	int port = free_port(), fds[WORKERS], client, server;
	struct pollfd p = { .events = POLLIN };
	char why[200];

	(void)state;
	assert_int_equal(listen_open("127.0.0.1", port, 1, 1, fds, why, sizeof why), 0);
	client = connect_to(port);
	p.fd = fds[0];
	assert_int_equal(poll(&p, 1, 5000), 1);
	server = accept(fds[0], NULL, NULL);
	assert_true(server >= 0);
	close(server);
	close(client);
	close(fds[0]);
	assert_int_equal(listen_open("127.0.0.1", port, 1, WORKERS, fds, why, sizeof why), 0);
	close_all(fds, WORKERS);
}

static void ipv6_and_names_work(void **state)
{
	int fd, port = free_port();
	char why[200];
	struct sockaddr_in6 a;
	socklen_t len = sizeof a;

	(void)state;
	assert_int_equal(listen_open("localhost", port, 1, 1, &fd, why, sizeof why), 0);
	close(fd);
	if (listen_open("::1", port, 1, 1, &fd, why, sizeof why) != 0) {
		print_message("no IPv6 here: %s\n", why);
		assert_non_null(strstr(why, "listen on [::1]:"));
		return;
	}
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	assert_int_equal(a.sin6_family, AF_INET6);
	assert_int_equal(ntohs(a.sin6_port), port);
	close(fd);
}

static void a_single_socket_may_have_any_port(void **state)
{
	int fd;
	char why[200];

	(void)state;
	assert_int_equal(listen_open("127.0.0.1", 0, 1, 1, &fd, why, sizeof why), 0);
	assert_true(local_port(fd) > 0);
	close(fd);
	assert_int_equal(listen_open("127.0.0.1", 0, 1, 2, &fd, why, sizeof why), -1);
	assert_string_equal(why, "listen on 127.0.0.1:0: Not a port (1 to 65535)");
}

static void mistakes_are_one_line(void **state)
{
	int fd[8];
	char why[200];

	(void)state;
	assert_int_equal(listen_open("no-such-host.invalid", 9092, 1, 1, fd, why, sizeof why), -1);
	assert_ptr_equal(strstr(why, "listen on no-such-host.invalid:9092: "), why);
	assert_null(strchr(why, '\n'));
	assert_int_equal(listen_open("127.0.0.1", 65534, 4, 1, fd, why, sizeof why), -1);
	assert_string_equal(why, "listen on 127.0.0.1:65537: Not a port (1 to 65535)");
	assert_int_equal(listen_open("192.0.2.1", 9092, 1, 1, fd, why, sizeof why), -1);
	assert_string_equal(why, "listen on 192.0.2.1:9092: Cannot assign requested address");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_worker_has_a_socket_on_every_port),
		cmocka_unit_test(connections_reach_every_worker),
		cmocka_unit_test(a_port_that_is_held_is_an_error),
		cmocka_unit_test(a_wildcard_does_not_hide_a_holder),
		cmocka_unit_test(a_restart_does_not_wait_for_old_connections),
		cmocka_unit_test(ipv6_and_names_work),
		cmocka_unit_test(a_single_socket_may_have_any_port),
		cmocka_unit_test(mistakes_are_one_line),
	};

	return cmocka_run_group_tests_name("listen", tests, NULL, NULL);
}

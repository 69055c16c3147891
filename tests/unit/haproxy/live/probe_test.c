#include "live/probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <sys/socket.h>
#include <unistd.h>

/* A socket on a free port of loopback; its port. */
static int bound(int *fd, int backlog)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof a;

	*fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(*fd, (struct sockaddr *)&a, sizeof a), 0);
	if (backlog > 0)
		assert_int_equal(listen(*fd, backlog), 0);
	assert_int_equal(getsockname(*fd, (struct sockaddr *)&a, &size), 0);
	return ntohs(a.sin_port);
}

static void test_results(void **state)
{
	int listens, closed;
	struct probe list[3] = { { .host = "127.0.0.1" },
				 { .host = "127.0.0.1" },
				 { .host = "no.such.host.invalid", .port = 1 } };

	(void)state;
	list[0].port = bound(&listens, 5);
	list[1].port = bound(&closed, 0);
	probe_all(list, 3, 5000);
	assert_int_equal(list[0].result, PROBE_OPEN);
	assert_int_equal(list[1].result, PROBE_REFUSED);
	assert_int_equal(list[2].result, PROBE_NO_ADDRESS);
	close(listens);
	close(closed);
}

/* More than are asked at a time. */
static void test_many(void **state)
{
	enum { MANY = 450 };
	struct probe list[MANY];
	int listens, port = bound(&listens, MANY);

	(void)state;
	for (int i = 0; i < MANY; i++)
		list[i] =
			(struct probe){ .host = "127.0.0.1", .port = port, .result = PROBE_SILENT };
	probe_all(list, MANY, 5000);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(list[i].result, PROBE_OPEN);
	close(listens);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_results),
					    cmocka_unit_test(test_many) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

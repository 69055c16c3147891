/* What is sent to the service manager, and where to. */
#include "program/notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct manager {
	int fd;
	char name[64]; /* in the abstract name space */
	char text[512];
};

static int set_up(void **state)
{
	static struct manager m;
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int len = snprintf(m.name, sizeof m.name, "@anyport-notify-%d", getpid());

	memcpy(at.sun_path, m.name, (size_t)len);
	at.sun_path[0] = '\0';
	m.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(m.fd, (struct sockaddr *)&at,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len)),
			 0);
	setenv("NOTIFY_SOCKET", m.name, 1);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	*state = &m;
	return 0;
}

static int tear_down(void **state)
{
	const struct manager *m = *state;

	close(m->fd);
	return 0;
}

/* "" when nothing has come. */
static const char *heard(struct manager *m)
{
	ssize_t n = recv(m->fd, m->text, sizeof m->text - 1, 0);

	m->text[n < 0 ? 0 : n] = '\0';
	return m->text;
}

static void test_life(void **state)
{
	struct manager *m = *state;
	struct notify n;

	notify_init(&n);
	notify_ready(&n, "serving");
	assert_string_equal(heard(m), "READY=1\nSTATUS=serving");
	notify_reloading(&n);
	assert_memory_equal(heard(m), "RELOADING=1\nMONOTONIC_USEC=", 27);
	notify_reloaded(&n);
	assert_string_equal(heard(m), "READY=1");
	notify_alive(&n);
	assert_string_equal(heard(m), "WATCHDOG=1");
	notify_stopping(&n, 30000);
	assert_string_equal(heard(m), "STOPPING=1\nEXTEND_TIMEOUT_USEC=40000000");
	notify_stopping(&n, 30000);
	assert_string_equal(heard(m), "");
	notify_status(&n, "draining");
	assert_string_equal(heard(m), "STATUS=draining");
	notify_deinit(&n);
}

static void test_reload_makes_nobody_ready(void **state)
{
	struct manager *m = *state;
	struct notify n;

	notify_init(&n);
	notify_reloading(&n);
	notify_reloaded(&n);
	assert_string_equal(heard(m), "");
	notify_ready(&n, "serving");
	heard(m);
	notify_stopping(&n, 0);
	heard(m);
	notify_reloading(&n);
	notify_reloaded(&n);
	assert_string_equal(heard(m), "");
	notify_deinit(&n);
}

static void test_path(void **state)
{
	char dir[] = "/tmp/notify-XXXXXX";
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	char text[64] = "";
	struct notify n;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(at.sun_path, sizeof at.sun_path, "%s/socket", dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	setenv("NOTIFY_SOCKET", at.sun_path, 1);
	notify_init(&n);
	notify_alive(&n);
	assert_int_equal(recv(fd, text, sizeof text, 0), 10);
	assert_string_equal(text, "WATCHDOG=1");
	notify_deinit(&n);
	close(fd);
	unlink(at.sun_path);
	rmdir(dir);
}

static void test_nobody(void **state)
{
	static const char *const names[] = { "", "relative", "@", "/", "/no/such/socket", NULL };
	char long_name[200];
	struct notify n;

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (names[i] != NULL)
			setenv("NOTIFY_SOCKET", names[i], 1);
		else
			unsetenv("NOTIFY_SOCKET");
		notify_init(&n);
		assert_int_equal(n.fd, -1);
		notify_ready(&n, "serving");
		notify_deinit(&n);
	}
	memset(long_name, 'x', sizeof long_name - 1);
	long_name[0] = '@';
	long_name[sizeof long_name - 1] = '\0';
	setenv("NOTIFY_SOCKET", long_name, 1);
	notify_init(&n);
	assert_int_equal(n.fd, -1);
}

static int64_t watchdog(const char *usec, const char *pid)
{
	struct notify n;

	setenv("WATCHDOG_USEC", usec, 1);
	if (pid != NULL)
		setenv("WATCHDOG_PID", pid, 1);
	notify_init(&n);
	notify_deinit(&n);
	return n.watchdog_ms;
}

static void test_watchdog(void **state)
{
	char own[16];

	(void)state;
	snprintf(own, sizeof own, "%d", getpid());
	assert_int_equal(watchdog("20000000", NULL), 20000);
	assert_int_equal(watchdog("20000000", own), 20000);
	assert_int_equal(watchdog("20000000", "1"), 0);
	assert_int_equal(watchdog("soon", own), 0);
	assert_int_equal(watchdog("0", own), 0);
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(watchdog("20000000", own), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_life, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reload_makes_nobody_ready, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_path, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nobody, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_watchdog, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A stand-in on a UNIX socket answers in pieces, late, or not at all. */
#include "live/runtime.h"

#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct standin {
	const char *pieces[4]; /* NULL ends them; "" waits for the peer to close */
	int listener;
	char path[64];
	char asked[256];
	pthread_t thread;
};

static void *serve(void *arg)
{
	struct standin *s = arg;
	int fd = accept(s->listener, NULL, NULL);
	size_t size = 0;
	ssize_t n;
	char byte;

	while ((n = read(fd, s->asked + size, sizeof s->asked - 1 - size)) > 0)
		size += (size_t)n;
	for (int i = 0; s->pieces[i] != NULL; i++) {
		if (s->pieces[i][0] == '\0') {
			while (send(fd, " ", 1, MSG_NOSIGNAL) == 1)
				usleep(1000);
			break;
		}
		(void)!write(fd, s->pieces[i], strlen(s->pieces[i]));
		usleep(1000);
	}
	(void)!recv(fd, &byte, 1, MSG_DONTWAIT);
	close(fd);
	return NULL;
}

static void standin_start(struct standin *s)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(s->path, sizeof s->path, "/tmp/runtime_test.%d", (int)getpid());
	memcpy(address.sun_path, s->path, strlen(s->path) + 1);
	unlink(s->path);
	s->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(s->listener, 1), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void standin_stop(struct standin *s)
{
	pthread_join(s->thread, NULL);
	close(s->listener);
	unlink(s->path);
}

static void test_in_pieces(void **state)
{
	struct standin s = { .pieces = { "Name: ", "HAProxy\n", "\n" } };
	char why[RUNTIME_WHY_MAX], *text;

	(void)state;
	standin_start(&s);
	text = runtime_ask(s.path, "show info", 5000, why);
	standin_stop(&s);
	assert_string_equal(text, "Name: HAProxy\n\n");
	assert_string_equal(s.asked, "show info\n");
	free(text);
}

static void test_without_an_answer(void **state)
{
	struct standin s = { .pieces = { NULL } };
	char why[RUNTIME_WHY_MAX];

	(void)state;
	standin_start(&s);
	assert_null(runtime_ask(s.path, "show info", 5000, why));
	standin_stop(&s);
	assert_non_null(strstr(why, s.path));
	assert_non_null(strstr(why, "\"show info\": closed without an answer"));
}

static void test_deadline(void **state)
{
	/* something comes all the time: the deadline is for the whole */
	struct standin s = { .pieces = { "" } };
	char why[RUNTIME_WHY_MAX];

	(void)state;
	standin_start(&s);
	assert_null(runtime_ask(s.path, "show sess", 50, why));
	standin_stop(&s);
	assert_non_null(strstr(why, "no whole answer in time"));
}

static void test_refusal(void **state)
{
	struct standin s = { .pieces = { "No such server.\n\n" } };
	char why[RUNTIME_WHY_MAX];

	(void)state;
	standin_start(&s);
	assert_false(runtime_do(s.path, "set server gw/n9 state maint", 5000, why));
	standin_stop(&s);
	assert_non_null(strstr(why, "\"set server gw/n9 state maint\": it has no such server"));
}

/* What HAProxy says is not for people who know nothing of its code. */
static void test_words(void **state)
{
	char words[RUNTIME_SAID_MAX], why[RUNTIME_WHY_MAX];

	(void)state;
	assert_string_equal(runtime_said("\nPermission denied\n", words),
			    "the socket only tells: it is not of `level admin`");
	assert_string_equal(runtime_said("Oh no\nmore\n", words),
			    "HAProxy does not do it and says \"Oh no\"");
	assert_null(runtime_ask("no-such-host.invalid:9999", "show info", 5000, why));
	assert_ptr_equal(strstr(why, "no-such-host.invalid:9999: \"show info\": "), why);
	assert_null(
		strstr(why, "assign")); /* it has nothing to do with addresses of this machine */
	assert_null(runtime_ask("/nosuch/haproxy.sock", "show info", 5000, why));
	assert_string_equal(why, "/nosuch/haproxy.sock: \"show info\": there is no such socket");
}

static void test_done(void **state)
{
	(void)state;
	assert_true(runtime_is_done("\n"));
	assert_true(runtime_is_done("New server registered.\n\n"));
	assert_true(runtime_is_done(
		"IP changed from '127.0.0.1' to '127.0.0.9' by 'stats socket command'\n"));
	assert_false(runtime_is_done("No such server.\n"));
	assert_false(
		runtime_is_done("Backend is using a static LB algorithm and only accepts weights "
				"'0%' and '100%'.\n"));
}

static void test_bad_commands(void **state)
{
	char why[RUNTIME_WHY_MAX], *longer = malloc(RUNTIME_COMMAND_MAX + 2);

	(void)state;
	memset(longer, 'x', RUNTIME_COMMAND_MAX + 1);
	longer[RUNTIME_COMMAND_MAX + 1] = '\0';
	assert_null(runtime_ask("/nosuch", longer, 100, why));
	assert_non_null(strstr(why, "no command that HAProxy takes"));
	assert_null(runtime_ask("/nosuch", "two\nlines", 100, why));
	assert_non_null(strstr(why, "no command that HAProxy takes"));
	assert_null(runtime_ask("/nosuch", "set ssl cert a <<\n", 100,
				why)); /* lines to come, and none */
	assert_non_null(strstr(why, "no command that HAProxy takes"));
	assert_null(runtime_ask("/nosuch", "set ssl cert a <<\none\n\ntwo", 100, why));
	assert_non_null(strstr(why, "no command that HAProxy takes"));
	free(longer);
}

/* Lines of its own end with a blank one; what is said of the command has none of them: there may be a
 * key in them. */
static void test_lines_of_a_command(void **state)
{
	struct standin s = { .pieces = { "No such thing\n\n" } };
	char why[RUNTIME_WHY_MAX];

	(void)state;
	standin_start(&s);
	assert_false(runtime_do(s.path, "set ssl cert a <<\none\nsecret", 5000, why));
	standin_stop(&s);
	assert_string_equal(s.asked, "set ssl cert a <<\none\nsecret\n\n");
	assert_non_null(strstr(why, ": \"set ssl cert a <<\": HAProxy does not do it"));
	assert_null(strstr(why, "secret"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_pieces),    cmocka_unit_test(test_without_an_answer),
		cmocka_unit_test(test_deadline),     cmocka_unit_test(test_refusal),
		cmocka_unit_test(test_words),	     cmocka_unit_test(test_done),
		cmocka_unit_test(test_bad_commands), cmocka_unit_test(test_lines_of_a_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

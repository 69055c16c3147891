#include "../tools/balancer_options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct balancers got;
static char *said; /* the options again; freed by who looks at them */

static int run(struct cli *cli)
{
	free(said);
	said = balancer_options_said(cli);
	return balancer_options_read(cli, &got);
}

static const struct cli_option options[] = { BALANCER_OPTIONS, { 0 } };
static const struct cli_example examples[] = { { "anyportctl x", "an example" }, { 0 } };
static const struct cli_command command = { "x",    NULL,    0,	      0,	false,
					    "what", "about", options, examples, run };

static int call(const char *line)
{
	static const struct cli_command *const commands[] = { &command };
	char words[512];
	char *argv[32] = { "anyportctl", "x" };
	int argc = 2;

	snprintf(words, sizeof words, "%s", line);
	for (char *rest, *w = strtok_r(words, " ", &rest); w != NULL;
	     w = strtok_r(NULL, " ", &rest))
		argv[argc++] = w;
	return cli_main(commands, 1, argc, argv);
}

/* A file with that text; its name stays until the next call. */
static const char *file_with(const char *text)
{
	static char path[32];
	int fd;

	snprintf(path, sizeof path, "/tmp/anyport-cfg-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

static void test_named(void **state)
{
	(void)state;
	assert_int_equal(call("-s a=/run/a --stats-socket b=10.0.0.1:9 --master-socket b=/run/m "
			      "--answer-within 250ms"),
			 EXIT_DONE);
	assert_int_equal(got.count, 2);
	assert_string_equal(got.list[0].name, "a");
	assert_string_equal(got.list[1].stats, "10.0.0.1:9");
	assert_string_equal(got.list[1].master, "/run/m");
	assert_int_equal(got.timeout_ms, 250);
	balancers_deinit(&got);
}

static void test_said_again(void **state)
{
	(void)state;
	assert_int_equal(call("-b nodes;x -s a=/run/a --stats-socket b=10.0.0.1:9 --master-socket "
			      "b=/run/it's"),
			 EXIT_DONE);
	balancers_deinit(&got);
	assert_string_equal(said, " --stats-socket a=/run/a --stats-socket b=10.0.0.1:9 "
				  "--master-socket 'b=/run/it'\\''s' --backend 'nodes;x'");
	free(said);
	said = NULL;
}

static void test_mistakes(void **state)
{
	(void)state;
	assert_int_equal(call("--answer-within 1s"), EXIT_USAGE);
	balancers_deinit(&got);
	assert_int_equal(call("-s /run/a -s /run/b"), EXIT_USAGE);
	balancers_deinit(&got);
	assert_int_equal(call("-c /nosuch/haproxy.cfg"), EXIT_FINDINGS);
	balancers_deinit(&got);
}

static void test_socket_from_config(void **state)
{
	const char *path = file_with("global\n"
				     "    stats socket fd@3\n"
				     "    stats socket /run/look.sock mode 600\n"
				     "    stats socket \"/run/with blank\" mode 600 level admin\n"
				     "backend b\n"
				     "    stats socket /run/wrong level admin\n");
	char line[128];

	(void)state;
	snprintf(line, sizeof line, "-c lb=%s", path);
	assert_int_equal(call(line), EXIT_DONE);
	assert_int_equal(got.count, 1);
	assert_string_equal(got.list[0].name, "lb");
	assert_string_equal(got.list[0].config, path);
	assert_string_equal(got.list[0].stats, "/run/with blank");
	balancers_deinit(&got);

	snprintf(line, sizeof line, "-c lb=%s -s lb=/run/this", path);
	assert_int_equal(call(line), EXIT_DONE);
	assert_string_equal(got.list[0].stats, "/run/this");
	balancers_deinit(&got);
	unlink(path);
}

static void test_config_without_socket(void **state)
{
	char why[RUNTIME_WHY_MAX];
	const char *path = file_with("global\n    maxconn 10\n");

	(void)state;
	assert_null(balancer_options_socket_of(path, why));
	assert_non_null(strstr(why, "no stats socket"));
	unlink(path);
	path = file_with("global\n    stats socket \"${RUN}/a.sock\"\n");
	assert_null(balancer_options_socket_of(path, why));
	assert_non_null(strstr(why, ":2: "));
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_named),
		cmocka_unit_test(test_said_again),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_socket_from_config),
		cmocka_unit_test(test_config_without_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

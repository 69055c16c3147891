#include "plans.h"

#include <limits.h>

static void has(const char *text, const char *line)
{
	if (strstr(text, line) == NULL)
		fail_msg("\"%s\" is not in:\n%s", line, text);
}

static void has_not(const char *text, const char *line)
{
	if (strstr(text, line) != NULL)
		fail_msg("\"%s\" is in:\n%s", line, text);
}

static char *text_of(const struct config *config)
{
	struct haproxy_plan *plan = model_new(config);
	char *text = plans_text(plan);

	model_free(plan);
	return text;
}

static void says_the_same_twice(void **state)
{
	struct config config = plans_config();
	char *first = text_of(&config);
	char *second = text_of(&config);

	(void)state;
	assert_string_equal(first, second);
	free(first);
	free(second);
}

/* HAProxy's limits: 2048 bytes and 64 words a line, a line feed at the end. */
static void keeps_to_haproxys_lines(void **state)
{
	struct config config = plans_config();
	char *text = text_of(&config);
	char *rest;

	(void)state;
	assert_int_equal(text[strlen(text) - 1], '\n');
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		size_t words = 0;

		assert_true(strlen(line) <= 110);
		for (const char *c = line; *c != '\0'; c++) {
			assert_true(*c >= ' ' && *c <= '~');
			words += *c == ' ' && c[1] != ' ' ? 1 : 0;
		}
		assert_true(words < 64);
	}
	free(text);
}

static void writes_where_each_port_goes(void **state)
{
	struct config config = plans_config();
	char *text = text_of(&config);

	(void)state;
	has(text, "\n    bind 0.0.0.0:9092-9096\n");
	has(text, "\n    server n1 10.0.0.1 id 1 check port 8888\n");
	has(text, "\n    server n2 10.0.0.2 id 2 check port 8888\n");
	free(text);

	config.port_start = 6969;
	text = text_of(&config);
	has(text, "\n    server n1 10.0.0.1:-2123 id 1 check port 8888\n");
	free(text);

	config.port_start = 19092;
	text = text_of(&config);
	has(text, "\n    server n1 10.0.0.1:+10000 id 1 check port 8888\n");
	free(text);

	config.advertised_mode = ADVERTISE_SINGLE;
	text = text_of(&config);
	has(text, "\n    bind 0.0.0.0:9092\n");
	has(text, "\n    server n1 10.0.0.1:19092 id 1 check port 8888\n");
	free(text);
}

static void writes_brackets_around_ipv6(void **state)
{
	struct haproxy_plan *plan = model_new(NULL);
	char *text;

	(void)state;
	assert_null(model_set_listen(plan, "[::]:9092-9093"));
	assert_null(model_add_node(plan, "a=[2001:db8::1]:80"));
	assert_null(model_set_stats_page(plan, "[::1]:90"));
	text = plans_text(plan);
	has(text, "\n    bind [::]:9092-9093\n");
	has(text, "\n    server a [2001:db8::1] id 1 check port 80\n");
	has(text, "\n    bind [::1]:90\n");
	free(text);
	model_free(plan);
}

static void waits_a_minute_longer_than_anybody(void **state)
{
	static const struct {
		int idle_ms;
		const char *client, *server;
	} times[] = { { 600000, "timeout client 11m\n", "timeout server 11m\n" },
		      { 660000, "timeout client 12m\n", "timeout server 12m\n" },
		      { 1000, "timeout client 10m\n", "timeout server 10m\n" },
		      { 545000, "timeout client 605s\n", "timeout server 605s\n" },
		      { 600001, "timeout client 660001ms\n", "timeout server 660001ms\n" },
		      { INT_MAX - 60000, "timeout client 2147483647ms\n",
			"timeout server 2147483647ms\n" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		struct config config = plans_config();
		char *text;

		config.idle_timeout_ms = times[i].idle_ms;
		text = text_of(&config);
		has(text, times[i].client);
		has(text, times[i].server);
		free(text);
	}
}

static void sends_proxy_headers_when_nodes_take_them(void **state)
{
	struct config config = plans_config();
	char *text = text_of(&config);

	(void)state;
	has_not(text, "send-proxy");
	free(text);
	config.proxy_protocol = PROXY_ALLOW;
	text = text_of(&config);
	has(text, "\n    server n1 10.0.0.1 id 1 check port 8888 send-proxy-v2\n");
	free(text);
}

static void always_writes_a_balance(void **state)
{
	static const char *const words[] = { "leastconn", "roundrobin", "random", "source" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct config config = plans_config();
		struct haproxy_plan *plan = model_new(&config);
		char line[64];
		char *text;

		assert_null(model_set_balance(plan, words[i]));
		text = plans_text(plan);
		snprintf(line, sizeof line, "\n    balance %s\n", words[i]);
		has(text, line);
		/* without it slowstart would do nothing */
		if (strcmp(words[i], "source") == 0)
			has(text, "\n    hash-type consistent\n");
		else
			has_not(text, "hash-type");
		free(text);
		model_free(plan);
	}
}

static void counts_what_it_reserves(void **state)
{
	struct config config = plans_config();
	struct haproxy_plan *plan = model_new(&config);
	char *text = plans_text(plan);

	(void)state;
	has(text, "# 2000 clients: what the nodes take together (gateway.limits.connections).\n");
	has(text, "\n    maxconn 2100\n");
	has(text, "\n    maxpipes 525\n");
	has(text, "{ fe_conn gt 2000 }");
	free(text);

	plan->splice = false;
	text = plans_text(plan);
	has_not(text, "maxpipes");
	has_not(text, "option splice");
	free(text);

	assert_null(model_set_maxconn(plan, "50"));
	text = plans_text(plan);
	has(text, "# 50 clients, as asked for with --maxconn.\n");
	has(text, "\n    maxconn 150\n");
	free(text);
	model_free(plan);
}

static void writes_only_what_is_asked_for(void **state)
{
	struct config config = plans_config();
	struct haproxy_plan *plan = model_new(&config);
	char *text = plans_text(plan);

	(void)state;
	has_not(text, "\n    stats ");
	has_not(text, "\n    user ");
	has_not(text, "mode http");
	free(text);
	assert_null(model_set_stats_socket(plan, "/run/haproxy/a.sock"));
	assert_null(model_set_stats_page(plan, "127.0.0.1:8404"));
	assert_null(model_set_user(plan, "haproxy"));
	text = plans_text(plan);
	has(text, "\n    stats socket /run/haproxy/a.sock mode 600 level admin ");
	has(text, "\n    bind 127.0.0.1:8404\n");
	has(text, "\n    user haproxy\n    group haproxy\n");
	free(text);
	model_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_the_same_twice),
		cmocka_unit_test(keeps_to_haproxys_lines),
		cmocka_unit_test(writes_where_each_port_goes),
		cmocka_unit_test(writes_brackets_around_ipv6),
		cmocka_unit_test(waits_a_minute_longer_than_anybody),
		cmocka_unit_test(sends_proxy_headers_when_nodes_take_them),
		cmocka_unit_test(always_writes_a_balance),
		cmocka_unit_test(counts_what_it_reserves),
		cmocka_unit_test(writes_only_what_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "plans.h"

static void begins_with_the_configuration(void **state)
{
	struct config config = plans_config();
	struct haproxy_plan *plan = model_new(&config);

	(void)state;
	model_settle(plan);
	assert_string_equal(plan->listen_host, "0.0.0.0");
	assert_int_equal(plan->listen.first, 9092);
	assert_int_equal(plan->listen.last, 9096);
	assert_int_equal(plan->advertised.last, 9096);
	assert_int_equal(plan->node_count, 2);
	assert_string_equal(plan->nodes[1].host, "10.0.0.2");
	assert_int_equal(plan->port_map, PORT_MAP_SAME);
	assert_int_equal(model_connections_of_nodes(plan), 2000);
	assert_int_equal(plan->balance, BALANCE_LEASTCONN);
	assert_true(plan->splice);
	model_free(plan);
}

static void a_node_without_an_http_port_has_the_common_one(void **state)
{
	struct config_node bare[] = { { (char *)"n1", (char *)"10.0.0.1", 0 } };
	struct config config = plans_config();
	struct haproxy_plan *plan;

	(void)state;
	config.nodes = bare;
	config.node_count = 1;
	config.http_port = 7777;
	plan = model_new(&config);
	assert_int_equal(plan->nodes[0].http_port, 7777);
	model_free(plan);
}

static void maps_the_first_advertised_port_to_the_first_of_a_node(void **state)
{
	struct config config = plans_config();
	struct haproxy_plan *plan;

	(void)state;
	config.port_start = 6969;
	plan = model_new(&config);
	model_settle(plan);
	assert_int_equal(plan->port_map, PORT_MAP_OFFSET);
	assert_int_equal(plan->port_offset, 6969 - 9092);
	model_free(plan);

	/* also when HAProxy begins to listen below it */
	plan = model_new(&config);
	assert_null(model_set_listen(plan, "0.0.0.0:9090-9099"));
	model_settle(plan);
	assert_int_equal(plan->port_offset, 6969 - 9092);
	model_free(plan);

	/* something else translates: first to first */
	plan = model_new(&config);
	assert_null(model_set_listen(plan, "0.0.0.0:7000-7004"));
	model_settle(plan);
	assert_int_equal(plan->port_offset, 6969 - 7000);
	model_free(plan);
}

static void single_is_one_port(void **state)
{
	struct config config = plans_config();
	struct haproxy_plan *plan;

	(void)state;
	config.advertised_mode = ADVERTISE_SINGLE;
	config.port_start = 6969;
	plan = model_new(&config);
	model_settle(plan);
	assert_int_equal(plan->port_map, PORT_MAP_FIXED);
	assert_int_equal(plan->listen.first, 9092);
	assert_int_equal(plan->listen.last, 9092);
	assert_int_equal(plan->node_ports.first, 6969);
	model_free(plan);
}

static void a_range_takes_the_place_of_a_count(void **state)
{
	struct config config = plans_config();
	struct haproxy_plan *plan;

	(void)state;
	config.port_count = 0;
	plan = model_new(&config);
	assert_null(model_set_listen(plan, "0.0.0.0:9092-9098"));
	model_settle(plan);
	assert_false(plan->count_is_missing);
	assert_int_equal(plan->node_ports.last, 9098);
	assert_int_equal(plan->advertised.last, 9098);
	model_free(plan);

	plan = model_new(&config);
	assert_null(model_set_listen(plan, "0.0.0.0:9092"));
	model_settle(plan);
	assert_true(plan->count_is_missing);
	model_free(plan);
}

static void a_first_port_keeps_the_count(void **state)
{
	struct config config = plans_config();
	struct haproxy_plan *plan = model_new(&config);

	(void)state;
	assert_null(model_set_listen(plan, "127.0.0.1:7000"));
	model_settle(plan);
	assert_string_equal(plan->listen_host, "127.0.0.1");
	assert_int_equal(plan->listen.first, 7000);
	assert_int_equal(plan->listen.last, 7004);
	model_free(plan);
}

static void works_without_a_configuration(void **state)
{
	struct haproxy_plan *plan = model_new(NULL);

	(void)state;
	assert_null(model_set_listen(plan, "[::1]:9092-9093"));
	assert_null(model_add_node(plan, "a=127.0.0.2:1234"));
	assert_null(model_add_node(plan, "b=[2001:db8::1]"));
	model_settle(plan);
	assert_int_equal(plan->port_map, PORT_MAP_SAME);
	assert_int_equal(plan->node_count, 2);
	assert_int_equal(plan->nodes[0].http_port, 1234);
	assert_int_equal(plan->nodes[1].http_port, 8888);
	assert_string_equal(plan->nodes[1].host, "2001:db8::1");
	model_free(plan);
}

static void nodes_of_the_command_line_replace_those_of_the_configuration(void **state)
{
	struct config config = plans_config();
	struct haproxy_plan *plan;

	(void)state;
	config.http_port = 7777;
	plan = model_new(&config);
	assert_null(model_add_node(plan, "x=10.1.1.1"));
	assert_int_equal(plan->node_count, 1);
	assert_int_equal(plan->nodes[0].http_port, 7777);
	assert_null(model_add_node(plan, "y=10.1.1.2:80"));
	assert_int_equal(plan->node_count, 2);
	assert_string_equal(plan->nodes[0].name, "x");
	model_free(plan);
}

static void a_refused_value_changes_nothing(void **state)
{
	static const char *const bad_nodes[] = { "10.0.0.1:80", "=10.0.0.1:80", "a b=h:80",
						 "a=h:80-81",	"a=",		"a=h:0" };
	struct config config = plans_config();
	struct haproxy_plan *plan = model_new(&config);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad_nodes); i++)
		assert_non_null(model_add_node(plan, bad_nodes[i]));
	assert_int_equal(plan->node_count, 2);
	assert_string_equal(plan->nodes[0].name, "n1");
	assert_non_null(model_set_listen(plan, "h"));
	assert_non_null(model_set_listen(plan, "h:0"));
	assert_string_equal(plan->listen_host, "0.0.0.0");
	assert_non_null(model_set_balance(plan, "first"));
	assert_int_equal(plan->balance, BALANCE_LEASTCONN);
	assert_non_null(model_set_maxconn(plan, "0"));
	assert_non_null(model_set_maxconn(plan, "-5"));
	assert_non_null(model_set_maxconn(plan, "5x"));
	assert_non_null(model_set_maxconn(plan, "99999999999"));
	assert_int_equal(plan->maxconn, 0);
	assert_non_null(model_set_stats_socket(plan, "run/s.sock"));
	assert_non_null(model_set_stats_socket(plan, "/run/a b"));
	assert_non_null(model_set_stats_socket(plan, "/run/$HOME"));
	assert_null(plan->stats_socket);
	assert_non_null(model_set_stats_page(plan, "127.0.0.1"));
	assert_non_null(model_set_stats_page(plan, "127.0.0.1:80-81"));
	assert_null(plan->stats_host);
	assert_non_null(model_set_user(plan, "a b"));
	assert_non_null(model_set_user(plan, ":g"));
	assert_non_null(model_set_user(plan, "u:"));
	assert_null(plan->user);
	model_free(plan);
}

static void a_socket_path_is_not_too_long(void **state)
{
	struct haproxy_plan *plan = model_new(NULL);
	char path[100];

	(void)state;
	memset(path, 'a', sizeof path);
	path[0] = '/';
	path[91] = '\0';
	assert_non_null(model_set_stats_socket(plan, path));
	path[90] = '\0';
	assert_null(model_set_stats_socket(plan, path));
	model_free(plan);
}

static void the_group_is_the_users_own(void **state)
{
	struct haproxy_plan *plan = model_new(NULL);

	(void)state;
	assert_null(model_set_user(plan, "haproxy"));
	assert_string_equal(plan->group, "haproxy");
	assert_null(model_set_user(plan, "lb:ops"));
	assert_string_equal(plan->user, "lb");
	assert_string_equal(plan->group, "ops");
	model_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins_with_the_configuration),
		cmocka_unit_test(a_node_without_an_http_port_has_the_common_one),
		cmocka_unit_test(maps_the_first_advertised_port_to_the_first_of_a_node),
		cmocka_unit_test(single_is_one_port),
		cmocka_unit_test(a_range_takes_the_place_of_a_count),
		cmocka_unit_test(a_first_port_keeps_the_count),
		cmocka_unit_test(works_without_a_configuration),
		cmocka_unit_test(nodes_of_the_command_line_replace_those_of_the_configuration),
		cmocka_unit_test(a_refused_value_changes_nothing),
		cmocka_unit_test(a_socket_path_is_not_too_long),
		cmocka_unit_test(the_group_is_the_users_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

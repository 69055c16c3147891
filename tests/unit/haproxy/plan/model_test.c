#include "plans.h"

struct ports {
	const char *settings;
	int listen_first, listen_last, node_first, node_last;
	enum haproxy_port_map map;
	int offset;
};

static const struct ports ports[] = {
	{ "", 9092, 9096, 9092, 9096, PORT_MAP_SAME, 0 },
	{ "gateway.port_start=6969", 9092, 9096, 6969, 6973, PORT_MAP_OFFSET, 6969 - 9092 },
	/* also when HAProxy begins to listen below the first advertised one */
	{ "gateway.port_start=6969 listen=0.0.0.0:9090-9099", 9090, 9099, 6969, 6973,
	  PORT_MAP_OFFSET, 6969 - 9092 },
	/* something else translates: first to first */
	{ "gateway.port_start=6969 listen=0.0.0.0:7000-7004", 7000, 7004, 6969, 6973,
	  PORT_MAP_OFFSET, 6969 - 7000 },
	/* a first port keeps the count */
	{ "listen=127.0.0.1:7000", 7000, 7004, 9092, 9096, PORT_MAP_OFFSET, 2092 },
	/* one port */
	{ "gateway.advertised_mode=single gateway.port_start=6969", 9092, 9092, 6969, 6969,
	  PORT_MAP_FIXED, 0 },
	/* a range takes the place of a count */
	{ "gateway.port_count=0 listen=0.0.0.0:9092-9098", 9092, 9098, 9092, 9098, PORT_MAP_SAME,
	  0 },
	/* names tell brokers apart */
	{ "sni_routes=a.b=9093", 9092, 9092, 9092, 9096, PORT_MAP_SAME, 0 },
};

static void works_out_the_ports(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ports); i++) {
		struct config *config = plans_config(ports[i].settings);
		struct haproxy_plan *plan = model_new(config, &VERSION_OLDEST);

		assert_false(plan->count_is_missing);
		assert_int_equal(plan->listen.first, ports[i].listen_first);
		assert_int_equal(plan->listen.last, ports[i].listen_last);
		assert_int_equal(plan->node_ports.first, ports[i].node_first);
		assert_int_equal(plan->node_ports.last, ports[i].node_last);
		assert_int_equal(plan->port_map, ports[i].map);
		assert_int_equal(plan->port_offset, ports[i].offset);
		model_free(plan);
		config_free(config);
	}
}

static void a_count_may_be_missing(void **state)
{
	static const char *const without[] = { "gateway.port_count=0",
					       "gateway.port_count=0 listen=0.0.0.0:9092" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(without); i++) {
		struct config *config = plans_config(without[i]);
		struct haproxy_plan *plan = model_new(config, &VERSION_OLDEST);

		assert_true(plan->count_is_missing);
		model_free(plan);
		config_free(config);
	}
}

static void works_without_a_gateway(void **state)
{
	struct config *config =
		plans_flags("listen=[::1]:9092-9093 nodes=a=127.0.0.2:1234,b=[2001:db8::1]");
	struct haproxy_plan *plan = model_new(config, &VERSION_OLDEST);

	(void)state;
	assert_false(plan->has_config);
	assert_int_equal(plan->port_map, PORT_MAP_SAME);
	assert_string_equal(plan->listen_host, "::1");
	assert_int_equal(plan->listen.last, 9093);
	assert_int_equal(model_http_port(plan, &config->nodes[0]), 1234);
	assert_int_equal(model_http_port(plan, &config->nodes[1]), 8888);
	assert_int_equal(model_connections_of_nodes(plan), 0);
	model_free(plan);
	config_free(config);
}

static void a_node_without_an_http_port_has_the_common_one(void **state)
{
	struct config *config = plans_config("nodes=n1=10.0.0.1 gateway.http_port=7777");
	struct haproxy_plan *plan = model_new(config, &VERSION_OLDEST);

	(void)state;
	assert_int_equal(model_http_port(plan, &config->nodes[0]), 7777);
	assert_int_equal(model_connections_of_nodes(plan), 1000);
	model_free(plan);
	config_free(config);
}

static void the_agent_is_the_nodes_own_unless_said(void **state)
{
	struct config *config = plans_config("gateway.agent_port=9999");
	struct haproxy_plan *plan = model_new(config, &VERSION_OLDEST);

	(void)state;
	assert_int_equal(model_agent_port(plan), 9999);
	plans_set(config, "agent_port=7");
	assert_int_equal(model_agent_port(plan), 7);
	model_free(plan);
	config_free(config);
}

static void other_racks_are_backups(void **state)
{
	struct config *config = plans_config("nodes=a=10.0.0.1@r1,b=10.0.0.2@r2,c=10.0.0.3");
	struct haproxy_plan *plan = model_new(config, &VERSION_OLDEST);

	(void)state;
	assert_false(model_is_backup(plan, &config->nodes[1]));
	plans_set(config, "rack=r1");
	assert_false(model_is_backup(plan, &config->nodes[0]));
	assert_true(model_is_backup(plan, &config->nodes[1]));
	assert_true(model_is_backup(plan, &config->nodes[2]));
	model_free(plan);
	config_free(config);
}

static const struct {
	const char *settings;
	int64_t timeout_ms;
	const char *what;
} silences[] = {
	{ "", 660000, "gateway.timeouts.idle" },
	{ "gateway.timeouts.idle=1s", 600000, "connections.max.idle.ms" },
	{ "gateway.timeouts.idle=545s", 605000, "gateway.timeouts.idle" },
	{ "client_max_idle=30min", 31 * 60000, "connections.max.idle.ms" },
	{ "client_max_poll_interval=1h", 61 * 60000 + 5000, "max.poll.interval.ms" },
	{ "client_session_timeout=20min", 21 * 60000 + 5000, "session.timeout.ms" },
	{ "client_fetch_max_wait=10min client_request_timeout=2min", 13 * 60000,
	  "fetch.max.wait.ms" },
	{ "client_max_idle=576h client_max_poll_interval=576h", 576LL * 3600000 + 65000,
	  "max.poll.interval.ms" },
};

static void waits_a_minute_longer_than_anybody(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(silences); i++) {
		struct config *config = plans_config(silences[i].settings);
		struct haproxy_plan *plan = model_new(config, &VERSION_OLDEST);

		assert_int_equal(model_timeout_ms(plan), silences[i].timeout_ms);
		assert_non_null(strstr(model_silence(plan).what, silences[i].what));
		model_free(plan);
		config_free(config);
	}
}

static void proxy_headers_follow_the_nodes_unless_said(void **state)
{
	static const struct {
		const char *settings;
		bool sends;
	} rows[] = { { "", false },
		     { "gateway.proxy_protocol=allow", true },
		     { "gateway.proxy_protocol=require", true },
		     { "gateway.proxy_protocol=allow proxy_header=off", false },
		     { "proxy_header=v2", true } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct config *config = plans_config(rows[i].settings);
		struct haproxy_plan *plan = model_new(config, &VERSION_OLDEST);

		assert_int_equal(plan->sends_proxy_header, rows[i].sends);
		model_free(plan);
		config_free(config);
	}
}

static void names_are_words_for_haproxy(void **state)
{
	(void)state;
	assert_null(model_name_mistake("n-1.a_B"));
	assert_non_null(model_name_mistake(""));
	assert_non_null(model_name_mistake("n 1"));
	assert_non_null(model_name_mistake("n#1"));
	assert_non_null(model_name_mistake(
		"12345678901234567890123456789012345678901234567890123456789012345"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(works_out_the_ports),
		cmocka_unit_test(a_count_may_be_missing),
		cmocka_unit_test(works_without_a_gateway),
		cmocka_unit_test(a_node_without_an_http_port_has_the_common_one),
		cmocka_unit_test(the_agent_is_the_nodes_own_unless_said),
		cmocka_unit_test(other_racks_are_backups),
		cmocka_unit_test(waits_a_minute_longer_than_anybody),
		cmocka_unit_test(proxy_headers_follow_the_nodes_unless_said),
		cmocka_unit_test(names_are_words_for_haproxy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

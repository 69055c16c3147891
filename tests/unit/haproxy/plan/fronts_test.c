/* What a configuration with several listeners is for each of them. */
#include "plan/fronts.h"

#include "config/listeners.h"
#include "plans.h"

/* Two listeners, of which the second has TLS; caller frees. */
static struct config *two(const char *settings)
{
	static const struct {
		const char *name, *key, *text;
	} said[] = {
		{ "inside", "ports", "9092-9094" },
		{ "inside", "advertised_host", "in.example" },
		{ "outside", "ports", "19092-19094:29092-29094" },
		{ "outside", "advertised_host", "out.example" },
		{ "outside", "security_protocol", "SSL" },
	};
	struct config *c = plans_config(settings);
	struct config_named *n = NULL;
	char why[CONFIG_WHY_MAX];

	for (size_t i = 0; i < ARRAY_LEN(said); i++) {
		if (n == NULL || strcmp(n->name, said[i].name) != 0)
			n = listeners_add(c, said[i].name);
		assert_true(listeners_say(n, said[i].key, said[i].text, why));
	}
	listeners_derive(c);
	return c;
}

static void test_tls_is_of_those_that_have_it(void **state)
{
	static const struct {
		const char *tls;
		enum haproxy_tls inside, outside;
	} rows[] = {
		{ "none", TLS_NONE, TLS_NONE },
		{ "passthrough", TLS_NONE, TLS_PASSTHROUGH },
		{ "reencrypt", TLS_NONE, TLS_REENCRYPT },
		{ "terminate", TLS_TERMINATE, TLS_TERMINATE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char settings[80];
		struct config *c, *inside, *outside;

		snprintf(settings, sizeof settings, "tls=%s tls_certificate=/c", rows[i].tls);
		c = two(settings);
		inside = fronts_config(c, 0);
		outside = fronts_config(c, 1);
		assert_int_equal(inside->haproxy.tls, rows[i].inside);
		assert_int_equal(outside->haproxy.tls, rows[i].outside);
		assert_non_null(outside->haproxy.tls_certificate);
		if (rows[i].tls[0] == 'r')
			assert_null(inside->haproxy.tls_certificate);
		fronts_config_free(inside);
		fronts_config_free(outside);
		config_free(c);
	}
}

static void test_each_has_its_place(void **state)
{
	struct config *c = two("listen=10.0.0.8 fronts=Outside=203.0.113.9:443");
	struct config *inside = fronts_config(c, 0), *outside = fronts_config(c, 1);

	(void)state;
	assert_string_equal(inside->listener.name, "inside");
	assert_int_equal(config_listener_count(inside), 1);
	assert_string_equal(inside->haproxy_listen_host, "10.0.0.8");
	assert_int_equal(inside->haproxy_listen_port, 9092);
	assert_string_equal(outside->haproxy_listen_host, "203.0.113.9");
	assert_int_equal(outside->haproxy_listen_port, 443);
	fronts_config_free(inside);
	fronts_config_free(outside);
	config_free(c);
}

/* A server name goes where the port is that it stands for; one of nobody's stays, to be refused. */
static void test_names_go_with_their_ports(void **state)
{
	struct config *c = two("tls=passthrough sni_routes=a=9093,b=29093,c=7");
	struct config *outside = fronts_config(c, 1), *inside = fronts_config(c, 0);

	(void)state;
	assert_int_equal(inside->haproxy.sni_route_count, 0);
	assert_int_equal(outside->haproxy.sni_route_count, 2);
	assert_string_equal(outside->haproxy.sni_routes[0].name, "b");
	assert_string_equal(outside->haproxy.sni_routes[1].name, "c");
	fronts_config_free(inside);
	fronts_config_free(outside);
	config_free(c);
}

/* One without a name is what the configuration says. */
static void test_the_only_one(void **state)
{
	struct config *c = plans_config("tls=reencrypt listen=10.0.0.8:7-11");
	struct config *only = fronts_config(c, 0);

	(void)state;
	assert_false(fronts_are_named(c));
	assert_int_equal(only->haproxy.tls, TLS_REENCRYPT);
	assert_int_equal(only->haproxy_listen_port, 7);
	assert_int_equal(only->haproxy_listen_last, 11);
	fronts_config_free(only);
	config_free(c);
}

/* HAProxy is one: its numbers are of all that is in front of it. */
static void test_numbers_are_of_all(void **state)
{
	struct config *c = two("tls=passthrough agent_port=7");
	struct haproxy_plan *all = model_new(c, &VERSION_OLDEST);
	struct config *one = plans_config("gateway.port_count=3 agent_port=7");
	struct haproxy_plan *alone = model_new(one, &VERSION_OLDEST);

	(void)state;
	assert_int_equal(model_front_count(all), 2);
	assert_int_equal(model_front_count(alone), 1);
	assert_int_equal(model_sizing(all).connections, model_sizing(alone).connections);
	/* three ports more, and two nodes that are checked and asked once more */
	assert_int_equal(model_sizing(all).descriptors, model_sizing(alone).descriptors + 3 + 4);
	assert_int_equal(model_sizing(all->next).descriptors, model_sizing(all).descriptors);
	model_free(all);
	model_free(alone);
	config_free(c);
	config_free(one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls_is_of_those_that_have_it),
		cmocka_unit_test(test_each_has_its_place),
		cmocka_unit_test(test_names_go_with_their_ports),
		cmocka_unit_test(test_the_only_one),
		cmocka_unit_test(test_numbers_are_of_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

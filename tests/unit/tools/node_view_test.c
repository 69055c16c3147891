#include "../tools/node_view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char text[] = "# HELP anyport_build_info x\n"
			   "anyport_build_info{a=\"1\",version=\"0.1.0\"} 1\n"
			   "anyport_client_connections_total 7\n"
			   "anyport_client_connections 12\n"
			   "anyport_odd\n";

static void test_samples(void **state)
{
	double value;

	(void)state;
	assert_true(node_view_sample(text, "anyport_client_connections", &value));
	assert_true(value > 11.9 && value < 12.1);
	assert_false(node_view_sample(text, "anyport_client", &value));
	assert_false(node_view_sample(text, "anyport_odd", &value));
	assert_false(node_view_sample("", "x", &value));
}

static void test_labels(void **state)
{
	char to[8];

	(void)state;
	assert_true(node_view_label(text, "anyport_build_info", "version", to, sizeof to));
	assert_string_equal(to, "0.1.0");
	assert_false(node_view_label(text, "anyport_build_info", "c", to, sizeof to));
	assert_false(node_view_label(text, "anyport_client_connections", "a", to, sizeof to));
}

static void test_nobody_there(void **state)
{
	const struct node_way way = { 0 };
	json_t *row = node_view(&way, "n1", "127.0.0.1:1", 1000);

	(void)state;
	assert_string_equal(json_string_value(json_object_get(row, "node")), "n1");
	assert_non_null(json_object_get(row, "status"));
	assert_null(json_object_get(row, "ready"));
	json_decref(row);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_nobody_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

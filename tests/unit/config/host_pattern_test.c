/* Names of brokers made of a pattern, and back. */
#include "config/host_pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char pattern[] = "b{id}.Kafka.example.com";

static void a_broker_has_a_name(void **state)
{
	char name[TEXT_HOST_MAX];

	(void)state;
	host_pattern_print(pattern, 17, name);
	assert_string_equal(name, "b17.Kafka.example.com");
	assert_int_equal(host_pattern_id(pattern, name), 17);
	host_pattern_print("{id}.kafka", 0, name);
	assert_string_equal(name, "0.kafka");
	host_pattern_print("kafka-{id}", 2147483647, name);
	assert_string_equal(name, "kafka-2147483647");
	assert_int_equal(host_pattern_id("kafka-{id}", name), 2147483647);
	assert_int_equal(host_pattern_id(pattern, "B3.KAFKA.EXAMPLE.COM"), 3);
	host_pattern_print("broker-{{nodeId}}.kafka", 4, name); /* as Conduktor Gateway has it */
	assert_string_equal(name, "broker-4.kafka");
	assert_int_equal(host_pattern_id("broker-{{nodeId}}.kafka", name), 4);
	assert_true(host_pattern_is_good("broker-{{nodeId}}.kafka"));
}

static void other_names_are_nobodys(void **state)
{
	static const char *const others[] = { "",
					      "b.Kafka.example.com",
					      "b1.kafka.example.org",
					      "c1.kafka.example.com",
					      "b1x.kafka.example.com",
					      "b-1.kafka.example.com",
					      "b1.kafka.example.com.",
					      "b99999999999.kafka.example.com",
					      "b2147483648.kafka.example.com",
					      "kafka.example.com" };

	(void)state;
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		assert_int_equal(host_pattern_id(pattern, others[i]), -1);
}

static void a_pattern_is_a_name(void **state)
{
	char longer[TEXT_HOST_MAX + 8];

	(void)state;
	assert_true(host_pattern_is_good(pattern));
	assert_true(host_pattern_is_good("{id}"));
	assert_false(host_pattern_is_good("kafka.example.com"));
	assert_false(host_pattern_is_good("b{id}.{id}"));
	assert_false(host_pattern_is_good("b{id}:9092"));
	assert_false(host_pattern_is_good("b {id}"));
	memset(longer, 'a', sizeof longer);
	memcpy(longer, "{id}", 4);
	longer[TEXT_HOST_MAX - 1] = '\0';
	assert_false(host_pattern_is_good(longer));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_broker_has_a_name),
		cmocka_unit_test(other_names_are_nobodys),
		cmocka_unit_test(a_pattern_is_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

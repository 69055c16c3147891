#include "config/conduktor.h"

#include "util/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void words_mean_what_they_meant(void **state)
{
	(void)state;
	assert_string_equal(conduktor_word("gateway.advertised_mode", "port"), "ports");
	assert_string_equal(conduktor_word("gateway.advertised_mode", "SNI"), "host");
	assert_string_equal(conduktor_word("gateway.ssl_client_auth", "REQUIRE"), "required");
	assert_string_equal(conduktor_word("gateway.ssl_client_auth", "sometimes"), "sometimes");
	assert_string_equal(conduktor_word("gateway.bind_host", "port"), "port");
}

static void names_are_known(void **state)
{
	static const char *const names[] = {
		"GATEWAY_LICENSE_KEY",
		"GATEWAY_ADMIN_API_USERS",
		"GATEWAY_SSL_KEY_STORE_PATH",
		"GATEWAY_FEATURE_FLAGS_MULTI_TENANCY",
		"GATEWAY_LISTENER_EXTERNAL_BOOTSTRAP_HOST_PATTERN",
		"KAFKA_SSL_TRUSTSTORE_LOCATION",
		"LOG4J2_ROOT_LEVEL",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_non_null(conduktor_leaves_out(names[i]));
	assert_null(conduktor_leaves_out("GATEWAY_PROT_START"));
	assert_null(conduktor_leaves_out("GATEWAY_LISTENER_EXTERNAL_PROTS"));
}

static void what_others_put_there_is_theirs(void **state)
{
	(void)state;
	assert_true(conduktor_is_of_others("KAFKA_PORT", "tcp://10.0.0.1:9092"));
	assert_true(conduktor_is_of_others("GATEWAY_SERVICE_HOST", "10.0.0.1"));
	assert_true(conduktor_is_of_others("KAFKA_PORT_9092_TCP_ADDR", "10.0.0.1"));
	assert_true(conduktor_is_of_others("KAFKA_HEAP_OPTS", "-Xmx1G"));
	assert_false(conduktor_is_of_others("GATEWAY_PROT_START", "9092"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_mean_what_they_meant),
		cmocka_unit_test(names_are_known),
		cmocka_unit_test(what_others_put_there_is_theirs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

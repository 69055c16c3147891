#include "../tools/kafka_error.h"

#include "kafka/errors.h"
#include "util/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* As Kafka's protocol guide numbers them, some from each part of the list. */
static void a_code_has_its_name(void **state)
{
	static const struct {
		int error;
		const char *name;
	} rows[] = {
		{ -1, "UNKNOWN_SERVER_ERROR" },
		{ ERROR_NONE, "NONE" },
		{ ERROR_NOT_LEADER_OR_FOLLOWER, "NOT_LEADER_OR_FOLLOWER" },
		{ ERROR_NOT_COORDINATOR, "NOT_COORDINATOR" },
		{ ERROR_TOPIC_AUTHORIZATION_FAILED, "TOPIC_AUTHORIZATION_FAILED" },
		{ ERROR_INVALID_REQUEST, "INVALID_REQUEST" },
		{ ERROR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
		  "TRANSACTIONAL_ID_AUTHORIZATION_FAILED" },
		{ ERROR_FETCH_SESSION_ID_NOT_FOUND, "FETCH_SESSION_ID_NOT_FOUND" },
		{ 100, "UNKNOWN_TOPIC_ID" },
		{ 136, "CONTROLLER_ID_NOT_REGISTERED" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(kafka_error_name(rows[i].error), rows[i].name);
}

static void a_code_of_later_is_told_to_be_one(void **state)
{
	(void)state;
	assert_non_null(strstr(kafka_error_name(137), "newer"));
	assert_non_null(strstr(kafka_error_name(INT16_MAX), "newer"));
	assert_non_null(strstr(kafka_error_name(-2), "newer"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_code_has_its_name),
		cmocka_unit_test(a_code_of_later_is_told_to_be_one),
	};

	return cmocka_run_group_tests_name("kafka_error", tests, NULL, NULL);
}

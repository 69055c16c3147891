/* Texts of errors keep their length and lose brokers' addresses, and nothing else. */
#include "route/error_text.h"

#include "kafka/errors.h"
#include "topology/snapshot.h"
#include "util/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static char host1[] = "b1.kafka.test", host2[] = "10.0.0.2", host3[] = "kafka";
static struct broker brokers[] = { { .id = 1, .host = host1, .port = 9092 },
				   { .id = 2, .host = host2, .port = 9092 },
				   { .id = 3, .host = host3, .port = 9092 } };
static const struct snapshot snapshot = { .brokers = brokers, .broker_count = ARRAY_LEN(brokers) };

static void check_hidden(int error, const char *text, const char *shown)
{
	uint8_t bytes[200];
	const size_t n = strlen(text);

	assert_int_equal(n, strlen(shown));
	memcpy(bytes, text, n);
	error_text_hide(&snapshot, error, bytes, (uint32_t)n);
	bytes[n] = '\0';
	assert_string_equal((const char *)bytes, shown);
}

static void addresses_become_stars(void **state)
{
	static const struct {
		const char *text, *shown;
	} rows[] = {
		{ "b1.kafka.test", "*************" },
		{ "at b1.kafka.test:9092 and 10.0.0.2", "at ****************** and ********" },
		{ "PLAINTEXT://10.0.0.2:9093,SSL://b1.kafka.test:1.",
		  "PLAINTEXT://*************,SSL://***************." },
		{ "(connectionId=10.0.0.2:9092-10.9.9.9:4711-3)",
		  "(connectionId=*************-10.9.9.9:4711-3)" },
		/* a name without a dot is an address where a port stands behind it */
		{ "kafka at kafka:9092, kafka: no", "kafka at **********, kafka: no" },
		/* parts of other names */
		{ "110.0.0.2 10.0.0.22 a.b1.kafka.test b1.kafka.test.org",
		  "110.0.0.2 10.0.0.22 a.b1.kafka.test b1.kafka.test.org" },
		{ "says 10.0.0.2.", "says ********." },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_hidden(ERROR_INVALID_REQUEST, rows[i].text, rows[i].shown);
}

static void who_asked_what_is_told_shortly(void **state)
{
	(void)state;
	check_hidden(ERROR_CLUSTER_AUTHORIZATION_FAILED, "Request Request(...) is not authorized.",
		     "Cluster authorization failed.          ");
	check_hidden(ERROR_CLUSTER_AUTHORIZATION_FAILED, "10.0.0.2", "Cluster ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_become_stars),
		cmocka_unit_test(who_asked_what_is_told_shortly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

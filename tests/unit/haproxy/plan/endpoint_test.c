#include "plan/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void reads_hosts_and_ports(void **state)
{
	static const struct {
		const char *text, *host;
		int first, last;
		bool is_range;
	} good[] = { { "10.0.0.1", "10.0.0.1", 0, 0, false },
		     { "10.0.0.1:9092", "10.0.0.1", 9092, 9092, false },
		     { "kafka.example:9092-9096", "kafka.example", 9092, 9096, true },
		     { "*:1-65535", "*", 1, 65535, true },
		     { "[::1]:9092-9092", "::1", 9092, 9092, true },
		     { "[2001:db8::1]", "2001:db8::1", 0, 0, false },
		     { "node_1-a.b:80", "node_1-a.b", 80, 80, false } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct endpoint e;

		assert_null(endpoint_parse(good[i].text, &e));
		assert_string_equal(e.host, good[i].host);
		assert_int_equal(e.first, good[i].first);
		assert_int_equal(e.last, good[i].last);
		assert_int_equal(e.is_range, good[i].is_range);
		endpoint_deinit(&e);
	}
}

static void says_what_is_wrong(void **state)
{
	static const struct {
		const char *text, *part;
	} bad[] = { { "", "host is missing" },
		    { ":9092", "host is missing" },
		    { "h:", "1 to 65535" },
		    { "h:0", "1 to 65535" },
		    { "h:65536", "1 to 65535" },
		    { "h:99999999999999999999", "1 to 65535" },
		    { "h: 9092", "1 to 65535" },
		    { "h:+9092", "1 to 65535" },
		    { "h:9092-", "1 to 65535" },
		    { "h:9096-9092", "smaller" },
		    { "h:9092-9096-9099", "may follow" },
		    { "h:9092 ssl", "may follow" },
		    { "2001:db8::1", "brackets" },
		    { "[2001:db8::1", "']'" },
		    { "[10.0.0.1]:80", "only an IPv6" },
		    { "[]:80", "only an IPv6" },
		    { "[::1]80", "behind" },
		    { "10.0.0.256:80", "no IPv4" },
		    { "10.0.0:80", "no IPv4" },
		    { "-h:80", "begins with" },
		    { "h check:80", "made of" },
		    { "h\n:80", "made of" },
		    { "h$x:80", "made of" },
		    { "h#x:80", "made of" },
		    { "h\"x:80", "made of" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct endpoint e;
		const char *mistake = endpoint_parse(bad[i].text, &e);

		assert_non_null(mistake);
		if (strstr(mistake, bad[i].part) == NULL)
			fail_msg("%s: %s", bad[i].text, mistake);
		assert_null(e.host);
	}
}

static void compares_hosts(void **state)
{
	(void)state;
	assert_true(endpoint_same_host("127.0.0.1", "127.0.0.1"));
	assert_true(endpoint_same_host("::1", "0:0:0:0:0:0:0:1"));
	assert_true(endpoint_same_host("10.0.0.1", "::ffff:10.0.0.1"));
	assert_true(endpoint_same_host("Kafka.Example", "kafka.example"));
	assert_false(endpoint_same_host("127.0.0.1", "127.0.0.2"));
	assert_false(endpoint_same_host("127.0.0.1", "localhost"));
	assert_false(endpoint_same_host("a", "b"));
}

static void knows_special_addresses(void **state)
{
	(void)state;
	assert_true(endpoint_is_every_address("*"));
	assert_true(endpoint_is_every_address("0.0.0.0"));
	assert_true(endpoint_is_every_address("::"));
	assert_false(endpoint_is_every_address("127.0.0.1"));
	assert_false(endpoint_is_every_address("name"));
	assert_true(endpoint_is_loopback("127.9.9.9"));
	assert_true(endpoint_is_loopback("::1"));
	assert_true(endpoint_is_loopback("localhost"));
	assert_false(endpoint_is_loopback("128.0.0.1"));
	assert_false(endpoint_is_loopback("0.0.0.0"));
	assert_true(endpoint_is_address("::"));
	assert_false(endpoint_is_address("*"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_hosts_and_ports),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(compares_hosts),
		cmocka_unit_test(knows_special_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A peer's address: what of a sockaddr is kept, and how it reads. */
#include "net/address.h"

#include "config/config.h"
#include "util/compiler.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

static union address of_v4(const char *host, int port)
{
	struct sockaddr_storage from = { 0 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&from;
	union address a;

	*v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	assert_int_equal(inet_pton(AF_INET, host, &v4->sin_addr), 1);
	address_set(&a, &from);
	return a;
}

static union address of_v6(const char *host, int port)
{
	struct sockaddr_storage from = { 0 };
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&from;
	union address a;

	*v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	assert_int_equal(inet_pton(AF_INET6, host, &v6->sin6_addr), 1);
	address_set(&a, &from);
	return a;
}

static void assert_text(const union address *a, const char *expected)
{
	char text[ADDRESS_TEXT];

	address_text(a, text);
	assert_string_equal(text, expected);
}

static void an_ipv4_address(void **state)
{
	static const uint8_t bytes[] = { 10, 0, 0, 5 };
	const union address a = of_v4("10.0.0.5", 4411);
	size_t len;

	(void)state;
	assert_int_equal(address_port(&a), 4411);
	assert_memory_equal(address_host(&a, &len), bytes, sizeof bytes);
	assert_int_equal(len, sizeof bytes);
	assert_text(&a, "10.0.0.5:4411");
}

static void an_ipv6_address(void **state)
{
	static const uint8_t bytes[16] = { 0xfd, [15] = 5 };
	const union address a = of_v6("fd00::5", 65535);
	size_t len;

	(void)state;
	assert_int_equal(address_port(&a), 65535);
	assert_memory_equal(address_host(&a, &len), bytes, sizeof bytes);
	assert_int_equal(len, sizeof bytes);
	assert_text(&a, "[fd00::5]:65535");
}

/* It fits: no address is cut short. */
static void the_longest_text_there_is(void **state)
{
	const union address a = of_v6("1111:2222:3333:4444:5555:6666:7777:8888", 65535);
	const union address mapped = of_v6("::ffff:255.255.255.255", 65535);

	(void)state;
	assert_text(&a, "[1111:2222:3333:4444:5555:6666:7777:8888]:65535");
	assert_text(&mapped, "[::ffff:255.255.255.255]:65535");
}

static void assert_unknown(const union address *a)
{
	size_t len = 1;

	assert_int_equal(a->any.sa_family, AF_UNSPEC);
	assert_int_equal(address_port(a), 0);
	assert_null(address_host(a, &len));
	assert_int_equal(len, 0);
	assert_text(a, "[?]:0");
}

static void other_families_are_unknown(void **state)
{
	struct sockaddr_storage from = { 0 };
	union address a = of_v4("10.0.0.5", 4411);

	(void)state;
	from.ss_family = AF_UNIX;
	memcpy(((struct sockaddr_un *)&from)->sun_path, "/run/x", sizeof "/run/x");
	address_set(&a, &from);
	assert_unknown(&a);
	a = (union address){ 0 };
	assert_unknown(&a);
}

static struct config_net net(const char *text, unsigned bits)
{
	struct config_net n = { .bits = bits };

	assert_int_equal(inet_pton(AF_INET6, text, &n.addr), 1);
	return n;
}

static void hosts_in_the_networks_only(void **state)
{
	const struct config_net nets[] = { net("::ffff:127.0.0.0", 104), net("::1", 128),
					   net("::ffff:10.1.2.128", 121), net("2001:db8::", 32) };
	static const struct {
		const char *host;
		bool is_in;
	} cases[] = {
		{ "127.0.0.1", true },	      { "127.255.1.2", true },	{ "128.0.0.1", false },
		{ "126.255.255.255", false }, { "10.1.2.128", true },	{ "10.1.2.255", true },
		{ "10.1.2.127", false },      { "::1", true },		{ "::2", false },
		{ "::ffff:127.0.0.9", true }, { "::127.0.0.1", false }, { "2001:db8:9::9", true },
		{ "2001:db9::", false },      { "0.0.0.1", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *host = cases[i].host;
		const union address a = strchr(host, ':') == NULL ? of_v4(host, 1) : of_v6(host, 1);

		if (address_is_in(&a, nets, ARRAY_LEN(nets)) != cases[i].is_in)
			fail_msg("%s", host);
	}
}

static void no_network_and_the_whole_one(void **state)
{
	const struct config_net all = net("::", 0);
	const union address a = of_v4("0.0.0.0", 0), unknown = { 0 };

	(void)state;
	assert_false(address_is_in(&a, NULL, 0));
	assert_true(address_is_in(&a, &all, 1));
	assert_false(address_is_in(&unknown, &all, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ipv4_address),
		cmocka_unit_test(an_ipv6_address),
		cmocka_unit_test(the_longest_text_there_is),
		cmocka_unit_test(other_families_are_unknown),
		cmocka_unit_test(hosts_in_the_networks_only),
		cmocka_unit_test(no_network_and_the_whole_one),
	};

	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}

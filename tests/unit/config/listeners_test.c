#include "config/listeners.h"

#include "config/config.h"
#include "util/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define KAFKA "kafka: { bootstrap_servers = \"k:9092\"; };\n"
#define BEGIN "gateway: { internal_load_balancing = false;\n listeners = (\n"
#define INSIDE "  { name = \"inside\"; ports = \"9092-9094\"; advertised_host = \"lb\"; }"
#define END "\n ); };\n"

static char path[] = "/tmp/anyport-listeners-test-XXXXXX";

static const char *const variables[] = {
	"GATEWAY_LISTENER_INSIDE_PORTS",
	"GATEWAY_LISTENER_EXTERNAL_PORTS",
	"GATEWAY_LISTENER_EXTERNAL_ROUTING",
	"GATEWAY_LISTENER_EXTERNAL_ADVERTISED_HOST",
	"GATEWAY_LISTENER_EXTERNAL_PROTS",
	"GATEWAY_LISTENER_MY_NAME_PORTS",
	"GATEWAY_LISTENER_EXTERNAL_BOOTSTRAP_HOST_PATTERN",
	"GATEWAY_PORT_START",
};

/* Name and value in turns, NULL at the end. */
static void say(const char *const *environment)
{
	for (size_t i = 0; i < ARRAY_LEN(variables); i++)
		unsetenv(variables[i]);
	for (; environment != NULL && *environment != NULL; environment += 2)
		setenv(environment[0], environment[1], 1);
}

static struct config *load(const char *text, char **complaints)
{
	FILE *f = fopen(path, "w"), *told;
	struct config *c;
	size_t size;

	fputs(text, f);
	fclose(f);
	told = open_memstream(complaints, &size);
	c = config_load(path, told);
	fclose(told);
	return c;
}

static struct config *good(const char *text)
{
	char *complaints;
	struct config *c = load(text, &complaints);

	assert_string_equal(complaints, "");
	assert_non_null(c);
	free(complaints);
	return c;
}

/* Each complaint must be among what is told; all are mistakes. */
static void assert_told(const char *text, const char *const *environment, const char *what)
{
	char *complaints;
	struct config *c;

	say(environment);
	c = load(text, &complaints);
	say(NULL);
	if (strstr(complaints, what) == NULL)
		fail_msg("\"%s\" is not in what was told:\n%s", what, complaints);
	assert_null(c);
	free(complaints);
}

static void each_is_its_own(void **state)
{
	struct config *c = good(KAFKA BEGIN INSIDE
				",\n  { name = \"outside\"; ports = \"29092-29094:9192-9194\";\n"
				"    advertised_host = \"kafka.example.com\"; proxy_protocol = "
				"\"require\"; bind_host = \"127.0.0.1\"; }" END);
	const struct listener *in, *out;

	(void)state;
	assert_int_equal(config_listener_count(c), 2);
	in = config_listener(c, 0);
	out = config_listener(c, 1);
	assert_string_equal(in->name, "inside");
	assert_int_equal(in->port_start, 9092);
	assert_int_equal(in->port_count, 3);
	assert_int_equal(in->advertised_port, 9092);
	assert_string_equal(in->bind_host, "0.0.0.0");
	assert_int_equal(in->proxy_protocol, PROXY_OFF);
	assert_int_equal(out->port_start, 9192);
	assert_int_equal(out->port_count, 3);
	assert_int_equal(out->advertised_port, 29092);
	assert_string_equal(out->bind_host, "127.0.0.1");
	assert_string_equal(out->advertised_host, "kafka.example.com");
	assert_int_equal(out->proxy_protocol, PROXY_REQUIRE);
	config_free(c);
}

/* Conduktor's variables and words; the file's listener is found by its name in any case. */
static void the_environment_wins(void **state)
{
	const char *const environment[] = { "GATEWAY_LISTENER_INSIDE_PORTS",
					    "9392,9393",
					    "GATEWAY_LISTENER_EXTERNAL_PORTS",
					    "9492",
					    "GATEWAY_LISTENER_EXTERNAL_ROUTING",
					    "PORT",
					    "GATEWAY_LISTENER_EXTERNAL_ADVERTISED_HOST",
					    "e",
					    NULL };
	struct config *c;

	(void)state;
	say(environment);
	c = good(KAFKA BEGIN INSIDE END);
	say(NULL);
	assert_int_equal(config_listener_count(c), 2);
	assert_int_equal(config_listener(c, 0)->port_start, 9392);
	assert_int_equal(config_listener(c, 0)->port_count, 2);
	assert_string_equal(config_listener(c, 0)->advertised_host, "lb");
	assert_string_equal(config_listener(c, 1)->name, "external");
	assert_int_equal(config_listener(c, 1)->advertised_mode, ADVERTISE_PORTS);
	config_free(c);
}

static void what_is_printed_is_read_again(void **state)
{
	struct config *c = good(KAFKA BEGIN INSIDE
				", { name = \"one\"; ports = \"443:9192\"; routing = \"single\"; "
				"advertised_host = \"lb\"; }" END);
	char *first = NULL, *second = NULL;
	size_t size;
	FILE *out = open_memstream(&first, &size);

	(void)state;
	config_print(c, out);
	fclose(out);
	config_free(c);
	c = good(first);
	assert_int_equal(config_listener_count(c), 2);
	assert_int_equal(config_listener(c, 1)->advertised_port, 443);
	assert_int_equal(config_listener(c, 1)->advertised_mode, ADVERTISE_SINGLE);
	out = open_memstream(&second, &size);
	listeners_print(c, out);
	fclose(out);
	assert_non_null(strstr(first, second));
	config_free(c);
	free(first);
	free(second);
}

static void mistakes_are_told(void **state)
{
	static const char *const mistyped[] = { "GATEWAY_LISTENER_EXTERNAL_PROTS", "9092", NULL };
	static const char *const ambiguous[] = { "GATEWAY_LISTENER_MY_NAME_PORTS", "9092", NULL };
	static const char *const both[] = { "GATEWAY_PORT_START", "9092", NULL };

	(void)state;
	assert_told(KAFKA BEGIN INSIDE
		    ", { name = \"b\"; ports = \"9094\"; advertised_host = \"x\"; }" END,
		    NULL, ": inside and b have ports in common, 9092-9094 and 9094-9094");
	assert_told(KAFKA BEGIN INSIDE
		    ", { name = \"b\"; ports = \"9092:9194\"; advertised_host = \"lb\"; }" END,
		    NULL, "clients of inside and b would be told the same addresses");
	assert_told(KAFKA BEGIN INSIDE ", { name = \"INSIDE\"; ports = \"9192\"; }" END, NULL,
		    "\"INSIDE\" is a listener's name already");
	assert_told(KAFKA BEGIN "{ ports = \"9192\"; }" END, NULL, "a listener without a name");
	assert_told(KAFKA BEGIN "{ name = \"a\"; advertised_host = \"h\"; }" END, NULL,
		    "gateway.listeners: a: no ports; say which, as 9092-9095");
	assert_told(KAFKA BEGIN "{ name = \"a\"; ports = \"9092,9094\"; }" END, NULL,
		    "gateway.listeners: a: ports: \"9092,9094\" has gaps");
	assert_told(KAFKA BEGIN "{ name = \"a\"; ports = \"1-2:3-5\"; }" END, NULL,
		    "gateway.listeners: a: ports: \"1-2:3-5\" won't do");
	assert_told(KAFKA BEGIN "{ name = \"a\"; ports = \"9092-\"; advertised_host = \"h\";\n"
				"security_protocol = \"SSL\"; }" END,
		    NULL, "gateway.listeners: a: security_protocol: TLS needs a certificate");
	assert_told(KAFKA BEGIN "{ name = \"a\"; ports = \"9092-\"; colour = 1; }" END, NULL,
		    "gateway.listeners: colour: listeners have no such property");
	assert_told(
		KAFKA BEGIN INSIDE END, mistyped,
		"environment: GATEWAY_LISTENER_EXTERNAL_PROTS: listeners have no such property; "
		"PORTS?");
	assert_told(KAFKA BEGIN INSIDE END, ambiguous, "GATEWAY_LISTENER_MY_NAME_PORTS: ");
	assert_told(KAFKA BEGIN INSIDE END, both,
		    "environment: GATEWAY_PORT_START: it is for an only listener");
}

static void what_is_known_and_left_out_is_told(void **state)
{
	const char *const environment[] = { "GATEWAY_LISTENER_EXTERNAL_BOOTSTRAP_HOST_PATTERN", "x",
					    NULL };
	char *complaints;
	struct config *c;

	(void)state;
	say(environment);
	c = load(KAFKA BEGIN INSIDE END, &complaints);
	say(NULL);
	assert_non_null(c);
	assert_string_equal(complaints,
			    "warning: environment: "
			    "GATEWAY_LISTENER_EXTERNAL_BOOTSTRAP_HOST_PATTERN: nobody looks at it: "
			    "any name that is no broker's by ADVERTISED_HOST_PATTERN bootstraps\n");
	free(complaints);
	config_free(c);
}

#define COMMON                                                                                 \
	"gateway: { internal_load_balancing = false; ssl_certificate_location = \"/c.pem\";\n" \
	" ssl_client_auth = \"required\"; ssl_ca_location = \"/ca.pem\";\n"                    \
	" ssl_principal_mapping_rules = \"DEFAULT\"; port_is_hint = true;\n listeners = (\n"
#define OUTSIDE(protocol, more)                                                      \
	", { name = \"outside\"; ports = \"9192-9194\"; advertised_host = \"lb\";\n" \
	"    security_protocol = \"" protocol "\"; " more " }"

/* What is said of all is looked at where one of them looks at it. */
static void what_one_of_them_looks_at_is_not_warned_of(void **state)
{
	(void)state;
	config_free(good(KAFKA COMMON INSIDE OUTSIDE("SSL", "routing = \"single\";") END));
}

/* Where HAProxy is for each of them. */
static void haproxy_has_a_place_for_each(void **state)
{
	struct config *c =
		good(KAFKA BEGIN INSIDE
		     ", { name = \"b\"; ports = \"9192\"; advertised_host = \"x\"; }" END
		     "haproxy: { fronts = ( \"Inside=10.0.0.9:7\", \"b=10.0.0.8:8\" ); };\n");
	char why[CONFIG_WHY_MAX];

	(void)state;
	assert_true(listeners_choose(c, "inside", why));
	assert_string_equal(c->haproxy_listen_host, "10.0.0.9");
	assert_int_equal(c->haproxy_listen_port, 7);
	config_free(c);
	assert_told(KAFKA BEGIN INSIDE END "haproxy: { fronts = ( \"no=h:7\" ); };\n", NULL,
		    "haproxy.fronts: no listener is called no (gateway.listeners)");
	assert_told(KAFKA BEGIN INSIDE END
		    "haproxy: { fronts = ( \"inside=h:7\", \"INSIDE=h:8\" ); };\n",
		    NULL, "haproxy.fronts: two places for INSIDE");
}

static size_t lines_of(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

/* Once, however many listeners leave it alone; and where the only one with TLS has its own. */
static void what_none_of_them_looks_at_is_warned_of(void **state)
{
	const char *const texts[] = {
		KAFKA COMMON INSIDE OUTSIDE("PLAINTEXT", "") END,
		KAFKA COMMON INSIDE OUTSIDE(
			"SSL", "ssl_certificate_location = \"/o.pem\"; ssl_ca_location = "
			       "\"/o.pem\"; ssl_principal_mapping_rules = \"DEFAULT\";") END,
	};
	char *complaints;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		config_free(load(texts[i], &complaints));
		assert_non_null(strstr(complaints, "gateway.ssl_certificate_location: nobody"));
		assert_non_null(strstr(complaints, "gateway.ssl_ca_location: nobody"));
		assert_non_null(strstr(complaints, "gateway.ssl_principal_mapping_rules: nobody"));
		assert_int_equal(lines_of(complaints), 3);
		free(complaints);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_its_own),
		cmocka_unit_test(the_environment_wins),
		cmocka_unit_test(what_is_printed_is_read_again),
		cmocka_unit_test(mistakes_are_told),
		cmocka_unit_test(what_is_known_and_left_out_is_told),
		cmocka_unit_test(haproxy_has_a_place_for_each),
		cmocka_unit_test(what_one_of_them_looks_at_is_not_warned_of),
		cmocka_unit_test(what_none_of_them_looks_at_is_warned_of),
	};
	int fd = mkstemp(path), failed;

	assert_true(fd >= 0);
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}

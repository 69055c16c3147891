/* config_json_test.c - the configuration as /v1/config tells it. */
#include "http/config_json.h"

#include "config/config.h"
#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <unistd.h>

static json_t *options;

static const json_t *option(const char *name)
{
	size_t i;
	const json_t *o;

	json_array_foreach(options, i, o)
	{
		if (strcmp(json_string_value(json_object_get(o, "name")), name) == 0)
			return o;
	}
	fail_msg("no option %s", name);
	return NULL;
}

static void assert_value(const char *name, const char *value, const char *origin)
{
	char *text = json_dumps(json_object_get(option(name), "value"), JSON_ENCODE_ANY);

	assert_string_equal(text, value);
	assert_string_equal(json_string_value(json_object_get(option(name), "origin")), origin);
	free(text);
}

static void values_are_as_in_the_file_and_secrets_are_not_told(void **state)
{
	char path[] = "/tmp/anyport-config-XXXXXX", origin[64], *text;
	int fd = mkstemp(path);
	struct config *c;
	json_t *all;

	(void)state;
	assert_true(fd >= 0);
	dprintf(fd, "kafka: { bootstrap_servers = \"a:1,b:2\"; };\n"
		    "gateway: { bind_host = \"quo\\\"te\"; http_token = \"sesame\";\n"
		    "proxy_trusted = ( \"10.0.0.0/8\" ); timeouts: { idle = \"11 min\"; }; };\n"
		    "haproxy: { nodes = ( { name = \"n1\"; host = \"h\"; http_port = 1; } ); };\n");
	close(fd);
	c = config_load(path, stderr);
	unlink(path);
	assert_non_null(c);
	text = config_json(c);
	assert_null(strstr(text, "sesame"));
	all = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(all);
	assert_string_equal(json_string_value(json_object_get(all, "file")), path);
	options = json_object_get(all, "options");
	snprintf(origin, sizeof origin, "%s:2", path);
	assert_value("gateway.bind_host", "\"quo\\\"te\"", origin);
	assert_value("gateway.http_token", "null", origin);
	assert_value("gateway.port_start", "6969", "default");
	assert_value("gateway.internal_load_balancing", "true", "default");
	snprintf(origin, sizeof origin, "%s:1", path);
	assert_value("kafka.bootstrap_servers", "\"a:1,b:2\"", origin);
	snprintf(origin, sizeof origin, "%s:3", path);
	assert_value("gateway.proxy_trusted", "[\"10.0.0.0/8\"]", origin);
	assert_value("gateway.timeouts.idle", "\"11 min\"", origin);
	snprintf(origin, sizeof origin, "%s:4", path);
	assert_value("haproxy.nodes", "[{\"name\": \"n1\", \"host\": \"h\", \"http_port\": 1}]",
		     origin);
	json_decref(all);
	free(text);
	config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_as_in_the_file_and_secrets_are_not_told),
	};

	return cmocka_run_group_tests_name("config as JSON", tests, NULL, NULL);
}

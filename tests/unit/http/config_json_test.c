/* config_json_test.c - the configuration as /v1/config tells it. */
#include "http/config_json.h"

#include "config/reload.h"
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

static char path[] = "/tmp/anyport-config-XXXXXX";

static json_t *told(const struct config *c)
{
	char *text = config_json(c);
	json_t *all = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	assert_null(strstr(text, "sesame"));
	assert_non_null(all);
	free(text);
	options = json_object_get(all, "options");
	return all;
}

static void assert_after_restart(const char *name, const char *value)
{
	char *text = json_dumps(json_object_get(option(name), "after_restart"), JSON_ENCODE_ANY);

	assert_string_equal(text, value);
	free(text);
}

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void values_are_as_in_the_file_and_secrets_are_not_told(void **state)
{
	char origin[64];
	struct config *c;
	json_t *all;

	(void)state;
	write_file("kafka: { bootstrap_servers = \"a:1,b:2\"; };\n"
		   "gateway: { bind_host = \"quo\\\"te\"; http_token = \"sesame\";\n"
		   "proxy_trusted = ( \"10.0.0.0/8\" ); timeouts: { idle = \"11 min\"; }; };\n"
		   "haproxy: { nodes = ( { name = \"n1\"; host = \"h\"; http_port = 1; } ); };\n");
	c = config_load(path, stderr);
	assert_non_null(c);
	all = told(c);
	assert_string_equal(json_string_value(json_object_get(all, "file")), path);
	snprintf(origin, sizeof origin, "%s:2", path);
	assert_value("gateway.bind_host", "\"quo\\\"te\"", origin);
	assert_value("gateway.http_token", "null", origin);
	assert_value("gateway.port_start", "6969", "default");
	assert_value("gateway.internal_load_balancing", "true", "default");
	assert_after_restart("gateway.port_start", "null");
	snprintf(origin, sizeof origin, "%s:1", path);
	assert_value("kafka.bootstrap_servers", "\"a:1,b:2\"", origin);
	snprintf(origin, sizeof origin, "%s:3", path);
	assert_value("gateway.proxy_trusted", "[\"10.0.0.0/8\"]", origin);
	assert_value("gateway.timeouts.idle", "\"11 min\"", origin);
	snprintf(origin, sizeof origin, "%s:4", path);
	assert_value("haproxy.nodes", "[{\"name\": \"n1\", \"host\": \"h\", \"http_port\": 1}]",
		     origin);
	json_decref(all);
	config_free(c);
}

static void what_waits_for_a_restart_is_told_beside_what_is_in_use(void **state)
{
	char origin[64], waiting[128];
	struct config_changes changes;
	struct config *c, *next;
	json_t *all;

	(void)state;
	write_file("kafka: { bootstrap_servers = \"a:1\"; };\n"
		   "gateway: { bind_host = \"127.0.0.1\"; log_level = \"info\"; };\n");
	c = config_load(path, stderr);
	assert_non_null(c);
	write_file("kafka: { bootstrap_servers = \"a:1\"; };\n"
		   "gateway: { log_level = \"debug\";\n"
		   "bind_host = \"127.0.0.2\"; http_token = \"sesame\"; };\n");
	next = config_reload(c, &changes, stderr);
	assert_non_null(next);
	all = told(next);
	snprintf(origin, sizeof origin, "%s:2", path);
	snprintf(waiting, sizeof waiting, "{\"value\": \"127.0.0.2\", \"origin\": \"%s:3\"}", path);
	assert_value("gateway.bind_host", "\"127.0.0.1\"", origin);
	assert_after_restart("gateway.bind_host", waiting);
	snprintf(waiting, sizeof waiting, "{\"value\": null, \"origin\": \"%s:3\"}", path);
	assert_value("gateway.http_token", "null", "default");
	assert_after_restart("gateway.http_token", waiting);
	assert_value("gateway.log_level", "\"debug\"", origin);
	assert_after_restart("gateway.log_level", "null");
	json_decref(all);
	config_changes_free(&changes);
	config_free(next);
	config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_as_in_the_file_and_secrets_are_not_told),
		cmocka_unit_test(what_waits_for_a_restart_is_told_beside_what_is_in_use),
	};
	int fd = mkstemp(path), failed;

	assert_true(fd >= 0);
	close(fd);
	failed = cmocka_run_group_tests_name("config as JSON", tests, NULL, NULL);
	unlink(path);
	return failed;
}

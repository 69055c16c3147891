/* What a configuration that is read again changes, and what it does not. */
#include "config/reload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/reload_test_XXXXXX";
static char told[4096];

static void write_file(const char *gateway)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fprintf(f,
		"kafka: { bootstrap_servers = \"a:1\"; };\n"
		"gateway: { internal_load_balancing = false; advertised_listener = \"h:9092\"; %s };\n",
		gateway);
	fclose(f);
}

static struct config *read_again(const struct config *running, struct config_changes *changes)
{
	FILE *out = fmemopen(told, sizeof told, "w");
	struct config *next = config_reload(running, changes, out);

	fclose(out);
	return next;
}

static struct config *started(const char *gateway)
{
	struct config *c;

	write_file(gateway);
	c = config_load(path, stderr);
	assert_non_null(c);
	return c;
}

static void test_taken(void **state)
{
	struct config *c = started("log_level = \"info\"; limits: { connections = 10; };");
	struct config_changes changes;
	struct config *next;

	(void)state;
	write_file("log_level = \"debug\"; limits: { connections = 20; memory = \"600 MiB\"; };");
	next = read_again(c, &changes);
	assert_non_null(next);
	assert_int_equal(changes.count, 3);
	for (size_t i = 0; i < changes.count; i++)
		assert_true(changes.list[i].is_taken);
	assert_string_equal(changes.list[0].option->key, "gateway.log_level");
	assert_string_equal(changes.list[0].before, "\"info\"");
	assert_string_equal(changes.list[0].after, "\"debug\"");
	assert_string_equal(next->log_level, "debug");
	assert_int_equal(next->max_connections, 20);
	assert_int_equal(next->memory_budget_bytes, 600 << 20);
	config_changes_free(&changes);
	config_free(next);
	config_free(c);
}

static void test_needs_a_restart(void **state)
{
	struct config *c = started("port_start = 9092; bind_host = \"127.0.0.1\"; workers = 2;");
	struct config_changes changes;
	struct config *next;

	(void)state;
	write_file("port_start = 9192; bind_host = \"127.0.0.2\"; workers = 3; "
		   "limits: { connections = 5; };");
	next = read_again(c, &changes);
	assert_non_null(next);
	assert_int_equal(changes.count, 4);
	assert_int_equal(next->listener.port_start, 9092);
	assert_string_equal(next->listener.bind_host, "127.0.0.1");
	assert_int_equal(next->workers, 2);
	assert_int_equal(next->max_connections, 5);
	for (size_t i = 0; i < changes.count; i++)
		assert_int_equal(
			changes.list[i].is_taken,
			strcmp(changes.list[i].option->key, "gateway.limits.connections") == 0);
	config_changes_free(&changes);
	config_free(next);
	config_free(c);
}

static const struct config_waiting *waiting_for(const struct config *c, const char *key)
{
	for (size_t i = 0; i < c->waiting_count; i++)
		if (strcmp(c->waiting[i].option->key, key) == 0)
			return &c->waiting[i];
	return NULL;
}

static const struct config_origin *origin(const struct config *c, const char *key)
{
	return &c->origins[option_index(key)];
}

/* The origin is that of the value: its own when it stays, the new one when it is taken or
 * when the file still says the same. */
static void test_origins(void **state)
{
	struct config *c = started("port_start = 9092; log_level = \"info\"; workers = 2;");
	struct config_changes changes;
	struct config *next, *last;

	(void)state;
	write_file("log_level = \"debug\";\nport_start = 9192;\nworkers = 2;"
		   "http_token = \"sesame\";");
	next = read_again(c, &changes);
	assert_non_null(next);
	config_changes_free(&changes);
	assert_int_equal(origin(next, "gateway.port_start")->line, 2);
	assert_int_equal(waiting_for(next, "gateway.port_start")->origin.line, 3);
	assert_string_equal(waiting_for(next, "gateway.port_start")->value, "9192");
	assert_int_equal(origin(next, "gateway.log_level")->line, 2);
	assert_null(waiting_for(next, "gateway.log_level"));
	assert_int_equal(origin(next, "gateway.workers")->line, 4);
	assert_null(waiting_for(next, "gateway.workers"));
	assert_int_equal(origin(next, "gateway.http_token")->kind, ORIGIN_DEFAULT);
	assert_string_equal(waiting_for(next, "gateway.http_token")->value, "(secret)");
	assert_null(next->http_token);

	write_file("workers = 2;\nport_start = 9092;");
	last = read_again(next, &changes);
	assert_non_null(last);
	config_changes_free(&changes);
	assert_int_equal(last->waiting_count, 0);
	assert_int_equal(origin(last, "gateway.port_start")->line, 3);
	assert_int_equal(origin(last, "gateway.log_level")->kind, ORIGIN_DEFAULT);
	config_free(last);
	config_free(next);
	config_free(c);
}

static void test_mistakes(void **state)
{
	struct config *c = started("");
	struct config_changes changes;

	(void)state;
	write_file("log_level = \"loud\"; limits: { connections = 0; };");
	assert_null(read_again(c, &changes));
	assert_non_null(strstr(told, "gateway.log_level"));
	assert_non_null(strstr(told, "gateway.limits.connections"));
	assert_int_equal(changes.count, 0);
	config_free(c);
}

static void test_nothing(void **state)
{
	struct config *c = started("log_level = \"info\";");
	struct config_changes changes;
	struct config *next = read_again(c, &changes);

	(void)state;
	assert_non_null(next);
	assert_int_equal(changes.count, 0);
	config_free(next);
	config_free(c);
}

/* What does not reload is copied back, and only single values and listeners can be. */
static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < config_option_count; i++) {
		const struct config_option *o = &config_options[i];

		if (!o->reloads && o->kind > OPTION_SERVERS && o->kind != OPTION_LISTENERS)
			fail_msg("%s is a list: it must reload", o->key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),	 cmocka_unit_test(test_needs_a_restart),
		cmocka_unit_test(test_mistakes), cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_origins),	 cmocka_unit_test(test_rows),
	};
	int fd = mkstemp(path), failed;

	assert_true(fd >= 0);
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}

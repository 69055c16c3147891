/* health_test.c - what the node says of itself, read back as JSON. */
#include "http/health.h"

#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>

/* Takes the text. */
static json_t *parse(char *text)
{
	json_error_t error;
	json_t *o = json_loads(text, JSON_REJECT_DUPLICATES, &error);

	if (o == NULL)
		fail_msg("%s: %s", error.text, text);
	free(text);
	return o;
}

static const char *string_of(json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	if (s == NULL)
		fail_msg("no text %s", key);
	return s;
}

static json_int_t integer_of(json_t *o, const char *group, const char *key)
{
	json_t *value = json_object_get(json_object_get(o, group), key);

	if (!json_is_integer(value))
		fail_msg("no integer %s.%s", group, key);
	return json_integer_value(value);
}

static void each_phase_has_its_word(void **state)
{
	static const struct {
		enum http_phase phase;
		const char *word;
	} rows[] = { { HTTP_STARTING, "starting" },
		     { HTTP_READY, "ready" },
		     { HTTP_DRAINING, "draining" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_health health = { .phase = rows[i].phase };
		json_t *o = parse(health_ready(&health));

		assert_string_equal(string_of(o, "status"), rows[i].word);
		assert_true(json_is_array(json_object_get(o, "reasons")));
		assert_int_equal(json_array_size(json_object_get(o, "reasons")), 0);
		json_decref(o);
	}
}

static void reasons_are_told_in_order(void **state)
{
	struct http_health health = { .phase = HTTP_STARTING };
	json_t *o, *reasons;

	(void)state;
	http_reason(&health, "no broker has answered");
	http_reason(&health, "port %d is not bound: \"%s\"", 6969, "in use");
	o = parse(health_ready(&health));
	reasons = json_object_get(o, "reasons");
	assert_int_equal(json_array_size(reasons), 2);
	assert_string_equal(json_string_value(json_array_get(reasons, 0)),
			    "no broker has answered");
	assert_string_equal(json_string_value(json_array_get(reasons, 1)),
			    "port 6969 is not bound: \"in use\"");
	json_decref(o);
}

static void too_many_and_too_long_reasons_are_cut(void **state)
{
	struct http_health health = { .phase = HTTP_STARTING };
	char longer[2 * HTTP_REASON_SIZE];
	json_t *o, *reasons;

	(void)state;
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	for (int i = 0; i < HTTP_REASONS_MAX + 3; i++)
		http_reason(&health, "%d %s", i, longer);
	o = parse(health_ready(&health));
	reasons = json_object_get(o, "reasons");
	assert_int_equal(json_array_size(reasons), HTTP_REASONS_MAX);
	for (size_t i = 0; i < HTTP_REASONS_MAX; i++)
		assert_int_equal(json_string_length(json_array_get(reasons, i)),
				 HTTP_REASON_SIZE - 1);
	json_decref(o);
}

/* A cut may fall into a letter of several bytes. */
static void what_is_not_utf8_is_still_json(void **state)
{
	struct http_health health = { .phase = HTTP_STARTING };
	json_t *o;

	(void)state;
	http_reason(&health, "host k\xc3\xa4se\xff");
	o = parse(health_ready(&health));
	assert_string_equal(json_string_value(json_array_get(json_object_get(o, "reasons"), 0)),
			    "host k??se?");
	json_decref(o);
}

static void the_summary_has_the_first_things_to_look_at(void **state)
{
	static struct stats worker;
	const struct stats *const workers[] = { &worker };
	struct http_health health = { .phase = HTTP_READY };
	struct broker_known known[] = { { .id = 1, .state = BROKER_UP },
					{ .id = 2, .state = BROKER_LOST, .lost_at = 1 },
					{ .id = 3, .state = BROKER_UNTRIED } };
	struct http_metrics metrics = { .workers = workers,
					.broker_list = known,
					.broker_count = ARRAY_LEN(known),
					.worker_count = 1,
					.brokers = 3,
					.topics = 12,
					.topology_age_ms = 1500,
					.memory_budget_bytes = INT64_C(3) << 30,
					.memory_held_bytes = 77,
					.memory_waiting = 2 };
	struct http_node node = { .version = "0.1.0", .is_ready = true };
	json_t *o;

	(void)state;
	clock_gettime(CLOCK_REALTIME, &node.started);
	node.started.tv_sec -= 100;
	stats_add(&worker, STAT_CLIENTS_ACCEPTED, 10);
	stats_add(&worker, STAT_CLIENTS_CLOSED, 4);
	stats_add(&worker, STAT_UPSTREAMS_OPENED, 9);
	o = parse(health_summary(&health, &metrics, &node));
	assert_string_equal(string_of(o, "status"), "ready");
	assert_string_equal(string_of(o, "version"), "0.1.0");
	assert_in_range(json_integer_value(json_object_get(o, "uptime_seconds")), 100, 160);
	assert_int_equal(integer_of(o, "cluster", "brokers"), 3);
	assert_int_equal(integer_of(o, "cluster", "brokers_lost"), 1);
	assert_int_equal(integer_of(o, "cluster", "topics"), 12);
	assert_true(json_real_value(
			    json_object_get(json_object_get(o, "cluster"), "age_seconds")) == 1.5);
	assert_int_equal(integer_of(o, "connections", "clients"), 6);
	assert_int_equal(integer_of(o, "connections", "brokers"), 9);
	assert_int_equal(integer_of(o, "memory", "budget_bytes"), INT64_C(3) << 30);
	assert_int_equal(integer_of(o, "memory", "held_bytes"), 77);
	assert_int_equal(integer_of(o, "memory", "waiting"), 2);
	json_decref(o);
}

static void before_the_cluster_answered_its_age_is_null(void **state)
{
	struct http_health health = { .phase = HTTP_STARTING };
	struct http_metrics metrics = { .topology_age_ms = -1 };
	struct http_node node = { .version = "0.1.0" };
	json_t *o = parse(health_summary(&health, &metrics, &node));

	(void)state;
	assert_true(json_is_null(json_object_get(json_object_get(o, "cluster"), "age_seconds")));
	json_decref(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_phase_has_its_word),
		cmocka_unit_test(reasons_are_told_in_order),
		cmocka_unit_test(too_many_and_too_long_reasons_are_cut),
		cmocka_unit_test(what_is_not_utf8_is_still_json),
		cmocka_unit_test(the_summary_has_the_first_things_to_look_at),
		cmocka_unit_test(before_the_cluster_answered_its_age_is_null),
	};

	return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}

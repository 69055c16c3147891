#include "plans.h"

static const struct {
	const char *word;
	enum haproxy_stickiness kind;
	const char *table, *key;
} kinds[] = {
	{ "none", STICKINESS_NONE, NULL, NULL },
	{ "source", STICKINESS_SOURCE, "\n    stick-table type ipv6 ", "\n    stick on src\n" },
	{ "client-id", STICKINESS_CLIENT_ID, "\n    stick-table type string len 64 ",
	  "\n    stick on var(txn.client)\n" },
	{ "port", STICKINESS_PORT, "\n    stick-table type integer ", "\n    stick on dst_port\n" }
};

static char *text_with(const char *word)
{
	struct config config = plans_config();
	struct haproxy_plan *plan = model_new(&config);
	char *text;

	assert_null(model_set_stickiness(plan, word));
	text = plans_text(plan);
	model_free(plan);
	return text;
}

static void knows_its_words(void **state)
{
	enum haproxy_stickiness kind = STICKINESS_PORT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		assert_true(stickiness_parse(kinds[i].word, &kind));
		assert_int_equal(kind, kinds[i].kind);
		assert_string_equal(stickiness_name(kind), kinds[i].word);
	}
	assert_false(stickiness_parse("sni", &kind));
	assert_false(stickiness_parse("", &kind));
	assert_int_equal(kind, STICKINESS_PORT);
}

static void writes_one_table_and_its_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		char *text = text_with(kinds[i].word);
		const char *table = strstr(text, "\n    stick-table ");

		if (kinds[i].table == NULL) {
			assert_null(table);
			assert_null(strstr(text, "\n    stick on"));
		} else {
			assert_non_null(strstr(text, kinds[i].table));
			assert_non_null(strstr(text, kinds[i].key));
			assert_null(strstr(table + 1, "\n    stick-table "));
			assert_non_null(strstr(table, " expire 24h\n"));
		}
		free(text);
	}
}

/* Where `earlier` stands before `later`. */
static bool is_before(const char *text, const char *earlier, const char *later)
{
	const char *first = strstr(text, earlier);

	return first != NULL && strstr(first, later) != NULL;
}

static void looks_only_after_waiting_and_refuses_first(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		char *text = text_with(kinds[i].word);

		assert_true(is_before(text, "inspect-delay 10s\n", "tcp-request content accept"));
		assert_true(is_before(text, "tcp-request content accept",
				      "\n    tcp-request content reject\n"));
		if (kinds[i].kind == STICKINESS_CLIENT_ID)
			assert_true(is_before(text, "reject if has_a_byte !begins_like_kafka",
					      "set-var(txn.client) req.payload_lv(12,2)"));
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_its_words),
		cmocka_unit_test(writes_one_table_and_its_key),
		cmocka_unit_test(looks_only_after_waiting_and_refuses_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

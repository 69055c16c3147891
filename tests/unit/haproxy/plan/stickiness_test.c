#include "plan/stickiness.h"

#include "plans.h"

#define TERMINATE "tls=terminate tls_certificate=/c.pem "

static const struct {
	const char *word, *settings;
	enum haproxy_stickiness kind;
	const char *table, *key, *hash;
} kinds[] = {
	{ "source", "", STICKINESS_SOURCE, "type ipv6", "src", "source" },
	{ "client-id", "", STICKINESS_CLIENT_ID, "type string len 64", "var(txn.client)",
	  "hash var(txn.client)" },
	{ "source+client-id", "", STICKINESS_SOURCE_CLIENT_ID, "type string len 128",
	  "var(txn.key)", "hash var(txn.key)" },
	{ "port", "", STICKINESS_PORT, "type integer", "dst_port", "hash dst_port" },
	{ "sni", "tls=passthrough ", STICKINESS_SNI, "type string len 128", "var(txn.sni)",
	  "hash var(txn.sni)" },
	{ "sni", TERMINATE, STICKINESS_SNI, "type string len 128", "var(txn.sni)",
	  "hash var(txn.sni)" },
	{ "cert", TERMINATE "tls_client_auth=required tls_client_ca=/a.pem ", STICKINESS_CERT,
	  "type string len 128", "var(txn.cert)", "hash var(txn.cert)" },
};

static char *text_of(size_t row, const char *more)
{
	char settings[300];

	snprintf(settings, sizeof settings, "stickiness=%s %s%s", kinds[row].word,
		 kinds[row].settings, more);
	return plans_text(plans_config(settings));
}

static void has_line(const char *text, const char *fmt, const char *word)
{
	char line[200];

	snprintf(line, sizeof line, fmt, word);
	if (strstr(text, line) == NULL)
		fail_msg("\"%s\" is not in:\n%s", line, text);
}

static void writes_one_table_and_its_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		char *text = text_of(i, "");
		const char *table = strstr(text, "\n    stick-table ");

		assert_string_equal(stickiness_name(kinds[i].kind), kinds[i].word);
		has_line(text, "\n    stick-table %s size 100k expire 24h\n", kinds[i].table);
		has_line(text, "\n    stick on %s\n", kinds[i].key);
		assert_null(strstr(table + 1, "\n    stick-table "));
		assert_null(strstr(text, "\n    balance hash"));
		free(text);
	}
}

static void a_hash_has_no_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		char *text = text_of(i, "balance=hash hash_balance_factor=150");

		has_line(text, "\n    balance %s\n", kinds[i].hash);
		has_line(text, "\n    %s\n", "hash-type consistent");
		has_line(text, "\n    %s\n", "hash-balance-factor 150");
		assert_null(strstr(text, "stick-table"));
		assert_null(strstr(text, "stick on"));
		free(text);
	}
}

static void nothing_sticks_by_itself(void **state)
{
	char *text = plans_text(plans_config(""));

	(void)state;
	assert_null(strstr(text, "stick-table"));
	assert_null(strstr(text, "set-var"));
	free(text);
}

static void the_table_is_as_large_and_as_old_as_said(void **state)
{
	char *text = plans_text(plans_config(
		"stickiness=source table_size=1000000 table_expire=90min peers=a=10.0.0.8:1 "
		"local_peer=a"));

	(void)state;
	has_line(text, "\n    stick-table type ipv6 size 1000000 expire 90m %s\n",
		 "peers balancers");
	has_line(text, "%s", "209 MB");
	free(text);
	text = plans_text(plans_config("stickiness=source table_size=2048"));
	has_line(text, "\n    stick-table type ipv6 size %s expire 24h\n", "2k");
	has_line(text, "%s", "428 kB");
	free(text);
}

static void an_entry_means_an_address_where_the_dns_names_nodes(void **state)
{
	char *text = plans_text(plans_config("stickiness=source discover=a.b nodes="));

	(void)state;
	has_line(text, "\n    stick-table type ipv6 size 100k expire 24h %s\n", "srvkey addr");
	free(text);
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
		char *text = text_of(i, "");

		assert_true(is_before(text, "inspect-delay 10s\n", "tcp-request content accept"));
		assert_true(is_before(text, "tcp-request content accept",
				      "\n    tcp-request content reject\n"));
		if (strstr(text, "set-var(") != NULL)
			assert_true(is_before(text, "set-var", "tcp-request content accept"));
		if (kinds[i].kind == STICKINESS_CLIENT_ID)
			assert_true(is_before(text, "reject if has_a_byte !begins_like_kafka",
					      "set-var(txn.client) req.payload_lv(12,2)"));
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_one_table_and_its_key),
		cmocka_unit_test(a_hash_has_no_table),
		cmocka_unit_test(nothing_sticks_by_itself),
		cmocka_unit_test(the_table_is_as_large_and_as_old_as_said),
		cmocka_unit_test(an_entry_means_an_address_where_the_dns_names_nodes),
		cmocka_unit_test(looks_only_after_waiting_and_refuses_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

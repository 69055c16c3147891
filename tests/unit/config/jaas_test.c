/* sasl.jaas.config as people copy it from a Java client's file. */
#include "config/jaas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PLAIN "org.apache.kafka.common.security.plain.PlainLoginModule"
#define SCRAM "org.apache.kafka.common.security.scram.ScramLoginModule"

static void what_is_understood(void **state)
{
	static const struct {
		const char *text;
		enum jaas_module module;
		const char *username, *password;
		bool is_token;
	} rows[] = {
		{ PLAIN " required username=\"alice\" password=\"alice-secret\";", JAAS_PLAIN,
		  "alice", "alice-secret", false },
		{ SCRAM " required username=\"gw\" password=\"p\";", JAAS_SCRAM, "gw", "p", false },
		{ SCRAM "\n  required\n  password='it\\'s'\n  username=bare_word-1.x ;\n",
		  JAAS_SCRAM, "bare_word-1.x", "it's", false },
		{ PLAIN " REQUIRED username=\"a\\\"b\" password=\"\\\\b;=\\t\";", JAAS_PLAIN,
		  "a\"b", "\\b;=\t", false },
		{ SCRAM " optional username=\"id\" password=\"hmac==\" tokenauth=\"True\";",
		  JAAS_SCRAM, "id", "hmac==", true },
		{ SCRAM " required username=\"id\" password=\"x\" tokenauth=\"false\" other=1;",
		  JAAS_SCRAM, "id", "x", false },
		{ PLAIN " required username=\"j\xc3\xbcrgen\" password=\"\xc3\xa4\";", JAAS_PLAIN,
		  "j\xc3\xbcrgen", "\xc3\xa4", false },
		{ PLAIN " required username=\"a\" username=\"b\" password=\"c\";", JAAS_PLAIN, "b",
		  "c", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char why[JAAS_WHY_MAX] = "";
		struct jaas j;

		assert_true(jaas_read(&j, rows[i].text, why));
		assert_int_equal(j.module, rows[i].module);
		assert_string_equal(j.username, rows[i].username);
		assert_string_equal(j.password, rows[i].password);
		assert_int_equal(j.is_token, rows[i].is_token);
		jaas_deinit(&j);
	}
}

static void what_is_not(void **state)
{
	static const char *const texts[] = {
		"",
		";",
		"required username=\"a\" password=\"SECRET\";",
		"com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true;",
		"PlainLoginModule required username=\"a\" password=\"SECRET\";",
		PLAIN " username=\"a\" password=\"SECRET\";",
		PLAIN " required username=\"a\" password=\"SECRET\"",
		PLAIN " required username=\"a\" password=\"SECRET;",
		PLAIN " required username=\"a\" password=\"SECRET\n\";",
		PLAIN " required username=\"a\" password=\"SECRET\\",
		PLAIN " required username \"a\" password=\"SECRET\";",
		PLAIN " required username= password=\"SECRET\";",
		PLAIN " required username=\"a\";",
		PLAIN " required password=\"SECRET\";",
		PLAIN " required username=\"\" password=\"SECRET\";",
		PLAIN " required username=\"a\" password=\"\";",
		PLAIN " required username=\"a\" password=\"SECRET\" tokenauth=true;",
		PLAIN " required username=\"a\" password=\"SECRET\"; " PLAIN
		      " required username=\"a\" password=\"SECRET\";",
		"\"" PLAIN "\" required username=\"a\" password=\"SECRET\";",
		PLAIN " required username=\"a\" password=\"SECRET\" (x);",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		char why[JAAS_WHY_MAX] = "";
		struct jaas j;

		assert_false(jaas_read(&j, texts[i], why));
		assert_true(*why != '\0');
		assert_null(strstr(why, "SECRET"));
		assert_null(j.username);
		assert_null(j.password);
	}
}

static void a_long_word_is_refused(void **state)
{
	char text[4000], why[JAAS_WHY_MAX];
	struct jaas j;

	(void)state;
	snprintf(text, sizeof text, PLAIN " required username=\"a\" password=\"%02000d\";", 1);
	assert_false(jaas_read(&j, text, why));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_understood),
		cmocka_unit_test(what_is_not),
		cmocka_unit_test(a_long_word_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

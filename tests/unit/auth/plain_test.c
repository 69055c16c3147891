/* PLAIN says who and his password at once, and what a client said is said again as it was. */
#include "unit/auth/exchanged.h"

static void says_user_and_password(void **state)
{
	struct credentials *as = plain_credentials("alice", "alice-secret");
	struct exchanged x = exchanged_begin(as, as->mechanism->begin(as));

	(void)state;
	assert_string_equal(as->mechanism->name, "PLAIN");
	assert_true(as->mechanism->replays);
	exchanged_says(&x, NULL, "\0alice\0alice-secret", 19);
	exchanged_is_done(&x, "");
	exchanged_end(&x);
}

static void says_what_a_client_said(void **state)
{
	static const char token[] = "bob\0bob\0b\xc3\xb6se,=";
	struct credentials *as = said_credentials(&mechanism_plain, token, sizeof token - 1);

	(void)state;
	for (int broker = 0; broker < 3; broker++) {
		struct exchanged x = exchanged_begin(credentials_get(as), as->mechanism->begin(as));

		exchanged_says(&x, NULL, token, sizeof token - 1);
		exchanged_is_done(&x, "");
		exchanged_end(&x);
	}
	credentials_put(as);
}

static void names_are_those_of_kafka(void **state)
{
	(void)state;
	assert_ptr_equal(mechanism_by_name("PLAIN", 5), &mechanism_plain);
	assert_ptr_equal(mechanism_by_name("SCRAM-SHA-256", 13), &mechanism_scram_sha_256);
	assert_ptr_equal(mechanism_by_name("SCRAM-SHA-512", 13), &mechanism_scram_sha_512);
	assert_ptr_equal(mechanism_by_name("OAUTHBEARER", 11), &mechanism_oauthbearer);
	assert_null(mechanism_by_name("plain", 5));
	assert_null(mechanism_by_name("PLAIN ", 6));
	assert_null(mechanism_by_name("PLAI", 4));
	assert_null(mechanism_by_name("", 0));
	assert_null(mechanism_by_name("GSSAPI", 6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_user_and_password),
		cmocka_unit_test(says_what_a_client_said),
		cmocka_unit_test(names_are_those_of_kafka),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

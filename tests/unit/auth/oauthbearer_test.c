/* OAUTHBEARER: a token and extensions; success is an answer without bytes, a refusal has two steps. */
#include "unit/auth/exchanged.h"

#define JWT "eyJhbGciOiJub25lIn0.eyJzdWIiOiJvc2NhciJ9."

static struct exchanged begin(const char *extensions)
{
	struct credentials *as = oauthbearer_credentials(JWT, extensions);

	assert_non_null(as);
	return exchanged_begin(as, as->mechanism->begin(as));
}

static void says_the_token(void **state)
{
	struct exchanged x = begin(NULL);

	(void)state;
	assert_true(x.mechanism->replays);
	exchanged_says_text(&x, NULL,
			    "n,,\x01"
			    "auth=Bearer " JWT "\x01\x01");
	exchanged_is_done(&x, "");
	exchanged_end(&x);
}

static void says_extensions(void **state)
{
	struct exchanged x = begin("logicalCluster=lkc-1, identityPoolId=pool-2");

	(void)state;
	exchanged_says_text(&x, NULL,
			    "n,,\x01"
			    "auth=Bearer " JWT
			    "\x01logicalCluster=lkc-1\x01identityPoolId=pool-2\x01\x01");
	exchanged_is_done(&x, "");
	exchanged_end(&x);
}

/* Without an error, but with words: not logged in. */
static void a_refusal_has_two_steps(void **state)
{
	struct exchanged x = begin("");

	(void)state;
	exchanged_says_text(&x, NULL,
			    "n,,\x01"
			    "auth=Bearer " JWT "\x01\x01");
	exchanged_says_text(&x, "{\"status\":\"invalid_token\"}", "\x01");
	exchanged_fails(&x, "", "invalid_token"); /* a broker that then says yes is not believed */
	exchanged_end(&x);
}

static void what_can_not_be_said_is_refused(void **state)
{
	static const char *const tokens[] = { "",
					      "a b",
					      "a\x01"
					      "b",
					      "a\nb",
					      "=a",
					      "a,b",
					      "a\"b" };
	static const char *const extensions[] = { "auth=x", "=x",	  "key",       "a1=x",
						  "k=\x01", "k=\xc3\xa4", "a=b,auth=c" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(tokens); i++)
		assert_null(oauthbearer_credentials(tokens[i], NULL));
	for (size_t i = 0; i < ARRAY_LEN(extensions); i++)
		assert_null(oauthbearer_credentials(JWT, extensions[i]));
}

static void padding_may_end_a_token(void **state)
{
	struct credentials *as = oauthbearer_credentials("abc-._~+/123==", "author=me,empty=");

	(void)state;
	assert_non_null(as);
	credentials_put(as);
}

static void says_what_a_client_said(void **state)
{
	static const char said[] = "n,a=me,\x01"
				   "auth=Bearer x.y.z\x01\x01";
	struct credentials *as = said_credentials(&mechanism_oauthbearer, said, strlen(said));
	struct exchanged x = exchanged_begin(as, as->mechanism->begin(as));

	(void)state;
	exchanged_says_text(&x, NULL, said);
	exchanged_is_done(&x, "");
	exchanged_end(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_the_token),
		cmocka_unit_test(says_extensions),
		cmocka_unit_test(a_refusal_has_two_steps),
		cmocka_unit_test(what_can_not_be_said_is_refused),
		cmocka_unit_test(padding_may_end_a_token),
		cmocka_unit_test(says_what_a_client_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What brokers tell of delegation tokens: which of them is the client's own, and good for a while. */
#include "auth/token.h"

#include "auth/mechanism.h"

#include "unit/session/words.h"

#define TOKEN(owner, requester, id, expires, renewer)                                         \
	"  - principal_type: \"User\"\n    principal_name: \"" owner "\"\n"                   \
	"    token_requester_principal_type: \"User\"\n"                                      \
	"    token_requester_principal_name: \"" requester "\"\n    issue_timestamp: 5\n"     \
	"    expiry_timestamp: " expires "\n    token_id: \"" id                              \
	"\"\n    hmac: \"\x01\x02\x03\"\n"                                                    \
	"    renewers:\n      - principal_type: \"User\"\n        principal_name: \"" renewer \
	"\"\n"

static bool read_answer(const char *api_name, int version, const char *tree,
			const struct token_wanted *wanted, struct token *found, int *error)
{
	const struct kapi *api = words_api(api_name, strlen(api_name));
	struct buf body;
	bool good;

	buf_init(&body, 65536);
	words_encode(api, version, RESPONSE, tree, &body);
	good = token_read(api, version, body.data, (uint32_t)body.len, wanted, found, error);
	buf_deinit(&body);
	return good;
}

static struct token_wanted wanted_of(const char *owner)
{
	return (struct token_wanted){ .owner = owner,
				      .renewer = "gw",
				      .good_until_ms = 100,
				      .mechanism = &mechanism_scram_sha_512 };
}

/* The id of the token that is taken; NULL: none is. */
static void assert_found(const char *tree, const struct token_wanted *wanted, const char *id)
{
	struct token found;
	int error;

	assert_true(read_answer("DescribeDelegationToken", 3, tree, wanted, &found, &error));
	assert_int_equal(error, 0);
	if (id == NULL)
		assert_null(found.id);
	else
		assert_string_equal(found.id, id);
	token_deinit(&found);
}

static void the_one_that_lasts_longest_is_taken(void **state)
{
	const struct token_wanted wanted = wanted_of("bob");

	(void)state;
	assert_found("tokens:\n" TOKEN("bob", "bob", "short", "200", "gw")
			     TOKEN("bob", "bob", "long", "300", "gw")
				     TOKEN("bob", "bob", "middle", "250", "gw"),
		     &wanted, "long");
	assert_found("tokens: []\n", &wanted, NULL);
}

static void what_is_not_the_clients_own_is_left(void **state)
{
	const struct token_wanted wanted = wanted_of("bob");

	(void)state;
	assert_found("tokens:\n" TOKEN("eve", "eve", "other", "200", "gw"), &wanted, NULL);
	assert_found("tokens:\n" TOKEN("bob", "eve", "made by another", "200", "gw"), &wanted,
		     NULL);
	assert_found("tokens:\n" TOKEN("bob", "bob", "for another node", "200", "x"), &wanted,
		     NULL);
	assert_found("tokens:\n" TOKEN("bob", "bob", "run out", "100", "gw"), &wanted, NULL);
}

/* Somebody who may has made it for its owner. */
static void another_may_have_made_it(void **state)
{
	struct token_wanted wanted = wanted_of("bob");

	(void)state;
	wanted.maker = "gw";
	assert_found("tokens:\n" TOKEN("bob", "gw", "granted", "200", "gw")
			     TOKEN("bob", "bob", "its own", "300", "gw"),
		     &wanted, "granted");
	wanted.not_id = "granted";
	assert_found("tokens:\n" TOKEN("bob", "gw", "granted", "200", "gw"), &wanted, NULL);
}

static void one_is_looked_for_by_its_id(void **state)
{
	struct token_wanted wanted = wanted_of("bob");

	(void)state;
	wanted.renewer = NULL;
	wanted.id = "b";
	assert_found("tokens:\n" TOKEN("bob", "bob", "a", "200", "x")
			     TOKEN("bob", "bob", "b", "200", "x"),
		     &wanted, "b");
}

static void a_new_one_says_whose_it_is(void **state)
{
	struct token_wanted wanted = wanted_of(NULL);
	struct token found;
	int error;

	(void)state;
	assert_true(read_answer("CreateDelegationToken", 3,
				"principal_type: \"User\"\nprincipal_name: \"robert\"\n"
				"token_requester_principal_name: \"robert\"\n"
				"issue_timestamp_ms: 7\nexpiry_timestamp_ms: 900\n"
				"token_id: \"id\"\nhmac: \"\x01\x02\x03\"\n",
				&wanted, &found, &error));
	assert_string_equal(found.owner, "robert");
	assert_int_equal(found.issued_ms, 7);
	assert_int_equal(found.expires_ms, 900);
	assert_ptr_equal(found.credentials->mechanism, &mechanism_scram_sha_512);
	assert_true(found.credentials->is_token);
	assert_string_equal(found.credentials->user, "id");
	assert_non_null(found.credentials->password);
	token_deinit(&found);
}

static void an_error_has_no_token(void **state)
{
	struct token_wanted wanted = wanted_of(NULL);
	struct token found;
	int error;

	(void)state;
	for (int version = 1; version <= 3; version++) {
		assert_true(read_answer("CreateDelegationToken", version, "error_code: 61\n",
					&wanted, &found, &error));
		assert_int_equal(error, 61);
		assert_null(found.owner);
	}
}

static void what_contradicts_its_schema_is_refused(void **state)
{
	static const uint8_t body[] = { 0, 0, 9, 9, 9, 9, 9 };
	struct token_wanted wanted = wanted_of(NULL);
	struct token found;
	int error;

	(void)state;
	for (uint32_t n = 0; n < sizeof body; n++)
		assert_false(token_read(api_of(KEY_DESCRIBE_DELEGATION_TOKEN), 3, body, n, &wanted,
					&found, &error));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_one_that_lasts_longest_is_taken),
		cmocka_unit_test(what_is_not_the_clients_own_is_left),
		cmocka_unit_test(another_may_have_made_it),
		cmocka_unit_test(one_is_looked_for_by_its_id),
		cmocka_unit_test(a_new_one_says_whose_it_is),
		cmocka_unit_test(an_error_has_no_token),
		cmocka_unit_test(what_contradicts_its_schema_is_refused),
	};

	return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}

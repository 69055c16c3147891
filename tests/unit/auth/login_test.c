/* A login says what its account has now, and tells in words why it failed. */
#include "auth/login.h"

#include "kafka/errors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct scene {
	struct account *account;
	struct login *login;
	struct buf say;
};

static struct scene begin(struct credentials *as)
{
	struct scene s = { .account = account_new(as) };

	s.login = login_new(s.account);
	buf_init(&s.say, MECHANISM_SAY_MAX);
	return s;
}

static void end(struct scene *s)
{
	login_free(s->login);
	account_free(s->account);
	buf_deinit(&s->say);
}

static const char *login_begin(struct scene *s)
{
	return s->login->kind->begin(s->login);
}

static enum login_next next(struct scene *s, const struct login_heard *heard)
{
	buf_clear(&s->say);
	return s->login->kind->next(s->login, heard, &s->say);
}

static struct login_heard answer(const char *bytes, int64_t lifetime_ms)
{
	return (struct login_heard){ .bytes = (const uint8_t *)bytes,
				     .len = (uint32_t)strlen(bytes),
				     .lifetime_ms = lifetime_ms };
}

static struct login_heard refusal(int error, const char *message)
{
	return (struct login_heard){ .error = error,
				     .message = (const uint8_t *)message,
				     .message_len = message != NULL ? (uint32_t)strlen(message) : 0,
				     .bytes = (const uint8_t *)"" };
}

static void says_what_the_account_has(void **state)
{
	struct scene s = begin(plain_credentials("gw", "one"));
	struct login_heard good = answer("", 8000);

	(void)state;
	assert_true(s.login->kind->renews);
	assert_string_equal(login_begin(&s), "PLAIN");
	assert_int_equal(next(&s, NULL), LOGIN_SAYS);
	assert_memory_equal(s.say.data, "\0gw\0one", 7);
	account_set(s.account, plain_credentials("gw", "two")); /* in the midst of it */
	assert_int_equal(next(&s, &good), LOGIN_IS_DONE);
	assert_string_equal(login_begin(&s), "PLAIN"); /* the next login has the new ones */
	assert_int_equal(next(&s, NULL), LOGIN_SAYS);
	assert_memory_equal(s.say.data, "\0gw\0two", 7);
	end(&s);
}

static void without_credentials_it_fails(void **state)
{
	struct scene s = begin(NULL);

	(void)state;
	assert_null(login_begin(&s));
	assert_string_equal(s.login->why, "there are no credentials now");
	account_set_trouble(s.account, "https://idp/token: status 401");
	assert_null(login_begin(&s));
	assert_string_equal(s.login->why, "https://idp/token: status 401");
	account_set_trouble(s.account, NULL);
	assert_null(account_trouble(s.account));
	account_set(s.account, plain_credentials("gw", "one"));
	assert_string_equal(login_begin(&s), "PLAIN");
	account_set(s.account, NULL);
	assert_null(account_now(s.account));
	end(&s);
}

static void a_refusal_is_told_in_the_brokers_words(void **state)
{
	static const struct {
		int error;
		const char *message, *why;
	} rows[] = {
		{ 58, "Authentication failed: Invalid username or password",
		  "Authentication failed: Invalid username or password" },
		{ 58,
		  "Authentication failed during authentication due to invalid credentials with SASL "
		  "mechanism SCRAM-SHA-256",
		  "Authentication failed during authentication due to invalid credentials with SASL "
		  "mechanism SCRAM-SHA-256" },
		{ 58, "{\"status\":\"invalid_token\"}", "{'status':'invalid_token'}" },
		{ 58, "two\nlines \x7f\x01 \"q\" \\", "two'lines '' 'q' '" },
		{ 58, NULL, "error 58" },
		{ 58, "", "error 58" },
		{ 34, NULL, "the broker wants no SASL here: its listener is PLAINTEXT or SSL" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scene s = begin(plain_credentials("gw", "wrong"));
		struct login_heard heard = refusal(rows[i].error, rows[i].message);

		assert_non_null(login_begin(&s));
		assert_int_equal(next(&s, NULL), LOGIN_SAYS);
		assert_int_equal(next(&s, &heard), LOGIN_FAILED);
		assert_string_equal(s.login->why, rows[i].why);
		end(&s);
	}
}

static void a_long_message_is_cut(void **state)
{
	struct scene s = begin(plain_credentials("gw", "wrong"));
	char message[2000];
	struct login_heard heard;

	(void)state;
	memset(message, 'x', sizeof message - 1);
	message[sizeof message - 1] = '\0';
	heard = refusal(58, message);
	assert_non_null(login_begin(&s));
	assert_int_equal(next(&s, &heard), LOGIN_FAILED);
	assert_int_equal(strlen(s.login->why), LOGIN_WHY_MAX - 1);
	end(&s);
}

static void what_brokers_offer_is_kept(void **state)
{
	struct scene s = begin(plain_credentials("gw", "one"));
	struct login_heard heard = { .mechanisms = "PLAIN,SCRAM-SHA-512" };
	char *offers;

	(void)state;
	assert_null(account_offers(s.account));
	assert_non_null(login_begin(&s));
	s.login->kind->offered(s.login, &heard);
	offers = account_offers(s.account);
	assert_string_equal(offers, "PLAIN,SCRAM-SHA-512");
	free(offers);
	assert_string_equal(s.login->why, "");
	heard = (struct login_heard){ .error = ERROR_UNSUPPORTED_SASL_MECHANISM,
				      .mechanisms = "SCRAM-SHA-512" };
	s.login->kind->offered(s.login, &heard);
	assert_string_equal(s.login->why, "the broker does not take PLAIN; it has SCRAM-SHA-512");
	heard = (struct login_heard){ .error = ERROR_ILLEGAL_SASL_STATE, .mechanisms = "" };
	s.login->kind->offered(s.login, &heard);
	assert_non_null(strstr(s.login->why, "wants no SASL here"));
	offers = account_offers(s.account);
	assert_string_equal(offers, "SCRAM-SHA-512"); /* an error of the state says nothing of it */
	free(offers);
	end(&s);
}

/* The broker's first message, which goes on from the nonce that was said. */
static void salt_of(const struct scene *s, char text[200])
{
	static const char before[] = "n,,n=gw,r=";
	const size_t at = sizeof before - 1;

	assert_memory_equal(s->say.data, before, at);
	snprintf(text, 200, "r=%.*sX,s=YQ==,i=4096", (int)(s->say.len - at),
		 (const char *)s->say.data + at);
}

static void a_broker_without_the_password_is_refused(void **state)
{
	struct scene s =
		begin(scram_credentials(&mechanism_scram_sha_512, SCRAM_OF_USER, "gw", "one"));

	struct login_heard heard;
	char text[200];

	(void)state;
	assert_string_equal(login_begin(&s), "SCRAM-SHA-512");
	assert_int_equal(next(&s, NULL), LOGIN_SAYS);
	salt_of(&s, text);
	heard = answer(text, 0);
	assert_int_equal(next(&s, &heard), LOGIN_SAYS);
	heard = answer("v=YQ==", 0);
	assert_int_equal(next(&s, &heard), LOGIN_FAILED);
	assert_non_null(strstr(s.login->why, "does not know"));
	end(&s);
}

/* PLAIN stands for the login itself: a token is known by its credentials. */
static void a_token_without_lifetime_has_run_out(void **state)
{
	for (int is_token = 0; is_token < 2; is_token++) {
		struct credentials *as = plain_credentials("token", "hmac");
		struct scene s;
		struct login_heard none = answer("", 0), some = answer("", 1000);

		(void)state;
		as->is_token = is_token != 0;
		s = begin(as);
		assert_non_null(login_begin(&s));
		assert_int_equal(next(&s, NULL), LOGIN_SAYS);
		assert_int_equal(next(&s, &none), is_token ? LOGIN_FAILED : LOGIN_IS_DONE);
		assert_non_null(login_begin(&s));
		assert_int_equal(next(&s, NULL), LOGIN_SAYS);
		assert_int_equal(next(&s, &some), LOGIN_IS_DONE);
		end(&s);
	}
}

static void a_bearer_is_refused_in_two_steps(void **state)
{
	struct scene s = begin(oauthbearer_credentials("a.b.c", NULL));
	struct login_heard heard = answer("{\"status\":\"invalid_token\"}", 0);

	(void)state;
	assert_string_equal(login_begin(&s), "OAUTHBEARER");
	assert_int_equal(next(&s, NULL), LOGIN_SAYS);
	assert_int_equal(next(&s, &heard), LOGIN_SAYS);
	assert_int_equal(s.say.len, 1);
	assert_int_equal(s.say.data[0], 1);
	heard = refusal(58, "{\"status\":\"invalid_token\"}");
	assert_int_equal(next(&s, &heard), LOGIN_FAILED);
	assert_string_equal(s.login->why, "{'status':'invalid_token'}");
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_the_account_has),
		cmocka_unit_test(without_credentials_it_fails),
		cmocka_unit_test(a_refusal_is_told_in_the_brokers_words),
		cmocka_unit_test(a_long_message_is_cut),
		cmocka_unit_test(what_brokers_offer_is_kept),
		cmocka_unit_test(a_broker_without_the_password_is_refused),
		cmocka_unit_test(a_token_without_lifetime_has_run_out),
		cmocka_unit_test(a_bearer_is_refused_in_two_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

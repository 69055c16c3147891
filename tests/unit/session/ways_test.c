/* Whether brokers make delegation tokens: asked once by the gateway's own account, before a client needs one. */
#include "auth/mechanism.h"
#include "session/session.h"

#include "unit/session/words.h"

static struct scene s;
static struct link_terms terms;

static void begin(struct account *own)
{
	scene_init(&s);
	s.config.listener.protocol = OVER_SASL_PLAINTEXT;
	s.snapshot->broker_count = 1;
	terms = (struct link_terms){ .account = own };
	s.shared.terms = &terms;
}

static void end(void)
{
	s.snapshot->broker_count = SCENE_BROKERS;
	scene_deinit(&s);
	if (terms.account != NULL)
		account_free(terms.account);
}

static struct account *own_account(void)
{
	return account_new(plain_credentials("gw", "secret"));
}

static void assert_asked(const char *words)
{
	int by;
	char *text = broker_gets(&s, 0, &by);

	if (strstr(text, words) == NULL)
		fail_msg("no \"%s\" in\n%s", words, text);
	free(text);
}

static void answers(const char *answer)
{
	assert_asked("mechanism: \"PLAIN\"");
	broker_answers(&s, 0, "mechanisms: [ \"PLAIN\" ]\n");
	assert_asked("SaslAuthenticate");
	broker_answers(&s, 0, "error_message: \"\"\n");
	assert_asked("DescribeDelegationToken (41) version 3");
	broker_answers(&s, 0, answer);
	scene_until(&s, s.w->ways.call == NULL);
}

static void brokers_that_make_them(void **state)
{
	(void)state;
	begin(own_account());
	ways_look(s.w);
	assert_int_equal(s.w->ways.tokens, TOKENS_UNKNOWN);
	answers("tokens: []\n");
	assert_int_equal(s.w->ways.tokens, TOKENS_MADE);
	ways_look(s.w); /* with the next snapshot */
	assert_null(s.w->ways.call);
	end();
}

static void brokers_that_make_none_are_asked_again(void **state)
{
	(void)state;
	begin(own_account());
	ways_look(s.w);
	answers("error_code: 61\n");
	assert_int_equal(s.w->ways.tokens, TOKENS_NOT_MADE);
	ev_invoke(s.w->loop, &s.w->ways.timer, EV_TIMER); /* a minute is over */
	answers("tokens: []\n");
	assert_int_equal(s.w->ways.tokens, TOKENS_MADE);
	end();
}

static void another_error_says_nothing(void **state)
{
	(void)state;
	begin(own_account());
	ways_look(s.w);
	answers("error_code: 64\n");
	assert_int_equal(s.w->ways.tokens, TOKENS_UNKNOWN);
	assert_true(ev_is_active(&s.w->ways.timer));
	end();
}

static void brokers_that_do_not_know_the_question(void **state)
{
	(void)state;
	begin(own_account());
	s.snapshot->offers[KEY_DESCRIBE_DELEGATION_TOKEN] = (struct kversions){ 0, -1 };
	ways_look(s.w);
	assert_int_equal(s.w->ways.tokens, TOKENS_NOT_MADE);
	end();
}

static void a_broker_that_is_down_is_asked_later(void **state)
{
	(void)state;
	begin(own_account());
	scene_broker_dies(&s, 0);
	ways_look(s.w);
	scene_until(&s, s.w->ways.call == NULL);
	assert_int_equal(s.w->ways.tokens, TOKENS_UNKNOWN);
	assert_true(ev_is_active(&s.w->ways.timer));
	end();
}

static void without_an_account_nobody_asks(void **state)
{
	(void)state;
	begin(NULL);
	ways_look(s.w);
	assert_null(s.w->ways.call);
	assert_int_equal(s.w->ways.tokens, TOKENS_UNKNOWN);
	end();
}

static void without_sasl_nobody_asks(void **state)
{
	(void)state;
	begin(own_account());
	s.config.listener.protocol = OVER_PLAINTEXT;
	ways_look(s.w);
	assert_null(s.w->ways.call);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(brokers_that_make_them),
		cmocka_unit_test(brokers_that_make_none_are_asked_again),
		cmocka_unit_test(another_error_says_nothing),
		cmocka_unit_test(brokers_that_do_not_know_the_question),
		cmocka_unit_test(a_broker_that_is_down_is_asked_later),
		cmocka_unit_test(without_an_account_nobody_asks),
		cmocka_unit_test(without_sasl_nobody_asks),
	};

	return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}

/* The door, state by input: SaslHandshake and SaslAuthenticate, ApiVersions, any other request. */
#include "auth/door.h"

#include "kafka/api_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { NOW = 1000000 };

static const struct carried *mechanism(const char *name)
{
	const struct carried *m = carried_of((const uint8_t *)name, strlen(name));

	assert_non_null(m);
	return m;
}

static enum door_verdict judged(struct door *d, const char *answer, int64_t lifetime)
{
	return door_judged(d, 0, (const uint8_t *)answer, strlen(answer), lifetime, NOW);
}

/* A door in that state, by the way that leads there. */
static struct door door_in(enum door_state state)
{
	struct door d;

	door_init(&d, state != DOOR_OFF);
	if (state == DOOR_GREETED)
		door_greeted(&d, 0);
	if (state <= DOOR_GREETED)
		return d;
	assert_int_equal(door_hear(&d, KEY_SASL_HANDSHAKE, NOW), DOOR_ASK);
	door_chosen(&d, state != DOOR_BARE, state == DOOR_OVER ? NULL : mechanism("PLAIN"));
	if (state >= DOOR_OPEN && state != DOOR_OVER) {
		assert_int_equal(door_hear(&d, KEY_SASL_AUTHENTICATE, NOW), DOOR_ASK);
		assert_int_equal(judged(&d, "", 0), DOOR_IN);
	}
	if (state == DOOR_AGAIN) {
		assert_int_equal(door_hear(&d, KEY_SASL_HANDSHAKE, NOW), DOOR_ASK);
		door_chosen(&d, 1, mechanism("PLAIN"));
	}
	assert_int_equal(d.state, state);
	return d;
}

/* --- the table --- */

static const struct row {
	enum door_state state;
	int key;
	enum door_answer answer;
	enum door_state then;
} rows[] = {
	{ DOOR_OFF, KEY_API_VERSIONS, DOOR_PASS, DOOR_OFF },
	{ DOOR_OFF, KEY_SASL_HANDSHAKE, DOOR_PASS, DOOR_OFF },
	{ DOOR_OFF, KEY_SASL_AUTHENTICATE, DOOR_PASS, DOOR_OFF },
	{ DOOR_OFF, KEY_METADATA, DOOR_PASS, DOOR_OFF },
	{ DOOR_SHUT, KEY_API_VERSIONS, DOOR_PASS, DOOR_SHUT },
	{ DOOR_SHUT, KEY_SASL_HANDSHAKE, DOOR_ASK, DOOR_SHUT },
	{ DOOR_SHUT, KEY_SASL_AUTHENTICATE, DOOR_CLOSE, DOOR_OVER },
	{ DOOR_SHUT, KEY_METADATA, DOOR_CLOSE, DOOR_OVER },
	{ DOOR_GREETED, KEY_API_VERSIONS, DOOR_CLOSE, DOOR_OVER },
	{ DOOR_GREETED, KEY_SASL_HANDSHAKE, DOOR_ASK, DOOR_GREETED },
	{ DOOR_GREETED, KEY_SASL_AUTHENTICATE, DOOR_CLOSE, DOOR_OVER },
	{ DOOR_GREETED, KEY_METADATA, DOOR_CLOSE, DOOR_OVER },
	{ DOOR_CHOSEN, KEY_API_VERSIONS, DOOR_REFUSE, DOOR_OVER },
	{ DOOR_CHOSEN, KEY_SASL_HANDSHAKE, DOOR_REFUSE, DOOR_OVER },
	{ DOOR_CHOSEN, KEY_SASL_AUTHENTICATE, DOOR_ASK, DOOR_CHOSEN },
	{ DOOR_CHOSEN, KEY_METADATA, DOOR_REFUSE, DOOR_OVER },
	{ DOOR_OPEN, KEY_API_VERSIONS, DOOR_PASS, DOOR_OPEN },
	{ DOOR_OPEN, KEY_SASL_HANDSHAKE, DOOR_ASK, DOOR_OPEN },
	{ DOOR_OPEN, KEY_SASL_AUTHENTICATE, DOOR_PASS, DOOR_OPEN },
	{ DOOR_OPEN, KEY_METADATA, DOOR_PASS, DOOR_OPEN },
	{ DOOR_AGAIN, KEY_API_VERSIONS, DOOR_REFUSE, DOOR_OVER },
	{ DOOR_AGAIN, KEY_SASL_HANDSHAKE, DOOR_REFUSE, DOOR_OVER },
	{ DOOR_AGAIN, KEY_SASL_AUTHENTICATE, DOOR_ASK, DOOR_AGAIN },
	{ DOOR_AGAIN, KEY_METADATA, DOOR_REFUSE, DOOR_OVER },
	{ DOOR_OVER, KEY_API_VERSIONS, DOOR_CLOSE, DOOR_OVER },
	{ DOOR_OVER, KEY_SASL_HANDSHAKE, DOOR_CLOSE, DOOR_OVER },
	{ DOOR_OVER, KEY_SASL_AUTHENTICATE, DOOR_CLOSE, DOOR_OVER },
	{ DOOR_OVER, KEY_METADATA, DOOR_CLOSE, DOOR_OVER },
};

static void test_what_may_be_asked_in_each_state(void **state)
{
	(void)state;
	for (const struct row *r = rows; r < rows + sizeof rows / sizeof *rows; r++) {
		struct door d = door_in(r->state);

		if (door_hear(&d, r->key, NOW) != r->answer || d.state != r->then)
			fail_msg("state %d, API %d: now in state %d", r->state, r->key, d.state);
		assert_int_equal(door_is_waiting(&d), r->answer == DOOR_ASK);
	}
}

static void test_what_each_state_is(void **state)
{
	(void)state;
	for (int s = DOOR_OFF; s <= DOOR_OVER; s++) {
		struct door d = door_in((enum door_state)s);
		bool is_open = s == DOOR_OPEN || s == DOOR_AGAIN;
		bool is_usual = s == DOOR_OFF || s == DOOR_OPEN;

		assert_int_equal(door_is_bare(&d), s == DOOR_BARE);
		assert_int_equal(door_is_open(&d), is_open);
		assert_int_equal(door_is_shut(&d), s > DOOR_OFF && s < DOOR_OPEN);
		assert_int_equal(door_frame_max(&d, 100 << 20), is_usual ? 100 << 20 : 524288);
		assert_int_equal(door_frame_max(&d, 1024), 1024);
	}
}

/* --- the way in --- */

static void test_versions_that_are_refused_may_be_asked_again(void **state)
{
	struct door d = door_in(DOOR_SHUT);

	(void)state;
	door_greeted(&d, 35);
	door_greeted(&d, 42);
	assert_int_equal(door_hear(&d, KEY_API_VERSIONS, NOW), DOOR_PASS);
	door_greeted(&d, 0);
	assert_int_equal(door_hear(&d, KEY_API_VERSIONS, NOW), DOOR_CLOSE);
}

static void test_bare_tokens(void **state)
{
	struct door d = door_in(DOOR_BARE);

	(void)state;
	assert_int_equal(door_hear_bare(&d), DOOR_ASK);
	assert_true(door_is_waiting(&d));
	assert_int_equal(judged(&d, "", 0), DOOR_IN);
	assert_false(door_is_bare(&d));
	assert_int_equal(door_hear(&d, KEY_METADATA, NOW), DOOR_PASS);
}

static void test_a_refused_mechanism_ends_it(void **state)
{
	struct door d = door_in(DOOR_GREETED);

	(void)state;
	door_hear(&d, KEY_SASL_HANDSHAKE, NOW);
	door_chosen(&d, 1, NULL);
	assert_int_equal(d.state, DOOR_OVER);
}

static void test_several_rounds(void **state)
{
	struct door d = door_in(DOOR_SHUT);

	(void)state;
	door_hear(&d, KEY_SASL_HANDSHAKE, NOW);
	door_chosen(&d, 1, mechanism("SCRAM-SHA-512"));
	door_hear(&d, KEY_SASL_AUTHENTICATE, NOW);
	assert_int_equal(judged(&d, "r=abc,s=c2FsdA==,i=4096", 0), DOOR_MORE);
	assert_false(door_is_open(&d));
	door_hear(&d, KEY_SASL_AUTHENTICATE, NOW);
	assert_int_equal(judged(&d, "v=abc", 0), DOOR_IN);
	assert_true(door_is_open(&d));
}

/* OAUTHBEARER is told what is wrong without an error, says that it has heard, and then there is one. */
static void test_a_refusal_without_an_error(void **state)
{
	struct door d = door_in(DOOR_SHUT);

	(void)state;
	door_hear(&d, KEY_SASL_HANDSHAKE, NOW);
	door_chosen(&d, 1, mechanism("OAUTHBEARER"));
	door_hear(&d, KEY_SASL_AUTHENTICATE, NOW);
	assert_int_equal(judged(&d, "{\"status\":\"invalid_token\"}", 0), DOOR_MORE);
	assert_int_equal(door_hear(&d, KEY_SASL_AUTHENTICATE, NOW), DOOR_ASK);
	assert_int_equal(door_judged(&d, 58, NULL, 0, 0, NOW), DOOR_OUT);
	assert_int_equal(d.state, DOOR_OVER);
}

/* --- time --- */

static struct door door_for(int64_t lifetime)
{
	struct door d = door_in(DOOR_CHOSEN);

	door_hear(&d, KEY_SASL_AUTHENTICATE, NOW);
	assert_int_equal(judged(&d, "", lifetime), DOOR_IN);
	return d;
}

static void test_a_login_runs_out(void **state)
{
	struct door d = door_for(20000);

	(void)state;
	assert_int_equal(door_hear(&d, KEY_METADATA, NOW + 18000), DOOR_PASS); /* as promised */
	assert_int_equal(door_hear(&d, KEY_METADATA, NOW + 18999), DOOR_PASS);
	assert_int_equal(door_hear(&d, KEY_METADATA, NOW + 19000), DOOR_CLOSE);
}

static void test_a_lifetime_without_end(void **state)
{
	struct door d = door_for(INT64_MAX);

	(void)state;
	assert_int_equal(door_hear(&d, KEY_METADATA, NOW + 1), DOOR_PASS);
	assert_true(d.runs_out_at > NOW);
}

static void test_who_comes_late_may_still_say_who_it_is(void **state)
{
	struct door d = door_for(20000);

	(void)state;
	assert_int_equal(door_hear(&d, KEY_SASL_HANDSHAKE, NOW + 60000), DOOR_ASK);
	door_chosen(&d, 1, mechanism("PLAIN"));
	assert_int_equal(door_hear(&d, KEY_SASL_AUTHENTICATE, NOW + 60000), DOOR_ASK);
	assert_int_equal(door_judged(&d, 0, NULL, 0, 20000, NOW + 60000), DOOR_IN);
	assert_int_equal(door_hear(&d, KEY_METADATA, NOW + 70000), DOOR_PASS);
}

/* Too soon: the broker says 34, and the client stays who it is. */
static void test_again_too_soon(void **state)
{
	struct door d = door_for(20000);

	(void)state;
	assert_int_equal(door_hear(&d, KEY_SASL_HANDSHAKE, NOW), DOOR_ASK);
	door_chosen(&d, 1, NULL);
	assert_int_equal(d.state, DOOR_OPEN);
	assert_int_equal(door_hear(&d, KEY_METADATA, NOW), DOOR_PASS);
}

static void test_again_by_another_mechanism(void **state)
{
	struct door d = door_in(DOOR_OPEN);

	(void)state;
	assert_int_equal(door_hear(&d, KEY_SASL_HANDSHAKE, NOW), DOOR_ASK);
	door_chosen(&d, 1, mechanism("SCRAM-SHA-256"));
	assert_int_equal(door_hear(&d, KEY_SASL_AUTHENTICATE, NOW), DOOR_CLOSE);
}

static void test_what_is_promised(void **state)
{
	(void)state;
	assert_int_equal(door_promise(0), 0);
	assert_int_equal(door_promise(3600000), 3240000);
	assert_int_equal(door_promise(10000), 9000);
	assert_int_equal(door_promise(5000), 4000);
	assert_int_equal(door_promise(1500), 750);
	assert_int_equal(door_promise(1), 1);
	assert_true(door_promise(INT64_MAX) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_may_be_asked_in_each_state),
		cmocka_unit_test(test_what_each_state_is),
		cmocka_unit_test(test_versions_that_are_refused_may_be_asked_again),
		cmocka_unit_test(test_bare_tokens),
		cmocka_unit_test(test_a_refused_mechanism_ends_it),
		cmocka_unit_test(test_several_rounds),
		cmocka_unit_test(test_a_refusal_without_an_error),
		cmocka_unit_test(test_a_login_runs_out),
		cmocka_unit_test(test_a_lifetime_without_end),
		cmocka_unit_test(test_who_comes_late_may_still_say_who_it_is),
		cmocka_unit_test(test_again_too_soon),
		cmocka_unit_test(test_again_by_another_mechanism),
		cmocka_unit_test(test_what_is_promised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

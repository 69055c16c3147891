/* Who may be closed without need, and when: a tenure by hand, whose requests are noted. */
#include "balance/leave.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { NOW = 1000000, CLIENTS = 200, LIMIT_S = 100 };

static const struct leave_terms at_once = { 0 };
static const struct kapi plain = { .binds = BINDS_NOTHING };

/* Chosen to leave a moment ago. */
static struct tenure chosen(void)
{
	struct tenure t;

	tenure_begin(&t, 1, 0, 0, NOW - 10);
	leave_choose(&t, NOW);
	assert_true(leave_is_due(&t, &at_once, NOW));
	return t;
}

static void exchange(struct tenure *t, enum kbinds binds, bool transactional, bool error)
{
	const struct kapi api = { .binds = binds };

	leave_note_request(t, &api, transactional, NOW);
	leave_note_answer(t, &api, false, error);
}

static void what_is_plain_leaves(void **state)
{
	struct tenure t = chosen();

	(void)state;
	exchange(&t, BINDS_NOTHING, true, false);
	exchange(&t, BINDS_IF_TRANSACTIONAL, false, false);
	assert_true(leave_is_due(&t, &at_once, NOW));
	t.chosen_at = 0;
	assert_false(leave_is_due(&t, &at_once, NOW));
}

/* Until something that was answered shows that the broker has had it. */
static void acks_0_stays(void **state)
{
	struct tenure t = chosen();

	(void)state;
	leave_note_answer(&t, &plain, true, false);
	assert_false(leave_is_due(&t, &at_once, NOW));
	leave_note_answer(&t, &plain, false, false);
	assert_true(leave_is_due(&t, &at_once, NOW));
}

static void a_transaction_stays_until_it_ends(void **state)
{
	struct tenure t = chosen();

	(void)state;
	exchange(&t, BINDS_IF_TRANSACTIONAL, true, false);
	assert_false(leave_is_due(&t, &at_once, NOW));
	exchange(&t, ENDS_TRANSACTION, true, true); /* it did not end */
	assert_false(leave_is_due(&t, &at_once, NOW));
	exchange(&t, ENDS_TRANSACTION, true, false);
	assert_true(leave_is_due(&t, &at_once, NOW));
	exchange(&t, BINDS_TRANSACTION, false, false);
	assert_false(leave_is_due(&t, &at_once, NOW));
	/* longer than any is let last; chosen anew by then */
	t.chosen_at = NOW + 899;
	assert_false(leave_is_due(&t, &at_once, NOW + 899));
	t.chosen_at = NOW + 900;
	assert_true(leave_is_due(&t, &at_once, NOW + 900));
}

static void what_the_broker_keeps_for_the_connection_stays(void **state)
{
	struct tenure t = chosen();

	(void)state;
	exchange(&t, BINDS_CONNECTION, false, false);
	assert_false(leave_is_due(&t, &at_once, NOW));
	exchange(&t, BINDS_NOTHING, false, false);
	assert_false(leave_is_due(&t, &at_once, NOW));
}

/* Others of the client's connections may be on the way to where an answer sent them. */
static void a_moving_client_stays_a_moment(void **state)
{
	struct tenure t = chosen();

	(void)state;
	t.mapped_at = NOW - 0.5;
	assert_true(tenure_is_moving(&t, NOW));
	assert_false(leave_is_due(&t, &at_once, NOW));
	assert_false(tenure_is_moving(&t, NOW + 0.5));
	assert_true(leave_is_due(&t, &at_once, NOW + 0.5));
}

/* Under internal balancing other nodes hear of it first; who has no pause then stays. */
static void the_chosen_one_has_notice(void **state)
{
	static const struct mapping_node one = { .node_id = "a", .host = "h", .port_count = 1 };
	struct mapping *m = mapping_new(&one, 1);
	const struct leave_terms terms = { .notice_s = leave_notice_s(m) };
	struct tenure t = chosen();

	(void)state;
	assert_true(terms.notice_s > 0);
	assert_true(leave_notice_s(NULL) == 0);
	assert_false(leave_is_due(&t, &terms, NOW));
	assert_true(leave_at(&t, &terms, NOW) > NOW && leave_at(&t, &terms, NOW) < NOW + 1);
	assert_true(leave_is_due(&t, &terms, NOW + terms.notice_s));
	assert_false(leave_is_missed(&t, &terms, NOW + terms.notice_s));
	/* the next thing that changes by itself is the end */
	assert_true(leave_at(&t, &terms, NOW + terms.notice_s) > NOW + 1);
	assert_true(leave_is_missed(&t, &terms, NOW + terms.notice_s + 1));
	t.chosen_at = 0;
	assert_false(leave_is_missed(&t, &terms, NOW + 100));
	assert_true(isinf(leave_at(&t, &terms, NOW)));
	mapping_free(m);
}

static void age_is_off_by_default(void **state)
{
	struct tenure t;

	(void)state;
	tenure_begin(&t, 1, 0, 0, NOW - 1e9);
	assert_false(leave_is_due(&t, &at_once, NOW));
	assert_true(isinf(leave_at(&t, &at_once, NOW)));
}

/* Within a tenth of the limit to either side, and spread over it. */
static void ages_differ(void **state)
{
	struct leave_terms terms = { .age_limit_s = LIMIT_S };
	double least = INFINITY, most = 0;
	unsigned early = 0;
	struct tenure t;

	(void)state;
	for (uint64_t id = 1; id <= CLIENTS; id++) {
		double age;

		tenure_begin(&t, id, 0, 0, NOW);
		age = leave_at(&t, &terms, NOW) - NOW;
		assert_false(leave_is_due(&t, &terms, NOW));
		least = fmin(least, age);
		most = fmax(most, age);
		early += age < LIMIT_S;
	}
	assert_true(least >= 0.9 * LIMIT_S && most <= 1.1 * LIMIT_S);
	assert_true(most - least > 0.15 * LIMIT_S);
	assert_in_range(early, CLIENTS / 3, CLIENTS * 2 / 3);
	tenure_begin(&t, 1, 0, 0, NOW - 1.2 * LIMIT_S);
	assert_true(leave_is_due(&t, &terms, NOW));
	terms.aging_since = NOW; /* a limit that is new counts from now on */
	assert_false(leave_is_due(&t, &terms, NOW));
}

/* --- choosing --- */

static void the_ports_in_use_have_their_turns(void **state)
{
	static const bool used[] = { false, true, false, true, true };
	static const int expected[] = { 1, 3, 4, 1, 3, 4 };

	(void)state;
	for (unsigned turn = 0; turn < 6; turn++)
		assert_int_equal(leave_port_of_turn(used, 5, turn), expected[turn]);
}

static void the_young_and_the_chosen_are_no_candidates(void **state)
{
	struct tenure t;

	(void)state;
	tenure_begin(&t, 1, 0, 0, NOW - 4);
	assert_false(leave_is_candidate(&t, NOW));
	assert_true(leave_is_candidate(&t, NOW + 1));
	t.sent_acks0 = true;
	assert_false(leave_is_candidate(&t, NOW + 1));
	t.sent_acks0 = false;
	leave_choose(&t, NOW + 1);
	assert_int_equal(t.times_chosen, 1);
	assert_false(leave_is_candidate(&t, NOW + 1));
}

static void those_chosen_less_often_are_first_then_the_older(void **state)
{
	struct tenure t[4] = { { .id = 7, .times_chosen = 1 },
			       { .id = 9 },
			       { .id = 3, .times_chosen = 1 },
			       { .id = 5 } };
	struct tenure *list[4] = { &t[0], &t[1], &t[2], &t[3] };
	static const uint64_t expected[] = { 5, 9, 3, 7 };

	(void)state;
	leave_sort(list, 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(list[i]->id, expected[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_plain_leaves),
		cmocka_unit_test(acks_0_stays),
		cmocka_unit_test(a_transaction_stays_until_it_ends),
		cmocka_unit_test(what_the_broker_keeps_for_the_connection_stays),
		cmocka_unit_test(a_moving_client_stays_a_moment),
		cmocka_unit_test(the_chosen_one_has_notice),
		cmocka_unit_test(age_is_off_by_default),
		cmocka_unit_test(ages_differ),
		cmocka_unit_test(the_ports_in_use_have_their_turns),
		cmocka_unit_test(the_young_and_the_chosen_are_no_candidates),
		cmocka_unit_test(those_chosen_less_often_are_first_then_the_older),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

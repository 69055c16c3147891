/* Who may be closed without need: a client by hand, whose requests are noted. */
#include "session/session.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { PRODUCE = 0, FETCH = 1, ADD_OFFSETS = 25, END_TXN = 26, SHARE_FETCH = 78, SHARE_ACK = 79 };
enum { AGE_MS = 100000, CLIENTS = 200 };

static struct config config;
static const struct shared shared = { .config = &config };

/* One of the worker's clients, between two requests, and chosen to leave. */
struct scene {
	struct worker w;
	struct client c;
};

static void begin(struct scene *s)
{
	config = (struct config){ 0 };
	memset(s, 0, sizeof *s);
	s->w.shared = &shared;
	s->w.config = &config;
	s->w.loop = ev_loop_new(EVFLAG_AUTO);
	s->c.worker = &s->w;
	s->c.in_state = IN_HEAD;
	s->c.born = ev_now(s->w.loop);
	s->c.chosen_at = ev_now(s->w.loop);
	assert_true(leave_is_due(&s->c));
}

static void end(struct scene *s)
{
	ev_loop_destroy(s->w.loop);
}

/* A request, routed and answered. */
static void exchange(struct scene *s, int16_t key, bool transactional, bool answerless, bool error)
{
	static const uint8_t id[] = "tx";
	struct request r = { .head.key = key, .answerless = answerless, .has_error = error };

	r.layout.has_key = key == PRODUCE;
	r.layout.key = transactional ? id : NULL;
	leave_note_request(&s->c, &r);
	leave_note_answer(&s->c, &r);
}

static void what_is_plain_leaves(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	exchange(&s, PRODUCE, false, false, false);
	exchange(&s, FETCH, false, false, false);
	assert_true(leave_is_due(&s.c));
	s.c.chosen_at = 0;
	assert_false(leave_is_due(&s.c));
	end(&s);
}

static void one_in_flight_stays(void **state)
{
	struct request r = { 0 };
	struct scene s;

	(void)state;
	begin(&s);
	s.c.first = &r;
	assert_false(leave_is_due(&s.c));
	s.c.first = NULL;
	s.c.sock.in.to = 1; /* the next one begins to come */
	assert_false(leave_is_due(&s.c));
	s.c.sock.in.to = 0;
	s.c.sock.out.to = 1; /* an answer has not left */
	assert_false(leave_is_due(&s.c));
	s.c.sock.out.to = 0;
	s.c.in_state = IN_SEND;
	assert_false(leave_is_due(&s.c));
	s.c.in_state = IN_HEAD;
	assert_true(leave_is_due(&s.c));
	end(&s);
}

/* Until something that was answered shows that the broker has had it. */
static void acks_0_stays(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	exchange(&s, PRODUCE, false, true, false);
	assert_false(leave_is_due(&s.c));
	exchange(&s, FETCH, false, false, false);
	assert_true(leave_is_due(&s.c));
	end(&s);
}

static void a_transaction_stays_until_it_ends(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	exchange(&s, PRODUCE, true, false, false);
	assert_false(leave_is_due(&s.c));
	exchange(&s, END_TXN, false, false, true); /* it did not end */
	assert_false(leave_is_due(&s.c));
	exchange(&s, END_TXN, false, false, false);
	assert_true(leave_is_due(&s.c));
	exchange(&s, ADD_OFFSETS, false, false, false);
	assert_false(leave_is_due(&s.c));
	s.c.transaction_until = ev_now(s.w.loop) - 1; /* longer than any is let last */
	assert_true(leave_is_due(&s.c));
	end(&s);
}

/* Under internal balancing other nodes hear of it first; who has no pause then stays. */
static void the_chosen_one_has_notice(void **state)
{
	static const struct mapping_node one = { .node_id = "a", .host = "h", .port_count = 1 };
	struct mapping *m = mapping_new(&one, 1);
	ev_tstamp now;
	struct scene s;

	(void)state;
	begin(&s);
	now = ev_now(s.w.loop);
	s.w.mapping = m;
	atomic_store(&s.w.chosen, 1);
	assert_false(leave_is_due(&s.c));
	assert_true(leave_at(&s.c) > now && leave_at(&s.c) < now + 1);
	s.c.chosen_at -= leave_notice_s(&s.w);
	leave_look(&s.c);
	assert_true(leave_is_due(&s.c));
	s.c.chosen_at -= 1;
	leave_look(&s.c);
	assert_false(leave_is_due(&s.c));
	assert_false(leave_is_chosen(&s.c));
	assert_int_equal(worker_chosen(&s.w), 0);
	assert_true(isinf(leave_at(&s.c)));
	mapping_free(m);
	end(&s);
}

/* Its acquired records would be given out anew. */
static void an_open_share_session_stays(void **state)
{
	static const int16_t keys[] = { SHARE_FETCH, SHARE_ACK };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct scene s;

		begin(&s);
		exchange(&s, keys[i], false, false, false);
		assert_false(leave_is_due(&s.c));
		exchange(&s, FETCH, false, false, false);
		assert_false(leave_is_due(&s.c));
		end(&s);
	}
}

static void age_is_off_by_default(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	s.c.chosen_at = 0;
	s.c.born -= 1e9;
	assert_false(leave_is_due(&s.c));
	assert_true(isinf(leave_at(&s.c)));
	end(&s);
}

/* Within a tenth of the limit to either side, and spread over it. */
static void ages_differ(void **state)
{
	double least = INFINITY, most = 0, limit = AGE_MS / 1000.0;
	unsigned early = 0;
	struct scene s;

	(void)state;
	begin(&s);
	config.max_connection_age_ms = AGE_MS;
	s.c.chosen_at = 0;
	for (s.c.id = 1; s.c.id <= CLIENTS; s.c.id++) {
		double age = leave_at(&s.c) - s.c.born;

		assert_false(leave_is_due(&s.c));
		least = fmin(least, age);
		most = fmax(most, age);
		early += age < limit;
	}
	assert_true(least >= 0.9 * limit && most <= 1.1 * limit);
	assert_true(most - least > 0.15 * limit);
	assert_in_range(early, CLIENTS / 3, CLIENTS * 2 / 3);
	s.c.born -= 1.2 * limit;
	assert_true(leave_is_due(&s.c));
	s.w.aging_since = ev_now(s.w.loop); /* a limit that is new counts from now on */
	assert_false(leave_is_due(&s.c));
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_plain_leaves),
		cmocka_unit_test(one_in_flight_stays),
		cmocka_unit_test(acks_0_stays),
		cmocka_unit_test(a_transaction_stays_until_it_ends),
		cmocka_unit_test(an_open_share_session_stays),
		cmocka_unit_test(the_chosen_one_has_notice),
		cmocka_unit_test(age_is_off_by_default),
		cmocka_unit_test(ages_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

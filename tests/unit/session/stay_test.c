/* not lame: a connection by hand, which nobody opens */
/* A client is closed only between two requests, and is counted while it is chosen. */
#include "session/stay.h"

#include "balance/leave.h"
#include "session/inside.h"
#include "session/request.h"
#include "session/worker.h"
#include "util/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct config config;
static struct shared shared = { .config = &config };

/* One of the worker's clients, between two requests, and chosen to leave. */
struct scene {
	struct worker w;
	struct entrance e;
	struct client c;
	int peer;
};

static void on_event(void *owner)
{
	(void)owner;
}

static void begin(struct scene *s)
{
	int ends[2];

	config = (struct config){ .node_id = (char[]){ "a" } };
	memset(s, 0, sizeof *s);
	places_init(&shared.places, "a");
	s->w.shared = &shared;
	s->w.config = &config;
	s->w.loop = ev_loop_new(EVFLAG_AUTO);
	s->e = (struct entrance){ .worker = &s->w, .listener = &config.listener };
	s->c.worker = &s->w;
	s->c.came.entrance = &s->e;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	s->peer = ends[1];
	conn_init(&s->c.conn, &conn_plain, ends[0], s->w.loop, &s->w.bufs, on_event, s);
	tenure_begin(&s->c.tenure, 1, 0, 0, clock_s() - 10);
	leave_choose(&s->c.tenure, clock_s());
	atomic_store(&s->w.chosen, 1);
	assert_true(stay_is_over(&s->c));
}

static void end(struct scene *s)
{
	conn_close(&s->c.conn);
	close(s->peer);
	bufpool_deinit(&s->w.bufs);
	ev_loop_destroy(s->w.loop);
	places_deinit(&shared.places);
}

static void one_in_flight_stays(void **state)
{
	struct request r = { 0 };
	struct scene s;

	(void)state;
	begin(&s);
	s.c.out.first = &r;
	assert_false(stay_is_over(&s.c));
	s.c.out.first = NULL;
	assert_int_equal(write(s.peer, "", 1), 1); /* the next one begins to come */
	assert_int_equal(conn_fill(&s.c.conn, UINT32_MAX), 1);
	assert_false(stay_is_over(&s.c));
	conn_take(&s.c.conn, 1);
	assert_true(conn_put(&s.c.conn, "", 1)); /* an answer has not left */
	assert_false(stay_is_over(&s.c));
	assert_true(conn_flush(&s.c.conn));
	s.c.in.state = IN_SEND;
	assert_false(stay_is_over(&s.c));
	s.c.in.state = IN_HEAD;
	s.c.life.state = LIFE_DRAINING; /* it goes anyway */
	assert_false(stay_is_over(&s.c));
	s.c.life.state = LIFE_SERVED;
	assert_true(stay_is_over(&s.c));
	end(&s);
}

/* What a request and its answer say is noted, each by its own row. */
static void a_transaction_stays_until_it_ends(void **state)
{
	static const uint8_t id[] = "tx";
	static const struct kapi produces = { .binds = BINDS_IF_TRANSACTIONAL },
				 ends = { .binds = ENDS_TRANSACTION };
	struct request r = { .head.api = &produces, .layout.has_key = true };
	struct scene s;

	(void)state;
	begin(&s);
	stay_note_request(&s.c, &r); /* a null id: none */
	stay_note_answer(&s.c, &r);
	assert_true(stay_is_over(&s.c));
	r.layout.key = id;
	stay_note_request(&s.c, &r);
	stay_note_answer(&s.c, &r);
	assert_false(stay_is_over(&s.c));
	r.head.api = &ends;
	r.has_error = true;
	stay_note_request(&s.c, &r);
	stay_note_answer(&s.c, &r);
	assert_false(stay_is_over(&s.c));
	r.has_error = false;
	stay_note_answer(&s.c, &r);
	assert_true(stay_is_over(&s.c));
	r.layout.acks.size = 2; /* acks=0 */
	stay_note_answer(&s.c, &r);
	assert_false(stay_is_over(&s.c));
	end(&s);
}

static void who_had_no_pause_is_not_chosen_any_more(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	s.c.tenure.chosen_at -= 1;
	assert_false(stay_is_over(&s.c));
	assert_false(tenure_is_chosen(&s.c.tenure));
	assert_int_equal(worker_chosen(&s.w), 0);
	stay_end(&s.c);
	assert_int_equal(worker_chosen(&s.w), 0);
	end(&s);
}

static void who_leaves_says_why(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	s.w.shed_why = STAT_SHED_SKEW;
	stay_leave(&s.c);
	assert_string_equal(s.c.life.why, "closed for the balance of the nodes");
	assert_int_equal(s.w.stats.counters[STAT_SHED_SKEW], 1);
	stay_end(&s.c);
	assert_int_equal(worker_chosen(&s.w), 0);
	s.c.life.state = LIFE_SERVED;
	s.c.tenure.chosen_at = 0;
	stay_leave(&s.c);
	assert_string_equal(s.c.life.why, "too old");
	assert_int_equal(s.w.stats.counters[STAT_SHED_AGE], 1);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_in_flight_stays),
		cmocka_unit_test(a_transaction_stays_until_it_ends),
		cmocka_unit_test(who_had_no_pause_is_not_chosen_any_more),
		cmocka_unit_test(who_leaves_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

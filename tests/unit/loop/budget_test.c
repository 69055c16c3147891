/* budget_test.c - who gets the node's memory, when, and in which order. */
#include "loop/budget.h"

#include "config/config.h"
#include "unit/turned_clock.h"
#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

enum { KIB = 1024, MIB = 1024 * KIB };

/* One loop with its mailbox, and the order in which grants came. */
struct desk {
	struct ev_loop *loop;
	struct mailbox mailbox;
	int order[16];
	int count;
};

struct waiter {
	struct desk *desk;
	int id;
	struct reservation *r;
	bool granted;
	int pressed;
};

static void on_grant(void *owner)
{
	struct waiter *w = owner;

	assert_false(w->granted);
	w->granted = true;
	w->desk->order[w->desk->count++] = w->id;
}

static void desk_init(struct desk *d)
{
	*d = (struct desk){ .loop = ev_loop_new(0) };
	mailbox_init(&d->mailbox, d->loop, d);
}

static void desk_deinit(struct desk *d)
{
	mailbox_deinit(&d->mailbox);
	ev_loop_destroy(d->loop);
}

static void turn(struct desk *d)
{
	ev_run(d->loop, EVRUN_NOWAIT);
}

static void on_press(void *owner)
{
	struct waiter *w = owner;

	w->pressed++;
}

/* A budget in which kinds other than sessions share so many bytes. */
static int64_t with_sessions(int64_t shared)
{
	return shared + shared / 15;
}

static bool ask_for(struct budget *b, struct desk *d, struct waiter *w, int id,
		    struct budget_asked asked)
{
	*w = (struct waiter){ .desk = d, .id = id };
	asked.mailbox = &d->mailbox;
	asked.on_grant = on_grant;
	asked.on_press = on_press;
	asked.owner = w;
	w->r = budget_reserve(b, &asked, &w->granted);
	return w->granted;
}

static bool ask_kind(struct budget *b, struct desk *d, struct waiter *w, enum budget_kind kind,
		     int64_t n)
{
	return ask_for(b, d, w, 0, (struct budget_asked){ .kind = kind, .bytes = n });
}

static bool ask(struct budget *b, struct desk *d, struct waiter *w, int id, int64_t n)
{
	return ask_for(b, d, w, id, (struct budget_asked){ .bytes = n });
}

static void assert_budget(struct budget *b, int64_t used, unsigned waiting)
{
	int64_t u;
	unsigned w;

	budget_read(b, &u, &w);
	assert_int_equal(u, used);
	assert_int_equal(w, waiting);
}

static void a_frame_of_100_mib_fits_the_default(void **state)
{
	struct budget *b = budget_new(512LL * MIB, 100);
	struct desk d;
	struct waiter w;

	(void)state;
	desk_init(&d);
	assert_true(budget_largest(b, BUDGET_FRAMES) >= 100 * MIB);
	assert_true(ask(b, &d, &w, 1, budget_largest(b, BUDGET_FRAMES)));
	assert_budget(b, budget_largest(b, BUDGET_FRAMES), 0);
	budget_release(w.r);
	assert_budget(b, 0, 0);
	desk_deinit(&d);
	budget_free(b);
}

/* What is always there is nobody's to hold; it never takes so much that the longest frame does not fit. */
static void what_is_set_aside_is_not_given(void **state)
{
	struct budget *b = budget_new(64 * MIB, 100);
	const int64_t whole = budget_largest(b, BUDGET_FRAMES);

	(void)state;
	budget_set_aside(b, MIB);
	assert_int_equal(budget_size(b), 64 * MIB);
	assert_int_equal(budget_largest(b, BUDGET_FRAMES),
			 budget_largest_of(63 * MIB, BUDGET_FRAMES));
	budget_resize(b, 32 * MIB, 100);
	assert_int_equal(budget_size(b), 32 * MIB);
	assert_true(budget_largest(b, BUDGET_FRAMES) >= 16 * MIB);
	budget_resize(b, 64 * MIB, 100);
	budget_set_aside(b, 0);
	assert_int_equal(budget_largest(b, BUDGET_FRAMES), whole);
	budget_free(b);
}

static void large_ones_never_make_small_ones_wait(void **state)
{
	struct budget *b = budget_new(with_sessions(64 * MIB), 100);
	struct desk d;
	struct waiter large[3], medium[3], small;

	(void)state;
	desk_init(&d);
	assert_true(ask(b, &d, &large[0], 0, 30 * MIB));
	assert_false(ask(b, &d, &large[1], 1, 30 * MIB));
	assert_false(ask(b, &d, &large[2], 2, 5 * MIB)); /* no overtaking */
	assert_true(ask(b, &d, &medium[0], 3, 4 * MIB));
	assert_true(ask(b, &d, &medium[1], 4, 4 * MIB));
	assert_false(ask(b, &d, &medium[2], 5, 4 * MIB));
	assert_true(ask(b, &d, &small, 6, 64 * KIB));
	assert_budget(b, 38 * MIB + 64 * KIB, 3);
	budget_release(small.r);
	for (int i = 2; i >= 0; i--)
		budget_release(medium[i].r);
	for (int i = 2; i >= 0; i--)
		budget_release(large[i].r);
	desk_deinit(&d);
	budget_free(b);
}

static void first_come_first_served(void **state)
{
	struct budget *b = budget_new(with_sessions(64 * MIB), 100); /* 36 for large frames */
	struct desk d;
	struct waiter w[4];

	(void)state;
	desk_init(&d);
	assert_true(ask(b, &d, &w[0], 0, 32 * MIB));
	assert_false(ask(b, &d, &w[1], 1, 20 * MIB));
	assert_false(ask(b, &d, &w[2], 2, 20 * MIB));
	assert_false(ask(b, &d, &w[3], 3, 5 * MIB));
	turn(&d);
	assert_int_equal(d.count, 0);
	budget_release(w[0].r);
	assert_int_equal(d.count, 0); /* by letter, never from inside a call */
	turn(&d);
	assert_int_equal(d.count, 1);
	assert_int_equal(d.order[0], 1);
	assert_budget(b, 20 * MIB, 2);
	budget_release(w[1].r);
	turn(&d);
	assert_int_equal(d.count, 3);
	assert_int_equal(d.order[1], 2);
	assert_int_equal(d.order[2], 3);
	budget_release(w[2].r);
	budget_release(w[3].r);
	assert_budget(b, 0, 0);
	desk_deinit(&d);
	budget_free(b);
}

static void who_leaves_the_queue_lets_the_next_in(void **state)
{
	struct budget *b = budget_new(with_sessions(64 * MIB), 100);
	struct desk d;
	struct waiter w[3];

	(void)state;
	desk_init(&d);
	assert_true(ask(b, &d, &w[0], 0, 20 * MIB));
	assert_false(ask(b, &d, &w[1], 1, 20 * MIB));
	assert_false(ask(b, &d, &w[2], 2, 10 * MIB));
	budget_release(w[1].r);
	turn(&d);
	assert_int_equal(d.count, 1);
	assert_int_equal(d.order[0], 2);
	budget_release(w[0].r);
	budget_release(w[2].r);
	desk_deinit(&d);
	budget_free(b);
}

/* The grant is in the mailbox when its owner gives up. */
static void no_call_follows_a_release(void **state)
{
	struct budget *b = budget_new(with_sessions(64 * MIB), 100);
	struct desk d;
	struct waiter w[3];

	(void)state;
	desk_init(&d);
	assert_true(ask(b, &d, &w[0], 0, 32 * MIB));
	assert_false(ask(b, &d, &w[1], 1, 32 * MIB));
	assert_false(ask(b, &d, &w[2], 2, 32 * MIB));
	budget_release(w[0].r); /* posts 1's grant */
	budget_release(w[1].r); /* gives it on to 2 */
	turn(&d);
	assert_int_equal(d.count, 1);
	assert_int_equal(d.order[0], 2);
	budget_release(w[2].r);
	assert_budget(b, 0, 0);
	desk_deinit(&d);
	budget_free(b);
}

static void release_on_grant(void *owner)
{
	struct waiter *w = owner;

	on_grant(w);
	budget_release(w->r);
}

static void a_grant_may_be_released_inside_its_call(void **state)
{
	struct budget_asked asked;
	struct budget *b = budget_new(with_sessions(64 * MIB), 100);
	struct desk d;
	struct waiter w[2];

	(void)state;
	desk_init(&d);
	assert_true(ask(b, &d, &w[0], 0, 32 * MIB));
	w[1] = (struct waiter){ .desk = &d, .id = 1 };
	asked = (struct budget_asked){ .bytes = 32 * MIB,
				       .mailbox = &d.mailbox,
				       .on_grant = release_on_grant,
				       .owner = &w[1] };
	w[1].r = budget_reserve(b, &asked, &w[1].granted);
	assert_false(w[1].granted);
	budget_release(w[0].r);
	turn(&d);
	assert_int_equal(d.count, 1);
	assert_budget(b, 0, 0);
	desk_deinit(&d);
	budget_free(b);
}

static void a_small_budget_grants_all_up_to_its_largest(void **state)
{
	(void)state;
	for (int64_t bytes = KIB; bytes < 20 * MIB; bytes = bytes * 3 + 1) {
		struct budget *b = budget_new(bytes, 100);
		struct desk d;
		struct waiter w;

		desk_init(&d);
		assert_true(budget_largest(b, BUDGET_FRAMES) >= bytes / 2);
		for (int64_t n = 1; n <= budget_largest(b, BUDGET_FRAMES); n = n * 2 + 1) {
			assert_true(ask(b, &d, &w, 0, n));
			budget_release(w.r);
		}
		assert_true(ask(b, &d, &w, 0, budget_largest(b, BUDGET_FRAMES)));
		budget_release(w.r);
		desk_deinit(&d);
		budget_free(b);
	}
}

/* What config/check.c believes. */
static void the_longest_frame_that_may_be_configured_fits(void **state)
{
	enum { SIZE_BYTES = 4 };

	(void)state;
	for (int64_t bytes = MIB; bytes < INT64_C(1) << 50; bytes = bytes * 7 + 1)
		assert_true(budget_largest_of(bytes, BUDGET_FRAMES) >=
			    bytes / CONFIG_FRAMES_IN_MEMORY + SIZE_BYTES);
}

/* Each kind may use what the kinds before it may not, so that who holds one gets the next. */
static void nobody_waits_for_those_who_wait_for_him(void **state)
{
	struct budget *b = budget_new(with_sessions(64 * MIB), 100);
	struct waiter frames[12], layouts[2], answers[2], replies[2], late;
	struct desk d;

	(void)state;
	desk_init(&d);
	for (int i = 0; i < 9; i++)
		assert_true(ask_kind(b, &d, &frames[i], BUDGET_FRAMES, 4 * MIB));
	for (int i = 9; i < 12; i++)
		assert_false(ask_kind(b, &d, &frames[i], BUDGET_FRAMES, 4 * MIB));
	for (int i = 0; i < 2; i++)
		assert_true(ask_kind(b, &d, &layouts[i], BUDGET_LAYOUTS, 4 * MIB));
	assert_true(ask_kind(b, &d, &answers[0], BUDGET_ANSWERS, 4 * MIB));
	assert_false(ask_kind(b, &d, &answers[1], BUDGET_ANSWERS, 4 * MIB));
	for (int i = 0; i < 2; i++)
		assert_true(ask_kind(b, &d, &replies[i], BUDGET_REPLIES, 4 * MIB));
	assert_budget(b, 56 * MIB, 4);
	budget_release(frames[0].r); /* the answer is nearer to its end than any frame */
	turn(&d);
	assert_true(answers[1].granted);
	assert_false(frames[9].granted);
	assert_false(ask_kind(b, &d, &late, BUDGET_FRAMES, MIB));
	budget_release(late.r);
	for (int i = 1; i < 12; i++)
		budget_release(frames[i].r);
	for (int i = 0; i < 2; i++) {
		budget_release(layouts[i].r);
		budget_release(answers[i].r);
		budget_release(replies[i].r);
	}
	assert_budget(b, 0, 0);
	desk_deinit(&d);
	budget_free(b);
}

static void all_of_it_can_be_used(void **state)
{
	struct budget *b = budget_new(with_sessions(64 * MIB), 100);
	struct waiter w[64];
	struct desk d;

	(void)state;
	desk_init(&d);
	for (int i = 0; i < 62; i++)
		assert_true(ask_kind(b, &d, &w[i], BUDGET_REPLIES, MIB));
	assert_false(ask_kind(b, &d, &w[62], BUDGET_REPLIES, MIB));
	assert_true(ask_kind(b, &d, &w[63], BUDGET_REPLIES, 64 * KIB));
	for (int i = 63; i >= 0; i--)
		budget_release(w[i].r);
	desk_deinit(&d);
	budget_free(b);
}

static void what_is_not_needed_on_goes_to_who_waits(void **state)
{
	struct budget *b = budget_new(with_sessions(64 * MIB), 100);
	struct waiter w[2], part;
	struct desk d;

	(void)state;
	desk_init(&d);
	assert_true(ask(b, &d, &w[0], 0, 30 * MIB));
	assert_false(ask(b, &d, &w[1], 1, 20 * MIB));
	part.r = budget_split(w[0].r, 10 * MIB, &part);
	assert_budget(b, 30 * MIB, 1);
	budget_shrink(w[0].r, 6 * MIB);
	turn(&d);
	assert_true(w[1].granted);
	assert_budget(b, 36 * MIB, 0);
	budget_release(w[0].r);
	assert_budget(b, 30 * MIB, 0);
	budget_release(part.r);
	budget_release(w[1].r);
	assert_budget(b, 0, 0);
	desk_deinit(&d);
	budget_free(b);
}

/* --- addresses --- */

static bool ask_from(struct budget *b, struct desk *d, struct waiter *w, uint32_t address,
		     int64_t n)
{
	return ask_for(b, d, w, 0, (struct budget_asked){ .bytes = n, .address = address });
}

static void an_address_has_its_share_and_others_pass(void **state)
{
	struct budget *b = budget_new(with_sessions(64 * MIB), 25); /* 10 of 40 */
	struct waiter one[3], other, alone;
	struct desk d;

	(void)state;
	desk_init(&d);
	assert_true(ask_from(b, &d, &one[0], 1, 5 * MIB));
	assert_true(ask_from(b, &d, &one[1], 1, 5 * MIB));
	assert_false(ask_from(b, &d, &one[2], 1, 5 * MIB));
	assert_true(ask_from(b, &d, &other, 2, 5 * MIB)); /* of the same class, and came later */
	assert_true(
		ask_from(b, &d, &alone, 3, 20 * MIB)); /* its first may be more than its share */
	budget_release(one[0].r);
	turn(&d);
	assert_true(one[2].granted);
	budget_release(one[1].r);
	budget_release(one[2].r);
	budget_release(other.r);
	budget_release(alone.r);
	assert_budget(b, 0, 0);
	desk_deinit(&d);
	budget_free(b);
}

/* --- who is slow --- */

static void the_slowest_is_pressed_for_who_waits(void **state)
{
	struct budget *b = budget_new(with_sessions(64 * MIB), 100);
	struct waiter w[3], waits;
	struct desk d;

	(void)state;
	desk_init(&d);
	for (int i = 0; i < 3; i++)
		assert_true(ask(b, &d, &w[i], i, 12 * MIB));
	assert_false(ask(b, &d, &waits, 3, 12 * MIB));
	budget_press(waits.r);
	turn(&d);
	assert_int_equal(w[0].pressed + w[1].pressed + w[2].pressed, 0); /* none of them is paced */
	budget_pace(w[1].r);
	budget_pace(w[2].r);
	budget_moved(w[1].r, 3000);
	budget_moved(w[2].r, 2000);
	clock_turn(BUDGET_LEAST_MS / 2);
	budget_press(waits.r);
	turn(&d);
	assert_int_equal(w[1].pressed + w[2].pressed, 0); /* they have had too little time */
	clock_turn(BUDGET_LEAST_MS / 2);
	budget_press(waits.r);
	turn(&d);
	assert_int_equal(w[1].pressed, 0);
	assert_int_equal(w[2].pressed, 1);
	budget_press(waits.r); /* the one that has been asked may take a moment: the next one */
	budget_press(waits.r);
	turn(&d);
	assert_int_equal(w[1].pressed, 1);
	assert_int_equal(w[2].pressed, 1);
	budget_release(w[2].r);
	turn(&d);
	assert_true(waits.granted);
	budget_press(waits.r); /* it does not wait any more */
	budget_release(w[0].r);
	budget_release(w[1].r);
	budget_release(waits.r);
	desk_deinit(&d);
	budget_free(b);
}

static void who_is_fast_or_has_done_is_not_pressed(void **state)
{
	struct budget *b = budget_new(with_sessions(64 * MIB), 100);
	struct waiter w[2], waits;
	struct desk d;

	(void)state;
	desk_init(&d);
	for (int i = 0; i < 2; i++) {
		assert_true(ask(b, &d, &w[i], i, 18 * MIB));
		budget_pace(w[i].r);
	}
	assert_false(ask(b, &d, &waits, 3, 12 * MIB));
	clock_turn(BUDGET_LEAST_MS);
	budget_moved(w[0].r, 2 * (uint64_t)BUDGET_FAST * BUDGET_LEAST_MS / 1000);
	budget_rest(w[1].r);
	budget_press(waits.r);
	turn(&d);
	assert_int_equal(w[0].pressed + w[1].pressed, 0);
	budget_pace(w[1].r);
	clock_turn(BUDGET_LEAST_MS);
	budget_press(waits.r);
	budget_release(w[1].r); /* its letter is under way */
	turn(&d);
	assert_int_equal(w[1].pressed, 0);
	budget_release(w[0].r);
	budget_release(waits.r);
	desk_deinit(&d);
	budget_free(b);
}

/* Several loops take, wait, give up and give back as fast as they can. */
enum { THREADS = 4, ROUNDS = 2000, DEPTH = 4 };

static atomic_llong held;
static atomic_int overdrawn;

struct racer {
	struct desk desk; /* its order is not used */
	struct budget *budget;
	pthread_t thread;
	unsigned seed;
	int granted, cancelled, rounds;
	ev_timer limit;
	bool timed_out;
	struct slot {
		struct racer *racer;
		struct reservation *r;
		int64_t n;
		bool granted;
	} slots[DEPTH];
	ev_idle idle;
};

static unsigned draw(struct racer *r)
{
	r->seed = r->seed * 1103515245u + 12345u;
	return r->seed >> 8;
}

static void count_granted(struct slot *s)
{
	s->granted = true;
	s->racer->granted++;
	if (atomic_fetch_add(&held, s->n) + s->n > 36 * MIB)
		atomic_store(&overdrawn, 1);
}

static void on_race_grant(void *owner)
{
	struct slot *s = owner;

	if (s->r == NULL || s->granted)
		abort(); /* a call after the release, or a second one */
	count_granted(s);
}

static void slot_release(struct slot *s)
{
	if (s->granted)
		atomic_fetch_sub(&held, s->n);
	else
		s->racer->cancelled++;
	budget_release(s->r);
	s->r = NULL;
	s->granted = false;
}

static void slot_take(struct slot *s)
{
	bool granted;

	s->n = 5 * MIB + (int64_t)(draw(s->racer) % (25 * MIB));
	s->granted = false;
	s->r = budget_reserve(s->racer->budget,
			      &(struct budget_asked){ .bytes = s->n,
						      .mailbox = &s->racer->desk.mailbox,
						      .on_grant = on_race_grant,
						      .owner = s },
			      &granted);
	if (granted)
		count_granted(s);
}

static void race_step(struct ev_loop *loop, ev_idle *idle, int events)
{
	struct racer *r = CONTAINER_OF(idle, struct racer, idle);
	struct slot *s = &r->slots[draw(r) % DEPTH];

	(void)events;
	if (s->r == NULL)
		slot_take(s);
	else if (s->granted || draw(r) % 8 == 0)
		slot_release(s);
	if (++r->rounds == ROUNDS)
		ev_break(loop, EVBREAK_ALL);
}

static void race_limit(struct ev_loop *loop, ev_timer *limit, int events)
{
	(void)events;
	CONTAINER_OF(limit, struct racer, limit)->timed_out = true;
	ev_break(loop, EVBREAK_ALL);
}

static void *race(void *arg)
{
	struct racer *r = arg;

	ev_run(r->desk.loop, 0);
	for (int i = 0; i < DEPTH; i++) {
		if (r->slots[i].r != NULL)
			slot_release(&r->slots[i]);
	}
	return NULL;
}

static void racer_start(struct racer *r, struct budget *b, unsigned seed)
{
	*r = (struct racer){ .budget = b, .seed = seed };
	desk_init(&r->desk);
	for (int i = 0; i < DEPTH; i++)
		r->slots[i].racer = r;
	ev_idle_init(&r->idle, race_step);
	ev_idle_start(r->desk.loop, &r->idle);
	ev_timer_init(&r->limit, race_limit, 60., 0.);
	ev_timer_start(r->desk.loop, &r->limit);
	assert_int_equal(pthread_create(&r->thread, NULL, race, r), 0);
}

/* What is held is counted down before the release, so it may only look too
 * small: never over the share. */
static void threads_never_overdraw_nor_lose_a_grant(void **state)
{
	static struct racer racers[THREADS];
	struct budget *b = budget_new(with_sessions(64 * MIB), 100);
	int granted = 0, cancelled = 0;

	(void)state;
	for (unsigned i = 0; i < THREADS; i++)
		racer_start(&racers[i], b, i + 1);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
		assert_false(racers[i].timed_out);
		granted += racers[i].granted;
		cancelled += racers[i].cancelled;
	}
	for (int i = 0; i < THREADS; i++)
		desk_deinit(&racers[i].desk); /* frees by letter what was given back */
	assert_int_equal(atomic_load(&overdrawn), 0);
	assert_int_equal(atomic_load(&held), 0);
	assert_budget(b, 0, 0);
	assert_true(granted > 0 && cancelled > 0);
	budget_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_of_100_mib_fits_the_default),
		cmocka_unit_test(what_is_set_aside_is_not_given),
		cmocka_unit_test(large_ones_never_make_small_ones_wait),
		cmocka_unit_test(first_come_first_served),
		cmocka_unit_test(who_leaves_the_queue_lets_the_next_in),
		cmocka_unit_test(no_call_follows_a_release),
		cmocka_unit_test(a_grant_may_be_released_inside_its_call),
		cmocka_unit_test(a_small_budget_grants_all_up_to_its_largest),
		cmocka_unit_test(the_longest_frame_that_may_be_configured_fits),
		cmocka_unit_test(nobody_waits_for_those_who_wait_for_him),
		cmocka_unit_test(all_of_it_can_be_used),
		cmocka_unit_test(what_is_not_needed_on_goes_to_who_waits),
		cmocka_unit_test(an_address_has_its_share_and_others_pass),
		cmocka_unit_test(the_slowest_is_pressed_for_who_waits),
		cmocka_unit_test(who_is_fast_or_has_done_is_not_pressed),
		cmocka_unit_test(threads_never_overdraw_nor_lose_a_grant),
	};

	return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}

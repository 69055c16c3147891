/* budget_test.c - who gets the node's memory, when, and in which order. */
#include "loop/budget.h"

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

static bool ask(struct budget *b, struct desk *d, struct waiter *w, int id, int64_t n)
{
	*w = (struct waiter){ .desk = d, .id = id };
	w->r = budget_reserve(b, n, &d->mailbox, on_grant, w, &w->granted);
	return w->granted;
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
	struct budget *b = budget_new(512LL * MIB);
	struct desk d;
	struct waiter w;

	(void)state;
	desk_init(&d);
	assert_true(budget_largest(b) >= 100 * MIB);
	assert_true(ask(b, &d, &w, 1, budget_largest(b)));
	assert_budget(b, budget_largest(b), 0);
	budget_release(w.r);
	assert_budget(b, 0, 0);
	desk_deinit(&d);
	budget_free(b);
}

static void large_ones_never_make_small_ones_wait(void **state)
{
	struct budget *b = budget_new(64 * MIB);
	struct desk d;
	struct waiter large[3], medium, small;

	(void)state;
	desk_init(&d);
	assert_true(ask(b, &d, &large[0], 0, 30 * MIB));
	assert_false(ask(b, &d, &large[1], 1, 30 * MIB));
	assert_false(ask(b, &d, &large[2], 2, 5 * MIB)); /* no overtaking */
	assert_true(ask(b, &d, &medium, 3, 4 * MIB));
	assert_true(ask(b, &d, &small, 4, 64 * KIB));
	assert_budget(b, 34 * MIB + 64 * KIB, 2);
	budget_release(small.r);
	budget_release(medium.r);
	for (int i = 2; i >= 0; i--)
		budget_release(large[i].r);
	desk_deinit(&d);
	budget_free(b);
}

static void first_come_first_served(void **state)
{
	struct budget *b = budget_new(64 * MIB); /* 32 for large ones */
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
	struct budget *b = budget_new(64 * MIB);
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
	struct budget *b = budget_new(64 * MIB);
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
	struct budget *b = budget_new(64 * MIB);
	struct desk d;
	struct waiter w[2];

	(void)state;
	desk_init(&d);
	assert_true(ask(b, &d, &w[0], 0, 32 * MIB));
	w[1] = (struct waiter){ .desk = &d, .id = 1 };
	w[1].r = budget_reserve(b, 32 * MIB, &d.mailbox, release_on_grant, &w[1], &w[1].granted);
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
	for (int64_t bytes = 1; bytes < 20 * MIB; bytes = bytes * 3 + 1) {
		struct budget *b = budget_new(bytes);
		struct desk d;
		struct waiter w;

		desk_init(&d);
		assert_true(budget_largest(b) >= bytes / 2);
		for (int64_t n = 1; n <= budget_largest(b); n = n * 2 + 1) {
			assert_true(ask(b, &d, &w, 0, n));
			budget_release(w.r);
		}
		assert_true(ask(b, &d, &w, 0, budget_largest(b)));
		budget_release(w.r);
		desk_deinit(&d);
		budget_free(b);
	}
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
	if (atomic_fetch_add(&held, s->n) + s->n > 32 * MIB)
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
	s->r = budget_reserve(s->racer->budget, s->n, &s->racer->desk.mailbox, on_race_grant, s,
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
	struct budget *b = budget_new(64 * MIB);
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
		cmocka_unit_test(large_ones_never_make_small_ones_wait),
		cmocka_unit_test(first_come_first_served),
		cmocka_unit_test(who_leaves_the_queue_lets_the_next_in),
		cmocka_unit_test(no_call_follows_a_release),
		cmocka_unit_test(a_grant_may_be_released_inside_its_call),
		cmocka_unit_test(a_small_budget_grants_all_up_to_its_largest),
		cmocka_unit_test(threads_never_overdraw_nor_lose_a_grant),
	};

	return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}

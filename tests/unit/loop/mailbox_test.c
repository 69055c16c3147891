/* mailbox_test.c - every letter arrives once, in order, on the loop's thread. */
#include "loop/mailbox.h"

#include "util/compiler.h"
#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>

enum { POSTERS = 4, LETTERS = 5000 };

struct note {
	struct letter letter;
	int poster, number;
};

struct reader {
	struct ev_loop *loop;
	struct mailbox mailbox;
	pthread_t thread;
	int next[POSTERS]; /* the number that comes next from each */
	int count, stop_at;
	bool out_of_order, elsewhere, timed_out;
	ev_timer limit;
};

static void deliver_note(struct letter *letter, void *owner)
{
	struct note *n = CONTAINER_OF(letter, struct note, letter);
	struct reader *r = owner;

	r->elsewhere |= !pthread_equal(pthread_self(), r->thread);
	r->out_of_order |= r->next[n->poster]++ != n->number;
	if (++r->count == r->stop_at)
		ev_break(r->loop, EVBREAK_ALL);
	free(n);
}

static void post(struct reader *r, int poster, int number)
{
	struct note *n = mem_zalloc(sizeof *n);

	*n = (struct note){ .letter.deliver = deliver_note, .poster = poster, .number = number };
	mailbox_post(&r->mailbox, &n->letter);
}

static void on_limit(struct ev_loop *loop, ev_timer *limit, int events)
{
	(void)events;
	CONTAINER_OF(limit, struct reader, limit)->timed_out = true;
	ev_break(loop, EVBREAK_ALL);
}

static void reader_init(struct reader *r, int stop_at)
{
	*r = (struct reader){ .loop = ev_loop_new(0),
			      .thread = pthread_self(),
			      .stop_at = stop_at };
	mailbox_init(&r->mailbox, r->loop, r);
	ev_timer_init(&r->limit, on_limit, 30., 0.);
	ev_timer_start(r->loop, &r->limit);
}

static void reader_deinit(struct reader *r)
{
	mailbox_deinit(&r->mailbox);
	ev_loop_destroy(r->loop);
}

struct poster {
	struct reader *reader;
	int id;
	pthread_t thread;
};

static void *post_many(void *arg)
{
	struct poster *p = arg;

	for (int i = 0; i < LETTERS; i++)
		post(p->reader, p->id, i);
	return NULL;
}

static void letters_of_many_threads_arrive_in_order(void **state)
{
	struct reader r;
	struct poster posters[POSTERS];

	(void)state;
	reader_init(&r, POSTERS * LETTERS);
	for (int i = 0; i < POSTERS; i++) {
		posters[i] = (struct poster){ .reader = &r, .id = i };
		assert_int_equal(pthread_create(&posters[i].thread, NULL, post_many, &posters[i]),
				 0);
	}
	ev_run(r.loop, 0);
	for (int i = 0; i < POSTERS; i++)
		assert_int_equal(pthread_join(posters[i].thread, NULL), 0);
	assert_false(r.timed_out);
	assert_false(r.out_of_order);
	assert_false(r.elsewhere);
	assert_int_equal(r.count, POSTERS * LETTERS);
	reader_deinit(&r);
}

static void nothing_is_delivered_inside_a_post(void **state)
{
	struct reader r;

	(void)state;
	reader_init(&r, -1);
	post(&r, 0, 0);
	assert_int_equal(r.count, 0);
	ev_run(r.loop, EVRUN_NOWAIT);
	assert_int_equal(r.count, 1);
	reader_deinit(&r);
}

static void what_waits_is_delivered_at_the_end(void **state)
{
	struct reader r;

	(void)state;
	reader_init(&r, -1);
	for (int i = 0; i < 3; i++)
		post(&r, 1, i);
	reader_deinit(&r);
	assert_int_equal(r.count, 3);
	assert_false(r.out_of_order);
}

static void deliver_and_post_again(struct letter *letter, void *owner)
{
	struct note *n = CONTAINER_OF(letter, struct note, letter);
	struct reader *r = owner;

	if (n->number < 3)
		post(r, 0, 0);
	free(n);
}

/* A letter posted while letters are delivered comes in the next round. */
static void a_delivery_may_post(void **state)
{
	struct reader r;
	struct note *n = mem_zalloc(sizeof *n);

	(void)state;
	reader_init(&r, 1);
	n->letter.deliver = deliver_and_post_again;
	mailbox_post(&r.mailbox, &n->letter);
	ev_run(r.loop, 0);
	assert_false(r.timed_out);
	assert_int_equal(r.count, 1);
	reader_deinit(&r);
}

static void nor_is_that_letter_lost_at_the_end(void **state)
{
	struct reader r;
	struct note *n = mem_zalloc(sizeof *n);

	(void)state;
	reader_init(&r, -1);
	n->letter.deliver = deliver_and_post_again;
	mailbox_post(&r.mailbox, &n->letter);
	reader_deinit(&r);
	assert_int_equal(r.count, 1);
}

static void count_call(void *owner)
{
	struct reader *r = owner;

	assert_int_equal(r->count++, 1);
}

/* A call has its turn among the letters. */
static void a_call_comes_in_its_turn(void **state)
{
	struct reader r;

	(void)state;
	reader_init(&r, -1);
	post(&r, 0, 0);
	mailbox_call(&r.mailbox, count_call);
	post(&r, 0, 1);
	assert_int_equal(r.count, 0);
	ev_run(r.loop, EVRUN_NOWAIT);
	assert_int_equal(r.count, 3);
	assert_false(r.out_of_order);
	reader_deinit(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_of_many_threads_arrive_in_order),
		cmocka_unit_test(nothing_is_delivered_inside_a_post),
		cmocka_unit_test(what_waits_is_delivered_at_the_end),
		cmocka_unit_test(a_delivery_may_post),
		cmocka_unit_test(nor_is_that_letter_lost_at_the_end),
		cmocka_unit_test(a_call_comes_in_its_turn),
	};

	return cmocka_run_group_tests_name("mailbox", tests, NULL, NULL);
}

/* Who is marked is stepped once before the loop sleeps, in order; who is marked in a round waits
 * for the next one, and the loop does not sleep meanwhile. */
#include "loop/ready.h"

#include "util/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MANY = 100 };

struct item {
	struct ready ready;
	char name;
	int again; /* so often it marks itself when it is stepped */
	struct item *forgets, *marks;
};

static struct ready_list list;
static char told[2 * MANY + 1];
static size_t told_len;
static int rounds;

static void step(struct ready *r)
{
	struct item *i = CONTAINER_OF(r, struct item, ready);

	told[told_len++] = i->name;
	if (i->forgets != NULL)
		ready_forget(&list, &i->forgets->ready);
	if (i->marks != NULL)
		ready_mark(&list, &i->marks->ready);
	if (i->again > 0) {
		i->again--;
		ready_mark(&list, r);
	}
}

static void on_check(struct ev_loop *loop, ev_check *check, int events)
{
	(void)loop;
	(void)check;
	(void)events;
	rounds++;
}

/* Runs the loop until nobody is marked; what was told. */
static const char *run(void)
{
	ev_check check;

	told_len = 0;
	rounds = 0;
	ev_check_init(&check, on_check);
	ev_check_start(list.loop, &check);
	ev_unref(list.loop);
	ev_run(list.loop, 0);
	ev_ref(list.loop);
	ev_check_stop(list.loop, &check);
	told[told_len] = '\0';
	return told;
}

static int begin(void **state)
{
	(void)state;
	ready_init(&list, ev_loop_new(EVFLAG_AUTO), step);
	return 0;
}

static int end(void **state)
{
	(void)state;
	ready_deinit(&list);
	ev_loop_destroy(list.loop);
	return 0;
}

static void once_each_in_order(void **state)
{
	struct item a = { .name = 'a' }, b = { .name = 'b' }, c = { .name = 'c' };

	(void)state;
	ready_mark(&list, &b.ready);
	ready_mark(&list, &a.ready);
	ready_mark(&list, &b.ready);
	ready_mark(&list, &c.ready);
	assert_true(ready_is_marked(&a.ready));
	assert_string_equal(run(), "bac");
	assert_false(ready_is_marked(&a.ready));
	assert_string_equal(run(), "");
}

static void the_share_is_used_up(void **state)
{
	struct item a = { .name = 'a', .again = 2 }, b = { .name = 'b' };

	(void)state;
	ready_mark(&list, &a.ready);
	ready_mark(&list, &b.ready);
	assert_string_equal(run(), "abaa");
	assert_int_equal(rounds, 3); /* the loop looked for events between the rounds */
}

static void marked_by_another_waits_for_the_next_round(void **state)
{
	struct item b = { .name = 'b' }, c = { .name = 'c' };
	struct item a = { .name = 'a', .marks = &c };

	(void)state;
	ready_mark(&list, &a.ready);
	ready_mark(&list, &b.ready);
	assert_string_equal(run(), "abc");
	assert_int_equal(rounds, 2);
}

static void who_is_forgotten_is_not_stepped(void **state)
{
	struct item b = { .name = 'b' }, c = { .name = 'c' };
	struct item a = { .name = 'a', .forgets = &b };

	(void)state;
	ready_mark(&list, &a.ready);
	ready_mark(&list, &b.ready);
	ready_mark(&list, &c.ready);
	assert_string_equal(run(), "ac");
	a.forgets = &c; /* the last one */
	ready_mark(&list, &a.ready);
	ready_mark(&list, &b.ready);
	ready_mark(&list, &c.ready);
	assert_string_equal(run(), "ab");
	a.forgets = &a; /* not marked: nothing */
	ready_mark(&list, &a.ready);
	assert_string_equal(run(), "a");
}

static void many(void **state)
{
	static struct item items[MANY];

	(void)state;
	for (int i = 0; i < MANY; i++) {
		items[i] = (struct item){ .name = 'x', .again = i % 2 };
		ready_mark(&list, &items[i].ready);
	}
	assert_int_equal(strlen(run()), MANY + MANY / 2);
	assert_int_equal(rounds, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(once_each_in_order, begin, end),
		cmocka_unit_test_setup_teardown(the_share_is_used_up, begin, end),
		cmocka_unit_test_setup_teardown(marked_by_another_waits_for_the_next_round, begin,
						end),
		cmocka_unit_test_setup_teardown(who_is_forgotten_is_not_stepped, begin, end),
		cmocka_unit_test_setup_teardown(many, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

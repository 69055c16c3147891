/* not lame: no connection is there */
/* A partition's next Produce follows the one that is in flight, however many there are of both. */
#include "session/order.h"

#include "session/inside.h"
#include "session/request.h"
#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { REQUESTS = 4, TOPIC_COUNT = 3, AT_LEADER = 100 };

static const struct kapi produce, other;
static struct client client;
static struct request *requests[REQUESTS];
static char names[TOPIC_COUNT][8];

/* A request of so many items, whose partitions are every step-th one of each topic in turn. */
static void make(int n, uint32_t items, int step, int32_t target)
{
	struct request *r = mem_zalloc(sizeof *r);
	struct layout *l = &r->layout;

	arena_init(&r->arena);
	layout_init(l, &r->arena);
	r->head.api = &produce;
	r->part_count = 1;
	l->acks.size = 2;
	l->topics = arena_zalloc(&r->arena, TOPIC_COUNT * sizeof *l->topics);
	l->topic_count = TOPIC_COUNT;
	for (int t = 0; t < TOPIC_COUNT; t++) {
		snprintf(names[t], sizeof names[t], "t%d", t);
		l->topics[t].name = (const uint8_t *)names[t];
		l->topics[t].name_len = 2;
	}
	l->items = arena_zalloc(&r->arena, items * sizeof *l->items);
	l->item_count = items;
	for (uint32_t i = 0; i < items; i++)
		l->items[i] = (struct layout_item){ .topic = i % TOPIC_COUNT,
						    .partition = (int32_t)(i / TOPIC_COUNT) * step,
						    .target = target };
	requests[n] = r;
	*client.out.last = r;
	client.out.last = &r->next;
}

static int set_up(void **state)
{
	(void)state;
	client = (struct client){ 0 };
	client.out.last = &client.out.first;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (int i = 0; i < REQUESTS; i++) {
		if (requests[i] != NULL)
			arena_deinit(&requests[i]->arena);
		free(requests[i]);
		requests[i] = NULL;
	}
	return 0;
}

/* Each item is at the oldest one's target that has its partition, or at its leader. */
static void assert_order(int last, uint32_t sizes[REQUESTS], const int steps[REQUESTS])
{
	const struct layout *l = &requests[last]->layout;

	for (uint32_t i = 0; i < l->item_count; i++) {
		int32_t expected = AT_LEADER;

		for (int o = last - 1; o >= 0; o--) {
			uint32_t per_topic =
				(sizes[o] - l->items[i].topic + TOPIC_COUNT - 1) / TOPIC_COUNT;

			if (l->items[i].partition % steps[o] == 0 &&
			    (uint32_t)(l->items[i].partition / steps[o]) < per_topic)
				expected = o;
		}
		assert_int_equal(l->items[i].target, expected);
	}
}

static void keep(const uint32_t of[REQUESTS], const int steps[REQUESTS])
{
	uint32_t sizes[REQUESTS];

	for (int n = 0; n < REQUESTS; n++) {
		sizes[n] = of[n];
		make(n, of[n], steps[n], n < REQUESTS - 1 ? n : AT_LEADER);
	}
	order_keep(&client, requests[REQUESTS - 1]);
	assert_order(REQUESTS - 1, sizes, steps);
}

static void a_few_follow_what_is_in_flight(void **state)
{
	(void)state;
	keep((uint32_t[]){ 3, 7, 1, 20 }, (int[]){ 2, 1, 1, 1 });
}

static void many_follow_it_too(void **state)
{
	(void)state;
	keep((uint32_t[]){ 3000, 5000, 100, 6000 }, (int[]){ 3, 2, 1, 1 });
}

/* Numbers that share their low bits are no worse than others. */
static void partitions_far_apart(void **state)
{
	(void)state;
	keep((uint32_t[]){ 3000, 3000, 3000, 3000 }, (int[]){ 1 << 17, 1 << 16, 1 << 17, 1 << 16 });
}

static void what_is_not_in_flight_does_not_count(void **state)
{
	(void)state;
	make(0, 5, 1, 0);
	requests[0]->head.api = &other;
	make(1, 5, 1, 1);
	requests[1]->part_count = 0; /* not decided */
	make(2, 5, 1, -1);	     /* nobody's */
	make(3, 5, 1, AT_LEADER);
	order_keep(&client, requests[3]);
	for (int i = 0; i < 5; i++)
		assert_int_equal(requests[3]->layout.items[i].target, AT_LEADER);
	requests[1]->part_count = 1;
	requests[3]->layout.acks.size = 0; /* no Produce */
	order_keep(&client, requests[3]);
	assert_int_equal(requests[3]->layout.items[0].target, AT_LEADER);
	requests[3]->layout.acks.size = 2;
	order_keep(&client, requests[3]);
	assert_int_equal(requests[3]->layout.items[0].target, 1);
}

/* One partition twice in a request: both follow. */
static void what_is_asked_twice_follows_twice(void **state)
{
	struct layout *l;

	(void)state;
	for (uint32_t items = 4; items <= 4000; items *= 1000) {
		set_up(state);
		make(0, items, 1, 7);
		make(1, items, 1, AT_LEADER);
		l = &requests[1]->layout;
		l->items[items - 1] = l->items[0];
		order_keep(&client, requests[1]);
		assert_int_equal(l->items[0].target, 7);
		assert_int_equal(l->items[items - 1].target, 7);
		tear_down(state);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_few_follow_what_is_in_flight, set_up, tear_down),
		cmocka_unit_test_setup_teardown(many_follow_it_too, set_up, tear_down),
		cmocka_unit_test_setup_teardown(partitions_far_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_not_in_flight_does_not_count, set_up,
						tear_down),
		cmocka_unit_test(what_is_asked_twice_follows_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

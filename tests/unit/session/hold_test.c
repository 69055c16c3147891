/* Memory that clients hold and wait for: who is slow loses it. */
#include "session/session.h"

#include "unit/session/words.h"

enum { SMALL_BUFFER = 4096, BATCH = 400000 };

#define FETCH                                                                              \
	"Fetch 4 id 1\nmin_bytes: 1\nmax_bytes: 1000000\ntopics:\n  - topic: \"orders\"\n" \
	"    partitions:\n      - partition: 0\n      - partition: 1\n"
#define BIG(partition)                                                                            \
	"responses:\n  - topic: \"orders\"\n    partitions:\n      - partition_index: " partition \
	"\n        records: 400000 bytes\n"

static struct scene s;

static struct client *client(int n)
{
	return scene_client(&s, n);
}

static void no_room(int fd, int which)
{
	int small = SMALL_BUFFER;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, which, &small, sizeof small), 0);
}

/* Both brokers have answered, and the client reads nothing of it. */
static void begin_slow(void)
{
	scene_begin(&s);
	no_room(s.clients[0].accepted, SO_SNDBUF);
	client_says(&s, 0, FETCH);
	for (int i = 0; i < 2; i++)
		broker_takes(&s, i);
	broker_answers(&s, 0, BIG("0"));
	broker_answers(&s, 1, BIG("1"));
	no_room(s.clients[0].end.fd, SO_RCVBUF);
	s.clients[0].end.has_ended = true; /* the test reads nothing of it */
	scene_until(&s, client(0)->out.first != NULL && client(0)->out.first->is_replied);
	scene_be_still(&s);
	assert_true(scene_held(&s) >= 2 * BATCH);
}

static void assert_gone(int n, enum stats_counter why)
{
	scene_until(&s, client(n) == NULL);
	assert_int_equal(scene_held(&s), 0);
	assert_int_equal(scene_count(&s, why), 1);
}

/* As a held request must come fast enough. */
static void a_held_answer_must_be_taken_fast_enough(void **state)
{
	(void)state;
	begin_slow();
	client(0)->out.first->answered -= SCENE_LONG_MS / 1000.0; /* 800 KB have 3 s more */
	scene_clock_fires(&s, 0);
	scene_be_still(&s);
	assert_non_null(client(0));
	/* it is the client that takes its time, as a layer that only says that there is room does not */
	scene_until(&s, !conn_may_write(&client(0)->conn));
	client(0)->out.first->answered -= 4;
	scene_clock_fires(&s, 0);
	assert_gone(0, STAT_TIMEOUTS_ANSWER);
	scene_deinit(&s);
}

static void what_is_not_held_may_be_taken_slowly(void **state)
{
	(void)state;
	begin_slow();
	client(0)->out.first->answered -= 2 * SCENE_LONG_MS / 1000.0;
	hold_release(&client(0)->out.first->answers_hold);
	client(0)->holds = 0;
	scene_clock_fires(&s, 0);
	scene_be_still(&s);
	assert_non_null(client(0));
	scene_deinit(&s);
}

/* The other client's own wait presses the slowest, once it has waited for a moment. */
static void the_slowest_goes_when_others_wait(void **state)
{
	struct reservation *taken;
	int other;

	(void)state;
	begin_slow();
	budget_resize(s.shared.budget, 4 << 20, 100);
	taken = scene_takes(&s, BUDGET_ANSWERS, 1700 << 10);
	other = scene_connect(&s);
	client_says(&s, other, FETCH);
	for (int i = 0; i < 2; i++)
		broker_takes(&s, i);
	broker_answers(&s, 0, BIG("0"));
	broker_answers(&s, 1, BIG("1"));
	scene_until(&s, client(other)->waiting != NULL);
	scene_until(&s, client(0) == NULL);
	assert_int_equal(scene_count(&s, STAT_PRESSED), 1);
	assert_non_null(client(other));
	budget_release(taken);
	scene_deinit(&s);
}

/* One that waits is taken off the list when it goes. */
static void who_goes_waits_no_more(void **state)
{
	struct reservation *taken;

	(void)state;
	scene_begin(&s);
	budget_resize(s.shared.budget, 1 << 20, 100);
	taken = scene_takes(&s, BUDGET_ANSWERS, 700 << 10);
	client_says(&s, 0, FETCH);
	for (int i = 0; i < 2; i++)
		broker_takes(&s, i);
	broker_answers(&s, 0,
		       "responses:\n  - topic: \"orders\"\n    partitions:\n"
		       "      - partition_index: 0\n        records: 100000 bytes\n");
	broker_answers(&s, 1,
		       "responses:\n  - topic: \"orders\"\n    partitions:\n"
		       "      - partition_index: 1\n        records: 100000 bytes\n");
	scene_until(&s, client(0)->waiting != NULL);
	assert_true(hold_waits(client(0)->waiting));
	client_free(client(0), "the test closes it");
	assert_int_equal(scene_held(&s), 700 << 10);
	budget_release(taken);
	scene_deinit(&s);
}

/* --- layouts --- */

enum { NAMES = 60000, LAYOUTS = NAMES * (int)sizeof(struct layout_item) };

/* A DescribeGroups of so many empty names, one byte each. */
static void say_names(uint32_t n)
{
	struct buf frame;

	buf_init(&frame, SCENE_BYTES_MAX);
	buf_append32(&frame, 0);
	buf_append16(&frame, KEY_DESCRIBE_GROUPS);
	buf_append16(&frame, 5);
	buf_append32(&frame, 7);
	buf_append16(&frame, UINT16_MAX); /* no client id, no tagged fields */
	buf_append8(&frame, 0);
	buf_append_uvarint(&frame, n + 1);
	for (uint32_t i = 0; i < n; i++)
		buf_append8(&frame, 1);
	buf_append16(&frame, 0);
	wire_put32(frame.data, (uint32_t)frame.len - HEAD_SIZE_BYTES);
	scene_client_sends(&s, 0, frame.data, frame.len);
	buf_deinit(&frame);
}

/* In a frame that needs no memory itself. */
static void a_layout_is_paid_for(void **state)
{
	const struct request *r;

	(void)state;
	scene_begin(&s);
	scene_coordinator(&s, COORDINATOR_GROUP, "", 1);
	say_names(NAMES);
	scene_until(&s, scene_broker_has(&s, 1) >= 0);
	r = client(0)->out.first;
	assert_int_equal(r->layout.item_count, NAMES);
	assert_int_equal(scene_held(&s), arena_held(&r->arena));
	assert_true(scene_held(&s) > LAYOUTS);
	client_free(client(0), "the test closes it");
	assert_int_equal(scene_held(&s), 0);
	scene_deinit(&s);
}

static void who_needs_a_layout_waits_for_its_memory(void **state)
{
	struct reservation *taken[2];

	(void)state;
	scene_begin(&s);
	scene_coordinator(&s, COORDINATOR_GROUP, "", 1);
	budget_resize(s.shared.budget, 64 << 20, 100); /* 60 of them for others than sessions */
	taken[0] = scene_takes(&s, BUDGET_FRAMES, 33 << 20);
	taken[1] = scene_takes(&s, BUDGET_LAYOUTS, 5 << 20);
	say_names(NAMES);
	scene_until(&s, client(0)->in.state == IN_BUDGET);
	scene_be_still(&s);
	assert_int_equal(scene_broker_has(&s, 1), -1);
	assert_int_equal(scene_held(&s), 38 << 20);
	budget_release(taken[1]);
	scene_until(&s, scene_broker_has(&s, 1) >= 0);
	budget_release(taken[0]);
	scene_deinit(&s);
}

/* However many are sent behind each other. */
static void what_is_in_flight_is_bounded_by_its_bytes(void **state)
{
	(void)state;
	scene_begin(&s);
	scene_coordinator(&s, COORDINATOR_GROUP, "", 1);
	for (int i = 0; i < 8; i++)
		say_names(NAMES);
	scene_until(&s, scene_broker_has(&s, 1) >= 0);
	scene_be_still(&s);
	assert_int_equal(client(0)->out.in_flight, 1);
	assert_true(scene_held(&s) < 2 * LAYOUTS);
	scene_deinit(&s);
}

static void a_request_for_too_many_things_is_not_taken(void **state)
{
	(void)state;
	scene_begin(&s);
	say_names(LAYOUT_MOST + 1);
	assert_client_closed(&s, 0);
	assert_int_equal(scene_count(&s, STAT_BAD_FRAMES), 1);
	assert_int_equal(scene_held(&s), 0);
	scene_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_held_answer_must_be_taken_fast_enough),
		cmocka_unit_test(what_is_not_held_may_be_taken_slowly),
		cmocka_unit_test(the_slowest_goes_when_others_wait),
		cmocka_unit_test(who_goes_waits_no_more),
		cmocka_unit_test(a_layout_is_paid_for),
		cmocka_unit_test(who_needs_a_layout_waits_for_its_memory),
		cmocka_unit_test(what_is_in_flight_is_bounded_by_its_bytes),
		cmocka_unit_test(a_request_for_too_many_things_is_not_taken),
	};

	return cmocka_run_group_tests_name("hold", tests, scene_setup, scene_teardown);
}

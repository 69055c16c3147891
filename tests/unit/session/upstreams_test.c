/* A client's connections to brokers: which one is taken, and when it is closed for idleness. */
#include "session/upstreams.h"

#include "session/session.h"
#include "unit/session/words.h"

#include <math.h>

enum { IDLE_S = 540, NO_SUCH_BROKER = 77 };

#define HEARTBEAT "Heartbeat 3 id 1\ngroup_id: \"g\"\n"
#define OFFSETS(partition)                                                     \
	"ListOffsets 5 id 1\ntopics:\n  - name: \"orders\"\n    partitions:\n" \
	"      - partition_index: " partition "\n"

static struct scene s;

static struct client *client(void)
{
	return scene_client(&s, 0);
}

static void a_broker_has_one_connection_of_each_purpose(void **state)
{
	struct upstream *u, *other, *polls;

	(void)state;
	scene_begin(&s);
	u = upstreams_get(client(), 1, FOR_REQUESTS);
	other = upstreams_get(client(), 2, FOR_REQUESTS);
	polls = upstreams_get(client(), 1, FOR_POLLS);
	assert_true(u != other && u != polls && other != polls);
	assert_int_equal(u->broker, 1);
	assert_int_equal(polls->broker, 1);
	assert_ptr_equal(upstreams_get(client(), 1, FOR_REQUESTS), u);
	assert_ptr_equal(upstreams_get(client(), 1, FOR_POLLS), polls);
	assert_null(upstreams_get(client(), NO_SUCH_BROKER, FOR_REQUESTS));
	scene_deinit(&s);
}

/* One that was given up is on its way out; one that was lost is told to who asks, so that he does
 * not try for ever. */
static void what_is_given_up_is_not_taken(void **state)
{
	struct upstream *u;

	(void)state;
	scene_begin(&s);
	u = upstreams_get(client(), 1, FOR_REQUESTS);
	upstream_lose(u, LINK_GIVEN_UP);
	assert_ptr_not_equal(upstreams_get(client(), 1, FOR_REQUESTS), u);
	u = upstreams_get(client(), 2, FOR_REQUESTS);
	upstream_lose(u, LINK_CUT);
	assert_ptr_equal(upstreams_get(client(), 2, FOR_REQUESTS), u);
	scene_deinit(&s);
}

static void a_broker_without_an_address_is_lost_from_the_start(void **state)
{
	(void)state;
	scene_begin(&s);
	s.snapshot->brokers[1].address_len = 0;
	assert_true(upstream_is_lost(upstreams_get(client(), 1, FOR_REQUESTS)));
	client_says(&s, 0, HEARTBEAT);
	assert_client_gets(&s, 0, "error_code: 15\n");
	scene_deinit(&s);
}

/* --- any broker --- */

static void the_open_one_with_the_least_to_do_is_taken(void **state)
{
	(void)state;
	scene_begin(&s);
	client_says(&s, 0, OFFSETS("2"));
	broker_takes(&s, 2);
	for (int i = 0; i < 10; i++)
		assert_int_equal(upstreams_any_broker(client()), 2); /* the only open one */
	client_says(&s, 0, OFFSETS("1"));
	client_says(&s, 0, OFFSETS("1"));
	broker_takes(&s, 1);
	broker_takes(&s, 1);
	assert_int_equal(upstreams_any_broker(client()), 2); /* one against two */
	broker_answers(&s, 2, "");
	broker_answers(&s, 1, "");
	broker_answers(&s, 1, "");
	for (int i = 0; i < 3; i++)
		free(client_gets(&s, 0));
	client_says(&s, 0, OFFSETS("2"));
	broker_takes(&s, 2);
	assert_int_equal(upstreams_any_broker(client()), 1);
	scene_deinit(&s);
}

/* A connection to a broker that has left the cluster is none. */
static void who_is_not_in_the_cluster_is_not_taken(void **state)
{
	(void)state;
	scene_begin(&s);
	client_says(&s, 0, OFFSETS("2"));
	broker_takes(&s, 2);
	s.snapshot->broker_count = 2;
	for (int i = 0; i < 10; i++)
		assert_in_range(upstreams_any_broker(client()), 0, 1);
	s.snapshot->broker_count = 0;
	assert_int_equal(upstreams_any_broker(client()), NO_BROKER);
	s.snapshot->broker_count = SCENE_BROKERS;
	scene_deinit(&s);
}

/* --- idleness --- */

static void what_is_used_is_not_idle(void **state)
{
	struct upstream *u;

	(void)state;
	scene_begin(&s);
	assert_true(isinf(upstreams_idle_at(client()))); /* there is none */
	u = upstreams_get(client(), 1, FOR_REQUESTS);
	assert_true(isinf(upstreams_idle_at(client()))); /* it is connecting */
	scene_until(&s, upstream_is_open(u));
	client_says(&s, 0, HEARTBEAT);
	broker_takes(&s, 1);
	assert_true(isinf(upstreams_idle_at(client()))); /* an answer is to come */
	broker_answers(&s, 1, "");
	free(client_gets(&s, 0));
	assert_float_equal(upstreams_idle_at(client()), u->idle_since + IDLE_S, 0.001);
	assert_true(u->idle_since > client_now(client()) - IDLE_S / 2);
	scene_deinit(&s);
}

static void only_the_idle_ones_are_closed(void **state)
{
	struct upstream *used, *idle;

	(void)state;
	scene_begin(&s);
	client_says(&s, 0, OFFSETS("2"));
	broker_takes(&s, 2);
	used = upstreams_get(client(), 2, FOR_REQUESTS);
	idle = upstreams_get(client(), 1, FOR_REQUESTS);
	scene_until(&s, upstream_is_open(idle));
	upstreams_close_idle(client());
	assert_ptr_equal(upstreams_get(client(), 1, FOR_REQUESTS), idle);
	idle->idle_since -= IDLE_S + 1;
	used->idle_since -= IDLE_S + 1;
	upstreams_close_idle(client());
	assert_ptr_equal(client()->upstreams, used);
	assert_null(used->next);
	scene_until(&s, s.brokers[1].ends[0].has_ended);
	scene_deinit(&s);
}

/* --- what outlives a request --- */

struct thing {
	struct standing standing;
	const struct upstream *keeps;
	int lost, freed;
};

static struct thing *thing_of(const struct standing *st)
{
	return CONTAINER_OF(st, struct thing, standing);
}

static void on_lost(struct client *c, struct standing *st, const struct upstream *u)
{
	thing_of(st)->lost++;
	if (thing_of(st)->keeps == u)
		standing_remove(c, st);
}

static bool keeps(const struct standing *st, const struct upstream *u)
{
	return thing_of(st)->keeps == u;
}

static void on_free(struct client *c, struct standing *st)
{
	(void)c;
	thing_of(st)->freed++;
}

static const struct standing_kind kind = { "thing", on_lost, keeps, on_free };

static void what_stands_keeps_its_connection(void **state)
{
	struct upstream *u;
	struct thing thing = { .standing.kind = &kind };

	(void)state;
	scene_begin(&s);
	u = upstreams_get(client(), 1, FOR_REQUESTS);
	scene_until(&s, upstream_is_open(u));
	thing.keeps = u;
	standing_add(client(), &thing.standing);
	u->idle_since -= IDLE_S + 1;
	assert_true(isinf(upstreams_idle_at(client())));
	upstreams_close_idle(client());
	assert_ptr_equal(client()->upstreams, u);
	standing_remove(client(), &thing.standing);
	upstreams_close_idle(client());
	assert_null(client()->upstreams);
	scene_deinit(&s);
	assert_int_equal(thing.freed, 0);
}

/* Each hears of every loss, and may remove itself meanwhile. */
static void what_stands_hears_of_losses(void **state)
{
	struct thing things[3] = { { .standing.kind = &kind },
				   { .standing.kind = &kind },
				   { .standing.kind = &kind } };
	struct upstream *u;

	(void)state;
	scene_begin(&s);
	u = upstreams_get(client(), 1, FOR_REQUESTS);
	scene_until(&s, upstream_is_open(u));
	things[1].keeps = u;
	for (int i = 0; i < 3; i++)
		standing_add(client(), &things[i].standing);
	scene_broker_dies(&s, 1);
	scene_until(&s, client()->upstreams == NULL);
	for (int i = 0; i < 3; i++)
		assert_int_equal(things[i].lost, 1);
	u = upstreams_get(client(), 1, FOR_REQUESTS);
	client_wake(client());
	scene_until(&s, client()->upstreams == NULL);
	assert_int_equal(things[0].lost, 2);
	assert_int_equal(things[1].lost, 1); /* it had gone */
	assert_int_equal(things[2].lost, 2);
	scene_deinit(&s); /* the client ends */
	assert_int_equal(things[0].freed, 1);
	assert_int_equal(things[1].freed, 0);
	assert_int_equal(things[2].freed, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_broker_has_one_connection_of_each_purpose),
		cmocka_unit_test(what_is_given_up_is_not_taken),
		cmocka_unit_test(a_broker_without_an_address_is_lost_from_the_start),
		cmocka_unit_test(the_open_one_with_the_least_to_do_is_taken),
		cmocka_unit_test(who_is_not_in_the_cluster_is_not_taken),
		cmocka_unit_test(what_is_used_is_not_idle),
		cmocka_unit_test(only_the_idle_ones_are_closed),
		cmocka_unit_test(what_stands_keeps_its_connection),
		cmocka_unit_test(what_stands_hears_of_losses),
	};

	return cmocka_run_group_tests_name("upstreams", tests, scene_setup, scene_teardown);
}

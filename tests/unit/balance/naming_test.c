/* Which nodes a client is told: three nodes, three brokers; this one is "a". */
#include "balance/naming.h"

#include "topology/snapshot_build.h"
#include "util/mem.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { FIRST = 1, COUNT = 3, TIMES = 60, NOW = 1000000 };

static char node_a[] = "a";
static const struct kapi metadata = { .route = TO_ANY,
				      .answer = ANSWER_REWRITE,
				      .maps_anew = true };
static const struct kapi find = { .route = TO_ANY, .answer = ANSWER_REWRITE };
static const struct kapi produce = { .route = TO_LEADER };
static const struct kapi heartbeat = { .route = TO_GROUP };

/* One worker of node "a", and what another node has told it. */
struct scene {
	struct config config;
	struct listener listener;
	struct snapshot *snapshot;
	struct mapping *mapping;
	struct places places, places_b;
	struct turns turns;
	struct naming_drawn drawn;
	struct naming n;
};

static void begin(struct scene *s)
{
	static const struct mapping_node nodes[] = {
		{ .node_id = "a", .host = "a", .port = 7000, .port_count = 3, .min_broker_id = 1 },
		{ .node_id = "b", .host = "b", .port = 7000, .port_count = 3, .min_broker_id = 1 },
		{ .node_id = "c", .host = "c", .port = 7000, .port_count = 3, .min_broker_id = 1 },
	};

	memset(s, 0, sizeof *s);
	s->config = (struct config){ .node_id = node_a };
	s->listener = (struct listener){ .min_broker_id = FIRST };
	s->snapshot = snapshot_new(NULL);
	s->snapshot->brokers = mem_zalloc(COUNT * sizeof *s->snapshot->brokers);
	s->snapshot->broker_count = COUNT;
	for (int i = 0; i < COUNT; i++)
		s->snapshot->brokers[i].id = FIRST + i;
	s->mapping = mapping_new(nodes, 3);
	places_init(&s->places, "a");
	places_init(&s->places_b, "b");
	s->turns.count = 1;
	s->n = (struct naming){ .config = &s->config,
				.listener = &s->listener,
				.snapshot = s->snapshot,
				.mapping = s->mapping,
				.places = &s->places,
				.turns = &s->turns,
				.drawn = &s->drawn,
				.port_count = COUNT,
				.now = NOW };
}

static void end(struct scene *s)
{
	places_deinit(&s->places);
	places_deinit(&s->places_b);
	mapping_free(s->mapping);
	snapshot_unref(s->snapshot);
}

static struct tenure connect_by(int port)
{
	static uint64_t ids;
	struct tenure t;

	tenure_begin(&t, ++ids, port, FIRST + port, NOW);
	return t;
}

/* One request of a client of that name; what its answer names. */
static struct naming_answer ask(struct scene *s, struct tenure *t, const struct kapi *api,
				const char *name)
{
	const struct sockaddr_in peer = { .sin_family = AF_INET,
					  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct naming_question q = { .api = api,
					   .peer = (const struct sockaddr *)&peer,
					   .client_id = (const uint8_t *)name,
					   .client_id_len = strlen(name) };
	struct naming_answer answer = { 0 };

	naming_of(&s->n, t, &q, &answer);
	return answer;
}

/* The host that the answer names for a broker: 'a', 'b' or 'c'. */
static char host_of(struct scene *s, const struct tenure *t, const struct naming_answer *answer,
		    int32_t broker)
{
	const struct mapping_node *node = naming_stays(&s->n, t, answer, broker);

	if (node == NULL)
		node = mapping_choose(s->mapping, answer->key, broker,
				      mapping_near(s->mapping, broker,
						   snapshot_broker(s->snapshot, broker)->rack,
						   s->n.zone));
	return node->host[0];
}

/* All that a Metadata names, in the order of the brokers: "acb". */
static void told(struct scene *s, struct tenure *t, const char *name, char hosts[COUNT + 1])
{
	struct naming_answer answer = ask(s, t, &metadata, name);

	for (int i = 0; i < COUNT; i++)
		hosts[i] = host_of(s, t, &answer, FIRST + i);
	hosts[COUNT] = '\0';
}

/* What `stable` tells this name. */
static void stable_told(struct scene *s, const char *name, char hosts[COUNT + 1])
{
	struct tenure t = connect_by(0);

	s->config.mapping = MAPPING_STABLE;
	told(s, &t, name, hosts);
	s->config.mapping = MAPPING_RANDOM;
}

/* A name whose mapping has another node than this one for every broker. */
static void take_name(struct scene *s, char name[16], char hosts[COUNT + 1])
{
	static unsigned number;

	do {
		snprintf(name, 16, "client-%u", ++number);
		stable_told(s, name, hosts);
	} while (strchr(hosts, 'a') != NULL);
}

static void who_bootstraps_is_told_at_random(void **state)
{
	char name[16], mapped[4], hosts[4];
	struct tenure t = connect_by(0);
	unsigned seen = 0;
	struct scene s;

	(void)state;
	begin(&s);
	take_name(&s, name, mapped);
	for (int i = 0; i < TIMES; i++) {
		told(&s, &t, name, hosts);
		seen |= 1u << (hosts[0] - 'a');
	}
	assert_int_equal(seen, 7);
	assert_int_equal(t.times_mapped, TIMES);
	assert_true(tenure_is_moving(&t, NOW));
	end(&s);
}

/* A FindCoordinator names the nodes that the last Metadata named. */
static void what_comes_between_agrees(void **state)
{
	char name[16], mapped[4], hosts[4];
	struct tenure t = connect_by(0);
	struct scene s;

	(void)state;
	begin(&s);
	take_name(&s, name, mapped);
	for (int i = 0; i < TIMES; i++) {
		struct naming_answer between;

		told(&s, &t, name, hosts);
		between = ask(&s, &t, &find, name);
		for (int b = 0; b < COUNT; b++)
			assert_int_equal(host_of(&s, &t, &between, FIRST + b), hosts[b]);
	}
	end(&s);
}

/* A request is looked at again when what it waited for is there: it draws once. */
static void a_request_draws_once(void **state)
{
	struct tenure t = connect_by(0);
	struct naming_answer answer = { 0 };
	const struct sockaddr_in peer = { .sin_family = AF_INET };
	const struct naming_question q = { .api = &metadata,
					   .peer = (const struct sockaddr *)&peer };
	struct scene s;
	uint64_t key;

	(void)state;
	begin(&s);
	naming_of(&s.n, &t, &q, &answer);
	key = answer.key;
	assert_int_not_equal(key, 0);
	naming_of(&s.n, &t, &q, &answer);
	assert_int_equal(answer.key, key);
	assert_int_equal(t.times_mapped, 1);
	end(&s);
}

/* The mapping by its own key, but the broker that it works with is here. */
static void who_works_here_keeps_its_broker_here(void **state)
{
	char name[16], mapped[4], hosts[4];
	struct tenure t = connect_by(0);
	struct scene s;

	(void)state;
	begin(&s);
	take_name(&s, name, mapped);
	told(&s, &t, name, hosts);
	ask(&s, &t, &produce, name);
	mapped[0] = 'a';
	for (int i = 0; i < TIMES; i++) {
		told(&s, &t, name, hosts);
		assert_string_equal(hosts, mapped);
	}
	naming_forget(&s.places, &t);
	end(&s);
}

static void who_comes_by_another_port_works_with_what_it_was_told(void **state)
{
	char name[16], mapped[4], hosts[4];
	struct scene s;

	(void)state;
	begin(&s);
	take_name(&s, name, mapped);
	for (int i = 0; i < TIMES; i++) {
		struct tenure t = connect_by(1);

		told(&s, &t, name, hosts);
		assert_string_equal(hosts, mapped);
	}
	end(&s);
}

/* Node b has told that the client has a connection there. */
static void what_is_elsewhere_stays_there(void **state)
{
	char name[16], mapped[4], hosts[4], expected[4];
	struct cluster_exchange from, to;
	struct tenure t = connect_by(0), there = connect_by(2);
	uint64_t keys[4];
	struct scene s;
	size_t n;

	(void)state;
	begin(&s);
	do
		take_name(&s, name, mapped);
	while (mapped[2] != 'c');
	s.n.places = &s.places_b;
	ask(&s, &there, &produce, name);
	s.n.places = &s.places;
	from = places_exchange(&s.places_b);
	to = places_exchange(&s.places);
	n = from.take(from.owner, keys, 4);
	to.heard(to.owner, "b", 1, keys, n);
	snprintf(expected, sizeof expected, "%c%cb", mapped[0], mapped[1]);
	told(&s, &t, name, hosts);
	assert_string_equal(hosts, expected);
	naming_forget(&s.places_b, &there);
	n = from.take(from.owner, keys, 4);
	to.heard(to.owner, "b", 1, keys, n);
	ask(&s, &t, &produce, name); /* it still works, here */
	mapped[0] = 'a';
	told(&s, &t, name, hosts);
	assert_string_equal(hosts, mapped);
	naming_forget(&s.places, &t);
	end(&s);
}

/* Whatever makes it leave: then the next node is named. */
static void who_leaves_is_told_where_to(void **state)
{
	char name[16], mapped[4], hosts[4];

	(void)state;
	for (int why = 0; why < 3; why++) {
		struct tenure t = connect_by(0);
		struct scene s;

		begin(&s);
		take_name(&s, name, mapped);
		ask(&s, &t, &produce, name);
		told(&s, &t, name, hosts);
		assert_int_equal(hosts[0], 'a');
		naming_forget(&s.places, &t);
		t.is_leaving = why == 0;
		t.chosen_at = why == 1 ? NOW : 0;
		s.turns = (struct turns){ .has_begun = why == 2, .count = 1, .done = why == 2 };
		told(&s, &t, name, hosts);
		assert_string_equal(hosts, mapped);
		assert_int_equal(t.live_key, 0);
		end(&s);
	}
}

/* A client that was closed so that it moves is known by that for some minutes, at its port. */
static void who_was_shed_is_known_when_it_comes_back(void **state)
{
	char name[16], mapped[4];
	struct tenure t = connect_by(0), again, by_other, later;
	struct scene s;

	(void)state;
	begin(&s);
	take_name(&s, name, mapped);
	ask(&s, &t, &produce, name);
	naming_note_shed(&s.places, &t, NOW);
	naming_forget(&s.places, &t);
	again = connect_by(0);
	ask(&s, &again, &metadata, name);
	assert_true(again.came_back);
	assert_int_equal(again.times_chosen, 1);
	assert_true(naming_is_at_home(&s.n, &again));
	by_other = connect_by(1);
	ask(&s, &by_other, &metadata, name);
	assert_false(by_other.came_back);
	s.n.now = NOW + 240;
	later = connect_by(0);
	ask(&s, &later, &metadata, name);
	assert_false(later.came_back);
	naming_forget(&s.places, &by_other);
	naming_forget(&s.places, &later);
	end(&s);
}

static void clients_without_a_name_are_told_at_random(void **state)
{
	struct tenure t[6];
	unsigned seen = 0;
	char hosts[4];
	struct scene s;

	(void)state;
	begin(&s);
	for (int i = 0; i < 6; i++) {
		t[i] = connect_by(0);
		ask(&s, &t[i], &produce, "rdkafka");
	}
	assert_true(t[5].shares_key);
	for (int i = 0; i < TIMES; i++) {
		told(&s, &t[5], "rdkafka", hosts);
		seen |= 1u << (hosts[1] - 'a');
		assert_int_equal(hosts[0], 'a'); /* but where it works it stays */
	}
	assert_int_equal(seen, 7);
	assert_true(naming_would_move(&s.n, &t[5]));
	for (int i = 0; i < 6; i++)
		naming_forget(&s.places, &t[i]);
	end(&s);
}

/* Who would come back is not worth closing; of one that only talks to a coordinator nobody asks
 * again. */
static void who_would_move(void **state)
{
	char name[16], mapped[4], other[16];
	struct tenure unknown = connect_by(0), t = connect_by(0), home = connect_by(0),
		      group = connect_by(0);
	struct scene s;
	unsigned n = 0;

	(void)state;
	begin(&s);
	assert_true(naming_would_move(&s.n, &unknown));
	take_name(&s, name, mapped);
	ask(&s, &t, &produce, name);
	assert_true(naming_would_move(&s.n, &t));
	assert_false(naming_is_at_home(&s.n, &t));
	do {
		snprintf(other, sizeof other, "home-%u", ++n);
		stable_told(&s, other, mapped);
	} while (mapped[0] != 'a');
	ask(&s, &home, &produce, other);
	assert_false(naming_would_move(&s.n, &home));
	assert_true(naming_is_at_home(&s.n, &home));
	take_name(&s, name, mapped);
	ask(&s, &group, &heartbeat, name);
	assert_false(naming_would_move(&s.n, &group));
	ask(&s, &group, &produce, name);
	assert_true(naming_would_move(&s.n, &group));
	s.n.mapping = NULL; /* external balancing: the load balancer decides */
	assert_true(naming_would_move(&s.n, &home));
	naming_forget(&s.places, &t);
	naming_forget(&s.places, &home);
	naming_forget(&s.places, &group);
	end(&s);
}

/* a and b in racks, c in none; broker 1 in a's, the others in none that has a node. */
static void begin_in_racks(struct scene *s)
{
	static const struct mapping_node nodes[] = {
		{ .node_id = "a",
		  .host = "a",
		  .rack = "ra",
		  .port = 7000,
		  .port_count = 3,
		  .min_broker_id = 1 },
		{ .node_id = "b",
		  .host = "b",
		  .rack = "rb",
		  .port = 7000,
		  .port_count = 3,
		  .min_broker_id = 1 },
		{ .node_id = "c", .host = "c", .port = 7000, .port_count = 3, .min_broker_id = 1 },
	};

	begin(s);
	mapping_free(s->mapping);
	s->n.mapping = s->mapping = mapping_new(nodes, 3);
	s->snapshot->brokers[0].rack = mem_strdup("ra");
	s->snapshot->brokers[1].rack = mem_strdup("rz");
}

/* Whoever it is, and from the first answer on. */
static void the_clients_zone_is_next_to_the_brokers_rack(void **state)
{
	unsigned seen[COUNT] = { 0 };
	char name[16], hosts[4];
	struct scene s;

	(void)state;
	begin_in_racks(&s);
	for (int i = 0; i < TIMES; i++) {
		struct tenure t = connect_by(0);

		snprintf(name, sizeof name, "zoned-%d", i);
		s.n.zone = "rb";
		told(&s, &t, name, hosts);
		assert_string_equal(hosts, "abb");
		stable_told(&s, name, hosts);
		assert_string_equal(hosts, "abb");
		s.n.zone = "r9"; /* no node is there */
		told(&s, &t, name, hosts);
		for (int b = 0; b < COUNT; b++)
			seen[b] |= 1u << (hosts[b] - 'a');
	}
	assert_int_equal(seen[0], 1);
	assert_int_equal(seen[1], 7);
	assert_int_equal(seen[2], 7);
	end(&s);
}

/* A client of another zone is worth closing here, but no answer takes it away. */
static void a_zone_moves_no_connection(void **state)
{
	struct tenure t = connect_by(1);
	char hosts[4];
	struct scene s;

	(void)state;
	begin_in_racks(&s);
	s.n.zone = "rb";
	ask(&s, &t, &produce, "zoned");
	assert_true(naming_would_move(&s.n, &t));
	assert_false(naming_is_at_home(&s.n, &t));
	told(&s, &t, "zoned", hosts);
	assert_string_equal(hosts, "aab");
	s.n.zone = "ra";
	assert_false(naming_would_move(&s.n, &t));
	assert_true(naming_is_at_home(&s.n, &t));
	naming_forget(&s.places, &t);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_bootstraps_is_told_at_random),
		cmocka_unit_test(what_comes_between_agrees),
		cmocka_unit_test(a_request_draws_once),
		cmocka_unit_test(who_works_here_keeps_its_broker_here),
		cmocka_unit_test(who_comes_by_another_port_works_with_what_it_was_told),
		cmocka_unit_test(what_is_elsewhere_stays_there),
		cmocka_unit_test(who_leaves_is_told_where_to),
		cmocka_unit_test(who_was_shed_is_known_when_it_comes_back),
		cmocka_unit_test(clients_without_a_name_are_told_at_random),
		cmocka_unit_test(who_would_move),
		cmocka_unit_test(the_clients_zone_is_next_to_the_brokers_rack),
		cmocka_unit_test(a_zone_moves_no_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit/cluster/nodes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static char group[] = "anyport_x";
static const struct config config = { .group_id = group };

/* Members a, b and c; b is this node. */
static struct cluster_view *make_view(void (*change)(struct cluster_member *c))
{
	static const char letters[] = { 'c', 'a', 'b' };
	struct cluster_view *v = view_new(&config, "_anyport_x");

	for (size_t i = 0; i < 3; i++) {
		struct cluster_member m = make_member(letters[i]);

		m.is_self = letters[i] == 'b';
		if (letters[i] == 'c' && change != NULL)
			change(&m);
		view_add(v, &m);
		identity_deinit(&m);
	}
	view_finish(v);
	return v;
}

static void members_stand_in_order(void **state)
{
	struct cluster_view *v = make_view(NULL);

	(void)state;
	assert_int_equal(v->member_count, 3);
	assert_string_equal(v->members[0].node_id, "a");
	assert_string_equal(v->members[2].node_id, "c");
	assert_int_equal(v->self, 1);
	assert_int_equal(v->disagreement_count, 0);
	assert_string_equal(v->group, group);
	cluster_view_unref(v);
}

static void other_flag(struct cluster_member *m)
{
	m->internal = false;
}

static void other_mode(struct cluster_member *m)
{
	m->mode = ADVERTISE_SINGLE;
}

static void other_kafka(struct cluster_member *m)
{
	set_text(&m->kafka, "kafka-y");
}

static void other_count(struct cluster_member *m)
{
	m->port_count = 7;
}

static void other_first(struct cluster_member *m)
{
	m->min_broker_id = 0;
}

static void same_ports(struct cluster_member *m)
{
	set_text(&m->host, "10.0.0.2");
	m->port = 7004;
}

static void same_name(struct cluster_member *m)
{
	set_text(&m->node_id, "b");
	m->incarnation = 2000;
}

static void unknown_kafka(struct cluster_member *m)
{
	set_text(&m->kafka, NULL);
	set_text(&m->rack, "r9");
	m->settings = 1;
}

static const struct {
	void (*change)(struct cluster_member *c);
	const char *told; /* "": nothing is wrong with it */
} rows[] = {
	{ other_flag, "b is for internal load balancing, c for external" },
	{ other_mode, "b advertises in mode ports, c in mode single" },
	{ other_kafka, "b is at the Kafka cluster kafka-x, c at kafka-y" },
	{ other_count, "b has 5 ports, c has 7" },
	{ other_first, "broker 1 is at the first port of b, broker 0 at that of c" },
	{ same_ports, "b and c advertise the same ports of 10.0.0.2" },
	{ same_name, "two nodes are named b (10.0.0.2:8888 and 10.0.0.3:8888): give each a node_id "
		     "of its own" },
	{ unknown_kafka, "" },
};

static void who_does_not_fit_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct cluster_view *v = make_view(rows[i].change);
		bool none = rows[i].told[0] == '\0', found = none;

		for (size_t k = 0; k < v->disagreement_count; k++)
			found |= strcmp(v->disagreements[k], rows[i].told) == 0;
		if (!found)
			print_error("row %zu: %s\n", i,
				    v->disagreement_count > 0 ? v->disagreements[0] : "nothing");
		assert_true(found);
		assert_int_equal(v->disagreement_count, !none);
		cluster_view_unref(v);
	}
}

/* By one load balancer, so that who asks broker by broker gets the same from each. */
static void external_nodes_know_alike_who_was_dialled(void **state)
{
	static const enum member_hint said[] = { MEMBER_PORT_IS_HINT, MEMBER_NO_HINT,
						 MEMBER_HINT_UNSAID, MEMBER_PORT_IS_HINT };

	(void)state;
	for (int internal = 0; internal <= 1; internal++) {
		struct cluster_view *v = view_new(&config, NULL);

		for (int i = 0; i < 4; i++) {
			struct cluster_member m = make_member((char)('a' + i));

			m.is_self = i == 0;
			m.internal = internal;
			m.port_hint = said[i];
			if (!internal)
				set_text(&m.host, "lb");
			view_add(v, &m);
			identity_deinit(&m);
		}
		view_finish(v);
		assert_int_equal(v->disagreement_count, !internal);
		if (!internal)
			assert_string_equal(
				v->disagreements[0],
				"a takes a client's port for the broker that it dialled "
				"(gateway.port_is_hint), b does not");
		cluster_view_unref(v);
	}
}

/* Of two nodes that are alike the second is changed. */
static void who_advertises_otherwise_has_other_clients(void **state)
{
	static const struct {
		bool internal;
		enum advertise_mode mode;
		void (*change)(struct cluster_member *c);
		bool shares;
	} shared[] = {
		{ true, ADVERTISE_PORTS, unknown_kafka, true },
		{ true, ADVERTISE_PORTS, other_first, true }, /* each has ports of its own */
		{ true, ADVERTISE_PORTS, other_kafka, false },
		{ true, ADVERTISE_PORTS, other_flag, false },
		{ true, ADVERTISE_PORTS, other_mode, false },
		{ false, ADVERTISE_PORTS, unknown_kafka, true },
		{ false, ADVERTISE_PORTS, other_count, true },
		{ false, ADVERTISE_PORTS, other_first, false },
		{ false, ADVERTISE_PORTS, other_mode, false },
		{ false, ADVERTISE_PORTS, same_ports, false }, /* another load balancer */
		{ false, ADVERTISE_SINGLE, unknown_kafka, true },
		{ false, ADVERTISE_SINGLE, same_ports, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++) {
		struct cluster_member a = make_member('a'), b = make_member('b');

		a.internal = b.internal = shared[i].internal;
		a.mode = b.mode = shared[i].mode;
		if (!shared[i].internal)
			set_text(&b.host, a.host);
		shared[i].change(&b);
		if (member_shares_clients(&a, &b) != shared[i].shares)
			print_error("row %zu\n", i);
		assert_int_equal(member_shares_clients(&a, &b), shared[i].shares);
		assert_int_equal(member_shares_clients(&b, &a), shared[i].shares);
		identity_deinit(&a);
		identity_deinit(&b);
	}
}

/* What the load balancer in front needs: one listener named by all. */
static void external_nodes_name_one_listener(void **state)
{
	struct cluster_view *v = view_new(&config, NULL);

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct cluster_member m = make_member((char)('a' + i));

		m.is_self = i == 0;
		m.internal = false;
		set_text(&m.host, i == 2 ? "other" : "lb");
		view_add(v, &m);
		identity_deinit(&m);
	}
	view_finish(v);
	assert_int_equal(v->disagreement_count, 1);
	assert_string_equal(v->disagreements[0], "a advertises lb:7000, c advertises other:7000");
	cluster_view_unref(v);
}

static void a_load_is_no_change_of_members(void **state)
{
	struct cluster_view *a = make_view(NULL), *b = make_view(NULL), *c = make_view(other_count);

	(void)state;
	b->members[0].load.connections = 5;
	b->members[0].load_at = 77;
	assert_true(view_same_members(a, b));
	assert_false(view_same_members(a, c));
	b->members[0].is_draining = true;
	assert_false(view_same_members(a, b));
	cluster_view_unref(a);
	cluster_view_unref(b);
	cluster_view_unref(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_stand_in_order),
		cmocka_unit_test(who_does_not_fit_is_named),
		cmocka_unit_test(external_nodes_know_alike_who_was_dialled),
		cmocka_unit_test(who_advertises_otherwise_has_other_clients),
		cmocka_unit_test(external_nodes_name_one_listener),
		cmocka_unit_test(a_load_is_no_change_of_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "balance/nodes.h"

#include "unit/cluster/nodes.h"
#include "util/clock.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { KEYS = 300 };

static char group[] = "anyport_x";
static const struct config config = { .group_id = group };

typedef void changes(struct cluster_member *m, char letter);

/* Members a (this node), b and c, each after the change. */
static struct cluster_view *make_view(changes *change)
{
	struct cluster_view *v = view_new(&config, "_anyport_x");

	for (const char *at = "abc"; *at != '\0'; at++) {
		char letter = *at;
		struct cluster_member m = make_member(letter);

		m.is_self = letter == 'a';
		if (change != NULL)
			change(&m, letter);
		view_add(v, &m);
		identity_deinit(&m);
	}
	view_finish(v);
	return v;
}

/* Which nodes stand for broker 1, in order: "ac". */
static void assert_view_tells(const struct cluster_view *v, const char *listener,
			      const char *expected)
{
	struct mapping *m = nodes_mapping(v, listener);
	char named[4] = "";
	size_t n = 0;

	assert_non_null(m);
	for (const char *at = "abc"; *at != '\0'; at++) {
		char letter = *at;

		for (uint64_t key = 1; key < KEYS && (n == 0 || named[n - 1] != letter); key++) {
			if (mapping_choose(m, key * 0x9e3779b97f4a7c15, 1, NULL)->node_id[0] ==
			    letter)
				named[n++] = letter;
		}
	}
	assert_string_equal(named, expected);
	mapping_free(m);
}

static void assert_view_names(const struct cluster_view *v, const char *expected)
{
	assert_view_tells(v, NULL, expected);
}

static void assert_named(changes *change, const char *expected)
{
	struct cluster_view *v = make_view(change);

	assert_view_names(v, expected);
	cluster_view_unref(v);
}

static void assert_none(changes *change)
{
	struct cluster_view *v = make_view(change);

	assert_null(nodes_mapping(v, NULL));
	cluster_view_unref(v);
}

static void c_drains(struct cluster_member *m, char letter)
{
	m->is_draining = letter == 'c';
}

static void a_drains(struct cluster_member *m, char letter)
{
	m->is_draining = letter == 'a';
}

static void b_declines(struct cluster_member *m, char letter)
{
	if (letter == 'b')
		m->load.declines = 1000;
}

static void all_drain(struct cluster_member *m, char letter)
{
	(void)letter;
	m->is_draining = true;
}

static void b_is_external(struct cluster_member *m, char letter)
{
	m->internal = letter != 'b';
}

static void b_is_single(struct cluster_member *m, char letter)
{
	m->mode = letter == 'b' ? ADVERTISE_SINGLE : ADVERTISE_PORTS;
}

static void b_is_elsewhere(struct cluster_member *m, char letter)
{
	if (letter == 'b')
		set_text(&m->kafka, "kafka-y");
}

static void c_knows_no_cluster(struct cluster_member *m, char letter)
{
	if (letter == 'c')
		set_text(&m->kafka, NULL);
}

static void a_is_external(struct cluster_member *m, char letter)
{
	m->internal = letter != 'a';
}

static void a_is_single(struct cluster_member *m, char letter)
{
	m->mode = letter == 'a' ? ADVERTISE_SINGLE : ADVERTISE_PORTS;
}

/* All have "in"; a and c have "out", where c's has no port for broker 1. */
static void have_listeners(struct cluster_member *m, char letter)
{
	char in[] = "in", out[] = "Out", host[] = "o.example";
	struct told_place place = { in, m->host, 7000, 5, 1, ADVERTISE_PORTS, MEMBER_NO_HINT };

	told_add(&m->places, &place);
	if (letter == 'b')
		return;
	place = (struct told_place){
		out,	       host, 8000 + 10 * letter, 5, letter == 'c' ? 2 : 1, ADVERTISE_PORTS,
		MEMBER_NO_HINT
	};
	told_add(&m->places, &place);
}

static void each_listener_is_told_by_itself(void **state)
{
	struct cluster_view *v = make_view(have_listeners);
	struct mapping *m = nodes_mapping(v, "out");
	const struct mapping_node *n = mapping_choose(m, 1, 1, NULL);

	(void)state;
	assert_view_tells(v, "IN", "abc");
	assert_view_tells(v, "out", "a");
	assert_string_equal(n->host, "o.example");
	assert_int_equal(n->port, 8000 + 10 * 'a');
	assert_int_equal(mapping_choose(m, 1, 6, NULL)->port, 8000 + 10 * 'c');
	mapping_free(m);
	assert_null(nodes_mapping(v, NULL));
	assert_null(nodes_mapping(v, "other"));
	assert_int_equal(v->disagreement_count, 2);
	assert_string_equal(
		v->disagreements[0],
		"a has a listener Out, b has none: clients of that are told nothing of b");
	assert_string_equal(
		v->disagreements[1],
		"broker 1 is at the first port of a, broker 2 at that of c, of the listener "
		"Out");
	cluster_view_unref(v);
}

/* Only a names its listener; b's overlaps it in mode ports, in other letters. */
static void a_has_a_name(struct cluster_member *m, char letter)
{
	char in[] = "in";
	struct told_place place = { in, m->host,	 m->port,	m->port_count,
				    1,	ADVERTISE_PORTS, MEMBER_NO_HINT };

	if (letter == 'a')
		told_add(&m->places, &place);
}

static void one_listener_is_the_same_with_a_name_and_without(void **state)
{
	struct cluster_view *v = make_view(a_has_a_name);

	(void)state;
	assert_view_tells(v, "in", "abc");
	assert_int_equal(v->disagreement_count, 0);
	cluster_view_unref(v);
}

/* "out" of b has the ports that "in" has at a. */
static void have_the_same_ports(struct cluster_member *m, char letter)
{
	char in[] = "in", out[] = "out", lower[] = "x.example", upper[] = "X.Example";
	struct told_place place = { in,
				    letter == 'a' ? lower : upper,
				    7000 + 10 * letter,
				    5,
				    1,
				    ADVERTISE_PORTS,
				    MEMBER_NO_HINT };

	told_add(&m->places, &place);
	place.name = out;
	place.port = letter == 'b' ? 7000 + 10 * 'a' : 9000 + 10 * letter;
	told_add(&m->places, &place);
}

static void ports_of_different_listeners_are_compared(void **state)
{
	struct cluster_view *v = make_view(have_the_same_ports);

	(void)state;
	assert_int_equal(v->disagreement_count, 1);
	assert_string_equal(v->disagreements[0],
			    "a and b advertise the same ports of x.example, of two listeners");
	cluster_view_unref(v);
}

static void those_that_fit_are_named(void **state)
{
	(void)state;
	assert_named(NULL, "abc");
	assert_named(b_is_external, "ac");
	assert_named(b_is_single, "ac");
	assert_named(b_is_elsewhere, "ac");
	assert_named(c_knows_no_cluster, "abc");
}

static void who_drains_is_named_only_when_all_do(void **state)
{
	(void)state;
	assert_named(c_drains, "ab");
	assert_named(all_drain, "abc");
}

static void assert_told(changes *change, enum cluster_state cluster, bool is_told,
			const char *expected)
{
	struct cluster_view *v = make_view(change);

	v->state = cluster;
	v->is_told = is_told;
	assert_view_names(v, expected);
	cluster_view_unref(v);
}

/* As long as the others do not know, they send clients here. */
static void this_node_leaves_when_the_others_know(void **state)
{
	(void)state;
	assert_told(a_drains, CLUSTER_MEMBER, false, "abc");
	assert_told(a_drains, CLUSTER_MEMBER, true, "bc");
	assert_told(a_drains, CLUSTER_JOINING, false, "bc");
	assert_told(a_drains, CLUSTER_APART, false, "bc");
	assert_told(c_drains, CLUSTER_MEMBER, false, "ab");
	assert_told(c_drains, CLUSTER_MEMBER, true, "ab");
}

static void what_is_declined_counts_while_the_load_is_known(void **state)
{
	struct cluster_view *v = make_view(b_declines);

	(void)state;
	assert_view_names(v, "abc"); /* never heard */
	v->members[1].load_at = clock_ms();
	assert_view_names(v, "ac");
	v->members[1].load_at = clock_ms() - 20000;
	assert_view_names(v, "abc");
	cluster_view_unref(v);
}

static void external_and_single_name_none(void **state)
{
	(void)state;
	assert_none(a_is_external);
	assert_none(a_is_single);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(those_that_fit_are_named),
		cmocka_unit_test(each_listener_is_told_by_itself),
		cmocka_unit_test(one_listener_is_the_same_with_a_name_and_without),
		cmocka_unit_test(ports_of_different_listeners_are_compared),
		cmocka_unit_test(who_drains_is_named_only_when_all_do),
		cmocka_unit_test(this_node_leaves_when_the_others_know),
		cmocka_unit_test(what_is_declined_counts_while_the_load_is_known),
		cmocka_unit_test(external_and_single_name_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

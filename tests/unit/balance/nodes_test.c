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
static void assert_view_names(const struct cluster_view *v, const char *expected)
{
	struct mapping *m = nodes_mapping(v);
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

static void assert_named(changes *change, const char *expected)
{
	struct cluster_view *v = make_view(change);

	assert_view_names(v, expected);
	cluster_view_unref(v);
}

static void assert_none(changes *change)
{
	struct cluster_view *v = make_view(change);

	assert_null(nodes_mapping(v));
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
		cmocka_unit_test(who_drains_is_named_only_when_all_do),
		cmocka_unit_test(this_node_leaves_when_the_others_know),
		cmocka_unit_test(what_is_declined_counts_while_the_load_is_known),
		cmocka_unit_test(external_and_single_name_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

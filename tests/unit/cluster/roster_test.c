#include "cluster/roster.h"

#include "unit/cluster/nodes.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { AT = 5000 };

/* This node is "b" and says so with incarnation 1000. */
static void begin(struct roster *r)
{
	*r = (struct roster){ .self = make_member('b') };
	r->self.is_self = true;
}

/* The map of so many members, as a leader makes it. */
static struct buf make_map(const struct cluster_member *members, size_t count)
{
	struct map_entry entries[8];
	struct buf identities[8], map;

	for (size_t i = 0; i < count; i++) {
		buf_init(&identities[i], IDENTITY_MAX);
		identity_write(&identities[i], &members[i]);
		entries[i] = (struct map_entry){ identities[i].data, identities[i].len };
	}
	buf_init(&map, MAP_MAX);
	map_write(&map, entries, count);
	for (size_t i = 0; i < count; i++)
		buf_deinit(&identities[i]);
	return map;
}

/* Reads a map of the members with these letters, "b" in the incarnation given. */
static void take(struct roster *r, const char *letters, int64_t own)
{
	struct cluster_member members[8] = { 0 };
	size_t count = strlen(letters);
	struct buf map;

	for (size_t i = 0; i < count; i++) {
		members[i] = make_member(letters[i]);
		if (letters[i] == 'b')
			members[i].incarnation = own;
	}
	map = make_map(members, count);
	roster_take_map(r, map.data, map.len);
	buf_deinit(&map);
	for (size_t i = 0; i < count; i++)
		identity_deinit(&members[i]);
}

static void assert_nodes(const struct roster *r, const char *names)
{
	static const struct config config;
	struct cluster_view *v = roster_view(r, &config, "t");
	char seen[16];
	size_t n = 0;

	for (size_t i = 0; i < v->member_count; i++)
		n += (size_t)snprintf(seen + n, sizeof seen - n, "%s", v->members[i].node_id);
	assert_string_equal(seen, names);
	assert_string_equal(v->members[v->self].node_id, "b");
	cluster_view_unref(v);
}

static void a_map_says_who_is_there(void **state)
{
	struct roster r;

	(void)state;
	begin(&r);
	assert_nodes(&r, "b");
	assert_false(r.is_told);
	take(&r, "abc", 1000);
	assert_true(r.is_told);
	assert_false(roster_put_right(&r, AT));
	assert_nodes(&r, "abc");
	take(&r, "bd", 1000);
	assert_nodes(&r, "bd");
	/* a leader that left this node out sent nothing: who was there is kept */
	roster_take_map(&r, NULL, 0);
	assert_false(r.is_told);
	assert_nodes(&r, "bd");
	roster_deinit(&r);
}

static void a_map_without_this_node_is_put_right(void **state)
{
	struct roster r;

	(void)state;
	begin(&r);
	take(&r, "ac", 0);
	assert_false(r.is_told);
	assert_true(roster_put_right(&r, AT));
	assert_int_equal(r.self.incarnation, 1001);
	assert_nodes(&r, "abc");
	roster_deinit(&r);
}

static void older_data_of_this_node_are_put_right_at_growing_intervals(void **state)
{
	int64_t now = AT, last = AT, pause = 0;
	struct roster r;

	(void)state;
	begin(&r);
	r.self.port_count = 9; /* it says something new */
	take(&r, "ab", 900);
	assert_true(roster_put_right(&r, now));
	for (int times = 1; times < 12; times++) {
		assert_int_equal(r.self.incarnation, 1000 + times);
		take(&r, "ab", 900);
		assert_false(r.is_told);
		while (!roster_put_right(&r, now))
			now += 100;
		assert_true(now - last >= pause && now - last <= 30000);
		pause = now - last;
		last = now;
	}
	assert_int_equal(pause, 30000);
	assert_nodes(&r, "ab"); /* what it was before is not another node */
	take(&r, "ab", r.self.incarnation);
	assert_true(r.is_told);
	assert_false(roster_put_right(&r, now + 60000));
	roster_deinit(&r);
}

/* Before it started again it was the same: the others need not hear of it again. */
static void what_it_said_before_a_restart_still_counts(void **state)
{
	struct roster r;

	(void)state;
	begin(&r);
	take(&r, "ab", 700);
	assert_true(r.is_told);
	assert_int_equal(r.self.incarnation, 700);
	assert_false(roster_put_right(&r, AT));
	roster_deinit(&r);
}

/* The map has it newer than it is: its clock was put back.  It goes on from there. */
static void a_newer_record_of_this_node_is_overtaken(void **state)
{
	struct roster r;

	(void)state;
	begin(&r);
	take(&r, "ab", 5000);
	assert_false(r.is_told);
	assert_true(roster_put_right(&r, AT));
	assert_int_equal(r.self.incarnation, 5001);
	assert_nodes(&r, "ab");
	roster_deinit(&r);
}

static void another_node_of_the_same_name_is_seen(void **state)
{
	struct cluster_member both[2] = { make_member('b'), make_member('b') };
	struct roster r;
	struct buf map;

	(void)state;
	begin(&r);
	set_text(&both[1].http, "10.9.9.9:8888");
	both[1].incarnation = 2000;
	map = make_map(both, 2);
	roster_take_map(&r, map.data, map.len);
	assert_true(r.is_told);
	assert_nodes(&r, "bb");
	buf_deinit(&map);
	for (int i = 0; i < 2; i++)
		identity_deinit(&both[i]);
	roster_deinit(&r);
}

static void a_change_is_told_once_it_is_in_the_map(void **state)
{
	struct roster r;

	(void)state;
	begin(&r);
	take(&r, "b", 1000);
	r.self.is_draining = true;
	roster_renew(&r);
	assert_false(r.is_told);
	assert_false(roster_put_right(&r, AT)); /* the group is told of it anyway */
	take(&r, "b", 1000);			/* a map that was under way */
	assert_false(r.is_told);
	roster_deinit(&r);
}

static void loads_are_those_heard_last(void **state)
{
	static const struct config config;
	const struct cluster_load first = { .connections = 3 }, second = { .connections = 4 };
	struct cluster_view *v;
	struct roster r;

	(void)state;
	begin(&r);
	roster_take_load(&r, "a", 1, &first, AT); /* before the map */
	take(&r, "abc", 1000);
	roster_take_load(&r, "az", 1, &second, AT + 1); /* the id is "a" */
	v = roster_view(&r, &config, "t");
	assert_int_equal(v->members[0].load.connections, 4);
	assert_int_equal(v->members[0].load_at, AT + 1);
	assert_int_equal(v->members[2].load_at, -1); /* of "c" nothing was heard */
	cluster_view_unref(v);
	assert_true(roster_is_self(&r, "bx", 1));
	assert_false(roster_is_self(&r, "bx", 2));
	roster_deinit(&r);
}

static void strangers_cannot_fill_the_memory(void **state)
{
	const struct cluster_load load = { .connections = 1 };
	struct roster r;

	(void)state;
	begin(&r);
	for (int i = 0; i < MAP_NODES_MAX + 100; i++) {
		char id[16];
		int n = snprintf(id, sizeof id, "n%d", i);

		roster_take_load(&r, id, (size_t)n, &load, AT);
	}
	assert_int_equal(r.load_count, MAP_NODES_MAX);
	roster_deinit(&r);
}

static void what_is_no_map_and_no_identity_is_passed_over(void **state)
{
	struct cluster_member a = make_member('a');
	struct buf identity, map;
	struct map_entry entries[2];
	struct roster r;

	(void)state;
	begin(&r);
	buf_init(&identity, IDENTITY_MAX);
	identity_write(&identity, &a);
	entries[0] = (struct map_entry){ (const uint8_t *)"?", 1 };
	entries[1] = (struct map_entry){ identity.data, identity.len };
	buf_init(&map, MAP_MAX);
	map_write(&map, entries, 2);
	roster_take_map(&r, map.data, map.len);
	assert_nodes(&r, "ab");
	roster_take_map(&r, (const uint8_t *)"\0", 1);
	assert_false(r.is_told);
	assert_nodes(&r, "b");
	buf_deinit(&map);
	buf_deinit(&identity);
	identity_deinit(&a);
	roster_deinit(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_says_who_is_there),
		cmocka_unit_test(a_map_without_this_node_is_put_right),
		cmocka_unit_test(older_data_of_this_node_are_put_right_at_growing_intervals),
		cmocka_unit_test(what_it_said_before_a_restart_still_counts),
		cmocka_unit_test(a_newer_record_of_this_node_is_overtaken),
		cmocka_unit_test(another_node_of_the_same_name_is_seen),
		cmocka_unit_test(a_change_is_told_once_it_is_in_the_map),
		cmocka_unit_test(loads_are_those_heard_last),
		cmocka_unit_test(strangers_cannot_fill_the_memory),
		cmocka_unit_test(what_is_no_map_and_no_identity_is_passed_over),
	};

	return cmocka_run_group_tests_name("roster", tests, NULL, NULL);
}

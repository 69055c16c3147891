#include "topology/snapshot_build.h"

#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { MANY = 10000 };

static const uint8_t no_id[16];

static void make_id(uint8_t id[16], unsigned n)
{
	memset(id, 0, 16);
	id[0] = 1;
	id[14] = (uint8_t)(n >> 8);
	id[15] = (uint8_t)n;
}

static struct snapshot *make_many(void)
{
	struct snapshot *s = snapshot_new(NULL);

	for (unsigned i = 0; i < MANY; i++) {
		char name[16];
		uint8_t id[16];
		int len = snprintf(name, sizeof name, "topic-%u", i);

		make_id(id, i);
		snapshot_add_topic(s, name, (size_t)len, id, 1)->partitions[0].leader = (int32_t)i;
	}
	return s;
}

static void assert_finds_all_but(const struct snapshot *s, unsigned step)
{
	for (unsigned i = 0; i < MANY; i++) {
		char name[16];
		uint8_t id[16];
		int len = snprintf(name, sizeof name, "topic-%u", i);
		const struct topic *t = snapshot_topic(s, name, (size_t)len);

		make_id(id, i);
		assert_ptr_equal(snapshot_topic_by_id(s, id), t);
		if (step > 0 && i % step == 0) {
			assert_null(t);
			continue;
		}
		assert_non_null(t);
		assert_string_equal(t->name, name);
		assert_int_equal(t->partitions[0].leader, i);
	}
}

static void an_empty_one_knows_nothing(void **state)
{
	struct snapshot *s = snapshot_new(NULL);
	size_t at = 0;

	(void)state;
	assert_null(snapshot_topic(s, "x", 1));
	assert_null(snapshot_topic_by_id(s, no_id));
	assert_null(snapshot_broker(s, 0));
	assert_null(snapshot_next_topic(s, &at));
	assert_int_equal(snapshot_topic_count(s), 0);
	snapshot_drop_topic(s, "x", 1);
	snapshot_unref(s);
	snapshot_unref(NULL);
}

static void topics_are_found_by_name_and_id(void **state)
{
	struct snapshot *s = make_many();

	(void)state;
	assert_int_equal(snapshot_topic_count(s), MANY);
	assert_finds_all_but(s, 0);
	assert_null(snapshot_topic(s, "topic-", 6));
	assert_null(snapshot_topic(s, "topic-10000", 11));
	snapshot_unref(s);
}

/* Removal closes gaps in the tables: what is left must still be found. */
static void what_is_dropped_is_gone_and_nothing_else(void **state)
{
	struct snapshot *s = make_many();

	(void)state;
	for (unsigned i = 0; i < MANY; i += 3) {
		char name[16];
		int len = snprintf(name, sizeof name, "topic-%u", i);

		snapshot_drop_topic(s, name, (size_t)len);
	}
	assert_finds_all_but(s, 3);
	assert_int_equal(snapshot_topic_count(s), MANY - (MANY + 2) / 3);
	snapshot_unref(s);
}

static void the_next_one_shares_topics(void **state)
{
	struct snapshot *first = make_many(), *second = snapshot_new(first);
	const struct topic *shared = snapshot_topic(first, "topic-5", 7);
	uint8_t id[16];

	(void)state;
	assert_ptr_equal(snapshot_topic(second, "topic-5", 7), shared);
	make_id(id, 7);
	snapshot_add_topic(second, "topic-7", 7, id, 3);
	assert_int_equal(snapshot_topic(first, "topic-7", 7)->partition_count, 1);
	assert_int_equal(snapshot_topic(second, "topic-7", 7)->partition_count, 3);
	assert_int_equal(snapshot_topic_by_id(second, id)->partition_count, 3);
	assert_int_equal(snapshot_topic_count(second), MANY);
	snapshot_unref(first);
	/* it lives on in the second */
	assert_ptr_equal(snapshot_topic(second, "topic-5", 7), shared);
	assert_string_equal(shared->name, "topic-5");
	snapshot_unref(second);
}

static void a_name_or_an_id_is_there_once(void **state)
{
	struct snapshot *s = snapshot_new(NULL);
	uint8_t one[16], two[16];

	(void)state;
	make_id(one, 1);
	make_id(two, 2);
	snapshot_add_topic(s, "a", 1, one, 1);
	snapshot_add_topic(s, "a", 1, two, 2);
	assert_int_equal(snapshot_topic_count(s), 1);
	assert_null(snapshot_topic_by_id(s, one));
	assert_int_equal(snapshot_topic_by_id(s, two)->partition_count, 2);
	/* the id under another name */
	snapshot_add_topic(s, "b", 1, two, 3);
	assert_int_equal(snapshot_topic_count(s), 1);
	assert_null(snapshot_topic(s, "a", 1));
	assert_string_equal(snapshot_topic_by_id(s, two)->name, "b");
	/* no ids: nothing to find by them */
	snapshot_add_topic(s, "c", 1, no_id, 1);
	snapshot_add_topic(s, "d", 1, no_id, 1);
	assert_int_equal(snapshot_topic_count(s), 3);
	assert_null(snapshot_topic_by_id(s, no_id));
	snapshot_unref(s);
}

static void every_topic_comes_once(void **state)
{
	struct snapshot *s = make_many();
	bool *seen = mem_zalloc(MANY);
	const struct topic *t;

	(void)state;
	for (size_t at = 0; (t = snapshot_next_topic(s, &at)) != NULL;) {
		assert_false(seen[t->partitions[0].leader]);
		seen[t->partitions[0].leader] = true;
	}
	for (unsigned i = 0; i < MANY; i++)
		assert_true(seen[i]);
	free(seen);
	snapshot_unref(s);
}

static void give_brokers(struct snapshot *s, size_t count)
{
	s->brokers = mem_zalloc(count * sizeof *s->brokers);
	s->broker_count = count;
	for (size_t i = 0; i < count; i++) {
		s->brokers[i].id = (int32_t)(10 * i);
		s->brokers[i].host = mem_strdup("host");
		s->brokers[i].port = 9092;
	}
}

static void a_partition_is_there_within_its_topic_only(void **state)
{
	struct snapshot *s = snapshot_new(NULL);
	struct topic *t = snapshot_add_topic(s, "t", 1, no_id, 3);
	const struct topic *empty = snapshot_add_topic(s, "empty", 5, no_id, 0);

	(void)state;
	t->partitions[2].leader = 7;
	assert_ptr_equal(topic_partition(t, 0), &t->partitions[0]);
	assert_int_equal(topic_partition(t, 2)->leader, 7);
	assert_null(topic_partition(t, 3));
	assert_null(topic_partition(t, -1));
	assert_null(topic_partition(t, INT32_MIN));
	assert_null(topic_partition(empty, 0));
	assert_null(topic_partition(NULL, 0));
	snapshot_unref(s);
}

static void brokers_are_found(void **state)
{
	struct snapshot *s = snapshot_new(NULL);

	(void)state;
	give_brokers(s, 7);
	for (int32_t id = -1; id <= 70; id++) {
		const struct broker *b = snapshot_broker(s, id);

		if (id >= 0 && id % 10 == 0 && id < 70)
			assert_int_equal(b->id, id);
		else
			assert_null(b);
	}
	snapshot_unref(s);
}

static void differences_are_seen(void **state)
{
	struct snapshot *a = make_many(), *b = snapshot_new(a);
	uint8_t id[16];

	(void)state;
	give_brokers(a, 3);
	give_brokers(b, 3);
	assert_true(snapshot_is_same(a, b));
	b->features_epoch = 5; /* grows without end */
	assert_true(snapshot_is_same(a, b));
	b->brokers[1].port = 9093;
	assert_false(snapshot_is_same(a, b));
	b->brokers[1].port = 9092;
	b->brokers[1].rack = mem_strdup("r");
	assert_false(snapshot_is_same(a, b));
	a->brokers[1].rack = mem_strdup("r");
	assert_true(snapshot_is_same(a, b));
	b->offers[3].max = 4;
	assert_false(snapshot_is_same(a, b));
	b->offers[3].max = a->offers[3].max;
	b->controller = 2;
	assert_false(snapshot_is_same(a, b));
	b->controller = a->controller;
	b->cluster_id = mem_strdup("c");
	assert_false(snapshot_is_same(a, b));
	a->cluster_id = mem_strdup("c");
	assert_true(snapshot_is_same(a, b));
	make_id(id, 7);
	snapshot_add_topic(b, "topic-7", 7, id, 1);
	assert_false(snapshot_is_same(a, b));
	snapshot_share_topic(b, snapshot_topic(a, "topic-7", 7));
	assert_true(snapshot_is_same(a, b));
	snapshot_drop_topic(b, "topic-7", 7);
	assert_false(snapshot_is_same(a, b));
	assert_false(snapshot_is_same(b, a));
	snapshot_unref(a);
	snapshot_unref(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_one_knows_nothing),
		cmocka_unit_test(topics_are_found_by_name_and_id),
		cmocka_unit_test(what_is_dropped_is_gone_and_nothing_else),
		cmocka_unit_test(the_next_one_shares_topics),
		cmocka_unit_test(a_name_or_an_id_is_there_once),
		cmocka_unit_test(every_topic_comes_once),
		cmocka_unit_test(a_partition_is_there_within_its_topic_only),
		cmocka_unit_test(brokers_are_found),
		cmocka_unit_test(differences_are_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

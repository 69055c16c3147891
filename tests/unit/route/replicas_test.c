/* Which replica a client reads, and what it is told of offsets, by a snapshot of three racks. */
#include "route/replicas.h"

#include "util/compiler.h"
#include "util/mem.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "racks.h"

enum { READ = 6, NOW = 1000000, LATER = NOW + 5000 };

static const struct layout_topic orders = { .name = (const uint8_t *)"orders", .name_len = 6 };
static const struct layout_topic other = { .name = (const uint8_t *)"other", .name_len = 5 };

/* Brokers 0 to 4 in racks a, b, c, a and none; broker 0 leads "orders" and the others follow. */
static struct snapshot *make_snapshot(void)
{
	static const char *const racks[] = { "a", "b", "c", "b", NULL };
	struct snapshot *s = snapshot_in_racks(racks, ARRAY_LEN(racks), READ);
	const struct topic *t = snapshot_topic(s, "orders", 6);

	for (int p = 0; p < READ; p++) {
		t->partitions[p].leader_epoch = 5;
		for (int i = 0; i < IN_SYNC_MAX; i++)
			t->partitions[p].in_sync[i] = i + 1;
	}
	return s;
}

static struct topic *topic_of(const struct snapshot *s)
{
	return (struct topic *)(uintptr_t)snapshot_topic(s, "orders", 6);
}

static struct partition *partition_of(const struct snapshot *s, int p)
{
	return &snapshot_topic(s, "orders", 6)->partitions[p];
}

static struct replicas_question ask(const struct snapshot *s, int32_t partition, int64_t now)
{
	return (struct replicas_question){ .snapshot = s,
					   .topic = snapshot_topic(s, "orders", 6),
					   .named = &orders,
					   .partition = partition,
					   .now = now };
}

/* A client of the zone that has asked for all partitions. */
static struct replicas *make_reader(const char *zone, const struct snapshot *s)
{
	struct replicas *r = replicas_new(zone);
	struct layout_topic topics[] = { orders };
	struct layout_item items[READ] = { 0 };
	const struct layout l = {
		.topics = topics, .topic_count = 1, .items = items, .item_count = READ
	};

	for (int p = 0; p < READ; p++)
		items[p].partition = p;
	replicas_add(r, &l, s);
	return r;
}

static int32_t chosen(struct replicas *r, const struct snapshot *s, int32_t partition, int64_t now)
{
	const struct replicas_question q = ask(s, partition, now);

	return replicas_choose(r, &q);
}

static void who_is_in_the_zone_and_in_sync_is_read(void **state)
{
	struct snapshot *s = make_snapshot();
	struct replicas *a = make_reader("a", s), *b = make_reader("b", s),
			*c = make_reader("c", s), *d = make_reader("d", s);

	(void)state;
	for (int p = 0; p < READ; p++) {
		assert_int_equal(chosen(a, s, p, NOW), NO_BROKER); /* the leader is there */
		assert_int_equal(chosen(b, s, p, NOW), p % 2 == 0 ? 1 : 3);
		assert_int_equal(chosen(c, s, p, NOW), 2);
		assert_int_equal(chosen(d, s, p, NOW), NO_BROKER);
	}
	partition_of(s, 0)->in_sync[0] = 3; /* 1 has fallen out of sync */
	partition_of(s, 0)->in_sync[1] = partition_of(s, 0)->in_sync[2] =
		partition_of(s, 0)->in_sync[3] = NO_BROKER;
	assert_int_equal(chosen(b, s, 0, NOW), 3);
	assert_int_equal(chosen(c, s, 0, NOW), NO_BROKER);
	s->brokers[3].address_len = 0; /* nobody knows where it is */
	assert_int_equal(chosen(b, s, 0, NOW), NO_BROKER);
	partition_of(s, 2)->leader = NO_BROKER;
	assert_int_equal(chosen(c, s, 2, NOW), NO_BROKER);
	assert_int_equal(chosen(c, s, READ, NOW), NO_BROKER);
	assert_int_equal(chosen(c, s, -1, NOW), NO_BROKER);
	replicas_free(a);
	replicas_free(b);
	replicas_free(c);
	replicas_free(d);
	snapshot_unref(s);
}

static void what_was_not_asked_for_before_is_the_leaders(void **state)
{
	struct snapshot *s = make_snapshot();
	struct replicas *r = replicas_new("c");
	struct layout_topic topics[] = { orders, other, orders };
	struct layout_item items[] = { { .topic = 0, .partition = 3 },
				       { .topic = 1, .partition = 3 },
				       { .topic = 2, .partition = 3 } };
	const struct layout l = {
		.topics = topics, .topic_count = 3, .items = items, .item_count = 3
	};
	struct replicas_new_ones n = replicas_count_new(r, &l, s);
	const uint32_t before = replicas_changes(r);

	(void)state;
	assert_int_equal(chosen(r, s, 3, NOW), NO_BROKER);
	assert_true(n.topics >= 1 && n.partitions >= 1 && n.names >= 6);
	assert_true(replicas_bytes(r, n.topics, n.names, n.partitions) >
		    replicas_bytes(r, 0, 0, 0));
	replicas_add(r, &l, s);
	n = replicas_count_new(r, &l, s);
	assert_int_equal(n.topics + n.partitions + n.names, 0);
	assert_int_equal(replicas_changes(r), before + 1);
	assert_int_equal(replicas_count(r), 1); /* the cluster has no other */
	assert_int_equal(chosen(r, s, 3, NOW), 2);
	assert_int_equal(chosen(r, s, 4, NOW), NO_BROKER);
	replicas_forget(r);
	assert_int_equal(replicas_count(r), 0);
	assert_true(replicas_changes(r) > before + 1);
	assert_int_equal(chosen(r, s, 3, NOW), NO_BROKER);
	replicas_add(r, &l, s);
	assert_int_equal(chosen(r, s, 3, NOW), 2);
	replicas_free(r);
	snapshot_unref(s);
}

static void who_was_barred_is_not_asked_for_a_while(void **state)
{
	struct snapshot *s = make_snapshot();
	struct replicas *r = make_reader("b", s);
	struct replicas_question q = ask(s, 0, NOW);
	const uint32_t before = replicas_changes(r);

	(void)state;
	replicas_bar(r, &q);
	assert_int_equal(replicas_changes(r), before + 1);
	assert_int_equal(chosen(r, s, 0, NOW), NO_BROKER);
	assert_int_equal(chosen(r, s, 2, NOW), 1); /* another partition */
	assert_int_equal(chosen(r, s, 0, LATER), 1);
	replicas_bar_broker(r, 1, NOW);
	assert_int_equal(chosen(r, s, 2, NOW), 3); /* the other one of the zone */
	replicas_bar_broker(r, 3, NOW);
	assert_int_equal(chosen(r, s, 2, NOW), NO_BROKER);
	assert_int_equal(chosen(r, s, 2, LATER), 1);
	for (int32_t broker = 10; broker < 20; broker++)
		replicas_bar_broker(r, broker, LATER); /* as many as there are: the newest count */
	assert_int_equal(chosen(r, s, 2, LATER), 1);
	replicas_free(r);
	snapshot_unref(s);
}

static void who_is_lost_again_is_barred_for_longer(void **state)
{
	struct snapshot *s = make_snapshot();
	struct replicas *r = make_reader("c", s);
	int64_t now = NOW;

	(void)state;
	for (int64_t ms = 5000; ms < 240000; ms *= 2) {
		const int64_t most = ms < 60000 ? ms : 60000;

		replicas_bar_broker(r, 2, now);
		replicas_bar_broker(r, 2, now + 1); /* the same loss */
		assert_int_equal(chosen(r, s, 0, now + most - 1), NO_BROKER);
		assert_int_equal(chosen(r, s, 0, now + most), 2);
		now += most;
	}
	replicas_answered(r, 2);
	replicas_bar_broker(r, 2, now);
	assert_int_equal(chosen(r, s, 0, now + 5000), 2);
	replicas_free(r);
	snapshot_unref(s);
}

static bool is_follower(const struct replicas *r, const struct snapshot *s, int32_t broker)
{
	const struct replicas_question q = ask(s, 0, NOW);

	return replicas_is_follower(r, &q, broker);
}

static void who_answers_may_be_a_follower(void **state)
{
	struct snapshot *s = make_snapshot();
	struct replicas *r = make_reader("c", s);

	(void)state;
	assert_false(is_follower(r, s, 0)); /* it leads */
	assert_true(is_follower(r, s, 2));
	assert_true(is_follower(NULL, s, 2));
	assert_false(is_follower(r, s, 5)); /* no replica */
	assert_false(is_follower(r, s, NO_BROKER));
	assert_int_equal(chosen(r, s, 0, NOW), 2);
	partition_of(s, 0)->in_sync[0] = NO_BROKER;
	partition_of(s, 0)->leader = 9;	   /* nobody knows it */
	assert_true(is_follower(r, s, 2)); /* it was asked before */
	assert_false(is_follower(r, s, 1));
	partition_of(s, 0)->leader = NO_BROKER;
	assert_int_equal(chosen(r, s, 0, NOW), NO_BROKER);
	assert_false(is_follower(r, s, 2)); /* as any other */
	replicas_free(r);
	snapshot_unref(s);
}

static int64_t told(struct replicas *r, const struct snapshot *s, enum replicas_offset which,
		    int64_t offset)
{
	const struct replicas_question q = ask(s, 1, NOW);

	return replicas_tell(r, &q, which, offset);
}

static void offsets_never_go_back_while_the_leader_stays(void **state)
{
	struct snapshot *s = make_snapshot();
	struct replicas *r = make_reader("b", s);
	struct replicas_question unknown = ask(s, 1, NOW);

	(void)state;
	assert_int_equal(told(r, s, REPLICAS_HIGH_WATERMARK, -1), -1);
	assert_int_equal(told(r, s, REPLICAS_HIGH_WATERMARK, 8), 8);
	assert_int_equal(told(r, s, REPLICAS_LAST_STABLE, 4), 4); /* each by itself */
	assert_int_equal(told(r, s, REPLICAS_HIGH_WATERMARK, 6), 8);
	assert_int_equal(told(r, s, REPLICAS_HIGH_WATERMARK, -1), 8);
	assert_int_equal(told(r, s, REPLICAS_LAST_STABLE, 3), 4);
	assert_int_equal(told(r, s, REPLICAS_HIGH_WATERMARK, 9), 9);
	partition_of(s, 1)->leader_epoch = 6; /* another leader may have less */
	assert_int_equal(told(r, s, REPLICAS_HIGH_WATERMARK, 7), 7);
	assert_int_equal(told(r, s, REPLICAS_LAST_STABLE, 2), 2);
	topic_of(s)->id[0] = 2; /* made anew */
	assert_int_equal(told(r, s, REPLICAS_HIGH_WATERMARK, 3), 3);
	assert_int_equal(told(r, s, REPLICAS_HIGH_WATERMARK, 1), 3);
	partition_of(s, 1)->leader_epoch = -1;
	assert_int_equal(told(r, s, REPLICAS_HIGH_WATERMARK, 2), 2);
	assert_int_equal(told(r, s, REPLICAS_HIGH_WATERMARK, 1), 2);
	partition_of(s, 1)->leader = 1;
	assert_int_equal(told(r, s, REPLICAS_HIGH_WATERMARK, 1), 1);
	unknown.named = &other;
	assert_int_equal(replicas_tell(r, &unknown, REPLICAS_HIGH_WATERMARK, 1), 1);
	replicas_free(r);
	snapshot_unref(s);
}

static void a_session_ends_when_its_broker_is_not_the_one_to_be_read(void **state)
{
	struct snapshot *s = make_snapshot();
	struct replicas *r = make_reader("c", s);
	struct replicas_question q = ask(s, 0, NOW);

	(void)state;
	assert_false(replicas_session_must_end(r, s, 7, NOW)); /* it reads nothing */
	replicas_session_reads(r, &q);
	assert_false(replicas_session_must_end(r, s, 2, NOW));
	assert_true(replicas_session_must_end(r, s, 0,
					      NOW)); /* the leader has it, a follower is near */
	partition_of(s, 0)->in_sync[1] = NO_BROKER;
	assert_true(replicas_session_must_end(r, s, 2, NOW)); /* out of sync */
	assert_false(replicas_session_must_end(r, s, 0, NOW));
	partition_of(s, 0)->in_sync[1] = 2;
	replicas_bar(r, &q);
	assert_true(replicas_session_must_end(r, s, 2, NOW));
	assert_false(replicas_session_must_end(r, s, 2, LATER));
	replicas_session_begins(r);
	assert_false(replicas_session_must_end(r, s, 7, NOW));
	replicas_free(r);
	snapshot_unref(s);
}

/* Of thousands each is found, and only those. */
static void many_are_known(void **state)
{
	enum { MANY = 5000 };
	static const uint8_t id[] = "0123456789abcdef";
	struct snapshot *s = snapshot_new(NULL);
	struct replicas *r = replicas_new("c");
	struct layout_topic topics[] = { { .id = id }, orders };
	struct layout_item *items = mem_zalloc(MANY * sizeof *items);
	struct layout l = {
		.topics = topics, .topic_count = 2, .items = items, .item_count = MANY
	};

	(void)state;
	snapshot_add_topic(s, "other", 5, id, 2 * MANY);
	snapshot_add_topic(s, "orders", 6, (uint8_t[16]){ 1 }, 2 * MANY);
	for (uint32_t i = 0; i < MANY; i++)
		items[i] = (struct layout_item){ .topic = i % 2, .partition = (int32_t)(i / 2) };
	replicas_add(r, &l, s);
	assert_int_equal(replicas_changes(r), MANY);
	assert_int_equal(replicas_count_new(r, &l, s).partitions, 0);
	for (uint32_t i = 0; i < MANY; i++)
		items[i].partition += MANY;
	assert_int_equal(replicas_count_new(r, &l, s).partitions, MANY);
	assert_int_equal(replicas_count_new(r, &l, s).topics, 0);
	free(items);
	replicas_free(r);
	snapshot_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_in_the_zone_and_in_sync_is_read),
		cmocka_unit_test(what_was_not_asked_for_before_is_the_leaders),
		cmocka_unit_test(who_was_barred_is_not_asked_for_a_while),
		cmocka_unit_test(who_is_lost_again_is_barred_for_longer),
		cmocka_unit_test(who_answers_may_be_a_follower),
		cmocka_unit_test(offsets_never_go_back_while_the_leader_stays),
		cmocka_unit_test(a_session_ends_when_its_broker_is_not_the_one_to_be_read),
		cmocka_unit_test(many_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "topology/metadata.h"

#include "kafka/encode.h"
#include "topology/snapshot_build.h"
#include "unit/apis.h"
#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* An answer of one topic, as a test wants it. */
struct answer {
	const char *name; /* NULL: null */
	uint8_t id;	  /* its first byte */
	int16_t error;
	int partitions;
	int32_t leader, epoch; /* of all */
	int replicas; /* of each: brokers 4, 5, .. have it, and as many are in sync but for one */
	int16_t partition_error;
	int version;
	bool is_full;
};

static bool fill(void *ctx, const struct encode_field *f, struct encode_value *v)
{
	static const char *const hosts[] = { "b", "a", "again" };
	static uint8_t id[16];
	const struct answer *a = ctx;

	if (f->is_element && encode_in(f) == NODE_IDS) {
		v->number = 4 + (int)f->index[f->depth - 1];
		return true;
	}
	switch (f->is) {
	case BROKERS:
		v->number = 3; /* ids 2, 1, 2 */
		return true;
	case NODE_ID:
		v->number = f->index[0] == 1 ? 1 : 2;
		return true;
	case HOST:
		v->bytes = (const uint8_t *)hosts[f->index[0]];
		v->len = (uint32_t)strlen(hosts[f->index[0]]);
		return true;
	case PORT:
		v->number = 9092;
		return true;
	case CLUSTER_ID:
		v->bytes = (const uint8_t *)"cluster";
		v->len = 7;
		return true;
	case CONTROLLER_ID:
		v->number = 2;
		return true;
	case TOPICS:
		v->number = 1;
		return true;
	case TOPIC_NAME:
		v->bytes = (const uint8_t *)a->name;
		v->len = a->name != NULL ? (uint32_t)strlen(a->name) : 0;
		return true;
	case TOPIC_ID:
		id[0] = a->id;
		v->bytes = id;
		v->len = 16;
		return true;
	case PARTITIONS:
		v->number = a->partitions;
		return true;
	case PARTITION: /* in no order */
		v->number = a->partitions - 1 - (int)f->index[1];
		return true;
	case NODE_IDS:
		v->number =
			a->replicas - (a->replicas > 1 && strcmp(f->row->name, "isr_nodes") == 0);
		return true;
	case LEADER_ID:
		v->number = a->leader;
		return true;
	case LEADER_EPOCH:
		v->number = a->epoch;
		return true;
	case ERROR_CODE:
		v->number = encode_in(f) == PARTITIONS ? a->partition_error
			    : encode_in(f) == TOPICS   ? a->error
						       : 0;
		return true;
	default:
		return false;
	}
}

static void write_answer(struct answer *a, struct buf *out)
{
	if (a->version == 0)
		a->version = 12;
	buf_init(out, 1 << 20);
	assert_true(encode_message(api_of(3), a->version, RESPONSE, fill, a, out));
}

/* The snapshot after the answer; frees the one before. */
static struct snapshot *hear(struct snapshot *old, struct answer a)
{
	struct snapshot *next = snapshot_new(a.is_full ? NULL : old);
	struct metadata m;
	struct buf body;

	write_answer(&a, &body);
	assert_true(metadata_read(&m, a.version, body.data, (uint32_t)body.len));
	metadata_merge(next, old, &m, a.is_full);
	metadata_deinit(&m);
	buf_deinit(&body);
	snapshot_unref(old);
	return next;
}

static const struct topic *t_of(const struct snapshot *s)
{
	return snapshot_topic(s, "t", 1);
}

static struct snapshot *begin(void)
{
	return hear(NULL, (struct answer){ .name = "t",
					   .id = 1,
					   .partitions = 3,
					   .leader = 1,
					   .epoch = 5,
					   .is_full = true });
}

static void an_answer_is_read(void **state)
{
	struct answer a = { .name = "t", .id = 1, .partitions = 2, .leader = 1, .epoch = 5 };
	struct metadata m;
	struct buf body;

	(void)state;
	write_answer(&a, &body);
	assert_true(metadata_read(&m, 12, body.data, (uint32_t)body.len));
	assert_int_equal(m.broker_count, 2); /* sorted, each id once */
	assert_int_equal(m.brokers[0].id, 1);
	assert_string_equal(m.brokers[0].host, "a");
	assert_int_equal(m.brokers[1].id, 2);
	assert_string_equal(m.cluster_id, "cluster");
	assert_int_equal(m.controller, 2);
	assert_int_equal(m.topic_count, 1);
	assert_int_equal(m.partition_count, 2);
	metadata_deinit(&m);
	/* every shorter one is malformed, and takes nothing along */
	for (uint32_t n = 0; n < body.len; n++) {
		assert_false(metadata_read(&m, 12, body.data, n));
		metadata_deinit(&m);
	}
	buf_deinit(&body);
}

static void a_new_topic_is_added(void **state)
{
	struct snapshot *s = begin();

	(void)state;
	assert_int_equal(t_of(s)->partition_count, 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(t_of(s)->partitions[i].leader, 1);
		assert_int_equal(t_of(s)->partitions[i].leader_epoch, 5);
	}
	snapshot_unref(s);
}

static void what_did_not_change_is_shared(void **state)
{
	struct snapshot *s = begin();
	const struct topic *before = t_of(s);

	(void)state;
	for (int is_full = 0; is_full < 2; is_full++) {
		s = hear(s, (struct answer){ .name = "t",
					     .id = 1,
					     .partitions = 3,
					     .leader = 1,
					     .epoch = 5,
					     .is_full = is_full });
		assert_ptr_equal(t_of(s), before);
	}
	snapshot_unref(s);
}

static void epochs_never_go_backwards(void **state)
{
	struct snapshot *s = begin();

	(void)state;
	for (int is_full = 0; is_full < 2; is_full++) {
		s = hear(s, (struct answer){ .name = "t",
					     .id = 1,
					     .partitions = 3,
					     .leader = 2,
					     .epoch = 4,
					     .is_full = is_full });
		assert_int_equal(t_of(s)->partitions[1].leader, 1);
		assert_int_equal(t_of(s)->partitions[1].leader_epoch, 5);
	}
	s = hear(s,
		 (struct answer){ .name = "t", .id = 1, .partitions = 3, .leader = 2, .epoch = 6 });
	assert_int_equal(t_of(s)->partitions[1].leader, 2);
	assert_int_equal(t_of(s)->partitions[1].leader_epoch, 6);
	snapshot_unref(s);
}

static void a_broker_that_is_behind_takes_no_partitions_away(void **state)
{
	struct snapshot *s = begin();

	(void)state;
	s = hear(s,
		 (struct answer){ .name = "t", .id = 1, .partitions = 2, .leader = 2, .epoch = 6 });
	assert_int_equal(t_of(s)->partition_count, 3);
	assert_int_equal(t_of(s)->partitions[1].leader, 2);
	assert_int_equal(t_of(s)->partitions[2].leader, 1);
	s = hear(s,
		 (struct answer){ .name = "t", .id = 1, .partitions = 5, .leader = 2, .epoch = 6 });
	assert_int_equal(t_of(s)->partition_count, 5);
	snapshot_unref(s);
}

static void another_id_is_another_topic(void **state)
{
	struct snapshot *s = begin();
	const uint8_t old_id[16] = { 1 };

	(void)state;
	s = hear(s,
		 (struct answer){ .name = "t", .id = 2, .partitions = 1, .leader = 2, .epoch = 0 });
	assert_int_equal(t_of(s)->partition_count, 1);
	assert_int_equal(t_of(s)->partitions[0].leader_epoch, 0);
	assert_null(snapshot_topic_by_id(s, old_id));
	snapshot_unref(s);
}

static void a_partition_without_a_leader_has_none(void **state)
{
	struct snapshot *s = begin();

	(void)state;
	s = hear(s, (struct answer){ .name = "t",
				     .id = 1,
				     .partitions = 3,
				     .leader = 2,
				     .epoch = 5,
				     .partition_error = 5 });
	assert_int_equal(t_of(s)->partitions[0].leader, NO_BROKER);
	s = hear(s, (struct answer){ .name = "t",
				     .id = 1,
				     .partitions = 3,
				     .leader = 2,
				     .epoch = 5,
				     .partition_error = 9 }); /* a replica is missing */
	assert_int_equal(t_of(s)->partitions[0].leader, 2);
	s = hear(s, (struct answer){
			    .name = "t", .id = 1, .partitions = 3, .leader = -1, .epoch = 6 });
	assert_int_equal(t_of(s)->partitions[0].leader, NO_BROKER);
	snapshot_unref(s);
}

static void an_unknown_topic_is_dropped(void **state)
{
	struct snapshot *s = begin();
	const uint8_t id[16] = { 1 };

	(void)state;
	s = hear(s, (struct answer){ .name = "t", .error = 3 });
	assert_null(t_of(s));
	assert_null(snapshot_topic_by_id(s, id));
	snapshot_unref(s);
	s = begin(); /* asked by id: the answer has no name */
	s = hear(s, (struct answer){ .name = NULL, .id = 1, .error = 100 });
	assert_null(t_of(s));
	s = hear(s, (struct answer){ .name = NULL, .id = 1, .error = 100 });
	assert_null(t_of(s));
	snapshot_unref(s);
}

static void other_errors_leave_what_is_known(void **state)
{
	struct snapshot *s = begin();
	const struct topic *before = t_of(s);

	(void)state;
	for (int is_full = 0; is_full < 2; is_full++) {
		s = hear(s, (struct answer){ .name = "t", .error = 29, .is_full = is_full });
		assert_ptr_equal(t_of(s), before);
		s = hear(s, (struct answer){ .name = "t", .error = 5, .is_full = is_full });
		assert_ptr_equal(t_of(s), before);
	}
	s = hear(s, (struct answer){ .name = "u", .error = 29 });
	assert_null(snapshot_topic(s, "u", 1));
	snapshot_unref(s);
}

static void a_full_answer_keeps_what_it_lists(void **state)
{
	struct snapshot *s = begin();

	(void)state;
	s = hear(s, (struct answer){ .name = "u", .id = 2, .partitions = 1 });
	assert_int_equal(snapshot_topic_count(s), 2);
	s = hear(s, (struct answer){ .name = "u", .id = 2, .partitions = 1, .is_full = true });
	assert_int_equal(snapshot_topic_count(s), 1);
	assert_null(t_of(s));
	snapshot_unref(s);
}

static void without_ids_or_epochs_the_newest_wins(void **state)
{
	static const struct {
		int version;
		int32_t epoch;
	} cases[] = { { 0, -1 }, { 2, -1 }, { 6, -1 }, { 7, 3 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct answer a = { .name = "t",
				    .partitions = 3,
				    .leader = 1,
				    .epoch = 5,
				    .version = cases[i].version > 0 ? cases[i].version : 1,
				    .is_full = true };
		struct snapshot *s = hear(NULL, a);

		a.leader = 2;
		a.epoch = cases[i].epoch;
		a.is_full = false;
		s = hear(s, a);
		assert_int_equal(t_of(s)->partitions[0].leader, 2);
		assert_int_equal(t_of(s)->partitions[0].leader_epoch, cases[i].epoch);
		snapshot_unref(s);
	}
}

/* Only of the broker that has a partition all by itself is it said that it has it; being the only
 * one in sync is something else. */
static void a_sole_replica_is_known(void **state)
{
	static const struct {
		int replicas;
		int32_t sole;
	} cases[] = { { 0, NO_BROKER }, { 1, 4 }, { 2, NO_BROKER }, { 3, NO_BROKER } };
	struct answer a = { .name = "t", .id = 1, .partitions = 2, .leader = 1, .epoch = 5 };
	struct snapshot *s = begin();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		a.replicas = cases[i].replicas;
		s = hear(s, a);
		assert_int_equal(t_of(s)->partitions[1].sole_replica, cases[i].sole);
		assert_int_equal(t_of(s)->partitions[2].sole_replica, NO_BROKER);
	}
	snapshot_unref(s);
}

/* Who follows in sync, by id: without the leader, and of many the first. */
static void who_is_in_sync_is_known(void **state)
{
	struct answer a = { .name = "t", .id = 1, .partitions = 1, .leader = 5, .epoch = 5 };
	struct snapshot *s = begin();

	(void)state;
	for (int replicas = 0; replicas <= 8; replicas++) {
		const int in_sync = replicas > 1 ? replicas - 1 : replicas;
		const int32_t *known;
		int32_t next = 4;

		a.replicas = replicas;
		s = hear(s, a);
		known = t_of(s)->partitions[0].in_sync;
		for (int i = 0; i < IN_SYNC_MAX; i++, next++) {
			next += next == 5;
			assert_int_equal(known[i], next < 4 + in_sync ? next : NO_BROKER);
		}
	}
	snapshot_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_read),
		cmocka_unit_test(a_new_topic_is_added),
		cmocka_unit_test(what_did_not_change_is_shared),
		cmocka_unit_test(epochs_never_go_backwards),
		cmocka_unit_test(a_broker_that_is_behind_takes_no_partitions_away),
		cmocka_unit_test(another_id_is_another_topic),
		cmocka_unit_test(a_partition_without_a_leader_has_none),
		cmocka_unit_test(an_unknown_topic_is_dropped),
		cmocka_unit_test(other_errors_leave_what_is_known),
		cmocka_unit_test(a_full_answer_keeps_what_it_lists),
		cmocka_unit_test(without_ids_or_epochs_the_newest_wins),
		cmocka_unit_test(a_sole_replica_is_known),
		cmocka_unit_test(who_is_in_sync_is_known),
	};

	return cmocka_run_group_tests(tests, apis_set_up, apis_tear_down);
}

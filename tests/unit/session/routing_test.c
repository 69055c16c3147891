/* Where a request goes, and by which course: the decision can be asked for again and again, says
 * what it needs first, and changes nothing but the items' targets. */
#include "session/routing.h"

#include "session/session.h"
#include "unit/session/words.h"

#include "kafka/errors.h"
#include "route/targets.h"

#include <stddef.h>

static struct scene s;

static void begin(void)
{
	static const int32_t leaders[] = { 0, 1, 2, 1 };

	scene_init(&s);
	scene_topic(&s, "orders", leaders, 4);
	scene_coordinator(&s, COORDINATOR_GROUP, "g", 1);
	scene_connect(&s);
	scene_be_still(&s);
}

static struct client *client(void)
{
	return scene_client(&s, 0);
}

/* As reading.c leaves a request before it is routed: the first n bytes are there and walked. */
static struct request *request_of(size_t n, const char *text)
{
	struct client *c = client();
	struct request_head head;
	struct request *r;
	struct walk_event e;
	enum walk_result got = WALK_MORE;

	scene_come(&s, 0, client_begins(&s, 0, n, text));
	conn_reserve(&c->conn, 64 * 1024);
	conn_look_again(&c->conn);
	assert_true(conn_fill(&c->conn, UINT32_MAX) > 0);
	assert_int_equal(head_read(conn_data(&c->conn), conn_len(&c->conn), INT32_MAX, &head),
			 HEAD_OK);
	r = request_new(c, &head);
	inbound_route(c, r);
	if (!routing_needs_walk(r))
		return r;
	walk_init(&r->walk, api_plan(head.api, head.version, REQUEST),
		  request_frame_size(r) - head.body_at);
	walk_input(&r->walk, conn_data(&c->conn) + head.body_at, conn_len(&c->conn) - head.body_at);
	while ((got = walk_next(&r->walk, &e)) == WALK_EVENT)
		layout_event(&r->layout, &e);
	r->layout.done = r->layout.all_seen = r->layout.all_seen || got == WALK_DONE;
	return r;
}

/* Decides twice: the client and the request are as before, and so is the decision. */
static enum course_need decide(struct request *r, struct sending *to)
{
	static uint8_t bytes[64 * 1024];
	struct client *c = client(), before = *c;
	struct request was = *r;
	struct sending again;
	uint32_t len = conn_len(&c->conn);
	enum course_need need;

	memcpy(bytes, conn_data(&c->conn), len);
	need = routing_decide(c, r, to);
	assert_int_equal(routing_decide(c, r, &again), need);
	assert_ptr_equal(again.course, to->course);
	assert_int_equal(again.count, to->count);
	assert_int_equal(again.code, to->code);
	assert_int_equal(again.session, to->session);
	assert_int_equal(again.edits.count, to->edits.count);
	if (to->count > 1)
		assert_memory_equal(again.brokers, to->brokers, to->count * sizeof *to->brokers);
	assert_memory_equal(&before, c, sizeof before);
	assert_memory_equal(&was, r, offsetof(struct request, watch));
	assert_memory_equal(bytes, conn_data(&c->conn), len);
	return need;
}

static void assert_goes(struct request *r, const struct course *course, uint32_t count,
			const int32_t *brokers)
{
	struct sending to;

	assert_int_equal(decide(r, &to), NEED_NOTHING);
	assert_ptr_equal(to.course, course);
	assert_int_equal(to.count, count);
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(to.brokers[i], brokers[i]);
}

#define GOES(r, course, ...)                                                        \
	assert_goes(r, &course, sizeof(int32_t[]){ __VA_ARGS__ } / sizeof(int32_t), \
		    (int32_t[]){ __VA_ARGS__ })

static void end(void)
{
	scene_deinit(&s);
}

/* --- what is needed first --- */

#define PRODUCE(partitions) \
	"Produce 7 id 1\nacks: 1\ntopic_data:\n  - name: \"orders\"\n    partition_data:\n" partitions

static void more_of_the_frame(void **state)
{
	static const struct {
		size_t n;
		enum course_need need;
	} cuts[] = {
		{ 16, NEED_MORE },     { 38, NEED_MORE },     { 45, NEED_MORE }, /* no records */
		{ 46, NEED_MORE },     { 102, NEED_MORE },			 /* no sequence */
		{ 103, NEED_NOTHING }, { 146, NEED_NOTHING },
	};
	struct sending to;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
		begin();
		assert_int_equal(
			decide(request_of(cuts[i].n, PRODUCE("      - index: 2\n"
							     "        records: 100 bytes\n")),
			       &to),
			cuts[i].need);
		end();
	}
}

/* What is split must be there whole. */
static void the_whole_frame(void **state)
{
	static const char split[] = PRODUCE("      - index: 2\n"
					    "        records: 100 bytes\n"
					    "      - index: 1\n"
					    "        records: 100 bytes\n");
	struct sending to;

	(void)state;
	begin();
	assert_int_equal(decide(request_of(230, split), &to), NEED_WHOLE);
	end();
	begin();
	GOES(request_of(SIZE_MAX, split), course_merged, 2, 1);
	end();
}

/* A Fetch may be changed on its way. */
static void a_fetch_is_held_whole(void **state)
{
	static const char fetch[] = "Fetch 11 id 1\nmax_wait_ms: 500\ntopics:\n"
				    "  - topic: \"orders\"\n    partitions:\n"
				    "      - partition: 2\nrack_id: \"b\"\n";
	struct sending to;

	(void)state;
	begin();
	assert_int_equal(decide(request_of(60, fetch), &to), NEED_MORE);
	end();
	begin();
	GOES(request_of(SIZE_MAX, fetch), course_through, 2);
	end();
}

static void an_unknown_topic(void **state)
{
	struct sending to;
	struct request *r;

	(void)state;
	begin();
	r = request_of(SIZE_MAX, "ListOffsets 5 id 1\ntopics:\n"
				 "  - name: \"orders\"\n    partitions:\n"
				 "      - partition_index: 0\n"
				 "      - partition_index: 7\n"
				 "  - name: \"new\"\n    partitions:\n"
				 "      - partition_index: 0\n"
				 "      - partition_index: 1\n");
	assert_int_equal(decide(r, &to), NEED_TOPICS);
	r->was_asked = true; /* once: then any broker says what is wrong */
	assert_int_equal(decide(r, &to), NEED_NOTHING);
	assert_ptr_equal(to.course, to.count > 1 ? &course_merged : &course_through);
	assert_int_equal(to.brokers[0], 0);
	r->was_asked = false;
	scene_topic(&s, "new", (int32_t[]){ 2, 2 }, 2);
	assert_int_equal(decide(r, &to), NEED_TOPICS); /* partition 7 */
	scene_topic(&s, "orders", (int32_t[]){ 0, 0, 0, 0, 0, 0, 0, 2 }, 8);
	GOES(r, course_merged, 0, 2);
	end();
}

/* All that are unknown are asked for at once, each once. */
static void what_is_asked_of_the_topology(void **state)
{
	const struct topology_query *q;

	(void)state;
	begin();
	client_says(&s, 0,
		    "ListOffsets 5 id 1\ntopics:\n"
		    "  - name: \"new\"\n    partitions:\n"
		    "      - partition_index: 0\n"
		    "      - partition_index: 1\n"
		    "  - name: \"orders\"\n    partitions:\n"
		    "      - partition_index: 0\n"
		    "  - name: \"other\"\n    partitions:\n"
		    "      - partition_index: 0\n");
	scene_until(&s, scene_question(&s) != NULL);
	q = scene_question(&s);
	assert_int_equal(q->names.count, 2);
	assert_memory_equal(q->names.all[0].bytes, "new", 3);
	assert_memory_equal(q->names.all[1].bytes, "other", 5);
	scene_topology_answers(&s); /* it knows no more: any broker writes the error */
	scene_until(&s, client()->in.state == IN_HEAD);
	assert_null(scene_question(&s));
	assert_true(client()->out.first->was_asked);
	end();
}

static void an_unknown_coordinator(void **state)
{
	const struct topology_query *q;
	struct request *r;
	struct sending to;

	(void)state;
	begin();
	r = request_of(SIZE_MAX, "Heartbeat 3 id 1\ngroup_id: \"h\"\n");
	assert_int_equal(decide(r, &to), NEED_COORDINATORS);
	scene_coordinator(&s, COORDINATOR_GROUP, "h", 2);
	GOES(r, course_through, 2);
	end();
	begin();
	client_says(&s, 0, "DescribeGroups 5 id 1\ngroups: [ \"h\", \"g\", \"i\" ]\n");
	scene_until(&s, scene_question(&s) != NULL);
	q = scene_question(&s);
	assert_int_equal(q->key_count, 2);
	assert_int_equal(q->type, COORDINATOR_GROUP);
	assert_memory_equal(q->keys[0].bytes, "h", 1);
	assert_memory_equal(q->keys[1].bytes, "i", 1);
	scene_coordinator(&s, COORDINATOR_GROUP, "h", 2);
	scene_topology_answers(&s);
	scene_until(&s, client()->in.state == IN_HEAD);
	assert_null(scene_question(&s));
	end();
}

/* --- courses --- */

static void each_kind_of_request_has_its_course(void **state)
{
	struct sending to;

	(void)state;
	begin();
	GOES(request_of(SIZE_MAX, PRODUCE("      - index: 3\n")), course_through, 1);
	end();
	begin();
	GOES(request_of(SIZE_MAX, "Heartbeat 3 id 1\ngroup_id: \"g\"\n"), course_through, 1);
	end();
	begin();
	GOES(request_of(SIZE_MAX, "ListGroups 4 id 1\n"), course_merged, 0, 1, 2);
	end();
	begin();
	GOES(request_of(SIZE_MAX, "Fetch 11 id 1\nmax_wait_ms: 500\ntopics:\n"
				  "  - topic: \"orders\"\n    partitions:\n"
				  "      - partition: 2\n"
				  "      - partition: 0\n"),
	     course_polled, 2, 0);
	end();
	begin();
	GOES(request_of(SIZE_MAX, "DescribeCluster 0 id 1\n"), course_rewritten, 0);
	end();
	begin();
	GOES(request_of(SIZE_MAX, "Metadata 9 id 1\n"), course_joint, 0);
	end();
	begin();
	assert_int_equal(decide(request_of(SIZE_MAX, "ApiVersions 3 id 1\n"), &to), NEED_NOTHING);
	assert_ptr_equal(to.course, &course_here);
	end();
}

/* Who asks a broker what it has itself gets that; where two are dialled as one, what both have. */
static void who_is_dialled_is_asked_alone(void **state)
{
	static const char groups[] = "ListGroups 4 id 1\n",
			  transactions[] = "ListTransactions 0 id 1\n",
			  producers[] = "DescribeProducers 0 id 1\ntopics:\n  - name: \"orders\"\n"
					"    partition_indexes: [ 1, 2, 9 ]\n";
	struct sending to;

	(void)state;
	begin();
	client()->came.hint = hint_of_client(2);
	GOES(request_of(SIZE_MAX, groups), course_merged, 2);
	end();
	begin();
	client()->came.hint = hint_of_client(2);
	GOES(request_of(SIZE_MAX, transactions), course_merged, 2);
	end();
	begin();
	client()->came.hint = hint_of_client(2);
	GOES(request_of(SIZE_MAX, producers), course_through, 2);
	end();
	begin();
	client()->came.hint = hint_of_client(2);
	s.w->entrances[0].advertising.port_count = 2; /* broker 2 has none */
	GOES(request_of(SIZE_MAX, groups), course_merged, 0, 1, 2);
	end();
	begin();
	client()->came.hint = hint_of_client(0);
	s.w->entrances[0].advertising.port_count = 2;
	GOES(request_of(SIZE_MAX, groups), course_merged, 0, 2);
	end();
	begin();
	assert_int_equal(decide(request_of(SIZE_MAX, producers), &to), NEED_TOPICS);
	end();
}

/* The nodes' own group is refused wherever it stands: a transaction's coordinator is not asked before
 * it is known what group the offsets are of. */
static void a_group_beside_the_key_is_looked_at(void **state)
{
	static char own[] = "nodes";
	struct sending to;
	struct request *r;

	(void)state;
	begin();
	s.config.group_id = own;
	reserved_init(&s.w->reserved, &s.config);
	scene_coordinator(&s, COORDINATOR_TXN, "t", 2);
	r = request_of(SIZE_MAX, "AddOffsetsToTxn 0 id 1\ntransactional_id: \"t\"\n"
				 "group_id: \"nodes\"\n");
	assert_int_equal(decide(r, &to), NEED_NOTHING);
	assert_ptr_equal(to.course, &course_here);
	assert_int_equal(to.code, ERROR_GROUP_AUTHORIZATION_FAILED);
	end();
	begin();
	s.config.group_id = own;
	reserved_init(&s.w->reserved, &s.config);
	scene_coordinator(&s, COORDINATOR_TXN, "t", 2);
	GOES(request_of(SIZE_MAX, "AddOffsetsToTxn 0 id 1\ntransactional_id: \"t\"\n"
				  "group_id: \"g\"\n"),
	     course_through, 2);
	end();
	begin();
	r = request_of(26, "AddOffsetsToTxn 0 id 1\ntransactional_id: \"t\"\n"
			   "group_id: \"nodes\"\n");
	assert_int_equal(decide(r, &to), NEED_MORE);
	end();
}

/* A broker's own settings are at that broker; those of topics are anywhere. */
static void settings_go_where_they_are_known(void **state)
{
	struct sending to;

	(void)state;
	begin();
	GOES(request_of(SIZE_MAX, "DescribeConfigs 4 id 1\nresources:\n"
				  "  - resource_type: 4\n    resource_name: \"2\"\n"),
	     course_through, 2);
	end();
	begin();
	assert_int_equal(
		decide(request_of(SIZE_MAX, "DescribeConfigs 4 id 1\nresources:\n"
					    "  - resource_type: 4\n    resource_name: \"2\"\n"
					    "  - resource_type: 4\n    resource_name: \"1\"\n"),
		       &to),
		NEED_NOTHING);
	assert_ptr_equal(to.course, &course_merged);
	end();
}

#define MOVE(partitions)                                                                               \
	"AlterReplicaLogDirs 2 id 1\ndirs:\n  - path: \"/b\"\n    topics:\n      - name: \"orders\"\n" \
	"        partitions: [ " partitions " ]\n"

/* Replicas are moved where they are: one that several brokers have is no one's to move, unless the
 * client has dialled one of them; whether it may know that says a broker. */
static void replicas_are_moved_where_they_are(void **state)
{
	struct sending to;

	(void)state;
	for (int by = HINT_NONE; by <= HINT_CLIENT; by += HINT_CLIENT - HINT_NONE) {
		struct partition *partitions;

		begin();
		s.config.listener.min_broker_id = 0;
		s.w->entrances[0].advertising.port_count = SCENE_BROKERS;
		client()->came.hint = (struct hint){ 2, (enum hint_by)by };
		partitions = snapshot_topic(s.snapshot, (const uint8_t *)"orders", 6)->partitions;
		partitions[1].sole_replica = 0;
		if (by == HINT_CLIENT) {
			GOES(request_of(SIZE_MAX, MOVE("0, 1")), course_through, 2);
		} else {
			assert_int_equal(decide(request_of(SIZE_MAX, MOVE("0, 1")), &to),
					 NEED_NOTHING);
			assert_ptr_equal(to.course, &course_merged);
			assert_int_equal(to.count, 2);
			assert_int_equal(to.brokers[0], TARGET_VETTED);
			assert_int_equal(to.brokers[1], 0);
		}
		end();
	}
	begin();
	assert_int_equal(decide(request_of(SIZE_MAX, MOVE("0, 1")), &to), NEED_NOTHING);
	assert_ptr_equal(to.course, &course_merged);
	assert_int_equal(to.count, 1);
	assert_int_equal(to.brokers[0], TARGET_VETTED);
	end();
}

/* The nodes' own topic without a partition of it: there is nothing to refuse. */
static void nothing_of_the_nodes_topic(void **state)
{
	struct sending to;

	(void)state;
	begin();
	s.w->reserved = (struct reserved){ "nodes", 5, 7, "__nodes" };
	assert_int_equal(decide(request_of(SIZE_MAX, "ListOffsets 4 id 1\ntopics:\n"
						     "  - name: \"__nodes\"\n"),
				&to),
			 NEED_NOTHING);
	assert_ptr_equal(to.course, &course_through);
	assert_int_equal(to.refused, 0);
	end();
}

/* A request about nothing is for any broker. */
static void about_nothing(void **state)
{
	struct sending to;

	(void)state;
	begin();
	assert_int_equal(decide(request_of(SIZE_MAX, "Produce 7 id 1\nacks: 1\n"), &to),
			 NEED_NOTHING);
	assert_int_equal(to.count, 1);
	assert_ptr_equal(to.course, &course_through);
	end();
}

/* --- fetch sessions, racks, brokers --- */

static void a_fetch_session_is_unknown(void **state)
{
	struct sending to;

	(void)state;
	begin();
	assert_int_equal(decide(request_of(SIZE_MAX, "Fetch 11 id 1\nsession_id: 7\n"
						     "session_epoch: 1\n"),
				&to),
			 NEED_NOTHING);
	assert_ptr_equal(to.course, &course_here);
	assert_int_equal(to.code, ERROR_FETCH_SESSION_ID_NOT_FOUND);
	end();
	begin();
	client_says(&s, 0, "Fetch 11 id 1\nsession_id: 7\nsession_epoch: 1\n");
	assert_client_gets(&s, 0, "error_code: 70");
	end();
}

/* A client can't follow where a broker would send it. */
static void a_fetch_is_told_to_brokers_without_rack(void **state)
{
	char *text;
	int by;

	(void)state;
	begin();
	client_says(&s, 0,
		    "Fetch 11 id 1\nmax_wait_ms: 500\nsession_id: 0\nsession_epoch: 0\n"
		    "topics:\n  - topic: \"orders\"\n    partitions:\n"
		    "      - partition: 2\nrack_id: \"b\"\n");
	text = broker_gets(&s, 2, &by);
	assert_non_null(strstr(text, "rack_id: \"\"\n"));
	free(text);
	end();
}

static void a_brokers_fetch_ends_the_client(void **state)
{
	struct sending to;

	(void)state;
	begin();
	assert_int_equal(decide(request_of(SIZE_MAX, "Fetch 11 id 1\nreplica_id: 1\n"), &to),
			 NEED_END);
	assert_true(to.is_malformed);
	assert_non_null(to.closes);
	end();
}

/* A broker remembers what a client has subscribed to: the next goes there too, while it is there. */
static void telemetry_stays_at_one_broker(void **state)
{
	static const char push[] = "PushTelemetry 0 id 1\nsubscription_id: 7\n";
	struct sending to;

	(void)state;
	for (int32_t broker = 0; broker < SCENE_BROKERS; broker++) {
		begin();
		client()->at_one = broker;
		GOES(request_of(SIZE_MAX, push), course_through, broker);
		end();
	}
	begin();
	client()->at_one = 77; /* is gone */
	assert_int_equal(decide(request_of(SIZE_MAX, push), &to), NEED_NOTHING);
	assert_in_range(to.brokers[0], 0, SCENE_BROKERS - 1);
	end();
}

static void the_broker_that_remembers_is_noted(void **state)
{
	struct request *r;
	struct sending to;

	(void)state;
	begin();
	assert_int_equal(client()->at_one, NO_BROKER);
	r = request_of(SIZE_MAX, "GetTelemetrySubscriptions 0 id 1\n");
	assert_int_equal(routing_decide(client(), r, &to), NEED_NOTHING);
	routing_commit(client(), r, &to);
	assert_int_equal(client()->at_one, to.brokers[0]);
	end();
}

static void without_brokers_the_client_is_closed(void **state)
{
	struct sending to;
	struct request *r;

	(void)state;
	begin();
	r = request_of(SIZE_MAX, "Metadata 9 id 1\n");
	s.snapshot->broker_count = 0;
	assert_int_equal(decide(r, &to), NEED_CLOSE);
	s.snapshot->broker_count = SCENE_BROKERS;
	end();
}

/* --- order --- */

/* While an earlier Produce of the partition is unanswered the next one follows it, wherever the
 * leader is now. */
static void produces_keep_their_order(void **state)
{
	static const char produce[] = PRODUCE("      - index: 1\n        records: 10 bytes\n");

	(void)state;
	begin();
	client_says(&s, 0, produce);
	broker_takes(&s, 1);
	scene_topic(&s, "orders", (int32_t[]){ 0, 2, 2, 2 }, 4); /* all have moved to 2 */
	client_says(&s, 0, produce);
	broker_takes(&s, 1);
	client_says(&s, 0, PRODUCE("      - index: 3\n        records: 10 bytes\n"));
	broker_takes(&s, 2);
	broker_answers(&s, 1, "");
	broker_answers(&s, 1, "");
	broker_answers(&s, 2, "");
	for (int i = 0; i < 3; i++)
		free(client_gets(&s, 0));
	client_says(&s, 0, produce); /* nothing of it is under way any more */
	broker_takes(&s, 2);
	end();
}

/* What is asked only reads: the next one goes where the leader is. */
static void others_need_no_order(void **state)
{
	static const char list[] = "ListOffsets 5 id 1\ntopics:\n  - name: \"orders\"\n"
				   "    partitions:\n      - partition_index: 1\n";

	(void)state;
	begin();
	client_says(&s, 0, list);
	broker_takes(&s, 1);
	scene_topic(&s, "orders", (int32_t[]){ 0, 2, 2, 2 }, 4);
	client_says(&s, 0, list);
	broker_takes(&s, 2);
	end();
}

/* --- notices --- */

static void a_newer_epoch_is_noticed(void **state)
{
	static const char fetch[] = "Fetch 11 id 1\nmax_wait_ms: 500\ntopics:\n"
				    "  - topic: \"orders\"\n    partitions:\n"
				    "      - partition: 2\n        current_leader_epoch: %d\n";
	char *text;

	(void)state;
	for (int epoch = 5; epoch <= 6; epoch++) { /* the snapshot's is 5 */
		begin();
		text = mem_printf(fetch, epoch);
		client_says(&s, 0, text);
		broker_takes(&s, 2);
		assert_int_equal(scene_noticed_topic(&s, "orders"), epoch > 5);
		free(text);
		end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(more_of_the_frame),
		cmocka_unit_test(the_whole_frame),
		cmocka_unit_test(a_fetch_is_held_whole),
		cmocka_unit_test(an_unknown_topic),
		cmocka_unit_test(what_is_asked_of_the_topology),
		cmocka_unit_test(an_unknown_coordinator),
		cmocka_unit_test(each_kind_of_request_has_its_course),
		cmocka_unit_test(a_group_beside_the_key_is_looked_at),
		cmocka_unit_test(settings_go_where_they_are_known),
		cmocka_unit_test(replicas_are_moved_where_they_are),
		cmocka_unit_test(nothing_of_the_nodes_topic),
		cmocka_unit_test(about_nothing),
		cmocka_unit_test(a_fetch_session_is_unknown),
		cmocka_unit_test(a_fetch_is_told_to_brokers_without_rack),
		cmocka_unit_test(a_brokers_fetch_ends_the_client),
		cmocka_unit_test(telemetry_stays_at_one_broker),
		cmocka_unit_test(the_broker_that_remembers_is_noted),
		cmocka_unit_test(without_brokers_the_client_is_closed),
		cmocka_unit_test(produces_keep_their_order),
		cmocka_unit_test(others_need_no_order),
		cmocka_unit_test(who_is_dialled_is_asked_alone),
		cmocka_unit_test(a_newer_epoch_is_noticed),
	};

	return cmocka_run_group_tests_name("routing", tests, scene_setup, scene_teardown);
}

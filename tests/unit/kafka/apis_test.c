#include "kafka/api.h"
#include "unit/apis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Kafka's APIs as Kafka 3.9 and 4.4 have them together; flexible -1 is never.
 * One range is shorter on purpose: AddPartitionsToTxn's (clients stop at 3). */
static const struct {
	int key;
	const char *name;
	int min, max, flexible;
	enum kroute route;
} known[] = {
	{ 0, "Produce", 0, 13, 9, TO_LEADER },
	{ 1, "Fetch", 0, 18, 12, TO_LEADER },
	{ 2, "ListOffsets", 0, 11, 6, TO_LEADER },
	{ 3, "Metadata", 0, 13, 9, TO_ANY },
	{ 4, "LeaderAndIsr", 0, 7, 4, NOT_FOR_CLIENTS },
	{ 5, "StopReplica", 0, 4, 2, NOT_FOR_CLIENTS },
	{ 6, "UpdateMetadata", 0, 8, 6, NOT_FOR_CLIENTS },
	{ 7, "ControlledShutdown", 0, 3, 3, NOT_FOR_CLIENTS },
	{ 8, "OffsetCommit", 0, 10, 8, TO_GROUP },
	{ 9, "OffsetFetch", 0, 10, 6, TO_GROUP },
	{ 10, "FindCoordinator", 0, 6, 3, TO_ANY },
	{ 11, "JoinGroup", 0, 9, 6, TO_GROUP },
	{ 12, "Heartbeat", 0, 4, 4, TO_GROUP },
	{ 13, "LeaveGroup", 0, 5, 4, TO_GROUP },
	{ 14, "SyncGroup", 0, 5, 4, TO_GROUP },
	{ 15, "DescribeGroups", 0, 6, 5, TO_GROUP },
	{ 16, "ListGroups", 0, 5, 3, TO_ALL },
	{ 17, "SaslHandshake", 0, 1, -1, TO_ANY },
	{ 18, "ApiVersions", 0, 5, 3, HERE },
	{ 19, "CreateTopics", 0, 7, 5, TO_CONTROLLER },
	{ 20, "DeleteTopics", 0, 6, 4, TO_CONTROLLER },
	{ 21, "DeleteRecords", 0, 2, 2, TO_LEADER },
	{ 22, "InitProducerId", 0, 5, 2, TO_TXN },
	{ 23, "OffsetForLeaderEpoch", 0, 4, 4, TO_LEADER },
	{ 24, "AddPartitionsToTxn", 0, 3, 3, TO_TXN },
	{ 25, "AddOffsetsToTxn", 0, 4, 3, TO_TXN },
	{ 26, "EndTxn", 0, 5, 3, TO_TXN },
	{ 27, "WriteTxnMarkers", 0, 2, 1, TO_LEADER },
	{ 28, "TxnOffsetCommit", 0, 6, 3, TO_GROUP },
	{ 29, "DescribeAcls", 0, 3, 2, TO_ANY },
	{ 30, "CreateAcls", 0, 3, 2, TO_CONTROLLER },
	{ 31, "DeleteAcls", 0, 3, 2, TO_CONTROLLER },
	{ 32, "DescribeConfigs", 0, 4, 4, TO_RESOURCE },
	{ 33, "AlterConfigs", 0, 2, 2, TO_RESOURCE },
	{ 34, "AlterReplicaLogDirs", 0, 2, 2, TO_REPLICA },
	{ 35, "DescribeLogDirs", 0, 5, 2, TO_ALL },
	{ 36, "SaslAuthenticate", 0, 2, 2, TO_ANY },
	{ 37, "CreatePartitions", 0, 3, 2, TO_CONTROLLER },
	{ 38, "CreateDelegationToken", 0, 3, 2, TO_LOGIN },
	{ 39, "RenewDelegationToken", 0, 2, 2, TO_LOGIN },
	{ 40, "ExpireDelegationToken", 0, 2, 2, TO_LOGIN },
	{ 41, "DescribeDelegationToken", 0, 3, 2, TO_LOGIN },
	{ 42, "DeleteGroups", 0, 3, 2, TO_GROUP },
	{ 43, "ElectLeaders", 0, 2, 2, TO_CONTROLLER },
	{ 44, "IncrementalAlterConfigs", 0, 1, 1, TO_RESOURCE },
	{ 45, "AlterPartitionReassignments", 0, 1, 0, TO_CONTROLLER },
	{ 46, "ListPartitionReassignments", 0, 0, 0, TO_CONTROLLER },
	{ 47, "OffsetDelete", 0, 0, -1, TO_GROUP },
	{ 48, "DescribeClientQuotas", 0, 1, 1, TO_ANY },
	{ 49, "AlterClientQuotas", 0, 1, 1, TO_CONTROLLER },
	{ 50, "DescribeUserScramCredentials", 0, 0, 0, TO_ANY },
	{ 51, "AlterUserScramCredentials", 0, 0, 0, TO_CONTROLLER },
	{ 52, "Vote", 0, 2, 0, NOT_FOR_CLIENTS },
	{ 53, "BeginQuorumEpoch", 0, 1, 1, NOT_FOR_CLIENTS },
	{ 54, "EndQuorumEpoch", 0, 1, 1, NOT_FOR_CLIENTS },
	{ 55, "DescribeQuorum", 0, 2, 0, TO_CONTROLLER },
	{ 56, "AlterPartition", 0, 3, 0, NOT_FOR_CLIENTS },
	{ 57, "UpdateFeatures", 0, 2, 0, TO_CONTROLLER },
	{ 58, "Envelope", 0, 0, 0, NOT_FOR_CLIENTS },
	{ 59, "FetchSnapshot", 0, 1, 0, NOT_FOR_CLIENTS },
	{ 60, "DescribeCluster", 0, 2, 0, TO_ANY },
	{ 61, "DescribeProducers", 0, 0, 0, TO_LEADER },
	{ 62, "BrokerRegistration", 0, 4, 0, NOT_FOR_CLIENTS },
	{ 63, "BrokerHeartbeat", 0, 2, 0, NOT_FOR_CLIENTS },
	{ 64, "UnregisterBroker", 0, 0, 0, TO_CONTROLLER },
	{ 65, "DescribeTransactions", 0, 0, 0, TO_TXN },
	{ 66, "ListTransactions", 0, 2, 0, TO_ALL },
	{ 67, "AllocateProducerIds", 0, 0, 0, NOT_FOR_CLIENTS },
	{ 68, "ConsumerGroupHeartbeat", 0, 1, 0, TO_GROUP },
	{ 69, "ConsumerGroupDescribe", 0, 1, 0, TO_GROUP },
	{ 70, "ControllerRegistration", 0, 0, 0, NOT_FOR_CLIENTS },
	{ 71, "GetTelemetrySubscriptions", 0, 0, 0, TO_ANY },
	{ 72, "PushTelemetry", 0, 0, 0, TO_ANY },
	{ 73, "AssignReplicasToDirs", 0, 0, 0, NOT_FOR_CLIENTS },
	{ 74, "ListConfigResources", 0, 1, 0, TO_ANY },
	{ 75, "DescribeTopicPartitions", 0, 0, 0, TO_ANY },
	{ 76, "ShareGroupHeartbeat", 1, 1, 0, TO_GROUP },
	{ 77, "ShareGroupDescribe", 1, 1, 0, TO_GROUP },
	{ 78, "ShareFetch", 1, 2, 0, TO_LEADER },
	{ 79, "ShareAcknowledge", 1, 2, 0, TO_LEADER },
	{ 80, "AddRaftVoter", 0, 1, 0, TO_CONTROLLER },
	{ 81, "RemoveRaftVoter", 0, 0, 0, TO_CONTROLLER },
	{ 82, "UpdateRaftVoter", 0, 0, 0, NOT_FOR_CLIENTS },
	{ 83, "InitializeShareGroupState", 0, 0, 0, NOT_FOR_CLIENTS },
	{ 84, "ReadShareGroupState", 0, 0, 0, NOT_FOR_CLIENTS },
	{ 85, "WriteShareGroupState", 0, 1, 0, NOT_FOR_CLIENTS },
	{ 86, "DeleteShareGroupState", 0, 0, 0, NOT_FOR_CLIENTS },
	{ 87, "ReadShareGroupStateSummary", 0, 1, 0, NOT_FOR_CLIENTS },
	{ 88, "StreamsGroupHeartbeat", 0, 1, 0, TO_GROUP },
	{ 89, "StreamsGroupDescribe", 0, 1, 0, TO_GROUP },
	{ 90, "DescribeShareGroupOffsets", 0, 1, 0, TO_GROUP },
	{ 91, "AlterShareGroupOffsets", 0, 0, 0, TO_GROUP },
	{ 92, "DeleteShareGroupOffsets", 0, 0, 0, TO_GROUP },
	{ 93, "StreamsGroupTopologyDescriptionUpdate", 0, 0, 0, TO_GROUP },
	{ 94, "UnregisterController", 0, 0, 0, TO_CONTROLLER },
};

static void every_key_is_known_once_and_as_kafka_has_it(void **state)
{
	size_t n;
	const struct kapi *const *all = apis_all(&n);

	(void)state;
	assert_int_equal(n, ARRAY_LEN(known));
	for (size_t i = 0; i < n; i++) {
		const struct kapi *api = api_of(known[i].key);
		struct kversions flexible, v;

		assert_non_null(api);
		assert_ptr_equal(api, all[i]);
		assert_int_equal(api->key, known[i].key);
		assert_string_equal(api->name, known[i].name);
		v = api_versions(api);
		assert_int_equal(v.min, known[i].min);
		assert_int_equal(v.max, known[i].max);
		assert_true(kversions_parse(api->flexible, &flexible));
		assert_int_equal(flexible.max < 0 ? -1 : flexible.min, known[i].flexible);
		assert_int_equal(api->route, known[i].route);
	}
}

static void unknown_keys_are_nothing(void **state)
{
	(void)state;
	assert_null(api_of(-1));
	assert_null(api_of(95));
	assert_null(api_of(127));
	assert_null(api_of(128));
	assert_null(api_of(32767));
}

static void plans_exist_for_the_versions_served(void **state)
{
	const struct kapi *fetch = api_of(1);

	(void)state;
	assert_non_null(api_plan(fetch, 0, REQUEST));
	assert_non_null(api_plan(fetch, 18, RESPONSE));
	assert_null(api_plan(fetch, 19, REQUEST));
	assert_null(api_plan(fetch, -1, REQUEST));
	assert_null(api_plan(api_of(52), 2, REQUEST)); /* Vote has no rows */
}

static void headers_follow_the_flexible_versions(void **state)
{
	(void)state;
	assert_false(api_answer_has_tags(api_of(1), 11));
	assert_true(api_answer_has_tags(api_of(1), 12));
	assert_true(api_is_flexible(api_of(18), 3));
	assert_false(api_answer_has_tags(api_of(18), 3)); /* never */
	assert_false(api_is_flexible(api_of(47), 0));
	assert_false(api_answer_has_tags(api_of(17), 1));
}

static void only_these_bind_a_connection(void **state)
{
	static const struct {
		int key;
		enum kbinds binds;
	} bound[] = {
		{ 0, BINDS_IF_TRANSACTIONAL }, { 24, BINDS_TRANSACTION }, { 25, BINDS_TRANSACTION },
		{ 26, ENDS_TRANSACTION },      { 28, BINDS_TRANSACTION }, { 78, BINDS_CONNECTION },
		{ 79, BINDS_CONNECTION },
	};
	size_t n, found = 0;
	const struct kapi *const *all = apis_all(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		found += all[i]->binds != BINDS_NOTHING;
	assert_int_equal(found, ARRAY_LEN(bound));
	for (size_t i = 0; i < ARRAY_LEN(bound); i++)
		assert_int_equal(api_of(bound[i].key)->binds, bound[i].binds);
}

/* What is asked of the broker that is dialled. */
static void only_these_go_by_what_was_dialled(void **state)
{
	static const int keys[] = {
		KEY_LIST_GROUPS,       KEY_LIST_TRANSACTIONS,		KEY_DESCRIBE_PRODUCERS,
		KEY_DESCRIBE_LOG_DIRS, KEY_ALTER_REPLICA_LOG_DIRS,	KEY_DESCRIBE_CONFIGS,
		KEY_ALTER_CONFIGS,     KEY_INCREMENTAL_ALTER_CONFIGS,	KEY_DESCRIBE_QUORUM,
		KEY_UPDATE_FEATURES,   KEY_GET_TELEMETRY_SUBSCRIPTIONS, KEY_PUSH_TELEMETRY,
		KEY_SHARE_FETCH,       KEY_SHARE_ACKNOWLEDGE,
	};
	size_t n, found = 0;
	const struct kapi *const *all = apis_all(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		found += all[i]->by_dialled;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		assert_true(api_of(keys[i])->by_dialled);
	assert_int_equal(found, ARRAY_LEN(keys));
}

static bool has_kind(const struct kfield *rows, enum kis is)
{
	int depth = 0;

	for (const struct kfield *r = rows; r != NULL && (r->type != END || depth > 0); r++) {
		if (r->type == END)
			depth--;
		else if (r->is == is || r->each == is)
			return true;
		if (r->type == STRUCT || (r->type == ARRAY && r->of == STRUCT))
			depth++;
	}
	return false;
}

/* What a route or a merge reads must be marked in the rows. */
static void rows_have_what_their_route_and_merge_need(void **state)
{
	size_t n;
	const struct kapi *const *all = apis_all(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		const struct kapi *a = all[i];

		if (a->route == TO_LEADER) {
			assert_true(has_kind(a->request, TOPICS));
			assert_true(has_kind(a->request, PARTITION));
			assert_true(has_kind(a->response, PARTITIONS));
		}
		/* a time of the request's own is read before it leaves; a Produce has it in front */
		if (a->key != KEY_PRODUCE)
			assert_int_equal(a->says_time, has_kind(a->request, TIMEOUT_MS));
		/* an answer that says that its broker throttles is looked at, or read for a merge */
		if (a->route > HERE && a->response != NULL && a->merge != MERGE_CONCAT &&
		    has_kind(a->response, THROTTLE_MS))
			assert_int_not_equal(a->answer, ANSWER_PASS);
		assert_int_equal(a->names_group, has_kind(a->request, NAMED_GROUP));
		if (a->route == TO_GROUP) {
			assert_true(has_kind(a->request, GROUP_ID));
			assert_false(has_kind(a->request, TRANSACTIONAL_ID));
		}
		if (a->route == TO_TXN) {
			assert_true(has_kind(a->request, TRANSACTIONAL_ID));
			assert_false(has_kind(a->request, GROUP_ID));
		}
		if (a->route == TO_RESOURCE)
			assert_true(has_kind(a->request, RESOURCE_NAME));
		if (a->merge == MERGE_KEYS) {
			assert_true(has_kind(a->request, KEYS));
			assert_true(has_kind(a->response, KEYS));
		}
		if (a->merge == MERGE_CONCAT)
			assert_true(has_kind(a->response, KEYS));
		if (a->merge == MERGE_SECTIONS)
			assert_true(has_kind(a->response, SECTIONS) &&
				    has_kind(a->response, SECTION_ID));
		if (a->route == TO_REPLICA)
			assert_true(a->by_dialled && has_kind(a->request, PARTITION));
		if (a->merge == MERGE_PARTITIONS)
			assert_true(has_kind(a->response, PARTITION));
		if (a->lost == LOST_COORDINATOR || a->lost == LOST_NOT_LEADER)
			assert_true(has_kind(a->response, ERROR_CODE));
	}
}

static bool is_message(const struct kfield *row)
{
	return row->type == STRING && strcmp(row->name, "error_message") == 0;
}

/* Brokers write their own addresses into messages of some codes. */
static void messages_of_errors_are_never_passed(void **state)
{
	size_t n, found = 0;
	const struct kapi *const *all = apis_all(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		int depth = 0;

		for (const struct kfield *r = all[i]->response;
		     r != NULL && all[i]->route != HERE && (r->type != END || depth > 0); r++) {
			depth += kfield_has_level(r) - (r->type == END);
			if (!is_message(r))
				continue;
			assert_int_equal(r->is, ERROR_MESSAGE);
			assert_int_not_equal(all[i]->answer, ANSWER_PASS);
			found++;
		}
	}
	assert_true(found > 40);
}

static void only_telemetry_stays_at_one_broker(void **state)
{
	size_t n, found = 0;
	const struct kapi *const *all = apis_all(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		found += all[i]->at_one;
	assert_int_equal(found, 2);
	assert_true(api_of(KEY_GET_TELEMETRY_SUBSCRIPTIONS)->at_one);
	assert_true(api_of(KEY_PUSH_TELEMETRY)->at_one);
}

/* A tagged field can be blanked where it stands. */
static bool has_tagged(const struct kfield *rows, enum kis is)
{
	for (const struct kfield *r = rows; r != NULL && r->type != END; r = kfield_behind(r)) {
		if (r->is == is && r->tag != 0)
			return true;
	}
	return false;
}

/* No answer with an address may pass unseen. */
static void answers_with_addresses_are_never_passed(void **state)
{
	size_t n;
	const struct kapi *const *all = apis_all(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		bool address = has_kind(all[i]->response, HOST);

		if (address && has_tagged(all[i]->response, NODE_ENDPOINTS))
			assert_int_equal(all[i]->answer, ANSWER_WATCH);
		else if (address)
			assert_int_equal(all[i]->answer, ANSWER_REWRITE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_known_once_and_as_kafka_has_it),
		cmocka_unit_test(unknown_keys_are_nothing),
		cmocka_unit_test(plans_exist_for_the_versions_served),
		cmocka_unit_test(headers_follow_the_flexible_versions),
		cmocka_unit_test(only_these_bind_a_connection),
		cmocka_unit_test(only_these_go_by_what_was_dialled),
		cmocka_unit_test(rows_have_what_their_route_and_merge_need),
		cmocka_unit_test(messages_of_errors_are_never_passed),
		cmocka_unit_test(only_telemetry_stays_at_one_broker),
		cmocka_unit_test(answers_with_addresses_are_never_passed),
	};

	return cmocka_run_group_tests_name("apis", tests, apis_set_up, apis_tear_down);
}

/* DescribeTopicPartitions (75): partitions page by page; node ids but no addresses. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "0+", .is = TOPIC_NAME },
	{   END },
	{ INT32, "response_partition_limit", "0+", .stub = 2000 },
	{ STRUCT, "cursor", "0+", .nullable = "0+", .stub = -1 },
	{   STRING, "topic_name", "0+" },
	{   INT32, "partition_index", "0+" },
	{   END }, { END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{   INT16, "error_code", "0+", .is = ERROR_CODE },
	{   STRING, "name", "0+", .nullable = "0+", .is = TOPIC_NAME },
	{   UUID, "topic_id", "0+", .is = TOPIC_ID },
	{   BOOL, "is_internal", "0+", .is = IS_INTERNAL },
	{   ARRAY, "partitions", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT16, "error_code", "0+", .is = ERROR_CODE },
	{     INT32, "partition_index", "0+", .is = PARTITION },
	{     INT32, "leader_id", "0+", .is = LEADER_ID },
	{     INT32, "leader_epoch", "0+", .is = LEADER_EPOCH, .stub = -1 },
	{     ARRAY, "replica_nodes", "0+", .of = INT32, .is = NODE_IDS },
	{     ARRAY, "isr_nodes", "0+", .of = INT32, .is = NODE_IDS },
	{     ARRAY, "eligible_leader_replicas", "0+", .of = INT32, .nullable = "0+", .is = NODE_IDS, .stub = -1 },
	{     ARRAY, "last_known_elr", "0+", .of = INT32, .nullable = "0+", .is = NODE_IDS, .stub = -1 },
	{     ARRAY, "offline_replicas", "0+", .of = INT32, .is = NODE_IDS },
	{     END },
	{   INT32, "topic_authorized_operations", "0+", .stub = INT32_MIN },
	{   END },
	{ STRUCT, "next_cursor", "0+", .nullable = "0+", .stub = -1 },
	{   STRING, "topic_name", "0+" },
	{   INT32, "partition_index", "0+" },
	{   END }, { END } };

const struct kapi api_describe_topic_partitions = {
	.key = KEY_DESCRIBE_TOPIC_PARTITIONS, .name = "DescribeTopicPartitions", .versions = "0", .flexible = "0+",
	.request = request, .response = response,
	.route = TO_ANY, .answer = ANSWER_WATCH, .lost = LOST_CLOSE };

/* DescribeProducers (61): who writes to a partition, asked of the broker that is dialled, else of its leader. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "0+", .is = TOPIC_NAME },
	{   ARRAY, "partition_indexes", "0+", .of = INT32, .is = PARTITIONS, .each = PARTITION },
	{   END }, { END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "0+", .is = TOPIC_NAME },
	{   ARRAY, "partitions", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT32, "partition_index", "0+", .is = PARTITION },
	{     INT16, "error_code", "0+", .is = ERROR_CODE },
	{     STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE, .stub = -1 },
	{     ARRAY, "active_producers", "0+", .of = STRUCT },
	{       INT64, "producer_id", "0+" },
	{       INT32, "producer_epoch", "0+" },
	{       INT32, "last_sequence", "0+", .stub = -1 },
	{       INT64, "last_timestamp", "0+", .stub = -1 },
	{       INT32, "coordinator_epoch", "0+" },
	{       INT64, "current_txn_start_offset", "0+", .stub = -1 },
	{       END }, { END }, { END }, { END } };

const struct kapi api_describe_producers = {
	.key = KEY_DESCRIBE_PRODUCERS, .name = "DescribeProducers", .versions = "0", .flexible = "0+",
	.request = request, .response = response,
	.route = TO_LEADER, .merge = MERGE_PARTITIONS,
	.answer = ANSWER_WATCH, .lost = LOST_NOT_LEADER, .by_dialled = true };

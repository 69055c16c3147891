/* ListPartitionReassignments (46): any broker forwards it to the controller. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ INT32, "timeout_ms", "0+", .is = TIMEOUT_MS, .stub = 60000 },
	{ ARRAY, "topics", "0+", .of = STRUCT, .nullable = "0+", .is = TOPICS, .stub = -1 },
	{   STRING, "name", "0+", .is = TOPIC_NAME },
	{   ARRAY, "partition_indexes", "0+", .of = INT32, .is = PARTITIONS, .each = PARTITION },
	{   END }, { END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE, .stub = -1 },
	{ ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "0+", .is = TOPIC_NAME },
	{   ARRAY, "partitions", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT32, "partition_index", "0+", .is = PARTITION },
	{     ARRAY, "replicas", "0+", .of = INT32 },
	{     ARRAY, "adding_replicas", "0+", .of = INT32 },
	{     ARRAY, "removing_replicas", "0+", .of = INT32 },
	{     END }, { END }, { END } };

const struct kapi api_list_partition_reassignments = {
	.key = KEY_LIST_PARTITION_REASSIGNMENTS, .name = "ListPartitionReassignments", .versions = "0", .flexible = "0+",
	.request = request, .response = response,
	.route = TO_CONTROLLER, .answer = ANSWER_WATCH, .lost = LOST_CLOSE, .says_time = true };

/* AlterPartitionReassignments (45): any broker forwards it to the controller. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ INT32, "timeout_ms", "0+", .is = TIMEOUT_MS, .stub = 60000 },
	{ BOOL, "allow_replication_factor_change", "1+", .stub = 1 },
	{ ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "0+", .is = TOPIC_NAME },
	{   ARRAY, "partitions", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT32, "partition_index", "0+", .is = PARTITION },
	{     ARRAY, "replicas", "0+", .of = INT32, .nullable = "0+", .stub = -1 },
	{     END }, { END }, { END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ BOOL, "allow_replication_factor_change", "1+", .stub = 1 },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE, .stub = -1 },
	{ ARRAY, "responses", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "0+", .is = TOPIC_NAME },
	{   ARRAY, "partitions", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT32, "partition_index", "0+", .is = PARTITION },
	{     INT16, "error_code", "0+", .is = ERROR_CODE },
	{     STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE, .stub = -1 },
	{     END }, { END }, { END } };

const struct kapi api_alter_partition_reassignments = {
	.key = KEY_ALTER_PARTITION_REASSIGNMENTS, .name = "AlterPartitionReassignments", .versions = "0-1", .flexible = "0+",
	.request = request, .response = response,
	.route = TO_CONTROLLER, .answer = ANSWER_WATCH, .lost = LOST_CLOSE, .says_time = true,
	.is_administrative = true };

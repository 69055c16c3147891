/* ListPartitionReassignments (46): where replicas are moving; node ids but no addresses. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ INT32, "timeout_ms", "0+", .is = TIMEOUT_MS, .stub = 60000 },
	{ ARRAY, "topics", "0+", .of = STRUCT, .nullable = "0+", .stub = -1 },
	{   STRING, "name", "0+" },
	{   ARRAY, "partition_indexes", "0+", .of = INT32 },
	{   END },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ STRING, "error_message", "0+", .nullable = "0+" },
	{ ARRAY, "topics", "0+", .of = STRUCT },
	{   STRING, "name", "0+" },
	{   ARRAY, "partitions", "0+", .of = STRUCT },
	{     INT32, "partition_index", "0+" },
	{     ARRAY, "replicas", "0+", .of = INT32, .is = NODE_IDS },
	{     ARRAY, "adding_replicas", "0+", .of = INT32, .is = NODE_IDS },
	{     ARRAY, "removing_replicas", "0+", .of = INT32, .is = NODE_IDS },
	{     END },
	{   END },
	{ END } };

const struct kapi api_list_partition_reassignments = {
	.key = KEY_LIST_PARTITION_REASSIGNMENTS, .name = "ListPartitionReassignments", .versions = "0", .flexible = "0+",
	.request = request, .response = response,
	.route = TO_CONTROLLER, .answer = ANSWER_WATCH, .lost = LOST_CLOSE, .says_time = true };

/* ElectLeaders (43): any broker forwards it to the controller. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ INT8, "election_type", "1+" },
	{ ARRAY, "topic_partitions", "0+", .of = STRUCT, .nullable = "0+", .is = TOPICS },
	{   STRING, "topic", "0+", .is = TOPIC_NAME },
	{   ARRAY, "partitions", "0+", .of = INT32, .is = PARTITIONS, .each = PARTITION },
	{   END },
	{ INT32, "timeout_ms", "0+", .is = TIMEOUT_MS, .stub = 60000 },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ INT16, "error_code", "1+", .is = ERROR_CODE },
	{ ARRAY, "replica_election_results", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "topic", "0+", .is = TOPIC_NAME },
	{   ARRAY, "partition_result", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT32, "partition_id", "0+", .is = PARTITION },
	{     INT16, "error_code", "0+", .is = ERROR_CODE },
	{     STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE, .stub = -1 },
	{     END }, { END }, { END } };

const struct kapi api_elect_leaders = {
	.key = KEY_ELECT_LEADERS, .name = "ElectLeaders", .versions = "0-2", .flexible = "2+",
	.request = request, .response = response,
	.route = TO_CONTROLLER, .answer = ANSWER_WATCH, .lost = LOST_CLOSE, .says_time = true,
	.is_administrative = true };

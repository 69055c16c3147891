/* ElectLeaders (43): carried out by the controller, to which any broker forwards it. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ INT8, "election_type", "1+" },
	{ ARRAY, "topic_partitions", "0+", .of = STRUCT, .nullable = "0+" },
	{   STRING, "topic", "0+" },
	{   ARRAY, "partitions", "0+", .of = INT32 },
	{   END },
	{ INT32, "timeout_ms", "0+", .is = TIMEOUT_MS, .stub = 60000 },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ INT16, "error_code", "1+", .is = ERROR_CODE },
	{ ARRAY, "replica_election_results", "0+", .of = STRUCT },
	{   STRING, "topic", "0+" },
	{   ARRAY, "partition_result", "0+", .of = STRUCT },
	{     INT32, "partition_id", "0+" },
	{     INT16, "error_code", "0+", .is = ERROR_CODE },
	{     STRING, "error_message", "0+", .nullable = "0+" },
	{     END },
	{   END },
	{ END } };

const struct kapi api_elect_leaders = {
	.key = KEY_ELECT_LEADERS, .name = "ElectLeaders", .versions = "0-2", .flexible = "2+",
	.request = request, .response = response,
	.route = TO_CONTROLLER, .answer = ANSWER_WATCH, .lost = LOST_CLOSE, .says_time = true };

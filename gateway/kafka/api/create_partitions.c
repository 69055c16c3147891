/* CreatePartitions (37): any broker forwards it to the controller. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "0+", .is = TOPIC_NAME },
	{   INT32, "count", "0+" },
	{   ARRAY, "assignments", "0+", .of = STRUCT, .nullable = "0+" },
	{     ARRAY, "broker_ids", "0+", .of = INT32 },
	{     END }, { END },
	{ INT32, "timeout_ms", "0+", .is = TIMEOUT_MS },
	{ BOOL, "validate_only", "0+", .is = VALIDATE_ONLY },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ ARRAY, "results", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "0+", .is = TOPIC_NAME },
	{   INT16, "error_code", "0+", .is = ERROR_CODE },
	{   STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE, .stub = -1 },
	{   END }, { END } };

const struct kapi api_create_partitions = {
	.key = KEY_CREATE_PARTITIONS, .name = "CreatePartitions", .versions = "0-3", .flexible = "2+",
	.request = request, .response = response,
	.route = TO_CONTROLLER, .answer = ANSWER_WATCH, .lost = LOST_CLOSE, .says_time = true,
	.is_administrative = true };

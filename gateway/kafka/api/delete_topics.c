/* DeleteTopics (20): any broker forwards it to the controller. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "topics", "6+", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "6+", .nullable = "6+", .is = TOPIC_NAME, .stub = -1 },
	{   UUID, "topic_id", "6+", .is = TOPIC_ID },
	{   END },
	{ ARRAY, "topic_names", "0-5", .of = STRING, .is = TOPICS, .each = TOPIC_NAME },
	{ INT32, "timeout_ms", "0+", .is = TIMEOUT_MS },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "1+", .is = THROTTLE_MS },
	{ ARRAY, "responses", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "0+", .nullable = "6+", .is = TOPIC_NAME },
	{   UUID, "topic_id", "6+", .is = TOPIC_ID },
	{   INT16, "error_code", "0+", .is = ERROR_CODE },
	{   STRING, "error_message", "5+", .nullable = "5+", .is = ERROR_MESSAGE, .stub = -1 },
	{   END }, { END } };

const struct kapi api_delete_topics = {
	.key = KEY_DELETE_TOPICS, .name = "DeleteTopics", .versions = "0-6", .flexible = "4+",
	.request = request, .response = response,
	.route = TO_CONTROLLER, .answer = ANSWER_WATCH, .lost = LOST_CLOSE, .says_time = true,
	.is_administrative = true };

/* OffsetDelete (47): deletes a group's offsets. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ STRING, "group_id", "0+", .is = GROUP_ID },
	{ ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "0+", .is = TOPIC_NAME },
	{   ARRAY, "partitions", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT32, "partition_index", "0+", .is = PARTITION },
	{     END }, { END }, { END } };

static const struct kfield response[] = {
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "0+", .is = TOPIC_NAME },
	{   ARRAY, "partitions", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT32, "partition_index", "0+", .is = PARTITION },
	{     INT16, "error_code", "0+", .is = ERROR_CODE },
	{     END }, { END }, { END } };

const struct kapi api_offset_delete = {
	.key = KEY_OFFSET_DELETE, .name = "OffsetDelete", .versions = "0", .flexible = "none",
	.request = request, .response = response,
	.route = TO_GROUP, .answer = ANSWER_WATCH, .lost = LOST_COORDINATOR,
	.is_administrative = true };

/* DeleteRecords (21): deletes the oldest records, at each partition's leader. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "0+", .is = TOPIC_NAME },
	{   ARRAY, "partitions", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT32, "partition_index", "0+", .is = PARTITION },
	{     INT64, "offset", "0+" },
	{     END }, { END },
	{ INT32, "timeout_ms", "0+", .is = TIMEOUT_MS },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "0+", .is = TOPIC_NAME },
	{   ARRAY, "partitions", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT32, "partition_index", "0+", .is = PARTITION },
	{     INT64, "low_watermark", "0+", .stub = -1 },
	{     INT16, "error_code", "0+", .is = ERROR_CODE },
	{     END }, { END }, { END } };

const struct kapi api_delete_records = {
	.key = KEY_DELETE_RECORDS, .name = "DeleteRecords", .versions = "0-2", .flexible = "2+",
	.request = request, .response = response,
	.route = TO_LEADER, .merge = MERGE_PARTITIONS,
	.answer = ANSWER_WATCH, .lost = LOST_NOT_LEADER, .says_time = true,
	.is_administrative = true };

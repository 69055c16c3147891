/* AlterShareGroupOffsets (91, KIP-932): where a share group is to begin to read. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ STRING, "group_id", "0+", .is = GROUP_ID },
	{ ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "topic_name", "0+", .is = TOPIC_NAME },
	{   ARRAY, "partitions", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT32, "partition_index", "0+", .is = PARTITION },
	{     INT64, "start_offset", "0+" },
	{     END }, { END }, { END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE, .stub = -1 },
	{ ARRAY, "responses", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "topic_name", "0+", .is = TOPIC_NAME },
	{   UUID, "topic_id", "0+", .is = TOPIC_ID },
	{   ARRAY, "partitions", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT32, "partition_index", "0+", .is = PARTITION },
	{     INT16, "error_code", "0+", .is = ERROR_CODE },
	{     STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE, .stub = -1 },
	{     END }, { END }, { END } };

const struct kapi api_alter_share_group_offsets = {
	.key = KEY_ALTER_SHARE_GROUP_OFFSETS, .name = "AlterShareGroupOffsets", .versions = "0", .flexible = "0+",
	.request = request, .response = response,
	.route = TO_GROUP, .answer = ANSWER_WATCH, .lost = LOST_COORDINATOR,
	.is_administrative = true };

/* OffsetCommit (8): a group's offsets, kept by its coordinator. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ STRING, "group_id", "0+", .is = GROUP_ID },
	{ INT32, "generation_id_or_member_epoch", "1+", .stub = -1 },
	{ STRING, "member_id", "1+" },
	{ STRING, "group_instance_id", "7+", .nullable = "7+", .stub = -1 },
	{ INT64, "retention_time_ms", "2-4", .stub = -1 },
	{ ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "0-9", .is = TOPIC_NAME },
	{   UUID, "topic_id", "10+", .is = TOPIC_ID },
	{   ARRAY, "partitions", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT32, "partition_index", "0+", .is = PARTITION },
	{     INT64, "committed_offset", "0+" },
	{     INT32, "committed_leader_epoch", "6+", .stub = -1 },
	{     INT64, "commit_timestamp", "1", .stub = -1 },
	{     STRING, "committed_metadata", "0+", .nullable = "0+" },
	{     END }, { END }, { END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "3+", .is = THROTTLE_MS },
	{ ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "0-9", .is = TOPIC_NAME },
	{   UUID, "topic_id", "10+", .is = TOPIC_ID },
	{   ARRAY, "partitions", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT32, "partition_index", "0+", .is = PARTITION },
	{     INT16, "error_code", "0+", .is = ERROR_CODE },
	{     END }, { END }, { END } };

const struct kapi api_offset_commit = {
	.key = KEY_OFFSET_COMMIT, .name = "OffsetCommit", .versions = "0-10", .flexible = "8+",
	.request = request, .response = response,
	.route = TO_GROUP, .answer = ANSWER_WATCH, .lost = LOST_COORDINATOR };

/* OffsetForLeaderEpoch (23): where leader epochs ended, asked of each partition's leader. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ INT32, "replica_id", "3+", .stub = -2 },
	{ ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "topic", "0+", .is = TOPIC_NAME },
	{   ARRAY, "partitions", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT32, "partition", "0+", .is = PARTITION },
	{     INT32, "current_leader_epoch", "2+", .is = LEADER_EPOCH, .stub = -1 },
	{     INT32, "leader_epoch", "0+" },
	{     END }, { END }, { END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "2+", .is = THROTTLE_MS },
	{ ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "topic", "0+", .is = TOPIC_NAME },
	{   ARRAY, "partitions", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT16, "error_code", "0+", .is = ERROR_CODE },
	{     INT32, "partition", "0+", .is = PARTITION },
	{     INT32, "leader_epoch", "1+", .stub = -1 },
	{     INT64, "end_offset", "0+", .stub = -1 },
	{     END }, { END }, { END } };

const struct kapi api_offset_for_leader_epoch = {
	.key = KEY_OFFSET_FOR_LEADER_EPOCH, .name = "OffsetForLeaderEpoch", .versions = "0-4", .flexible = "4+",
	.request = request, .response = response,
	.route = TO_LEADER, .merge = MERGE_PARTITIONS,
	.answer = ANSWER_WATCH, .lost = LOST_NOT_LEADER };

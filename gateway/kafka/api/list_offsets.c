/* ListOffsets (2): offsets by timestamp, asked of each partition's leader. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ INT32, "replica_id", "0+", .stub = -1 },
	{ INT8, "isolation_level", "2+" },
	{ ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "0+", .is = TOPIC_NAME },
	{   ARRAY, "partitions", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT32, "partition_index", "0+", .is = PARTITION },
	{     INT32, "current_leader_epoch", "4+", .is = LEADER_EPOCH, .stub = -1 },
	{     INT64, "timestamp", "0+", .is = TIMESTAMP },
	{     INT32, "max_num_offsets", "0" },
	{   END }, { END },
	{ INT32, "timeout_ms", "10+", .is = TIMEOUT_MS },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "2+", .is = THROTTLE_MS },
	{ ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "0+", .is = TOPIC_NAME },
	{   ARRAY, "partitions", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT32, "partition_index", "0+", .is = PARTITION },
	{     INT16, "error_code", "0+", .is = ERROR_CODE },
	{     ARRAY, "old_style_offsets", "0", .of = INT64 },
	{     INT64, "timestamp", "1+", .stub = -1 },
	{     INT64, "offset", "1+", .is = OFFSET, .stub = -1 },
	{     INT32, "leader_epoch", "4+", .stub = -1 },
	{   END }, { END },
	{ END } };

const struct kapi api_list_offsets = {
	.key = KEY_LIST_OFFSETS, .name = "ListOffsets", .versions = "0-11", .flexible = "6+",
	.request = request, .response = response,
	.route = TO_LEADER, .merge = MERGE_PARTITIONS,
	.answer = ANSWER_WATCH, .lost = LOST_NOT_LEADER, .says_time = true };

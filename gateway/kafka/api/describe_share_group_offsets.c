/* DescribeShareGroupOffsets (90, KIP-932): where share groups begin to read, each at its
 * coordinator. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "groups", "0+", .of = STRUCT, .is = KEYS },
	{   STRING, "group_id", "0+", .is = GROUP_ID },
	{   ARRAY, "topics", "0+", .of = STRUCT, .nullable = "0+" },
	{     STRING, "topic_name", "0+" },
	{     ARRAY, "partitions", "0+", .of = INT32 },
	{     END }, { END }, { END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ ARRAY, "groups", "0+", .of = STRUCT, .is = KEYS },
	{   STRING, "group_id", "0+", .is = GROUP_ID },
	{   ARRAY, "topics", "0+", .of = STRUCT },
	{     STRING, "topic_name", "0+" },
	{     UUID, "topic_id", "0+" },
	{     ARRAY, "partitions", "0+", .of = STRUCT },
	{       INT32, "partition_index", "0+" },
	{       INT64, "start_offset", "0+" },
	{       INT32, "leader_epoch", "0+" },
	{       INT64, "lag", "1+", .stub = -1 },
	{       INT16, "error_code", "0+", .is = ERROR_CODE },
	{       STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE, .stub = -1 },
	{       END }, { END },
	{   INT16, "error_code", "0+", .is = ERROR_CODE },
	{   STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE, .stub = -1 },
	{   END }, { END } };

const struct kapi api_describe_share_group_offsets = {
	.key = KEY_DESCRIBE_SHARE_GROUP_OFFSETS, .name = "DescribeShareGroupOffsets", .versions = "0-1", .flexible = "0+",
	.request = request, .response = response,
	.route = TO_GROUP, .merge = MERGE_KEYS,
	.answer = ANSWER_WATCH, .lost = LOST_COORDINATOR, .wants_sure = true };

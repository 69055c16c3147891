/* OffsetFetch (9): groups' offsets; one group up to version 7, several from 8 on. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ STRING, "group_id", "0-7", .is = GROUP_ID },
	{ ARRAY, "topics", "0-7", .of = STRUCT, .nullable = "2-7", .is = TOPICS },
	{   STRING, "name", "0-7", .is = TOPIC_NAME },
	{   ARRAY, "partition_indexes", "0-7", .of = INT32, .is = PARTITIONS, .each = PARTITION },
	{   END },
	{ ARRAY, "groups", "8+", .of = STRUCT, .is = KEYS },
	{   STRING, "group_id", "8+", .is = GROUP_ID },
	{   STRING, "member_id", "9+", .nullable = "9+", .stub = -1 },
	{   INT32, "member_epoch", "9+", .stub = -1 },
	{   ARRAY, "topics", "8+", .of = STRUCT, .nullable = "8+" },
	{     STRING, "name", "8-9" },
	{     UUID, "topic_id", "10+" },
	{     ARRAY, "partition_indexes", "8+", .of = INT32 },
	{     END }, { END },
	{ BOOL, "require_stable", "7+" },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "3+", .is = THROTTLE_MS },
	{ ARRAY, "topics", "0-7", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "0-7", .is = TOPIC_NAME },
	{   ARRAY, "partitions", "0-7", .of = STRUCT, .is = PARTITIONS },
	{     INT32, "partition_index", "0-7", .is = PARTITION },
	{     INT64, "committed_offset", "0-7", .stub = -1 },
	{     INT32, "committed_leader_epoch", "5-7", .stub = -1 },
	{     STRING, "metadata", "0-7", .nullable = "0-7" },
	{     INT16, "error_code", "0-7", .is = ERROR_CODE },
	{     END }, { END },
	{ INT16, "error_code", "2-7", .is = ERROR_CODE },
	{ ARRAY, "groups", "8+", .of = STRUCT, .is = KEYS },
	{   STRING, "group_id", "8+", .is = GROUP_ID },
	{   ARRAY, "topics", "8+", .of = STRUCT },
	{     STRING, "name", "8-9" },
	{     UUID, "topic_id", "10+" },
	{     ARRAY, "partitions", "8+", .of = STRUCT },
	{       INT32, "partition_index", "8+" },
	{       INT64, "committed_offset", "8+", .stub = -1 },
	{       INT32, "committed_leader_epoch", "8+", .stub = -1 },
	{       STRING, "metadata", "8+", .nullable = "8+" },
	{       INT16, "error_code", "8+", .is = ERROR_CODE },
	{       END }, { END },
	{   INT16, "error_code", "8+", .is = ERROR_CODE },
	{   END }, { END } };

const struct kapi api_offset_fetch = {
	.key = KEY_OFFSET_FETCH, .name = "OffsetFetch", .versions = "0-10", .flexible = "6+",
	.request = request, .response = response,
	.route = TO_GROUP, .merge = MERGE_KEYS,
	.answer = ANSWER_WATCH, .lost = LOST_COORDINATOR, .wants_sure = true };

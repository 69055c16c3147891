/* ShareGroupDescribe (77, KIP-932): share groups, each at its coordinator. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "group_ids", "0+", .of = STRING, .is = KEYS, .each = GROUP_ID },
	{ BOOL, "include_authorized_operations", "0+" },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ ARRAY, "groups", "0+", .of = STRUCT, .is = KEYS },
	{   INT16, "error_code", "0+", .is = ERROR_CODE },
	{   STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE, .stub = -1 },
	{   STRING, "group_id", "0+", .is = GROUP_ID },
	{   STRING, "group_state", "0+" },
	{   INT32, "group_epoch", "0+" },
	{   INT32, "assignment_epoch", "0+" },
	{   STRING, "assignor_name", "0+" },
	{   ARRAY, "members", "0+", .of = STRUCT },
	{     STRING, "member_id", "0+" },
	{     STRING, "rack_id", "0+", .nullable = "0+", .stub = -1 },
	{     INT32, "member_epoch", "0+" },
	{     STRING, "client_id", "0+" },
	{     STRING, "client_host", "0+" },
	{     ARRAY, "subscribed_topic_names", "0+", .of = STRING },
	{     STRUCT, "assignment", "0+" },
	{       ARRAY, "topic_partitions", "0+", .of = STRUCT },
	{         UUID, "topic_id", "0+" },
	{         STRING, "topic_name", "0+" },
	{         ARRAY, "partitions", "0+", .of = INT32 },
	{         END }, { END }, { END },
	{   INT32, "authorized_operations", "0+", .stub = INT32_MIN },
	{   END }, { END } };

const struct kapi api_share_group_describe = {
	.key = KEY_SHARE_GROUP_DESCRIBE, .name = "ShareGroupDescribe", .versions = "1", .flexible = "0+",
	.request = request, .response = response,
	.route = TO_GROUP, .merge = MERGE_KEYS,
	.answer = ANSWER_WATCH, .lost = LOST_COORDINATOR };

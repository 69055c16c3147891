/* ShareGroupHeartbeat (76, KIP-932): a member of a share group lives. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ STRING, "group_id", "0+", .is = GROUP_ID },
	{ STRING, "member_id", "0+" },
	{ INT32, "member_epoch", "0+" },
	{ STRING, "rack_id", "0+", .nullable = "0+", .stub = -1 },
	{ ARRAY, "subscribed_topic_names", "0+", .of = STRING, .nullable = "0+", .stub = -1 },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE, .stub = -1 },
	{ STRING, "member_id", "0+", .nullable = "0+", .stub = -1 },
	{ INT32, "member_epoch", "0+" },
	{ INT32, "heartbeat_interval_ms", "0+" },
	{ STRUCT, "assignment", "0+", .nullable = "0+", .stub = -1 },
	{   ARRAY, "topic_partitions", "0+", .of = STRUCT },
	{     UUID, "topic_id", "0+" },
	{     ARRAY, "partitions", "0+", .of = INT32 },
	{     END }, { END }, { END } };

const struct kapi api_share_group_heartbeat = {
	.key = KEY_SHARE_GROUP_HEARTBEAT, .name = "ShareGroupHeartbeat", .versions = "1", .flexible = "0+",
	.request = request, .response = response,
	.route = TO_GROUP, .answer = ANSWER_WATCH, .lost = LOST_COORDINATOR };

/* Heartbeat (12): a member of a group lives. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ STRING, "group_id", "0+", .is = GROUP_ID },
	{ INT32, "generation_id", "0+", .is = GENERATION_ID },
	{ STRING, "member_id", "0+", .is = MEMBER_ID },
	{ STRING, "group_instance_id", "3+", .nullable = "3+", .is = INSTANCE_ID, .stub = -1 },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "1+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ END } };

const struct kapi api_heartbeat = {
	.key = KEY_HEARTBEAT, .name = "Heartbeat", .versions = "0-4", .flexible = "4+",
	.request = request, .response = response,
	.route = TO_GROUP, .answer = ANSWER_WATCH, .lost = LOST_COORDINATOR };

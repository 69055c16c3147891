/* SyncGroup (14): a member's assignment; silent until the leader has sent it. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ STRING, "group_id", "0+", .is = GROUP_ID },
	{ INT32, "generation_id", "0+", .is = GENERATION_ID },
	{ STRING, "member_id", "0+", .is = MEMBER_ID },
	{ STRING, "group_instance_id", "3+", .nullable = "3+", .is = INSTANCE_ID, .stub = -1 },
	{ STRING, "protocol_type", "5+", .nullable = "5+", .is = PROTOCOL_TYPE, .stub = -1 },
	{ STRING, "protocol_name", "5+", .nullable = "5+", .is = PROTOCOL_NAME, .stub = -1 },
	{ ARRAY, "assignments", "0+", .of = STRUCT, .is = GROUP_MEMBERS },
	{   STRING, "member_id", "0+", .is = MEMBER_ID },
	{   BYTES, "assignment", "0+", .is = MEMBER_DATA },
	{   END }, { END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "1+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ STRING, "protocol_type", "5+", .nullable = "5+", .stub = -1 },
	{ STRING, "protocol_name", "5+", .nullable = "5+", .stub = -1 },
	{ BYTES, "assignment", "0+", .is = MEMBER_DATA },
	{ END } };

const struct kapi api_sync_group = {
	.key = KEY_SYNC_GROUP, .name = "SyncGroup", .versions = "0-5", .flexible = "4+",
	.request = request, .response = response,
	.route = TO_GROUP, .answer = ANSWER_WATCH, .lost = LOST_COORDINATOR,
	.waits = WAITS_FOR_GROUP };

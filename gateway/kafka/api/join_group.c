/* JoinGroup (11): enters a group; silent until the other members have joined. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ STRING, "group_id", "0+", .is = GROUP_ID },
	{ INT32, "session_timeout_ms", "0", .is = TIMEOUT_MS }, /* and the time to rejoin */
	{ INT32, "session_timeout_ms", "1+", .is = SESSION_TIMEOUT_MS },
	{ INT32, "rebalance_timeout_ms", "1+", .is = TIMEOUT_MS, .stub = -1 },
	{ STRING, "member_id", "0+", .is = MEMBER_ID },
	{ STRING, "group_instance_id", "5+", .nullable = "5+", .is = INSTANCE_ID, .stub = -1 },
	{ STRING, "protocol_type", "0+", .is = PROTOCOL_TYPE },
	{ ARRAY, "protocols", "0+", .of = STRUCT, .is = PROTOCOLS },
	{   STRING, "name", "0+", .is = PROTOCOL_NAME },
	{   BYTES, "metadata", "0+", .is = MEMBER_DATA },
	{   END },
	{ STRING, "reason", "8+", .nullable = "8+", .stub = -1 },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "2+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ INT32, "generation_id", "0+", .is = GENERATION_ID, .stub = -1 },
	{ STRING, "protocol_type", "7+", .nullable = "7+", .stub = -1 },
	{ STRING, "protocol_name", "0+", .nullable = "7+", .stub = -1 },
	{ STRING, "leader", "0+", .is = GROUP_LEADER },
	{ BOOL, "skip_assignment", "9+" },
	{ STRING, "member_id", "0+", .is = MEMBER_ID },
	{ ARRAY, "members", "0+", .of = STRUCT, .is = GROUP_MEMBERS },
	{   STRING, "member_id", "0+", .is = MEMBER_ID },
	{   STRING, "group_instance_id", "5+", .nullable = "5+", .stub = -1 },
	{   BYTES, "metadata", "0+", .is = MEMBER_DATA },
	{   END }, { END } };

const struct kapi api_join_group = {
	.key = KEY_JOIN_GROUP, .name = "JoinGroup", .versions = "0-9", .flexible = "6+",
	.request = request, .response = response,
	.route = TO_GROUP, .answer = ANSWER_WATCH, .lost = LOST_COORDINATOR,
	.waits = WAITS_FOR_GROUP, .says_time = true };

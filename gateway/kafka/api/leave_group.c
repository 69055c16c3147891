/* LeaveGroup (13): members leave their group. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ STRING, "group_id", "0+", .is = GROUP_ID },
	{ STRING, "member_id", "0-2", .is = MEMBER_ID },
	{ ARRAY, "members", "3+", .of = STRUCT, .is = GROUP_MEMBERS },
	{   STRING, "member_id", "3+", .is = MEMBER_ID },
	{   STRING, "group_instance_id", "3+", .nullable = "3+", .is = INSTANCE_ID, .stub = -1 },
	{   STRING, "reason", "5+", .nullable = "5+", .stub = -1 },
	{   END }, { END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "1+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ ARRAY, "members", "3+", .of = STRUCT },
	{   STRING, "member_id", "3+" },
	{   STRING, "group_instance_id", "3+", .nullable = "3+" },
	{   INT16, "error_code", "3+", .is = ERROR_CODE },
	{   END }, { END } };

const struct kapi api_leave_group = {
	.key = KEY_LEAVE_GROUP, .name = "LeaveGroup", .versions = "0-5", .flexible = "4+",
	.request = request, .response = response,
	.route = TO_GROUP, .answer = ANSWER_WATCH, .lost = LOST_COORDINATOR };

/* DescribeGroups (15): classic groups, each at its coordinator. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "groups", "0+", .of = STRING, .is = KEYS, .each = GROUP_ID },
	{ BOOL, "include_authorized_operations", "3+" },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "1+", .is = THROTTLE_MS },
	{ ARRAY, "groups", "0+", .of = STRUCT, .is = KEYS },
	{   INT16, "error_code", "0+", .is = ERROR_CODE },
	{   STRING, "error_message", "6+", .nullable = "6+", .is = ERROR_MESSAGE, .stub = -1 },
	{   STRING, "group_id", "0+", .is = GROUP_ID },
	{   STRING, "group_state", "0+" },
	{   STRING, "protocol_type", "0+" },
	{   STRING, "protocol_data", "0+" },
	{   ARRAY, "members", "0+", .of = STRUCT },
	{     STRING, "member_id", "0+" },
	{     STRING, "group_instance_id", "4+", .nullable = "4+", .stub = -1 },
	{     STRING, "client_id", "0+" },
	{     STRING, "client_host", "0+" },
	{     BYTES, "member_metadata", "0+" },
	{     BYTES, "member_assignment", "0+" },
	{     END },
	{   INT32, "authorized_operations", "3+", .stub = INT32_MIN },
	{   END }, { END } };

const struct kapi api_describe_groups = {
	.key = KEY_DESCRIBE_GROUPS, .name = "DescribeGroups", .versions = "0-6", .flexible = "5+",
	.request = request, .response = response,
	.route = TO_GROUP, .merge = MERGE_KEYS,
	.answer = ANSWER_WATCH, .lost = LOST_COORDINATOR };

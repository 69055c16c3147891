/* DeleteGroups (42): deletes groups, each at its coordinator. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "groups_names", "0+", .of = STRING, .is = KEYS, .each = GROUP_ID },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ ARRAY, "results", "0+", .of = STRUCT, .is = KEYS },
	{   STRING, "group_id", "0+", .is = GROUP_ID },
	{   INT16, "error_code", "0+", .is = ERROR_CODE },
	{   STRING, "error_message", "3+", .nullable = "3+", .is = ERROR_MESSAGE, .stub = -1 },
	{   END }, { END } };

const struct kapi api_delete_groups = {
	.key = KEY_DELETE_GROUPS, .name = "DeleteGroups", .versions = "0-3", .flexible = "2+",
	.request = request, .response = response,
	.route = TO_GROUP, .merge = MERGE_KEYS,
	.answer = ANSWER_WATCH, .lost = LOST_COORDINATOR,
	.is_administrative = true };

/* ListGroups (16): the groups of the broker that is dialled, else of every broker together. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "states_filter", "4+", .of = STRING },
	{ ARRAY, "types_filter", "5+", .of = STRING },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "1+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ ARRAY, "groups", "0+", .of = STRUCT, .is = KEYS },
	{   STRING, "group_id", "0+", .is = GROUP_ID },
	{   STRING, "protocol_type", "0+" },
	{   STRING, "group_state", "4+" },
	{   STRING, "group_type", "5+" },
	{   END }, { END } };

const struct kapi api_list_groups = {
	.key = KEY_LIST_GROUPS, .name = "ListGroups", .versions = "0-5", .flexible = "3+",
	.request = request, .response = response,
	.route = TO_ALL, .merge = MERGE_CONCAT, .lost = LOST_LOADING, .by_dialled = true };

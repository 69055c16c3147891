/* ListConfigResources (74): any broker has them all. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "resource_types", "1+", .of = INT8 },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ ARRAY, "config_resources", "0+", .of = STRUCT },
	{   STRING, "resource_name", "0+" },
	{   INT8, "resource_type", "1+", .stub = 16 },
	{   END }, { END } };

const struct kapi api_list_config_resources = {
	.key = KEY_LIST_CONFIG_RESOURCES, .name = "ListConfigResources", .versions = "0-1", .flexible = "0+",
	.request = request, .response = response,
	.route = TO_ANY, .answer = ANSWER_WATCH, .lost = LOST_CLOSE };

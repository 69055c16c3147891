/* IncrementalAlterConfigs (44): changes configuration. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "resources", "0+", .of = STRUCT, .is = KEYS },
	{   INT8, "resource_type", "0+", .is = RESOURCE_TYPE },
	{   STRING, "resource_name", "0+", .is = RESOURCE_NAME },
	{   ARRAY, "configs", "0+", .of = STRUCT },
	{     STRING, "name", "0+" },
	{     INT8, "config_operation", "0+" },
	{     STRING, "value", "0+", .nullable = "0+" },
	{     END }, { END },
	{ BOOL, "validate_only", "0+", .is = VALIDATE_ONLY },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ ARRAY, "responses", "0+", .of = STRUCT, .is = KEYS },
	{   INT16, "error_code", "0+", .is = ERROR_CODE },
	{   STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE, .stub = -1 },
	{   INT8, "resource_type", "0+", .is = RESOURCE_TYPE },
	{   STRING, "resource_name", "0+", .is = RESOURCE_NAME },
	{   END }, { END } };

const struct kapi api_incremental_alter_configs = {
	.key = KEY_INCREMENTAL_ALTER_CONFIGS, .name = "IncrementalAlterConfigs", .versions = "0-1", .flexible = "1+",
	.request = request, .response = response,
	.route = TO_RESOURCE, .merge = MERGE_KEYS,
	.answer = ANSWER_WATCH, .lost = LOST_CLOSE, .by_dialled = true,
	.is_administrative = true };

/* DescribeConfigs (32): configuration of topics, brokers and more. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "resources", "0+", .of = STRUCT, .is = KEYS },
	{   INT8, "resource_type", "0+", .is = RESOURCE_TYPE },
	{   STRING, "resource_name", "0+", .is = RESOURCE_NAME },
	{   ARRAY, "configuration_keys", "0+", .of = STRING, .nullable = "0+" },
	{   END },
	{ BOOL, "include_synonyms", "1+" },
	{ BOOL, "include_documentation", "3+" },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ ARRAY, "results", "0+", .of = STRUCT, .is = KEYS },
	{   INT16, "error_code", "0+", .is = ERROR_CODE },
	{   STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE, .stub = -1 },
	{   INT8, "resource_type", "0+", .is = RESOURCE_TYPE },
	{   STRING, "resource_name", "0+", .is = RESOURCE_NAME },
	{   ARRAY, "configs", "0+", .of = STRUCT },
	{     STRING, "name", "0+", .is = CONFIG_NAME },
	{     STRING, "value", "0+", .nullable = "0+", .is = CONFIG_VALUE },
	{     BOOL, "read_only", "0+" },
	{     BOOL, "is_default", "0" },
	{     INT8, "config_source", "1+", .stub = -1 },
	{     BOOL, "is_sensitive", "0+" },
	{     ARRAY, "synonyms", "1+", .of = STRUCT },
	{       STRING, "name", "1+", .is = CONFIG_NAME },
	{       STRING, "value", "1+", .nullable = "1+", .is = CONFIG_VALUE },
	{       INT8, "source", "1+" },
	{       END },
	{     INT8, "config_type", "3+" },
	{     STRING, "documentation", "3+", .nullable = "3+" },
	{     END }, { END }, { END } };

const struct kapi api_describe_configs = {
	.key = KEY_DESCRIBE_CONFIGS, .name = "DescribeConfigs", .versions = "0-4", .flexible = "4+",
	.request = request, .response = response,
	.route = TO_RESOURCE, .merge = MERGE_KEYS,
	.answer = ANSWER_WATCH, .lost = LOST_CLOSE, .by_dialled = true };

/* DescribeClientQuotas (48): any broker has them all. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "components", "0+", .of = STRUCT },
	{   STRING, "entity_type", "0+" },
	{   INT8, "match_type", "0+" },
	{   STRING, "match", "0+", .nullable = "0+" },
	{   END },
	{ BOOL, "strict", "0+" },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE },
	{ ARRAY, "entries", "0+", .of = STRUCT, .nullable = "0+" },
	{   ARRAY, "entity", "0+", .of = STRUCT },
	{     STRING, "entity_type", "0+" },
	{     STRING, "entity_name", "0+", .nullable = "0+" },
	{     END },
	{   ARRAY, "values", "0+", .of = STRUCT },
	{     STRING, "key", "0+" },
	{     FLOAT64, "value", "0+" },
	{     END }, { END }, { END } };

const struct kapi api_describe_client_quotas = {
	.key = KEY_DESCRIBE_CLIENT_QUOTAS, .name = "DescribeClientQuotas", .versions = "0-1", .flexible = "1+",
	.request = request, .response = response,
	.route = TO_ANY, .answer = ANSWER_WATCH, .lost = LOST_CLOSE };

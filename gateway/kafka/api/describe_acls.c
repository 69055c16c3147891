/* DescribeAcls (29): any broker has them all. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ INT8, "resource_type_filter", "0+" },
	{ STRING, "resource_name_filter", "0+", .nullable = "0+" },
	{ INT8, "pattern_type_filter", "1+", .stub = 3 },
	{ STRING, "principal_filter", "0+", .nullable = "0+" },
	{ STRING, "host_filter", "0+", .nullable = "0+" },
	{ INT8, "operation", "0+" },
	{ INT8, "permission_type", "0+" },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE },
	{ ARRAY, "resources", "0+", .of = STRUCT },
	{   INT8, "resource_type", "0+" },
	{   STRING, "resource_name", "0+" },
	{   INT8, "pattern_type", "1+", .stub = 3 },
	{   ARRAY, "acls", "0+", .of = STRUCT },
	{     STRING, "principal", "0+" },
	{     STRING, "host", "0+" },
	{     INT8, "operation", "0+" },
	{     INT8, "permission_type", "0+" },
	{     END }, { END }, { END } };

const struct kapi api_describe_acls = {
	.key = KEY_DESCRIBE_ACLS, .name = "DescribeAcls", .versions = "0-3", .flexible = "2+",
	.request = request, .response = response,
	.route = TO_ANY, .answer = ANSWER_WATCH, .lost = LOST_CLOSE };

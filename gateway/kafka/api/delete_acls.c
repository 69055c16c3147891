/* DeleteAcls (31): any broker forwards it to the controller. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "filters", "0+", .of = STRUCT },
	{   INT8, "resource_type_filter", "0+" },
	{   STRING, "resource_name_filter", "0+", .nullable = "0+", .is = NAMED },
	{   INT8, "pattern_type_filter", "1+", .stub = 3 },
	{   STRING, "principal_filter", "0+", .nullable = "0+", .is = NAMED },
	{   STRING, "host_filter", "0+", .nullable = "0+" },
	{   INT8, "operation", "0+" },
	{   INT8, "permission_type", "0+" },
	{   END }, { END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ ARRAY, "filter_results", "0+", .of = STRUCT },
	{   INT16, "error_code", "0+", .is = ERROR_CODE },
	{   STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE },
	{   ARRAY, "matching_acls", "0+", .of = STRUCT },
	{     INT16, "error_code", "0+", .is = ERROR_CODE },
	{     STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE },
	{     INT8, "resource_type", "0+" },
	{     STRING, "resource_name", "0+" },
	{     INT8, "pattern_type", "1+", .stub = 3 },
	{     STRING, "principal", "0+" },
	{     STRING, "host", "0+" },
	{     INT8, "operation", "0+" },
	{     INT8, "permission_type", "0+" },
	{     END }, { END }, { END } };

const struct kapi api_delete_acls = {
	.key = KEY_DELETE_ACLS, .name = "DeleteAcls", .versions = "0-3", .flexible = "2+",
	.request = request, .response = response,
	.route = TO_CONTROLLER, .answer = ANSWER_WATCH, .lost = LOST_CLOSE,
	.is_administrative = true };

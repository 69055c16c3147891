/* CreateAcls (30): any broker forwards it to the controller. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "creations", "0+", .of = STRUCT },
	{   INT8, "resource_type", "0+" },
	{   STRING, "resource_name", "0+", .is = NAMED },
	{   INT8, "resource_pattern_type", "1+", .stub = 3 },
	{   STRING, "principal", "0+", .is = NAMED },
	{   STRING, "host", "0+" },
	{   INT8, "operation", "0+" },
	{   INT8, "permission_type", "0+" },
	{   END }, { END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ ARRAY, "results", "0+", .of = STRUCT },
	{   INT16, "error_code", "0+", .is = ERROR_CODE },
	{   STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE },
	{   END }, { END } };

const struct kapi api_create_acls = {
	.key = KEY_CREATE_ACLS, .name = "CreateAcls", .versions = "0-3", .flexible = "2+",
	.request = request, .response = response,
	.route = TO_CONTROLLER, .answer = ANSWER_WATCH, .lost = LOST_CLOSE,
	.is_administrative = true };

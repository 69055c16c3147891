/* DescribeUserScramCredentials (50): any broker has them all. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "users", "0+", .of = STRUCT, .nullable = "0+" },
	{   STRING, "name", "0+" },
	{   END }, { END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE },
	{ ARRAY, "results", "0+", .of = STRUCT },
	{   STRING, "user", "0+" },
	{   INT16, "error_code", "0+", .is = ERROR_CODE },
	{   STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE },
	{   ARRAY, "credential_infos", "0+", .of = STRUCT },
	{     INT8, "mechanism", "0+" },
	{     INT32, "iterations", "0+" },
	{     END }, { END }, { END } };

const struct kapi api_describe_user_scram_credentials = {
	.key = KEY_DESCRIBE_USER_SCRAM_CREDENTIALS, .name = "DescribeUserScramCredentials", .versions = "0", .flexible = "0+",
	.request = request, .response = response,
	.route = TO_ANY, .answer = ANSWER_WATCH, .lost = LOST_CLOSE };

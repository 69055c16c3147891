/* AlterUserScramCredentials (51): any broker forwards it to the controller. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "deletions", "0+", .of = STRUCT, .is = SCRAM_REMOVALS },
	{   STRING, "name", "0+", .is = SCRAM_USER },
	{   INT8, "mechanism", "0+", .is = SCRAM_MECHANISM },
	{   END },
	{ ARRAY, "upsertions", "0+", .of = STRUCT, .is = SCRAM_CHANGES },
	{   STRING, "name", "0+", .is = SCRAM_USER },
	{   INT8, "mechanism", "0+", .is = SCRAM_MECHANISM },
	{   INT32, "iterations", "0+", .is = SCRAM_ITERATIONS },
	{   BYTES, "salt", "0+", .is = SCRAM_SALT },
	{   BYTES, "salted_password", "0+", .is = SCRAM_SALTED_PASSWORD },
	{   END }, { END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ ARRAY, "results", "0+", .of = STRUCT },
	{   STRING, "user", "0+" },
	{   INT16, "error_code", "0+", .is = ERROR_CODE },
	{   STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE },
	{   END }, { END } };

const struct kapi api_alter_user_scram_credentials = {
	.key = KEY_ALTER_USER_SCRAM_CREDENTIALS, .name = "AlterUserScramCredentials", .versions = "0", .flexible = "0+",
	.request = request, .response = response,
	.route = TO_CONTROLLER, .answer = ANSWER_WATCH, .lost = LOST_CLOSE,
	.is_administrative = true };

/* UpdateFeatures (57): carried out by the controller, to which any broker forwards it. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ INT32, "timeout_ms", "0+", .is = TIMEOUT_MS, .stub = 60000 },
	{ ARRAY, "feature_updates", "0+", .of = STRUCT },
	{   STRING, "feature", "0+", .is = NAMED },
	{   INT16, "max_version_level", "0+" },
	{   BOOL, "allow_downgrade", "0" },
	{   INT8, "upgrade_type", "1+", .stub = 1 },
	{   END },
	{ BOOL, "validate_only", "1+", .is = VALIDATE_ONLY },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE },
	{ ARRAY, "results", "0-1", .of = STRUCT },
	{   STRING, "feature", "0+" },
	{   INT16, "error_code", "0+", .is = ERROR_CODE },
	{   STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE },
	{   END },
	{ END } };

const struct kapi api_update_features = {
	.key = KEY_UPDATE_FEATURES, .name = "UpdateFeatures", .versions = "0-2", .flexible = "0+",
	.request = request, .response = response,
	.route = TO_CONTROLLER, .answer = ANSWER_WATCH, .lost = LOST_CLOSE, .says_time = true, .by_dialled = true,
	.is_administrative = true };

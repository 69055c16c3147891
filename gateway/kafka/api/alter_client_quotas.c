/* AlterClientQuotas (49): any broker forwards it to the controller. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "entries", "0+", .of = STRUCT },
	{   ARRAY, "entity", "0+", .of = STRUCT },
	{     STRING, "entity_type", "0+" },
	{     STRING, "entity_name", "0+", .nullable = "0+", .is = NAMED },
	{     END },
	{   ARRAY, "ops", "0+", .of = STRUCT },
	{     STRING, "key", "0+" },
	{     FLOAT64, "value", "0+" },
	{     BOOL, "remove", "0+" },
	{     END }, { END },
	{ BOOL, "validate_only", "0+", .is = VALIDATE_ONLY },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ ARRAY, "entries", "0+", .of = STRUCT },
	{   INT16, "error_code", "0+", .is = ERROR_CODE },
	{   STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE },
	{   ARRAY, "entity", "0+", .of = STRUCT },
	{     STRING, "entity_type", "0+" },
	{     STRING, "entity_name", "0+", .nullable = "0+" },
	{     END }, { END }, { END } };

const struct kapi api_alter_client_quotas = {
	.key = KEY_ALTER_CLIENT_QUOTAS, .name = "AlterClientQuotas", .versions = "0-1", .flexible = "1+",
	.request = request, .response = response,
	.route = TO_CONTROLLER, .answer = ANSWER_WATCH, .lost = LOST_CLOSE,
	.is_administrative = true };

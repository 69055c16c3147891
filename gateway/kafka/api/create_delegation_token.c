/* CreateDelegationToken (38): any broker forwards it to the controller. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ STRING, "owner_principal_type", "3+", .nullable = "3+" },
	{ STRING, "owner_principal_name", "3+", .nullable = "3+" },
	{ ARRAY, "renewers", "0+", .of = STRUCT },
	{   STRING, "principal_type", "0+" },
	{   STRING, "principal_name", "0+" },
	{   END },
	{ INT64, "max_lifetime_ms", "0+" },
	{ END } };

static const struct kfield response[] = {
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ STRING, "principal_type", "0+" },
	{ STRING, "principal_name", "0+" },
	{ STRING, "token_requester_principal_type", "3+" },
	{ STRING, "token_requester_principal_name", "3+" },
	{ INT64, "issue_timestamp_ms", "0+" },
	{ INT64, "expiry_timestamp_ms", "0+" },
	{ INT64, "max_timestamp_ms", "0+" },
	{ STRING, "token_id", "0+" },
	{ BYTES, "hmac", "0+" },
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ END } };

const struct kapi api_create_delegation_token = {
	.key = KEY_CREATE_DELEGATION_TOKEN, .name = "CreateDelegationToken", .versions = "0-3", .flexible = "2+",
	.request = request, .response = response,
	.route = TO_CONTROLLER, .answer = ANSWER_WATCH, .lost = LOST_CLOSE };

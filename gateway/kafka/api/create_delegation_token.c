/* CreateDelegationToken (38): another way to log in, for the one who asks (KIP-48, KIP-373). */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ STRING, "owner_principal_type", "3+", .nullable = "3+", .is = MADE_FOR_TYPE, .stub = -1 },
	{ STRING, "owner_principal_name", "3+", .nullable = "3+", .is = MADE_FOR_NAME, .stub = -1 },
	{ ARRAY, "renewers", "0+", .of = STRUCT, .is = TO_RENEW },
	{   STRING, "principal_type", "0+", .is = TO_RENEW_TYPE },
	{   STRING, "principal_name", "0+", .is = TO_RENEW_NAME },
	{   END },
	{ INT64, "max_lifetime_ms", "0+", .is = TOKEN_LIFETIME_MS },
	{ END } };

static const struct kfield response[] = {
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ STRING, "principal_type", "0+", .is = OWNER_TYPE },
	{ STRING, "principal_name", "0+", .is = OWNER_NAME },
	{ STRING, "token_requester_principal_type", "3+" },
	{ STRING, "token_requester_principal_name", "3+", .is = REQUESTER_NAME },
	{ INT64, "issue_timestamp_ms", "0+", .is = ISSUED_MS },
	{ INT64, "expiry_timestamp_ms", "0+", .is = EXPIRES_MS },
	{ INT64, "max_timestamp_ms", "0+", .is = MAX_EXPIRES_MS },
	{ STRING, "token_id", "0+", .is = TOKEN_ID },
	{ BYTES, "hmac", "0+", .is = TOKEN_HMAC },
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ END } };

const struct kapi api_create_delegation_token = {
	.key = KEY_CREATE_DELEGATION_TOKEN, .name = "CreateDelegationToken", .versions = "0-3", .flexible = "2+",
	.request = request, .response = response,
	.route = TO_LOGIN, .answer = ANSWER_WATCH, .lost = LOST_CLOSE,
	.is_administrative = true };

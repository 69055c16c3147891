/* DescribeDelegationToken (41): the tokens that the one who asks may see, with what one logs in by. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "owners", "0+", .of = STRUCT, .nullable = "0+", .is = OWNERS },
	{   STRING, "principal_type", "0+", .is = OWNER_TYPE },
	{   STRING, "principal_name", "0+", .is = OF_OWNER },
	{   END },
	{ END } };

static const struct kfield response[] = {
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ ARRAY, "tokens", "0+", .of = STRUCT, .is = TOKENS },
	{   STRING, "principal_type", "0+" },
	{   STRING, "principal_name", "0+", .is = OWNER_NAME },
	{   STRING, "token_requester_principal_type", "3+" },
	{   STRING, "token_requester_principal_name", "3+", .is = REQUESTER_NAME },
	{   INT64, "issue_timestamp", "0+", .is = ISSUED_MS },
	{   INT64, "expiry_timestamp", "0+", .is = EXPIRES_MS },
	{   INT64, "max_timestamp", "0+", .is = MAX_EXPIRES_MS },
	{   STRING, "token_id", "0+", .is = TOKEN_ID },
	{   BYTES, "hmac", "0+", .is = TOKEN_HMAC },
	{   ARRAY, "renewers", "0+", .of = STRUCT, .is = RENEWERS },
	{     STRING, "principal_type", "0+" },
	{     STRING, "principal_name", "0+", .is = RENEWER_NAME },
	{     END },
	{   END },
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ END } };

const struct kapi api_describe_delegation_token = {
	.key = KEY_DESCRIBE_DELEGATION_TOKEN, .name = "DescribeDelegationToken", .versions = "0-3", .flexible = "2+",
	.request = request, .response = response,
	.route = TO_LOGIN, .answer = ANSWER_WATCH, .lost = LOST_CLOSE };

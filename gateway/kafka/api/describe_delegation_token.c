/* DescribeDelegationToken (41): any broker has them all. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "owners", "0+", .of = STRUCT, .nullable = "0+" },
	{   STRING, "principal_type", "0+" },
	{   STRING, "principal_name", "0+" },
	{   END }, { END } };

static const struct kfield response[] = {
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ ARRAY, "tokens", "0+", .of = STRUCT },
	{   STRING, "principal_type", "0+" },
	{   STRING, "principal_name", "0+" },
	{   STRING, "token_requester_principal_type", "3+" },
	{   STRING, "token_requester_principal_name", "3+" },
	{   INT64, "issue_timestamp", "0+" },
	{   INT64, "expiry_timestamp", "0+" },
	{   INT64, "max_timestamp", "0+" },
	{   STRING, "token_id", "0+" },
	{   BYTES, "hmac", "0+" },
	{   ARRAY, "renewers", "0+", .of = STRUCT },
	{     STRING, "principal_type", "0+" },
	{     STRING, "principal_name", "0+" },
	{     END }, { END },
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ END } };

const struct kapi api_describe_delegation_token = {
	.key = KEY_DESCRIBE_DELEGATION_TOKEN, .name = "DescribeDelegationToken", .versions = "0-3", .flexible = "2+",
	.request = request, .response = response,
	.route = TO_ANY, .answer = ANSWER_WATCH, .lost = LOST_CLOSE };

/* RenewDelegationToken (39): any broker forwards it to the controller. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ BYTES, "hmac", "0+" },
	{ INT64, "renew_period_ms", "0+" },
	{ END } };

static const struct kfield response[] = {
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ INT64, "expiry_timestamp_ms", "0+" },
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ END } };

const struct kapi api_renew_delegation_token = {
	.key = KEY_RENEW_DELEGATION_TOKEN, .name = "RenewDelegationToken", .versions = "0-2", .flexible = "2+",
	.request = request, .response = response,
	.route = TO_LOGIN, .answer = ANSWER_WATCH, .lost = LOST_CLOSE,
	.is_administrative = true };

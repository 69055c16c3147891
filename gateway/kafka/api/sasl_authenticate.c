/* SaslAuthenticate (36): one step of a login; the bytes are the mechanism's own. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ BYTES, "auth_bytes", "0+", .is = AUTH_BYTES },
	{ END } };

static const struct kfield response[] = {
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE, .stub = -1 },
	{ BYTES, "auth_bytes", "0+", .is = AUTH_BYTES },
	{ INT64, "session_lifetime_ms", "1+", .is = SESSION_LIFETIME_MS },
	{ END } };

const struct kapi api_sasl_authenticate = {
	.key = KEY_SASL_AUTHENTICATE, .name = "SaslAuthenticate", .versions = "0-2", .flexible = "2+",
	.request = request, .response = response,
	.route = TO_ANY, .answer = ANSWER_WATCH, .lost = LOST_CLOSE };

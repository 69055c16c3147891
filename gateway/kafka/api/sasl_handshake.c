/* SaslHandshake (17): which mechanism the login is by. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ STRING, "mechanism", "0+", .is = MECHANISM },
	{ END } };

static const struct kfield response[] = {
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ ARRAY, "mechanisms", "0+", .of = STRING, .is = MECHANISMS, .each = MECHANISM },
	{ END } };

/* A broker lists it, and SaslAuthenticate, on a listener without SASL too and answers 34. */
const struct kapi api_sasl_handshake = {
	.key = KEY_SASL_HANDSHAKE, .name = "SaslHandshake", .versions = "0-1", .flexible = "none",
	.request = request, .response = response,
	.route = TO_ANY, .lost = LOST_CLOSE };

/* PushTelemetry (72, KIP-714): what a client tells of itself. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ UUID, "client_instance_id", "0+" },
	{ INT32, "subscription_id", "0+" },
	{ BOOL, "terminating", "0+" },
	{ INT8, "compression_type", "0+" },
	{ BYTES, "metrics", "0+" },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ END } };

const struct kapi api_push_telemetry = {
	.key = KEY_PUSH_TELEMETRY, .name = "PushTelemetry", .versions = "0", .flexible = "0+",
	.request = request, .response = response,
	.route = TO_ANY, .answer = ANSWER_WATCH, .lost = LOST_CLOSE, .by_dialled = true, .at_one = true };

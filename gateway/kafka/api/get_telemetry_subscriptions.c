/* GetTelemetrySubscriptions (71, KIP-714): what a client is to tell of itself. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ UUID, "client_instance_id", "0+" },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ UUID, "client_instance_id", "0+" },
	{ INT32, "subscription_id", "0+" },
	{ ARRAY, "accepted_compression_types", "0+", .of = INT8 },
	{ INT32, "push_interval_ms", "0+" },
	{ INT32, "telemetry_max_bytes", "0+" },
	{ BOOL, "delta_temporality", "0+" },
	{ ARRAY, "requested_metrics", "0+", .of = STRING },
	{ END } };

const struct kapi api_get_telemetry_subscriptions = {
	.key = KEY_GET_TELEMETRY_SUBSCRIPTIONS, .name = "GetTelemetrySubscriptions", .versions = "0", .flexible = "0+",
	.request = request, .response = response,
	.route = TO_ANY, .answer = ANSWER_WATCH, .lost = LOST_CLOSE, .by_dialled = true, .at_one = true };

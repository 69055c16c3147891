/* UnregisterController (94): any broker forwards it to the active controller; the one that it names
 * is what it is about. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ INT32, "controller_id", "0+", .is = NAMED },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE },
	{ END } };

const struct kapi api_unregister_controller = {
	.key = KEY_UNREGISTER_CONTROLLER, .name = "UnregisterController", .versions = "0", .flexible = "0+",
	.request = request, .response = response,
	.route = TO_CONTROLLER, .answer = ANSWER_WATCH, .lost = LOST_CLOSE,
	.is_administrative = true };

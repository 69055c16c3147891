/* RemoveRaftVoter (81, KIP-853): any broker forwards it to the controller. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ STRING, "cluster_id", "0+", .nullable = "0+" },
	{ INT32, "voter_id", "0+", .is = NAMED },
	{ UUID, "voter_directory_id", "0+" },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE },
	{ END } };

const struct kapi api_remove_raft_voter = {
	.key = KEY_REMOVE_RAFT_VOTER, .name = "RemoveRaftVoter", .versions = "0", .flexible = "0+",
	.request = request, .response = response,
	.route = TO_CONTROLLER, .answer = ANSWER_WATCH, .lost = LOST_CLOSE,
	.is_administrative = true };

/* AddRaftVoter (80): a controller joins the quorum; any broker forwards it. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ STRING, "cluster_id", "0+", .nullable = "0+" },
	{ INT32, "timeout_ms", "0+", .is = TIMEOUT_MS },
	{ INT32, "voter_id", "0+", .is = NAMED },
	{ UUID, "voter_directory_id", "0+" },
	{ ARRAY, "listeners", "0+", .of = STRUCT },
	{   STRING, "name", "0+" },
	{   STRING, "host", "0+" },
	{   UINT16, "port", "0+" },
	{   END },
	{ BOOL, "ack_when_committed", "1+", .stub = 1 },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE },
	{ END } };

const struct kapi api_add_raft_voter = {
	.key = KEY_ADD_RAFT_VOTER, .name = "AddRaftVoter", .versions = "0-1", .flexible = "0+",
	.request = request, .response = response,
	.route = TO_CONTROLLER, .answer = ANSWER_WATCH, .lost = LOST_CLOSE, .says_time = true,
	.is_administrative = true };

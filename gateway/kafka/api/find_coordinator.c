/* FindCoordinator (10): which broker coordinates a group or a transaction;
 * every broker knows, and its answer names addresses.
 */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ STRING, "key", "0-3", .is = COORDINATOR_KEY },
	{ INT8, "key_type", "1+", .is = COORDINATOR_TYPE },
	{ ARRAY, "coordinator_keys", "4+", .of = STRING, .is = KEYS, .each = COORDINATOR_KEY },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "1+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0-3", .is = ERROR_CODE },
	{ STRING, "error_message", "1-3", .nullable = "1-3", .is = ERROR_MESSAGE },
	{ INT32, "node_id", "0-3", .is = NODE_ID, .stub = -1 },
	{ STRING, "host", "0-3", .is = HOST },
	{ INT32, "port", "0-3", .is = PORT, .stub = -1 },
	{ ARRAY, "coordinators", "4+", .of = STRUCT, .is = KEYS },
	{   STRING, "key", "4+", .is = COORDINATOR_KEY },
	{   INT32, "node_id", "4+", .is = NODE_ID, .stub = -1 },
	{   STRING, "host", "4+", .is = HOST },
	{   INT32, "port", "4+", .is = PORT, .stub = -1 },
	{   INT16, "error_code", "4+", .is = ERROR_CODE },
	{   STRING, "error_message", "4+", .nullable = "4+", .is = ERROR_MESSAGE },
	{   END }, { END } };

const struct kapi api_find_coordinator = {
	.key = KEY_FIND_COORDINATOR, .name = "FindCoordinator", .versions = "0-6", .flexible = "3+",
	.request = request, .response = response,
	.route = TO_ANY, .answer = ANSWER_REWRITE, .lost = LOST_COORDINATOR };

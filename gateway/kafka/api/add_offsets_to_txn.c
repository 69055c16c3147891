/* AddOffsetsToTxn (25): a group whose offsets a transaction will commit. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ STRING, "transactional_id", "0+", .is = TRANSACTIONAL_ID },
	{ INT64, "producer_id", "0+" },
	{ INT16, "producer_epoch", "0+" },
	{ STRING, "group_id", "0+", .is = NAMED_GROUP },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ END } };

const struct kapi api_add_offsets_to_txn = {
	.key = KEY_ADD_OFFSETS_TO_TXN, .name = "AddOffsetsToTxn", .versions = "0-4", .flexible = "3+",
	.request = request, .response = response,
	.route = TO_TXN, .answer = ANSWER_WATCH, .lost = LOST_COORDINATOR, .binds = BINDS_TRANSACTION,
	.names_group = true };

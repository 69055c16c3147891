/* EndTxn (26): commits or aborts a transaction. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ STRING, "transactional_id", "0+", .is = TRANSACTIONAL_ID },
	{ INT64, "producer_id", "0+" },
	{ INT16, "producer_epoch", "0+" },
	{ BOOL, "committed", "0+" },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ INT64, "producer_id", "5+", .stub = -1 },
	{ INT16, "producer_epoch", "5+", .stub = -1 },
	{ END } };

const struct kapi api_end_txn = {
	.key = KEY_END_TXN, .name = "EndTxn", .versions = "0-5", .flexible = "3+",
	.request = request, .response = response,
	.route = TO_TXN, .answer = ANSWER_WATCH, .lost = LOST_COORDINATOR, .binds = ENDS_TRANSACTION };

/* InitProducerId (22): an id for a producer; a null transactional id: from any broker.
 * Version 6 has rows but is unstable: no broker offers it unasked.
 */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ STRING, "transactional_id", "0+", .nullable = "0+", .is = TRANSACTIONAL_ID },
	{ INT32, "transaction_timeout_ms", "0+" },
	{ INT64, "producer_id", "3+", .stub = -1 },
	{ INT16, "producer_epoch", "3+", .stub = -1 },
	{ BOOL, "enable_2pc", "6+" },
	{ BOOL, "keep_prepared_txn", "6+" },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ INT64, "producer_id", "0+", .stub = -1 },
	{ INT16, "producer_epoch", "0+", .stub = -1 },
	{ INT64, "ongoing_txn_producer_id", "6+", .stub = -1 },
	{ INT16, "ongoing_txn_producer_epoch", "6+", .stub = -1 },
	{ END } };

const struct kapi api_init_producer_id = {
	.key = KEY_INIT_PRODUCER_ID, .name = "InitProducerId", .versions = "0-5", .flexible = "2+",
	.request = request, .response = response,
	.route = TO_TXN, .answer = ANSWER_WATCH, .lost = LOST_COORDINATOR };

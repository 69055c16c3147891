/* DescribeTransactions (65): transactions, each at its coordinator. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "transactional_ids", "0+", .of = STRING, .is = KEYS, .each = TRANSACTIONAL_ID },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ ARRAY, "transaction_states", "0+", .of = STRUCT, .is = KEYS },
	{   INT16, "error_code", "0+", .is = ERROR_CODE },
	{   STRING, "transactional_id", "0+", .is = TRANSACTIONAL_ID },
	{   STRING, "transaction_state", "0+" },
	{   INT32, "transaction_timeout_ms", "0+" },
	{   INT64, "transaction_start_time_ms", "0+" },
	{   INT64, "producer_id", "0+" },
	{   INT16, "producer_epoch", "0+" },
	{   ARRAY, "topics", "0+", .of = STRUCT },
	{     STRING, "topic", "0+" },
	{     ARRAY, "partitions", "0+", .of = INT32 },
	{     END }, { END }, { END } };

const struct kapi api_describe_transactions = {
	.key = KEY_DESCRIBE_TRANSACTIONS, .name = "DescribeTransactions", .versions = "0", .flexible = "0+",
	.request = request, .response = response,
	.route = TO_TXN, .merge = MERGE_KEYS,
	.answer = ANSWER_WATCH, .lost = LOST_COORDINATOR };

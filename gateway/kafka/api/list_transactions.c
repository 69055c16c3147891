/* ListTransactions (66): the transactions of the broker that is dialled, else of every broker together. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "state_filters", "0+", .of = STRING },
	{ ARRAY, "producer_id_filters", "0+", .of = INT64 },
	{ INT64, "duration_filter", "1+", .stub = -1 },
	{ STRING, "transactional_id_pattern", "2+", .nullable = "2+", .stub = -1 },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ ARRAY, "unknown_state_filters", "0+", .of = STRING },
	{ ARRAY, "transaction_states", "0+", .of = STRUCT, .is = KEYS },
	{   STRING, "transactional_id", "0+", .is = TRANSACTIONAL_ID },
	{   INT64, "producer_id", "0+" },
	{   STRING, "transaction_state", "0+" },
	{   END }, { END } };

const struct kapi api_list_transactions = {
	.key = KEY_LIST_TRANSACTIONS, .name = "ListTransactions", .versions = "0-2", .flexible = "0+",
	.request = request, .response = response,
	.route = TO_ALL, .merge = MERGE_CONCAT, .lost = LOST_LOADING, .by_dialled = true };
